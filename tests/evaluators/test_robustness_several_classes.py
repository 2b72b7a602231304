"""Several classes under real corruptions: handwritten digits by a logistic regression."""

from __future__ import annotations

import numpy as np
import pytest
from condition_predictions import CLEAN, EVALUATOR, Worsened, condition, one
from sklearn.metrics import balanced_accuracy_score, zero_one_loss

from evaluators.robustness import RobustnessOptions
from governance.errors import InputError
from governance.plugins import installed

NOISE = [condition("gaussian-noise", severity) for severity in (1, 3, 5)]


@pytest.fixture(scope="module")
def data(digits) -> Worsened:
    torch = pytest.importorskip("torch")
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(max_iter=1000).fit(digits.fit, digits.fit_target)
    images = torch.tensor(digits.score, dtype=torch.float32).reshape(-1, 1, 8, 8)
    seeds, known = torch.arange(len(images)), installed("conditions")["gaussian-noise"]
    scores = {CLEAN: fitted.predict_proba(digits.score)}
    for at in NOISE:
        noisy = known.load()(images, at.severity, seeds)
        scores[at] = fitted.predict_proba(noisy.reshape(len(images), -1).numpy())
    info = type(digits.info)(**{**vars(digits.info), "modality": "photograph"})
    return Worsened(info, scores, (known,), task="multiclass")


@pytest.fixture(scope="module")
def found(data):
    return data.measure(groups=["ink"], severities=[1, 3, 5])


@pytest.mark.parametrize("ink", [None, "dark", "light"])
def test_errors_agree_with_scikit_learn(data, found, ink):
    among = np.ones(data.info.n, dtype=bool) if ink is None else (data.info.frame["ink"] == ink).to_numpy()
    cell = {} if ink is None else {"ink": ink}
    for at in (CLEAN, *NOISE):
        truth, decided = data.truth[among], data.decided(at)[among]
        error = one(found, "classification_error", at, slice=cell)
        assert error.value == pytest.approx(zero_one_loss(truth, decided), abs=1e-12)
        assert error.operating_point is None
        balanced = one(found, "balanced_error", at, slice=cell)
        assert balanced.value == pytest.approx(1 - balanced_accuracy_score(truth, decided), abs=1e-12)
        assert balanced.interval.low <= balanced.value <= balanced.interval.high


def test_noise_makes_more_errors_and_other_decisions(data, found):
    errors = [one(found, "classification_error", at).value for at in (CLEAN, *NOISE)]
    assert errors == sorted(errors)
    assert one(found, "degradation_area", condition("gaussian-noise")).interval.low > 0
    flips = one(found, "flip_rate", NOISE[2])
    assert flips.value == pytest.approx(np.mean(data.decided(NOISE[2]) != data.decided()), abs=1e-12)
    consistent = one(found, "prediction_consistency", slice={"ink": "dark"})
    dark = (data.info.frame["ink"] == "dark").to_numpy()
    same = np.logical_and.reduce([data.decided(at) == data.decided() for at in NOISE])
    assert consistent.value == pytest.approx(same[dark].mean(), abs=1e-12)


def test_confidence_under_noise_is_held_against_accuracy(data, found):
    scores = data.scores[NOISE[1]]
    highest, right = scores.max(axis=1), data.decided(NOISE[1]) == data.truth
    numbers = np.minimum((highest * 10).astype(int), 9)
    expected = sum(abs(np.sum((right - highest)[numbers == k])) for k in range(10)) / right.size
    m = one(found, "confidence_calibration_error", NOISE[1])
    assert m.value == pytest.approx(expected, abs=1e-12)
    assert m.interval.low <= m.value <= m.interval.high


def test_groups_are_compared_by_errors(found):
    by_ink = {ink: one(found, "balanced_error", NOISE[1], slice={"ink": ink}).value for ink in ("dark", "light")}
    gap = one(found, "balanced_error_gap", NOISE[1], over="ink")
    assert gap.value == pytest.approx(abs(by_ink["dark"] - by_ink["light"]), abs=1e-12)
    assert {m.metric for m in found if m.estimand == "worst"} >= {"classification_error", "balanced_error"}
    assert not {"auroc", "sensitivity"} & {m.metric for m in found}


def test_inputs_without_an_output_and_a_variant_of_some_samples_are_left_out(data):
    table = data.table(data.scores[NOISE[0]])
    table.loc[:4, "status"] = "rejected"
    found = data.measure(changed={NOISE[0]: table}, severities=[1])
    assert one(found, "rejected_rate", NOISE[0]).events == 5
    assert one(found, "classification_error", NOISE[0]).n == data.info.n - 5


def test_a_threshold_is_refused(data):
    options = RobustnessOptions(on="test", conditions=("gaussian-noise",), operating_point={"threshold": 0.3})
    with pytest.raises(InputError, match="decided for the highest score"):
        list(EVALUATOR.needs(data.context(options)))


@pytest.mark.parametrize("task", ["regression", "multilabel"])
def test_tasks_without_decisions_are_refused(data, task):
    other = Worsened(data.info, data.scores, data.known, task=task)
    with pytest.raises(InputError, match=f"the subject's task is '{task}'"):
        list(EVALUATOR.needs(other.context(RobustnessOptions(on="test", conditions=("gaussian-noise",)))))
