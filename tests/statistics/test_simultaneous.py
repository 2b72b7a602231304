"""Simultaneous intervals: beside the multivariate normal integral, the bootstrap they stand for, and simulations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from governance.statistics.simultaneous import influence_correlation, max_t_p_values, simultaneous_level

MONTE_CARLO = 4 * np.sqrt(0.05 * 0.95 / 20_000)
"""Four standard errors of the joint coverage that the default number of draws leaves."""


def equicorrelated(k: int, rho: float, clusters: int = 5000) -> np.ndarray:
    """(C, k) influences whose correlation is exactly `rho` between any two."""
    raw = np.random.default_rng(k).normal(size=(clusters, k))
    orthogonal = np.linalg.qr(raw)[0]
    return orthogonal @ np.linalg.cholesky(np.full((k, k), rho) + (1 - rho) * np.eye(k)).T


@pytest.mark.parametrize("rho", [0.3, 0.8, 0.95])
@pytest.mark.parametrize("k", [2, 4, 8])
def test_joint_coverage_is_that_of_the_multivariate_normal_integral(k, rho):
    pointwise = simultaneous_level(equicorrelated(k, rho), 0.95, seed=1)
    q = stats.norm.ppf(0.5 + pointwise / 2)
    normal = stats.multivariate_normal(np.zeros(k), np.full((k, k), rho) + (1 - rho) * np.eye(k))
    joint = normal.cdf(np.full(k, q), lower_limit=np.full(k, -q), rng=0)
    assert joint == pytest.approx(0.95, abs=MONTE_CARLO + 1e-4)


def test_groups_without_common_patients_need_exactly_sidak():
    influences = np.kron(np.eye(4), np.random.default_rng(0).normal(size=(50, 1)))
    assert simultaneous_level(influences, 0.9, seed=0) == 0.9 ** (1 / 4)


def test_one_group_and_copies_of_one_need_no_widening():
    one = np.random.default_rng(3).normal(size=(80, 1))
    assert simultaneous_level(one, 0.95, seed=0) == pytest.approx(0.95, abs=1e-12)
    assert simultaneous_level(np.repeat(one, 6, axis=1), 0.95, seed=0) == pytest.approx(0.95, abs=MONTE_CARLO)


def test_a_group_whose_outcomes_are_all_equal_counts_as_independent():
    influences = np.column_stack([equicorrelated(2, 0.9), np.zeros(5000)])
    assert influence_correlation(influences)[2] == pytest.approx([0, 0, 1])
    with_constant, without = (simultaneous_level(part, 0.95, seed=0) for part in (influences, influences[:, :2]))
    assert without < with_constant <= 0.95 ** (1 / 3)
    assert simultaneous_level(np.zeros((10, 3)), 0.95, seed=0) == 0.95 ** (1 / 3)


def test_draws_have_the_distribution_of_the_multiplier_bootstrap_over_patients():
    stream = np.random.default_rng(5)
    influences = stream.normal(size=(40, 5)) * stream.exponential(size=(40, 1)) + stream.normal(size=(40, 1))
    standardised = influences / np.sqrt((influences**2).sum(axis=0))
    maxima = np.abs(stream.normal(size=(200_000, 40)) @ standardised).max(axis=1)
    q = stats.norm.ppf(0.5 + simultaneous_level(influences, 0.95, seed=2) / 2)
    assert np.mean(maxima <= q) == pytest.approx(0.95, abs=MONTE_CARLO + 4 * np.sqrt(0.05 * 0.95 / 200_000))


def test_intervals_of_means_that_share_patients_hold_jointly():
    stream = np.random.default_rng(11)
    held = []
    for run in range(600):
        values = stream.normal(size=(300, 1)) + 0.7 * stream.normal(size=(300, 6))
        influences = (values - values.mean(axis=0)) / 300
        error = np.sqrt(300 / 299 * (influences**2).sum(axis=0))
        q = stats.t.ppf(0.5 + simultaneous_level(influences, 0.95, seed=run, draws=4000) / 2, 299)
        held.append((np.abs(values.mean(axis=0)) <= q * error).all())
    assert np.mean(held) == pytest.approx(0.95, abs=4 * np.sqrt(0.05 * 0.95 / 600))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(1, 7), st.floats(0.5, 0.999), st.integers(0, 2**32 - 1))
def test_level_lies_between_the_pointwise_one_and_sidaks_and_does_not_depend_on_units(clusters, k, level, seed):
    influences = np.random.default_rng(seed).normal(size=(clusters, k))
    found = simultaneous_level(influences, level, seed=seed, draws=1000)
    assert level <= found <= level ** (1 / k)
    assert simultaneous_level(influences * 1e-200, level, seed=seed, draws=1000) == pytest.approx(found, abs=1e-6)


def test_p_values_agree_with_the_level_and_with_sidak():
    influences = equicorrelated(4, 0.6)
    q = stats.norm.ppf(0.5 + simultaneous_level(influences, 0.95, seed=4) / 2)
    at_the_edge = max_t_p_values([q, -q, 0, 50], influences, seed=4)
    assert at_the_edge == pytest.approx([0.05, 0.05, 1, 1 / 20_001], abs=1e-4)
    independent = np.kron(np.eye(3), np.random.default_rng(0).normal(size=(50, 1)))
    t = np.array([1.0, 2.0, 3.0])
    expected = multipletests(2 * stats.norm.sf(t), method="sidak")[1]
    assert max_t_p_values(t, independent, seed=0) == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 20_000))


def test_what_cannot_be_used_is_refused():
    with pytest.raises(ValueError, match="clusters x estimates"):
        simultaneous_level(np.ones(5), 0.95, seed=0)
    with pytest.raises(ValueError, match="finite"):
        simultaneous_level([[1.0], [np.nan]], 0.95, seed=0)
    with pytest.raises(ValueError, match="1,000 draws"):
        simultaneous_level(equicorrelated(2, 0.5), 0.95, seed=0, draws=10)
    with pytest.raises(ValueError, match="do not fit"):
        max_t_p_values([1.0], equicorrelated(2, 0.5), seed=0)
