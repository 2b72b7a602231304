"""Means and differences against SciPy, statsmodels and published figures."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from governance.statistics.clusters import correlation
from governance.statistics.differences import gating_paired_difference, mover_difference, paired_difference
from governance.statistics.means import clustered_mean, gating_mean, mean_interval
from governance.statistics.proportions import clopper_pearson, wilson

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


def test_the_gating_mean_of_zeros_and_ones_is_clopper_pearson():
    found, exact = gating_mean(np.arange(40) < 31, np.arange(40)), clopper_pearson(31, 40)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_a_gating_mean_is_narrower_for_values_that_vary_less_and_moves_with_its_range():
    values = np.random.default_rng(3).beta(8, 2, 60)
    found, binary = gating_mean(values, np.arange(60)), clopper_pearson(values.mean() * 60, 60)
    assert binary.low < found.low < values.mean() < found.high < binary.high
    scaled = gating_mean(10 + 5 * values, np.arange(60), low=10, high=15)
    assert (scaled.low, scaled.high) == pytest.approx((10 + 5 * found.low, 10 + 5 * found.high))


def test_a_gating_mean_refuses_values_outside_its_range():
    with pytest.raises(ValueError, match="outside"):
        gating_mean([0.2, 1.4], [0, 1])


def test_the_gating_mean_of_skewed_values_misses_less_than_the_t_interval():
    stream, runs, truth = np.random.default_rng(4), 1000, 2 / 2.3
    rows, codes = stream.beta(2, 0.3, (runs, 30)), np.arange(30)
    gating = [gating_mean(row, codes).low > truth for row in rows]
    usual = [mean_interval(clustered_mean(row, codes), low=0, high=1).low > truth for row in rows]
    assert np.mean(gating) <= 0.025
    assert np.mean(usual) > 0.045


@pytest.mark.parametrize(("patients", "missed"), [(30, 0.08), (100, 0.03), (500, 0.03)])
def test_a_few_masks_that_missed_the_object_seldom_escape_the_gating_mean(patients, missed):
    """Overlaps of about 0.9, a few of them 0: samples with too few of these look better and surer than they are."""
    stream, runs, truth, codes = np.random.default_rng(7), 1000, (1 - missed) * 0.9, np.arange(patients)
    rows = stream.beta(18, 2, (runs, patients)) * (stream.random((runs, patients)) >= missed)
    gating = [gating_mean(row, codes) for row in rows]
    usual = [mean_interval(clustered_mean(row, codes), low=0, high=1).low > truth for row in rows]
    assert np.mean([bounds.low > truth for bounds in gating]) <= 0.025
    assert np.mean([bounds.high < truth for bounds in gating]) <= 0.025
    assert np.mean(usual) > 0.035


@pytest.mark.parametrize(("patients", "each"), [(100, 1), (50, 4)])
def test_a_fall_at_the_margin_seldom_passes_on_the_gating_interval_of_a_paired_difference(patients, each):
    """Five in a hundred samples turn wrong, of which a pass with a margin of five points would know nothing."""
    stream, runs = np.random.default_rng(5), 1000
    codes, before = np.repeat(np.arange(patients), each), np.ones(patients * each)
    gating = usual = 0
    for _ in range(runs):
        together = (stream.random(patients) < 0.5)[codes]
        chance = np.where(together, stream.random(patients)[codes], stream.random(before.size))
        after = (chance >= 0.05).astype(float)
        gating += gating_paired_difference(after, before, codes).low > -0.05
        usual += paired_difference(after, before, codes)[1].low > -0.05
    assert gating / runs <= 0.025
    assert usual / runs > 0.08


def test_the_gating_interval_of_a_paired_difference_holds_it_and_mirrors():
    stream = np.random.default_rng(6)
    first, second, codes = stream.random(60), stream.random(60), np.arange(60)
    found, mirrored = gating_paired_difference(first, second, codes), gating_paired_difference(second, first, codes)
    assert found.low < (first - second).mean() < found.high
    assert (found.low, found.high) == pytest.approx((-mirrored.high, -mirrored.low))
    assert gating_paired_difference(first, first, codes).high > 0.01
