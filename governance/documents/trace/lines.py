"""The document as lines: what stands together in a sentence, a row or an item, each part with where it comes from.

Nothing here knows how a format prints a block. A line is a node of the content model; renderers may order the parts of
a row as they like, but what stands in one row of the model stands in one row of the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from governance.documents import numbers
from governance.documents.blocks import (
    Axis,
    Block,
    Chart,
    DataTable,
    Figure,
    Hundred,
    Panel,
    Point,
    Properties,
    Series,
    Statement,
    Trace,
    TraceRow,
)
from governance.documents.content import Document
from governance.documents.trace.tokens import has_number, is_number, is_word, tokens

Source = Figure | Statement | str
"""What a part of a text comes from: a number with its measurements, a person's words, or the builder's own words."""


@dataclass(frozen=True)
class Part:
    """A text that is printed as it is, and of every token the piece of the content model that holds it."""

    role: str
    pieces: tuple[Source, ...]

    @cached_property
    def text(self) -> str:
        """The text as printed."""
        return "".join(piece if isinstance(piece, str) else piece.text for piece in self.pieces)

    @cached_property
    def _read(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        found = tokens(self.text)
        said = tuple(token.text for token in found)
        if len(self.pieces) == 1:
            return said, (0,) * len(said)
        ends, at = [], 0
        for piece in self.pieces:
            at += len(piece if isinstance(piece, str) else piece.text)
            ends.append(at)
        owner = [next(i for i, end in enumerate(ends) if token.end <= end or i == len(ends) - 1) for token in found]
        return said, tuple(owner)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens of the text."""
        return self._read[0]

    @property
    def owners(self) -> tuple[int, ...]:
        """For each token, the index of its piece."""
        return self._read[1]

    @cached_property
    def is_worded(self) -> bool:
        """Whether the part holds words beside its numbers."""
        return any(is_word(token) for token in self.tokens)


@dataclass(frozen=True)
class Line:
    """Parts that stand together. `order` counts lines through the document, `block` its blocks.

    A `whole` line is printed part by part in this order; the parts of another one stand beside each other in any order.
    """

    section: str
    block: int
    order: int
    kind: str
    parts: tuple[Part, ...]
    whole: bool = False
    free: bool = False
    """Whether it may be printed anywhere in its block: a title, a note, an axis; rows and items come in their order."""
    columns: tuple[str, ...] = field(default=(), compare=False)

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """All tokens in the order of the parts."""
        return tuple(token for part in self.parts for token in part.tokens)

    @cached_property
    def label(self) -> Part | None:
        """The part that says what a row is about: its first words."""
        if self.kind == "Point":
            return None
        bare = self.kind == "GroupRow"  # some groups are called by a bare number
        named = (part for part in self.parts if part.role in _LABELS and part.tokens)
        return next((part for part in named if bare or part.is_worded), None)


_LABELS = ("label", "title", "what", "about", "rule")


def lines_of(document: Document) -> list[Line]:
    """Return the lines of a document in the order of its content, those of the document itself first."""
    return list(_Lines().of(document))


