"""Markdown: the document as text with tables, for a repository or a model hub."""

from __future__ import annotations

import re
from functools import singledispatch

from governance.documents import numbers, tables
from governance.documents.blocks import (
    Answer,
    Block,
    Chart,
    Command,
    DataTable,
    FactItem,
    Facts,
    Frequencies,
    Gaps,
    GroupTable,
    Inline,
    KeyFigures,
    Properties,
    Prose,
    Signature,
    Text,
    Trace,
    VerdictList,
)
from governance.documents.content import Document, Section
from governance.documents.tables import Row, Table

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&!$])")
_LINE_START = re.compile(r"^(\d{0,9})([-+.)](?=\s|$)|-{2,}|=+$)")
"""What would begin a list, a rule or a heading at the start of a line."""
_ADDRESS = re.compile(r":(?=//)|(?<=\bwww)\.", re.IGNORECASE)
"""Where readers of Markdown would make a link of an address that stands in a text."""
_ROWS = 200
"""Rows of a data table that are printed; the data file holds all."""

SIGNS = {"pass": "✓", "fail": "✗", "inconclusive": "=", "not measured": "○", "waived": "/"}


def render(document: Document) -> bytes:
    """Return the document as CommonMark with tables. The trace of every printed number stands at its end."""
    who = document.identity
    head = [document.title, f"{who.subject} {who.version}"]
    measured = f"measured {who.measured}" if who.measured else None
    line = " · ".join(
        [*(escape(part) for part in head), inline(who.provider), *([measured] if measured else []), document.caution]
    )
    parts = [f"# {inline(document.headline)}", inline(document.least), line]
    parts += [part for section in document.sections for part in written(section)]
    if not any(isinstance(block, Trace) for section in document.sections for block in section.blocks):
        parts += ["## Where each number comes from", write(Trace(rows=document.trace))]
    closing = [
        f"Run {who.run_id}",
        who.policy or "no policy was decided on",
        f"evidence {numbers.short(who.evidence_digest)}",
    ]
    parts += ["---", " · ".join(escape(part) for part in closing)]
    return ("\n\n".join(part for part in parts if part) + "\n").encode("utf-8")


def written(section: Section) -> list[str]:
    """Return a section as Markdown: its heading and its blocks."""
    heading = [f"## {escape(section.title)}"] if section.title else []
    return [*heading, *(write(block) for block in section.blocks)]


def escape(text: str) -> str:
    """Return text that Markdown and HTML print as it is, on one line, without what reorders it or steers a terminal."""
    flat = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    marked = _ADDRESS.sub(r"\\\g<0>", _SPECIAL.sub(r"\\\1", flat))
    return _LINE_START.sub(r"\1\\\2", marked)


def inline(text: Text) -> str:
    """Return a text with its references dropped; the trace has them."""
    said = "".join(part if isinstance(part, str) else part.text for part in text)
    return escape(said)


def _one(part: Inline | None) -> str:
    return "" if part is None else inline((part,))


def _table(table: Table) -> str:
    titles = [escape(column.title) for column in table.columns]
    rule = ["---:" if column.numeric else "---" for column in table.columns]
    rows = [
        [_heading(row) if row.heading and at == 0 else inline(cell) for at, cell in enumerate(row.cells)]
        for row in table.rows
    ]
    return "\n".join("| " + " | ".join(cell or " " for cell in row) + " |" for row in (titles, rule, *rows))


def _heading(row: Row) -> str:
    return f"*{inline(row.cells[0])}*"


@singledispatch
def write(block: Block) -> str:
    """Return a block as Markdown."""
    raise TypeError(f"Markdown cannot print {type(block).__name__}")


@write.register
def _(block: Answer) -> str:
    return (
        f"> **{inline(block.statement)}**\n>\n> {inline(block.detail)}"
        if block.detail
        else f"> **{inline(block.statement)}**"
    )


@write.register
def _(block: VerdictList) -> str:
    lines = []
    for item in block.items:
        lines.append(f"- {SIGNS[item.word]} **{item.word}**: {escape(item.title)}. {_one(item.sentence)}")
        if block.detailed:
            details = [f"rule {item.rule}", item.severity, f"bar: {item.bar}"]
            details.append(f"set by {item.set_by}" if item.set_by else "not recorded who set it")
            details += [f"controls {item.controls}"] if item.controls else []
            details += [f"supports {', '.join(item.supports)}"] if item.supports else []
            details += [f"reason: {item.rationale}"] if item.rationale else []
            lines.append(f"  {escape('; '.join(details))}")
    if block.also_passed:
        lines.append(f"- {SIGNS['pass']} **pass**: {escape('; '.join(block.also_passed))}")
    return "\n".join(lines)


@write.register
def _(block: GroupTable) -> str:
    return _under(block.title, block.note, _table(tables.of_groups(block)), escape(tables.bar_of(block)))


@write.register
def _(block: Chart) -> str:
    return _under(block.title, block.note, _table(tables.of_chart(block)))


def _under(title: Text, note: Text, *parts: str) -> str:
    """Return what stands under a heading of its own."""
    return "\n\n".join(part for part in (f"### {inline(title)}", inline(note), *parts) if part)


@write.register
def _(block: Frequencies) -> str:
    return "\n".join(f"- {inline(item.sentence)} ({inline(item.technical)})" for item in block.items)


@write.register
def _(block: KeyFigures) -> str:
    return _table(tables.of_key_figures(block))


@write.register
def _(block: Facts) -> str:
    lines = []
    for item in block.items:
        due = f" **(due for review since {item.review_by})**" if item.due else ""
        lines.append(f"- **{escape(item.label)}**: {_one(item.statement)}{due}{_particulars(item)}")
    return "\n".join(lines)


def _particulars(item: FactItem) -> str:
    if not (item.detailed and item.owner):
        return ""
    source = f"; source: {item.source}" if item.source else ""
    return f" ({escape(f'{item.owner}, {item.date}; review by {item.review_by}{source}')})"


@write.register
def _(block: Gaps) -> str:
    if not block.items:
        return escape(block.none)
    owners = [f" Owner: {escape(item.owner)}." if item.owner else "" for item in block.items]
    return "\n".join(
        f"- **{escape(item.what)}**: {escape(item.why)}{owner}" for item, owner in zip(block.items, owners, strict=True)
    )


@write.register
def _(block: Prose) -> str:
    if block.style == "list":
        return "\n".join(f"- {inline(paragraph)}" for paragraph in block.paragraphs)
    return "\n\n".join(inline(paragraph) for paragraph in block.paragraphs)


@write.register
def _(block: Properties) -> str:
    return "\n".join(f"- **{escape(name)}**: {inline(value)}" for name, value in block.items)


@write.register
def _(block: DataTable) -> str:
    shown = block.model_copy(update={"rows": block.rows[:_ROWS]})
    parts = [inline(block.caption), _table(tables.of_data(shown))]
    if len(shown.rows) < len(block.rows):
        parts.append(
            f"The first {len(shown.rows)} of {len(block.rows)} rows; the data file (JSON) of this document holds all."
        )
    return "\n\n".join(part for part in parts if part)


@write.register
def _(block: Command) -> str:
    return "\n".join(f"    {part}" for line in block.lines for part in line.splitlines())


@write.register
def _(block: Signature) -> str:
    return f"{escape(block.purpose)}\n\n- Name ({inline(block.name)}):\n- Signature: not signed\n- Date:"


@write.register
def _(block: Trace) -> str:
    return _table(tables.of_trace(block))
