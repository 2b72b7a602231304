"""Checks of the structure tree: ISO 14289-1 (PDF/UA-1), 7, and what PDF/A-3 level A shares with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from governance.documents.pdf.checks.findings import Check, Finding
from governance.documents.pdf.structure import children, elements

_TYPES = """
Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 H4 H5 H6 L LI Lbl LBody
Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry Code Link Annot Ruby RB RT RP Warichu WT WP Figure
Formula Form
"""
"""Structure types of ISO 32000-1, 14.8.4."""
_IN_TABLE = {
    "/Table": {"/TR", "/THead", "/TBody", "/TFoot", "/Caption"},
    "/THead": {"/TR"},
    "/TBody": {"/TR"},
    "/TFoot": {"/TR"},
    "/TR": {"/TH", "/TD"},
}
_IN_LIST = {"/L": {"/LI", "/L", "/Caption"}, "/LI": {"/Lbl", "/LBody"}}
_LONG = 5
"""Pages from which on a document needs bookmarks to find one's way."""


def catalogue(file: Any) -> Iterator[Finding]:
    """The document is tagged, names its language and shows its title."""
    root = file.Root
    marks = root.get("/MarkInfo", {})
    if not bool(marks.get("/Marked", False)) or bool(marks.get("/Suspects", False)):
        yield Finding("ISO 19005-3, 6.7.2", "the document does not say that it is tagged")
    if "/StructTreeRoot" not in root:
        yield Finding("ISO 19005-3, 6.7.3", "there is no structure tree")
    if not re.fullmatch("[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", str(root.get("/Lang", ""))):
        yield Finding("ISO 19005-3, 6.7.4", "the document names no language")
    if not bool(root.get("/ViewerPreferences", {}).get("/DisplayDocTitle", False)):
        yield Finding("ISO 14289-1, 7.1", "the title is not shown in the title bar")
    if len(file.pages) >= _LONG and not root.get("/Outlines", {}).get("/First"):
        yield Finding("ISO 14289-1, 7.17", "the document is long and has no bookmarks")
    for number, page in enumerate(file.pages, start=1):
        if page.get("/Annots") and str(page.get("/Tabs")) != "/S":
            yield Finding("ISO 14289-1, 7.18.3", f"the tab order of page {number} is not that of its structure")


def tree(file: Any) -> Iterator[Finding]:
    """Elements are standard ones, and stand where they may; figures have a text alternative."""
    standard = {f"/{name}" for name in _TYPES.split()}
    roles = file.Root.get("/StructTreeRoot", {}).get("/RoleMap", {})
    for element in _all(file):
        kind = str(element.S)
        if kind not in standard and kind not in roles:
            yield Finding("ISO 14289-1, 7.1", f"an element is {kind}")
        if kind in {"/Figure", "/Formula"} and not str(element.get("/Alt", element.get("/ActualText", ""))).strip():
            yield Finding("ISO 14289-1, 7.3", "a figure has no text alternative")
        for allowed, clause in ((_IN_TABLE, "7.5"), (_IN_LIST, "7.6")):
            inside = {str(child.S) for child in children(element)}
            if kind in allowed and not inside <= allowed[kind]:
                strange = ", ".join(sorted(inside - allowed[kind]))
                yield Finding(f"ISO 14289-1, {clause}", f"{kind} holds {strange}")
        if kind == "/LI" and str(element.P.get("/S")) != "/L":
            yield Finding("ISO 14289-1, 7.6", "an item is in no list")


def headers(file: Any) -> Iterator[Finding]:
    """Every header cell says whether it heads a row or a column, and every table has one."""
    for element in _all(file):
        if element.S == "/TH" and str(_attribute(element, "/Scope")) not in {"/Row", "/Column", "/Both"}:
            yield Finding("ISO 14289-1, 7.5", "a header cell does not say what it heads")
        if element.S == "/Table" and not any(below.S == "/TH" for below in elements(element)):
            yield Finding("ISO 14289-1, 7.5", "a table has no header cell")


def _attribute(element: Any, name: str) -> Any:
    import pikepdf

    given = element.get("/A", ())
    for attributes in given if isinstance(given, pikepdf.Array) else [given]:
        if isinstance(attributes, pikepdf.Dictionary) and name in attributes:
            return attributes[name]
    return None


def headings(file: Any) -> Iterator[Finding]:
    """Headings begin at the first level and skip none."""
    before = 0
    for element in _in_order(file.Root.get("/StructTreeRoot", {})):
        level = re.fullmatch("/H([1-6])", str(element.S))
        if level and int(level[1]) > before + 1:
            yield Finding("ISO 14289-1, 7.4", f"a heading of level {level[1]} follows one of level {before}")
        before = int(level[1]) if level else before


def _all(file: Any) -> Iterator[Any]:
    if "/StructTreeRoot" in file.Root:
        yield from elements(file.Root.StructTreeRoot)


def _in_order(element: Any) -> Iterator[Any]:
    waiting = list(reversed(children(element)))
    while waiting:
        found = waiting.pop()
        yield found
        waiting += reversed(children(found))


TAGS: tuple[Check, ...] = (catalogue, tree, headers, headings)
