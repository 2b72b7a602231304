"""Every metric of a group on real predictions, against scikit-learn and the formulas; what is compared."""

import numpy as np
import pytest
from nhefs_predictions import assert_few_of_a_class, dataset_info, one, predictions
from pydantic import ValidationError
from scipy import stats
from sklearn import metrics as sk

from evaluators.fairness import DESCRIPTOR, FairnessOptions, calibration
from evaluators.fairness.groups_descriptors import GROUP_METRICS
from governance.errors import InputError
from governance.harness.protocols import Request
from governance.spec.model import Settings
from governance.statistics.calibration import calibration_error_interval

EVALUATOR = DESCRIPTOR.load()
THRESHOLD = 0.25
OPTIONS = FairnessOptions(
    on="test",
    groups=("sex", "race", "sex x race"),
    operating_point={"threshold": THRESHOLD},
    ratios=("selection_rate",),
    max_false_positive_rate=0.2,
)


@pytest.fixture(scope="module")
def found(mortality):
    return list(EVALUATOR.measure(mortality.observations(), mortality.context(OPTIONS)))


def parts(mortality, cell):
    frame = mortality.test.frame
    mask = np.logical_and.reduce([frame[key] == value for key, value in cell.items()] or [np.ones(len(frame), bool)])
    return frame["target"].to_numpy()[mask], mortality.scores["test"][mask]


def error_in_equal_bins(target, score):
    """Ten bins with as many samples each, as far as they can be divided."""
    parts = np.array_split(np.argsort(score, kind="stable"), 10)
    return sum(len(part) * abs(target[part].mean() - score[part].mean()) for part in parts) / len(target)


def test_every_group_has_every_metric_once(found):
    for cell in ({}, {"sex": "male"}, {"race": "white"}, {"sex": "female", "race": "black or other"}):
        for metric in GROUP_METRICS:
            assert one(found, metric.name, cell) is not None


@pytest.mark.parametrize("cell", [{}, {"sex": "male"}, {"race": "black or other"}, {"sex": "male", "race": "white"}])
def test_values_agree_with_scikit_learn_and_the_formulas(mortality, found, cell):
    target, score = parts(mortality, cell)
    flagged = score >= THRESHOLD
    odds = THRESHOLD / (1 - THRESHOLD)
    expected = {
        "false_positive_rate": 1 - sk.recall_score(target, flagged, pos_label=0),
        "false_negative_rate": 1 - sk.recall_score(target, flagged),
        "classification_accuracy": sk.accuracy_score(target, flagged),
        "balanced_accuracy": sk.balanced_accuracy_score(target, flagged),
        "f1_score": sk.f1_score(target, flagged),
        "average_precision": sk.average_precision_score(target, score),
        "partial_auroc": sk.roc_auc_score(target, score, max_fpr=0.2),
        "brier_score": sk.brier_score_loss(target, score),
        "net_benefit": np.mean(flagged & (target == 1)) - odds * np.mean(flagged & (target == 0)),
    }
    for metric, value in expected.items():
        measured = one(found, metric, cell)
        assert measured.value == pytest.approx(value, abs=1e-9), metric
        if measured.interval is None:
            assert_few_of_a_class(measured, target)
            continue
        assert measured.interval.low <= measured.value <= measured.interval.high
        assert measured.interval.high > measured.interval.low
        assert measured.n == len(target) or metric.startswith("false_")


def test_the_error_in_bins_of_equal_size_agrees_with_a_division_by_hand(mortality, found):
    target, score = parts(mortality, {})
    measured = one(found, "expected_calibration_error_equal_mass", {})
    # Quantiles between two samples fall on either side of one sample at most, which moves the error by 1 / n a bin.
    assert measured.value == pytest.approx(error_in_equal_bins(target, score), abs=10 / len(target))
    assert measured.method.parameters["binning"] == "equal mass"


def test_the_corrected_calibration_error_is_smaller_and_inside_the_interval(found):
    for cell in ({}, {"sex": "male"}):
        raw, corrected = (one(found, f"expected_calibration_error{end}", cell) for end in ("", "_corrected"))
        assert corrected.value < raw.value
        assert corrected.interval.low <= corrected.value <= corrected.interval.high


