"""Each kind of block as paragraphs and tables."""

from __future__ import annotations

from functools import singledispatch

from governance.documents import tables
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
    KeyFigures,
    Properties,
    Prose,
    Signature,
    Text,
    Trace,
    VerdictItem,
    VerdictList,
)
from governance.documents.docx.body import Body
from governance.documents.docx.runs import Said, printable
from governance.documents.markdown import SIGNS
from governance.documents.tables import Table

_CHART_ROWS = 120
"""Points of a chart that are printed."""
_PROSE = {"plain": "Normal", "lead": "Lead", "note": "Note", "list": "List Bullet"}
_DRAWN = "The page (HTML) and the PDF of this document draw these numbers."


@singledispatch
def write(block: Block, body: Body) -> None:  # noqa: ARG001 - those that are registered use it
    """Append a block to the file."""
    raise TypeError(f"DOCX cannot print {type(block).__name__}")


@write.register
def _(block: Answer, body: Body) -> None:
    body.add("Answer", Said(f"{SIGNS[block.word]} ", f"Verdict {block.word}"), " ", Said(block.statement))
    body.say("Answer Detail", block.detail)


@write.register
def _(block: VerdictList, body: Body) -> None:
    for item in block.items:
        _verdict(item, body, detailed=block.detailed)
    if block.also_passed:
        body.add(
            "Verdict", Said(f"{SIGNS['pass']} pass", "Verdict pass"), "\t", Said(f"{'; '.join(block.also_passed)}.")
        )


def _verdict(item: VerdictItem, body: Body, *, detailed: bool) -> None:
    severity = Said(f"({item.severity})" if detailed else "", "Muted Words")
    sign = Said(f"{SIGNS[item.word]} {item.word}", f"Verdict {item.word}")
    body.add("Verdict", sign, "\t", Said(item.title, "Strong Words"), " ", severity)
    body.say("Verdict Detail", item.sentence.text)
    if detailed:
        body.say("Verdict Detail", "; ".join(_particulars(item)))


def _particulars(item: VerdictItem) -> list[str]:
    said = [f"rule {item.rule}", f"bar: {item.bar}"]
    said.append(f"set by {item.set_by}" if item.set_by else "not recorded who set it")
    said += [f"controls {item.controls}"] if item.controls else []
    said += [f"supports {', '.join(item.supports)}"] if item.supports else []
    said += [f"reason: {item.rationale}"] if item.rationale else []
    return said


@write.register
def _(block: GroupTable, body: Body) -> None:
    body.heading(2, block.title)
    body.say("Note", block.note)
    beside = f", and {block.beside}" if block.beside else ""
    body.table(_begun(f"{block.metric}{beside}, by {block.head[:1].lower()}{block.head[1:]}."), tables.of_groups(block))
    body.say("Note", f"{tables.bar_of(block)} {_DRAWN}")


def _begun(sentence: str) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}"


@write.register
def _(block: Chart, body: Body) -> None:
    body.heading(2, block.title)
    body.say("Note", block.note)
    _table(body, _begun(f"{block.y.title} by {block.x.title}."), tables.of_chart(block), _CHART_ROWS, _DRAWN)


@write.register
def _(block: Frequencies, body: Body) -> None:
    for item in block.items:
        body.add("List Bullet", Said(item.sentence), " ", Said(item.technical, "Muted Words"))


@write.register
def _(block: KeyFigures, body: Body) -> None:
    body.table("Numbers and their intervals.", tables.of_key_figures(block))


@write.register
def _(block: Facts, body: Body) -> None:
    for item in block.items:
        body.say("Label", item.label)
        body.add("Normal", Said(item.statement.text), *_source(item))


def _source(item: FactItem) -> list[Said | str]:
    pieces: list[Said | str] = []
    if item.due:
        pieces += [" ", Said(f"(due for review since {item.review_by})", "Strong Words")]
    if item.detailed and item.owner:
        source = f"; source: {item.source}" if item.source else ""
        pieces += [" ", Said(f"({item.owner}, {item.date}; review by {item.review_by}{source})", "Muted Words")]
    return pieces


@write.register
def _(block: Gaps, body: Body) -> None:
    if not block.items:
        body.say("Normal", block.none)
    for item in block.items:
        owner = f" Owner: {item.owner}." if item.owner else ""
        body.add("List Bullet", Said(item.what, "Strong Words"), ": ", Said(f"{item.why}{owner}"))


@write.register
def _(block: Prose, body: Body) -> None:
    for text in block.paragraphs:
        body.say(_PROSE[block.style], text)


@write.register
def _(block: Properties, body: Body) -> None:
    body.pairs(block.items)


@write.register
def _(block: DataTable, body: Body) -> None:
    _table(body, block.caption, tables.of_data(block), block.print_rows)


@write.register
def _(block: Command, body: Body) -> None:
    for line in block.lines:
        body.say("Command", line)


@write.register
def _(block: Signature, body: Body) -> None:
    body.say("Normal", block.purpose)
    body.add("Signature Line", "Name (", Said(block.name), "):\t")
    body.add("Signature Line", "Signature (not signed):\t")
    body.add("Signature Line", "Date:\t")


@write.register
def _(block: Trace, body: Body) -> None:
    caption = "Numbers as printed above, and the measurement of evidence.json that they are read from."
    _table(body, caption, tables.of_trace(block), block.print_rows)


def _table(body: Body, caption: Text | str, content: Table, longest: int, note: str = "") -> None:
    """Append a table of at most so many rows, and where the rest is."""
    shown = content.rows[:longest]
    body.table(caption, Table(content.columns, shown))
    if len(shown) < len(content.rows):
        rest = f"The first {len(shown)} of {len(content.rows)} rows. The page (HTML) and the data file (JSON) of this "
        note = f"{rest}document hold them all. {note}"
    if printable(note):
        body.say("Note", note)
