"""Tables of a file for word processors: rows that break well under headers that repeat, as wide as the page."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from docx.oxml.xmlchemy import BaseOxmlElement as Element

from governance.documents.blocks import Column, Text
from governance.documents.docx.runs import Said, element, paragraph, printable, within
from governance.documents.tables import Row, Table

WIDTH = 9866
"""Text width of the page in twentieths of a point: A4 less margins of 18 mm."""
_CHARACTERS = 118
"""Characters of a table's text that fit beside each other on that width."""
_LONGEST_WORD = 18
"""Longer words break inside of a cell."""
_NAMES = 2835
"""Width of the names of properties: 50 mm."""
_GAP = 2
"""Characters that the margins of a cell take."""


def table(content: Table, title: str) -> Element:
    """Return a table in the style for numbers; `title` is its description for those who cannot see it."""
    widths = column_widths(content)
    made = _begin("Measurements", widths, title)
    made.append(_header(content.columns, widths))
    for row in content.rows:
        made.append(_heading(row) if row.heading else _row(row, content.columns, widths))
    return made


def pairs(items: Sequence[tuple[str, Text]]) -> Element:
    """Return names and their values beside each other, without lines."""
    widths = (_NAMES, WIDTH - _NAMES)
    made = _begin("Pairs", widths, "")
    for name, value in items:
        row = within(made, "tr")
        row.append(_cell(widths[0], Said(name, "Muted Words"), style="Property"))
        row.append(_cell(widths[1], Said(value), style="Property"))
    return made


def column_widths(content: Table) -> list[int]:
    """Share the width of the page out: what is short keeps its width, what is long gets room by how long it is."""
    texts = [
        [printable(row.cells[at]) for row in content.rows if not row.heading] for at in range(len(content.columns))
    ]
    least = [_longest_word([column.title, *cells]) + _GAP for column, cells in zip(content.columns, texts, strict=True)]
    wanted = [max([low, *(len(cell) + _GAP for cell in cells)]) for low, cells in zip(least, texts, strict=True)]
    spare = _CHARACTERS - sum(least)
    if spare < 0:
        shares = [float(low) for low in least]
    elif sum(wanted) <= _CHARACTERS:
        shares = [float(want) for want in wanted]
    else:
        more = [math.sqrt(want - low) for low, want in zip(least, wanted, strict=True)]
        shares = [low + spare * extra / sum(more) for low, extra in zip(least, more, strict=True)]
    edges = [round(WIDTH * sum(shares[:at]) / sum(shares)) for at in range(len(shares) + 1)]
    return [high - low for low, high in itertools.pairwise(edges)]


def _begin(style: str, widths: Sequence[int], title: str) -> Element:
    made = element("tbl")
    properties = within(made, "tblPr")
    within(properties, "tblStyle", val=style)
    within(properties, "tblW", w=WIDTH, type="dxa")
    within(properties, "tblLayout", type="fixed")
    heads = 1 if title else 0
    look = {"firstRow": heads, "lastRow": 0, "firstColumn": 1, "lastColumn": 0, "noHBand": 0, "noVBand": 1}
    within(properties, "tblLook", val="04A0" if title else "0480", **look)
    if title:
        within(properties, "tblCaption", val=title)
    grid = within(made, "tblGrid")
    for width in widths:
        within(grid, "gridCol", w=width)
    return made


def _longest_word(texts: Sequence[str]) -> int:
    return max((min(len(word), _LONGEST_WORD) for text in texts for word in text.split()), default=1)


def _header(columns: Sequence[Column], widths: Sequence[int]) -> Element:
    made = element("tr")
    properties = within(made, "trPr")
    within(properties, "cantSplit")
    within(properties, "tblHeader")
    for column, width in zip(columns, widths, strict=True):
        made.append(_cell(width, Said(column.title, "Strong Words"), numeric=column.numeric))
    return made


def _row(row: Row, columns: Sequence[Column], widths: Sequence[int]) -> Element:
    made = element("tr")
    within(within(made, "trPr"), "cantSplit")
    for cell, column, width in zip(row.cells, columns, widths, strict=True):
        made.append(_cell(width, Said(cell, "Code Words" if column.code else None), numeric=column.numeric))
    return made


def _heading(row: Row) -> Element:
    made = element("tr")
    within(within(made, "trPr"), "cantSplit")
    cell = _cell(WIDTH, Said(row.cells[0]), style="Table Heading")
    cell[0].insert(1, element("gridSpan", val=len(row.cells)))
    made.append(cell)
    return made


def _cell(width: int, said: Said, *, numeric: bool = False, style: str = "Table Text") -> Element:
    made = element("tc")
    within(within(made, "tcPr"), "tcW", w=width, type="dxa")
    made.append(paragraph("Table Number" if numeric else style, said))
    return made