@pytest.mark.parametrize("binning", ["equal width", "equal mass"])
@pytest.mark.parametrize("patients", [200, 800])
def test_normal_draws_give_the_interval_that_resampled_patients_give(patients, binning):
    """Both with 2,000 draws: ends of another seed differ as much."""
    stream = np.random.default_rng(patients)
    score = stream.beta(0.6, 2.5, patients)
    positive = stream.random(patients) < np.sqrt(score)
    codes = np.arange(patients)
    drawn = calibration.error_bounds(
        score, positive, codes, 0.95, bins=10, binning=binning, settings=Settings(replicates=2000)
    )
    resampled = calibration_error_interval(score, positive, codes, 10, binning, seed=0, replicates=2000)
    assert drawn.low == pytest.approx(resampled.low, abs=0.01)
    assert drawn.high == pytest.approx(resampled.high, abs=0.01)
    assert "normal draws" in drawn.method


def test_a_group_says_how_large_its_calibration_error_would_be_if_calibrated(found):
    everyone, few = (
        one(found, "expected_calibration_error", cell) for cell in ({}, {"sex": "male", "race": "black or other"})
    )
    assert few.method.parameters["error_if_calibrated"] > everyone.method.parameters["error_if_calibrated"]


def test_verdicts_rest_on_wider_intervals_than_those_shown(found):
    for metric in ("sensitivity", "auroc", "average_precision", "balanced_accuracy", "f1_score"):
        measured = one(found, metric, {"sex": "male"})
        assert measured.gating.low <= measured.interval.low + 1e-9, metric
        assert measured.gating.high >= measured.interval.high - 1e-9, metric
    pair = one(found, "sensitivity", estimand="difference", over="sex")
    assert pair.gating.level == pytest.approx(0.90)


def test_every_group_carries_the_interval_that_holds_with_the_others(found):
    worst = one(found, "sensitivity", estimand="worst", over="sex")
    assert one(found, "sensitivity", worst.slice).simultaneous == worst.simultaneous
    assert all(one(found, "sensitivity", {"sex": sex}).simultaneous for sex in ("female", "male"))
    assert one(found, "sensitivity", {}).simultaneous is None


def test_ratios_are_of_every_pair(found):
    ratio = one(found, "selection_rate", estimand="ratio", over="sex")
    expected = one(found, "selection_rate", ratio.slice).value / one(found, "selection_rate", ratio.reference).value
    assert ratio.value == pytest.approx(expected)
    assert ratio.interval.low < ratio.value < ratio.interval.high


def test_a_difference_says_which_one_these_patients_would_show(mortality, found):
    frame = mortality.test.frame
    positive, flagged = frame["target"] == 1, mortality.scores["test"] >= 0.25
    rates = [flagged[positive & (frame["sex"] == sex)] for sex in ("female", "male")]
    n = sum(rate.size for rate in rates)
    error = np.sqrt(n / (n - 1) * sum(rate.mean() * (1 - rate.mean()) / rate.size for rate in rates))
    m = one(found, "sensitivity", estimand="difference", over="sex")
    expected = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * error
    assert m.method.parameters["minimum_detectable_difference"] == pytest.approx(expected, abs=1e-6)
    ratios = [r for r in found if r.estimand == "ratio" and r.status == "measured"]
    assert all("minimum_detectable_difference" not in r.method.parameters for r in ratios)


def test_only_what_is_asked_for_is_compared(found):
    compared = {(m.metric, m.estimand) for m in found if m.estimand != "value"}
    default = {(metric, some) for metric in ("sensitivity", "specificity", "auroc") for some in ("worst", "difference")}
    assert compared == default | {("selection_rate", "ratio")}


