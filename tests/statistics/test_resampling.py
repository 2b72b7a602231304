"""Bootstrap weights, and intervals beside SciPy's on the same replicates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from governance.statistics.resampling import (
    basic_interval,
    bca_interval,
    cluster_weights,
    jackknife_weights,
    percentile_interval,
    resampled_cells,
)


def test_weights_do_not_depend_on_how_many_are_made_at_a_time():
    whole = np.concatenate(list(cluster_weights(17, 50, seed=3, chunk=50)))
    parts = np.concatenate(list(cluster_weights(17, 50, seed=3, chunk=7)))
    assert np.array_equal(whole, parts)
    assert (whole.sum(axis=1) == 17).all()


def test_weights_of_another_seed_and_of_another_replicate_differ():
    first, second = (np.concatenate(list(cluster_weights(40, 20, seed=seed))) for seed in (0, 1))
    assert not np.array_equal(first, second)
    assert np.unique(first, axis=0).shape[0] == 20


def test_weights_have_the_moments_of_drawing_with_replacement():
    weights = np.concatenate(list(cluster_weights(50, 4000, seed=9)))
    assert weights.mean() == pytest.approx(1)
    assert weights.var() == pytest.approx(1 - 1 / 50, rel=0.02)


def test_bootstrap_standard_error_of_a_mean_is_the_known_one():
    values = np.random.default_rng(0).normal(size=200)
    means = np.concatenate([weights @ values / 200 for weights in cluster_weights(200, 4000, seed=1)])
    assert means.std() == pytest.approx(values.std() / np.sqrt(200), rel=0.04)


def test_percentiles_and_too_few_usable_replicates():
    found = percentile_interval(np.arange(1001.0), 0.9)
    assert (found.low, found.high) == pytest.approx((50, 950))
    with pytest.raises(ValueError, match="lack a value"):
        percentile_interval([1.0, np.nan, np.nan])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=30), st.integers(0, 2**31))
def test_strata_keep_their_sizes_in_every_replicate(strata, seed):
    weights = np.concatenate(list(cluster_weights(len(strata), 20, seed, strata=strata, chunk=7)))
    for name in set(strata):
        inside = np.array(strata) == name
        assert (weights[:, inside].sum(axis=1) == inside.sum()).all()


def test_strata_leave_each_cluster_its_chance():
    strata = np.repeat([0, 1], [5, 45])
    weights = np.concatenate(list(cluster_weights(50, 8000, seed=4, strata=strata)))
    assert weights.mean(axis=0) == pytest.approx(np.ones(50), abs=5 / np.sqrt(8000))
    assert weights[:, :5].var() == pytest.approx(1 - 1 / 5, rel=0.03)


def test_strata_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="3 strata were given for 4 clusters"):
        next(cluster_weights(4, 1, 0, strata=["a", "b", "b"]))


def skewed(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(rows,) standard deviation over mean, from weights."""
    mean = weights @ values / weights.sum(axis=1)
    return np.sqrt(weights @ values**2 / weights.sum(axis=1) - mean**2) / mean


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_intervals_agree_with_scipy_on_the_same_replicates(level):
    values = np.random.default_rng(6).lognormal(sigma=0.8, size=60)

    def statistic(sample, axis=-1):
        return np.std(sample, axis=axis) / np.mean(sample, axis=axis)

    value = statistic(values)
    jackknife = np.concatenate([skewed(weights, values) for weights in jackknife_weights(60, chunk=11)])
    for method in ("percentile", "basic", "BCa"):
        theirs = stats.bootstrap(
            (values,), statistic, n_resamples=3000, confidence_level=level, method=method, rng=np.random.default_rng(1)
        )
        replicates = theirs.bootstrap_distribution
        ours = {
            "percentile": lambda given: percentile_interval(given, level),
            "basic": lambda given: basic_interval(given, value, level),
            "BCa": lambda given: bca_interval(given, value, jackknife, level),
        }[method](replicates)
        assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval), abs=1e-12), method


def test_our_replicates_are_distributed_as_scipys():
    values = np.random.default_rng(6).lognormal(sigma=0.8, size=60)
    ours = np.concatenate([skewed(weights, values) for weights in cluster_weights(60, 4000, seed=2)])
    theirs = stats.bootstrap(
        (values,), lambda x, axis=-1: np.std(x, axis=axis) / np.mean(x, axis=axis), n_resamples=4000, vectorized=True
    ).bootstrap_distribution
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-4


def test_jackknife_leaves_every_cluster_out_once():
    alone = np.concatenate(list(jackknife_weights(9, chunk=4)))
    assert np.array_equal(alone, 1 - np.eye(9))
    in_parts = np.concatenate(list(jackknife_weights(100, groups=7, seed=3)))
    assert in_parts.shape == (7, 100)
    assert ((1 - in_parts).sum(axis=0) == 1).all()
    assert set((1 - in_parts).sum(axis=1)) == {14, 15}


def test_acceleration_by_parts_is_close_to_that_by_single_clusters():
    values = np.random.default_rng(8).lognormal(size=4000)
    replicates = np.concatenate([weights @ values / 4000 for weights in cluster_weights(4000, 2000, seed=5)])
    one, parts = (
        bca_interval(
            replicates,
            values.mean(),
            np.concatenate([w @ values / w.sum(axis=1) for w in jackknife_weights(4000, groups=groups)]),
        )
        for groups in (None, 200)
    )
    assert (one.low, one.high) == pytest.approx((parts.low, parts.high), abs=0.1 * (one.high - one.low))


def test_accelerated_interval_says_why_there_is_none():
    with pytest.raises(ValueError, match="one side"):
        bca_interval(np.arange(10.0), 20.0, np.arange(5.0))
    with pytest.raises(ValueError, match="whichever cluster"):
        bca_interval(np.arange(10.0), 5.0, np.ones(5))
    with pytest.raises(ValueError, match="lack a value"):
        bca_interval(np.arange(10.0), 5.0, [1.0, np.nan])


def test_accelerated_interval_covers_a_skewed_mean_of_clusters_better_than_the_percentile_one():
    stream, missed = np.random.default_rng(12), np.zeros(2)
    for run in range(400):
        values = stream.exponential(size=25)
        replicates = next(cluster_weights(25, 1000, seed=run, chunk=1000)) @ values / 25
        jackknife = next(jackknife_weights(25)) @ values / 24
        ends = (percentile_interval(replicates), bca_interval(replicates, values.mean(), jackknife))
        missed += [not e.low <= 1 <= e.high for e in ends]
    assert missed[1] < missed[0]
    assert missed[1] / 400 == pytest.approx(0.065, abs=0.05)


def test_cells_are_redrawn_as_the_samples_would_be():
    counts = np.array([30, 0, 50, 20])
    cells = resampled_cells(counts, 20_000, seed=1)
    assert (cells.sum(axis=1) == 100).all()
    assert cells.mean(axis=0) == pytest.approx(counts, abs=0.15)
    assert np.cov(cells.T) == pytest.approx(np.diag(counts) - np.outer(counts, counts) / 100, abs=0.8)
    with pytest.raises(ValueError, match="not all 0"):
        resampled_cells([0, 0], 10, seed=0)
