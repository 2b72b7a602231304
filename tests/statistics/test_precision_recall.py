"""Average precision and partial AUROC against scikit-learn, numerical derivatives, the bootstrap and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.metrics import average_precision_score, roc_auc_score

from governance.statistics.precision_recall import (
    average_precision,
    average_precision_interval,
    gating_average_precision,
    gating_partial_auroc,
    lowest_average_precision,
    partial_auroc,
    partial_auroc_interval,
)
from governance.statistics.ranking import clustered_auroc

STEADY = settings(deadline=None, max_examples=80)
RANKED = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=4, max_size=40).filter(
    lambda rows: 2 <= sum(label for _, label in rows) <= len(rows) - 2
)
ENDS = st.sampled_from([0.05, 0.1, 0.25, 0.6, 1.0])


def arrays(rows):
    return np.array([row[0] for row in rows]) / 8, np.array([row[1] for row in rows])


def patients(stream, n, each=1, prevalence=0.3, shift=1.5):
    clusters = np.repeat(np.arange(n), each)
    label = (stream.random(n) < prevalence)[clusters] ^ (stream.random(n * each) < 0.03)
    score = stream.normal(shift * label) * 0.8 + stream.normal(size=n)[clusters] * 0.6
    return score, label, clusters


def up_to_a_fifth(score, label, clusters):
    return partial_auroc(score, label, clusters, 0.2)


METRICS = [
    (average_precision, average_precision_interval, gating_average_precision),
    (up_to_a_fifth, partial_auroc_interval, gating_partial_auroc),
]


@STEADY
@given(RANKED)
def test_average_precision_agrees_with_scikit_learn_ties_included(rows):
    score, label = arrays(rows)
    found = average_precision(score, label, np.arange(len(score)))
    assert found.value == pytest.approx(average_precision_score(label, score), abs=1e-12)


@STEADY
@given(RANKED, ENDS)
def test_partial_auroc_agrees_with_scikit_learn_ties_included(rows, end):
    score, label = arrays(rows)
    found = partial_auroc(score, label, np.arange(len(score)), end)
    # At 1 scikit-learn gives the AUROC itself, which standardising leaves as it is.
    assert found.value == pytest.approx(roc_auc_score(label, score, max_fpr=end), abs=1e-12)


def test_the_raw_area_is_what_the_standardised_one_is_made_of():
    score, label, clusters = patients(np.random.default_rng(0), 200)
    raw = partial_auroc(score, label, clusters, 0.1, "raw")
    standardised = partial_auroc(score, label, clusters, 0.1)
    assert standardised.value == pytest.approx((1 + (raw.value - 0.005) / (0.1 - 0.005)) / 2, abs=1e-12)
    ends, scaled = partial_auroc_interval(raw), partial_auroc_interval(standardised)
    assert scaled.low == pytest.approx((1 + (ends.low - 0.005) / 0.095) / 2, abs=1e-12)
    assert 0 <= ends.low < raw.value < ends.high <= 0.1


def test_the_whole_range_has_the_influence_of_the_auroc():
    score, label, clusters = patients(np.random.default_rng(1), 60, each=3)
    score = np.round(score, 1)
    found, whole = partial_auroc(score, label, clusters, 1.0, "raw"), clustered_auroc(score, label, clusters)
    assert found.influence == pytest.approx(whole.influence, abs=1e-12)


@pytest.mark.parametrize("metric", [average_precision, up_to_a_fifth])
def test_influence_is_the_derivative_by_the_weight_of_a_patient(metric):
    score, label, clusters = patients(np.random.default_rng(2), 25, each=2)
    score = np.round(score, 1)
    estimate = metric(score, label, clusters)
    assert estimate.influence.sum() == pytest.approx(0, abs=1e-12)
    copies = 400  # one more among so many copies of everyone is a small change of weight

    def weighed(patient, extra):
        times = np.full(clusters.size, copies) + np.where(clusters == patient, extra, 0)
        return metric(np.repeat(score, times), np.repeat(label, times), np.repeat(clusters, times)).value

    for patient in range(0, 25, 4):
        slope = (weighed(patient, 1) - weighed(patient, -1)) / 2 * copies
        assert slope == pytest.approx(estimate.influence[patient], rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("metric", [average_precision, up_to_a_fifth])
def test_variance_agrees_with_a_brute_force_bootstrap_over_patients(metric):
    score, label, clusters = patients(np.random.default_rng(3), 400, each=2)
    members = clusters.reshape(400, 2) * 2 + np.arange(2)
    stream = np.random.default_rng(0)
    drawn = [members[stream.integers(0, 400, 400)].ravel() for _ in range(800)]
    values = [metric(score[rows], label[rows], clusters[rows]).value for rows in drawn]
    assert np.sqrt(metric(score, label, clusters).variance) == pytest.approx(np.std(values), rel=0.1)


@STEADY
@given(RANKED, ENDS, st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_hold_their_estimate_and_keep_a_width(rows, end, level):
    score, label = arrays(rows)
    for estimate, interval in (
        (average_precision(score, label, np.arange(len(score))), average_precision_interval),
        (partial_auroc(score, label, np.arange(len(score)), end), partial_auroc_interval),
    ):
        found = interval(estimate, level)
        assert estimate.low - 1e-12 <= found.low <= estimate.value + 1e-12
        assert estimate.value - 1e-12 <= found.high <= estimate.high + 1e-12
        assert found.high - found.low > 1e-6


@pytest.mark.parametrize(("metric", "interval", "gating"), METRICS)
@pytest.mark.parametrize(
    ("n", "each", "prevalence", "shift"), [(300, 1, 0.1, 1.5), (100, 4, 0.3, 1.0), (80, 1, 0.5, 2)]
)
def test_intervals_cover_and_those_for_verdicts_seldom_lie_above_the_truth(
    metric, interval, gating, n, each, prevalence, shift
):
    stream = np.random.default_rng(4)
    exact = metric(*patients(stream, 400_000 // each, each, prevalence, shift)).value
    covered = above = 0
    for _ in range(600):
        estimate = metric(*patients(stream, n, each, prevalence, shift))
        found = interval(estimate)
        covered += found.low <= exact <= found.high
        above += gating(estimate).low > exact
    assert 0.925 <= covered / 600 <= 0.99
    assert above / 600 <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 600)


@pytest.mark.parametrize(("auroc", "prevalence"), [(0.99, 0.2), (0.9, 0.3), (0.8, 0.5), (0.7, 0.1)])
def test_lowest_average_precision_agrees_with_numerical_minimisation(auroc, prevalence):
    recall = (np.arange(60) + 0.5) / 60

    def precision(false):
        return np.mean(prevalence * recall / (prevalence * recall + (1 - prevalence) * false))

    start = np.full(60, 1 - auroc)
    best = minimize(
        precision,
        start,
        bounds=[(0, None)] * 60,
        constraints={"type": "eq", "fun": lambda false: false.mean() - (1 - auroc)},
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    assert lowest_average_precision(auroc, prevalence) == pytest.approx(best.fun, abs=0.01)


def test_a_perfect_ranking_has_an_average_precision_of_one_with_a_lower_bound():
    label = np.arange(100) < 50
    estimate = average_precision(label.astype(float), label, np.arange(100))
    found = average_precision_interval(estimate)
    assert estimate.value == 1
    assert found.high == 1
    assert 0.7 < found.low < 0.95
    few = average_precision(label[40:60].astype(float), label[40:60], np.arange(20))
    assert average_precision_interval(few).low < found.low


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: average_precision([0.1, 0.2], [1, 1], [0, 1]), "at least one positive"),
        (lambda: partial_auroc([0.1, 0.2], [0, 1], [0, 1], 0.0), "above 0"),
        (lambda: average_precision([0.1, 0.2], [0, 1], [0]), "equally long"),
        (lambda: average_precision_interval(average_precision([0.1, 0.2, 0.3], [0, 1, 1], [0, 1, 2])), "two clusters"),
    ],
)
def test_what_cannot_be_estimated_is_refused_with_the_reason(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()
