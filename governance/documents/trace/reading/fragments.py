"""What a file says, in the order of reading: rows, sentences, what is drawn and what is said about a drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["text", "row", "drawn", "said", "margin"]
"""`drawn` is a label inside of a drawing, `said` what a screen reader reads of it, `margin` what every page repeats."""


@dataclass(frozen=True)
class Fragment:
    """A text that stands by itself. `section` is the title of its section, empty before the first one, None where the
    file does not say.

    `drawing` counts the drawings of the file; labels of one drawing belong together. `page` is the page of a margin.
    """

    text: str
    role: Role = "text"
    section: str | None = ""
    drawing: int = 0
    page: int = 0


@dataclass(frozen=True)
class FileText:
    """All readable text of a file. `pages` is how many pages it has, 0 where it has none."""

    fragments: tuple[Fragment, ...]
    pages: int = 0
