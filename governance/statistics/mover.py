"""Intervals of what solves an equation that is linear in several estimates, from the interval of each estimate.

A ratio a / b solves ``a - t b = 0``. Whether a given t may be the solution is asked of the sum, whose interval follows
from those of its terms (method of variance estimates recovery), as Fieller does with variances. Where the denominator
may be 0, so that every t may be the solution, the interval is the whole range, as it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats

_PARTS = 1000
"""Parts of the range that are tried, and then again of the part in which each end lies."""

Coefficients = Callable[[Floats], Floats]
"""From (m,) candidate solutions t to the (m, k) coefficients of the k estimates."""


def solution_interval(
    value: float,
    estimates: Sequence[tuple[float, Bounds]],
    correlations: Floats,
    coefficients: Coefficients,
    limits: tuple[float, float],
) -> tuple[float, float]:
    """Return the ends of the interval of the t in `limits` at which ``sum_k coefficients_k(t) estimates_k = 0``.

    Parameters
    ----------
    value
        The solution of the estimates, which is always inside.
    estimates
        The k estimates, each with its interval; all of one level.
    correlations
        (k, k) of the estimates.

    Source: Fieller, J. R. Stat. Soc. B 16 (1954) 175; Zou and Donner, Stat. Med. 27 (2008) 1693 (intervals in place of
    variances); Donner and Zou, Stat. Methods Med. Res. 21 (2012) 347 (ratios).
    """
    values = np.array([one for one, _ in estimates])
    below = values - np.array([bounds.low for _, bounds in estimates])
    above = np.array([bounds.high for _, bounds in estimates]) - values

    def length(sides: Floats) -> Floats:
        found: Floats = np.sqrt(np.maximum(np.einsum("mi,ij,mj->m", sides, correlations, sides), 0.0))
        return found

    def may_be(tried: Floats) -> npt.NDArray[np.bool_]:
        """Whether the interval of the sum at each of (m,) candidates holds 0."""
        factor = coefficients(tried)
        middle = factor @ values
        down = length(np.where(factor > 0, factor * below, factor * above))
        up = length(np.where(factor > 0, factor * above, factor * below))
        found: npt.NDArray[np.bool_] = (middle - down <= 0) & (middle + up >= 0)
        return found

    def end(inside: float, outside: float) -> float:
        tried = np.linspace(inside, outside, _PARTS + 1)
        last = int(np.flatnonzero(may_be(tried)).max(initial=0))
        return float(tried[min(last + 1, _PARTS)])

    low, high = limits
    step = (high - low) / _PARTS
    tried = np.linspace(low, high, _PARTS + 1)
    found = np.append(tried[may_be(tried)], value)
    first, last = float(found.min()), float(found.max())
    return end(first, max(low, first - step)), end(last, min(high, last + step))


def cautious(correlation: float, events: float, pseudo_events: float) -> float:
    """Return a correlation as it would be if `pseudo_events` without any had been seen beside the `events`.

    A correlation that rests on few events is often strongest just when both estimates err, and an interval that trusts
    it is too narrow.

    Source: this project, `docs/validity.md`.
    """
    return correlation * events / (events + pseudo_events)
