"""What engineers need: every measurement, the settings, how to get the same numbers again, what the metrics are."""

from __future__ import annotations

from governance.documents import numbers
from governance.documents.blocks import (
    Audience,
    Column,
    Command,
    DataTable,
    Figure,
    KeyFigure,
    KeyFigures,
    Properties,
    Prose,
    Text,
)
from governance.documents.build.curves import condition_title
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.documents.wording import KEY_METRICS, MEANING, ORDER
from governance.evidence.model import Measurement

_ENGINEER: tuple[Audience, ...] = ("engineer",)
_COLUMNS = (
    Column(title="Metric"),
    Column(title="About"),
    Column(title="Value", numeric=True),
    Column(title="Interval or reason"),
    Column(title="n", numeric=True),
    Column(title="Events", numeric=True),
    Column(title="Measurement", code=True),
)


def key(run: Run) -> Section | None:
    """Return the headline numbers for everyone on clean input."""
    items = []
    for metric in KEY_METRICS:
        for (name, _), m in run.headlines.items():
            if name == metric and m.status == "measured":
                n = numbers.count(m, "n")
                note: Text = ("n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}", n) if n else ()
                items.append(
                    KeyFigure(label=run.title_of(name), value=numbers.value(m), interval=numbers.interval(m), note=note)
                )
    if not items:
        return None
    return Section(
        id="key", title="Headline figures", blocks=(KeyFigures(items=tuple(items)),), audiences=("deployer", "engineer")
    )


def settings(run: Run) -> Section:
    """Return everything that had to be equal for equal numbers."""
    items: list[tuple[str, Text]] = [
        (name.replace("_", " "), (str(value),)) for name, value in sorted(run.settings.items())
    ]
    items.append(("processor", (str(run.lock.get("processor", "not recorded")),)))
    items.append(("toolkit", (str(run.lock.get("toolkit", "not recorded")),)))
    items += [
        (f"{kind[:-1]} {name}", (f"version {version}",))
        for kind in ("evaluators", "collectors")
        for name, version in sorted((run.lock.get(kind) or {}).items())
    ]
    items += [(name, (str(version),)) for name, version in sorted((run.lock.get("libraries") or {}).items())]
    return Section(
        id="settings", title="Settings and versions", blocks=(Properties(items=tuple(items)),), audiences=_ENGINEER
    )


def reproduce(run: Run) -> Section:
    """Return the commands that give the same run again."""
    run_id = run.folder.run_id
    lines = (
        f"pip install './medical-ai-governance[eval,pdf]'  # a checkout of version {run.lock.get('toolkit', '')}",
        "governance run governance.yaml",
        f"governance dossier verify runs/{run_id}",
    )
    text = (
        f"The same inputs, versions, device and threads give run {run_id} with the same evidence, byte for byte "
        f"({numbers.short(run.evidence_digest)} …).",
    )
    return Section(
        id="reproduce",
        title="Get the same numbers again",
        blocks=(Prose(paragraphs=(text,)), Command(lines=lines)),
        audiences=_ENGINEER,
    )


def measurements(run: Run) -> Section | None:
    """Return every measurement, one table an evaluator."""
    tables = []
    for evaluator in dict.fromkeys(m.evaluator for m in run.evidence.measurements):
        found = run.find(evaluator=evaluator)
        tables.append(
            DataTable(
                id=f"all-{evaluator}",
                caption=(f"{evaluator.replace('_', ' ').capitalize()}: {numbers.thousands(len(found))} measurements.",),
                columns=_COLUMNS,
                rows=tuple(_row(run, m, several=len({m.dataset for m in found}) > 1) for m in found),
            )
        )
    if not tables:
        return None
    return Section(id="measurements", title="All measurements", blocks=tuple(tables), audiences=_ENGINEER)


def _row(run: Run, m: Measurement, *, several: bool) -> tuple[Text, ...]:
    title = run.title_of(m.metric) + ("" if m.estimand == "value" else f", {m.estimand}")
    interval = numbers.interval(m)
    if m.status != "measured":
        shown: tuple[Text, Text] = (("not measured",), (m.reason or "",))
    else:
        shown = (
            (numbers.value(m, signed=m.estimand == "difference"),),
            (interval,) if interval else (m.interval_reason or "",),
        )
    n, events = numbers.count(m, "n"), numbers.count(m, "events")
    return (
        (title,),
        (about(run, m, dataset=several),),
        *shown,
        (n,) if n else ("",),
        (events,) if events else ("",),
        (Figure(measurements=(m.id,), text=m.id),),
    )


def about(run: Run, m: Measurement, *, dataset: bool = True) -> str:
    """Return what a measurement is about, in words; `dataset`: also on which data."""
    parts = [f"on {m.dataset}"] if dataset else []
    if m.slice:
        parts.append(run.slice_label(m.dataset, m.slice))
    if m.reference is not None:
        parts.append(f"against {run.slice_label(m.dataset, m.reference)}")
    if not m.condition.is_clean:
        severity = f", severity {m.condition.severity}" if m.condition.severity is not None else ""
        parts.append(f"{condition_title(run, m.condition.name)}{severity}")
    if m.reference_condition is not None:
        parts.append(f"against {m.reference_condition}")
    if m.variant:
        parts.append(m.variant)
    if m.reference_variant:
        parts.append(f"against {m.reference_variant}")
    if m.fraction is not None:
        parts.append(f"{numbers.percent(m.fraction)} of labels")
    if m.seed is not None:
        parts.append(f"seed {m.seed}")
    if m.target_class:
        parts.append(f"class {m.target_class}")
    parts += [
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in m.curve.items()
    ]
    return "; ".join(parts) or "everyone"


def definitions(run: Run) -> Section:
    """Return what each metric is and what it does not show."""
    used = {m.metric for m in run.evidence.measurements}
    rows: list[tuple[Text, ...]] = []
    for metric in run.evidence.metrics:
        if metric.name in used:
            better = {"higher": "higher is better", "lower": "lower is better", "none": "no direction"}[
                metric.direction
            ]
            rows.append(
                (
                    (metric.title,),
                    (f"{metric.explanation} Formula: {metric.formula}",),
                    (better,),
                    (
                        f"Does not show {metric.does_not_show}"
                        if not metric.does_not_show[:1].isupper()
                        else metric.does_not_show,
                    ),
                    (metric.source,),
                )
            )
    columns = tuple(Column(title=t) for t in ("Metric", "What it is", "Direction", "What it does not show", "Source"))
    return Section(
        id="definitions",
        title="What the metrics are",
        blocks=(
            DataTable(
                id="metrics", caption=("Definitions of the metrics of this run.",), columns=columns, rows=tuple(rows)
            ),
        ),
        audiences=_ENGINEER,
    )


def words(run: Run) -> Section | None:
    """Return what the verdicts and the intervals mean."""
    if run.decision is None:
        return None
    seen = {verdict.outcome.value.replace("_", " ") for verdict in run.decision.verdicts}
    items: list[tuple[str, Text]] = [(word, (MEANING[word],)) for word in ORDER if word in seen]
    items.append(
        ("interval", (f"a range such as 0.78 to 0.91: the true value plausibly lies in it ({run.level} level).",))
    )
    items.append(("bar", ("the value that the provider asked for, in its policy.",)))
    return Section(
        id="words",
        title="What the words mean",
        blocks=(Properties(items=tuple(items)),),
        audiences=("public", "clinician", "deployer"),
    )
