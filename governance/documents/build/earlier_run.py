"""The model of this run against that of an earlier one: the paired differences that a decision was held against."""

from __future__ import annotations

from collections.abc import Iterator

from governance.documents.blocks import Audience, Column, DataTable, Properties, Prose, Text
from governance.documents.build import rows
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.comparison import Baseline
from governance.evidence.model import Measurement
from governance.evidence.wording import slice_words

_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")


def earlier_run(run: Run) -> Section | None:
    """Return the differences to the run that the decision names as its baseline; nothing where it names none."""
    comparison = run.comparison
    if comparison is None:
        return None
    cited = rows.cited(run)
    plain = [m for m in comparison.measurements if m.reference is None and m.condition.is_clean]
    rested = [m for m in comparison.measurements if m.id in cited]
    others = [m for m in plain if m.variant is None and m.id not in cited and m.status == "measured"]
    everyone, groups = [m for m in others if not m.slice], [m for m in others if m.slice]
    blocks = (
        Properties(items=about(comparison.baseline)),
        Prose(
            paragraphs=(
                (
                    "Both models saw the same samples, so their differences are more certain than the numbers of "
                    "either. Above 0 this model has the higher number, below 0 the earlier one.",
                ),
            ),
            style="note",
        ),
        *_not_compared(run, plain),
        *_table(run, "rested", "What the verdicts rest on", rested, folded=False),
        *_table(run, "everyone", "Everyone", everyone, folded=False),
        *_table(run, "groups", "Every group", groups, folded=True),
    )
    return Section(id="earlier-run", title="Against the earlier run", blocks=blocks, audiences=_DETAILED)


def about(baseline: Baseline) -> tuple[tuple[str, Text], ...]:
    """Return which run a baseline is."""
    named = (("Named as", (baseline.named,)),) if baseline.named else ()
    return (
        ("Earlier model", (f"{baseline.model} {baseline.model_version}",)),
        *named,
        ("Its run", (baseline.run_id,)),
        ("Digest of its evidence", (baseline.evidence_digest,)),
        ("Digest of its model", (baseline.model_digest,)),
    )


def _not_compared(run: Run, found: list[Measurement]) -> Iterator[Prose]:
    """Yield what could not be compared at all, and numbers of everyone that have no paired difference."""
    if run.comparison is None:
        return
    reasons = {**run.comparison.other_data, **run.comparison.not_compared}
    paragraphs: list[Text] = [(f"{name}: not comparable; {why}.",) for name, why in reasons.items()]
    absent = [run.title_of(m.metric) for m in found if m.status != "measured" and not m.slice and m.variant is None]
    if absent:
        paragraphs.append((f"Without a paired difference: {', '.join(dict.fromkeys(absent))}.",))
    if paragraphs:
        yield Prose(paragraphs=tuple(paragraphs), style="note")


def _table(run: Run, name: str, title: str, found: list[Measurement], *, folded: bool) -> Iterator[DataTable]:
    if not found:
        return
    made: list[tuple[Text, ...]] = [
        (
            (run.title_of(m.metric),),
            (_about(run, m),),
            rows.cell(m, signed=True) if m.status == "measured" else (f"not measured: {m.reason}",),
            rows.p_value(m),
        )
        for m in found
    ]
    yield DataTable(
        id=f"earlier-run-{name}",
        caption=(f"{title}: this model less the earlier one, with {run.level} intervals.",),
        columns=(Column(title="Metric"), Column(title="Of"), Column(title="Difference"), Column(title="p, test")),
        rows=tuple(made),
        folded=f"{title}, differences to the earlier run" if folded else None,
        audiences=_DETAILED,
        print_rows=40,
    )


def _about(run: Run, m: Measurement) -> str:
    parts = [m.dataset, slice_words(run.lock, m.dataset, m.slice) if m.slice else "everyone"]
    parts += [str(part) for part in (m.target_class, m.judge) if part]
    if m.fraction is not None:
        parts.append(f"{m.fraction:g} of the labels")
    if not m.condition.is_clean:
        parts.append(str(m.condition))
    return ", ".join(parts)
