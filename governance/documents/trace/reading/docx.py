"""The text of a Word file: paragraphs and rows of its document, headers, footers, notes and comments."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from governance.documents.trace.reading.fragments import FileText, Fragment, Role
from governance.errors import InputError

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SAID = ("descr", "title")
_MARGINS = re.compile(r"word/(header|footer)\d*\.xml")
_BESIDE = re.compile(r"word/(footnotes|endnotes|comments)\.xml")
_LARGEST_PART = 128 * 1024 * 1024
"""Bytes of a part once it is unpacked."""
_OF_PAGES = ("PAGE", "NUMPAGES", "SECTIONPAGES")
"""Fields that Word fills in anew on every page; what the file holds of them is printed nowhere."""
_HEADING = re.compile(r"heading\s*1$", re.IGNORECASE)


def read(data: bytes) -> FileText:
    """Return what a Word file says.

    Raises
    ------
    InputError
        If it is not a Word file, or one that could exhaust memory.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            names = parts.namelist()
            fragments = list(_Body(_xml(parts, "word/document.xml"), _heading_styles(parts)).fragments())
            for name in names:
                if _MARGINS.fullmatch(name):
                    fragments += [_margin(one) for one in _Body(_xml(parts, name), frozenset()).fragments()]
                elif _BESIDE.fullmatch(name):
                    fragments += list(_Body(_xml(parts, name), frozenset()).fragments())
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"not a Word file: {error}") from error
    return FileText(tuple(fragments))


def _xml(parts: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if parts.getinfo(name).file_size > _LARGEST_PART:
        raise InputError(f"{name} is larger than {_LARGEST_PART >> 20} MiB")
    data = parts.read(name)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise InputError(f"{name} declares a document type, which Word files never do")
    return ElementTree.fromstring(data)  # noqa: S314 - without a document type there are no entities to expand


def _heading_styles(parts: zipfile.ZipFile) -> frozenset[str]:
    """Return the ids of the styles of headings that begin a section."""
    if "word/styles.xml" not in parts.namelist():
        return frozenset({"Heading1"})
    styles = _xml(parts, "word/styles.xml")
    found = {
        str(style.get(f"{_W}styleId"))
        for style in styles.iter(f"{_W}style")
        for name in style.iter(f"{_W}name")
        if _HEADING.search(str(name.get(f"{_W}val")))
    }
    return frozenset(found | {"Heading1"})


def _margin(fragment: Fragment) -> Fragment:
    return Fragment(fragment.text, "margin")


class _Body:
    """Walks through a part; a row of a table is one fragment, a paragraph outside of tables too."""

    def __init__(self, root: ElementTree.Element, headings: frozenset[str]) -> None:
        self.root = root
        self.headings = headings
        self.section = ""

    def fragments(self) -> Iterator[Fragment]:
        """Yield fragments in the order of reading."""
        yield from self._below(self.root)

    def _below(self, node: ElementTree.Element) -> Iterator[Fragment]:
        for child in node:
            if child.tag == f"{_W}tr":
                yield from self._row(child)
            elif child.tag == f"{_W}p":
                yield from self._paragraph(child)
            else:
                yield from self._below(child)

    def _row(self, row: ElementTree.Element) -> Iterator[Fragment]:
        yield from self._said(row)
        if any(row.iter(f"{_W}tbl")):  # a table only to lay out: what is inside stands by itself
            yield from self._below(row)
            return
        cells = (" ".join(_text(p) for p in cell.iter(f"{_W}p")) for cell in row.iter(f"{_W}tc"))
        yield from self._fragment("\n".join(cells), "row")

    def _paragraph(self, paragraph: ElementTree.Element) -> Iterator[Fragment]:
        yield from self._said(paragraph)
        text = _text(paragraph)
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        if style is not None and style.get(f"{_W}val") in self.headings:
            self.section = " ".join(text.split())
        yield from self._fragment(text, "text")

    def _said(self, node: ElementTree.Element) -> Iterator[Fragment]:
        """Yield what is said about pictures."""
        for inner in node.iter():
            if inner.tag.endswith("}docPr"):
                texts = dict.fromkeys(inner.get(name) or "" for name in _SAID)
                for text in texts:
                    yield from self._fragment(text, "said")

    def _fragment(self, text: str, role: Role) -> Iterator[Fragment]:
        if text.strip():
            yield Fragment(text.strip(), role, self.section)


def _text(paragraph: ElementTree.Element) -> str:
    """Return the text of a paragraph; what was struck out under revision is part of what the file says."""
    pieces: list[str] = []
    field, start = "", 0
    for node in paragraph.iter():
        if node.tag in (f"{_W}t", f"{_W}delText"):
            pieces.append(node.text or "")
        elif node.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
            pieces.append(" ")
        elif node.tag == f"{_W}noBreakHyphen":
            pieces.append("-")
        elif node.tag == f"{_W}instrText":
            field, start = (node.text or "").strip().upper(), len(pieces)
        elif node.tag == f"{_W}fldChar" and node.get(f"{_W}fldCharType") == "end":
            if field.startswith(_OF_PAGES):
                del pieces[start:]
            field = ""
    return "".join(pieces)
