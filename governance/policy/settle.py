"""What would settle an inconclusive rule: more patients, or nothing that data can do."""

from __future__ import annotations

import math

from governance.evidence.model import Interval, Measurement
from governance.statistics.settling import extra_units

_CLOSEST = 0.02
"""Distance from estimate to bar as a share of the half-width; any nearer would ask for 2,500 times the patients."""


def what_would_settle(
    measurement: Measurement, interval: Interval, lower: float | None, upper: float | None, *, target: str = "the bar"
) -> str:
    """Say how many more patients would bring the interval inside the bar if the estimate stayed where it is.

    A planning figure, not a promise: the estimate will move (`governance.statistics.settling`).

    Parameters
    ----------
    lower, upper
        The bar's limits on the number; None where there is none.
    """
    value = measurement.value
    size = measurement.n_clusters if measurement.n_clusters is not None else measurement.n
    if value is None or not size:
        return "what would settle it cannot be told without the number of patients"
    extra = 1
    for limit, is_floor in ((lower, True), (upper, False)):
        if limit is None:
            continue
        distance = value - limit if is_floor else limit - value
        width = max(0.0, value - interval.low if is_floor else interval.high - value)
        if distance <= 0:
            return f"more data will not help while the estimate itself misses {target}"
        if distance < _CLOSEST * width:
            return f"the estimate is so close to {target} that more data will hardly settle it"
        extra = max(extra, extra_units(value, limit, width, size, at_least=is_floor).extra or 0)
    return f"about {_two_digits(extra):,} more such patients would settle it if the estimate stays"


def _two_digits(count: int) -> int:
    """Round up to two significant digits: a plan needs no more."""
    step: int = 10 ** max(0, len(str(count)) - 2)
    return math.ceil(count / step) * step