@pytest.mark.parametrize("metric", [metric.name for metric in GROUP_METRICS])
def test_a_policy_may_ask_for_any_metric_to_be_compared(mortality, metric):
    requests = tuple(
        Request(evaluator="fairness", metric=metric, estimand=estimand, over="sex")
        for estimand in ("worst", "difference", "ratio")
    )
    context = mortality.context(FairnessOptions(on="test", compare=()), requests=requests)
    found = list(EVALUATOR.measure(mortality.observations(), context))
    worst, pair, ratio = (
        one(found, metric, estimand=estimand, over="sex") for estimand in ("worst", "difference", "ratio")
    )
    alone = [one(found, metric, {"sex": sex}).value for sex in ("female", "male")]
    assert worst.value in alone
    assert pair.value == pytest.approx(alone[1] - alone[0])
    assert pair.interval is not None
    if alone[0] > 0 and alone[1] >= 0:
        assert ratio.value == pytest.approx(alone[1] / alone[0])
    else:
        assert metric in ("rejected_rate", "calibration_in_the_large"), "only these may be 0 or negative here"
        assert ratio.reason == "a ratio needs a reference above 0 and no negative value"


def test_the_worst_calibration_slope_is_the_one_furthest_from_1(mortality):
    request = Request(evaluator="fairness", metric="calibration_slope", estimand="worst", over="race")
    found = list(
        EVALUATOR.measure(mortality.observations(), mortality.context(FairnessOptions(on="test"), requests=(request,)))
    )
    values = [one(found, "calibration_slope", {"race": race}).value for race in ("white", "black or other")]
    worst = one(found, "calibration_slope", estimand="worst", over="race")
    assert worst.value == max(values, key=lambda value: abs(value - 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compare": ("sensitivty",)}, "did you mean 'sensitivity'"),
        ({"ratios": ("demographic_parity_difference",)}, "cannot be compared by"),
        ({"intersections": {"of": ["sex", "race"], "depth": 3}}, "`depth` is 3, but `of` names 2 attributes"),
        ({"intersections": {"of": ["sex", "sex"]}}, "names an attribute twice"),
        ({"net_benefit_at": 1.0}, "less than 1"),
    ],
)
def test_options_that_cannot_be_measured_are_refused(options, message):
    with pytest.raises(ValidationError, match=message):
        FairnessOptions(on="test", **options)


def test_the_threshold_probability_of_the_net_benefit_may_be_another_than_the_threshold(mortality):
    options = OPTIONS.model_copy(update={"net_benefit_at": 0.1})
    found = list(EVALUATOR.measure(mortality.observations(), mortality.context(options)))
    target, score = parts(mortality, {})
    flagged = score >= THRESHOLD
    expected = np.mean(flagged & (target == 1)) - 0.1 / 0.9 * np.mean(flagged & (target == 0))
    assert one(found, "net_benefit", {}).value == pytest.approx(expected, abs=1e-12)


def test_rejected_inputs_may_be_counted_as_missed(mortality):
    table = predictions(mortality.test.frame, mortality.scores["test"])
    frame = mortality.test.frame
    lost = (frame["sex"] == "female") & (np.arange(len(frame)) % 3 == 0)
    table.loc[lost.to_numpy(), ["status", "reason", "score"]] = ["rejected", "unreadable", np.nan]
    found = list(EVALUATOR.measure(mortality.observations(test=table), mortality.context(OPTIONS)))
    for sex in ("female", "male"):
        of = (frame["sex"] == sex) & (frame["target"] == 1)
        seen = of & ~lost
        flagged = mortality.scores["test"] >= THRESHOLD
        plain = one(found, "sensitivity", {"sex": sex})
        counted = one(found, "sensitivity", {"sex": sex}, variant="rejected counted as missed")
        assert plain.value == pytest.approx(flagged[seen].mean())
        assert counted.value == pytest.approx((flagged & seen)[of].mean())
        assert counted.n == of.sum()
    assert one(found, "rejected_rate", {"sex": "female"}).value > 0.3
    assert one(found, "rejected_rate", {"sex": "male"}).value == 0


def test_without_rejected_inputs_there_is_no_such_variant(found):
    assert not [m for m in found if m.variant == "rejected counted as missed"]


