"""The text of a Markdown file: headings, list items, rows of tables and paragraphs, a line each."""

from __future__ import annotations

import re

from governance.documents.trace.reading.fragments import FileText, Fragment
from governance.errors import InputError

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_RULE = re.compile(r"\|?[\s:|-]*-[\s:|-]*")
_BETWEEN_CELLS = re.compile(r"(?<!\\)\|")
_MARKS = re.compile(r"(?<!\\)[*`]+")
_LEADING = re.compile(r"\s*(?:>\s?)*(?:[-+]\s+|\d{1,9}[.)]\s+)?")


def read(data: bytes) -> FileText:
    """Return what a Markdown file says.

    Raises
    ------
    InputError
        If it is not text.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"not Markdown in UTF-8: {error.reason} at byte {error.start}") from error
    fragments: list[Fragment] = []
    section = ""
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading:
            said = _plain(heading[2])
            section = said if len(heading[1]) == 2 else section
            fragments.append(Fragment(said, "text", section))
        elif line.startswith("|"):
            if not _RULE.fullmatch(line):
                cells = [_plain(cell) for cell in _BETWEEN_CELLS.split(line)[1:-1]]
                fragments.append(Fragment("\n".join(cells), "row", section))
        elif line.strip() == "---":
            section = ""
        elif line.strip():
            indented = line.startswith("    ")
            fragments.append(Fragment(line.strip() if indented else _plain(_LEADING.sub("", line, 1)), "text", section))
    return FileText(tuple(fragments))


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", _MARKS.sub("", text)).strip()
