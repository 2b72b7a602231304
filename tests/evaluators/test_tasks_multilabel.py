"""Several labels on real tumours: each label by itself, means over labels, operating points, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn
from task_predictions import Case

from evaluators.fairness.tasks.task import task_of
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError

LABELS = ("malignant", "large", "uneven")


@pytest.fixture(scope="module")
def measured(findings: Case):
    return findings.measure(["outline"], operating_point={"threshold": 0.4})


def arrays(case: Case, group: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    frame = case.info.frame
    inside = np.ones(len(frame), bool) if group is None else (frame["outline"] == group).to_numpy()
    truth = frame[[f"target:{label}" for label in LABELS]].to_numpy(int)
    return truth[inside], np.stack(case.table["scores"].to_numpy())[inside]


@pytest.mark.parametrize("group", [None, "rough", "smooth"])
def test_values_agree_with_scikit_learn_label_by_label_and_on_average(findings: Case, measured, group) -> None:
    truth, scores = arrays(findings, group)
    flagged, cell = (scores >= 0.4).astype(int), {} if group is None else {"outline": group}
    for index, label in enumerate(LABELS):
        about = {"slice": cell, "target_class": label}
        right, said = truth[:, index], flagged[:, index]
        for metric, value in (
            ("sensitivity", sklearn.recall_score(right, said)),
            ("specificity", sklearn.recall_score(right, said, pos_label=0)),
            ("f1_score", sklearn.f1_score(right, said)),
            ("auroc", sklearn.roc_auc_score(right, scores[:, index])),
            ("prevalence", right.mean()),
        ):
            assert measured.value(metric, **about) == pytest.approx(value, abs=1e-9), (metric, label)
        assert measured.one("sensitivity", **about).operating_point.threshold == 0.4
    for metric, value in (
        ("macro_sensitivity", sklearn.recall_score(truth, flagged, average="macro")),
        ("macro_f1_score", sklearn.f1_score(truth, flagged, average="macro")),
        ("macro_auroc", sklearn.roc_auc_score(truth, scores, average="macro")),
        ("exact_match", sklearn.accuracy_score(truth, flagged)),
        ("macro_specificity", sklearn.recall_score(1 - truth, 1 - flagged, average="macro")),
    ):
        assert measured.value(metric, slice=cell) == pytest.approx(value, abs=1e-9), metric


def test_worst_group_and_difference_of_a_label_carry_its_name(measured) -> None:
    worst = [one for one in measured.some("sensitivity", estimand="worst") if one.target_class == "large"]
    assert len(worst) == 1
    assert worst[0].over == "outline"
    difference = measured.one("auroc", estimand="difference", target_class="uneven", slice={"outline": "smooth"})
    assert difference.interval.low < difference.value < difference.interval.high


def test_each_label_has_an_operating_point_of_its_own(findings: Case) -> None:
    chosen = {"choose_on": "validation", "by": "youden"}
    measured = findings.measure(
        tasks={"operating_points": {"malignant": chosen, "large": {"threshold": 0.7}}},
        operating_point={"threshold": 0.3},
    )
    points = {label: measured.one("sensitivity", target_class=label).operating_point for label in LABELS}
    assert points["large"].threshold == 0.7
    assert points["uneven"].threshold == 0.3
    validation, table = findings.others["validation"]
    truth = validation.frame["target:malignant"].to_numpy() == 1
    scores = np.stack(table["scores"].to_numpy())[:, 0]
    lost, found, thresholds = sklearn.roc_curve(truth, scores, drop_intermediate=False)
    assert points["malignant"].chosen_on == "validation"
    assert points["malignant"].threshold in thresholds[np.isclose(found - lost, (found - lost).max())]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": {"operating_points": {"benign": {"threshold": 0.5}}}}, "dataset 'test' has no label 'benign'"),
        ({"tasks": {"top": [2]}}, "tasks.top: a multilabel task has no use for it"),
        ({"operating_point": {"choose_on": "else", "by": "youden"}}, "unknown dataset 'else'"),
    ],
)
def test_options_that_do_not_fit_the_labels_are_refused(findings: Case, options, message) -> None:
    context = findings.context(**options)
    with pytest.raises(InputError, match=message):
        list(task_of(context).needs(context, context.options))


def test_a_threshold_is_not_chosen_on_the_samples_it_is_judged_on(findings: Case) -> None:
    twin = DatasetInfo(**{**vars(findings.info), "name": "twin"})
    case = Case("multilabel", findings.info, findings.table, {"twin": (twin, findings.table)})
    context = case.context(operating_point={"choose_on": "twin", "by": "youden"})
    with pytest.raises(InputError, match="'twin' has the same content as 'test'"):
        list(task_of(context).needs(context, context.options))


def test_labels_in_another_order_are_refused(findings: Case) -> None:
    info, table = findings.others["validation"]
    turned = DatasetInfo(**{**vars(info), "classes": LABELS[::-1]})
    case = Case("multilabel", findings.info, findings.table, {"validation": (turned, table)})
    with pytest.raises(InputError, match="write the same `targets` in the same order"):
        case.measure(operating_point={"choose_on": "validation", "by": "youden"})


def test_another_number_of_scores_and_missing_labels_are_refused(findings: Case) -> None:
    two = findings.table.assign(scores=[row[:2] for row in findings.table["scores"]])
    with pytest.raises(InputError, match="2 scores a sample, but there are 3 labels: malignant, large, uneven"):
        findings.measure(table=two)
    bare = Case("multilabel", DatasetInfo(**{**vars(findings.info), "classes": ()}), findings.table)
    with pytest.raises(InputError, match="has no `targets`"):
        bare.measure()


def test_a_single_label_is_measured_like_several(findings: Case, measured) -> None:
    frame = findings.info.frame.drop(columns=["target:large", "target:uneven"])
    info = DatasetInfo(**{**vars(findings.info), "frame": frame, "classes": ("malignant",)})
    table = findings.table.assign(scores=[row[:1] for row in findings.table["scores"]])
    alone = Case("multilabel", info, table).measure(["outline"], operating_point={"threshold": 0.4})
    for metric in ("sensitivity", "specificity", "f1", "auroc"):
        name = "f1_score" if metric == "f1" else metric
        expected = measured.value(name, target_class="malignant")
        assert alone.value(f"macro_{name}") == pytest.approx(expected, abs=1e-12)
