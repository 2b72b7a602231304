"""Intervals of several numbers that hold together, and intervals of the difference and the ratio of two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluators.estimates import Estimate, Interval, remembered
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, correlation
from governance.statistics.differences import correlation_on_same_samples, mover_difference
from governance.statistics.multiplicity import bonferroni_level
from governance.statistics.simultaneous import simultaneous_level

MOST_CORRELATED = 120
"""Largest family whose correlations are used; beyond it the gain over Šidák's bound is not worth the time."""


@dataclass(frozen=True)
class Contrast:
    """A difference or ratio of two estimates.

    Attributes
    ----------
    bounds, gating
        As in `Estimate`; `gating` from the intervals that verdicts on the two rest on.
    influence
        (C,) of each cluster; None where one of the two has none.
    """

    value: float
    bounds: Interval
    gating: Interval
    influence: Floats | None = field(repr=False)


def difference(first: Estimate, second: Estimate, *, limit: float = math.inf) -> Contrast:
    """Give ``first - second`` by MOVER, with the correlation that shared patients bring.

    Parameters
    ----------
    limit
        Largest possible difference; the interval stays inside ``[-limit, limit]``.

    Source: `governance.statistics.differences.mover_difference`.
    """
    return _difference(first, second, _shared(first, second), limit)


def paired_difference(first: Estimate, second: Estimate, *, limit: float = math.inf) -> Contrast:
    """Give ``first - second`` of two models on the same samples; as `difference`.

    Source: `governance.statistics.differences.correlation_on_same_samples`.

    Raises
    ------
    ValueError
        If one of them does not say how much each patient moves it.
    """
    if first.influence is None or second.influence is None:
        raise ValueError("it is not known how much each patient moves this number, so it is not compared in pairs")
    return _difference(first, second, correlation_on_same_samples(first.influence, second.influence), limit)


def _difference(first: Estimate, second: Estimate, shared: float, limit: float) -> Contrast:

    def of(one: Interval, two: Interval) -> Interval:
        def bounds(level: float) -> Bounds:
            found = mover_difference(first.value, one(level), second.value, two(level), correlation=shared)
            return found.clipped(-limit, limit)

        return remembered(bounds)

    influence = None
    if first.influence is not None and second.influence is not None:
        influence = first.influence - second.influence
    return Contrast(
        first.value - second.value,
        of(first.bounds, second.bounds),
        of(first.gating or first.bounds, second.gating or second.bounds),
        influence,
    )


def ratio(first: Estimate, second: Estimate) -> Contrast:
    """Give ``first / second`` by MOVER on the logarithms.

    Where `first` is 0, the interval runs from 0 to the quotient of its upper and the other's lower end.

    Source: Zou and Donner, Stat. Med. 27 (2008) 1693, section 3.2.

    Raises
    ------
    ValueError
        If a value is negative, or `second` is 0.
    """
    if first.value < 0 or second.value <= 0:
        raise ValueError("a ratio needs a reference above 0 and no negative value")
    shared = _shared(first, second)

    def of(one: Interval, two: Interval) -> Interval:
        def bounds(level: float) -> Bounds:
            a, b = one(level), two(level)
            if b.low <= 0 or (first.value > 0 and a.low <= 0):
                raise ValueError("an interval of a ratio needs intervals that exclude 0")
            if first.value == 0:
                return Bounds(0.0, a.high / b.low, f"quotient of the ends of {a.method}")
            found = mover_difference(
                math.log(first.value), _log(a), math.log(second.value), _log(b), correlation=shared
            )
            return Bounds(math.exp(found.low), math.exp(found.high), f"{found.method}, logarithms")

        return remembered(bounds)

    influence = None
    if first.value > 0 and first.influence is not None and second.influence is not None:
        influence = first.influence / first.value - second.influence / second.value
    return Contrast(
        first.value / second.value,
        of(first.bounds, second.bounds),
        of(first.gating or first.bounds, second.gating or second.bounds),
        influence,
    )


def unweighted_mean(estimates: Sequence[Estimate], *, low: float = -math.inf, high: float = math.inf) -> Contrast:
    """Give the mean of several estimates, each counted the same, by MOVER with the correlations of shared patients.

    Parameters
    ----------
    low, high
        Ends of the range; the interval stays inside.

    Source: Zou, Huang and Zhang, Comput. Stat. Data Anal. 53 (2009) 1080, linear functions of parameters, with
    correlations as in Zou, Psychol. Methods 12 (2007) 399.
    """
    count = len(estimates)
    value = sum(one.value for one in estimates) / count
    shared = [[1.0 if i == j else _shared(a, b) for j, b in enumerate(estimates)] for i, a in enumerate(estimates)]

    def of(intervals: Sequence[Interval]) -> Interval:
        def bounds(level: float) -> Bounds:
            ends = [interval(level) for interval in intervals]
            below = np.array([one.value - end.low for one, end in zip(estimates, ends, strict=True)])
            above = np.array([end.high - one.value for one, end in zip(estimates, ends, strict=True)])
            reach = [math.sqrt(max(0.0, float(side @ np.array(shared) @ side))) / count for side in (below, above)]
            methods = ", ".join(sorted({end.method for end in ends}))
            return Bounds(value - reach[0], value + reach[1], f"MOVER of {count} groups ({methods})").clipped(low, high)

        return remembered(bounds)

    known = [one.influence for one in estimates if one.influence is not None]
    influence = np.sum(known, axis=0) / count if len(known) == count else None
    gating = of([one.gating or one.bounds for one in estimates])
    return Contrast(value, of([one.bounds for one in estimates]), gating, influence)


def joint_level(influences: Sequence[Floats | None], level: float, seed: int) -> tuple[float, str]:
    """Return the pointwise level at which the intervals of a family hold together, and by which method.

    The largest of their t statistics where all influences are known; Šidák's bound, which it never exceeds, for large
    families; Bonferroni's otherwise.

    Source: `governance.statistics.simultaneous.simultaneous_level`; Šidák, J. Am. Stat. Assoc. 62 (1967) 626.
    """
    known = [influence for influence in influences if influence is not None]
    if len(known) < len(influences):
        return bonferroni_level(level, len(influences)), "Bonferroni"
    if len(known) > MOST_CORRELATED:
        return float(level ** (1 / len(known))), "Šidák"
    if known[0].size < 2:
        return level, "max-t"
    return simultaneous_level(np.column_stack(known), level, seed=seed), "max-t"


@dataclass(frozen=True)
class Family:
    """Numbers whose intervals shall hold together; each level is found once."""

    influences: tuple[Floats | None, ...] = field(repr=False)
    seed: int
    _found: dict[float, tuple[float, str]] = field(default_factory=dict, init=False, repr=False)

    @property
    def size(self) -> int:
        """How many they are."""
        return len(self.influences)

    def at(self, level: float) -> tuple[float, str]:
        """Return the level of each at which all hold together with `level`, and by which method."""
        if level not in self._found:
            self._found[level] = joint_level(self.influences, level, self.seed)
        return self._found[level]


def two_one_sided_level(level: float) -> float:
    """Level of the interval that two one-sided tests look at: 0.90 where the house level is 0.95.

    Source: Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657.
    """
    return 1 - 2 * (1 - level)


def _shared(first: Estimate, second: Estimate) -> float:
    if first.influence is None or second.influence is None:
        return 0.0
    return correlation(first.influence, second.influence)


def _log(bounds: Bounds) -> Bounds:
    return Bounds(math.log(bounds.low), math.log(bounds.high), bounds.method)
