"""Errors among the answered against the share that is answered, one line a group with its name beside it."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from governance.documents.blocks import Chart, Panel, Series
from governance.documents.charts.efficiency import apart, wrapped
from governance.documents.charts.svg import (
    DASHES,
    MUTE,
    SERIES,
    WASH,
    drawing,
    element,
    frame,
    line,
    marker,
    scale,
    text,
)
from governance.documents.content import plain

_WIDTH, _HEIGHT = 440, 264
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 318.0, 30.0, 216.0
_LINE = 14.0


def panel(chart: Chart, item: Panel) -> Markup:
    """Return the chart; intervals are drawn as a band where there is one line, else they stand in the table."""
    x, y = scale(chart.x, _LEFT + 12, _RIGHT - 12), scale(chart.y, _BOTTOM, _TOP)
    drawn = [text(10, 14, chart.y.title), *frame(chart.y, y, _LEFT, _RIGHT)]
    for value, label in chart.x.ticks:
        drawn.append(line(x(value), _BOTTOM, x(value), _BOTTOM + 4, class_="grid", stroke=MUTE))
        drawn.append(text(x(value), _BOTTOM + 18, label, anchor="middle"))
    drawn.append(text((_LEFT + _RIGHT) / 2, _BOTTOM + 38, chart.x.title, anchor="middle"))
    names = [wrapped(series.title) for series in item.series]
    ends = apart([y(series.points[-1].span.value) for series in item.series], [len(name) for name in names])
    for index, series in enumerate(item.series):
        colour, name = SERIES[index % len(SERIES)], f"s{index % len(SERIES)}"
        at = [(x(point.x), y(point.span.value)) for point in series.points]
        if len(item.series) == 1:
            drawn += _band(series, x, y)
        drawn.append(
            element(
                "path",
                d="M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in at),
                class_=f"line {name}",
                stroke=colour,
                stroke_width=2.0,
                fill="none",
                stroke_dasharray=DASHES[index % len(DASHES)],
            )
        )
        drawn.append(marker(index, *at[-1], class_=f"fill {name}", fill=colour))
        start = ends[index] + 4 - _LINE * (len(names[index]) - 1) / 2
        for row, words in enumerate(names[index]):
            drawn.append(
                text(_RIGHT + 6, start + _LINE * row, words, strong=True, fill=colour, class_=f"t fill {name}")
            )
    said = " ".join(_said(series) for series in item.series)
    title = f"{item.title}: {plain(chart.title)}" if item.title else plain(chart.title)
    return drawing(_WIDTH, _HEIGHT, title, f"{chart.y.title}. {said}", *drawn, class_="plot wide")


def _band(series: Series, x: Callable[[float], float], y: Callable[[float], float]) -> list[Markup]:
    """Return the intervals of a line as an area, where all points have one."""
    spans = [(x(point.x), point.span.low, point.span.high) for point in series.points]
    upper = [f"{at:.1f} {y(high):.1f}" for at, low, high in spans if low is not None and high is not None]
    lower = [f"{at:.1f} {y(low):.1f}" for at, low, high in reversed(spans) if low is not None and high is not None]
    if len(upper) < len(spans):
        return []
    return [element("path", d=f"M{'L'.join([*upper, *lower])}Z", class_="band", fill=WASH)]


def _said(series: Series) -> str:
    points = series.points
    shown = [points[0], *points[3:-1:4], points[-1]] if len(points) > 1 else points
    return f"{series.title}: " + ", ".join(f"{p.figure.text} at {p.x:.4g} %" for p in shown) + "."
