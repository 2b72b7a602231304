"""Metrics by group, each with a forest plot on one shared axis."""

from __future__ import annotations

from collections.abc import Iterator

from governance.documents import numbers
from governance.documents.blocks import AUDIENCES, Audience, Figure, GroupRow, GroupTable, Text
from governance.documents.build.axes import axis
from governance.documents.build.first import worst_of
from governance.documents.build.run import NOT_RECORDED, Run, is_plain
from governance.documents.build.subject_words import finding_heading
from governance.documents.content import Section
from governance.documents.wording import GROUP_METRICS, NOT_DRAWN_BY_GROUP
from governance.evidence.model import Measurement
from governance.evidence.wording import slice_words, written

_N_TITLES = {
    "sensitivity": "positive cases",
    "miss_rate": "questions",
    "specificity": "negative cases",
    "hallucination_rate": "questions",
    "positive_predictive_value": "flagged cases",
    "negative_predictive_value": "unflagged cases",
}


def groups(run: Run) -> Section | None:
    """Return the group tables of all metrics that were measured by group."""
    tables = []
    for (evaluator, metric, dataset), overall in run.overall.items():
        by_group = [
            m
            for m in run.find(evaluator=evaluator, metric=metric, dataset=dataset)
            if is_plain(m) and m.slice and _known(run, m)
        ]
        if by_group and evaluator != "robustness" and metric not in NOT_DRAWN_BY_GROUP:
            tables.append(_table(run, overall, by_group))
    if not tables:
        return None
    return Section(id="groups", title="By group", blocks=tuple(tables))


def _known(run: Run, m: Measurement) -> bool:
    return all(attribute in (run.datasets.get(m.dataset, {}).get("attributes") or {}) for attribute in m.slice)


def _table(run: Run, overall: Measurement, by_group: list[Measurement]) -> GroupTable:
    rows = [_row(overall, "All", None)]
    rows += _grouped(run, overall, by_group)
    clustered = bool(run.datasets.get(overall.dataset, {}).get("clustered"))
    bar = _bar(run, overall, by_group)
    descriptor = run.metric(overall.metric)
    bounded = descriptor is not None and descriptor.low is not None and descriptor.high is not None
    spans = [row.span for row in rows if row.span]
    return GroupTable(
        id=f"groups-{overall.evaluator}-{overall.metric}-{overall.dataset}",
        title=finding_heading(run, overall),
        note=_note(run, overall),
        metric=run.title_of(overall.metric),
        n_title=_N_TITLES.get(overall.metric, "cases"),
        clustered=clustered,
        axis=axis(
            run.title_of(overall.metric),
            spans,
            also=() if bar is None else (bar,),
            bounds=(descriptor.low, descriptor.high) if bounded else None,  # type: ignore[union-attr,arg-type]
        ),
        bar=bar,
        bar_label=None if bar is None else f"bar {written(bar)}",
        rows=tuple(rows),
        audiences=_audiences(overall.metric),
    )


def _audiences(metric: str) -> tuple[Audience, ...]:
    return tuple(a for a in AUDIENCES if a == "engineer" or metric in GROUP_METRICS.get(a, ()))


def _grouped(run: Run, overall: Measurement, by_group: list[Measurement]) -> Iterator[GroupRow]:
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
                yield _row(found[name], label, worst if worst and worst.slice == {attribute: name} else None)
            elif name != NOT_RECORDED:
                yield GroupRow(label=label, reason="no measurement of this group")
    crossed: dict[tuple[str, ...], list[Measurement]] = {}
    for m in by_group:
        if len(m.slice) > 1:
            crossed.setdefault(tuple(m.slice), []).append(m)
    titles = {name: title for name, title, _ in run.groupings(overall.dataset)}
    for attributes, members in crossed.items():
        heading = " \N{MULTIPLICATION SIGN} ".join(titles.get(name, name) for name in attributes)
        yield GroupRow(label=heading, heading=heading)
        worst = worst_of(run, overall, " x ".join(attributes))
        for m in members:
            label = slice_words(run.lock, m.dataset, m.slice)
            yield _row(m, label, worst if worst and worst.slice == m.slice else None)


def _row(m: Measurement, label: str, worst: Measurement | None) -> GroupRow:
    """Return a group's row; the worst group's interval is the one that allows for having looked at all groups."""
    wide = worst.simultaneous if worst else None
    mark = ("highest" if m.direction == "lower" else "lowest") if worst else None
    interval = numbers.interval(m, wide)
    value = numbers.value(m) if m.status == "measured" else None
    if worst and value and interval:
        value = Figure(measurements=(m.id, worst.id), text=value.text)
        interval = Figure(measurements=(worst.id,), text=interval.text)
    return GroupRow(
        label=label,
        n=numbers.count(m, "n") if value else None,
        patients=numbers.count(m, "n_clusters") if value else None,
        value=value,
        interval=interval,
        span=numbers.span(m, wide),
        reason=m.reason if m.status != "measured" else (None if m.interval else m.interval_reason),
        mark=mark,
    )


def _bar(run: Run, overall: Measurement, by_group: list[Measurement]) -> float | None:
    """Return the bar that a rule sets for the groups of this metric, else for everyone."""
    if run.decision is None:
        return None
    worst = {m.id for m in run.find(estimand="worst", metric=overall.metric, dataset=overall.dataset)}
    for ids in (worst | {m.id for m in by_group}, {overall.id}):
        for verdict in run.decision.verdicts:
            bar = verdict.bar.get("at_least", None)
            bar = verdict.bar.get("at_most") if bar is None else bar
            if bar is not None and ids & set(verdict.measurements):
                return float(bar)
    return None


def _note(run: Run, overall: Measurement) -> Text:
    parts: list[str | Figure] = []
    descriptor = run.metric(overall.metric)
    if descriptor:
        parts.append(f"{descriptor.title}: {descriptor.explanation[0].lower()}{descriptor.explanation[1:]} ")
    point = overall.operating_point
    if point:
        how = f"chosen on {point.chosen_on}" if point.chosen_on else "fixed beforehand"
        parts += [
            "Cases count as flagged from a score of ",
            Figure(measurements=(overall.id,), text=f"{point.threshold:.3g}"),
        ]
        parts.append(f" ({how}). ")
    parts.append(_population(run, overall))
    if overall.interval:
        by = ", by patient" if overall.n_clusters is not None else ""
        parts.append(f" Intervals: {100 * overall.interval.level:.3g}\N{NO-BREAK SPACE}%{by}")
        marked = worst_of(run, overall)
        wide = marked is not None and marked.simultaneous is not None
        extreme = "highest" if overall.direction == "lower" else "lowest"
        parts.append(f"; the {extreme} group's allows for having looked at all groups." if wide else ".")
    return tuple(parts)


def _population(run: Run, m: Measurement) -> str:
    dataset = run.datasets.get(m.dataset, {})
    title = dataset.get("title") or m.dataset
    counts = [f"{numbers.thousands(dataset['n'])} cases"] if dataset.get("n") is not None else []
    if dataset.get("clustered") and dataset.get("clusters") is not None:
        counts.append(f"of {numbers.thousands(dataset['clusters'])} patients")
    positive = f", {numbers.thousands(dataset['events'])} of them positive" if dataset.get("events") is not None else ""
    return f"Data: {title} ({' '.join(counts)}{positive})." if counts else f"Data: {title}."
