"""The blocks of the content model: numbers, words and what is made of them.

A number is a `Figure`, which names its measurements; a statement of fact names the fact.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from governance.evidence.model import Frozen
from governance.spec.model import Disclosure

Audience = Literal["public", "clinician", "deployer", "engineer", "auditor"]
AUDIENCES: tuple[Audience, ...] = ("public", "clinician", "deployer", "engineer", "auditor")
Word = Literal["pass", "fail", "inconclusive", "not measured", "waived"]


_COUNT = re.compile(r": \d[\d,]*, (?=at least)")
"""How many there are of what there must be more of."""


def without_small_counts(text: str) -> str:
    """Return a reason without how few there were; from how many on a number is given stays."""
    return _COUNT.sub(": ", text)


class Figure(Frozen):
    """A number as it is printed. `measurements` are the ids it is read from.

    `is_count` marks how many people or samples a number rests on (`governance.documents.masking`).
    """

    measurements: tuple[str, ...]
    text: str
    is_count: bool = Field(default=False, exclude=True)


class Statement(Frozen):
    """A person's words, verbatim. `fact` is the key of the fact in the spec."""

    fact: str
    text: str
    disclosure: Disclosure = "public"

    def withheld(self) -> Statement:
        """Return what a reader sees who may not read the words."""
        return Statement(fact=self.fact, text="not published by the provider")


Inline = str | Figure | Statement
Text = tuple[Inline, ...]


class Block(Frozen):
    """Base of all blocks: for whom it is written and who may hold it.

    `folded` is what the page shows of a block that stays closed until it is asked for; print and text show it all.
    """

    folded: str | None = None
    audiences: tuple[Audience, ...] = AUDIENCES
    disclosure: Disclosure = "public"


class Answer(Block):
    """The answer to "did the measurements meet the provider's own criteria?"."""

    kind: Literal["answer"] = "answer"
    word: Word
    statement: Text
    detail: Text = ()


class VerdictItem(Frozen):
    """One rule's verdict. `sentence` is the policy's own, so its numbers belong to `measurements`."""

    word: Word
    severity: str
    rule: str
    title: str
    sentence: Figure
    bar: str
    rationale: str | None = None
    set_by: str | None = None
    controls: str | None = None
    supports: tuple[str, ...] = ()


class VerdictList(Block):
    """Verdicts; `also_passed` names the passed rules that are not spelt out."""

    kind: Literal["verdict_list"] = "verdict_list"
    items: tuple[VerdictItem, ...]
    also_passed: tuple[str, ...] = ()
    detailed: bool = False


class Span(Frozen):
    """Where a value and its interval lie."""

    value: float
    low: float | None = None
    high: float | None = None


class Axis(Frozen):
    """A linear axis with its ticks and their labels."""

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


class GroupRow(Frozen):
    """One group. `span` is None where nothing was measured; `reason` then says why. `mark` tags the worst group.

    `wide` and `verdict` are the interval that verdicts rest on, where one was made on it and it is another one.
    `beside` and its interval are a second number about the same group.
    """

    label: str
    heading: str | None = None
    n: Figure | None = None
    patients: Figure | None = None
    value: Figure | None = None
    interval: Figure | None = None
    span: Span | None = None
    wide: Span | None = None
    verdict: Figure | None = None
    beside: Figure | None = None
    beside_interval: Figure | None = None
    beside_span: Span | None = None
    reason: str | None = None
    mark: str | None = None
    disclosure: Disclosure = "public"

    def withheld(self) -> GroupRow:
        """Return the row without how many are in a group that is too small for a number."""
        return GroupRow(label=self.label, reason=None if self.reason is None else without_small_counts(self.reason))


class GroupTable(Block):
    """A metric by group, with a forest plot on one shared axis.

    `head` is the title of the first column; `beside` names a second number of each row.
    """

    kind: Literal["group_table"] = "group_table"
    id: str
    title: Text
    note: Text = ()
    head: str = "Group"
    metric: str
    beside: str | None = None
    n_title: str = "n"
    clustered: bool = False
    axis: Axis
    bar: float | None = None
    bar_label: str | None = None
    rows: tuple[GroupRow, ...]


class Point(Frozen):
    """A point of a chart, with what is printed about it. `label` is `x` as printed, where that was measured, too.

    `name` is what the point is called in the table.
    """

    x: float
    span: Span
    figure: Figure
    interval: Figure | None = None
    n: Figure | None = None
    label: Figure | None = None
    name: Figure | None = None


