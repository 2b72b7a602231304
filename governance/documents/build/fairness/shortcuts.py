"""What the features tell of attributes, and how the model does when an attribute says nothing about the condition."""

from __future__ import annotations

from governance.documents import numbers
from governance.documents.blocks import AnyBlock, Audience, Column, DataTable, GroupRow, GroupTable, Prose, Text
from governance.documents.build import rows
from governance.documents.build.axes import axis
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import Measurement
from governance.evidence.wording import fixed

_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")
_HELD = "_held_constant"
_CHANCE = 0.5


def shortcuts(run: Run) -> Section | None:
    """Return how well attributes can be told from the features, and the model with attributes held constant."""
    blocks: list[AnyBlock] = []
    for dataset in run.datasets:
        encoded = _encoded(run, dataset)
        if encoded:
            blocks.append(encoded)
            blocks += [table for table in (_excess(run, dataset),) if table]
        held = _held_constant(run, dataset)
        if held:
            blocks.append(held)
    if not blocks:
        return None
    said = (
        "What can be read from the features need not move the model's output: an attribute that is easy to recognise "
        "is a risk, not a proof, and one that this simple classifier misses may still be there.",
    )
    return Section(
        id="shortcuts",
        title="Shortcuts",
        blocks=(Prose(paragraphs=(said,), style="note"), *blocks),
        audiences=("deployer", "engineer", "auditor"),
    )


def _encoded(run: Run, dataset: str) -> GroupTable | None:
    found: dict[str, list[Measurement]] = {}
    for m in run.find(metric="attribute_from_features", dataset=dataset):
        found.setdefault(str(m.curve.get("attribute")), []).append(m)
    if not found:
        return None
    outcome = run.one(metric="outcome_from_features", dataset=dataset)
    cited = rows.cited(run)
    made: list[GroupRow] = []
    if outcome is not None:
        made.append(rows.group_row(outcome, "The condition itself", cited=cited))
    for attribute, members in found.items():
        title = _title(run, dataset, attribute)
        made.append(GroupRow(label=title, heading=title))
        made += [
            rows.group_row(m, run.group_label(dataset, attribute, m.target_class or ""), cited=cited) for m in members
        ]
    measured = [m for members in found.values() for m in members if m.status == "measured"]
    heading: Text = ("What the features tell",)
    if measured:
        most = max(measured, key=lambda m: m.value or 0.0)
        title = _title(run, dataset, str(most.curve["attribute"]))
        heading = (f"Most recognisable from the features is {_in_text(title)}: AUROC ", numbers.value(most))
        if outcome is not None and outcome.status == "measured":
            heading = (*heading, ", against ", numbers.value(outcome), " for the condition")
    return GroupTable(
        id=f"shortcuts-{dataset}",
        title=heading,
        note=(
            "Area under the ROC curve of a simple classifier on the features for each group against the others: "
            f"{fixed(_CHANCE, 1)} is chance, 1 is always right.",
            *rows.footnotes(made),
        ),
        head="Recognised",
        metric="AUROC",
        n_title="cases",
        clustered=bool(run.datasets.get(dataset, {}).get("clustered")),
        axis=axis("AUROC", rows.spans(made), also=(_CHANCE,), bounds=(0.0, 1.0)),
        rows=tuple(made),
    )


def _excess(run: Run, dataset: str) -> DataTable | None:
    found = run.find(metric="attribute_over_outcome", dataset=dataset)
    if not found:
        return None
    title = "How much more recognisable each group is than the condition"
    return DataTable(
        id=f"shortcuts-excess-{dataset}",
        caption=(f"{title}: difference of the two AUROCs, above 0 where the group is.", *rows.marked(found)),
        columns=(Column(title="Attribute"), Column(title="Group"), Column(title="Difference")),
        rows=tuple(
            (
                (_title(run, dataset, str(m.curve.get("attribute"))),),
                (run.group_label(dataset, str(m.curve.get("attribute")), m.target_class or ""),),
                _number(m, signed=True),
            )
            for m in found
        ),
        folded=title,
        audiences=_DETAILED,
    )


def _held_constant(run: Run, dataset: str) -> DataTable | None:
    values = [m for m in run.evidence.measurements if m.metric.endswith(_HELD) and m.dataset == dataset]
    plain = [m for m in values if m.estimand == "value"]
    if not plain:
        return None
    made: list[tuple[Text, ...]] = []
    for m in plain:
        attribute, metric = str(m.curve.get("attribute")), m.metric.removesuffix(_HELD)
        change = run.one(metric=m.metric, dataset=dataset, estimand="difference", curve=m.curve)
        made.append(
            (
                (run.over_label(dataset, attribute),),
                (run.title_of(metric),),
                rows.cell(run.headlines.get((metric, dataset))),
                _number(m),
                _number(change, signed=True),
            )
        )
    return DataTable(
        id=f"held-constant-{dataset}",
        caption=(
            "The model as if an attribute had nothing to do with the condition: cases are weighted so that the two are "
            "independent. A large change says that the model gains, or loses, by their link.",
            *rows.marked(values),
        ),
        columns=(
            Column(title="Held constant"),
            Column(title="Metric"),
            Column(title="As measured"),
            Column(title="Held constant"),
            Column(title="Change"),
        ),
        rows=tuple(made),
    )


def _number(m: Measurement | None, *, signed: bool = False) -> Text:
    if m is not None and m.status != "measured":
        return (f"not measured: {m.reason}",)
    return rows.cell(m, signed=signed)


def _title(run: Run, dataset: str, attribute: str) -> str:
    return next((title for name, title, _ in run.groupings(dataset) if name == attribute), attribute)


def _in_text(title: str) -> str:
    return title if title[1:2].isupper() else f"{title[:1].lower()}{title[1:]}"
