"""The model against a baseline on the same patients: paired differences, for everyone and by group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from governance.documents import numbers
from governance.documents.blocks import Audience, Column, DataTable, GroupRow, GroupTable, Prose, Text
from governance.documents.build import rows
from governance.documents.build.axes import axis
from governance.documents.build.fairness.slices import by_slice, group_rows, ordered
from governance.documents.build.groups import n_title
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import Measurement
from governance.evidence.wording import slice_words

BASELINE = "baseline"
"""The variant that a baseline's numbers carry."""
_MAIN = ("sensitivity", "specificity", "auroc")
_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")
_ALL: tuple[Audience, ...] = ("deployer", *_DETAILED)


def baseline(run: Run) -> Section | None:
    """Return what the model gains over the baseline and loses to it."""
    found: dict[tuple[str, str], list[Measurement]] = {}
    for m in run.find(evaluator="fairness", estimand="difference", reference_variant=BASELINE, variant=None):
        if m.reference is None:
            found.setdefault((m.metric, m.dataset), []).append(m)
    if not found:
        return None
    name = _name(run)
    tables = [_table(run, name, metric, members) for (metric, _), members in found.items() if metric in _MAIN]
    said: Text = (
        f"Both models saw the same patients, so their differences are more certain than the numbers of either. Above 0 "
        f"the model has the higher number, below 0 the baseline (\N{LEFT DOUBLE QUOTATION MARK}{name}"
        "\N{RIGHT DOUBLE QUOTATION MARK}).",
    )
    blocks = (
        Prose(paragraphs=(said,), style="note"),
        *rows.verdicts_rest(tables),
        *tables,
        *(_both(run, name, dataset) for dataset in dict.fromkeys(dataset for _, dataset in found)),
        *_others(run, name, found),
        *_changes(run),
    )
    return Section(id="baseline", title="Against the baseline", blocks=blocks, audiences=_ALL)


def _name(run: Run) -> str:
    for m in run.find(evaluator="fairness", variant=BASELINE):
        if "baseline" in m.method.parameters:
            return str(m.method.parameters["baseline"])
    return BASELINE


def _table(run: Run, name: str, metric: str, found: list[Measurement]) -> GroupTable:
    cited = rows.cited(run)

    def row(m: Measurement, label: str) -> GroupRow:
        return rows.group_row(m, label, cited=cited, signed=True)

    dataset = found[0].dataset
    made = list(group_rows(run, dataset, by_slice(found), row))
    everyone = next((m for m in found if not m.slice), None)
    title: Text = (f"{run.title_of(metric)} against {name}",)
    if everyone is not None and everyone.status == "measured":
        interval = numbers.interval(everyone)
        tail: Text = (" (", interval, ")") if interval else ()
        title = (f"{title[0]}: ", numbers.value(everyone, signed=True), *tail)
    return GroupTable(
        id=f"baseline-{metric}-{dataset}",
        title=title,
        note=rows.footnotes(made),
        metric="difference",
        n_title=n_title(metric),
        clustered=bool(run.datasets.get(dataset, {}).get("clustered")),
        axis=axis("difference", rows.spans(made), also=(0.0,), ticks=4),
        bar=0.0,
        bar_label="no difference",
        rows=tuple(made),
        audiences=_ALL,
    )


def _others(run: Run, name: str, found: Mapping[tuple[str, str], list[Measurement]]) -> Iterator[DataTable]:
    """Yield what is not drawn: differences by group of the other metrics."""
    for dataset in dict.fromkeys(dataset for _, dataset in found):
        others = {metric: by_slice(ms) for (metric, where), ms in found.items() if where == dataset}
        others = {metric: ms for metric, ms in others.items() if metric not in _MAIN}
        keys = dict.fromkeys(key for ms in others.values() for key in ms)
        made: list[tuple[Text, ...]] = []
        for heading, label, key in ordered(run, dataset, keys):
            group = label if heading is None else f"{heading}: {label}"
            made.append(((group,), *(rows.cell(ms.get(key), signed=True) for ms in others.values())))
        if made:
            title = f"Further metrics against {name}, by group"
            yield DataTable(
                id=f"baseline-others-{dataset}",
                caption=(f"{title}: differences with {run.level} intervals.",),
                columns=(Column(title="Group"), *(Column(title=run.title_of(metric)) for metric in others)),
                rows=tuple(made),
                folded=title,
                audiences=_DETAILED,
            )


def _both(run: Run, name: str, dataset: str) -> DataTable:
    made: list[tuple[Text, ...]] = []
    for m in run.find(evaluator="fairness", variant=BASELINE, dataset=dataset, estimand="value", slice={}):
        change = run.one(
            evaluator="fairness",
            metric=m.metric,
            dataset=dataset,
            estimand="difference",
            slice={},
            variant=None,
            reference_variant=BASELINE,
        )
        made.append(
            (
                (run.title_of(m.metric),),
                rows.cell(run.headlines.get((m.metric, dataset))),
                rows.cell(m),
                rows.cell(change, signed=True),
                rows.p_value(change),
            )
        )
    return DataTable(
        id=f"baseline-both-{dataset}",
        caption=(
            "Each model by itself, and their difference on the patients that both gave an output for. The p-values are "
            "not adjusted for there being several.",
        ),
        columns=(
            Column(title="Metric"),
            Column(title="The model"),
            Column(title=name),
            Column(title="Difference"),
            Column(title="p, test"),
        ),
        rows=tuple(made),
        audiences=_DETAILED,
    )


def _changes(run: Run) -> list[DataTable]:
    found = [
        m
        for m in run.find(evaluator="fairness", reference_variant=BASELINE, variant=None)
        if m.metric.endswith("_gap_change") and m.reference is not None
    ]
    if not found:
        return []
    title = "By how much gaps between groups grow or shrink"
    return [
        DataTable(
            id="baseline-gaps",
            caption=(f"{title}: the difference of two groups by the model, less that by the baseline.",),
            columns=(Column(title="Change"), Column(title="Group"), Column(title="Against"), Column(title="By")),
            rows=tuple(
                (
                    (run.title_of(m.metric),),
                    (slice_words(run.lock, m.dataset, m.slice),),
                    (slice_words(run.lock, m.dataset, m.reference or {}),),
                    rows.cell(m, signed=True) if m.status == "measured" else (f"not measured: {m.reason}",),
                )
                for m in found
            ),
            folded=title,
            audiences=_DETAILED,
            print_rows=20,
        )
    ]
