"""Means and differences against SciPy, statsmodels and published figures."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from governance.statistics.clusters import correlation
from governance.statistics.differences import mover_difference, paired_difference
from governance.statistics.means import clustered_mean, mean_interval
from governance.statistics.proportions import wilson

STEADY = settings(deadline=None, max_examples=60)


def test_one_sample_a_cluster_is_the_usual_t_interval():
    values = np.random.default_rng(0).normal(3, 2, 25)
    found = mean_interval(clustered_mean(values, np.arange(25)))
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_clustered_variance_agrees_with_statsmodels():
    stream = np.random.default_rng(1)
    clusters = stream.integers(0, 20, 200)
    values = stream.normal(0, 1, 200) + stream.normal(0, 1, 20)[clusters]
    fit = sm.OLS(values, np.ones(200)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": True}, use_t=True
    )
    found = clustered_mean(values, clusters)
    # statsmodels adds the factor (n - 1) / (n - k), which is 1 for a mean.
    assert found.variance == pytest.approx(float(fit.cov_params()[0, 0]), rel=1e-9)
    interval = mean_interval(found)
    assert (interval.low, interval.high) == pytest.approx(tuple(fit.conf_int()[0]), abs=1e-9)


def test_equal_values_keep_a_width_inside_their_range():
    found = mean_interval(clustered_mean(np.full(30, 0.0), np.arange(30)), low=0, high=1)
    assert found.low == 0
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 30))


def test_equal_values_without_a_range_have_no_interval():
    with pytest.raises(ValueError, match="no known range"):
        mean_interval(clustered_mean(np.full(30, 0.2), np.arange(30)))


def test_newcombe_gives_the_published_example():
    # Newcombe (1998), Stat. Med. 17, 873, example (a), 56/70 - 48/80, method 10: 0.0524 to 0.3339.
    found = mover_difference(56 / 70, wilson(56, 70), 48 / 80, wilson(48, 80))
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)


@STEADY
@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_newcombe_agrees_with_statsmodels(first, second, data):
    a, b = data.draw(st.integers(0, first)), data.draw(st.integers(0, second))
    low, high = confint_proportions_2indep(a, first, b, second, method="newcomb", compare="diff")
    found = mover_difference(a / first, wilson(a, first), b / second, wilson(b, second))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_positive_correlation_narrows_a_difference():
    bounds = wilson(30, 50)
    independent = mover_difference(0.6, bounds, 0.6, bounds)
    correlated = mover_difference(0.6, bounds, 0.6, bounds, correlation=0.8)
    assert correlated.high - correlated.low < independent.high - independent.low


def test_groups_without_shared_patients_are_not_correlated():
    assert correlation(np.array([1.0, -1.0, 0, 0]), np.array([0, 0, 0.5, -0.5])) == 0


def test_paired_difference_is_the_paired_t_test():
    stream = np.random.default_rng(2)
    first, second = stream.random(40), stream.random(40)
    value, found = paired_difference(first, second, np.arange(40))
    expected = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert value == pytest.approx(float((first - second).mean()))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_no_changed_sample_still_leaves_room_for_change():
    value, found = paired_difference(np.ones(50), np.ones(50), np.arange(50))
    assert value == 0
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 50))
    assert found.low == -found.high
