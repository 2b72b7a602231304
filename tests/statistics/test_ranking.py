"""AUROC and its intervals against scikit-learn, brute force, published figures and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from governance.statistics.bounds import normal_quantile
from governance.statistics.ranking import (
    auroc,
    auroc_interval,
    clustered_auroc,
    delong_variance,
    gating_auroc,
    gating_paired_auroc,
    paired_auroc_difference,
    paired_auroc_interval,
)

STEADY = settings(deadline=None, max_examples=60)

RANKED = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=4, max_size=40).filter(
    lambda rows: 2 <= sum(label for _, label in rows) <= len(rows) - 2
)


def arrays(rows):
    return np.array([row[0] for row in rows]) / 8, np.array([row[1] for row in rows])


def brute_force_delong(score, label):
    """DeLong's variance from its definition, a loop over all pairs."""
    above, below = score[label], score[~label]
    kernel = (above[:, None] > below) + 0.5 * (above[:, None] == below)
    value = kernel.mean()
    by_positive, by_negative = kernel.mean(axis=1), kernel.mean(axis=0)
    m, n = len(above), len(below)
    variance = ((by_positive - value) ** 2).sum() / (m - 1) / m + ((by_negative - value) ** 2).sum() / (n - 1) / n
    return value, variance


@STEADY
@given(RANKED)
def test_auroc_agrees_with_scikit_learn_ties_included(rows):
    score, label = arrays(rows)
    assert auroc(score, label) == pytest.approx(roc_auc_score(label, score), abs=1e-12)


@STEADY
@given(RANKED)
def test_delong_variance_agrees_with_its_definition(rows):
    score, label = arrays(rows)
    value, variance = brute_force_delong(score, label)
    assert auroc(score, label) == pytest.approx(value, abs=1e-12)
    assert delong_variance(score, label) == pytest.approx(variance, abs=1e-12)


@STEADY
@given(RANKED)
def test_with_one_sample_a_patient_obuchowski_is_delong(rows):
    score, label = arrays(rows)
    found = clustered_auroc(score, label, np.arange(len(score)))
    assert found.variance == pytest.approx(delong_variance(score, label), abs=1e-12)


def test_obuchowski_variance_agrees_with_its_definition():
    stream = np.random.default_rng(3)
    clusters = stream.integers(0, 30, 150)
    label = stream.random(150) < 0.4
    score = np.round(stream.normal(label + stream.normal(0, 1, 30)[clusters], 1), 1)
    above, below = score[label], score[~label]
    kernel = (above[:, None] > below) + 0.5 * (above[:, None] == below)
    value, m, n = kernel.mean(), label.sum(), (~label).sum()
    groups = np.unique(clusters)
    x = np.array([(kernel.mean(axis=1) - value)[clusters[label] == g].sum() for g in groups])
    y = np.array([(kernel.mean(axis=0) - value)[clusters[~label] == g].sum() for g in groups])
    p, q, i = np.unique(clusters[label]).size, np.unique(clusters[~label]).size, groups.size
    expected = (
        p / (p - 1) * (x**2).sum() / m / m
        + q / (q - 1) * (y**2).sum() / n / n
        + 2 * i / (i - 1) * (x * y).sum() / m / n
    )
    assert clustered_auroc(score, label, clusters).variance == pytest.approx(expected, abs=1e-12)


def test_copies_of_a_patients_sample_leave_the_variance_as_it_is():
    stream = np.random.default_rng(4)
    label = np.arange(80) < 30
    score = stream.normal(label, 1)
    once = clustered_auroc(score, label, np.arange(80))
    five = clustered_auroc(np.repeat(score, 5), np.repeat(label, 5), np.repeat(np.arange(80), 5))
    assert five.variance == pytest.approx(once.variance, abs=1e-12)


@STEADY
@given(RANKED, st.sampled_from([0.8, 0.95, 0.99]))
def test_an_interval_holds_its_estimate_and_keeps_a_width(rows, level):
    score, label = arrays(rows)
    estimate = clustered_auroc(score, label, np.arange(len(score)))
    found = auroc_interval(estimate, level)
    assert 0 <= found.low <= estimate.value <= found.high <= 1
    assert found.high - found.low > 1e-6


