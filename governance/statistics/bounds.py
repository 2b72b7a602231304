"""What an interval estimate is here: two ends and the name of the method that gave them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scipy import stats


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
    return float(stats.norm.ppf(0.5 + check_level(level) / 2))


def t_quantile(level: float, freedom: float) -> float:
    """Two-sided Student t quantile of a confidence level with `freedom` degrees of freedom.

    Raises
    ------
    ValueError
        If there is less than one degree of freedom: two independent clusters are the least an interval needs.
    """
    if freedom < 1:
        raise ValueError("an interval needs at least two independent clusters")
    return float(stats.t.ppf(0.5 + check_level(level) / 2, freedom))


def unseen_share(n: float, level: float) -> float:
    """Largest share that `n` independent observations without a single occurrence leave possible.

    The upper Clopper-Pearson end for 0 of `n`: ``1 - ((1 - level) / 2) ** (1 / n)`` (the "rule of three").
    """
    return float(1 - ((1 - check_level(level)) / 2) ** (1 / n))
