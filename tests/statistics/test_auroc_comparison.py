"""Tests of two AUROCs against their definitions, SciPy's Welch test, and their error rate."""

import numpy as np
import pytest
from scipy import stats

from governance.statistics.auroc_comparison import paired_auroc_test, unpaired_auroc_test
from governance.statistics.ranking import clustered_auroc, paired_auroc_difference


def kernel(score, label):
    above, below = score[label][:, None], score[~label]
    return (above > below) + 0.5 * (above == below)


def test_paired_statistic_and_p_value_agree_with_delongs_definition():
    stream = np.random.default_rng(0)
    label = np.arange(150) < 60
    first = stream.normal(label * 1.2, 1)
    second = np.round(0.5 * first + stream.normal(0, 1, 150), 1)
    one, two = kernel(first, label), kernel(second, label)
    s10 = np.cov(one.mean(axis=1), two.mean(axis=1))
    s01 = np.cov(one.mean(axis=0), two.mean(axis=0))
    contrast = np.array([1, -1])
    expected = (one.mean() - two.mean()) / np.sqrt(contrast @ (s10 / 60 + s01 / 90) @ contrast)
    found = paired_auroc_test(paired_auroc_difference(first, second, label, np.arange(150)))
    assert found.statistic == pytest.approx(expected, abs=1e-9)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(expected), 59), abs=1e-9)


def test_paired_test_of_large_samples_gives_delongs_normal_p_value():
    stream = np.random.default_rng(1)
    label = np.arange(40_000) < 20_000
    first, second = stream.normal(label, 1), stream.normal(label * 0.98, 1)
    found = paired_auroc_test(paired_auroc_difference(first, second, label, np.arange(label.size)))
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(found.statistic)), abs=1e-4)


def test_copies_of_samples_do_not_make_a_difference_more_certain():
    stream = np.random.default_rng(2)
    label, clusters = np.arange(80) < 30, np.arange(80)
    first, second = stream.normal(label * 1.5, 1), stream.normal(label * 0.7, 1)
    once = paired_auroc_test(paired_auroc_difference(first, second, label, clusters))
    five = paired_auroc_test(
        paired_auroc_difference(*(np.repeat(array, 5) for array in (first, second, label, clusters)))
    )
    assert five.p_value == pytest.approx(once.p_value, abs=1e-12)


def test_unpaired_test_is_welchs_test_of_placements_where_negatives_are_fixed():
    """With far more negatives than positives only the placements of the positives vary: SciPy's Welch test."""
    stream = np.random.default_rng(3)
    groups, placements = [], []
    for positives, shift in ((40, 1.0), (70, 0.4)):
        score = np.r_[stream.normal(shift, 1, positives), stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)]
        label = np.arange(score.size) < positives
        groups.append(clustered_auroc(score, label, np.arange(score.size)))
        placements.append(stats.norm.cdf(score[:positives]))
    expected = stats.ttest_ind(*placements, equal_var=False)
    found = unpaired_auroc_test(*groups)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-3)
    assert found.freedom == pytest.approx(expected.df, rel=2e-3)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-4)


def test_unpaired_statistic_agrees_with_its_definition():
    stream = np.random.default_rng(4)
    groups, values, variances = [], [], []
    for positives, negatives in ((30, 50), (45, 35)):
        label = np.arange(positives + negatives) < positives
        score = np.round(stream.normal(label, 1), 1)
        pairs = kernel(score, label)
        values.append(pairs.mean())
        variances.append(pairs.mean(axis=1).var(ddof=1) / positives + pairs.mean(axis=0).var(ddof=1) / negatives)
        groups.append(clustered_auroc(score, label, np.arange(label.size)))
    found = unpaired_auroc_test(*groups)
    assert found.statistic == pytest.approx((values[0] - values[1]) / np.sqrt(sum(variances)), abs=1e-9)
    freedom = sum(variances) ** 2 / (variances[0] ** 2 / 29 + variances[1] ** 2 / 34)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(found.statistic), freedom), abs=1e-9)


def test_equal_rankings_do_not_differ():
    label = np.arange(40) < 20
    score = np.linspace(0, 1, 40)
    assert paired_auroc_test(paired_auroc_difference(score, score**3, label, np.arange(40))).p_value == 1


def test_a_ranking_that_is_wholly_reversed_differs_by_the_sign_test():
    label = np.arange(24) < 4
    found = paired_auroc_test(paired_auroc_difference(label * 1.0, label * -1.0, label, np.arange(24)))
    assert (found.difference, found.p_value) == (1.0, 2 * 0.5**4)


def test_one_positive_patient_cannot_be_tested():
    label, clusters = np.arange(20) < 3, np.r_[np.zeros(3), np.arange(1, 18)]
    one = clustered_auroc(np.linspace(1, 0, 20), label, clusters)
    with pytest.raises(ValueError, match="at least two clusters"):
        unpaired_auroc_test(one, one)


def test_both_tests_reject_true_hypotheses_in_about_one_of_twenty():
    stream, runs = np.random.default_rng(5), 1500
    label = np.arange(120) < 40
    paired = unpaired = 0
    for _ in range(runs):
        common = stream.normal(label, 1)
        first, second = (common + stream.normal(0, 0.7, 120) for _ in range(2))
        paired += paired_auroc_test(paired_auroc_difference(first, second, label, np.arange(120))).p_value < 0.05
        other = stream.normal(label, np.sqrt(1.49))
        unpaired += (
            unpaired_auroc_test(
                clustered_auroc(first, label, np.arange(120)), clustered_auroc(other, label, np.arange(120))
            ).p_value
            < 0.05
        )
    assert 0.035 <= paired / runs <= 0.065
    assert 0.035 <= unpaired / runs <= 0.065
