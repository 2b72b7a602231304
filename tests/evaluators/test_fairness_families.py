"""Intervals that a verdict rests on, and intervals that hold together: against the statistics that they are made of."""

import math

import numpy as np
import pytest

from evaluators import estimates, families
from governance.statistics.bounds import Bounds
from governance.statistics.differences import mover_difference
from governance.statistics.proportions import clopper_pearson


def share(successes, n, *, offset=0, n_clusters=400):
    outcome = np.zeros(n_clusters, dtype=bool)
    outcome[offset : offset + successes] = True
    among = np.zeros(n_clusters, dtype=bool)
    among[offset : offset + n] = True
    return estimates.proportion(
        outcome, among, np.arange(n_clusters), name="share", parameters={}, n_clusters=n_clusters
    )


def test_verdicts_on_a_share_rest_on_clopper_pearson_and_show_wilson():
    estimate = share(70, 100)
    exact = clopper_pearson(70, 100, 0.95)
    assert (estimate.gating(0.95).low, estimate.gating(0.95).high) == pytest.approx((exact.low, exact.high))
    assert "Wilson" in estimate.bounds(0.95).method
    assert estimate.gating(0.95).low < estimate.bounds(0.95).low


def test_the_gating_interval_of_a_difference_is_mover_on_the_groups_gating_intervals():
    first, second = share(45, 50), share(60, 80, offset=100)
    level = families.two_one_sided_level(0.95)
    expected = mover_difference(0.9, clopper_pearson(45, 50, level), 0.75, clopper_pearson(60, 80, level))
    found = families.difference(first, second, limit=1.0).gating(level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_a_difference_stays_inside_what_is_possible():
    found = families.difference(share(50, 50), share(0, 50, offset=100), limit=1.0)
    assert found.value == 1.0
    assert found.bounds(0.999).high == 1.0


def test_a_ratio_is_the_difference_of_logarithms():
    first, second = share(45, 50), share(60, 80, offset=100)
    a, b = first.bounds(0.95), second.bounds(0.95)
    log = mover_difference(
        math.log(0.9),
        Bounds(math.log(a.low), math.log(a.high), ""),
        math.log(0.75),
        Bounds(math.log(b.low), math.log(b.high), ""),
    )
    found = families.ratio(first, second)
    assert found.value == pytest.approx(0.9 / 0.75)
    assert found.bounds(0.95).low == pytest.approx(math.exp(log.low))
    assert found.bounds(0.95).high == pytest.approx(math.exp(log.high))


def test_a_ratio_of_nothing_starts_at_0_and_one_to_nothing_is_refused():
    none, some = share(0, 50), share(30, 60, offset=100)
    assert families.ratio(none, some).bounds(0.95).low == 0
    assert families.ratio(none, some).bounds(0.95).high > 0
    with pytest.raises(ValueError, match="a reference above 0"):
        families.ratio(some, none)


def test_ratios_cover_the_truth_as_often_as_they_say():
    """True ratio 0.8; 2,000 simulations have a Monte-Carlo error of 0.5 percentage points."""
    stream, hits = np.random.default_rng(3), 0
    for _ in range(2000):
        first = share(int(stream.binomial(150, 0.6)), 150)
        second = share(int(stream.binomial(200, 0.75)), 200, offset=150)
        ends = families.ratio(first, second).bounds(0.95)
        hits += ends.low <= 0.8 <= ends.high
    assert 0.935 <= hits / 2000 <= 0.965


def test_families_of_disjoint_groups_are_widened_as_by_sidak_and_large_ones_always():
    influences = [share(25, 50, offset=50 * i).influence for i in range(4)]
    level, how = families.joint_level(influences, 0.95, seed=0)
    assert how == "max-t"
    assert level == pytest.approx(0.95 ** (1 / 4), abs=2e-3)
    many = influences * 40
    assert families.joint_level(many, 0.95, seed=0) == (0.95 ** (1 / 160), "Šidák")


def test_families_with_an_estimate_of_unknown_influence_fall_back_to_bonferroni():
    assert families.joint_level([share(5, 10).influence, None], 0.95, seed=0) == (0.975, "Bonferroni")
