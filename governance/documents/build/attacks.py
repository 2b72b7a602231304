"""What stays right when images are changed to mislead the model."""

from __future__ import annotations

from collections.abc import Iterator

from governance.documents.blocks import Audience, Column, DataTable, Prose, Text
from governance.documents.build import rows
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import Measurement

_READERS: tuple[Audience, ...] = ("deployer", "engineer", "auditor")
_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")
_ACCURACY, _SUCCESS = "robust_accuracy", "attack_success_rate"
_CLEAN = "no attack"


def attacks(run: Run) -> Section | None:
    """Return accuracy under attack by size: for deployers under all attacks, for engineers under each."""
    tables = [table for dataset in run.datasets for table in _of(run, dataset)]
    if not tables:
        return None
    said = (
        "Each image was changed, within the named size, so as to mislead the model. A sample counts as right if it is "
        "right without an attack and under every attack of that and every smaller size. Sizes are shares of the range "
        "of a pixel. Robustness to these attacks is not a guarantee: a stronger or longer one can only find more.",
    )
    return Section(
        id="attacks",
        title="Under attack",
        blocks=(Prose(paragraphs=(said,), style="note"), *tables),
        audiences=_READERS,
    )


def _of(run: Run, dataset: str) -> Iterator[DataTable]:
    found = [m for m in run.find(metric=_ACCURACY, dataset=dataset, estimand="value") if m.target_class is None]
    if not found:
        return
    attributes = [
        (name, title, groups)
        for name, title, groups in run.groupings(dataset)
        if any(set(m.slice) == {name} for m in found)
    ]
    together = [m.variant for m in found if not m.slice and "," not in (m.variant or "")]
    for name, title, groups in attributes or [("", "", ())]:
        words = f"by {title.lower()}" if title else "for everyone"
        yield _table(run, dataset, found, together, grouping=(name, groups), words=words)
    single = [m.variant for m in found if not m.slice and "," in (m.variant or "")]
    if single:
        yield _each(run, dataset, single)
    classes = [m for m in run.find(metric=_ACCURACY, dataset=dataset, estimand="value", slice={}) if m.target_class]
    if classes:
        yield _by_class(run, dataset, classes)


def _table(
    run: Run,
    dataset: str,
    found: list[Measurement],
    variants: list[str | None],
    *,
    grouping: tuple[str, tuple[str, ...]],
    words: str,
) -> DataTable:
    name, groups = grouping
    shown = tuple(group for group in groups if any(m.slice == {name: group} for m in found))

    def one(variant: str | None, cell: dict[str, str]) -> Text:
        return rows.cell(next((m for m in found if m.variant == variant and m.slice == cell), None))

    return DataTable(
        id=f"attacks-{name or 'all'}-{dataset}",
        caption=(
            f"Accuracy under all attacks together, {words}, with {run.level} intervals by patient. A dash: not "
            "measured.",
            *rows.marked(m for m in found if set(m.slice) <= {name}),
        ),
        columns=(
            Column(title="Size"),
            Column(title="All"),
            *(Column(title=run.group_label(dataset, name, group)) for group in shown),
        ),
        rows=tuple(
            ((variant or "",), one(variant, {}), *(one(variant, {name: group}) for group in shown))
            for variant in variants
        ),
        audiences=_READERS,
    )


def _each(run: Run, dataset: str, variants: list[str | None]) -> DataTable:
    """Return each attack by itself, with how often it succeeds."""
    made: list[tuple[Text, ...]] = []
    for variant in variants:
        cells = [
            run.one(metric=metric, dataset=dataset, variant=variant, estimand="value", slice={}, target_class=None)
            for metric in (_ACCURACY, _SUCCESS)
        ]
        made.append(((variant or "",), *(rows.cell(m) for m in cells)))
    return DataTable(
        id=f"attacks-each-{dataset}",
        caption=(f"Each attack by itself, with {run.level} intervals by patient.",),
        columns=(
            Column(title="Attack and size"),
            Column(title=run.title_of(_ACCURACY)),
            Column(title=run.title_of(_SUCCESS)),
        ),
        rows=tuple(made),
        folded="Each attack by itself",
        audiences=_DETAILED,
    )


def _by_class(run: Run, dataset: str, found: list[Measurement]) -> DataTable:
    """Return the accuracy under all attacks of each class."""
    variants = tuple(dict.fromkeys(m.variant for m in found))
    made: list[tuple[Text, ...]] = []
    for name in dict.fromkeys(m.target_class for m in found):
        own = {m.variant: m for m in found if m.target_class == name}
        made.append(((name or "",), *(rows.cell(own.get(variant)) for variant in variants)))
    return DataTable(
        id=f"attacks-classes-{dataset}",
        caption=(
            f"Accuracy under all attacks of the samples of each class, with {run.level} intervals by patient. A dash: "
            "not measured.",
        ),
        columns=(Column(title="Class"), *(Column(title=variant or "") for variant in variants)),
        rows=tuple(made),
        folded="Each class under all attacks",
        audiences=_DETAILED,
    )
