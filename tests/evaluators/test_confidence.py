"""Confidence in answers: read exactly, measured like any probability, and with intervals that hold."""

import numpy as np
import pytest
from recorded_answers import measured, only
from sklearn.metrics import brier_score_loss

from evaluators.hallucination.confidence import Confidence
from evaluators.hallucination.recorded.calibration import written_confidence


def items(confidence, right, **more):
    return [
        {
            "question": "Is there an effusion?",
            "reference": "Yes",
            "generation": "Yes" if good else "No",
            "confidence": float(sure),
            "image_id": f"image {number // 2}",
            **more,
        }
        for number, (sure, good) in enumerate(zip(confidence, right, strict=True))
    ]


@pytest.fixture(scope="module")
def world():
    stream = np.random.default_rng(1)
    sure = np.round(stream.uniform(0.5, 1, 300), 3)
    return sure, stream.random(300) < sure - 0.2


def naive_error(p, y):
    edges = np.minimum((p * 10).astype(int), 9)
    return sum(
        abs(y[edges == b].mean() - p[edges == b].mean()) * (edges == b).mean() for b in range(10) if (edges == b).any()
    )


def test_errors_are_those_of_independent_code(world):
    sure, right = world
    found = measured(items(sure, right), measures=("calibration",))
    brier = only(found, "confidence_brier_score", variant="stated")
    assert brier.value == pytest.approx(brier_score_loss(right, sure))
    assert (brier.n, brier.n_clusters) == (300, 150)
    error = only(found, "answer_calibration_error", variant="stated")
    assert error.value == pytest.approx(naive_error(sure, right))
    assert error.interval.low <= error.value <= error.interval.high
    assert 0 < error.method.parameters["error_if_calibrated"] < error.value
    excess = only(found, "confidence_less_accuracy", variant="stated")
    assert excess.value == pytest.approx(sure.mean() - right.mean())
    assert excess.interval.low > 0.1
    assert excess.direction == "none"


def test_reliability_has_a_point_for_every_bin_that_holds_answers(world):
    sure, right = world
    points = [m for m in measured(items(sure, right), measures=("calibration",)) if m.metric == "right_at_confidence"]
    assert sum(m.n for m in points if not m.slice) == 300
    for m in points:
        inside = np.minimum((sure * 10).astype(int), 9) == m.curve["bin"]
        assert m.value == pytest.approx(right[inside].mean())
        assert m.curve["confidence"] == pytest.approx(sure[inside].mean(), abs=1e-6)


def test_groups_are_compared(world):
    sure, right = world
    made = [{**one, "attributes": {"sex": "F" if n % 4 < 2 else "M"}} for n, one in enumerate(items(sure, right))]
    found = measured(made, attributes=("sex",), measures=("calibration",))
    gap = [m for m in found if m.metric == "confidence_less_accuracy" and m.estimand == "difference"]
    assert [m.status for m in gap] == ["measured"]


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("Yes. Confidence: 80%", 0.8),
        ("Yes.\nCONFIDENCE = 0.75", 0.75),
        ("confidence: 100 %", 1.0),
        ("Confidence: 0", 0.0),
        ("Confidence: 80", None),
        ("Confidence: 120%", None),
        ("Confidence: 80% or confidence: 70%", None),
        ("Confidence: 80%. Confidence: 0.8", 0.8),
        ("I am confident: 80%", None),
        ("overconfidence: 80%", None),
        ("Confidence: 0.8.1", None),
        ("Confidence: high", None),
        ("", None),
    ],
)
def test_only_a_clear_confidence_is_read_from_an_answer(text, confidence):
    assert written_confidence(text) == confidence


