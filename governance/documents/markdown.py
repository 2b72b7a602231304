"""Markdown: the document as text with tables, for a repository or a model hub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import singledispatch

from governance.documents import numbers
from governance.documents.blocks import (
    Answer,
    Block,
    Chart,
    Command,
    DataTable,
    Facts,
    Frequencies,
    Gaps,
    GroupRow,
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
from governance.documents.content import Document

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&!$])")
_LINE_START = re.compile(r"^(\d{0,9})([-+.)](?=\s|$)|-{2,}|=+$)")
"""What would begin a list, a rule or a heading at the start of a line."""
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
    traced = False
    for section in document.sections:
        if section.title:
            parts.append(f"## {escape(section.title)}")
        for block in section.blocks:
            parts.append(write(block))
            traced = traced or isinstance(block, Trace)
    if not traced:
        parts += ["## Where each number comes from", write(Trace(rows=document.trace))]
    closing = [
        f"Run {who.run_id}",
        who.policy or "no policy was decided on",
        f"evidence {numbers.short(who.evidence_digest)}",
    ]
    parts += ["---", " · ".join(escape(part) for part in closing)]
    return ("\n\n".join(part for part in parts if part) + "\n").encode("utf-8")


def escape(text: str) -> str:
    """Return text that Markdown and HTML print as it is, on one line."""
    flat = " ".join(text.split())
    return _LINE_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", flat)) if flat else ""


def inline(text: Text) -> str:
    """Return a text with its references dropped; the trace has them."""
    said = "".join(part if isinstance(part, str) else part.text for part in text)
    return escape(said)


def _one(part: Inline | None) -> str:
    return "" if part is None else inline((part,))


def _table(titles: Sequence[str], numeric: Sequence[bool], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---:" if right else "---" for right in numeric]
    lines = [titles, rule, *rows]
    return "\n".join("| " + " | ".join(cell or " " for cell in row) + " |" for row in lines)


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
    second = [block.beside, "interval"] if block.beside else []
    titles = [
        block.head,
        *(["patients"] if block.clustered else []),
        block.n_title,
        block.metric,
        "interval",
        *second,
        "",
    ]
    numeric = [False, *([True] if block.clustered else []), True, True, True, *(True for _ in second), False]
    rows = [_group(block, row) for row in block.rows]
    bar = f"\n\nThe provider's {escape(block.bar_label)}." if block.bar_label else ""
    table = _table([escape(title) for title in titles], numeric, rows)
    return f"### {inline(block.title)}\n\n{inline(block.note)}\n\n{table}{bar}"


def _group(block: GroupTable, row: GroupRow) -> list[str]:
    patients = [_one(row.patients)] if block.clustered else []
    second = [_one(row.beside), _one(row.beside_interval)] if block.beside else []
    if row.heading:
        return [f"*{escape(row.heading)}*", *("" for _ in patients), "", "", "", *("" for _ in second), ""]
    value = _one(row.value) or "not measured"
    verdict = f"verdict on {_one(row.verdict)}" if row.verdict else ""
    size = f"{_one(row.n)} cases" if row.n and not row.value else ""
    said = "; ".join(part for part in (escape(row.mark or ""), verdict, size, escape(row.reason or "")) if part)
    return [escape(row.label), *patients, _one(row.n) if row.value else "", value, _one(row.interval), *second, said]


@write.register
def _(block: Chart) -> str:
    rows = [
        [
            escape(panel.title),
            escape(series.title),
            _one(point.name),
            _one(point.label) or ("none" if point.x == 0 and block.form == "conditions" else f"{point.x:.4g}"),
            _one(point.figure),
            _one(point.interval),
            _one(point.n),
        ]
        for panel in block.panels
        for series in panel.series
        for point in series.points
    ]
    titles = ["", "", "threshold", escape(block.x.title), escape(block.y.title), "interval", "n"]
    numeric = [False, False, True, True, True, True, True]
    used = [index for index in range(len(titles)) if index > 2 or any(row[index] for row in rows)]
    table = _table([titles[i] for i in used], [numeric[i] for i in used], [[row[i] for i in used] for row in rows])
    return f"### {inline(block.title)}\n\n{inline(block.note)}\n\n{table}"


@write.register
def _(block: Frequencies) -> str:
    return "\n".join(f"- {inline(item.sentence)} ({inline(item.technical)})" for item in block.items)


@write.register
def _(block: KeyFigures) -> str:
    rows = [[escape(item.label), _one(item.value), _one(item.interval), inline(item.note)] for item in block.items]
    return _table(["", "value", "interval", ""], [False, True, True, False], rows)


@write.register
def _(block: Facts) -> str:
    lines = []
    for item in block.items:
        due = f" **(due for review since {item.review_by})**" if item.due else ""
        details = (
            f" ({escape(f'{item.owner}, {item.date}; review by {item.review_by}')})"
            if item.detailed and item.owner
            else ""
        )
        lines.append(f"- **{escape(item.label)}**: {_one(item.statement)}{due}{details}")
    return "\n".join(lines)


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
    rows = [[inline(cell) for cell in row] for row in block.rows[:_ROWS]]
    table = _table([escape(c.title) for c in block.columns], [c.numeric for c in block.columns], rows)
    cut = len(block.rows) - len(rows)
    note = (
        f"\n\nThe first {len(rows)} of {len(block.rows)} rows; the data file (JSON) of this document holds all."
        if cut
        else ""
    )
    return f"{inline(block.caption)}\n\n{table}{note}"


@write.register
def _(block: Command) -> str:
    return "\n".join(f"    {line}" for line in block.lines)


@write.register
def _(block: Signature) -> str:
    return f"{escape(block.purpose)}\n\n- Name ({inline(block.name)}):\n- Signature: not signed\n- Date:"


@write.register
def _(block: Trace) -> str:
    rows = [
        [escape(" · ".join(row.texts)), escape(row.about), row.measurement, row.dataset_digest[:12]]
        for row in block.rows
    ]
    return _table(["As printed", "About", "Measurement", "Data"], [False, False, False, False], rows)
