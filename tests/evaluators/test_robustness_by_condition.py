"""Errors, calibration and gaps of groups under each condition, against scikit-learn."""

import numpy as np
import pytest
from condition_predictions import THRESHOLD, condition, one, visits
from sklearn.calibration import calibration_curve
from sklearn.metrics import balanced_accuracy_score, zero_one_loss

from evaluators.robustness import RobustnessOptions
from governance.evidence.model import CLEAN
from governance.harness.protocols import Request

HAZE, GRAIN = condition("haze", 4), condition("grain", 3)
SEX = ("female", "male")


@pytest.fixture(scope="module")
def data(mortality):
    return visits(mortality)


@pytest.fixture(scope="module")
def found(data):
    return data.measure(groups=["sex", "age"])


def of(data, sex):
    return (data.info.frame["sex"] == sex).to_numpy()


@pytest.mark.parametrize("at", [CLEAN, HAZE])
def test_errors_agree_with_scikit_learn(data, found, at):
    for cell, among in (({}, slice(None)), ({"sex": "female"}, of(data, "female"))):
        truth, decided = data.truth[among], data.decided(at)[among]
        error = one(found, "classification_error", at, slice=cell)
        assert error.value == pytest.approx(zero_one_loss(truth, decided), abs=1e-12)
        balanced = one(found, "balanced_error", at, slice=cell)
        assert balanced.value == pytest.approx(1 - balanced_accuracy_score(truth, decided), abs=1e-12)
        for m in (error, balanced):
            assert m.interval.low < m.value < m.interval.high
            assert (m.n, m.n_clusters) == (truth.size, truth.size // 2)
            assert m.operating_point.threshold == THRESHOLD


@pytest.mark.parametrize("sex", [None, "female"])
def test_calibration_under_a_condition_agrees_with_scikit_learn(data, found, sex):
    among = slice(None) if sex is None else of(data, sex)
    score, truth = data.scores[HAZE][among], data.truth[among]
    observed, predicted = calibration_curve(truth, score, n_bins=10, strategy="uniform")
    sizes = np.histogram(score, np.linspace(0, 1, 11))[0]
    expected = np.sum(sizes[sizes > 0] * np.abs(observed - predicted)) / score.size
    m = one(found, "expected_calibration_error", HAZE, slice={} if sex is None else {"sex": sex})
    assert m.value == pytest.approx(expected, abs=1e-9)
    assert m.interval.low <= m.value <= m.interval.high


def test_calibration_in_the_large_and_its_change_are_means_of_scores(data, found):
    for at in (CLEAN, GRAIN):
        expected = np.mean(data.truth - data.scores[at])
        assert one(found, "calibration_in_the_large", at).value == pytest.approx(expected, abs=1e-12)
    change = one(found, "calibration_in_the_large", GRAIN, estimand="difference", reference_condition=CLEAN)
    assert change.value == pytest.approx(np.mean(data.scores[CLEAN] - data.scores[GRAIN]), abs=1e-12)
    assert change.interval.low > 0  # scores only fall


@pytest.mark.parametrize("metric", ["classification_error", "balanced_error"])
def test_the_change_of_an_error_is_the_difference_of_errors_with_a_narrower_interval(found, metric):
    now, before = one(found, metric, HAZE), one(found, metric)
    change = one(found, metric, HAZE, estimand="difference", reference_condition=CLEAN)
    assert change.value == pytest.approx(now.value - before.value, abs=1e-12)
    assert change.interval.high - change.interval.low < now.interval.high - now.interval.low
    assert change.gating.low <= change.interval.low <= change.value <= change.interval.high <= change.gating.high


def test_groups_are_compared_under_every_condition(data, found):
    for at in data.scores:
        by_sex = {sex: one(found, "classification_error", at, slice={"sex": sex}).value for sex in SEX}
        pair = one(
            found, "classification_error", at, estimand="difference", over="sex",
            slice={"sex": "male"}, reference={"sex": "female"}, reference_condition=None,
        )  # fmt: skip
        assert pair.value == pytest.approx(by_sex["male"] - by_sex["female"], abs=1e-12)
        worst = max(by_sex, key=by_sex.get)
        named = one(found, "classification_error", at, estimand="worst", over="sex", slice={"sex": worst})
        assert named.value == by_sex[worst]
        gap = one(found, "classification_error_gap", at, over="sex")
        assert gap.value == pytest.approx(abs(pair.value), abs=1e-12)
        assert gap.interval.low <= gap.value <= gap.interval.high


def test_the_largest_gap_is_between_the_ends_of_all_groups(data, found):
    ages = data.info.attributes["age"].groups
    values = [one(found, "sensitivity", HAZE, slice={"age": age}).value for age in ages]
    measured = [value for value in values if value is not None]
    gap = one(found, "equal_opportunity_difference", HAZE, over="age")
    assert gap.value == pytest.approx(max(measured) - min(measured), abs=1e-12)
    assert gap.method.parameters["groups"] == 3


@pytest.mark.parametrize("metric", ["classification_error", "sensitivity", "auroc"])
def test_the_change_of_a_gap_is_paired_by_patient(found, metric):
    def pair(at, reference):
        return one(
            found, metric, at, estimand="difference", over="sex",
            slice={"sex": "male"}, reference={"sex": "female"}, reference_condition=reference,
        )  # fmt: skip

    change = pair(GRAIN, CLEAN)
    assert change.value == pytest.approx(pair(GRAIN, None).value - pair(CLEAN, None).value, abs=1e-9)
    assert change.interval.low <= change.value <= change.interval.high
    halves = [(m.interval.high - m.interval.low) / 2 for m in (pair(GRAIN, None), pair(CLEAN, None))]
    assert (change.interval.high - change.interval.low) / 2 < np.hypot(*halves)


def test_a_rule_adds_a_comparison_and_a_gap_that_the_options_do_not_name(data):
    asked = [
        Request(evaluator="robustness", metric="specificity", estimand="worst", over="race", condition="haze"),
        Request(evaluator="robustness", metric="calibration_gap", over="race", condition="haze"),
    ]
    found = data.measure(conditions=["haze"], severities=[4], compare=["auroc"], requests=asked)
    assert one(found, "calibration_gap", HAZE, over="race").status == "measured"
    assert [m.condition for m in found if m.metric == "specificity" and m.estimand == "worst"] == [HAZE]
    assert not [m for m in found if m.metric == "classification_error_gap"]


def test_small_groups_have_a_reason_instead_of_a_number(data):
    found = data.measure(conditions=["haze"], severities=[4], groups=["race"], settings={"minimum_patients": 200})
    small = one(found, "balanced_error", HAZE, slice={"race": "black or other"})
    assert (small.status, small.value) == ("not_measured", None)
    assert "too few patients" in small.reason
    gap = one(found, "classification_error_gap", HAZE, over="race")
    assert "fewer than two groups" in gap.reason


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compare": ["classification_eror"]}, "did you mean 'classification_error'"),
        ({"reference": "medmnist-c ches"}, "did you mean 'medmnist-c chest'"),
        ({"reference": "cifar"}, "AlexNet's errors are not known on 'cifar'"),
    ],
)
def test_unknown_names_in_options_are_refused_with_a_near_one(options, message):
    with pytest.raises(ValueError, match=message):
        RobustnessOptions.model_validate({"on": "test", "conditions": ["haze"], **options})
