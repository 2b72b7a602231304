"""The hierarchy of Med-HallMark: exact labels, unread ones shown and kept, weights that are looked at."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_answers import labelled, measured, only

from evaluators.hallucination.recorded import GenerationsEvaluationOptions
from evaluators.hallucination.recorded.hierarchy import other_weights
from evaluators.hallucination.recorded.labels import read_label

WEIGHTS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@pytest.mark.parametrize(
    ("written", "label"),
    [
        (0, 0), ("5", 5), ("Catastrophic Hallucinations", 0), ("prompt-induced  hallucinations.", 3),
        ("Correct Statements", 5), ("MINOR", 4), (6, None), ("not catastrophic", None), (True, None),
        ("catastrophic or critical", None), ("", None), (None, None), ("The answer is correct", None), ("55", None),
    ],
)  # fmt: skip
def test_only_exact_labels_are_read(written, label):
    assert read_label(written) == label


def test_the_score_is_the_mean_weight_and_unread_labels_stay_in_the_denominator():
    labels = [0, 1, 2, 3, 4, 5, "catastrophic or not", "Correct Statements"]
    found = measured([labelled(label, n) for n, label in enumerate(labels)])
    score = only(found, "medihall_score", judge="human")
    assert score.n == 8
    assert score.value == pytest.approx((0 + 0.2 + 0.4 + 0.6 + 0.8 + 1 + 0 + 1) / 8)
    told = score.method.parameters
    assert told["unparsed_in_denominator"] == 1
    assert told["if_unparsed_were_correct"] == pytest.approx(score.value + 1 / 8)
    assert "catastrophic or not" in told["unparsed_labels"]
    assert "inferred" in told["weight_of_prompt_induced"]
    shares = {
        name: only(found, "hallucination_label_share", judge="human", target_class=name).value
        for name in ("catastrophic", "critical", "attribute", "prompt-induced", "minor", "correct", "unparsed")
    }
    assert shares["unparsed"] == 1 / 8
    assert shares["correct"] == 2 / 8
    assert sum(shares.values()) == pytest.approx(1)


def test_records_without_a_label_are_left_out_counted_and_bounded():
    found = measured([labelled(5, n) for n in range(6)] + [{"generation": "x"}] * 2, broken=["line 9: not JSON"])
    score = only(found, "medihall_score", judge="human")
    assert (score.value, score.n) == (1.0, 6)
    assert score.method.parameters["unlabelled_left_out"] == 2
    assert score.method.parameters["if_unlabelled_were_catastrophic"] == 0.75
    assert only(found, "label_share", judge="human").value == pytest.approx(6 / 9)
    readable = only(found, "readable_share")
    assert (readable.events, readable.n) == (8, 9)
    assert readable.method.parameters["broken"] == "line 9: not JSON"
    assert readable.interval is None


def test_the_score_of_reports_is_the_mean_over_reports_of_the_mean_over_sentences():
    reports = [
        {"image_id": "a", "generation": "x", "sentence_labels": ["correct", "correct", "catastrophic", "critical"]},
        {"image_id": "b", "generation": "x", "sentence_labels": ["minor"]},
        {"image_id": "c", "generation": "x", "sentence_labels": ["attribute", "who knows"]},
    ]
    score = only(measured(reports), "medihall_report_score", judge="human")
    assert score.value == pytest.approx(np.mean([2.2 / 4, 0.8, 0.2]))
    assert score.method.parameters["sentences"] == 7
    assert score.method.parameters["sentences_unparsed"] == 1


@given(st.lists(st.integers(0, 5), min_size=4, max_size=40), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_no_weights_that_never_fall_leave_the_range_that_is_given(labels, inner):
    chosen = (0.0, *sorted(inner), 1.0)
    named = other_weights(WEIGHTS)
    scores = {name: np.mean([weights[label] for label in labels]) for name, weights in named.items()}
    low, high = scores["only correct counts (lowest of all)"], scores["all but catastrophic counts (highest of all)"]
    assert low - 1e-12 <= np.mean([chosen[label] for label in labels]) <= high + 1e-12
    assert all(list(weights) == sorted(weights) for weights in named.values())


def test_scores_at_other_weights_are_points_of_the_same_number():
    found = measured([labelled(label, n) for n, label in enumerate([0, 1, 3, 3, 5, 5])])
    points = {m.curve["weights"]: m.value for m in found if m.metric == "medihall_score" and m.curve}
    assert points["only correct counts (lowest of all)"] == pytest.approx(2 / 6)
    assert points["all but catastrophic counts (highest of all)"] == pytest.approx(5 / 6)
    assert points["prompt-induced as attribute"] == pytest.approx((0.2 + 0.8 + 2) / 6)


def test_questions_on_one_image_widen_the_interval():
    stream = np.random.default_rng(1)
    per_image = stream.integers(0, 2, 40) * 5
    alone = [labelled(int(label), n) for n, label in enumerate(np.repeat(per_image, 5))]
    together = [labelled(int(label), n // 5) for n, label in enumerate(np.repeat(per_image, 5))]
    one, five = (only(measured(items), "medihall_score", judge="human") for items in (alone, together))
    assert one.value == five.value
    assert five.interval.high - five.interval.low > 2 * (one.interval.high - one.interval.low)
    assert (one.n_clusters, five.n_clusters) == (200, 40)


def test_task_types_and_groups_are_given_apart_with_their_gap():
    items = [
        labelled(5 if n % 2 else 0, n, task_type="one" if n < 40 else "two", attributes={"sex": "F" if n % 2 else "M"})
        for n in range(80)
    ]
    found = measured(items, attributes=("sex",))
    assert {m.variant for m in found if m.metric == "medihall_score"} == {None, "one", "two"}
    assert only(found, "medihall_score", judge="human", slice={"sex": "F"}).value == 1
    (gap,) = [m for m in found if m.metric == "medihall_score" and m.estimand == "difference" and m.variant is None]
    assert gap.value == pytest.approx(-1)
    assert gap.interval is not None
    assert only(found, "accuracy_equality_difference", over="sex").value == 1


def test_a_file_without_labels_says_so():
    score = only(measured([{"generation": "x"}] * 3), "medihall_score", judge="human")
    assert score.reason == "none of 3 entries has a label"


@pytest.mark.parametrize("weights", [(0, 0.5, 1), (0, 0.4, 0.2, 0.6, 0.8, 1), (0.5,) * 6])
def test_weights_that_fall_or_do_not_differ_are_refused(weights):
    with pytest.raises(ValueError, match="six numbers"):
        GenerationsEvaluationOptions(on="a", weights=weights)
