"""The text of a page: what is seen, and what a screen reader reads instead of a drawing."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from governance.documents.trace.reading.fragments import FileText, Fragment, Role
from governance.errors import InputError

_ALONE = frozenset(
    {"tr", "p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "caption", "figcaption", "summary", "title", "desc", "text"}
    | {"pre", "div", "section", "nav", "header", "footer", "main", "dl", "ul", "ol", "table", "details", "figure"}
    | {"article", "aside", "blockquote", "body", "button", "label", "option", "td-alone"}
)
"""Elements whose text stands by itself; all others continue the text around them."""
_INSIDE_WORDS = frozenset({"b", "i", "em", "strong", "code", "a", "sub", "sup", "small", "abbr", "mark", "u"})
_EMPTY = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_SILENT = frozenset({"script", "style", "template", "noscript"})
_SAID = ("aria-label", "alt", "title", "aria-description", "placeholder", "aria-valuetext")
_BESIDE = ("data-label",)
"""Attributes that a style prints before an element, on narrow screens."""


@dataclass
class _Open:
    tag: str
    pieces: list[str] = field(default_factory=list)
    inner: int = 0


class _Page(HTMLParser):
    """Collects fragments; a tag that is never closed ends with the element around it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.fragments: list[Fragment] = []
        self.open: list[_Open] = [_Open("page")]
        self.section = ""
        self.drawing = 0
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        if tag == "section":
            self._end_text()
            self.section = ""
        if tag == "svg":
            self.drawing += 1
        for name, value in attrs:
            if value and name in _SAID:
                self._add(value, "said")
            elif value and name in _BESIDE and value.strip(": \n"):
                self._put(f" {value} ")
        if tag in _EMPTY:
            self._put(" ")
        elif tag in _ALONE or tag == "svg":
            self.open.append(_Open(tag))
        else:
            self.open[-1].inner += 1
            self._put("" if tag in _INSIDE_WORDS else "\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        if tag in _ALONE or tag == "svg":
            if any(one.tag == tag for one in self.open[1:]):
                while self.open[-1].tag != tag:
                    self._close()
                self._close()
        elif tag not in _EMPTY:
            self._put("" if tag in _INSIDE_WORDS else "\n")
        if tag == "section":
            self.section = ""

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self._put(data)

    def _put(self, text: str) -> None:
        self.open[-1].pieces.append(text)

    def _end_text(self) -> None:
        """End the text that stands before an element of its own."""
        for one in self.open:
            self._add("".join(one.pieces), self._role(one.tag))
            one.pieces.clear()

    def _close(self) -> None:
        closed = self.open.pop()
        text = "".join(closed.pieces)
        if closed.tag == "h2":
            self.section = " ".join(text.split())
        self._add(text, self._role(closed.tag))

    def _role(self, tag: str) -> Role:
        inside = {one.tag for one in self.open}
        if tag in ("text", "svg"):
            return "drawn"
        if tag in ("title", "desc") and "svg" in inside:
            return "said"
        return "row" if tag == "tr" else "text"

    def _add(self, text: str, role: Role) -> None:
        said = text.strip()
        if said:
            self.fragments.append(Fragment(said, role, self.section, self.drawing))

    def close(self) -> None:
        super().close()
        while len(self.open) > 1:
            self._close()
        self._end_text()


def read(data: bytes) -> FileText:
    """Return what a page says.

    Raises
    ------
    InputError
        If it is not text.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"not a page in UTF-8: {error.reason} at byte {error.start}") from error
    page = _Page()
    page.feed(text)
    page.close()
    return FileText(tuple(page.fragments))