@STEADY
@given(RANKED)
def test_the_gating_interval_holds_the_estimate_keeps_a_width_and_mirrors(rows):
    score, label = arrays(rows)
    estimate = clustered_auroc(score, label, np.arange(len(score)))
    found = gating_auroc(estimate)
    assert 0 <= found.low <= estimate.value <= found.high <= 1
    assert found.high - found.low > 0.01
    mirrored = gating_auroc(clustered_auroc(-score, label, np.arange(len(score))))
    assert (found.low, found.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-9)


def test_few_positives_ranked_almost_perfectly_get_the_gating_interval():
    label = np.arange(330) < 30
    score = np.random.default_rng(7).normal(label * 2.5, 1)
    estimate = clustered_auroc(score, label, np.arange(330))
    assert auroc_interval(estimate) == gating_auroc(estimate)


@pytest.mark.parametrize(("positives", "negatives", "shift"), [(30, 300, 2.49), (60, 600, 1.5)])
def test_the_gating_interval_misses_rarely_where_the_usual_one_is_too_narrow(positives, negatives, shift):
    """AUROC .961 and .856; a lower bound above the truth is the error that lets a model pass wrongly."""
    from scipy.stats import norm

    truth, runs = norm.cdf(shift / np.sqrt(2)), 800
    score, label = binormal(np.random.default_rng(10), runs, positives, negatives, shift)
    estimates = [clustered_auroc(row, label, np.arange(label.size)) for row in score]
    assert np.mean([gating_auroc(estimate).low > truth for estimate in estimates]) <= 0.025
    assert np.mean([gating_auroc(estimate).high < truth for estimate in estimates]) <= 0.025


def test_perfect_ranking_gets_a_lower_bound_by_pairs_that_share_no_patient():
    label = np.arange(24) < 4
    found = auroc_interval(clustered_auroc(label.astype(float), label, np.arange(24)))
    assert found.high == 1.0
    assert found.low == pytest.approx(0.025 ** (1 / 4))
    assert "share no patient" in found.method


def test_patients_with_both_classes_form_half_as_many_pairs():
    label = np.tile([True, False], 10)
    found = clustered_auroc(label.astype(float), label, np.repeat(np.arange(10), 2))
    assert found.disjoint_pairs == 5


def test_constant_scores_are_chance_with_a_width():
    label = np.arange(20) < 10
    found = auroc_interval(clustered_auroc(np.zeros(20), label, np.arange(20)))
    assert found.low < 0.3
    assert found.high > 0.7


def test_one_positive_patient_gives_no_interval():
    label = np.arange(20) < 3
    estimate = clustered_auroc(np.linspace(1, 0, 20), label, np.r_[np.zeros(3), np.arange(1, 18)])
    with pytest.raises(ValueError, match="at least two clusters"):
        auroc_interval(estimate)


def test_a_class_that_is_missing_is_refused():
    with pytest.raises(ValueError, match="one positive and one negative"):
        auroc([0.1, 0.2], [1, 1])


def test_paired_difference_agrees_with_delongs_covariance():
    stream = np.random.default_rng(5)
    label = np.arange(120) < 50
    first = stream.normal(label, 1)
    second = 0.6 * first + stream.normal(0, 1, 120)
    structural = []
    for score in (first, second):
        kernel = (score[label][:, None] > score[~label]) + 0.5 * (score[label][:, None] == score[~label])
        structural.append((kernel.mean(axis=1), kernel.mean(axis=0)))
    contrast = np.array([1, -1])
    s10 = np.cov([structural[0][0], structural[1][0]])
    s01 = np.cov([structural[0][1], structural[1][1]])
    variance = contrast @ (s10 / 50 + s01 / 70) @ contrast
    found = paired_auroc_difference(first, second, label, np.arange(120))
    assert found.value == pytest.approx(auroc(first, label) - auroc(second, label), abs=1e-12)
    assert found.variance == pytest.approx(variance, abs=1e-12)


