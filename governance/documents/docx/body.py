"""The text of the file while it is written: what is appended, in order, with captions and bookmarks counted."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document as Package
from docx.oxml.xmlchemy import BaseOxmlElement as Element

from governance.documents.blocks import Text
from governance.documents.docx.layout import pairs, table
from governance.documents.docx.runs import (
    Field,
    Said,
    element,
    field_code,
    field_mark,
    paragraph,
    printable,
    run,
    within,
)
from governance.documents.tables import Table

_LONGEST_TITLE = 250
"""Characters of a table's description; the caption above it has all."""


class Body:
    """Appends to a file. State: how many tables and bookmarks there are."""

    def __init__(self, package: Package) -> None:
        self._end: Element = package.element.body[-1]
        self._tables = 0
        self._bookmarks = 0

    def add(self, style: str, *pieces: Said | Field | str) -> None:
        """Append a paragraph in a named style."""
        self._append(paragraph(style, *pieces))

    def say(self, style: str, text: Text | str) -> None:
        """Append a paragraph of one text, unless it is empty."""
        if printable(text):
            self.add(style, Said(text))

    def heading(self, level: int, text: Text | str, bookmark: str | None = None) -> None:
        """Append a heading, which the table of contents can lead to."""
        made = paragraph(f"Heading {level}", Said(text))
        if bookmark is not None:
            number = self._bookmarks
            made.insert(1, element("bookmarkStart", id=number, name=bookmark))
            made.append(element("bookmarkEnd", id=number))
            self._bookmarks += 1
        self._append(made)

    def table(self, caption: Text | str, content: Table) -> None:
        """Append a table under a numbered caption."""
        self._tables += 1
        said = printable(caption)
        number = Field("SEQ Table \\* ARABIC", str(self._tables))
        self.add("Caption", "Table ", number, Said(f". {said}" if said else ""))
        self._append(table(content, said[:_LONGEST_TITLE]))

    def pairs(self, items: Sequence[tuple[str, Text]]) -> None:
        """Append names with their values."""
        if items:
            self._append(pairs(items))

    def contents(self, entries: list[tuple[str, str]]) -> None:
        """Append a table of contents: titles of first headings and the bookmarks that they lead to."""
        for index, (title, bookmark) in enumerate(entries):
            line = paragraph("toc 1")
            if index == 0:
                for part in (field_mark("begin"), field_code('TOC \\o "1-1" \\n \\h \\z'), field_mark("separate")):
                    line.append(part)
            link = within(line, "hyperlink", anchor=bookmark, history=1)
            link.append(run(printable(title)))
            if index == len(entries) - 1:
                line.append(field_mark("end"))
            self._append(line)

    def _append(self, made: Element) -> None:
        self._end.addprevious(made)
