"""Elements of SVG with everything escaped, and the palette."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup, escape

from governance.documents.blocks import Axis

INK, MUTE, RULE, WASH = "#16202a", "#5a6672", "#d9dee3", "#eef1f3"
ACCENT, WORST, SECOND = "#0b5c8a", "#a63603", "#00694b"
SERIES = ("#0b5c8a", "#a63603", "#00694b", "#7a5600")
"""Blue, vermilion, green and ochre after Okabe and Ito, darkened to a contrast of 4.5 on white; every series also has
its own marker and dash, so that none needs its colour."""
DASHES = (None, "6 3", "2 3", "8 3 2 3")
FONT = "Inter, sans-serif"


def element(name: str, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """Return an element; attribute names take underscores for hyphens, numbers are rounded to a tenth."""
    given = []
    for key, value in attributes.items():
        if value is not None:
            shown = f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value
            given.append(f' {key.rstrip("_").replace("_", "-")}="{escape(shown)}"')
    inner = "".join(escape(child) for child in children)
    return Markup(f"<{name}{''.join(given)}>{inner}</{name}>")  # noqa: S704 - every part was escaped above


def text(
    x: float,
    y: float,
    content: str,
    *,
    anchor: str = "start",
    strong: bool = False,
    fill: str = MUTE,
    class_: str = "t",
    size: int = 12,
) -> Markup:
    """Return a label."""
    return element(
        "text",
        content,
        x=x,
        y=y,
        text_anchor=anchor,
        class_=class_,
        fill=fill,
        font_size=size,
        font_family=FONT,
        font_weight="600" if strong else None,
    )


def line(
    x1: float, y1: float, x2: float, y2: float, *, class_: str, stroke: str, width: float = 1.0, dash: str | None = None
) -> Markup:
    """Return a straight line."""
    return element(
        "line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_, stroke=stroke, stroke_width=width, stroke_dasharray=dash
    )


def marker(shape: int, x: float, y: float, *, class_: str, fill: str, size: float = 4.0) -> Markup:
    """Return a marker: circle, diamond, square, triangle by number."""
    if shape % 4 == 0:
        return element("circle", cx=x, cy=y, r=size, class_=class_, fill=fill)
    s = size * 1.15
    paths = {
        1: f"M{x - s:.1f} {y:.1f}L{x:.1f} {y - s:.1f}L{x + s:.1f} {y:.1f}L{x:.1f} {y + s:.1f}Z",
        2: f"M{x - size:.1f} {y - size:.1f}H{x + size:.1f}V{y + size:.1f}H{x - size:.1f}Z",
        3: f"M{x:.1f} {y - s:.1f}L{x + s:.1f} {y + s:.1f}H{x - s:.1f}Z",
    }
    return element("path", d=paths[shape % 4], class_=class_, fill=fill)


def drawing(width: int, height: int, title: str, description: str, *children: Markup, class_: str) -> Markup:
    """Return an SVG image with its title and description."""
    return element(
        "svg",
        element("title", title),
        element("desc", description) if description else Markup(""),
        *children,
        viewBox=f"0 0 {width} {height}",
        width=str(width),
        height=str(height),
        role="img",
        aria_label=f"{title}. {description}" if description else title,
        class_=class_,
    )


def scale(axis: Axis, start: float, end: float) -> Callable[[float], float]:
    """Return the position of a value on an axis drawn from `start` to `end`; values beyond are drawn at its ends."""

    def position(value: float) -> float:
        share = (value - axis.low) / (axis.high - axis.low)
        return start + (end - start) * min(max(share, 0.0), 1.0)

    return position


def frame(y: Axis, at: Callable[[float], float], left: float, right: float) -> list[Markup]:
    """Return horizontal grid lines with their tick labels."""
    drawn = []
    for value, label in y.ticks:
        drawn.append(line(left, at(value), right, at(value), class_="grid", stroke=RULE))
        drawn.append(text(left - 6, at(value) + 4, label, anchor="end"))
    return drawn