def test_a_difference_of_equal_rankings_is_zero_with_a_width():
    label = np.arange(60) < 20
    score = np.linspace(0, 1, 60)
    found = paired_auroc_difference(score, score**2, label, np.arange(60))
    interval = paired_auroc_interval(found)
    assert found.value == 0
    assert interval.low == -interval.high
    assert interval.high == pytest.approx(1 - 0.025 ** (1 / 20))


def test_a_fall_of_few_positives_seldom_escapes_the_gating_interval_of_a_difference():
    """Eight in a hundred positives lose their rank; the usual interval often lies above the fall that this means."""
    from scipy.stats import norm

    stream, runs, label, clusters = np.random.default_rng(11), 500, np.arange(130) < 30, np.arange(130)
    fall = -0.08 * (norm.cdf(2 / np.sqrt(2)) - 0.5)
    gating = usual = 0
    for _ in range(runs):
        before = stream.normal(label * 2.0, 1)
        after = np.where(label & (stream.random(130) < 0.08), stream.normal(0, 1, 130), before)
        difference = paired_auroc_difference(after, before, label, clusters)
        found = gating_paired_auroc(difference)
        assert found.low <= difference.value <= found.high
        gating += found.low > fall
        usual += paired_auroc_interval(difference).low > fall
    assert gating / runs <= 0.025
    assert usual / runs > 0.1


def test_exchanging_the_two_scores_mirrors_the_interval():
    stream = np.random.default_rng(6)
    label = np.arange(50) < 20
    first, second = stream.normal(label, 1), stream.normal(label, 2)
    one = paired_auroc_interval(paired_auroc_difference(first, second, label, np.arange(50)))
    two = paired_auroc_interval(paired_auroc_difference(second, first, label, np.arange(50)))
    assert (one.low, one.high) == pytest.approx((-two.high, -two.low))


def binormal(stream, runs, positives, negatives, shift):
    score = stream.normal(size=(runs, positives + negatives))
    score[:, :positives] += shift
    return score, np.arange(positives + negatives) < positives


@pytest.mark.parametrize(("positives", "negatives", "shift"), [(40, 120, 1.0), (60, 60, 0.8)])
def test_the_interval_covers_the_true_auroc_where_a_wald_interval_does_not_always(positives, negatives, shift):
    from scipy.stats import norm

    truth, runs = norm.cdf(shift / np.sqrt(2)), 1500
    score, label = binormal(np.random.default_rng(8), runs, positives, negatives, shift)
    covered = above = 0
    for row in score:
        found = auroc_interval(clustered_auroc(row, label, np.arange(label.size)))
        covered += found.low <= truth <= found.high
        above += found.low > truth
    assert 0.935 <= covered / runs <= 0.975
    assert above / runs <= 0.035  # the adverse side: a lower bound above the truth


def test_several_samples_a_patient_need_the_clustered_interval():
    """Each patient has four samples with an own shift; the independent interval is too narrow."""
    stream, runs, patients, each = np.random.default_rng(9), 600, 50, 4
    label = np.repeat(np.arange(patients) < 20, each)
    clusters = np.repeat(np.arange(patients), each)
    from scipy.stats import norm

    truth = norm.cdf(1.0 / np.sqrt(2 * (1 + 1)))  # shift 1, variance 1 within and 1 between patients
    q = normal_quantile(0.95)
    clustered = naive = 0
    for _ in range(runs):
        score = stream.normal(label * 1.0, 1) + np.repeat(stream.normal(0, 1, patients), each)
        found = auroc_interval(clustered_auroc(score, label, clusters))
        clustered += found.low <= truth <= found.high
        value, half = auroc(score, label), q * np.sqrt(delong_variance(score, label))
        naive += value - half <= truth <= value + half
    assert 0.93 <= clustered / runs <= 0.985
    assert naive / runs < 0.88
