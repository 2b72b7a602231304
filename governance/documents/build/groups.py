"""Metrics by group, each with a forest plot on one shared axis; what is not drawn stands in tables."""

from __future__ import annotations

from collections.abc import Iterator

from governance.documents import numbers
from governance.documents.blocks import AUDIENCES, Audience, Column, DataTable, Figure, GroupRow, GroupTable, Text
from governance.documents.build import rows
from governance.documents.build.first import worst_of
from governance.documents.build.run import NOT_RECORDED, Run, is_plain
from governance.documents.build.subject_words import finding_heading, target_unit
from governance.documents.content import Section
from governance.documents.wording import NOT_DRAWN_BY_GROUP, group_metrics
from governance.evidence.model import Measurement
from governance.evidence.wording import written

_N_TITLES = {
    "sensitivity": "positive cases",
    "miss_rate": "questions",
    "specificity": "negative cases",
    "hallucination_rate": "questions",
    "positive_predictive_value": "flagged cases",
    "negative_predictive_value": "unflagged cases",
}
_N_TITLES_OF_A_CLASS = {
    "sensitivity": "cases of the class",
    "specificity": "other cases",
    "positive_predictive_value": "cases called so",
    "negative_predictive_value": "other answers",
}
_WIDEST = 5
"""Groups that fit beside each other in a table; of attributes with more, each group gets rows of its own."""
_ONE_CLASS = ("sensitivity", "specificity", "auroc")
"""Metrics of a class that are drawn, where classes are few; else the first. Tables hold them all."""
_FEW_CLASSES = 4


def groups(run: Run) -> Section | None:
    """Return the group tables of all metrics that were measured by group."""
    tables: list[GroupTable] = []
    for (_, metric, _, target_class), overall in run.overall.items():
        by_group = _by_group(run, overall)
        readers = _audiences(run, metric, target_class)
        if by_group and readers and overall.evaluator != "robustness" and metric not in NOT_DRAWN_BY_GROUP:
            tables.append(_table(run, overall, by_group, readers))
    blocks = (*rows.verdicts_rest(tables), *tables, *_everything(run))
    return Section(id="groups", title="By group", blocks=blocks) if blocks else None


def n_title(metric: str, target_class: str | None = None) -> str:
    """Return what the denominator of a metric counts."""
    titles = _N_TITLES if target_class is None else _N_TITLES_OF_A_CLASS
    return titles.get(metric, "cases")


def bar_of(run: Run, overall: Measurement, by_group: list[Measurement]) -> float | None:
    """Return the bar that a rule sets for the groups of this metric, else for everyone."""
    if run.decision is None:
        return None
    worst = {
        m.id
        for m in run.find(
            evaluator=overall.evaluator,
            estimand="worst",
            metric=overall.metric,
            dataset=overall.dataset,
            target_class=overall.target_class,
            condition=overall.condition,
        )
    }
    for ids in (worst | {m.id for m in by_group}, {overall.id}):
        for verdict in run.decision.verdicts:
            bar = verdict.bar.get("at_least", None)
            bar = verdict.bar.get("at_most") if bar is None else bar
            if bar is not None and ids & set(verdict.measurements):
                return float(bar)
    return None


def note(run: Run, overall: Measurement, shown: list[GroupRow], *, short: bool = False) -> Text:
    """Return what a group table rests on: the metric in words, threshold, data, and what its intervals are."""
    parts: list[str | Figure] = []
    descriptor = run.metric(overall.metric)
    if overall.target_class is not None:
        parts.append(f"{run.title_of(overall.metric)} of one class against all that is not of it. ")
    elif descriptor:
        parts.append(f"{descriptor.title}: {descriptor.explanation[0].lower()}{descriptor.explanation[1:]} ")
    parts.append(target_unit(run, overall))
    point = overall.operating_point
    if point and not short:
        how = f"chosen on {point.chosen_on}" if point.chosen_on else "fixed beforehand"
        parts += [
            "Cases count as flagged from a score of "
            if overall.target_class is None
            else "It is said from a score of ",
            Figure(measurements=(overall.id,), text=f"{point.threshold:.3g}"),
        ]
        parts.append(f" ({how}). ")
    if not short:
        parts.append(_population(run, overall))
    if overall.interval:
        by = ", by patient" if overall.n_clusters is not None else ""
        parts.append(f" Intervals: {100 * overall.interval.level:.3g}\N{NO-BREAK SPACE}%{by}")
        wide = any(row.mark for row in shown)
        extreme = "highest" if overall.direction == "lower" else "lowest"
        parts.append(f"; the {extreme} group's allows for having looked at all groups." if wide else ".")
    return (*(part for part in parts if part), *rows.footnotes(shown))


def _by_group(run: Run, overall: Measurement) -> list[Measurement]:
    """Return the values of single groups of one attribute; combinations have a section of their own."""
    attributes = run.datasets.get(overall.dataset, {}).get("attributes") or {}
    found = run.find(
        evaluator=overall.evaluator,
        metric=overall.metric,
        dataset=overall.dataset,
        target_class=overall.target_class,
    )
    return [m for m in found if is_plain(m) and len(m.slice) == 1 and all(name in attributes for name in m.slice)]


