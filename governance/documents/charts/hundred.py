"""A natural frequency: a hundred dots, some of them filled."""

from __future__ import annotations

from markupsafe import Markup

from governance.documents.blocks import Hundred
from governance.documents.charts.svg import ACCENT, MUTE, drawing, element
from governance.documents.content import plain

_STEP, _SIDE = 11.0, 110


def hundred(item: Hundred) -> Markup:
    """Return ten rows of ten dots, filled from the top left; the others are rings, so that grey printing shows it."""
    dots = []
    for index in range(100):
        x, y = _STEP / 2 + _STEP * (index % 10), _STEP / 2 + _STEP * (index // 10)
        if index < item.count:
            dots.append(element("circle", cx=x, cy=y, r=4.1, class_="fill accent", fill=ACCENT))
        else:
            dots.append(element("circle", cx=x, cy=y, r=3.4, class_="ring", fill="none", stroke=MUTE, stroke_width=1.0))
    return drawing(_SIDE, _SIDE, plain(item.sentence), f"{item.count} of 100 dots are filled.", *dots, class_="hundred")
