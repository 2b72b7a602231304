"""A metric against the share of training labels, on a logarithmic axis, one line an arm with its name beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from governance.documents.blocks import Chart, Panel, Point
from governance.documents.charts.svg import DASHES, MUTE, SERIES, drawing, element, frame, line, marker, scale, text
from governance.documents.content import plain

_WIDTH, _HEIGHT = 440, 264
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 318.0, 30.0, 216.0
_LINE = 14.0
_LETTERS = 17


def panel(chart: Chart, item: Panel) -> Markup:
    """Return the chart."""
    y = scale(chart.y, _BOTTOM, _TOP)
    low, high = math.log(chart.x.low), math.log(max(chart.x.high, chart.x.low * 1.01))

    def across(percent: float) -> float:
        return _LEFT + 12 + (_RIGHT - _LEFT - 24) * (math.log(percent) - low) / (high - low)

    drawn = [text(10, 14, chart.y.title), *frame(chart.y, y, _LEFT, _RIGHT)]
    taken = -100.0
    for value, label in chart.x.ticks:
        drawn.append(line(across(value), _BOTTOM, across(value), _BOTTOM + 4, class_="grid", stroke=MUTE))
        if across(value) - taken > 8 * len(label):
            drawn.append(text(across(value), _BOTTOM + 18, label, anchor="middle"))
            taken = across(value)
    drawn.append(text((_LEFT + _RIGHT) / 2, _BOTTOM + 38, chart.x.title, anchor="middle"))
    lines = [series for series in item.series if series.drawn == "line"]
    names = [wrapped(series.title) for series in lines]
    ends = apart(
        [y(series.points[-1].span.value) if series.points else _TOP for series in lines],
        [len(name) for name in names],
    )
    for index, series in enumerate(lines):
        colour, name = SERIES[index % len(SERIES)], f"s{index % len(SERIES)}"
        shift = 3.0 * (index - (len(lines) - 1) / 2)
        path = "M" + "L".join(f"{across(p.x) + shift:.1f} {y(p.span.value):.1f}" for p in series.points)
        drawn.append(
            element(
                "path",
                d=path,
                class_=f"line {name}",
                stroke=colour,
                stroke_width=2.0,
                fill="none",
                stroke_dasharray=DASHES[index % len(DASHES)],
            )
        )
        for point in series.points:
            at = across(point.x) + shift
            if point.span.low is not None and point.span.high is not None:
                drawn.append(
                    line(at, y(point.span.low), at, y(point.span.high), class_=f"line {name}", stroke=colour, width=1.5)
                )
            drawn.append(marker(index, at, y(point.span.value), class_=f"fill {name}", fill=colour))
        start = ends[index] + 4 - _LINE * (len(names[index]) - 1) / 2
        for row, words in enumerate(names[index]):
            drawn.append(
                text(_RIGHT + 6, start + _LINE * row, words, strong=True, fill=colour, class_=f"t fill {name}")
            )
    for series in item.series:
        if series.drawn == "choice":
            owner = next((i for i, one in enumerate(lines) if series.title.startswith(one.title)), 0)
            for point in series.points:
                drawn += _reached(point, across(point.x), y(point.span.value), owner)
    said = " ".join(
        f"{series.title}: " + ", ".join(f"{p.figure.text} at {p.x:.4g}{_unit(chart)}" for p in series.points) + "."
        for series in item.series
    )
    return drawing(_WIDTH, _HEIGHT, plain(chart.title), f"{chart.y.title}. {said}", *drawn, class_="plot wide")


def _reached(point: Point, x: float, y: float, owner: int) -> list[Markup]:
    """Mark where a curve reaches the reference: a ring, dashed lines to both axes, and the share in words."""
    colour, name = SERIES[owner % len(SERIES)], f"s{owner % len(SERIES)}"
    return [
        line(_LEFT, y, x, y, class_=f"line {name}", stroke=colour, dash="2 3"),
        line(x, y, x, _BOTTOM, class_=f"line {name}", stroke=colour, dash="2 3"),
        element("circle", cx=x, cy=y, r=7.0, class_=f"line {name}", stroke=colour, stroke_width=1.5, fill="none"),
        *([] if point.label is None else [_words(point.label.text, x, colour=colour, name=name)]),
    ]


def _words(share: str, x: float, *, colour: str, name: str) -> Markup:
    late = x > _RIGHT - 60
    at = x - 4 if late else x + 4
    return text(at, _BOTTOM - 6, share, anchor="end" if late else "start", fill=colour, class_=f"t fill {name}")


def _unit(chart: Chart) -> str:
    return " %" if "%" in chart.x.title else ""


def wrapped(name: str) -> list[str]:
    """Return a name cut at its hyphens and spaces into at most three lines."""
    lines = [""]
    for word in name.replace("-", "-\0").replace(" ", " \0").split("\0"):
        if lines[-1] and len(lines[-1]) + len(word.strip()) > _LETTERS:
            lines.append("")
        lines[-1] += word
    cut = [line.strip() if len(line.strip()) <= _LETTERS + 3 else f"{line[:_LETTERS]}…" for line in lines]
    return cut[:3]


def apart(positions: Sequence[float], heights: Sequence[int]) -> list[float]:
    """Move labels down until none covers another."""
    placed = list(positions)
    order = sorted(range(len(placed)), key=lambda i: (placed[i], i))
    for before, after in pairwise(order):
        room = _LINE * (heights[before] + heights[after]) / 2
        placed[after] = max(placed[after], placed[before] + room)
    return placed
