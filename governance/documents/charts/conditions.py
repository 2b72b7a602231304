"""A metric against the severity of one condition, with the clean input as a band."""

from __future__ import annotations

from markupsafe import Markup

from governance.documents.blocks import Chart, Panel
from governance.documents.charts.svg import ACCENT, INK, MUTE, WASH, drawing, element, frame, line, marker, scale, text
from governance.documents.content import plain

_WIDTH, _HEIGHT = 272, 176
_LEFT, _RIGHT, _TOP, _BOTTOM = 38.0, 258.0, 10.0, 134.0


_LETTERS = 11.0
"""Height of a label's letters."""
_WIDE = 66.0
"""About how wide the words at the reference are."""


def _reference_words(words: str, at: float, taken: list[tuple[float, float, float]]) -> Markup:
    """Write the words above or below the line of the reference, at the end where they are clear of what is drawn.

    Parameters
    ----------
    taken
        Where something else is: its place across, and its upper and lower end.
    """

    def room(place: tuple[float, float, str]) -> float:
        x, low, anchor = place
        start = x - _WIDE if anchor == "end" else x
        near = [(upper, lower) for px, upper, lower in taken if start - 8 <= px <= start + _WIDE + 8]
        return min((max(upper - low, (low - _LETTERS) - lower) for upper, lower in near), default=_HEIGHT)

    lows = [low for low in (at - 4, at + _LETTERS + 3) if _TOP + 9 <= low <= _BOTTOM - 3]
    places = [(x, low, anchor) for low in lows for x, anchor in ((_RIGHT, "end"), (_LEFT + 4, "start"))]
    clear = [place for place in places if room(place) >= 1]
    x, low, anchor = clear[0] if clear else max(places, key=room)
    return text(x, low, words, anchor=anchor, fill=INK, class_="t ink", size=11)


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
    taken = [
        (px, y(point.span.high if point.span.high is not None else point.span.value),
         y(point.span.low if point.span.low is not None else point.span.value))
        for point, (px, _) in zip(points, positions, strict=True)
    ]  # fmt: skip
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
        taken.append((px, below - _LETTERS, below))
    if item.reference is not None:
        words = f"{item.reference_label} {item.reference_figure.text if item.reference_figure else ''}"
        drawn.append(_reference_words(words, y(item.reference.value), taken))
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
