"""Gaps between all groups of a grouping, with intervals that hold although the groups were picked for being extreme.

The percentile interval of a largest-minus-smallest difference leaves out 0 almost always, also where the groups are
equal: it is the interval of a number that chance can only raise. Here every pair of groups has an interval, and these
hold together (max-t); where all of them are right, the largest gap lies between the largest of their lower and the
largest of their upper ends, and what follows from it by monotone arithmetic lies between the results at the ends. That
is conservative: it misses at most as often as the pairs do.

For verdicts a pass rests on every pair alone (all of them must be small, so none has to be widened), and a group
without a value may differ by anything that is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from evaluators.estimates import Estimate
from evaluators.families import Contrast, Family, difference, ratio
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats


@dataclass(frozen=True)
class Spread:
    """How one metric differs between the groups of a grouping.

    Attributes
    ----------
    groups
        At least two groups that have a value.
    unknown
        Further groups, without a value.
    span
        Largest possible difference of two groups.
    whole
        Everyone's value, where the gap is relative to it.
    """

    groups: tuple[Estimate, ...]
    unknown: int
    span: float
    seed: int
    whole: Estimate | None = None

    @cached_property
    def pairs(self) -> tuple[Contrast, ...]:
        """Every pair of groups."""
        return tuple(difference(one, two, limit=self.span) for one, two in combinations(self.groups, 2))

    @cached_property
    def deviations(self) -> tuple[Contrast, ...]:
        """Every group against everyone."""
        return tuple(difference(group, self.everyone, limit=self.span) for group in self.groups)

    @cached_property
    def family(self) -> Family:
        """All pairs."""
        return Family(tuple(one.influence for one in self.pairs), self.seed)

    @cached_property
    def family_with_whole(self) -> Family:
        """All pairs and everyone's value."""
        return Family((self.everyone.influence, *self.family.influences), self.seed)

    @cached_property
    def family_of_deviations(self) -> Family:
        """All deviations and everyone's value."""
        return Family((self.everyone.influence, *(one.influence for one in self.deviations)), self.seed)

    @property
    def values(self) -> Floats:
        """(k,) values of the groups."""
        return np.array([group.value for group in self.groups])

    @property
    def everyone(self) -> Estimate:
        """Everyone's value."""
        if self.whole is None:
            raise TypeError("the spread was made without everyone's value")
        return self.whole


@dataclass(frozen=True)
class Gap:
    """A number about all groups: its value, and the intervals at a level for the page and for verdicts."""

    value: float
    bounds: Callable[[float], Bounds]
    gating: Callable[[float], Bounds]


@dataclass(frozen=True)
class _Sizes:
    """Ends (k,) of the absolute values of several differences."""

    low: Floats
    high: Floats

    def largest(self, unknown: float = 0.0) -> tuple[float, float]:
        """Return the ends of the largest of them; `unknown` is what a group without a value could add."""
        return float(self.low.max()), max(float(self.high.max()), unknown)


def largest_difference(*spreads: Spread, family: Family) -> Gap:
    """Give the largest difference of two groups by any of several metrics; `family` is of all their pairs."""
    contrasts = [pair for spread in spreads for pair in spread.pairs]
    unknown = max(spread.span if spread.unknown else 0.0 for spread in spreads)

    def bounds(level: float) -> Bounds:
        joint, how = family.at(level)
        low, high = _sizes(contrasts, joint).largest()
        return Bounds(low, high, _method(family, how))

    def gating(level: float) -> Bounds:
        joint, how = family.at(level)
        low, _ = _sizes(contrasts, joint, gating=True).largest()
        _, high = _sizes(contrasts, level, gating=True).largest(unknown)
        return Bounds(min(low, high), high, f"{_method(family, how)} below, every pair alone above")

    return Gap(max(float(np.ptp(spread.values)) for spread in spreads), bounds, gating)


def mean_difference(first: Spread, second: Spread, *, family: Family, score: bool = False) -> Gap:
    """Give the mean of the largest differences by two metrics, or as a `score` one less it; `family` is of both."""

    def ends(level: float, *, gating: bool) -> Bounds:
        joint, how = family.at(level)
        parts = [
            _sizes(spread.pairs, joint, gating=gating).largest(spread.span if gating and spread.unknown else 0.0)
            for spread in (first, second)
        ]
        low, high = (sum(part[side] for part in parts) / 2 for side in (0, 1))
        if score:
            low, high = 1 - high, 1 - low
        return Bounds(low, high, f"arithmetic on {_method(family, how)}")

    value = float(np.ptp(first.values) + np.ptp(second.values)) / 2
    return Gap(1 - value if score else value, *_both(ends))


