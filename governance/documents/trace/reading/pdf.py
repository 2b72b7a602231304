"""The text of a tagged PDF, in the order of its structure: what a screen reader reads, row by row.

pikepdf parses the file; the characters are those that its fonts say that their glyphs stand for (ISO 32000-2, 9.10).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.documents.trace.reading.fragments import FileText, Fragment, Role
from governance.errors import CannotRunError, InputError

_ALONE = frozenset(
    {
        "P",
        "H",
        "H1",
        "H2",
        "H3",
        "H4",
        "H5",
        "H6",
        "TR",
        "LI",
        "Caption",
        "Lbl",
        "BlockQuote",
        "Note",
        "TOCI",
        "Title",
        "Code",
    }
)
_DEEPEST = 200
_GAP = 0.15
"""Part of the size of letters from which a gap between them is a space."""
_USUAL_WIDTH = 500.0
"""Thousandths of the size, for a glyph whose width a font leaves out."""
_CODE = re.compile(rb"<([0-9A-Fa-f\s]+)>")
_BROKEN = re.compile(r"=\d*\.$")
"""A number of a setting (``sensitivity=0.``) that goes on in the next line, as nothing else ends."""
_BLOCK = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_RANGE = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:<([0-9A-Fa-f]+)>|\[(.*?)\])", re.DOTALL)


def read(data: bytes) -> FileText:
    """Return what a PDF says.

    Raises
    ------
    InputError
        If it is not a PDF, or one without the structure that says in which order it is read.
    CannotRunError
        If pikepdf is missing.
    """
    try:
        import pikepdf
    except ModuleNotFoundError as error:
        raise CannotRunError("PDFs cannot be read", hint="pip install 'medical-ai-governance[pdf]'") from error
    try:
        with pikepdf.open(io.BytesIO(data)) as file:
            if "/StructTreeRoot" not in file.Root:
                raise InputError("this PDF is not tagged, so nothing says in which order it is read")
            pages = {page.obj.objgen: _page(pikepdf, page) for page in file.pages}
            reading = _Reading(pikepdf, pages)
            reading.walk(file.Root.StructTreeRoot, None, 0)
            margins = [
                Fragment(text.strip(), "margin", None, page=number)
                for number, page in enumerate(pages.values(), start=1)
                for text in page.margin
                if text.strip()
            ]
            fragments = (*reading.finished(), *margins, *reading.left_out())
            return FileText(fragments, pages=len(pages))
    except pikepdf.PdfError as error:
        raise InputError(f"not a PDF: {error}") from error


@dataclass
class _PageText:
    """Texts of a page by number of their marked content, and what is marked as no content: margins."""

    marked: dict[int, str] = field(default_factory=dict)
    margin: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    used: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class _Font:
    """What the codes of a font stand for, and how wide their glyphs are, in thousandths of the size."""

    characters: Mapping[bytes, str] = field(default_factory=dict)
    widths: Mapping[int, float] = field(default_factory=dict)
    code: int = 2

    def shown(self, data: bytes) -> tuple[str, float]:
        """Return the characters of a string and how far it reaches."""
        codes = [data[i : i + self.code] for i in range(0, len(data), self.code)]
        text = "".join(self.characters.get(code, "\N{REPLACEMENT CHARACTER}") for code in codes)
        return text, sum(self.widths.get(int.from_bytes(code, "big"), _USUAL_WIDTH) for code in codes)


class _Ink:
    """What is written on a page, put together to words by where it stands."""

    def __init__(self, found: _PageText) -> None:
        self.found = found
        self.inside: list[int | None] = []
        self.pieces: list[str] = []
        self.font, self.size = _Font(), 0.0
        self.place = (0.0, 0.0)
        self.scale = 1.0
        self.reached: tuple[float, float] | None = None

    def write(self, data: bytes) -> None:
        """Write a string where the pen is; a gap before it is a space."""
        if self.reached is not None:
            gap = abs(self.place[0] - self.reached[0]) + abs(self.place[1] - self.reached[1])
            if gap > _GAP * self.size * self.scale:
                self.pieces.append(" ")
        text, width = self.font.shown(data)
        self.pieces.append(text)
        self.move(width)

    def move(self, thousandths: float) -> None:
        """Move the pen along the line."""
        self.place = (self.place[0] + thousandths / 1000 * self.size * self.scale, self.place[1])
        self.reached = self.place

    def kern(self, thousandths: float) -> None:
        """Move the pen back between two glyphs; a wide step is a gap, not kerning."""
        if abs(thousandths) > 1000 * _GAP:
            self.place = (self.place[0] - thousandths / 1000 * self.size * self.scale, self.place[1])
        else:
            self.move(-thousandths)

    def end(self) -> None:
        """End what is written inside of one mark."""
        text = "".join(self.pieces)
        self.pieces.clear()
        self.reached = None
        if not text.strip():
            return
        number = next((one for one in reversed(self.inside) if one is not None and one >= 0), None)
        if number is not None:
            self.found.marked[number] = f"{self.found.marked.get(number, '')} {text}"
        else:
            (self.found.margin if None in self.inside else self.found.loose).append(text)


def _page(pikepdf: Any, page: Any) -> _PageText:
    """Return the texts of a page."""
    found = _PageText()
    ink, fonts = _Ink(found), _fonts(page.obj.get("/Resources"))
    for step in pikepdf.parse_content_stream(page):
        operator, operands = str(step.operator), step.operands
        if operator in _MARKS:
            _mark(ink, operator, operands)
        elif operator in _PLACES:
            _place(ink, operator, operands)
        elif operator == "Tf":
            ink.font, ink.size = fonts.get(str(operands[0]), _Font()), float(operands[1])
        if operator in _STRINGS:
            ink.write(bytes(operands[-1]))
        elif operator == "TJ":
            for one in operands[0]:
                if isinstance(one, pikepdf.String):
                    ink.write(bytes(one))
                else:
                    ink.kern(float(one))
    ink.end()
    return found


_MARKS = frozenset({"BDC", "BMC", "EMC"})
_PLACES = frozenset({"Tm", "Td", "TD", "T*", "'", '"'})
_STRINGS = frozenset({"Tj", "'", '"'})
"""Operators of a page that begin or end a mark, move the pen, or write (ISO 32000-2, 9.4 and 14.6)."""


def _mark(ink: _Ink, operator: str, operands: Any) -> None:
    ink.end()
    if operator != "EMC":
        mark = operands[1].get("/MCID") if len(operands) > 1 and hasattr(operands[1], "get") else None
        ink.inside.append(int(mark) if mark is not None else None if str(operands[0]) == "/Artifact" else -1)
    elif ink.inside:
        ink.inside.pop()


def _place(ink: _Ink, operator: str, operands: Any) -> None:
    if operator == "Tm":
        ink.scale, ink.place = abs(float(operands[0])), (float(operands[4]), float(operands[5]))
    elif operator in ("Td", "TD"):
        ink.place = (ink.place[0] + float(operands[0]), ink.place[1] + float(operands[1]))
    else:
        ink.place = (ink.place[0], ink.place[1] + ink.size)


def _fonts(resources: Any) -> dict[str, _Font]:
    fonts = resources.get("/Font") if resources is not None else None
    if fonts is None:
        return {}
    return {str(name): _font(font) for name, font in fonts.items() if "/ToUnicode" in font}


def _font(font: Any) -> _Font:
    characters = _characters(font.ToUnicode.read_bytes())
    widths: dict[int, float] = {}
    if "/DescendantFonts" in font:
        listed = list(font.DescendantFonts[0].get("/W", []))
        while len(listed) > 1:
            first, second, *listed = listed
            if hasattr(second, "__iter__"):
                widths.update({int(first) + index: float(width) for index, width in enumerate(second)})
            elif listed:
                widths.update(dict.fromkeys(range(int(first), int(second) + 1), float(listed.pop(0))))
    return _Font(characters, widths, len(next(iter(characters), b"  ")))


def _characters(table: bytes) -> Mapping[bytes, str]:
    """Return the characters that codes stand for, as a ToUnicode table says."""
    known: dict[bytes, str] = {}
    for kind, body in _BLOCK.findall(table):
        if kind == b"bfchar":
            codes = [bytes.fromhex(code.decode("ascii")) for code in _CODE.findall(body)]
            known.update(
                {code: text.decode("utf-16-be", "replace") for code, text in zip(codes[::2], codes[1::2], strict=False)}
            )
            continue
        for low, high, start, listed in _RANGE.findall(body):
            first, last, width = int(low, 16), int(high, 16), len(low) // 2
            texts = [bytes.fromhex(one.decode("ascii")) for one in _CODE.findall(listed)]
            for code in range(first, min(last, first + 65_535) + 1):
                if listed:
                    text = texts[code - first] if code - first < len(texts) else b""
                else:
                    text = (int(start, 16) + code - first).to_bytes(len(start) // 2, "big")
                known[code.to_bytes(width, "big")] = text.decode("utf-16-be", "replace")
    return known


class _Reading:
    """Walks through the structure and puts together what belongs together."""

    def __init__(self, pikepdf: Any, pages: Mapping[tuple[int, int], _PageText]) -> None:
        self.pikepdf = pikepdf
        self.pages = pages
        self.fragments: list[Fragment] = []
        self.pieces: list[str] = []
        self.section: str | None = ""
        self.drawing = 0

    def walk(self, node: Any, page: Any, depth: int) -> None:
        """Read an element and all below it."""
        if depth > _DEEPEST:
            raise InputError("its structure is nested too deeply")
        if isinstance(node, self.pikepdf.Array):
            for one in node:
                self.walk(one, page, depth + 1)
        elif isinstance(node, self.pikepdf.Dictionary):
            self._element(node, node.get("/Pg", page), depth)
        elif page is not None:
            self._content(int(node), page)

    def _element(self, node: Any, page: Any, depth: int) -> None:
        if "/MCID" in node:
            self._content(int(node.MCID), page)
            return
        kind = str(node.get("/S", "")).removeprefix("/")
        if kind == "Figure":
            self._figure(node, page, depth)
            return
        if kind in _ALONE:
            self._end("text")
        if kind == "Sect":
            self._end("text")
            self.section = None  # a section that goes on on the next page begins again there, without its heading
        if kind in ("TD", "TH"):
            self.pieces.append("\n")
        if "/K" in node:
            self.walk(node.K, page, depth + 1)
        if kind in _ALONE:
            if kind == "H2":
                self.section = " ".join("".join(self.pieces).split())
            self._end("row" if kind == "TR" else "text")

    def _figure(self, node: Any, page: Any, depth: int) -> None:
        """Read a drawing; the text around it goes on after it."""
        before, self.pieces = self.pieces, []
        self.drawing += 1
        if "/Alt" in node:
            self._add(str(node.Alt), "said")
        if "/K" in node:
            self.walk(node.K, page, depth + 1)
        for piece in self.pieces:
            self._add(piece, "drawn")
        self.pieces = before

    def _content(self, number: int, page: Any) -> None:
        texts = self.pages.get(page.objgen) if page is not None else None
        if texts is not None and number in texts.marked:
            texts.used.add(number)
            text = texts.marked[number].strip(" ")
            broken = _BROKEN.search(self.pieces[-1]) if self.pieces else None
            self.pieces.append(text if broken and text[:1].isdigit() else f" {text}")

    def _end(self, role: Role) -> None:
        self._add("".join(self.pieces), role)
        self.pieces = []

    def _add(self, text: str, role: Role) -> None:
        if text.strip():
            self.fragments.append(Fragment(text.strip(), role, self.section, self.drawing))

    def finished(self) -> tuple[Fragment, ...]:
        """Return all fragments."""
        self._end("text")
        return tuple(self.fragments)

    def left_out(self) -> Iterator[Fragment]:
        """Yield what is seen on a page but stands nowhere in the structure."""
        for place, page in enumerate(self.pages.values(), start=1):
            seen = [text for number, text in page.marked.items() if number not in page.used]
            for text in (*seen, *page.loose):
                yield Fragment(text.strip(), "margin", None, page=place)
