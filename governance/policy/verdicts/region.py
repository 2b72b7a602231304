"""Every bar is a region that a number must lie in; every verdict asks where its interval lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

from governance.evidence.model import Direction, Interval
from governance.policy.model import Outcome
from governance.policy.selecting import Bar


@dataclass(frozen=True)
class Region:
    """Where the number must lie: from `lower` to `upper`, each None where open. The limits belong to it."""

    lower: float | None = None
    upper: float | None = None

    def where(self, inside: Interval, outside: Interval | None) -> Outcome:
        """Pass if `inside` lies wholly within, fail if `outside` lies wholly without, else inconclusive.

        `inside` and `outside` are one interval for a single number. Over several groups they differ: a pass needs
        every group's pointwise interval (intersection-union: no correction needed), a fail needs an interval that
        holds together with the other groups' (union-intersection: the worst of many is extreme by chance).
        """
        low, high = _ends(inside)
        if (self.lower is None or low >= self.lower) and (self.upper is None or high <= self.upper):
            return Outcome.PASS
        if outside is not None:
            low, high = _ends(outside)
            if (self.lower is not None and high < self.lower) or (self.upper is not None and low > self.upper):
                return Outcome.FAIL
        return Outcome.INCONCLUSIVE

    def shortfall(self, value: float) -> float:
        """Return how far `value` is from the nearest limit, positive where it lies without: larger is worse."""
        distances = []
        if self.lower is not None:
            distances.append(self.lower - value)
        if self.upper is not None:
            distances.append(value - self.upper)
        return max(distances, default=-math.inf)


def region_of(bar: Bar, *, direction: Direction, is_difference: bool, is_ratio: bool = False) -> Region:
    """Return the region of a bar.

    That of ``at_most m`` on a difference between groups is from -m to m, that of ``at_least r`` on a ratio from r to
    1 / r: which of two groups comes first says nothing.
    """
    if bar.equivalent_within is not None:
        return Region(-bar.equivalent_within, bar.equivalent_within)
    if is_ratio and bar.at_least is not None:
        return Region(bar.at_least, 1 / bar.at_least)
    if bar.not_worse_than is not None and bar.by is not None:
        return Region(upper=bar.by) if direction == "lower" else Region(lower=-bar.by)
    if bar.within is not None:
        return Region(*bar.within)
    if is_difference and bar.at_most is not None:
        return Region(-bar.at_most, bar.at_most)
    return Region(lower=bar.at_least, upper=bar.at_most)


def _ends(interval: Interval) -> tuple[float, float]:
    """Return the ends; a one-sided interval is open on its other side, whatever was written there."""
    low = -math.inf if interval.side == "upper" else interval.low
    high = math.inf if interval.side == "lower" else interval.high
    return low, high
