"""Groups that were found in features, where nobody recorded who the patients are: a screen, and nothing more."""

from __future__ import annotations

from governance.documents import numbers
from governance.documents.blocks import (
    AnyBlock,
    Audience,
    Column,
    DataTable,
    GroupRow,
    GroupTable,
    KeyFigure,
    KeyFigures,
    Prose,
    Text,
)
from governance.documents.build import rows
from governance.documents.build.groups import n_title
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import Measurement

PREFIX = "proxy_group_"
ATTRIBUTE = "proxy group"
DISCLAIMER = (
    "This is an exploratory screen. Cases were gathered by how alike their features are, not by who the patients "
    "are: a number here says nothing about any group of people by sex, age or origin. And it sets no limit to what may "
    "be wrong: a group for which the model does badly can lie hidden inside of one of these, or be spread over all."
)
_DRAWN = ("sensitivity", "specificity", "auroc")
_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")


def proxies(run: Run) -> Section | None:
    """Return how the model does in groups that were found, how stable they are, and what they resemble."""
    there = [m for m in run.evidence.measurements if m.metric.startswith(PREFIX)]
    if not there:
        return None
    blocks: list[AnyBlock] = [Prose(paragraphs=((DISCLAIMER,), *_how(there)), style="note")]
    tables = [table for metric in _DRAWN for dataset in run.datasets if (table := _table(run, metric, dataset))]
    blocks += rows.verdicts_rest(tables)
    blocks += tables
    blocks += [sizes for dataset in run.datasets if (sizes := _sizes(run, dataset))]
    blocks += _stability(run)
    blocks += [validity for dataset in run.datasets if (validity := _validity(run, dataset))]
    reasons = dict.fromkeys(m.reason for m in there if m.status != "measured" and m.estimand == "worst" and m.reason)
    if not tables:
        blocks.append(Prose(paragraphs=tuple((f"Not measured: {reason}.",) for reason in reasons)))
    return Section(
        id="proxies",
        title="Groups found without demographics",
        blocks=tuple(blocks),
        audiences=("deployer", "engineer", "auditor"),
    )


def _how(found: list[Measurement]) -> tuple[Text, ...]:
    for m in found:
        by, where = m.method.parameters.get("groups_by"), m.method.parameters.get("groups_found_in")
        if by and where:
            return ((f"How the groups were found: {by}, in {where}.",),)
    return ()


def _members(run: Run, metric: str, dataset: str) -> list[Measurement]:
    found = run.find(metric=f"{PREFIX}{metric}", dataset=dataset, estimand="value")
    return [m for m in found if ATTRIBUTE in m.slice]


def _table(run: Run, metric: str, dataset: str) -> GroupTable | None:
    found = _members(run, metric, dataset)
    if not found:
        return None
    worst = run.one(metric=f"{PREFIX}{metric}", dataset=dataset, estimand="worst", over=ATTRIBUTE)
    called = worst if worst is not None and worst.status == "measured" else None
    overall = run.headlines.get((metric, dataset))
    cited = rows.cited(run)
    made: list[GroupRow] = [rows.group_row(overall, "All", cited=cited)] if overall is not None else []
    for m in found:
        own = called if called is not None and called.slice == m.slice else None
        made.append(rows.group_row(m, _label(m), worst=own, cited=cited))
    title = run.title_of(metric) if overall is not None else run.title_of(f"{PREFIX}{metric}")
    heading: Text = (f"{title} in groups found in features",)
    if called is not None:
        extreme = "highest" if called.direction == "lower" else "lowest"
        heading = (f"{title} in groups found in features: {extreme} ", numbers.value(called), f" in {_label(called)}")
    return GroupTable(
        id=f"proxies-{metric}-{dataset}",
        title=heading,
        note=rows.footnotes(made),
        head="Found group",
        metric=title,
        n_title=n_title(metric),
        clustered=bool(run.datasets.get(dataset, {}).get("clustered")),
        axis=rows.shared_axis(run, f"{PREFIX}{metric}", made),
        rows=tuple(made),
        audiences=("deployer", *_DETAILED) if metric == _DRAWN[0] else _DETAILED,
    )


def _label(m: Measurement) -> str:
    name = m.slice[ATTRIBUTE]
    return f"group {name}" if name.isdigit() else name


def _sizes(run: Run, dataset: str) -> DataTable | None:
    shares = _members(run, "share", dataset)
    if not shares:
        return None
    frequent = {m.slice[ATTRIBUTE]: m for m in _members(run, "prevalence", dataset)}
    return DataTable(
        id=f"proxies-sizes-{dataset}",
        caption=(
            f"How large the found groups are and how common the condition is in each, with {run.level} intervals.",
        ),
        columns=(Column(title="Found group"), Column(title="Share of the cases"), Column(title="With the condition")),
        rows=tuple(((_label(m),), _share(m), _share(frequent.get(m.slice[ATTRIBUTE]))) for m in shares),
        audiences=_DETAILED,
    )


def _share(m: Measurement | None) -> Text:
    if m is not None and m.status != "measured":
        return (f"not measured: {m.reason}",)
    return rows.cell(m)


def _stability(run: Run) -> list[AnyBlock]:
    found = [m for m in run.find(metric=f"{PREFIX}stability") if m.status == "measured"]
    items = tuple(
        KeyFigure(
            label="Stability of the groups",
            value=numbers.value(m),
            interval=numbers.interval(m),
            note=(
                f"1: other patients and other starts find the same groups; 0: chance. {_fits(m)}",
                *((numbers.MARK_MEANS,) if numbers.is_marked(m) else ()),
            ),
        )
        for m in found
    )
    return [KeyFigures(items=items, audiences=("deployer", *_DETAILED))] if items else []


def _fits(m: Measurement) -> str:
    return f"From {m.curve['fits']} fits." if "fits" in m.curve else ""


def _validity(run: Run, dataset: str) -> DataTable | None:
    names = ("cramers_v", "mutual_information")
    found = {
        (str(m.curve.get("attribute")), name): m
        for name in names
        for m in run.find(metric=f"{PREFIX}{name}", dataset=dataset)
    }
    attributes = dict.fromkeys(attribute for attribute, _ in found)
    if not attributes:
        return None
    titles = {attribute: title for attribute, title, _ in run.groupings(dataset)}
    return DataTable(
        id=f"proxies-validity-{dataset}",
        caption=(
            "What the found groups have in common with attributes that are known; 0: nothing, 1: everything. Of "
            "attributes that nobody recorded it says nothing.",
            *rows.marked(found.values()),
        ),
        columns=(
            Column(title="Attribute"),
            Column(title="Cramér's V"),
            Column(title="Adjusted mutual information"),
        ),
        rows=tuple(
            ((titles.get(attribute, attribute),), *(_share(found.get((attribute, name))) for name in names))
            for attribute in attributes
        ),
        audiences=_DETAILED,
    )
