"""Gaps between groups: one number for all groups of a grouping, and every pair of groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from governance.documents import numbers
from governance.documents.blocks import Audience, Axis, Column, DataTable, Figure, GroupRow, GroupTable, Text
from governance.documents.build import rows
from governance.documents.build.axes import axis
from governance.documents.build.run import NOT_RECORDED, Run, is_plain
from governance.documents.content import Section
from governance.evidence.model import Measurement
from governance.evidence.wording import slice_words

_MAIN = (
    "equal_opportunity_difference",
    "equalized_odds_difference_max",
    "demographic_parity_difference",
    "predictive_parity_difference",
    "calibration_gap",
    "auroc_gap",
    "equity_scaled_dice_std",
)
"""What a deployer sees."""
_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")
_SIZES = ("rejected_rate", "prevalence")
"""Metrics that rest on all cases of a group, measured or not: they say how large it is."""
_PRINTED = 1000


def gaps(run: Run) -> Section | None:
    """Return the gaps of each grouping, with the smallest group that they rest on."""
    found: dict[tuple[str, str], list[Measurement]] = {}
    for m in run.evidence.measurements:
        if m.evaluator == "fairness" and is_gap(m) and m.over:
            found.setdefault((m.dataset, m.over), []).append(m)
    if not found:
        return None
    tables: list[GroupTable] = []
    for (dataset, over), members in found.items():
        main = [m for m in members if m.metric in _MAIN]
        tables.append(_table(run, dataset, over, members, ("engineer", "auditor")))
        if main:
            tables.append(_table(run, dataset, over, main, ("deployer",)))
    everything = [m for members in found.values() for m in members]
    blocks = (
        *rows.verdicts_rest(tables),
        *tables,
        *_pairs(run),
        _meanings(run, [m for m in everything if m.metric in _MAIN], "main", ("deployer",)),
        _meanings(run, everything, "all", ("auditor",)),
    )
    return Section(id="gaps", title="Gaps between groups", blocks=blocks, audiences=("deployer", "engineer", "auditor"))


def is_gap(m: Measurement) -> bool:
    """Whether a measurement is one number about all groups of a grouping."""
    return m.over is not None and not m.slice and m.estimand == "value" and m.variant is None and not m.curve


def _table(
    run: Run, dataset: str, over: str, found: Sequence[Measurement], readers: tuple[Audience, ...]
) -> GroupTable:
    kinds: dict[str, list[Measurement]] = {}
    for m in found:
        kinds.setdefault(_kind(run, m), []).append(m)
    cited = rows.cited(run)
    made: list[GroupRow] = []
    for kind, members in kinds.items():
        if len(kinds) > 1 or kind != "":
            made.append(GroupRow(label=kind, heading=kind))
        made += [_row(run, m, cited) for m in members]
    title = run.over_label(dataset, over)
    largest = max((row.span.value for row in made if row.span), default=1.0)
    return GroupTable(
        id=f"gaps-{'-'.join(over.split())}-{dataset}-{readers[0]}",
        title=(title,),
        note=(*_smallest(run, dataset, over), *_intervals(found), *rows.footnotes(made)),
        head="Gap",
        metric="value",
        n_title="cases",
        axis=_axis(made, largest),
        rows=tuple(made),
        audiences=readers,
    )


def _axis(made: Sequence[GroupRow], largest: float) -> Axis:
    return axis("value", rows.spans(made), also=(0.0,), bounds=(0.0, max(1.0, 1.25 * largest)), ticks=4)


def _row(run: Run, m: Measurement, cited: frozenset[str]) -> GroupRow:
    row = rows.group_row(m, run.title_of(m.metric), cited=cited)
    lowest, highest = m.method.parameters.get("lowest"), m.method.parameters.get("highest")
    if lowest is None or highest is None or m.over is None or row.value is None:
        return row
    least, most = (_named(run, m.dataset, m.over, str(end)) for end in (lowest, highest))
    words = [row.reason] if row.reason else []
    words.append(f"lowest: {least}; highest: {most}")
    if without := m.method.parameters.get("groups_without_value"):
        words.append(f"{without} without a value")
    return row.model_copy(update={"reason": "; ".join(words)})


def _named(run: Run, dataset: str, over: str, group: str) -> str:
    attributes, parts = over.split(" x "), group.split(", ")
    if len(attributes) != len(parts):
        return group
    return ", ".join(run.group_label(dataset, one, part) for one, part in zip(attributes, parts, strict=True))


def _kind(run: Run, m: Measurement) -> str:
    descriptor = run.metric(m.metric)
    if m.metric.startswith("equity_scaled"):
        return "Performance marked down by the gaps: more is better"
    if m.direction == "higher":
        return "Ratios and scores: 1 is equal"
    if descriptor is not None and descriptor.low == 1:
        return "Ratios of errors: 1 is equal"
    if descriptor is not None and descriptor.high is None:
        return "Relative to everyone's value: 0 is equal"
    return "Differences: 0 is equal"


def _smallest(run: Run, dataset: str, over: str) -> Text:
    """Return which group the gaps are least certain for: the one with fewest cases."""
    attributes = set(over.split(" x "))
    for metric in _SIZES:
        sized = [
            m
            for m in run.find(evaluator="fairness", metric=metric, dataset=dataset, target_class=None)
            if is_plain(m) and set(m.slice) == attributes and NOT_RECORDED not in m.slice.values() and m.n is not None
        ]
        if sized:
            least = min(sized, key=lambda m: m.n or 0)
            label = slice_words(run.lock, dataset, {name: least.slice[name] for name in over.split(" x ")})
            n = Figure(measurements=(least.id,), text=numbers.thousands(least.n or 0))
            return (f"Smallest group: {label}, n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}", n, ". ")
    return ()


def _intervals(found: Sequence[Measurement]) -> Text:
    level = next((m.interval.level for m in found if m.interval), None)
    if level is None:
        return ()
    return (
        f"Intervals: {100 * level:.3g}\N{NO-BREAK SPACE}%, wide enough to allow for having picked the groups that are "
        "furthest apart. Equal groups differ by chance, too.",
    )


def _pairs(run: Run) -> Iterator[DataTable]:
    """Yield the difference of every pair of groups, one table a grouping."""
    found: dict[tuple[str, str], list[Measurement]] = {}
    for m in run.evidence.measurements:
        plain = m.variant is None and m.reference_variant is None and m.reference_condition is None
        if m.evaluator == "fairness" and m.reference is not None and plain and m.over and m.estimand == "difference":
            found.setdefault((m.dataset, m.over), []).append(m)
    for (dataset, over), members in found.items():
        title = f"{run.over_label(dataset, over)}: the difference of every pair of groups"
        yield DataTable(
            id=f"pairs-{'-'.join(over.split())}-{dataset}",
            caption=(f"{title}{_level(members)}. The last column holds together for all pairs of a metric.",),
            columns=(
                Column(title="Metric"),
                Column(title="Group"),
                Column(title="Against"),
                Column(title="Difference, interval"),
                Column(title="For verdicts"),
                Column(title="All pairs together"),
            ),
            rows=tuple(_pair(run, m) for m in members),
            folded=title,
            audiences=_DETAILED,
            print_rows=_PRINTED,
        )


def _level(found: Sequence[Measurement]) -> str:
    level = next((m.interval.level for m in found if m.interval), None)
    if level is None:
        return ""
    return f", with {100 * level:.3g}\N{NO-BREAK SPACE}% intervals, those of two one-sided tests"


def _pair(run: Run, m: Measurement) -> tuple[Text, ...]:
    name = run.title_of(m.metric) + (f", class {m.target_class}" if m.target_class else "")
    ends = tuple((slice_words(run.lock, m.dataset, group),) for group in (m.slice, m.reference or {}))
    if m.status != "measured":
        return ((name,), *ends, ("not measured",), ("",), ("",))
    gating = numbers.interval(m, m.gating) if m.gating else None
    together = numbers.interval(m, m.simultaneous) if m.simultaneous else None
    return (
        (name,),
        *ends,
        rows.cell(m, signed=True),
        (gating,) if gating else ("the same",),
        (together,) if together else ("",),
    )


def _meanings(run: Run, found: Sequence[Measurement], name: str, readers: tuple[Audience, ...]) -> DataTable:
    made: list[tuple[Text, ...]] = []
    for metric in dict.fromkeys(m.metric for m in found):
        descriptor = run.metric(metric)
        if descriptor:
            made.append(((descriptor.title,), (descriptor.explanation,), (descriptor.does_not_show,)))
    return DataTable(
        id=f"gap-meanings-{name}",
        caption=("What each of these numbers says, and what it does not.",),
        columns=(Column(title="Gap"), Column(title="What it says"), Column(title="What it does not show")),
        rows=tuple(made),
        folded="What these gaps do not show",
        audiences=readers,
    )
