"""Text in a file for word processors: runs, fields and paragraphs, from texts that may hold anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from docx.oxml.xmlchemy import BaseOxmlElement as Element

from governance.documents.blocks import Text
from governance.documents.content import plain

_SPACE = re.compile(r"[ \t\r\n\f\v\x85\u2028\u2029]+")
_UNFIT = re.compile("[^\t\n\r -\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")
"""Characters that XML 1.0 (section 2.2) does not allow, control characters beside them, and those that reorder what
is read."""
UNFIT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Said:
    """A piece of a paragraph. `style` is the name of a character style."""

    text: Text | str
    style: str | None = None


@dataclass(frozen=True)
class Field:
    """A number that the word processor works out: one of our own fields, with what is shown until then."""

    code: str
    shown: str


def printable(text: Text | str) -> str:
    """Return text on one line that XML can hold. Spaces that do not break stay; what is unfit shows as a mark."""
    said = text if isinstance(text, str) else plain(text)
    return _UNFIT.sub(UNFIT, _SPACE.sub(" ", said)).strip(" ")


def element(tag: str, **attributes: str | int) -> Element:
    """Return an element of WordprocessingML with attributes of its namespace."""
    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), str(value))
    return made


def within(parent: Element, tag: str, **attributes: str | int) -> Element:
    """Append an element and return it."""
    child = element(tag, **attributes)
    parent.append(child)
    return child


def paragraph(style: str, *pieces: Said | Field | str) -> Element:
    """Return a paragraph in a named style. Strings are our own words; tabs in them stay tabs."""
    made = element("p")
    within(within(made, "pPr"), "pStyle", val=style_id(style))
    for piece in pieces:
        for run in _runs(piece):
            made.append(run)
    return made


def style_id(name: str) -> str:
    """Return the id of a style, which has no spaces."""
    return name.replace(" ", "")


def run(text: str, style: str | None = None) -> Element:
    """Return a run of text."""
    made = element("r")
    if style:
        within(within(made, "rPr"), "rStyle", val=style_id(style))
    for index, part in enumerate(text.split("\t")):
        if index:
            within(made, "tab")
        if part:
            words = within(made, "t")
            words.text = part
            words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return made


def field_mark(kind: str) -> Element:
    """Return the mark that begins, divides or ends a field."""
    made = element("r")
    within(made, "fldChar", fldCharType=kind)
    return made


def field_code(code: str) -> Element:
    """Return what a field works out. Only our own codes come here, never text of a run."""
    made = element("r")
    words = within(made, "instrText")
    words.text = f" {code} "
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return made


def _runs(piece: Said | Field | str) -> Iterator[Element]:
    if isinstance(piece, Field):
        yield from (field_mark("begin"), field_code(piece.code), field_mark("separate"))
        yield run(piece.shown)
        yield field_mark("end")
    elif isinstance(piece, Said):
        if text := printable(piece.text):
            yield run(text, piece.style)
    else:
        yield run(piece)
