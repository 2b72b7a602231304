"""What engineers need: every measurement, the settings, how to get the same numbers again, what the metrics are."""

from __future__ import annotations

from collections.abc import Iterable

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

_PRINTED = 40
"""Rows of an evaluator's measurements on paper: enough to see what they look like; the page holds them all."""
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
        several = len({m.dataset for m in found}) > 1
        tables.append(
            DataTable(
                id=f"all-{evaluator}",
                caption=(f"{evaluator.replace('_', ' ').capitalize()}: {numbers.thousands(len(found))} measurements.",),
                columns=_COLUMNS,
                rows=tuple(_row(run, m, several=several) for m in found),
                print_rows=_PRINTED,
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


_FAMILIES = (("proxy_group_", ""), ("", "_held_constant"), ("", "_gap_change"))
"""Prefix and suffix of metrics that are another metric in special circumstances, all defined alike."""


def _one_of_each_family(names: Iterable[str]) -> frozenset[str]:
    """Return the metrics to define: of those that are the same but for the metric they are made of, the first."""
    known, kept = list(names), []
    for prefix, suffix in _FAMILIES:
        family = [
            name
            for name in known
            if name.startswith(prefix)
            and name.endswith(suffix)
            and name.removeprefix(prefix).removesuffix(suffix) in known
        ]
        kept += family[1:]
    return frozenset(known) - frozenset(kept)


def definitions(run: Run) -> Section:
    """Return what each metric is and what it does not show."""
    used = _one_of_each_family({m.metric: None for m in run.evidence.measurements})
    rows: list[tuple[Text, ...]] = []
    for metric in run.evidence.metrics:
        if metric.name in used:
            better = {"higher": "Higher is better.", "lower": "Lower is better.", "none": ""}[metric.direction]
            rows.append(
                (
                    (metric.title,),
                    (f"{metric.explanation} {better} Formula: {metric.formula}".replace("  ", " "),),
                    (
                        f"Does not show {metric.does_not_show}"
                        if not metric.does_not_show[:1].isupper()
                        else metric.does_not_show,
                    ),
                    (metric.source,),
                )
            )
    columns = tuple(Column(title=t) for t in ("Metric", "What it is", "What it does not show", "Source"))
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


def methods(run: Run) -> Section | None:
    """Return how every metric was estimated, with the method of each interval, once for all that were made alike."""
    found: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
    for m in run.evidence.measurements:
        if m.status == "measured":
            usual, wide = m.interval or m.simultaneous, m.gating
            row = found.setdefault((m.method.name, m.method.source or ""), {})
            title = run.title_of(m.metric) + ("" if m.estimand == "value" else f", {m.estimand}")
            row.setdefault("metrics", {})[title] = None
            row.setdefault("usual", {})[usual.method if usual else f"none: {m.interval_reason}"] = None
            row.setdefault("wide", {})[wide.method if wide else "the same"] = None
    if not found:
        return None
    titles = ("Estimate", "Of", "Intervals", "Intervals for verdicts", "Source")
    table = DataTable(
        id="methods-table",
        caption=("How the numbers were made. Where several methods stand, each served where it holds.",),
        columns=tuple(Column(title=title) for title in titles),
        rows=tuple(
            ((name,), *(("; ".join(_first(row[part])),) for part in ("metrics", "usual", "wide")), (source,))
            for (name, source), row in found.items()
        ),
        folded="How each metric and its intervals were made",
    )
    return Section(id="methods", title="Methods", blocks=(table,), audiences=("engineer", "auditor"))


_MANY = 8
"""Names that a cell of the methods holds; more are counted."""


def _first(names: Iterable[str]) -> list[str]:
    listed = list(names)
    more = len(listed) - _MANY
    return listed if more <= 0 else [*listed[:_MANY], f"and {more} more"]


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
