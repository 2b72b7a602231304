"""Masks of two radiologists, one in the place of the model: overlap by group, empty masks, equity-scaled Dice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as statsmodels
from nhefs_predictions import dataset_info
from reader_masks import TwoReaders, two_readers
from scipy import stats
from task_predictions import Case, observations, with_classes

from evaluators.fairness.tasks.task import task_of
from governance.errors import InputError


@pytest.fixture(scope="module")
def readers() -> TwoReaders:
    return two_readers()


def overlap(readers: TwoReaders) -> tuple[np.ndarray, np.ndarray]:
    """Dice and intersection over union of every nodule, by counting pixels."""
    first, second = readers.first > 0, readers.second > 0
    shared = (first & second).sum(axis=(1, 2))
    sizes = first.sum(axis=(1, 2)) + second.sum(axis=(1, 2))
    return 2 * shared / sizes, shared / (sizes - shared)


@pytest.fixture(scope="module")
def case() -> Case:
    return case_of()


def case_of() -> Case:
    """The second reader in the place of the model."""
    readers = two_readers()
    dice, iou = overlap(readers)
    table = readers.table
    frame = table[["sample_id"]].assign(cluster=table["patient_id"], contrast=table["contrast_used"])
    empty = (readers.second.sum(axis=(1, 2)) == 0).astype(float)
    observed = observations(
        frame["sample_id"].tolist(), dice=dice, iou=iou, reference_empty=0.0, prediction_empty=empty
    )
    return Case("segmentation", with_classes(dataset_info(frame, "test"), ()), observed)


@pytest.fixture(scope="module")
def measured(case: Case):
    return case.measure(["contrast"])


@pytest.mark.parametrize("group", [None, "yes", "no"])
def test_means_of_groups_are_those_of_the_pixels_with_clustered_intervals(case, readers, measured, group) -> None:
    inside = np.ones(case.info.n, bool) if group is None else (case.info.frame["contrast"] == group).to_numpy()
    cell = {} if group is None else {"contrast": group}
    patients = np.unique(case.info.frame["cluster"].to_numpy(str)[inside], return_inverse=True)[1]
    for metric, values in zip(("dice", "iou"), overlap(readers), strict=True):
        one = measured.one(metric, slice=cell)
        fitted = statsmodels.OLS(values[inside], np.ones(inside.sum())).fit(
            cov_type="cluster", cov_kwds={"groups": patients, "use_correction": False}
        )
        count = patients.max() + 1
        half = stats.t.ppf(0.975, count - 1) * fitted.bse[0] * np.sqrt(count / (count - 1))
        expected = (fitted.params[0], fitted.params[0] - half, fitted.params[0] + half)
        assert (one.value, one.interval.low, one.interval.high) == pytest.approx(expected, abs=1e-9)
        assert one.n_clusters == count < one.n == inside.sum()


def test_the_worst_group_and_the_difference_are_those_of_the_group_means(measured) -> None:
    difference = measured.one("dice", estimand="difference", slice={"contrast": "yes"})
    groups = {name: measured.value("dice", slice={"contrast": name}) for name in ("yes", "no")}
    assert difference.value == pytest.approx(groups["yes"] - groups["no"])
    worst = measured.some("dice", estimand="worst", over="contrast")[0]
    assert worst.slice == {"contrast": min(groups, key=groups.get)}
    assert worst.simultaneous.low < worst.interval.low


def test_equity_scaled_dice_and_skewness_are_those_of_fairmedfm(case, measured) -> None:
    frame, dice = case.info.frame, case.table["dice"]
    means = dice.groupby(frame["contrast"]).mean()
    scaled = measured.some("equity_scaled_dice_std", over="contrast")[0]
    assert scaled.value == pytest.approx(dice.mean() / (1 + np.std(means.to_numpy())), abs=1e-9)
    skewness = measured.some("dice_skewness", over="contrast")[0]
    assert skewness.value == pytest.approx((1 - means.min()) / (1 - means.max()), abs=1e-9)
    for one in (scaled, skewness):
        assert one.interval.low <= one.value <= one.interval.high
        assert "projected from simultaneous intervals" in one.interval.method


def test_dice_of_groups_and_what_follows_are_those_of_the_package_fairmedfm(case, readers, measured) -> None:
    """It counts the pixels of the masks itself."""
    fairmedfm = pytest.importorskip("fairmedfm")
    contrast = case.info.frame["contrast"].to_numpy()
    report = fairmedfm.evaluate_segmentation(
        {"contrast": contrast}, pred_masks=list(readers.second > 0), true_masks=list(readers.first > 0)
    )
    row = report.summary.loc["contrast"]
    groups = [measured.value("dice", slice={"contrast": name}) for name in ("yes", "no")]
    ours = {
        "mean_dice": measured.value("dice"),
        "min_dice": measured.some("dice", estimand="worst", over="contrast")[0].value,
        "max_dice": max(groups),
        "skewness_dice": measured.some("dice_skewness", over="contrast")[0].value,
        "es_dice": measured.some("equity_scaled_dice_std", over="contrast")[0].value,
    }
    for name, value in ours.items():
        assert value == pytest.approx(row[name], abs=1e-9), name


def test_intervals_of_one_number_for_all_groups_cover_it_where_groups_are_equal() -> None:
    """Intervals by resampling exclude equality nearly always; these may miss it in one run of twenty."""
    generator, missed = np.random.default_rng(11), {"equity_scaled_dice_std": 0, "dice_skewness": 0}
    runs, n, groups = 40, 240, 4
    for _ in range(runs):
        names = [f"s{index}" for index in range(n)]
        frame = of_sites(names, [f"g{index % groups}" for index in range(n)])
        dice = generator.beta(16, 4, n)
        measured = Case("segmentation", frame, observations(names, dice=dice)).measure(["site"])
        for metric, truth in (("equity_scaled_dice_std", 0.8), ("dice_skewness", 1.0)):
            interval = measured.some(metric, over="site")[0].interval
            missed[metric] += not interval.low <= truth <= interval.high
    assert max(missed.values()) <= 2


def of_sites(names: list[str], sites: list[str]):
    frame = pd.DataFrame({"sample_id": names, "cluster": names, "site": sites})
    return with_classes(dataset_info(frame, "test"), ())


def test_empty_masks_are_counted_and_shown(case: Case, readers: TwoReaders, measured) -> None:
    missed = measured.one("missed_structure_rate")
    assert missed.events == (readers.second.sum(axis=(1, 2)) == 0).sum() > 0
    assert missed.n == case.info.n
    assert measured.one("empty_reference_rate").value == 0
    assert measured.one("invented_structure_rate").reason == "the group has no patients with nothing to outline"


def test_samples_in_which_both_masks_are_empty_have_no_overlap_and_are_counted(case: Case) -> None:
    table = case.table.copy()
    table.loc[:39, ["dice", "iou"]] = np.nan
    table.loc[:39, ["reference_empty", "prediction_empty"]] = 1.0
    table.loc[40:49, "dice"] = 0.0
    table.loc[40:49, ["reference_empty", "prediction_empty"]] = (1.0, 0.0)
    measured = case.measure(table=table)
    dice = measured.one("dice")
    assert dice.n == case.info.n - 40
    assert dice.method.parameters["undefined_left_out"] == 40
    assert measured.value("empty_reference_rate") == pytest.approx(50 / case.info.n)
    invented = measured.one("invented_structure_rate")
    assert (invented.value, invented.n) == (pytest.approx(10 / 50), 50)


def test_a_group_without_a_value_leaves_no_number_for_all_groups(case: Case) -> None:
    measured = case.measure(["contrast"], settings={"minimum_patients": 120})
    assert measured.one("dice", slice={"contrast": "yes"}).status == "not_measured"
    assert measured.some("equity_scaled_dice_std", over="contrast")[0].reason == "1 of 2 groups have no value"


def test_perfect_masks_have_an_interval_and_no_ratio_of_errors(case: Case) -> None:
    measured = case.measure(["contrast"], table=case.table.assign(dice=1.0))
    assert measured.one("dice").interval.low < 1
    assert "the best group has no error" in measured.some("dice_skewness", over="contrast")[0].reason


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"operating_point": {"choose_on": "test2", "by": "youden"}}, "a pixel belongs to the mask from a fixed"),
        ({"tasks": {"top": [2]}}, "tasks.top: a segmentation task has no use for it"),
    ],
)
def test_options_without_a_use_are_refused(case: Case, options, message) -> None:
    context = case.context(**options)
    with pytest.raises(InputError, match=message):
        list(task_of(context).needs(context, context.options))


def test_overlap_outside_of_its_range_is_refused(case: Case) -> None:
    with pytest.raises(InputError, match=r"dice of sample '.*' is 1\.5"):
        case.measure(table=case.table.assign(dice=1.5))


def test_a_model_is_asked_for_masks_and_a_file_for_numbers(case: Case) -> None:
    drawn = Case("segmentation", case.info, case.table, kind="torch")
    context = drawn.context(tasks={"spacing": [0.6, 0.6]}, operating_point={"threshold": 0.4})
    (need,) = task_of(context).needs(context, context.options)
    assert need.collector == "segment"
    assert dict(need.options) == {"threshold": 0.4, "spacing": (0.6, 0.6)}
    (need,) = task_of(case.context()).needs(case.context(), case.context().options)
    assert need.collector == "predict"