class Series(Frozen):
    """A line, or points without one, and its name. `drawn` is how a front is drawn: its points, or one choice."""

    title: str
    points: tuple[Point, ...]
    drawn: Literal["line", "cloud", "choice"] = "line"


class Chart(Block):
    """A chart, drawn in panels on shared axes so that it stays readable on a phone.

    `form`: a metric against severity, against the share of labels (log x), observed against predicted, two metrics
    that are traded against each other, or errors against the share that is answered.
    """

    kind: Literal["chart"] = "chart"
    id: str
    form: Literal["conditions", "efficiency", "reliability", "front", "risk-coverage"]
    title: Text
    note: Text = ()
    x: Axis
    y: Axis
    panels: tuple[Panel, ...]


class Panel(Frozen):
    """One panel of a chart. `reference` is drawn as a band with its own label (the clean input)."""

    title: str
    series: tuple[Series, ...]
    reference: Span | None = None
    reference_figure: Figure | None = None
    reference_label: str | None = None


class Hundred(Frozen):
    """A natural frequency. `count` of 100 are drawn filled."""

    count: int = Field(ge=0, le=100)
    sentence: Text
    technical: Text


class Frequencies(Block):
    """Natural frequencies, each with a drawing of a hundred."""

    kind: Literal["frequencies"] = "frequencies"
    id: str
    items: tuple[Hundred, ...]


class KeyFigure(Frozen):
    """A number with its interval and a note."""

    label: str
    value: Figure
    interval: Figure | None = None
    note: Text = ()


class KeyFigures(Block):
    """Headline numbers."""

    kind: Literal["key_figures"] = "key_figures"
    items: tuple[KeyFigure, ...]


class FactItem(Frozen):
    """What the provider said. `due`: it was to be looked at again before the run."""

    label: str
    statement: Statement
    owner: str | None = None
    date: str | None = None
    review_by: str | None = None
    source: str | None = None
    due: bool = False
    detailed: bool = False
    disclosure: Disclosure = "public"

    def withheld(self) -> FactItem:
        """Return the item without anything that its reader may not have."""
        return FactItem(label=self.label, statement=self.statement.withheld())


class Facts(Block):
    """Statements by the provider."""

    kind: Literal["facts"] = "facts"
    items: tuple[FactItem, ...]


class Gap(Frozen):
    """What was not provided or not measured, what it is needed for, and who would have to give it."""

    what: str
    why: str
    owner: str | None = None
    disclosure: Disclosure = "public"


class Gaps(Block):
    """Gaps, shown where the reader looks for what is missing."""

    kind: Literal["gaps"] = "gaps"
    items: tuple[Gap, ...]
    none: str = ""


class Prose(Block):
    """Paragraphs or a list."""

    kind: Literal["prose"] = "prose"
    paragraphs: tuple[Text, ...]
    style: Literal["plain", "lead", "note", "list"] = "plain"


class Properties(Block):
    """Names and values."""

    kind: Literal["properties"] = "properties"
    items: tuple[tuple[str, Text], ...]


class Column(Frozen):
    """A column of a data table."""

    title: str
    numeric: bool = False
    code: bool = False


class DataTable(Block):
    """A table. In print at most `print_rows` rows are shown, with a note that says where the rest is."""

    kind: Literal["data_table"] = "data_table"
    id: str
    caption: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    print_rows: int = 100


class Command(Block):
    """Lines to type."""

    kind: Literal["command"] = "command"
    lines: tuple[str, ...]


class Signature(Block):
    """An empty, dated signature field."""

    kind: Literal["signature"] = "signature"
    purpose: str
    name: Text


class TraceRow(Frozen):
    """A measurement and the numbers that were read from it, as printed."""

    texts: tuple[str, ...]
    measurement: str
    about: str
    dataset_digest: str


class Trace(Block):
    """Where each headline number comes from."""

    kind: Literal["trace"] = "trace"
    print_rows: int = 120
    rows: tuple[TraceRow, ...] = ()


AnyBlock = Annotated[
    Answer
    | VerdictList
    | GroupTable
    | Chart
    | Frequencies
    | KeyFigures
    | Facts
    | Gaps
    | Prose
    | Properties
    | DataTable
    | Command
    | Signature
    | Trace,
    Field(discriminator="kind"),
]
