"""Charts: conditions, calibration, label efficiency. A title says the finding, in numbers of the evidence."""

from __future__ import annotations

from collections.abc import Sequence

from governance.documents import numbers
from governance.documents.blocks import Audience, Axis, Chart, Panel, Point, Series, Span, Text
from governance.documents.build.axes import axis
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import CLEAN, Measurement

_TECHNICAL: tuple[Audience, ...] = ("deployer", "engineer", "auditor")
_READERS: tuple[Audience, ...] = ("clinician", *_TECHNICAL)
_CONDITION_METRICS = (
    "auroc",
    "sensitivity",
    "specificity",
    "accuracy",
    "hallucination_rate",
    "classification_error",
    "dice",
)
_FEW_CONDITIONS = 6
"""Panels of a chart that clinicians are shown."""


def condition_title(run: Run, name: str) -> str:
    """Return what a condition is called."""
    entry = (run.lock.get("conditions") or {}).get(name) or {}
    return entry.get("title") or name


def under_conditions(run: Run, metric: str, dataset: str) -> list[Measurement]:
    """Return the values of a metric for everyone under conditions other than clean."""
    return [
        m
        for m in run.find(evaluator="robustness", metric=metric, dataset=dataset, estimand="value", slice={})
        if not m.condition.is_clean and m.status == "measured" and m.over is None
    ]


def most_harmful(found: Sequence[Measurement]) -> Measurement:
    """Return the measurement under the condition that harms most."""
    sign = -1 if found[0].direction == "lower" else 1
    return min(found, key=lambda m: (sign * (m.value or 0.0), str(m.condition)))


def conditions(run: Run) -> list[Chart]:
    """Return a metric against the severity of each condition, one panel a condition; the first is for clinicians too.

    They see it where it is no longer than a page of a phone or two.
    """
    charts: list[Chart] = []
    for metric in _CONDITION_METRICS:
        for dataset in run.datasets:
            found = under_conditions(run, metric, dataset)
            if found:
                few = len({m.condition.name for m in found}) <= _FEW_CONDITIONS
                readers = ("engineer",) if charts else _READERS if few else _TECHNICAL
                charts.append(severity_chart(run, found, clean_value(run, metric, dataset), readers))
    return charts


def clean_value(run: Run, metric: str, dataset: str, over: str | None = None) -> Measurement | None:
    """Return everyone's value on clean input, or the one over all groups of a grouping."""
    return run.one(
        evaluator="robustness",
        metric=metric,
        dataset=dataset,
        estimand="value",
        slice={},
        over=over,
        variant=None,
        condition=CLEAN,
    )


def severity_chart(
    run: Run, found: Sequence[Measurement], clean: Measurement | None, readers: tuple[Audience, ...]
) -> Chart:
    """Return one metric against severity, one panel a condition, beside its value on clean input."""
    worst = most_harmful(found)
    metric, dataset, over = worst.metric, worst.dataset, worst.over
    reference = numbers.span(clean) if clean and clean.status == "measured" else None
    title = run.title_of(metric) + (f" by {run.over_label(dataset, over).lower()}" if over else "")
    panels = []
    for name in dict.fromkeys(m.condition.name for m in found):
        members = [m for m in found if m.condition.name == name]
        points = tuple(_point(m, float(m.condition.severity or 0)) for m in members)
        panels.append(
            Panel(
                title=condition_title(run, name),
                series=(Series(title=title, points=points),),
                reference=reference,
                reference_figure=numbers.value(clean) if clean and reference else None,
                reference_label="clean" if reference else None,
            )
        )
    spans = [point.span for panel in panels for series in panel.series for point in series.points]
    severities = sorted({int(point.x) for panel in panels for s in panel.series for point in s.points} - {0})
    ends = (severities[0], severities[-1]) if severities else (1, 1)
    extreme = "highest" if worst.direction == "lower" else "lowest"
    heading: Text = (f"{title} is {extreme} under {condition_words(run, worst)}: ", numbers.value(worst))
    if clean and reference:
        heading = (*heading, " against ", numbers.value(clean), " on clean input")
    return Chart(
        id="-".join(("conditions", metric, *(over.split() if over else ()), dataset)),
        form="conditions",
        title=heading,
        note=(f"The line is the metric with its {run.level} interval; the band is the clean input.",),
        x=Axis(
            title="severity",
            low=ends[0],
            high=max(ends[1], ends[0] + 1),
            ticks=tuple((float(s), str(s)) for s in severities),
        ),
        y=axis(title, [*spans, *([reference] if reference else [])], bounds=_bounds(run, metric), ticks=4),
        panels=tuple(panels),
        audiences=readers,
    )


def condition_words(run: Run, m: Measurement) -> str:
    """Return a condition and its severity in words."""
    severity = "" if m.condition.severity is None else f" (severity {m.condition.severity})"
    title = condition_title(run, m.condition.name)
    return f"\N{LEFT DOUBLE QUOTATION MARK}{title}\N{RIGHT DOUBLE QUOTATION MARK}{severity}"


def calibration(run: Run) -> Section | None:
    """Return observed against predicted risk, with counts."""
    charts: list[Chart] = []
    for dataset in run.datasets:
        bins = [
            m
            for m in run.find(metric="observed_frequency", dataset=dataset, slice={}, status="measured")
            if "predicted" in m.curve and m.condition.is_clean
        ]
        if bins:
            charts.append(_reliability(run, dataset, bins))
    if not charts:
        return None
    return Section(id="calibration", title="Predicted and observed risk", blocks=tuple(charts), audiences=_READERS)


def _reliability(run: Run, dataset: str, bins: list[Measurement]) -> Chart:
    large = run.one(metric="calibration_in_the_large", dataset=dataset, slice={}, estimand="value")
    points = tuple(
        _point(m, float(m.curve["predicted"])) for m in sorted(bins, key=lambda m: float(m.curve["predicted"]))
    )
    ticks = tuple((value, f"{value:.1f}") for value in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
    return Chart(
        id=f"reliability-{dataset}",
        form="reliability",
        title=_calibration_finding(large),
        note=(
            "On the dashed line, predicted risk and observed frequency agree. Bars show how many cases each point "
            "rests on.",
        ),
        x=Axis(title="predicted risk", low=0, high=1, ticks=ticks),
        y=Axis(title="observed frequency", low=0, high=1, ticks=ticks),
        panels=(Panel(title="", series=(Series(title="observed", points=points),)),),
        audiences=_READERS,
    )


def _calibration_finding(large: Measurement | None) -> Text:
    if large is None or large.value is None:
        return ("Observed frequency by predicted risk",)
    interval = numbers.interval(large)
    shown: Text = (numbers.value(large), " (", interval, ")") if interval else (numbers.value(large),)
    if large.interval and large.interval.low <= 0 <= large.interval.high:
        return ("Predicted risks are neither too high nor too low on average, within the uncertainty: ", *shown)
    direction = "low" if large.value > 0 else "high"
    return (f"Predicted risks are too {direction} on average; observed minus predicted: ", *shown)


def _point(m: Measurement, x: float) -> Point:
    span, interval, n = _span(m), numbers.interval(m), numbers.count(m, "n")
    return Point(x=x, span=span, figure=numbers.value(m), interval=interval, n=n)


def _span(m: Measurement) -> Span:
    found = numbers.span(m)
    if found is None:
        raise ValueError(f"{m.id} was not measured and cannot be drawn")
    return found


def _bounds(run: Run, metric: str) -> tuple[float, float] | None:
    descriptor = run.metric(metric)
    if descriptor is None or descriptor.low is None or descriptor.high is None:
        return None
    return descriptor.low, descriptor.high
