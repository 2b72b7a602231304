"""Numbers in verdict sentences: as precise as the data supports, never so coarse that they contradict the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable

from governance.evidence.model import Interval, Measurement
from governance.evidence.wording import fixed
from governance.policy.wording import plural

_FEWEST_DECIMALS = 2
_MOST_DECIMALS = 4
_DECIMALS_TO_TELL_APART = 8
_USUAL_LEVEL = 0.95


def decimals_for(interval: Interval | None, apart: Iterable[tuple[float, float]] = ()) -> int:
    """Return how many decimals to show.

    The last digit is no finer than the interval's half-width (2 to 4 decimals). Each pair in `apart` (a bound and the
    bar it is compared with) must stay different in print if it is different, so that ``0.7996`` never reads as a pass
    of ``0.80``.
    """
    decimals = _FEWEST_DECIMALS
    if interval is not None and interval.high > interval.low:
        half_width = (interval.high - interval.low) / 2
        decimals = min(_MOST_DECIMALS, max(_FEWEST_DECIMALS, math.ceil(-math.log10(half_width))))
    pairs = [(a, b) for a, b in apart if a != b]
    while decimals < _DECIMALS_TO_TELL_APART and any(fixed(a, decimals) == fixed(b, decimals) for a, b in pairs):
        decimals += 1
    return decimals


def with_interval(
    measurement: Measurement, decimals: int, interval: Interval | None = None, *, counts: bool = True
) -> str:
    """Return for example ``"0.78 (0.62 to 0.89, 32 of 41)"``; what is no proportion gets ``n=410, 36 events``."""
    shown = interval or measurement.interval
    inside = []
    if shown is not None:
        inside.append(bounds(shown, decimals))
    if counts and measurement.n is not None:
        share = measurement.is_proportion
        inside.append(f"{measurement.events} of {measurement.n}" if share else f"n={measurement.n}")
        if measurement.n_clusters is not None and measurement.n_clusters != measurement.n:
            inside.append(plural(measurement.n_clusters, "patient"))
        if measurement.events is not None and not share:
            inside.append(plural(measurement.events, "event"))
    value = fixed(measurement.value if measurement.value is not None else math.nan, decimals)
    return f"{value} ({', '.join(inside)})" if inside else value


def bounds(interval: Interval, decimals: int) -> str:
    """Return ``"0.62 to 0.89"``, or the one bound of a one-sided interval."""
    if interval.side == "lower":
        return f"at least {fixed(interval.low, decimals)}"
    if interval.side == "upper":
        return f"at most {fixed(interval.high, decimals)}"
    level = "" if math.isclose(interval.level, _USUAL_LEVEL) else f" at {interval.level * 100:g} %"
    return f"{fixed(interval.low, decimals)} to {fixed(interval.high, decimals)}{level}"
