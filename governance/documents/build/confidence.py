"""Whether the model knows when it may be wrong: errors against the share that is answered, groups, foreign inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from governance.documents import numbers
from governance.documents.blocks import AnyBlock, Audience, Axis, Chart, Column, DataTable, Panel, Point, Series, Text
from governance.documents.build import rows
from governance.documents.build.axes import axis
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import Measurement

_READERS: tuple[Audience, ...] = ("deployer", "engineer", "auditor")
_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")
_RISK = "selective_risk"
_BY_GROUP = (
    "risk_coverage_area",
    "excess_risk_coverage_area",
    "error_detection_auroc",
    _RISK,
    "answered_share",
    "coverage_at_risk",
)
_FOREIGN = (
    "out_of_distribution_auroc",
    "out_of_distribution_average_precision",
    "out_of_distribution_accepted",
)
_MOST_LINES = 4
"""Groups of an attribute that are told apart in one chart."""
_TOLD = 0.8
"""The coverage that the title of a chart names."""


def confidence(run: Run) -> Section | None:
    """Return everything about confidence."""
    blocks: list[AnyBlock] = []
    for dataset in run.datasets:
        blocks += _charts(run, dataset)
        blocks += _tables(run, dataset)
        foreign = _foreign(run, dataset)
        blocks += [foreign] if foreign else []
    if not blocks:
        return None
    return Section(id="confidence", title="When it may be wrong", blocks=tuple(blocks), audiences=_READERS)


def _charts(run: Run, dataset: str) -> Iterator[Chart]:
    """Yield one chart for each confidence: everyone, then the groups of each attribute."""
    curve = [m for m in run.find(metric=_RISK, dataset=dataset, status="measured") if "coverage" in m.curve]
    for number, score in enumerate(dict.fromkeys(m.variant for m in curve)):
        found = [m for m in curve if m.variant == score]
        everyone = [m for m in found if not m.slice]
        if not everyone:
            continue
        panels = [Panel(title="Everyone", series=(_series("all", everyone),))]
        for attribute, title, names in run.groupings(dataset):
            lines = []
            for name in names:
                own = [m for m in found if m.slice == {attribute: name}]
                if own:
                    lines.append(_series(run.group_label(dataset, attribute, name), own))
            if 1 < len(lines) <= _MOST_LINES:
                panels.append(Panel(title=title, series=tuple(lines)))
        drawn = [point.span for point in panels[0].series[0].points]
        values = [point.span.value for panel in panels for series in panel.series for point in series.points]
        yield Chart(
            id=f"confidence-{score}-{dataset}",
            form="risk-coverage",
            title=_finding(everyone, score),
            note=(
                f"Errors among the most confident samples, as more of them are answered. The band is the {run.level} "
                "interval; those of groups stand in the table. Each group is ranked by itself.",
            ),
            x=Axis(
                title="share that is answered, %",
                low=0,
                high=100,
                ticks=tuple((float(value), str(value)) for value in (0, 20, 40, 60, 80, 100)),
            ),
            y=axis("errors among the answered", drawn, also=(0.0, *values), bounds=(0.0, 1.0), ticks=4),
            panels=tuple(panels),
            audiences=_READERS if number == 0 else _DETAILED,
        )


def _series(title: str, found: Sequence[Measurement]) -> Series:
    points = []
    for m in sorted(found, key=lambda m: float(m.curve["coverage"])):
        span = numbers.span(m)
        if span is not None:
            x = 100 * float(m.curve["coverage"])
            points.append(
                Point(x=x, span=span, figure=numbers.value(m), interval=numbers.interval(m), n=numbers.count(m, "n"))
            )
    return Series(title=title, points=tuple(points))


def _finding(everyone: Sequence[Measurement], score: str | None) -> Text:
    at = {float(m.curve["coverage"]): m for m in everyone}
    if 1.0 not in at or _TOLD not in at:
        return (f"Errors among the most confident samples, by {score}",)
    return (
        f"If only the most confident {numbers.percent(_TOLD)} are answered (by {score}), errors are ",
        numbers.value(at[_TOLD]),
        " instead of ",
        numbers.value(at[1.0]),
    )


def _tables(run: Run, dataset: str) -> Iterator[DataTable]:
    """Yield every number by group, one table an attribute; one of everyone where there is no attribute."""
    found = [
        m
        for name in _BY_GROUP
        for m in run.find(evaluator="robustness", metric=name, dataset=dataset, estimand="value")
        if not m.curve
    ]
    attributes = [
        (name, title, groups)
        for name, title, groups in run.groupings(dataset)
        if any(set(m.slice) == {name} for m in found)
    ]
    asked = dict.fromkeys((m.metric, m.variant) for m in found)
    for name, title, groups in attributes or [("", "Everyone", ())] * bool(found):
        shown = tuple(group for group in groups if any(m.slice == {name: group} for m in found))
        made: list[tuple[Text, ...]] = []
        for metric, variant in asked:
            cells = {group: next((m for m in found if _is(m, metric, variant, name, group)), None) for group in shown}
            whole = next((m for m in found if _is(m, metric, variant, None, None)), None)
            label = f"{run.title_of(metric)}: {variant}"
            made.append(((label,), rows.cell(whole), *(rows.cell(cells[group]) for group in shown)))
        yield DataTable(
            id=f"confidence-{name or 'all'}-{dataset}",
            caption=(
                f"Confidence by {title.lower()}, with {run.level} intervals by patient. One confidence serves "
                "everyone: it answers other shares of other groups. A dash: not measured.",
                *rows.marked(m for m in found if set(m.slice) <= {name}),
            ),
            columns=(
                Column(title="What"),
                Column(title="All"),
                *(Column(title=run.group_label(dataset, name, group)) for group in shown),
            ),
            rows=tuple(made),
            folded=f"{title}: every number about confidence" if len(attributes) > 1 else None,
            audiences=_READERS,
        )


def _is(m: Measurement, metric: str, variant: str | None, name: str | None, group: str | None) -> bool:
    return (m.metric, m.variant) == (metric, variant) and m.slice == ({} if name is None else {name: group})


def _foreign(run: Run, dataset: str) -> DataTable | None:
    """Return how well foreign inputs are told apart."""
    found = {
        (m.variant, m.metric): m
        for name in _FOREIGN
        for m in run.find(evaluator="robustness", metric=name, dataset=dataset, estimand="value", slice={})
    }
    if not found:
        return None
    variants = dict.fromkeys(variant for variant, _ in found)
    return DataTable(
        id=f"foreign-{dataset}",
        caption=(
            f"Foreign inputs, told apart by confidence, with {run.level} intervals by patient. Of the AUROC 0.5 is "
            "chance; of what passes, 0.95.",
            *rows.marked(found.values()),
        ),
        columns=(Column(title="Confidence, and foreign inputs"), *(Column(title=run.title_of(n)) for n in _FOREIGN)),
        rows=tuple(
            (((variant or "").replace(",", ""),), *(rows.cell(found.get((variant, name))) for name in _FOREIGN))
            for variant in variants
        ),
        audiences=_READERS,
    )
