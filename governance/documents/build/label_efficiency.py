"""What fewer labels cost: curves by arm and by group, the share that reaches a reference, and gaps along them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from governance.documents import numbers
from governance.documents.blocks import (
    Audience,
    Axis,
    Chart,
    Column,
    DataTable,
    Figure,
    Panel,
    Point,
    Series,
    Span,
    Text,
)
from governance.documents.build.axes import axis
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import Measurement

_TECHNICAL: tuple[Audience, ...] = ("deployer", "engineer", "auditor")
_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")
_NAME = "data_efficiency"
_SHARE, _SAVED, _CHANGE = "label_fraction_to_match", "label_savings", "gap_change"
MOST_LINES = 4
"""Most groups in one panel, as many as there are colours; with more, each group has a panel of its own."""


def efficiency(run: Run) -> Section | None:
    """Return everything about fewer labels: charts, and for those who check it tables."""
    blocks: list[Chart | DataTable] = []
    for metric in dict.fromkeys(m.metric for m in run.find(evaluator=_NAME, estimand="mean")):
        for dataset in run.datasets:
            blocks += _of_metric(run, metric, dataset, first=not blocks)
    for dataset in run.datasets:
        blocks += [*_shares(run, dataset), *_gaps(run, dataset)]
    if not blocks:
        return None
    return Section(id="efficiency", title="With fewer labels", blocks=tuple(blocks), audiences=_TECHNICAL)


def _of_metric(run: Run, metric: str, dataset: str, *, first: bool) -> Iterator[Chart | DataTable]:
    means = [
        m
        for m in run.find(evaluator=_NAME, metric=metric, dataset=dataset, estimand="mean", status="measured")
        if m.reference_variant is None
    ]
    everyone = [m for m in means if not m.slice]
    by_share = [m for m in everyone if m.fraction is not None]
    if by_share:
        yield _chart(run, metric, dataset, by_share)
    by_shots = [m for m in everyone if "shots" in m.curve]
    if by_shots:
        yield _shots(run, metric, dataset, by_shots)
    ranked = metric in ("auroc", "macro_auroc")
    for over in _groupings(run, dataset) if ranked or first else ():
        found = [m for m in means if set(m.slice) == set(over.split(" x ")) and m.fraction is not None]
        if found:
            yield _by_group(run, metric, dataset, over, found)
            yield from _worst(run, metric, dataset, over)


def _groupings(run: Run, dataset: str) -> list[str]:
    overs = (m.over for m in run.find(evaluator=_NAME, dataset=dataset, estimand="worst"))
    return list(dict.fromkeys(over for over in overs if over))


def _chart(run: Run, metric: str, dataset: str, found: Sequence[Measurement]) -> Chart:
    series = _lines(found, lambda m: m.variant or "model")
    fractions = sorted({m.fraction for m in found if m.fraction is not None})
    heading: list[str | Figure] = [f"{run.title_of(metric)} with {numbers.percent(fractions[0])} of the labels: "]
    starting = [line for line in series if line.points and line.points[0].x == 100 * fractions[0]]
    for index, line in enumerate(starting):
        heading += ["; " if index else "", f"{line.title} ", line.points[0].figure]
    marks = _marks(run, metric, dataset)
    note = f"Means over repeated draws of the training labels, with {run.level} intervals over patients and seeds."
    if marks:
        note += " Rings mark the smallest share of the labels that reaches the reference; dashed lines lead to it."
    return Chart(
        id=f"efficiency-{metric}-{dataset}",
        form="efficiency",
        title=tuple(heading) + _on(run, dataset),
        note=(note,),
        x=_across("training labels used, %, logarithmic", [100 * f for f in fractions]),
        y=_up(run, metric, [*series, *marks]),
        panels=(Panel(title="", series=(*series, *marks)),),
        audiences=_TECHNICAL,
    )


def _marks(run: Run, metric: str, dataset: str) -> list[Series]:
    """Where the curves for everyone reach the reference."""
    marks = []
    for m in run.find(evaluator=_NAME, metric=_SHARE, dataset=dataset, slice={}, status="measured"):
        if m.method.parameters.get("metric") != metric or m.value is None:
            continue
        height = float(m.method.parameters["reference_value"])
        point = Point(
            x=100 * m.value,
            span=Span(value=height),
            figure=Figure(measurements=(m.id,), text=f"{height:.2f}"),
            label=_share(m),
            n=numbers.count(m, "n"),
        )
        marks.append(Series(title=f"{m.variant} reaches the reference", points=(point,), drawn="choice"))
    return marks


def _shots(run: Run, metric: str, dataset: str, found: Sequence[Measurement]) -> Chart:
    series = _lines(found, lambda m: m.variant or "model")
    shots = sorted({float(m.curve["shots"]) for m in found})
    heading: list[str | Figure] = [f"{run.title_of(metric)} with {shots[0]:g} labelled patients of each class: "]
    for index, line in enumerate(line for line in series if line.points[0].x == shots[0]):
        heading += ["; " if index else "", f"{line.title} ", line.points[0].figure]
    return Chart(
        id=f"shots-{metric}-{dataset}",
        form="efficiency",
        title=tuple(heading) + _on(run, dataset),
        note=(f"Means over repeated draws of the patients, with {run.level} intervals over patients and seeds.",),
        x=_across("labelled patients of each class, logarithmic", shots),
        y=_up(run, metric, series),
        panels=(Panel(title="", series=series),),
        audiences=_TECHNICAL,
    )


def _by_group(run: Run, metric: str, dataset: str, over: str, found: Sequence[Measurement]) -> Chart:
    label = run.over_label(dataset, over)
    arms = list(dict.fromkeys(m.variant or "model" for m in found))
    groups = list(dict.fromkeys(tuple(sorted(m.slice.items())) for m in found))
    if len(groups) <= MOST_LINES:
        panels = [
            Panel(
                title=arm if len(arms) > 1 else "",
                series=_lines((m for m in found if (m.variant or "model") == arm), lambda m: _group(run, m)),
            )
            for arm in arms
        ]
    else:
        panels = [
            Panel(
                title=_group(run, next(m for m in found if tuple(sorted(m.slice.items())) == group)),
                series=_lines(
                    (m for m in found if tuple(sorted(m.slice.items())) == group), lambda m: m.variant or "model"
                ),
            )
            for group in groups
        ]
    fractions = sorted({m.fraction for m in found if m.fraction is not None})
    last = [m for m in found if m.fraction == fractions[-1] and (m.variant or "model") == arms[0]]
    share = numbers.percent(fractions[-1])
    heading: list[str | Figure] = [f"{run.title_of(metric)} by {label.lower()}, {arms[0]} with {share} of the labels: "]
    for index, m in enumerate(last):
        heading += ["; " if index else "", f"{_group(run, m)} ", numbers.value(m)]
    return Chart(
        id=f"efficiency-{metric}-{dataset}-{'-'.join(over.split(' x '))}",
        form="efficiency",
        title=tuple(heading) + _on(run, dataset),
        note=(
            f"Means over repeated draws of the training labels, with {run.level} intervals over patients and seeds.",
        ),
        x=_across("training labels used, %, logarithmic", [100 * f for f in fractions]),
        y=_up(run, metric, [line for panel in panels for line in panel.series]),
        panels=tuple(panels),
        audiences=_TECHNICAL,
    )


def _worst(run: Run, metric: str, dataset: str, over: str) -> Iterator[DataTable]:
    found = run.find(evaluator=_NAME, metric=metric, dataset=dataset, estimand="worst", over=over, status="measured")
    made = tuple(
        (
            (m.variant or "model",),
            (_amount(m),),
            (_group(run, m),),
            _with_interval(m),
            _optional(numbers.count(m, "n")),
        )
        for m in found
    )
    if made:
        yield DataTable(
            id=f"efficiency-worst-{metric}-{dataset}-{'-'.join(over.split(' x '))}",
            caption=(f"The worst group by {run.over_label(dataset, over).lower()} at each share of the labels",),
            columns=(
                Column(title="Way of training"),
                Column(title="Labels"),
                Column(title="Worst group"),
                Column(title=run.title_of(metric)),
                Column(title="n", numeric=True),
            ),
            rows=made,
            audiences=_DETAILED,
        )


def _shares(run: Run, dataset: str) -> Iterator[DataTable]:
    """The share of labels that reaches the reference and what it saves, or why there is none, for every slice."""
    found = run.find(evaluator=_NAME, metric=_SHARE, dataset=dataset)
    made = []
    for m in found:
        saved = run.one(evaluator=_NAME, metric=_SAVED, dataset=dataset, variant=m.variant, slice=m.slice)
        measured = m.status == "measured"
        made.append(
            (
                (m.variant or "model",),
                (run.slice_label(dataset, m.slice),),
                (_share(m),) if measured else ("not measured",),
                _ends(m, percent=True),
                (_percent(saved),) if saved is not None and saved.status == "measured" else ("",),
                (_remark(m),),
            )
        )
    if made:
        yield DataTable(
            id=f"efficiency-shares-{dataset}",
            caption=("The smallest share of the labels that reaches the reference", *_on(run, dataset)),
            columns=(
                Column(title="Way of training"),
                Column(title="Group"),
                Column(title="Share of labels", numeric=True),
                Column(title=f"{run.level} interval"),
                Column(title="Labels saved", numeric=True),
                Column(title="Reference, or why there is no share"),
            ),
            rows=tuple(made),
            audiences=_TECHNICAL,
        )


def _gaps(run: Run, dataset: str) -> Iterator[DataTable]:
    """How gaps between groups change from the fewest to the most labels."""
    made: list[tuple[Text, ...]] = []
    for m in run.find(evaluator=_NAME, metric=_CHANGE, dataset=dataset):
        pair = f"{run.slice_label(dataset, m.slice)} against {run.slice_label(dataset, m.reference or {})}"
        if m.status != "measured":
            made.append(((m.variant or "model",), (pair,), ("",), ("",), ("not measured",), (m.reason or "",)))
            continue
        ends = [
            Figure(measurements=(m.id,), text=f"{float(m.method.parameters[key]):+.2f}")
            for key in ("gap_fewest", "gap_most")
        ]
        made.append(
            (
                (m.variant or "model",),
                (pair,),
                (ends[0],),
                (ends[1],),
                (numbers.value(m, signed=True),),
                _ends(m, percent=False),
            )
        )
    if made:
        measured = next(
            (m for m in run.find(evaluator=_NAME, metric=_CHANGE, dataset=dataset, status="measured")), None
        )
        words = measured.method.parameters if measured else {}
        yield DataTable(
            id=f"efficiency-gaps-{dataset}",
            caption=("Whether more labels bring groups closer together", *_on(run, dataset)),
            columns=(
                Column(title="Way of training"),
                Column(title="Groups"),
                Column(title=f"Gap with {words.get('fewest', 'fewest labels')}", numeric=True),
                Column(title=f"Gap with {words.get('most', 'most labels')}", numeric=True),
                Column(title="Change", numeric=True),
                Column(title="Interval of the change"),
            ),
            rows=tuple(made),
            audiences=_DETAILED,
        )


def _lines(found: Iterable[Measurement], name: Callable[[Measurement], str]) -> tuple[Series, ...]:
    """Put measurements into lines by a name, each from few labels to many."""
    grouped: dict[str, list[Measurement]] = {}
    for m in found:
        grouped.setdefault(name(m), []).append(m)
    return tuple(
        Series(title=title, points=tuple(sorted((_point(m) for m in members), key=lambda p: p.x)))
        for title, members in grouped.items()
    )


def _point(m: Measurement) -> Point:
    span = numbers.span(m)
    if span is None:
        raise ValueError(f"{m.id} was not measured and cannot be drawn")
    x = float(m.curve["shots"]) if "shots" in m.curve else 100 * (m.fraction or 0.0)
    return Point(x=x, span=span, figure=numbers.value(m), interval=numbers.interval(m), n=numbers.count(m, "n"))


def _across(title: str, values: Sequence[float]) -> Axis:
    return Axis(title=title, low=values[0], high=values[-1], ticks=tuple((v, f"{v:.4g}") for v in values))


def _up(run: Run, metric: str, series: Iterable[Series]) -> Axis:
    descriptor = run.metric(metric)
    bounds = None
    if descriptor is not None and descriptor.low is not None and descriptor.high is not None:
        bounds = (descriptor.low, descriptor.high)
    return axis(run.title_of(metric), [p.span for s in series for p in s.points], bounds=bounds, ticks=4)


def _on(run: Run, dataset: str) -> Text:
    """Name the dataset where several judge."""
    several = {m.dataset for m in run.find(evaluator=_NAME, estimand="mean")}
    return (f" ({run.datasets[dataset].get('title') or dataset})",) if len(several) > 1 else ()


def _group(run: Run, m: Measurement) -> str:
    return ", ".join(run.group_label(m.dataset, name, value) for name, value in m.slice.items())


def _amount(m: Measurement) -> str:
    return f"{m.curve['shots']} of each class" if "shots" in m.curve else numbers.percent(m.fraction or 0.0)


def _share(m: Measurement) -> Figure:
    """The share that reaches the reference; an upper bound says so."""
    return Figure(measurements=(m.id,), text=("at most " if _is_bound(m) else "") + f"{100 * (m.value or 0.0):.2g} %")


def _percent(m: Measurement) -> Figure:
    return Figure(measurements=(m.id,), text=("at least " if _is_bound(m) else "") + f"{100 * (m.value or 0.0):.0f} %")


def _is_bound(m: Measurement) -> bool:
    """Whether the curve starts at or above the reference: a smaller share might reach it, too."""
    return "upper bound" in str(m.method.parameters.get("state", ""))


def _ends(m: Measurement, *, percent: bool) -> Text:
    if m.interval is None:
        return (m.interval_reason or "",)
    if not percent:
        shown = numbers.interval(m)
        return (shown,) if shown else ("",)
    low, high = 100 * m.interval.low, 100 * m.interval.high
    return (Figure(measurements=(m.id,), text=f"{low:.2g} to {high:.2g} %"),)


def _with_interval(m: Measurement) -> Text:
    shown = numbers.interval(m)
    return (numbers.value(m), " (", shown, ")") if shown else (numbers.value(m),)


def _optional(figure: Figure | None) -> Text:
    return (figure,) if figure else ("",)


def _remark(m: Measurement) -> str:
    if m.status != "measured":
        return m.reason or ""
    return str(m.method.parameters.get("reference", ""))
