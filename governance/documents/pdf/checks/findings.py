"""What the checks say, and all of them over one file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """Something that a standard asks for and the file lacks, or the reverse.

    Attributes
    ----------
    clause
        Standard and clause, e.g. ``ISO 19005-3, 6.8``.
    message
        What was found.
    """

    clause: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} ({self.clause})"


Check = Callable[[Any], Iterator[Finding]]
"""Takes an open `pikepdf.Pdf`."""


def structural_findings(data: bytes) -> tuple[Finding, ...]:
    """Return what the structural checks find in a PDF.

    No findings mean that none of these checks failed; they do not cover the whole of either standard.

    Parameters
    ----------
    data
        The bytes of the file.
    """
    import pikepdf

    from governance.documents.pdf.checks.archive import ARCHIVE
    from governance.documents.pdf.checks.content import CONTENT
    from governance.documents.pdf.checks.fonts import FONTS
    from governance.documents.pdf.checks.tags import TAGS

    try:
        with pikepdf.open(io.BytesIO(data)) as file:
            syntax = [Finding("ISO 32000-1, 7.5", problem) for problem in file.check_pdf_syntax()]
            checks = (*ARCHIVE, *FONTS, *TAGS, *CONTENT)
            found = [*_header(data), *syntax, *(finding for check in checks for finding in check(file))]
    except pikepdf.PdfError as error:
        return (Finding("ISO 32000-1, 7.5", f"the file cannot be read: {error}"),)
    return tuple(dict.fromkeys(found))


def _header(data: bytes) -> Iterator[Finding]:
    lines = data[:64].split(b"\n")
    binary = lines[1][1:5] if len(lines) > 1 and lines[1].startswith(b"%") else b""
    if not lines[0].startswith(b"%PDF-1.") or len(binary) < 4 or any(byte < 128 for byte in binary):
        yield Finding("ISO 19005-3, 6.1.2", "the header is not '%PDF-1.n' with four bytes above 127 on the next line")
    if not data.rstrip(b"\r\n").endswith(b"%%EOF"):
        yield Finding("ISO 19005-3, 6.1.3", "something follows the end of the file")
