"""The tags of a PDF, mended where WeasyPrint 70 leaves something out.

* Header cells say whether they head a row or a column (WeasyPrint's issue #2508). Its lists of header cells are taken
  away: their names recur on every page and are in no index, and the scopes say the same.
* Decorations and running text become artifacts, which readers aloud pass over.
* Names with their values become lists of labelled items.
* Elements without content go.

Rules: ISO 14289-1 (PDF/UA-1), 7.1, 7.3, 7.5, 7.6 and 7.8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from governance.documents.pdf.layout import DECORATION

_MARKED = re.compile(rb"/(\w+)\n<</MCID (\d+)>>\nBDC\n")
"""How pydyf begins marked content. Text is written as hexadecimal strings, so no text can look like it."""
_MAY_BE_EMPTY = frozenset({"/TD", "/TH", "/TR", "/Figure"})


def mend(file: Any) -> None:
    """Mend the structure of an open file."""
    root = file.Root.StructTreeRoot
    for element in list(elements(root)):
        kind = str(element.S)
        if kind in {"/TH", "/TD"}:
            _say_scope(element, header=kind == "/TH")
        elif kind == "/L":
            _label_items(element)
    _drop(root)
    _unclaimed_to_artifacts(file, {element.objgen for element in elements(root)})


def elements(parent: Any) -> Iterator[Any]:
    """Yield all structure elements below another, parents first."""
    waiting = [parent]
    while waiting:
        element = waiting.pop()
        below = children(element)
        yield from below
        waiting += below


def children(element: Any) -> list[Any]:
    """Return the elements right below another."""
    return [child for child in _kids(element) if _is_element(child)]


def _kids(element: Any) -> list[Any]:
    import pikepdf

    kids = element.get("/K")
    if kids is None:
        return []
    return list(kids) if isinstance(kids, pikepdf.Array) else [kids]


def _is_element(kid: Any) -> bool:
    import pikepdf

    return isinstance(kid, pikepdf.Dictionary) and "/S" in kid


def _say_scope(cell: Any, *, header: bool) -> None:
    from pikepdf import Dictionary, Name

    if "/ID" in cell:
        del cell["/ID"]
    attributes = Dictionary(O=Name.Table)
    given = cell.get("/A", {})
    for name in ("/ColSpan", "/RowSpan"):
        if name in given:
            attributes[name] = given[name]
    if header:
        row = cell.get("/P")
        group = None if row is None else row.get("/P")
        column = group is not None and group.get("/S") == Name.THead
        attributes["/Scope"] = Name.Column if column else Name.Row
    if len(attributes.keys()) > 1:
        cell["/A"] = attributes
    elif "/A" in cell:
        del cell["/A"]


def _label_items(element: Any) -> None:
    """Make an item of each group of a name and its values: WeasyPrint gives each of them an item within a division."""
    from pikepdf import Array, Name

    for group in children(element):
        bodies = [] if group.S == Name.LI else _bodies(group)
        for number, body in enumerate(bodies):
            # A value that goes on at the top of the next page has no name there.
            body.S = Name.Lbl if number == 0 and len(bodies) > 1 else Name.LBody
            body.P = group
        if bodies:
            group.S = Name.LI
            group.K = Array(bodies)


def _bodies(group: Any) -> list[Any]:
    """Return the bodies of the items of a group, looking through the boxes of its layout; none if it holds more."""
    from pikepdf import Name

    found = []
    for kid in _kids(group):
        if not _is_element(kid) or kid.S not in {Name.LI, Name.Div, Name.NonStruct}:
            return []
        found += children(kid) if kid.S == Name.LI else _bodies(kid)
    return found


def _drop(element: Any) -> bool:
    """Take away what is empty or a decoration below an element; return whether the element itself is to go."""
    from pikepdf import Array

    if str(element.get("/Alt", "")) == DECORATION:
        return True
    kids = _kids(element)
    kept = [kid for kid in kids if not (_is_element(kid) and _drop(kid))]
    if len(kept) < len(kids):
        element["/K"] = Array(kept)
    if not kept and "/K" in element:
        del element["/K"]
    return not kept and "/S" in element and str(element.S) not in _MAY_BE_EMPTY


def _unclaimed_to_artifacts(file: Any, claimed: set[Any]) -> None:
    """Make artifacts of what no element of the tree holds any more: decorations, and running text, which never was.

    Raises
    ------
    ValueError
        If the content of a page is not as WeasyPrint writes it.
    """
    numbers = file.Root.StructTreeRoot.ParentTree.Nums
    by_key = {int(numbers[i]): numbers[i + 1] for i in range(0, len(numbers), 2)}
    for page in file.pages:
        parents = by_key[int(page.StructParents)]
        loose = {number for number, parent in enumerate(parents) if parent.objgen not in claimed}
        if not loose:
            continue
        for number in loose:
            parents[number] = None
        page.Contents.write(_as_artifacts(page.Contents.read_bytes(), loose))


def _as_artifacts(content: bytes, numbers: set[int]) -> bytes:
    met: set[int] = set()

    def begin(match: re.Match[bytes]) -> bytes:
        number = int(match[2])
        if number not in numbers:
            return match[0]
        met.add(number)
        return b"/Artifact\nBMC\n" if match[1] == b"Figure" else b"/Artifact\n<</Type /Pagination>>\nBDC\n"

    changed = _MARKED.sub(begin, content)
    if met != numbers:
        raise ValueError(f"marked content not found in the page: {sorted(numbers - met)[:5]}")
    return changed
