"""Observed against predicted risk, with the count of cases that each point rests on."""

from __future__ import annotations

from markupsafe import Markup

from governance.documents.blocks import Chart, Panel
from governance.documents.charts.svg import ACCENT, INK, MUTE, drawing, element, frame, line, marker, scale, text
from governance.documents.content import plain

_WIDTH, _HEIGHT = 360, 392
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 346.0, 30.0, 278.0
_FLOOR, _ROOF = 356.0, 318.0
_GAP = 22.0


def panel(chart: Chart, item: Panel) -> Markup:
    """Return the diagram."""
    x, y = scale(chart.x, _LEFT, _RIGHT), scale(chart.y, _BOTTOM, _TOP)
    drawn = frame(chart.y, y, _LEFT, _RIGHT)
    drawn.append(text(10, 14, chart.y.title))
    drawn.append(line(x(0), y(0), x(1), y(1), class_="bar", stroke=INK, dash="3 3"))
    drawn += [text(x(value), _BOTTOM + 18, label, anchor="middle") for value, label in chart.x.ticks]
    points = item.series[0].points
    most = max((_whole(point.n.text) for point in points if point.n), default=1)
    last = -_GAP
    for point in points:
        px, py = x(point.x), y(point.span.value)
        if point.span.low is not None and point.span.high is not None:
            drawn.append(
                line(px, y(point.span.low), px, y(point.span.high), class_="line accent", stroke=ACCENT, width=2.0)
            )
        drawn.append(marker(0, px, py, class_="fill accent", fill=ACCENT))
        if point.n:
            height = max(1.0, (_FLOOR - _ROOF) * _whole(point.n.text) / most)
            drawn.append(
                element("rect", x=px - 6, y=_FLOOR - height, width=12.0, height=height, class_="fill mute", fill=MUTE)
            )
            if px - last >= _GAP:
                drawn.append(text(px, _FLOOR - height - 4, point.n.text, anchor="middle", size=11))
                last = px
    drawn.append(line(_LEFT, _FLOOR, _RIGHT, _FLOOR, class_="grid", stroke=MUTE))
    drawn.append(text((_LEFT + _RIGHT) / 2, _HEIGHT - 14, f"{chart.x.title}; bars: cases", anchor="middle"))
    said = "; ".join(
        f"predicted {point.x:.2f}, observed {point.figure.text}{f', {point.n.text} cases' if point.n else ''}"
        for point in points
    )
    return drawing(
        _WIDTH,
        _HEIGHT,
        plain(chart.title),
        f"{chart.y.title} against {chart.x.title}. {said}.",
        *drawn,
        class_="plot square",
    )


def _whole(text_: str) -> int:
    return int("".join(letter for letter in text_ if letter.isdigit()) or 0)
