"""Metrics made of shares against scikit-learn, the jackknife, the bootstrap and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from governance.statistics.confusion import (
    balanced_accuracy,
    f1_score,
    gating_ratio,
    net_benefit,
    ratio_interval,
    youden_index,
)

STEADY = settings(deadline=None, max_examples=60)
ROWS = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)), min_size=6, max_size=50).filter(
    lambda rows: all(len({row[2] for row in rows if row[1] == label}) >= 2 for label in (True, False))
)


def at_a_tenth(flagged, positive, clusters):
    return net_benefit(flagged, positive, clusters, 0.1)


METRICS = [balanced_accuracy, youden_index, f1_score, at_a_tenth]


def patients(seed, n=300, each=4, sensitivity=0.8, specificity=0.9):
    """Samples of patients whose outcomes resemble each other."""
    stream = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(n), each)
    positive = (stream.random(n) < 0.3)[clusters] ^ (stream.random(n * each) < 0.05)
    luck = np.where(stream.random(n * each) < 0.5, stream.random(n)[clusters], stream.random(n * each))
    return luck < np.where(positive, sensitivity, 1 - specificity), positive, clusters


@STEADY
@given(ROWS)
def test_values_agree_with_scikit_learn(rows):
    flagged, positive, clusters = (np.array(column) for column in zip(*rows, strict=True))
    expected = metrics.balanced_accuracy_score(positive, flagged)
    assert balanced_accuracy(flagged, positive, clusters).value == pytest.approx(expected, abs=1e-12)
    expected = metrics.balanced_accuracy_score(positive, flagged, adjusted=True)
    assert youden_index(flagged, positive, clusters).value == pytest.approx(expected, abs=1e-12)
    expected = metrics.f1_score(positive, flagged)
    assert f1_score(flagged, positive, clusters).value == pytest.approx(expected, abs=1e-12)


def test_net_benefit_agrees_with_its_definition_sample_by_sample():
    flagged, positive, clusters = patients(0)
    expected = np.mean(positive * flagged - (~positive) * flagged * 0.25)
    assert net_benefit(flagged, positive, clusters, 0.2).value == pytest.approx(expected, abs=1e-12)


def test_flagging_nobody_has_no_net_benefit_and_flagging_everybody_the_known_one():
    _, positive, clusters = patients(1)
    nobody = net_benefit(np.zeros(positive.size), positive, clusters, 0.2)
    everybody = net_benefit(np.ones(positive.size), positive, clusters, 0.2)
    assert nobody.value == 0
    assert everybody.value == pytest.approx(positive.mean() - (1 - positive.mean()) * 0.25, abs=1e-12)


@STEADY
@given(ROWS, st.sampled_from(METRICS), st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_hold_their_value_stay_in_range_and_keep_a_width(rows, metric, level):
    flagged, positive, clusters = (np.array(column) for column in zip(*rows, strict=True))
    estimate = metric(flagged, positive, clusters)
    assert estimate.influence.sum() == pytest.approx(0, abs=1e-9)
    if metric is f1_score and np.unique(clusters[flagged | positive]).size < 2:
        return
    found = ratio_interval(estimate, level)
    assert estimate.low <= found.low <= estimate.value + 1e-12
    assert estimate.value - 1e-12 <= found.high <= estimate.high
    assert found.high - found.low > 1e-6


@pytest.mark.parametrize("metric", METRICS)
def test_influence_is_how_much_leaving_a_patient_out_moves_the_value(metric):
    flagged, positive, clusters = patients(2)
    estimate = metric(flagged, positive, clusters)
    # A patient's weight taken off a little at a time: the derivative, by central differences of repeated samples.
    for patient in (0, 7, 131):
        keep = clusters != patient
        without = metric(flagged[keep], positive[keep], clusters[keep]).value
        twice = np.r_[np.arange(clusters.size), np.flatnonzero(~keep)]
        double = metric(flagged[twice], positive[twice], clusters[twice]).value
        assert (double - without) / 2 == pytest.approx(estimate.influence[patient], rel=0.02, abs=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_variance_agrees_with_a_brute_force_bootstrap_over_patients(metric):
    flagged, positive, clusters = patients(3)
    members = [np.flatnonzero(clusters == patient) for patient in range(300)]
    stream = np.random.default_rng(0)
    values = []
    for _ in range(1500):
        rows = np.concatenate([members[patient] for patient in stream.integers(0, 300, 300)])
        values.append(metric(flagged[rows], positive[rows], clusters[rows]).value)
    assert np.sqrt(metric(flagged, positive, clusters).variance) == pytest.approx(np.std(values), rel=0.08)


def test_copies_of_a_patients_samples_change_neither_variance_nor_interval_much():
    stream = np.random.default_rng(4)
    positive = stream.random(120) < 0.4
    flagged = stream.random(120) < np.where(positive, 0.8, 0.2)
    five = [np.repeat(array, 5) for array in (flagged, positive, np.arange(120))]
    for metric in METRICS:
        once, copies = metric(flagged, positive, np.arange(120)), metric(*five)
        assert copies.variance == pytest.approx(once.variance, rel=1e-9)
        one, many = ratio_interval(once), ratio_interval(copies)
        assert many.high - many.low == pytest.approx(one.high - one.low, rel=0.06)


def test_a_perfect_model_is_not_known_to_be_perfect():
    positive = np.arange(40) < 20
    for metric in METRICS:
        found = ratio_interval(metric(positive, positive, np.arange(40)))
        assert found.low < metric(positive, positive, np.arange(40)).value - 0.05


def test_patients_whose_errors_cancel_still_leave_a_width():
    clusters, positive = np.repeat(np.arange(10), 2), np.tile([True, False], 10)
    flagged = np.repeat(np.arange(10) < 5, 2)  # right about one sample of every patient, wrong about the other
    found = ratio_interval(balanced_accuracy(flagged, positive, clusters))
    assert found.low < 0.4
    assert found.high > 0.6
    assert "unvaried" in found.method


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("each", [1, 4])
def test_intervals_cover_the_truth_and_those_for_verdicts_seldom_lie_above_it(metric, each):
    exact = metric(*patients(999, n=300_000, each=each)).value
    covered = above = 0
    for seed in range(400):
        estimate = metric(*patients(seed, n=120, each=each))
        found = ratio_interval(estimate)
        covered += found.low <= exact <= found.high
        above += gating_ratio(estimate).low > exact
    assert 0.92 <= covered / 400 <= 0.99
    assert above / 400 <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 400)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: balanced_accuracy([1, 0], [1, 1], [0, 1]), "positives and negatives"),
        (lambda: f1_score([0, 0], [0, 0], [0, 1]), "flagged or positive"),
        (lambda: net_benefit([1, 0], [1, 0], [0, 1], 1.0), "between 0 and 1"),
        (lambda: net_benefit([], [], [], 0.5), "not empty"),
        (lambda: f1_score([1, 0], [1, 0, 1], [0, 1]), "equally long"),
        (lambda: ratio_interval(f1_score([1, 0], [1, 0], [0, 0])), "two independent clusters"),
    ],
)
def test_what_cannot_be_estimated_is_refused_with_the_reason(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()
