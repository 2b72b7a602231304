"""Group intervals: one small drawing a row of the table, all on one shared axis."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from governance.documents.blocks import GroupRow, GroupTable, Span
from governance.documents.charts.svg import (
    ACCENT,
    INK,
    RULE,
    SECOND,
    WORST,
    drawing,
    element,
    line,
    marker,
    scale,
    text,
)

WIDTH, HEIGHT, EDGE = 300, 34, 14.0
_APART = 6.0


def axis(table: GroupTable) -> Markup:
    """Return the axis above the rows, with the bar named."""
    at = scale(table.axis, EDGE, WIDTH - EDGE)
    drawn = [
        text(at(value), 30, label, anchor="middle") for value, label in table.axis.ticks if not _covered(table, value)
    ]
    if table.bar is not None and table.bar_label:
        middle = 34 < at(table.bar) < WIDTH - 34
        anchor = "middle" if middle else "start" if at(table.bar) <= 34 else "end"
        drawn.append(text(at(table.bar), 12, table.bar_label, anchor=anchor, fill=INK, class_="t ink"))
        drawn.append(line(at(table.bar), 17, at(table.bar), HEIGHT, class_="bar", stroke=INK, dash="3 3"))
    return element(
        "svg",
        *drawn,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=str(WIDTH),
        height=str(HEIGHT),
        aria_hidden="true",
        class_="axis",
    )


def _covered(table: GroupTable, value: float) -> bool:
    """Whether the bar's line would run through a tick's label."""
    return table.bar is not None and abs(value - table.bar) < 0.04 * (table.axis.high - table.axis.low)


def _second(span: Span, at: Callable[[float], float], y: float) -> list[Markup]:
    drawn = []
    if span.low is not None and span.high is not None:
        drawn.append(
            line(at(span.low), y, at(span.high), y, class_="line second", stroke=SECOND, width=1.5, dash="4 2")
        )
    return [*drawn, marker(2, at(span.value), y, class_="fill second", fill=SECOND, size=3.2)]


def row(table: GroupTable, item: GroupRow) -> Markup:
    """Return a group's interval; thin beyond it the one that verdicts rest on, below it a second number."""
    at = scale(table.axis, EDGE, WIDTH - EDGE)
    middle = HEIGHT / 2 - (_APART if item.beside_span is not None else 0.0)
    drawn = [line(at(value), 0, at(value), HEIGHT, class_="grid", stroke=RULE) for value, _ in table.axis.ticks]
    if table.bar is not None:
        drawn.append(line(at(table.bar), 0, at(table.bar), HEIGHT, class_="bar", stroke=INK, dash="3 3"))
    if item.heading is not None:
        return element(
            "svg", *drawn, viewBox=f"0 0 {WIDTH} {HEIGHT}", width=str(WIDTH), height=str(HEIGHT), aria_hidden="true"
        )
    if item.span is None or item.value is None:
        return Markup()
    name, colour = ("worst", WORST) if item.mark else ("accent", ACCENT)
    if item.wide is not None and item.wide.low is not None and item.wide.high is not None:
        low, high = at(item.wide.low), at(item.wide.high)
        drawn.append(line(low, middle, high, middle, class_=f"line {name}", stroke=colour, width=0.8))
    if item.span.low is not None and item.span.high is not None:
        low, high = at(item.span.low), at(item.span.high)
        drawn.append(line(low, middle, high, middle, class_=f"line {name}", stroke=colour, width=2.0))
    shape, size = (1, 5.0) if item.mark else (0, 4.0)
    drawn.append(marker(shape, at(item.span.value), middle, class_=f"fill {name}", fill=colour, size=size))
    interval = f", interval {item.interval.text}" if item.interval else ""
    said = f"{item.label}: {table.metric} {item.value.text}{interval}"
    if item.beside_span is not None and item.beside is not None:
        drawn += _second(item.beside_span, at, middle + 2 * _APART)
        interval = f", interval {item.beside_interval.text}" if item.beside_interval else ""
        said = f"{said}; {table.beside} {item.beside.text}{interval}"
    return drawing(WIDTH, HEIGHT, said, "", *drawn, class_="forest")
