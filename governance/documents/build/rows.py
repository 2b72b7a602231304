"""Rows of group tables: a number, its intervals and what they rest on, the same wherever groups are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from governance.documents import numbers
from governance.documents.blocks import AUDIENCES, Axis, Figure, GroupRow, GroupTable, Prose, Span, Text
from governance.documents.build.axes import axis
from governance.documents.build.run import Run
from governance.evidence.model import Measurement

_LEAST_P = 0.001
"""Smaller p-values are printed as below it."""
VERDICTS_REST = (
    "Verdicts rest on a wider interval than the usual one, here a thin line: it misses the true value less often where "
    "numbers are small."
)


def group_row(
    m: Measurement,
    label: str,
    *,
    worst: Measurement | None = None,
    cited: Collection[str] = (),
    signed: bool = False,
    beside: Measurement | None = None,
) -> GroupRow:
    """Return a group's row; the worst group's interval is the one that allows for having looked at all groups.

    Parameters
    ----------
    cited
        Ids of the measurements that verdicts rest on.
    beside
        A second number about the same group.
    """
    together = worst.simultaneous if worst else None
    mark = ("highest" if m.direction == "lower" else "lowest") if worst else None
    interval = numbers.interval(m, together)
    value = numbers.value(m, signed=signed) if m.status == "measured" else None
    if worst and value and interval:
        value = Figure(measurements=(m.id, worst.id), text=value.text)
        interval = Figure(measurements=(worst.id,), text=interval.text)
    wide = numbers.for_verdicts(m) if m.id in cited else None
    second = beside if beside is not None and beside.status == "measured" else None
    return GroupRow(
        label=label,
        n=numbers.count(m, "n") if value or f" {m.n}," not in (m.reason or "") else None,
        patients=numbers.count(m, "n_clusters") if value else None,
        value=value,
        interval=interval,
        span=numbers.span(m, together),
        wide=numbers.span(m, m.gating) if wide else None,
        verdict=wide,
        beside=numbers.value(second) if second else None,
        beside_interval=numbers.interval(second) if second else None,
        beside_span=numbers.span(second) if second else None,
        reason=m.reason if m.status != "measured" else (None if interval else m.interval_reason),
        mark=mark,
        disclosure="public" if value else "customer",
    )


def cited(run: Run) -> frozenset[str]:
    """Return the ids of the measurements that verdicts rest on."""
    verdicts = run.decision.verdicts if run.decision else ()
    return frozenset(one for verdict in verdicts for one in verdict.measurements)


def spans(rows: Iterable[GroupRow]) -> list[Span]:
    """Return everything that the rows draw."""
    return [span for row in rows for span in (row.span, row.wide, row.beside_span) if span is not None]


def shared_axis(run: Run, metric: str, rows: Sequence[GroupRow], *, also: Iterable[float] = ()) -> Axis:
    """Return the axis of a metric's rows, inside of its range."""
    descriptor = run.metric(metric)
    bounded = descriptor is not None and descriptor.low is not None and descriptor.high is not None
    bounds = (descriptor.low, descriptor.high) if bounded else None  # type: ignore[union-attr]
    return axis(run.title_of(metric), spans(rows), also=tuple(also), bounds=bounds)  # type: ignore[arg-type]


def footnotes(rows: Sequence[GroupRow]) -> Text:
    """Return what the mark behind an interval means, where a row has it."""
    shown = [figure for row in rows for figure in (row.interval, row.beside_interval) if figure]
    return (f" {numbers.MARK_MEANS}",) if any(numbers.MARK in figure.text for figure in shown) else ()


def verdicts_rest(tables: Sequence[GroupTable]) -> tuple[Prose, ...]:
    """Return the line that says why some lines are thin, once for all tables of a section, for those who see one."""
    seen = {audience for table in tables for audience in table.audiences if any(row.wide for row in table.rows)}
    readers = tuple(audience for audience in AUDIENCES if audience in seen)
    return (Prose(paragraphs=((VERDICTS_REST,),), style="note", audiences=readers),) if readers else ()


def cell(m: Measurement | None, *, signed: bool = False) -> Text:
    """Return a number for a table without columns of its own: ``0.84 (0.75 to 0.90), n = 97``, or a dash."""
    if m is None or m.status != "measured":
        return ("\N{EN DASH}",)
    parts: list[str | Figure] = [numbers.value(m, signed=signed)]
    interval, n = numbers.interval(m), numbers.count(m, "n")
    if interval:
        parts += [" (", interval, ")"]
    if n:
        parts += [", n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}", n]
    return tuple(parts)


def p_value(m: Measurement | None) -> Text:
    """Return a p-value with the name of its test, empty where there is none."""
    if m is None or m.p_value is None:
        return ("",)
    text = f"below {_LEAST_P}" if m.p_value < _LEAST_P else f"{m.p_value:.3f}"
    return (Figure(measurements=(m.id,), text=text), f", {(m.test or '').split(';')[0]}")


def marked(found: Iterable[Measurement | None]) -> Text:
    """Return what the mark behind an interval means, where one of these numbers has it."""
    there = any(m is not None and m.status == "measured" and numbers.is_marked(m) for m in found)
    return (f" {numbers.MARK_MEANS}",) if there else ()
