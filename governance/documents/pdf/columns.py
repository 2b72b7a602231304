"""Widths of the columns of a table, from the text that they hold.

Layout that looks for the widths itself takes WeasyPrint several times as long, and gives one long cell all the room.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

_LINE = 112
"""Letters of the size of data tables that fit side by side on the paper."""
_GAP = 3
"""Letters' worth of room between columns."""
_WORD = 22
"""Letters of a word that is not to be broken; longer ones, which are digests or hostile, may be."""


def shares(columns: Sequence[Sequence[str]], unbroken: Sequence[bool]) -> list[float]:
    """Return the share of the width for each column, adding up to 1.

    Each column gets its longest word, and its share of what is left by how much text it has beyond that: the root mean
    square of the lengths of its cells, so that long cells count for more.

    Parameters
    ----------
    columns
        The texts of each column, its title first.
    unbroken
        Whether the cells of a column, but not its title, stay on one line.
    """
    least, wanted = [], []
    for (title, *cells), whole in zip(columns, unbroken, strict=True):
        words = [*title.split(), *(cells if whole else [word for cell in cells for word in cell.split()])]
        longest = min(max(map(len, words), default=1), _WORD) + _GAP
        typical = sqrt(sum(len(cell) ** 2 for cell in cells) / len(cells)) + _GAP if cells else 0.0
        least.append(float(longest))
        wanted.append(max(typical - longest, 0.0))
    left = max(_LINE - sum(least), 0.0)
    more = left / sum(wanted) if sum(wanted) else 0.0
    widths = [word + more * text for word, text in zip(least, wanted, strict=True)]
    return [width / sum(widths) for width in widths]


def set_widths(table: Any) -> None:
    """Write the widths of the columns of a data table into its header cells."""
    head, *rows = [list(row) for row in table.iter("tr")]
    if not head or any(len(row) != len(head) for row in rows):
        return
    cells = [[" ".join("".join(row[at].itertext()).split()) for row in [head, *rows]] for at in range(len(head))]
    unbroken = [cell.get("class") == "numeric" for cell in head]
    for cell, share in zip(head, shares(cells, unbroken), strict=True):
        cell.set("style", f"width: {100 * share:.2f}%")
