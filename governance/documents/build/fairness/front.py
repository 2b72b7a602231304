"""The front of two metrics that are traded: every threshold, or every model, that was looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from governance.documents import numbers
from governance.documents.blocks import Audience, Chart, Column, DataTable, Figure, Panel, Point, Series, Span, Text
from governance.documents.build import rows
from governance.documents.build.axes import axis
from governance.documents.build.first import worst_of
from governance.documents.build.run import Run
from governance.evidence.model import Measurement

_ALL: tuple[Audience, ...] = ("deployer", "engineer", "auditor")
_SWEPT = "swept"
"""The rule of thresholds that are only looked at."""
_CHOICES = ("minimax threshold", "group thresholds")
_KINDS = {"value": "{} of everyone", "worst": "{} of the worst group", "gap": "largest gap in {}"}

Objective = tuple[str, str]
"""A metric, and whether it is that of everyone, of the worst group, or the largest gap."""
Pair = tuple[Measurement, Measurement]


def objectives(run: Run, dataset: str) -> tuple[tuple[Objective, Objective], list[Pair]] | None:
    """Return the two objectives and their values at every threshold, or None where none was looked at."""
    found: dict[float, dict[Objective, Measurement]] = {}
    for m in run.find(evaluator="fairness", dataset=dataset, variant=None, status="measured"):
        if m.operating_point is not None and m.operating_point.rule == _SWEPT:
            found.setdefault(m.operating_point.threshold, {})[_objective(m)] = m
    return _pairs(found.values())


def chart(run: Run, dataset: str, swept: tuple[tuple[Objective, Objective], list[Pair]]) -> Chart:
    """Return the front as a chart: what is beaten, what is not, and the choices by name."""
    (first, second), pairs = swept
    on_front = [pair for pair in pairs if pair[0].method.parameters.get("on_front") is True]
    beaten = [pair for pair in pairs if pair not in on_front]
    over = next((m.over for pair in pairs for m in pair if m.over), None)
    series = [
        Series(title="looked at, another is better in both or as good", points=_points(beaten), drawn="cloud"),
        Series(title="no other is better in both", points=_points(on_front), drawn="line"),
    ]
    for title, pair in _choices(run, dataset, first, second, over).items():
        series.append(Series(title=title, points=(_point(pair, name=None, interval=True),), drawn="choice"))
    series = [one for one in series if one.points]
    points = [point for one in series for point in one.points]
    groups = f", groups by {_lower(run.over_label(dataset, over))}" if over else ""
    x_title, y_title = _words(run, first), _words(run, second)
    return Chart(
        id=f"front-{dataset}",
        form="front",
        title=_heading(run, dataset),
        note=(
            f"Each point is one threshold for everyone, judged on the test cases{groups}. Towards the upper right both "
            "are better."
            if "gap" not in (first[1], second[1])
            else f"Each point is one threshold for everyone, judged on the test cases{groups}. Of a gap, less is "
            "better.",
        ),
        x=axis(x_title, [Span(value=point.x) for point in points], bounds=(0.0, 1.0), ticks=4),
        y=axis(y_title, [point.span for point in points], bounds=(0.0, 1.0), ticks=4),
        panels=(Panel(title="", series=tuple(series)),),
        audiences=_ALL,
    )


def of_models(run: Run, dataset: str) -> DataTable | None:
    """Return both objectives of every model that was compared, and how often none beats it."""
    shares = run.find(evaluator="fairness", metric="pareto_front_share", dataset=dataset, status="measured")
    if not shares:
        return None
    columns: dict[Objective, None] = {}
    values: dict[str, dict[Objective, Measurement]] = {}
    for share in shares:
        for m in run.find(evaluator="fairness", dataset=dataset, variant=share.variant, status="measured"):
            if m.metric not in ("pareto_front_share", "distance_to_optimum") and m.reference_variant is None:
                columns.setdefault(_objective(m))
                values.setdefault(share.variant or "", {})[_objective(m)] = m
    distances = {m.variant: m for m in run.find(evaluator="fairness", metric="distance_to_optimum", dataset=dataset)}
    made: list[tuple[Text, ...]] = []
    for share in shares:
        own = values.get(share.variant or "", {})
        made.append(
            (
                (share.variant or "",),
                *(rows.cell(own.get(one)) for one in columns),
                (numbers.value(share),),
                rows.cell(distances.get(share.variant)),
            )
        )
    return DataTable(
        id=f"models-{dataset}",
        caption=(
            "Models to choose among. The share says how often, had other patients been sampled, no other model would "
            "be as good in both and better in one.",
        ),
        columns=(
            Column(title="Model"),
            *(Column(title=_words(run, one)) for one in columns),
            Column(title="On the front", numeric=True),
            Column(title="Distance to the best of each"),
        ),
        rows=tuple(made),
        audiences=_ALL,
    )


def _objective(m: Measurement) -> Objective:
    if m.estimand == "difference":
        return m.metric, "gap"
    return m.metric, "worst" if m.over and m.slice else "value"


def _pairs(
    found: Iterable[Mapping[Objective, Measurement]],
) -> tuple[tuple[Objective, Objective], list[Pair]] | None:
    together = list(found)
    names = list(dict.fromkeys(one for point in together for one in point))
    if len(names) < 2:
        return None
    first, second = names[0], names[1]
    return (first, second), [(point[first], point[second]) for point in together if first in point and second in point]


def _words(run: Run, objective: Objective) -> str:
    metric, kind = objective
    title = run.title_of(metric)
    return _KINDS[kind].format(_lower(title) if kind == "gap" else title)


def _lower(title: str) -> str:
    return title if title[1:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def _choices(run: Run, dataset: str, first: Objective, second: Objective, over: str | None) -> dict[str, Pair]:
    """Return the values of the threshold in use and of other ways of deciding, where both objectives have one."""
    found: dict[str, Pair] = {}
    in_use = tuple(_now(run, dataset, one, over) for one in (first, second))
    if in_use[0] is not None and in_use[1] is not None:
        found["the one in use"] = (in_use[0], in_use[1])
    for variant in _CHOICES:
        pair = tuple(_of_variant(run, dataset, one, variant) for one in (first, second))
        if pair[0] is not None and pair[1] is not None:
            found[variant] = (pair[0], pair[1])
    return found


def _now(run: Run, dataset: str, objective: Objective, over: str | None) -> Measurement | None:
    metric, kind = objective
    overall = run.headlines.get((metric, dataset))
    if overall is None or overall.status != "measured" or kind == "gap":
        return None
    return overall if kind == "value" else worst_of(run, overall, over)


def _of_variant(run: Run, dataset: str, objective: Objective, variant: str) -> Measurement | None:
    metric, kind = objective
    found = [
        m
        for m in run.find(
            evaluator="fairness", metric=metric, dataset=dataset, variant=variant, estimand="value", status="measured"
        )
        if bool(m.slice) == (kind == "worst")
    ]
    if not found or kind == "gap":
        return None
    return min(found, key=lambda m: m.value or 0.0)


def _points(pairs: Sequence[Pair]) -> tuple[Point, ...]:
    made = []
    for pair in sorted(pairs, key=lambda pair: (pair[0].value or 0.0, -(pair[1].value or 0.0))):
        point = pair[0].operating_point
        name = Figure(measurements=(pair[0].id,), text=f"{point.threshold:.3g}") if point else None
        made.append(_point(pair, name=name, interval=False))
    return tuple(made)


def _point(pair: Pair, *, name: Figure | None, interval: bool) -> Point:
    """Return a point; only choices carry their interval into the drawing, tables give all."""
    x, y = pair
    own = numbers.interval(x)
    text = numbers.value(x).text + (f" ({own.text})" if own else "")
    drawn = numbers.span(y) if interval else Span(value=y.value or 0.0)
    return Point(
        x=x.value or 0.0,
        span=drawn or Span(value=y.value or 0.0),
        figure=numbers.value(y),
        interval=numbers.interval(y),
        n=numbers.count(y, "n"),
        label=Figure(measurements=(x.id,), text=text),
        name=name,
    )


def _heading(run: Run, dataset: str) -> Text:
    found = run.one(evaluator="fairness", metric="hypervolume", dataset=dataset, variant="thresholds")
    if found is None or found.status != "measured":
        return ("What other thresholds would give",)
    looked, best = (found.method.parameters.get(name) for name in ("thresholds", "on_front"))
    if looked is None or best is None:
        return ("What other thresholds would give",)
    return (
        Figure(measurements=(found.id,), text=str(best)),
        " of ",
        Figure(measurements=(found.id,), text=str(looked)),
        " thresholds are beaten by no other in both",
    )
