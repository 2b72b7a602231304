"""What could be had instead: the front of two metrics, and what thresholds of their own for groups buy and cost."""

from __future__ import annotations

from collections.abc import Sequence

from governance.documents import numbers
from governance.documents.blocks import AnyBlock, Audience, Column, DataTable, KeyFigure, KeyFigures, Prose, Text
from governance.documents.build import rows
from governance.documents.build.fairness.front import chart, objectives, of_models
from governance.documents.build.fairness.slices import by_slice, ordered
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import Measurement

GROUP_THRESHOLDS = "group thresholds"
_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")
_ALL: tuple[Audience, ...] = ("deployer", *_DETAILED)
_DESCRIBES = (
    "These numbers describe and recommend nothing. To treat equal scores differently by group may be unlawful or "
    "unwanted; that is a question for people. Every choice here was made on other data than it is judged on, but which "
    "of the thresholds looked at do best was seen on these very cases and would be less good on others."
)
_SUMMARY = ("hypervolume", "distance_to_optimum")


def trade_offs(run: Run) -> Section | None:
    """Return the front, and other ways of deciding against the one in use."""
    blocks: list[AnyBlock] = []
    for dataset in run.datasets:
        swept = objectives(run, dataset)
        if swept:
            blocks.append(chart(run, dataset, swept))
        models = of_models(run, dataset)
        if models:
            blocks.append(models)
        blocks += _summary(run, dataset)
        blocks += _ways(run, dataset)
    if not blocks:
        return None
    return Section(
        id="tradeoffs",
        title="Trade-offs",
        blocks=(Prose(paragraphs=((_DESCRIBES,),), style="note"), *blocks),
        audiences=_ALL,
    )


def _summary(run: Run, dataset: str) -> list[AnyBlock]:
    items = []
    for metric in _SUMMARY:
        for m in run.find(evaluator="fairness", metric=metric, dataset=dataset):
            if m.status == "measured":
                descriptor = run.metric(metric)
                words = descriptor.explanation if descriptor else ""
                label = run.title_of(metric) + (f", {m.variant}" if m.variant else "")
                items.append(
                    KeyFigure(label=label, value=numbers.value(m), interval=numbers.interval(m), note=(words,))
                )
    reasons = dict.fromkeys(
        f"{run.title_of(m.metric)}: not measured, {m.reason}."
        for metric in _SUMMARY
        for m in run.find(evaluator="fairness", metric=metric, dataset=dataset)
        if m.status != "measured"
    )
    said: list[AnyBlock] = [Prose(paragraphs=tuple((reason,) for reason in reasons), style="note")] if reasons else []
    return [*([KeyFigures(items=tuple(items), audiences=_DETAILED)] if items else []), *said]


def _ways(run: Run, dataset: str) -> list[AnyBlock]:
    """Return, for every other way of deciding, what it changes for everyone and each group."""
    blocks: list[AnyBlock] = []
    found: dict[tuple[str, str], list[Measurement]] = {}
    for m in run.find(evaluator="fairness", dataset=dataset, estimand="difference"):
        if m.variant and m.reference_variant and m.reference is None and m.reference_condition is None:
            found.setdefault((m.variant, m.reference_variant), []).append(m)
    for (variant, reference), members in found.items():
        blocks.append(_changes(run, dataset, variant, reference, members))
    chance = _chance(run, dataset)
    return [*blocks, *([chance] if chance else [])]


def _changes(run: Run, dataset: str, variant: str, reference: str, found: Sequence[Measurement]) -> DataTable:
    metrics = list(dict.fromkeys(m.metric for m in found))
    by_metric = {metric: by_slice(m for m in found if m.metric == metric) for metric in metrics}
    keys = dict.fromkeys(frozenset(m.slice.items()) for m in found)
    made: list[tuple[Text, ...]] = []
    for heading, label, key in ordered(run, dataset, keys):
        name = label if heading is None else f"{heading}: {label}"
        made.append(((name,), *(_change(by_metric[metric].get(key)) for metric in metrics)))
    title = f"What {variant} would change against: {reference}"
    main = variant == GROUP_THRESHOLDS
    return DataTable(
        id=f"ways-{'-'.join(variant.split())}-{'-'.join(reference.replace(',', '').split())}-{dataset}",
        caption=(
            f"{title}. Differences on the same cases, with {run.level} intervals; above 0 it has the higher number.",
            *rows.marked(found),
        ),
        columns=(Column(title="Group"), *(Column(title=run.title_of(metric)) for metric in metrics)),
        rows=tuple(made),
        audiences=_ALL if main else _DETAILED,
        folded=None if main else title,
    )


def _change(m: Measurement | None) -> Text:
    if m is not None and m.status != "measured":
        return ("not measured",)
    return rows.cell(m, signed=True)


def _chance(run: Run, dataset: str) -> DataTable | None:
    found = run.find(evaluator="fairness", metric="decided_by_chance", dataset=dataset)
    there = by_slice(m for m in found if m.status == "measured")
    if not there:
        return None
    descriptor = run.metric("decided_by_chance")
    made: list[tuple[Text, ...]] = []
    for heading, label, key in ordered(run, dataset, there):
        m = there[key]
        rule = str(m.method.parameters.get("rule", ""))
        name = label if heading is None else f"{heading}: {label}"
        made.append(((name,), rows.cell(m), (rule[:1].upper() + rule[1:],)))
    words = descriptor.explanation if descriptor else "Decisions that another draw would change."
    return DataTable(
        id=f"chance-{dataset}",
        caption=(words,),
        columns=(
            Column(title="Group"),
            Column(title="Share decided otherwise by another draw"),
            Column(title="How its cases would be decided"),
        ),
        rows=tuple(made),
        audiences=_ALL,
    )
