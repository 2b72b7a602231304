"""Checks of what the pages paint: all of it tagged or an artifact, every text with glyphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from governance.documents.pdf.checks.findings import Check, Finding
from governance.documents.pdf.structure import elements

_PAINTS = frozenset({"Tj", "TJ", "'", '"', "f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "Do", "sh", "EI"})
_SHOWS_TEXT = frozenset({"Tj", "TJ", "'", '"'})
_OPERATORS = " ".join(sorted(_PAINTS | {"BDC", "BMC", "EMC", "Tf"}))


def pages(file: Any) -> Iterator[Finding]:
    """Marked content belongs to one element of the tree, and what is outside of marks is not there."""
    root = file.Root.get("/StructTreeRoot")
    if root is None:
        return
    claimed = {element.objgen for element in elements(root)}
    numbers = list(root.get("/ParentTree", {}).get("/Nums", ()))
    parents = {int(numbers[i]): numbers[i + 1] for i in range(0, len(numbers), 2)}
    for number, page in enumerate(file.pages, start=1):
        held = parents.get(int(page.get("/StructParents", -1)), ())
        for clause, message in dict.fromkeys(_on_page(page, list(held), claimed)):
            yield Finding(clause, f"page {number}: {message}")


def _on_page(page: Any, held: list[Any], claimed: set[Any]) -> Iterator[tuple[str, str]]:
    import pikepdf

    marks: list[int | None] = []  # numbers of tagged content, None for an artifact, that are open
    seen: set[int] = set()
    for operands, operator in pikepdf.parse_content_stream(page, _OPERATORS):
        name = str(operator)
        if name in {"BDC", "BMC"}:
            mark = _number(operands)
            if marks:
                yield "ISO 14289-1, 7.1", "tagged content and artifacts lie in each other"
            marks.append(mark)
            if mark is not None:
                if mark in seen or mark >= len(held) or getattr(held[mark], "objgen", None) not in claimed:
                    yield "ISO 14289-1, 7.1", f"content {mark} is not held by one element of the tree"
                seen.add(mark)
        elif name == "EMC":
            if not marks:
                yield "ISO 32000-1, 14.6", "marked content ends before it begins"
            else:
                marks.pop()
        elif name in _PAINTS:
            if not marks:
                yield "ISO 14289-1, 7.1", f"something is painted ({name}) that is neither tagged nor an artifact"
            if name in _SHOWS_TEXT and _lacks_glyph(operands):
                yield "ISO 19005-3, 6.2.11.8", "a character has no glyph in any font"


def _number(operands: Any) -> int | None:
    import pikepdf

    properties = operands[1] if len(operands) > 1 else None
    if isinstance(properties, pikepdf.Dictionary) and "/MCID" in properties:
        return int(properties["/MCID"])
    return None


def _lacks_glyph(operands: Any) -> bool:
    """Whether text shows glyph 0, which stands for a missing one; codes have two bytes (Identity-H)."""
    import pikepdf

    shown = operands[-1]
    for piece in shown if isinstance(shown, pikepdf.Array) else [shown]:
        if isinstance(piece, pikepdf.String):
            codes = bytes(piece)
            if any(codes[at : at + 2] == b"\0\0" for at in range(0, len(codes), 2)):
                return True
    return False


CONTENT: tuple[Check, ...] = (pages,)
