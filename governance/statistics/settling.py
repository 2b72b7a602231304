"""How much more data would settle a bar. Imports nothing heavy: decisions are made without SciPy."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """What more data would do.

    `extra` is the number of further units (patients) after which the interval would clear the bar if the estimate
    stayed where it is: 0 where it does already, None where `helps` is False.
    """

    helps: bool
    extra: int | None


def extra_units(value: float, bar: float, half_width: float, n: int, *, at_least: bool) -> Plan:
    """Approximate number of further units until the adverse bound clears the bar.

    The half-width shrinks with the square root of n: ``n' = n (half_width / |value - bar|)^2``. An estimate that misses
    the bar itself is not helped by more data.

    Parameters
    ----------
    half_width
        Distance from the value to its bound on the adverse side (the lower one for `at_least`).
    n
        Independent units that the value rests on.
    at_least
        Whether the bar is a floor (else a ceiling).

    Source: the usual argument that standard errors fall with the square root of the sample size.
    """
    if n < 1 or half_width < 0:
        raise ValueError("planning needs n >= 1 and a half-width that is not negative")
    margin = value - bar if at_least else bar - value
    if margin <= 0:
        return Plan(helps=False, extra=None)
    needed = math.ceil(n * (half_width / margin) ** 2)
    return Plan(helps=True, extra=max(0, needed - n))