def test_every_kind_has_a_variant_of_its_own():
    samples = [("Yes", 0.2), ("yes.", 0.1), ("No", 0.5), ("Yes it is", 0.2)]
    made = [
        {
            "reference": "Yes",
            "generation": "Yes. Confidence: 90%",
            "log_probability": float(np.log(0.6)),
            "extra": {"tokens": 4},
            "samples": [{"text": text, "log_probability": float(np.log(p))} for text, p in samples],
        }
        for _ in range(10)
    ]
    found = measured(made, measures=("calibration",))
    means = {m.variant: m.method.parameters["mean_confidence"] for m in found if m.metric == "confidence_less_accuracy"}
    assert means == {
        "written in the answer": 0.9,
        "likelihood of the answer": 0.6,
        "likelihood of the answer per token": pytest.approx(0.6**0.25, abs=1e-6),
        "agreement of further answers": 0.75,
        "agreement of further answers, by likelihood": 0.5,
    }


def means_of(made):
    found = measured(made, measures=("calibration",))
    return {m.variant: m.method.parameters["mean_confidence"] for m in found if m.metric == "confidence_less_accuracy"}


@pytest.mark.parametrize(
    ("logs", "confidence"),
    [
        ({"A": -3.0, "B": -1.0, "C": -2.0}, np.exp(-1) / np.exp([-1.0, -2.0, -3.0]).sum()),
        ({"A": -3000.0, "B": -1000.0, "C": -2000.0}, 1.0),
        ({"A": -3.0, "B": -1.0}, None),
        ({"A": -3.0, "B": 0.5, "C": -1.0}, None),
        ({"A": -3.0, "B": "high", "C": -1.0}, None),
        ({"A": -3.0, "B": -(10**30), "C": -1.0}, None),
        ("none", None),
    ],
)
def test_the_probability_of_a_choice_is_among_all_choices(logs, confidence):
    one = {"options": {"A": "mass", "B": "cyst", "C": "none"}, "reference": "B", "generation": "B: cyst"}
    found = means_of([{**one, "extra": {"option_log_probabilities": logs}}] * 4)
    expected = {} if confidence is None else {"probability of the chosen option": pytest.approx(confidence, abs=1e-6)}
    assert found == expected


@pytest.mark.parametrize("tokens", [0, -3, True, "7", 1.5, 10**30, None, [1]], ids=str)
def test_a_length_that_is_none_gives_no_likelihood_per_token(tokens):
    one = {"reference": "Yes", "generation": "Yes", "log_probability": -1.0, "extra": {"tokens": tokens}}
    assert list(means_of([one] * 4)) == ["likelihood of the answer"]


def test_answers_whose_written_confidence_cannot_be_read_are_counted():
    texts = ["Yes. Confidence: 90%", "No. Confidence: high", "Yes. Confidence: 90", "Yes."]
    found = measured([{"reference": "Yes", "generation": text} for text in texts], measures=("calibration",))
    for metric in ("answer_calibration_error", "confidence_brier_score", "confidence_less_accuracy"):
        one = only(found, metric, variant="written in the answer")
        assert (one.n, one.method.parameters["answers_whose_confidence_could_not_be_read"]) == (1, 2)
    none = measured([{"reference": "Yes", "generation": text} for text in texts[1:]], measures=("calibration",))
    assert "of 2 answers that write of their confidence" in only(none, "answer_calibration_error").reason


def test_what_is_missing_is_said():
    nothing = only(measured([{"generation": "a"}] * 3, measures=("calibration",)), "answer_calibration_error")
    assert nothing.reason == "no record has a confidence, a likelihood or further answers"
    unknown = measured([{"generation": "a", "confidence": 0.5}] * 3, measures=("calibration",))
    one = only(unknown, "answer_calibration_error", variant="stated")
    assert "of no answer" in one.reason


@pytest.mark.slow
def test_the_interval_of_the_excess_holds_with_several_answers_of_a_patient():
    stream, held = np.random.default_rng(5), 0
    for _ in range(400):
        tilt = np.repeat(stream.normal(0, 0.15, 40), 4)
        sure = np.clip(stream.uniform(0.4, 1, 160), 0, 1)
        right = stream.random(160) < np.clip(sure - 0.1 + tilt, 0, 1)
        truth = 0.1
        data = Confidence(sure, right, np.ones(160, bool), np.repeat(np.arange(40), 4), 40)
        ends = data.excess(data.usable).bounds(0.95)
        held += ends.low <= truth <= ends.high
    assert 0.92 <= held / 400 <= 0.985