def _table(run: Run, overall: Measurement, by_group: list[Measurement], readers: tuple[Audience, ...]) -> GroupTable:
    cited = rows.cited(run)
    found = [rows.group_row(overall, "All", cited=cited), *_grouped(run, overall, by_group, cited)]
    bar = bar_of(run, overall, by_group)
    title = finding_heading(run, overall)
    of_class = f"-{overall.target_class}" if overall.target_class else ""
    unit = target_unit(run, overall, short=True)
    return GroupTable(
        id=f"groups-{overall.evaluator}-{overall.metric}{of_class}-{overall.dataset}",
        title=title,
        note=note(run, overall, found),
        metric=run.title_of(overall.metric) + (f", {unit}" if unit else ""),
        n_title=n_title(overall.metric, overall.target_class),
        clustered=bool(run.datasets.get(overall.dataset, {}).get("clustered")),
        axis=rows.shared_axis(run, overall.metric, found, also=() if bar is None else (bar,)),
        bar=bar,
        bar_label=None if bar is None else f"bar {written(bar)}",
        rows=tuple(found),
        audiences=readers,
        folded="".join(part if isinstance(part, str) else part.text for part in title)
        if overall.target_class
        else None,
    )


def _audiences(run: Run, metric: str, target_class: str | None) -> tuple[Audience, ...]:
    """Return who sees a metric drawn. Numbers of single classes are for those who can look into them."""
    if target_class is not None:
        classes = {one for _, _, _, one in run.overall if one is not None}
        drawn = _ONE_CLASS if len(classes) <= _FEW_CLASSES else _ONE_CLASS[:1]
        return ("deployer", "engineer", "auditor") if metric in drawn else ()
    by_reader = group_metrics(run.task)
    return tuple(a for a in AUDIENCES if metric in by_reader.get(a, ()))


def _grouped(run: Run, overall: Measurement, by_group: list[Measurement], cited: frozenset[str]) -> Iterator[GroupRow]:
    """Yield one row a group in the inventory's order, also for groups without a number."""
    for attribute, title, names in run.groupings(overall.dataset):
        found = {m.slice[attribute]: m for m in by_group if set(m.slice) == {attribute}}
        if not found:
            continue
        yield GroupRow(label=title, heading=title)
        worst = worst_of(run, overall, attribute)
        for name in names:
            label = run.group_label(overall.dataset, attribute, name)
            if name in found:
                own = worst if worst and worst.slice == {attribute: name} else None
                yield rows.group_row(found[name], label, worst=own, cited=cited)
            elif name != NOT_RECORDED:
                yield GroupRow(label=label, reason="no measurement of this group")


def _everything(run: Run) -> Iterator[DataTable]:
    """Yield, for each attribute, every metric of every group, closed until it is asked for."""
    for dataset in run.datasets:
        for attribute, title, names in run.groupings(dataset):
            found: dict[tuple[str, str | None], dict[str, Measurement]] = {}
            overall: dict[tuple[str, str | None], Measurement] = {}
            for m in run.evidence.measurements:
                if m.evaluator != "robustness" and m.dataset == dataset and is_plain(m):
                    if not m.slice:
                        overall[m.metric, m.target_class] = m
                    elif set(m.slice) == {attribute}:
                        found.setdefault((m.metric, m.target_class), {})[m.slice[attribute]] = m
            if found:
                present = [name for name in names if any(name in row for row in found.values())]
                yield _matrix(run, dataset, attribute, title, present=present, found=found, overall=overall)


def _matrix(
    run: Run,
    dataset: str,
    attribute: str,
    title: str,
    *,
    present: list[str],
    found: dict[tuple[str, str | None], dict[str, Measurement]],
    overall: dict[tuple[str, str | None], Measurement],
) -> DataTable:
    labels = {name: run.group_label(dataset, attribute, name) for name in present}
    made: list[tuple[Text, ...]] = []
    for key, by_name in found.items():
        metric, target_class = key
        name = run.title_of(metric) + (f", class {target_class}" if target_class else "")
        if len(present) <= _WIDEST:
            made.append(((name,), rows.cell(overall.get(key)), *(rows.cell(by_name.get(one)) for one in present)))
        else:
            made += [((name,), (labels[one],), rows.cell(by_name.get(one))) for one in present]
    wide = [Column(title="Metric"), Column(title="All"), *(Column(title=labels[one]) for one in present)]
    long = [Column(title="Metric"), Column(title="Group"), Column(title="Value")]
    summary = f"{title}: every metric of every group"
    shown = [m for by_name in found.values() for m in by_name.values()]
    return DataTable(
        id=f"every-{attribute}-{dataset}",
        caption=(f"{summary}, with {run.level} intervals. A dash: not measured.", *rows.marked(shown)),
        columns=tuple(wide if len(present) <= _WIDEST else long),
        rows=tuple(made),
        folded=summary,
        audiences=("engineer", "auditor"),
    )


def _population(run: Run, m: Measurement) -> str:
    dataset = run.datasets.get(m.dataset, {})
    title = dataset.get("title") or m.dataset
    counts = [f"{numbers.thousands(dataset['n'])} cases"] if dataset.get("n") is not None else []
    if dataset.get("clustered") and dataset.get("clusters") is not None:
        counts.append(f"of {numbers.thousands(dataset['clusters'])} patients")
    events = dataset.get("events") if run.has_positives else None
    positive = f", {numbers.thousands(events)} of them positive" if events is not None else ""
    return f"Data: {title} ({' '.join(counts)}{positive})." if counts else f"Data: {title}."
