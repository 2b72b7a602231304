"""The same questions asked otherwise: how often the answer keeps its meaning, and how errors change."""

from __future__ import annotations

from governance.documents import numbers
from governance.documents.blocks import Audience, Column, DataTable, Prose, Text
from governance.documents.build import curves, rows
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import Measurement

_ALL: tuple[Audience, ...] = ("clinician", "deployer", "engineer", "auditor")
_RATES = ("accuracy", "hallucination_rate", "miss_rate")
_SAME = "answer_consistency"


def asked_otherwise(run: Run) -> Section | None:
    """Return one table a dataset of questions that were asked under conditions."""
    blocks = [table for table in (_table(run, dataset) for dataset in run.datasets) if table]
    if not blocks:
        return None
    said = (
        "The same questions in another form. A negated question has the opposite right answer; its rates are given as "
        "for the plain one, so that a model that always says the same word swaps one kind of error for the other.",
    )
    return Section(
        id="asked-otherwise",
        title="When the question is put otherwise",
        blocks=(Prose(paragraphs=(said,), style="note"), *blocks),
        audiences=_ALL,
    )


def _table(run: Run, dataset: str) -> DataTable | None:
    found = run.find(evaluator="hallucination", metric=_SAME, dataset=dataset, slice={})
    if not found:
        return None
    return DataTable(
        id=f"asked-otherwise-{dataset}",
        caption=_caption(run, found),
        columns=(
            Column(title="Asked"),
            Column(title=run.title_of(_SAME)),
            *(Column(title=f"{run.title_of(name)}, change") for name in _RATES),
        ),
        rows=tuple(_row(run, m) for m in found),
        audiences=_ALL,
    )


def _caption(run: Run, found: list[Measurement]) -> Text:
    known = [m for m in found if m.status == "measured"]
    tail = f" With {run.level} intervals; changes are against the same questions as they stand."
    if not known:
        return (f"Asked otherwise.{tail}",)
    least = min(known, key=lambda m: m.value or 0.0)
    return (
        "The answer keeps its meaning least often under "
        f"{curves.condition_words(run, least)}: in ",
        numbers.value(least),
        f" of the questions.{tail}",
    )  # fmt: skip


def _row(run: Run, m: Measurement) -> tuple[Text, ...]:
    changes = (
        run.one(
            evaluator="hallucination",
            metric=name,
            dataset=m.dataset,
            slice={},
            condition=m.condition,
            estimand="difference",
        )
        for name in _RATES
    )
    title = curves.condition_title(run, m.condition.name)
    severity = f", severity {m.condition.severity}" if m.condition.severity is not None else ""
    return ((f"{title}{severity}",), _cell(m), *(_cell(change, signed=True) for change in changes))


def _cell(m: Measurement | None, *, signed: bool = False) -> Text:
    if m is not None and m.status != "measured":
        return (f"not measured: {m.reason}",)
    return rows.cell(m, signed=signed)
