"""A metric against the severity of one condition, with the clean input as a band."""

from __future__ import annotations

from markupsafe import Markup

from governance.documents.blocks import Chart, Panel
from governance.documents.charts.svg import ACCENT, INK, MUTE, WASH, drawing, element, frame, line, marker, scale, text
from governance.documents.content import plain

_WIDTH, _HEIGHT = 272, 176
_LEFT, _RIGHT, _TOP, _BOTTOM = 38.0, 258.0, 10.0, 134.0


def panel(chart: Chart, item: Panel) -> Markup:
    """Return one panel."""
    y = scale(chart.y, _BOTTOM, _TOP)
    points = item.series[0].points
    scaled = any(point.x > 0 for point in points)
    across = scale(chart.x, _LEFT + 14, _RIGHT - 14)
    drawn: list[Markup] = []
    if item.reference is not None and item.reference.low is not None and item.reference.high is not None:
        top, bottom = y(item.reference.high), y(item.reference.low)
        drawn.append(
            element(
                "rect", x=_LEFT, y=top, width=_RIGHT - _LEFT, height=max(bottom - top, 1.0), class_="band", fill=WASH
            )
        )
    drawn += frame(chart.y, y, _LEFT, _RIGHT)
    if item.reference is not None:
        drawn.append(
            line(_LEFT, y(item.reference.value), _RIGHT, y(item.reference.value), class_="bar", stroke=INK, dash="3 3")
        )
        words = f"{item.reference_label} {item.reference_figure.text if item.reference_figure else ''}"
        above = y(item.reference.high if item.reference.high is not None else item.reference.value) - 4
        drawn.append(text(_RIGHT, max(above, _TOP + 9), words, anchor="end", fill=INK, class_="t ink", size=11))
    positions = [(across(point.x) if scaled else (_LEFT + _RIGHT) / 2, y(point.span.value)) for point in points]
    if len(points) > 1:
        path = "M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in positions)
        drawn.append(element("path", d=path, class_="line accent", stroke=ACCENT, stroke_width=1.5, fill="none"))
    for point, (px, py) in zip(points, positions, strict=True):
        if point.span.low is not None and point.span.high is not None:
            drawn.append(
                line(px, y(point.span.low), px, y(point.span.high), class_="line accent", stroke=ACCENT, width=2.0)
            )
        drawn.append(marker(0, px, py, class_="fill accent", fill=ACCENT, size=3.5))
    if points:
        px, py = positions[-1]
        low = points[-1].span.low
        below = (y(low) if low is not None else py) + 14
        high = points[-1].span.high
        if below > _BOTTOM - 3:
            below = (y(high) if high is not None else py) - 6
        drawn.append(
            text(
                min(px, _RIGHT - 12),
                below,
                points[-1].figure.text,
                anchor="middle",
                strong=True,
                fill=ACCENT,
                class_="t fill accent",
            )
        )
    if scaled:
        drawn += [text(across(value), _BOTTOM + 16, label, anchor="middle") for value, label in chart.x.ticks]
        drawn.append(text((_LEFT + _RIGHT) / 2, _BOTTOM + 34, chart.x.title, anchor="middle", fill=MUTE))
    else:
        drawn.append(text((_LEFT + _RIGHT) / 2, _BOTTOM + 16, "one version, no severity", anchor="middle"))
    said = "; ".join(
        f"{chart.x.title} {point.x:g}: {point.figure.text}" if scaled else point.figure.text for point in points
    )
    return drawing(
        _WIDTH, _HEIGHT, f"{item.title}: {plain(chart.title)}", f"{chart.y.title}. {said}.", *drawn, class_="plot"
    )