def test_intersections_are_made_to_the_depth_and_named_ones_not_again(mortality):
    options = FairnessOptions(
        on="test", groups=("race x sex",), intersections={"of": ("sex", "race", "age"), "depth": 3}
    )
    found = list(EVALUATOR.measure(mortality.observations(), mortality.context(options)))
    worst = {m.over for m in found if m.estimand == "worst"}
    assert worst == {"race x sex", "sex x age", "race x age", "sex x race x age"}
    deepest = one(found, "auroc", estimand="worst", over="sex x race x age")
    assert set(deepest.slice) == {"sex", "race", "age"}
    assert deepest.n == one(found, "auroc", deepest.slice).n
    assert {m.metric for m in found if set(m.slice) == {"sex", "race", "age"}} == {
        "prevalence",
        "rejected_rate",
        "sensitivity",
        "specificity",
        "auroc",
    }
    assert not [m for m in found if m.estimand == "difference" and m.over != "race x sex"]


def test_an_intersection_of_an_unknown_attribute_is_answered_with_a_near_one(mortality):
    options = FairnessOptions(on="test", intersections={"of": ("sex", "rase")})
    with pytest.raises(InputError, match="did you mean 'race'"):
        list(EVALUATOR.needs(mortality.context(options)))


def test_cells_stand_beside_what_they_are_drawn_towards(mortality):
    options = FairnessOptions(on="test", groups=("sex x race",), operating_point={"threshold": THRESHOLD})
    found = list(EVALUATOR.measure(mortality.observations(), mortality.context(options)))
    for metric in ("sensitivity", "specificity", "auroc"):
        drawn = [m for m in found if m.metric == metric and m.variant == "shrunken"]
        assert 3 <= len(drawn) <= 4
        raw = {m.id: one(found, metric, m.slice) for m in drawn}
        assert {m.over for m in drawn} == {"sex x race"}
        for m in drawn:
            assert m.n == raw[m.id].n
            assert m.method.parameters["raw"] == raw[m.id].value
            assert m.interval.low < m.value < m.interval.high
        spread = np.ptp([m.value for m in drawn])
        assert spread < np.ptp([m.value for m in raw.values()])


def test_cells_without_a_value_are_not_drawn_anywhere(mortality):
    options = FairnessOptions(on="test", groups=("sex x age",))
    found = list(EVALUATOR.measure(mortality.observations(), mortality.context(options)))
    young = {"sex": "female", "age": "<40"}
    assert one(found, "sensitivity", young).status == "not_measured"
    assert not [m for m in found if m.metric == "sensitivity" and m.slice == young and m.variant == "shrunken"]


def test_two_cells_say_why_they_are_not_shrunken(mortality):
    frame = mortality.test.frame.assign(site="A")
    info = dataset_info(frame, "test")
    context = mortality.context(FairnessOptions(on="test", groups=("sex x site",)))
    context = type(context)(**{**context.__dict__, "datasets": {"test": info, "validation": mortality.validation}})
    found = list(EVALUATOR.measure(mortality.observations(), context))
    cell = {"sex": "male", "site": "A"}
    assert "at least 3 cells" in one(found, "sensitivity", cell, variant="shrunken").reason


def test_single_attributes_are_not_shrunken(found):
    assert {m.over for m in found if m.variant == "shrunken"} == {"sex x race"}


def test_evidence_stays_small(mortality):
    """Twelve cells of three attributes have 66 pairs; those are not compared unless asked for."""
    options = FairnessOptions(on="test", intersections={"of": ("sex", "race", "age"), "depth": 3})
    found = list(EVALUATOR.measure(mortality.observations(), mortality.context(options)))
    assert len(found) < 400


def test_patients_with_several_samples_count_once(mortality):
    frame = mortality.test.frame.assign(cluster=[f"patient {i // 4}" for i in range(mortality.test.n)])
    info = dataset_info(frame, "test")
    context = mortality.context(OPTIONS)
    context = type(context)(**{**context.__dict__, "datasets": {"test": info, "validation": mortality.validation}})
    found = list(EVALUATOR.measure(mortality.observations(), context))
    for metric in ("f1_score", "average_precision", "net_benefit", "balanced_accuracy"):
        assert one(found, metric, {}).n_clusters == info.frame["cluster"].nunique()
