"""Paired comparisons against statsmodels, enumeration, DeLong's interval and simulation."""

import itertools

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar as reference

from governance.statistics.differences import paired_difference
from governance.statistics.paired import (
    clustered_mcnemar,
    mcnemar,
    paired_bootstrap,
    weighted_difference,
)
from governance.statistics.ranking import paired_auroc_difference, paired_auroc_interval


def outcomes(b, c, both=5):
    """Two models, of which the first alone is right about b samples and the second alone about c."""
    return np.r_[np.ones(both + b), np.zeros(c)], np.r_[np.ones(both), np.zeros(b), np.ones(c)]


def patients(stream, n, each, gain=0.0):
    """Two models whose successes resemble each other within patients; the second is right more often by `gain`."""
    clusters = np.repeat(np.arange(n), each)
    first, second = (
        np.where(stream.random(n * each) < 0.7, stream.random(n)[clusters], stream.random(n * each)) < share
        for share in (0.7, 0.7 + gain)
    )
    return first, second, clusters


@pytest.mark.parametrize(("b", "c"), [(0, 0), (0, 1), (3, 9), (12, 12), (40, 20), (0, 15)])
def test_mcnemar_agrees_with_statsmodels(b, c):
    first, second = outcomes(b, c)
    table = [[5, b], [c, 0]]
    assert mcnemar(first, second).p_value == pytest.approx(reference(table, exact=True).pvalue, abs=1e-9)
    if b + c == 0:
        return  # statsmodels divides by 0
    for form, correction in (("asymptotic", False), ("asymptotic with continuity correction", True)):
        expected = reference(table, exact=False, correction=correction).pvalue
        if correction and b == c:
            expected = 1.0  # statsmodels corrects a difference of 0 to one of 1
        assert mcnemar(first, second, form).p_value == pytest.approx(expected, abs=1e-9)


def test_mid_p_counts_half_of_what_was_observed():
    # b = 1, c = 7 by hand: the exact tails have 9 / 256 each, of which the observed counts have 8 / 256.
    first, second = outcomes(1, 7)
    assert mcnemar(first, second).p_value == pytest.approx(18 / 256)
    assert mcnemar(first, second, "mid-p").p_value == pytest.approx(10 / 256)
    assert mcnemar(*outcomes(6, 6), "mid-p").p_value == pytest.approx(1)


def test_with_one_sample_a_patient_the_clustered_test_is_mcnemars():
    stream = np.random.default_rng(0)
    for n in (8, 60, 300):
        first, second = stream.random(n) < 0.7, stream.random(n) < 0.6
        whole = mcnemar(first, second)
        found = clustered_mcnemar(first, second, np.arange(n))
        assert found.p_value == pytest.approx(whole.p_value, abs=1e-12)
        assert (found.first_only, found.second_only) == (whole.first_only, whole.second_only)


def test_the_exact_clustered_test_agrees_with_enumeration():
    stream = np.random.default_rng(1)
    for _ in range(20):
        clusters = stream.integers(0, 9, 30)
        first, second = stream.random(30) < 0.7, stream.random(30) < 0.4
        by_patient = [
            int((first[clusters == k].astype(int) - second[clusters == k]).sum()) for k in np.unique(clusters)
        ]
        signs = np.array(list(itertools.product([-1, 1], repeat=len(by_patient))))
        expected = np.mean(np.abs(signs @ by_patient) >= abs(sum(by_patient)))
        assert clustered_mcnemar(first, second, clusters).p_value == pytest.approx(expected, abs=1e-12)


def test_the_asymptotic_clustered_test_agrees_with_its_definition():
    first, second, clusters = patients(np.random.default_rng(2), 40, 5, gain=0.05)
    d = np.array([(first[clusters == k].astype(int) - second[clusters == k]).sum() for k in range(40)])
    z = d.mean() / np.sqrt((d**2).sum() / (40 - 1) / 40)
    expected = 2 * norm.sf(abs(z))
    assert clustered_mcnemar(first, second, clusters, "asymptotic").p_value == pytest.approx(expected, abs=1e-12)


def test_clustered_tests_keep_their_level_where_mcnemars_does_not():
    stream, exact, asymptotic, naive = np.random.default_rng(3), 0, 0, 0
    for _ in range(400):
        first, second, clusters = patients(stream, 40, 6)
        exact += clustered_mcnemar(first, second, clusters).p_value <= 0.05
        asymptotic += clustered_mcnemar(first, second, clusters, "asymptotic").p_value <= 0.05
        naive += mcnemar(first, second).p_value <= 0.05
    bound = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert 0.02 < exact / 400 <= bound
    assert 0.02 < asymptotic / 400 <= bound
    assert naive / 400 > 0.15


def test_models_that_never_differ_are_no_evidence_of_a_difference():
    assert clustered_mcnemar(np.ones(6), np.ones(6), [0, 0, 1, 1, 2, 2]).p_value == 1
    with pytest.raises(ValueError, match="two independent clusters"):
        clustered_mcnemar([1, 0], [0, 0], [0, 0])


@pytest.mark.parametrize("form", ["percentile", "basic", "bca"])
def test_the_bootstrap_of_a_share_agrees_with_its_t_interval(form):
    first, second, clusters = patients(np.random.default_rng(4), 300, 3, gain=0.05)
    sums = np.bincount(clusters, weights=first.astype(float) - second)
    sizes = np.bincount(clusters)
    found = paired_bootstrap(lambda w: (w @ sums) / (w @ sizes), 300, form=form, seed=1)
    value, expected = paired_difference(first, second, clusters)
    assert found.value == pytest.approx(value, abs=1e-12)
    width = expected.high - expected.low
    assert found.bounds.low == pytest.approx(expected.low, abs=0.08 * width)
    assert found.bounds.high == pytest.approx(expected.high, abs=0.08 * width)
    assert found.bounds.method.startswith("paired cluster bootstrap")


def test_the_bootstrap_of_an_auroc_difference_agrees_with_delong_obuchowski():
    stream = np.random.default_rng(5)
    clusters, label = np.repeat(np.arange(150), 2), stream.random(300) < 0.4
    first = stream.normal(1.5 * label)
    second = first + stream.normal(0, 0.8, 300)

    def weighted_auroc(score, weights):
        return roc_auc_score(label, score, sample_weight=weights)

    difference = weighted_difference(weighted_auroc, first, second, clusters)
    found = paired_bootstrap(difference, 150, replicates=600, seed=2)
    exact = paired_auroc_difference(first, second, label, clusters)
    expected = paired_auroc_interval(exact)
    assert found.value == pytest.approx(exact.value, abs=1e-9)
    assert found.bounds.high - found.bounds.low == pytest.approx(expected.high - expected.low, rel=0.15)


def test_a_difference_that_never_varies_gets_the_width_of_what_was_not_seen():
    def nothing(weights):
        return np.zeros(len(weights))

    found = paired_bootstrap(nothing, 30, span=1.0)
    assert found.bounds.low == pytest.approx(-(1 - 0.025 ** (1 / 30)))
    with pytest.raises(ValueError, match="range is not known"):
        paired_bootstrap(nothing, 30)


def test_a_metric_without_a_value_in_many_replicates_has_no_interval():
    def seldom(weights):
        return np.where(weights[:, 0] > 1, weights[:, 1], np.nan)

    with pytest.raises(ValueError, match="lack a value"):
        paired_bootstrap(seldom, 30)
