"""What an interval estimate is here: two ends and the name of the method that gave them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scipy import special


@dataclass(frozen=True)
class Bounds:
    """An interval estimate; `method` names how it was made, in words that can be printed."""

    low: float
    high: float
    method: str

    def clipped(self, low: float, high: float) -> Bounds:
        """Return the part of the interval inside the range of the quantity."""
        return replace(self, low=min(max(self.low, low), high), high=max(min(self.high, high), low))


def check_level(level: float) -> float:
    """Return `level`, or refuse a confidence level outside (0, 1).

    Raises
    ------
    ValueError
        If it is not strictly between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not {level}")
    return level


def normal_quantile(level: float) -> float:
    """Two-sided standard normal quantile of a confidence level (1.96 for 0.95)."""
    return float(special.ndtri(0.5 + check_level(level) / 2))


def t_quantile(level: float, freedom: float) -> float:
    """Two-sided Student t quantile of a confidence level with `freedom` degrees of freedom.

    Raises
    ------
    ValueError
        If there is less than one degree of freedom: two independent clusters are the least an interval needs.
    """
    if freedom < 1:
        raise ValueError("an interval needs at least two independent clusters")
    return float(special.stdtrit(freedom, 0.5 + check_level(level) / 2))


ENOUGH_EVENTS = 5.0
"""Events, and non-events, below which a calibrated interval gives way to a conservative one.

The calibrated intervals are checked where ten are expected; fewer than five are then seen once in 34 times (Poisson).
"""

PSEUDO_PATIENTS = 2.0
"""Patients whose samples all agree that are added to a design effect before a verdict rests on it.

The least that kept both errors of `governance.statistics.proportions.gating_proportion` in their limit in every family
of `benchmarks.validity` (one was too few).
"""


def raised_to_worst(seen: float, worst: float, events: float, pseudo_events: float) -> float:
    """Mean of a variance ratio that was `seen` on `events` and of its `worst` on `pseudo_events`.

    A variance that rests on few events is often too small just when the estimate is too good: the patients that would
    have shown both were not drawn. Where there is no event the ratio is the worst, with many it is what was seen.

    Source: this project, `docs/validity.md`; shrinkage of a ratio towards a known bound, by the events behind each.
    """
    return (events * seen + pseudo_events * worst) / (events + pseudo_events)


def unseen_share(n: float, level: float) -> float:
    """Largest share that `n` independent observations without a single occurrence leave possible.

    The upper Clopper-Pearson end for 0 of `n`: ``1 - ((1 - level) / 2) ** (1 / n)`` (the "rule of three").
    """
    return float(1 - ((1 - check_level(level)) / 2) ** (1 / n))
