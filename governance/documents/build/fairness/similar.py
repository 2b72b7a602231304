"""Whether like patients are treated alike, and what an attribute alone changes."""

from __future__ import annotations

from governance.documents import numbers
from governance.documents.blocks import Audience, GroupRow, GroupTable, Text
from governance.documents.build import rows
from governance.documents.build.curves import condition_title
from governance.documents.build.fairness.slices import by_slice, group_rows
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import Measurement

_NEIGHBOURS = ("neighbour_consistency", "neighbour_score_consistency")
_PAIRS = ("counterfactual_flip_rate", "counterfactual_score_change", "counterfactual_absolute_change")
_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")


def similar(run: Run) -> Section | None:
    """Return consistency among neighbours, and pairs that differ in one attribute alone."""
    tables: list[GroupTable] = []
    for metric in (*_NEIGHBOURS, *_PAIRS):
        by: dict[tuple[str, str], list[Measurement]] = {}
        for m in run.find(metric=metric, estimand="value"):
            by.setdefault((m.dataset, m.condition.name), []).append(m)
        tables += [_table(run, metric, condition, found) for (_, condition), found in by.items()]
    if not tables:
        return None
    return Section(
        id="similar",
        title="Similar patients",
        blocks=(*rows.verdicts_rest(tables), *tables),
        audiences=("deployer", "engineer", "auditor"),
    )


def _table(run: Run, metric: str, condition: str, found: list[Measurement]) -> GroupTable:
    dataset, descriptor = found[0].dataset, run.metric(metric)
    cited = rows.cited(run)

    def row(m: Measurement, label: str) -> GroupRow:
        return rows.group_row(m, label, cited=cited)

    made = list(group_rows(run, dataset, by_slice(found), row))
    everyone = next((m for m in found if not m.slice), None)
    title: Text = (run.title_of(metric),)
    if everyone is not None and everyone.status == "measured":
        title = (f"{run.title_of(metric)} ", numbers.value(everyone))
    if not found[0].condition.is_clean:
        title = (
            *title,
            f", \N{LEFT DOUBLE QUOTATION MARK}{condition_title(run, condition)}\N{RIGHT DOUBLE QUOTATION MARK}",
        )
    words = f"{descriptor.explanation} It does not show: {_start(descriptor.does_not_show)}" if descriptor else ""
    return GroupTable(
        id=f"similar-{metric}-{condition}-{dataset}",
        title=title,
        note=(words, *rows.footnotes(made)),
        metric=run.title_of(metric),
        n_title="cases",
        clustered=bool(run.datasets.get(dataset, {}).get("clustered")),
        axis=rows.shared_axis(run, metric, made),
        rows=tuple(made),
        audiences=("deployer", *_DETAILED) if metric in (_NEIGHBOURS[0], _PAIRS[0]) else _DETAILED,
    )


def _start(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"
