"""The share of labels that reaches a reference: by hand, by its properties, and how often its interval is right."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evaluators.data_efficiency.matching import Resampling, first_crossing, fraction_interval

SHARES = np.array([0.01, 0.1, 1.0])


@pytest.mark.parametrize(
    ("curve", "target", "expected"),
    [
        ((0.6, 0.7, 0.8), 0.75, 10**-0.5),  # half way between 10 % and 100 %, in the logarithm
        ((0.6, 0.7, 0.8), 0.7, 0.1),
        ((0.6, 0.7, 0.8), 0.8, 1.0),
        ((0.6, 0.7, 0.8), 0.625, 10**-1.75),
        ((0.6, 0.7, 0.8), 0.55, 0.01),  # at the smallest share already: an upper bound
        ((0.6, 0.7, 0.8), 0.81, math.inf),  # not reached
        ((0.6, 0.8, 0.7), 0.75, 10**-1.25),  # the first crossing counts, though the curve falls again
        ((0.8, 0.7, 0.8), 0.75, 0.01),
    ],
)
def test_the_first_crossing_is_the_one_found_by_hand(curve, target, expected):
    assert first_crossing(SHARES, [curve], target)[0] == pytest.approx(expected)


CURVES = st.lists(st.floats(0.5, 1.0), min_size=3, max_size=8)


@given(CURVES, st.floats(0.5, 1.0), st.floats(0.5, 1.0))
@settings(deadline=None)
def test_a_rising_curve_needs_more_labels_for_more(values, one, two):
    shares = np.geomspace(0.01, 1.0, len(values))
    curve = np.sort(values)
    less, more = (first_crossing(shares, [curve], target)[0] for target in sorted((one, two)))
    assert less <= more


@given(CURVES, st.floats(0.02, 0.98))
@settings(deadline=None)
def test_a_rising_curve_crosses_once_where_its_interpolation_has_the_target(values, where):
    shares, curve = np.geomspace(0.01, 1.0, len(values)), np.sort(values)
    assume(np.diff(curve).min() > 1e-6)
    target = np.quantile(curve, where)
    found = first_crossing(shares, [curve], target)[0]
    assert np.interp(np.log(found), np.log(shares), curve) == pytest.approx(target, abs=1e-9)


@given(st.permutations(range(5)), st.integers(0, 100))
@settings(deadline=None)
def test_the_order_of_the_seeds_changes_nothing_but_the_draws(order, seed):
    stream = np.random.default_rng(seed)
    values, influences = stream.normal(0.8, 0.02, (5, 3)), stream.normal(0, 0.01, (5, 40))
    resampling = Resampling.of(40, 5, 50, seed)
    turned = Resampling(resampling.patients, resampling.seeds[:, list(order)])
    for column in values.T:
        plain = resampling.means(column, influences)
        assert turned.means(column[list(order)], influences[list(order)]) == pytest.approx(plain, abs=1e-12)


def test_resampled_means_vary_as_the_formula_says():
    stream = np.random.default_rng(3)
    values = stream.normal(0.8, 0.03, 6)
    influence = stream.normal(0, 0.002, 80)
    influence -= influence.mean()
    drawn = Resampling.of(80, 6, 20_000, 1).means(values, np.tile(influence, (6, 1)))
    expected = 80 / 79 * np.sum(influence**2) + np.var(values, ddof=1) / 6
    assert drawn.var() == pytest.approx(expected, rel=0.04)
    assert drawn.mean() == pytest.approx(values.mean(), abs=6e-4)


def test_an_interval_is_open_where_resamples_start_at_the_reference_or_never_reach_it():
    inside = np.geomspace(0.05, 0.5, 1000)
    ends = fraction_interval(inside, 0.01, 0.9)
    assert (ends.low, ends.high) == pytest.approx(tuple(np.quantile(inside, [0.05, 0.95])), rel=0.01)
    early = np.concatenate([np.full(100, 0.01), inside])
    assert fraction_interval(early, 0.01, 0.9).low == 0.0
    late = np.concatenate([inside, np.full(111, np.inf)])
    with pytest.raises(ValueError, match=r"10 of 100 resamples never reach the reference.*lower end is 5\.\d+ %"):
        fraction_interval(late, 0.01, 0.9)
    with pytest.raises(ValueError, match="no lower end"):
        fraction_interval(np.full(50, np.inf), 0.01, 0.9)


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_the_interval_covers_the_true_share_about_as_often_as_it_says(shared):
    """Simulated learning curves: a mean that rises with the logarithm, noise of patients and of seeds.

    `shared` is whether the reference is estimated on the same patients, as another arm's value with all labels.
    """
    shares = np.array([0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 1.0])
    truth = 0.9 - 0.16 * np.exp(-0.55 * np.log(shares / 0.02))
    target, patients, seeds = 0.84, 150, 5
    where = float(first_crossing(shares, [truth], target)[0])
    stream, covered, runs = np.random.default_rng(11), 0, 400
    for run in range(runs):
        common = stream.normal(0, 0.15, patients)
        noise = stream.normal(0, 0.012, (seeds, 1)) + stream.normal(0, 0.012, (seeds, shares.size))
        own = stream.normal(0, 0.1, (shares.size, patients))
        resampling = Resampling.of(patients, seeds, 300, run)
        curves, means = [], []
        for k in range(shares.size):
            effects = common + own[k]
            by_seed = truth[k] + effects.mean() + noise[:, k]
            influence = np.tile((effects - effects.mean()) / patients, (seeds, 1))
            means.append(by_seed.mean())
            curves.append(resampling.means(by_seed, influence))
        reference = np.full(300, target)
        if shared:
            effects = common + stream.normal(0, 0.1, patients)
            value = target + effects.mean()
            influence = ((effects - effects.mean()) / patients)[None]
            reference = resampling.means(np.full(seeds, value), np.tile(influence, (seeds, 1)))
        drawn = first_crossing(shares, np.column_stack(curves), reference)
        try:
            ends = fraction_interval(drawn, float(shares[0]), 0.95)
        except ValueError:
            lower = np.sort(drawn)[int(0.025 * (drawn.size - 1))]
            covered += lower <= where
            continue
        covered += ends.low <= where <= ends.high
    assert 0.90 <= covered / runs <= 0.985, covered / runs