def smallest_ratio(spread: Spread) -> Gap:
    """Give the smallest over the largest value of a group.

    Raises
    ------
    ValueError
        If no group has a value above 0.
    """
    if spread.values.max() <= 0:
        raise ValueError("no group has a rate above 0, so there is no ratio")
    ordered = (sorted(pair, key=lambda one: one.value) for pair in combinations(spread.groups, 2))
    contrasts = [ratio(less, more) for less, more in ordered if more.value > 0]
    family = Family(tuple(one.influence for one in contrasts), spread.seed)

    def below_one(level: float, *, gating: bool) -> tuple[Floats, Floats]:
        """Ends of the smaller over the larger of each pair, whichever of the two truly is the smaller."""
        found = [(one.gating if gating else one.bounds)(level) for one in contrasts]
        low = np.array([min(one.low, 1 / one.high) for one in found])
        high = np.array([one.high if one.high < 1 else 1 / one.low if one.low > 1 else 1.0 for one in found])
        return low, high

    def bounds(level: float) -> Bounds:
        joint, how = family.at(level)
        low, high = below_one(joint, gating=False)
        return Bounds(float(low.min()), float(high.min()), _method(family, how))

    def gating(level: float) -> Bounds:
        joint, how = family.at(level)
        _, high = below_one(joint, gating=True)
        low, _ = below_one(level, gating=True)
        lowest, highest = 0.0 if spread.unknown else float(low.min()), float(high.min())
        return Bounds(lowest, max(lowest, highest), f"{_method(family, how)} above, every pair alone below")

    return Gap(float(spread.values.min() / spread.values.max()), bounds, gating)


def scaled_by_std(spread: Spread) -> Gap:
    """Give everyone's value over one plus the population standard deviation of the groups' values."""
    return _with_whole(
        spread,
        spread.pairs,
        spread.family_with_whole,
        value=spread.everyone.value / (1 + float(np.std(spread.values))),
        ends=lambda whole, apart: (whole.low / (1 + apart[1]), whole.high / (1 + apart[0])),
        apart=_std,
    )


def scaled_by_deviation(spread: Spread) -> Gap:
    """Give everyone's value over one plus the sum of the groups' absolute deviations from it."""
    whole_value = spread.everyone.value

    def total(sizes: _Sizes, unknown: int) -> tuple[float, float]:
        return float(sizes.low.sum()), float(sizes.high.sum()) + unknown * spread.span

    return _with_whole(
        spread,
        spread.deviations,
        spread.family_of_deviations,
        value=whole_value / (1 + float(np.abs(spread.values - whole_value).sum())),
        ends=lambda whole, apart: (whole.low / (1 + apart[1]), whole.high / (1 + apart[0])),
        apart=lambda _spread, sizes, unknown: total(sizes, unknown),
    )


def relative_std(spread: Spread) -> Gap:
    """Give the population standard deviation of the groups' values over everyone's value."""
    return _with_whole(
        spread,
        spread.pairs,
        spread.family_with_whole,
        value=float(np.std(spread.values)) / _positive(spread.everyone.value),
        ends=lambda whole, apart: (apart[0] / whole.high, apart[1] / _positive(whole.low)),
        apart=_std,
    )


def relative_range(spread: Spread) -> Gap:
    """Give the largest difference of two groups over everyone's value."""
    return _with_whole(
        spread,
        spread.pairs,
        spread.family_with_whole,
        value=float(np.ptp(spread.values)) / _positive(spread.everyone.value),
        ends=lambda whole, apart: (apart[0] / whole.high, apart[1] / _positive(whole.low)),
        apart=lambda one, sizes, unknown: sizes.largest(one.span if unknown else 0.0),
    )


def _with_whole(
    spread: Spread,
    contrasts: Sequence[Contrast],
    family: Family,
    *,
    value: float,
    ends: Callable[[Bounds, tuple[float, float]], tuple[float, float]],
    apart: Callable[[Spread, _Sizes, int], tuple[float, float]],
) -> Gap:
    """Combine everyone's value with how far groups are apart, all of which hold together."""
    everyone = spread.everyone

    def of(level: float, *, gating: bool) -> Bounds:
        joint, how = family.at(level)
        whole = ((everyone.gating if gating else None) or everyone.bounds)(joint)
        sizes = _sizes(contrasts, joint, gating=gating)
        low, high = ends(whole, apart(spread, sizes, spread.unknown if gating else 0))
        return Bounds(low, high, f"arithmetic on {family.size} intervals that hold together, {how}; {whole.method}")

    return Gap(value, *_both(of))


def _std(spread: Spread, sizes: _Sizes, unknown: int) -> tuple[float, float]:
    """Ends of the population standard deviation: ``sqrt(sum over pairs of squared differences) / groups``."""
    known, groups = len(spread.groups), len(spread.groups) + unknown
    more = groups * (groups - 1) // 2 - known * (known - 1) // 2
    low = float(np.sqrt(np.sum(sizes.low**2))) / groups
    return low, float(np.sqrt(np.sum(sizes.high**2) + more * spread.span**2)) / groups


def _sizes(contrasts: Sequence[Contrast], level: float, *, gating: bool = False) -> _Sizes:
    found = [(one.gating if gating else one.bounds)(level) for one in contrasts]
    low, high = np.array([one.low for one in found]), np.array([one.high for one in found])
    return _Sizes(np.maximum(0.0, np.maximum(low, -high)), np.maximum(high, -low))


def _both(ends: Callable[..., Bounds]) -> tuple[Callable[[float], Bounds], Callable[[float], Bounds]]:
    return (lambda level: ends(level, gating=False)), (lambda level: ends(level, gating=True))


def _method(family: Family, how: str) -> str:
    return f"{family.size} pairwise intervals that hold together, {how}"


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("relative to everyone's value, which may be 0, it has no limit")
    return value