class _Lines:
    """Counts blocks and lines while it walks through a document."""

    def __init__(self) -> None:
        self.block = 0
        self.order = 0

    def of(self, document: Document) -> Iterator[Line]:
        yield from self._head(document)
        traced = False
        for section in document.sections:
            self.block += 1
            if section.title:
                yield self._line(section.title, "heading", Part("title", (section.title,)))
            for block in section.blocks:
                self.block += 1
                traced = traced or isinstance(block, Trace)
                yield from self._block(section.title or "", block)
        if not traced:
            self.block += 1
            title = "Where each number comes from"
            yield self._line(title, "heading", Part("title", (title,)))
            yield from self._block(title, Trace(rows=document.trace))

    def _head(self, document: Document) -> Iterator[Line]:
        who = document.identity
        named = (who.subject, who.version)
        said: list[tuple[Source, ...]] = [
            (document.title,),
            (document.caution,),
            (" ".join(named),),
            who.provider,
            (f"measured {who.measured}",) if who.measured else (),
            (f"run {numbers.short(who.run_id)}",),
            (f"run {who.run_id}",),
            (f"evidence {numbers.short(who.evidence_digest)}",),
            (f"evidence {who.evidence_digest}",),
            (who.policy,) if who.policy else (),
            document.headline,
            document.least,
        ]
        for pieces in said:
            if pieces:
                yield self._line("", "identity", Part("text", pieces))
        for section in document.sections:
            if section.title and has_number(section.title):
                yield self._line("", "identity", Part("text", (section.title,)))

    def _line(
        self,
        section: str,
        kind: str,
        *parts: Part,
        whole: bool = False,
        free: bool = False,
        columns: tuple[str, ...] = (),
    ) -> Line:
        self.order += 1
        return Line(section, self.block, self.order, kind, parts, whole=whole, free=free, columns=columns)

    def _block(self, section: str, block: Block) -> Iterator[Line]:
        if isinstance(block, DataTable):
            yield from self._table(section, block)
        elif isinstance(block, Properties):
            for name, value in block.items:
                yield self._line(section, block.kind, Part("name", (name,)), Part("value", value), whole=True)
        else:
            yield from self._node(section, getattr(block, "kind", "block"), block, ())

    def _table(self, section: str, block: DataTable) -> Iterator[Line]:
        if block.folded:
            yield self._line(section, block.kind, Part("folded", (block.folded,)), free=True)
        yield self._line(section, block.kind, Part("caption", block.caption), free=True)
        titles = tuple(column.title for column in block.columns)
        yield self._line(section, "columns", *(Part("column", (title,)) for title in titles), whole=True, free=True)
        for row in block.rows:
            cells = (Part("cell", cell) for cell in row)
            yield self._line(section, "row", *cells, whole=True, columns=titles)

    def _node(self, section: str, kind: str, node: BaseModel, around: tuple[Part, ...]) -> Iterator[Line]:
        """Yield the line of a node, then the lines below it; `around` are the titles that a point stands under."""
        parts, below, sentences = _fields(node)
        parts += _drawn(node)
        if isinstance(node, TraceRow):
            parts = _of_trace(node)
        whole, free = isinstance(node, TraceRow), isinstance(node, (Axis, Panel))
        if isinstance(node, Block):
            yield from (self._line(section, kind, part, free=True) for part in parts)
        elif parts:
            yield self._line(section, type(node).__name__, *parts, *around, whole=whole, free=free)
        yield from (self._line(section, kind, part) for part in sentences)
        titles = around
        if not isinstance(node, (Block, Point)):
            titles = (*around, *(part for part in parts if part.role == "title"))
        for name, child in below:
            inside = titles if isinstance(node, (Panel, Chart)) or name == "points" else ()
            yield from self._node(section, kind, child, inside)


_NOT_PRINTED = frozenset({"id", "kind", "audiences", "disclosure", "style", "form", "drawn", "count", "severity_rank"})
_LISTED = frozenset({"also_passed", "supports", "lines", "texts"})
"""Fields that hold several texts, each printed by itself."""


def _fields(node: BaseModel) -> tuple[list[Part], list[tuple[str, BaseModel]], list[Part]]:
    """Return what a node says itself, the nodes below it, and texts of it that each stand alone."""
    parts: list[Part] = []
    below: list[tuple[str, BaseModel]] = []
    sentences: list[Part] = []
    for name in type(node).model_fields:
        value = getattr(node, name)
        if name in _NOT_PRINTED or value is None or value == ():
            continue
        if isinstance(value, (str, Figure, Statement)):
            parts.append(Part(name, (value,)))
        elif isinstance(value, BaseModel):
            below.append((name, value))
        elif not isinstance(value, tuple):
            continue
        elif all(isinstance(item, BaseModel) and not isinstance(item, (Figure, Statement)) for item in value):
            below += [(name, item) for item in value]
        elif all(isinstance(item, tuple) and _is_text(item) for item in value):
            sentences += [Part(name, item) for item in value]
        elif name in _LISTED:
            parts += [Part(name, (item,)) for item in value]
        elif _is_text(value):
            parts.append(Part(name, value))
    return parts, below, sentences


def _is_text(value: tuple[Any, ...]) -> bool:
    return bool(value) and all(isinstance(item, (str, Figure, Statement)) for item in value)


def _drawn(node: BaseModel) -> list[Part]:
    """Return the numbers of a node that are drawn and said beside a drawing: ticks, a coordinate, filled dots."""
    if isinstance(node, Axis):
        return [Part("tick", (label,)) for _, label in node.ticks]
    if isinstance(node, Series):
        return [Part("points", (f"{len(node.points)} points",))]
    if isinstance(node, Hundred):
        return [Part("count", (f"{node.count} of 100",))]
    if isinstance(node, Point):
        said = dict.fromkeys(f"{node.x:{form}}" for form in (".4g", "g", ".2f"))
        if node.label is not None:
            said[node.label.text.split(" (")[0]] = None
        return [Part("x", (text,)) for text in said]
    return []


def _of_trace(row: TraceRow) -> list[Part]:
    joined: list[Source] = []
    for text in row.texts:
        joined += [" · "] if joined else []
        joined.append(Figure(measurements=(row.measurement,), text=text))
    return [
        Part("texts", tuple(joined)),
        Part("about", (row.about,)),
        Part("measurement", (row.measurement,)),
        Part("digest", (row.dataset_digest[:12],)),
    ]


def numbers_in(line: Line) -> tuple[str, ...]:
    """Return the tokens of a line that hold a digit."""
    return tuple(token for token in line.tokens if is_number(token))
