"""Two metrics that are traded against each other: what was looked at, what nothing beats, and the choices by name."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from governance.documents.blocks import Chart, Panel, Point, Series
from governance.documents.charts.svg import (
    ACCENT,
    INK,
    MUTE,
    RULE,
    SERIES,
    drawing,
    element,
    frame,
    line,
    marker,
    scale,
    text,
)
from governance.documents.content import plain

_WIDTH, _HEIGHT = 380, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 364.0, 30.0, 248.0
_LINE = 19


def panel(chart: Chart, item: Panel) -> Markup:
    """Return the chart."""
    x, y = scale(chart.x, _LEFT, _RIGHT), scale(chart.y, _BOTTOM, _TOP)
    drawn = [text(10, 14, chart.y.title), *frame(chart.y, y, _LEFT, _RIGHT)]
    for value, label in chart.x.ticks:
        drawn.append(line(x(value), _TOP, x(value), _BOTTOM, class_="grid", stroke=RULE))
        drawn.append(text(x(value), _BOTTOM + 18, label, anchor="middle"))
    drawn.append(text((_LEFT + _RIGHT) / 2, _BOTTOM + 38, chart.x.title, anchor="middle"))
    down, number = float(_HEIGHT + 8), 0
    for series in item.series:
        at = [(x(point.x), y(point.span.value)) for point in series.points]
        if series.drawn == "cloud":
            drawn += [_ring(px, py) for px, py in at]
            key = _ring(_LEFT + 5, down - 4)
        elif series.drawn == "line":
            path = "M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in at)
            drawn.append(element("path", d=path, class_="line accent", stroke=ACCENT, stroke_width=1.5, fill="none"))
            drawn += [marker(0, px, py, class_="fill accent", fill=ACCENT, size=3.2) for px, py in at]
            key = marker(0, _LEFT + 5, down - 4, class_="fill accent", fill=ACCENT, size=3.2)
        else:
            number += 1
            colour, name = SERIES[number % len(SERIES)], f"s{number % len(SERIES)}"
            for point, (px, py) in zip(series.points, at, strict=True):
                drawn += _interval(point, px, y, colour=colour, name=name)
                drawn.append(marker(number, px, py, class_=f"fill {name}", fill=colour, size=5.0))
            key = marker(number, _LEFT + 5, down - 4, class_=f"fill {name}", fill=colour, size=4.5)
        drawn.append(key)
        drawn.append(text(_LEFT + 18, down, series.title, fill=INK, class_="t ink"))
        down += _LINE
    said = " ".join(f"{series.title}: {_said(series)}." for series in item.series if series.points)
    return drawing(
        _WIDTH,
        _HEIGHT + _LINE * len(item.series),
        plain(chart.title),
        f"{chart.y.title} against {chart.x.title}. {said}",
        *drawn,
        class_="plot wide",
    )


def _ring(px: float, py: float) -> Markup:
    return element("circle", cx=px, cy=py, r=2.8, class_="ring", fill="none", stroke=MUTE, stroke_width=1.0)


def _interval(point: Point, px: float, y: Callable[[float], float], *, colour: str, name: str) -> list[Markup]:
    if point.span.low is None or point.span.high is None:
        return []
    return [line(px, y(point.span.low), px, y(point.span.high), class_=f"line {name}", stroke=colour, width=1.2)]


def _said(series: Series) -> str:
    """Return the points of a series in words; of a cloud only how many they are, since they are beaten."""
    if series.drawn == "cloud":
        return f"{len(series.points)} points"
    return ", ".join(
        f"{point.label.text.split(' (')[0] if point.label else point.x} and {point.figure.text}"
        for point in series.points
    )
