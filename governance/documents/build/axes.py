"""Axes with round ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable

from governance.documents.blocks import Axis, Span
from governance.evidence.wording import fixed

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def axis(
    title: str,
    spans: Iterable[Span],
    *,
    also: Iterable[float] = (),
    bounds: tuple[float, float] | None = None,
    ticks: int = 3,
) -> Axis:
    """Return an axis that holds all spans.

    Parameters
    ----------
    also
        Further values that it must hold: a bar, zero.
    bounds
        The metric's range; the axis does not go beyond it.
    ticks
        Highest count of steps.
    """
    values = list(also)
    for span in spans:
        values += [v for v in (span.value, span.low, span.high) if v is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if bounds:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    step = next((s for s in _STEPS if math.ceil(high / s - 1e-9) - math.floor(low / s + 1e-9) <= ticks), _STEPS[-1])
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if first == last:
        last += 1
    places = 0 if step >= 1 else 2 if step in (0.01, 0.02, 0.05, 0.25) else 1
    marks = tuple(((i * step), fixed(i * step, places)) for i in range(first, last + 1))
    return Axis(title=title, low=marks[0][0], high=marks[-1][0], ticks=marks)
