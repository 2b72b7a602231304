"""Another population beside the scored one: how the model does there, what moved, and what users will see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from governance.documents import numbers
from governance.documents.blocks import AnyBlock, Audience, Column, DataTable, Figure, GroupRow, GroupTable, Prose, Text
from governance.documents.build import rows
from governance.documents.build.axes import axis
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import Measurement

_ALL: tuple[Audience, ...] = ("clinician", "deployer", "engineer", "auditor")
_TECHNICAL: tuple[Audience, ...] = ("deployer", "engineer", "auditor")
_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")
_COMPARED = ("sensitivity", "specificity", "auroc", "prevalence")
_MOVED: Mapping[str, str] = {
    "attribute_shift": "Other mix of groups, P(A)",
    "outcome_shift": "Condition more common in like groups, P(Y given A)",
    "input_shift": "Inputs told apart in like people, P(X given Y, A)",
}
_LEAST_P = 0.001


def populations(run: Run) -> Section | None:
    """Return each population that the scored one was compared with."""
    blocks: list[AnyBlock] = []
    for here, there in _pairs(run):
        blocks += _compared(run, here, there)
        blocks += [table for table in (_moved(run, there), _expected(run, here, there), _users(run, there)) if table]
    if not blocks:
        return None
    said = (
        "The same model at the same threshold, on people of another population. A difference has two sides: the people "
        "and how they were examined differ, and the model may differ with them.",
    )
    return Section(
        id="elsewhere",
        title="In another population",
        blocks=(Prose(paragraphs=(said,), style="note"), *blocks),
        audiences=_ALL,
    )


def _pairs(run: Run) -> list[tuple[str, str]]:
    """Return the names of the scored and of the other dataset, for each comparison."""
    found = {
        ((m.reference_variant or "").removeprefix("on "), m.dataset)
        for m in run.find(evaluator="robustness", metric="prevalence", estimand="difference")
        if m.variant == f"on {m.dataset}"
    }
    return sorted(pair for pair in found if pair[0] in run.datasets)


def _title(run: Run, dataset: str) -> str:
    return str(run.datasets.get(dataset, {}).get("title") or dataset)


def _change(run: Run, metric: str, here: str, there: str) -> list[Measurement]:
    return [
        m
        for m in run.find(evaluator="robustness", metric=metric, dataset=there, estimand="difference", reference=None)
        if (m.variant, m.reference_variant) == (f"on {there}", f"on {here}")
    ]


def _compared(run: Run, here: str, there: str) -> Iterator[AnyBlock]:
    """Yield both populations for everyone, then the changes of groups."""
    made: list[tuple[Text, ...]] = []
    for metric in _COMPARED:
        plain = {
            name: next(
                (
                    m
                    for m in run.find(metric=metric, dataset=name, estimand="value", slice={}, variant=None)
                    if m.condition.is_clean and not m.curve
                ),
                None,
            )
            for name in (here, there)
        }
        change = next((m for m in _change(run, metric, here, there) if not m.slice), None)
        cells = (rows.cell(plain[here]), rows.cell(plain[there]), _difference(change))
        made.append(((run.title_of(metric),), *cells))
    yield DataTable(
        id=f"elsewhere-{there}",
        caption=(
            f"{_title(run, there)} beside {_title(run, here)}, with {run.level} intervals; no patient is in both.",
        ),
        columns=(
            Column(title="Metric"),
            Column(title=_title(run, here)),
            Column(title=_title(run, there)),
            Column(title="Difference"),
        ),
        rows=tuple(made),
        audiences=_ALL,
    )
    for metric in ("sensitivity", "specificity"):
        found = _change(run, metric, here, there)
        if len(found) > 1:
            yield _groups(run, metric, found, here, there)


def _groups(run: Run, metric: str, found: list[Measurement], here: str, there: str) -> GroupTable:
    cited = rows.cited(run)
    made: list[GroupRow] = []
    for m in found:
        label = run.slice_label(there, m.slice) if m.slice else "All"
        made.append(rows.group_row(m, label, cited=cited, signed=True))
    return GroupTable(
        id=f"elsewhere-{metric}-{there}",
        title=(f"{run.title_of(metric)}: {_title(run, there)} less {_title(run, here)}",),
        note=rows.footnotes(made),
        metric="difference",
        n_title="cases",
        clustered=bool(run.datasets.get(there, {}).get("clustered")),
        axis=axis("difference", rows.spans(made), also=(0.0,), ticks=4),
        bar=0.0,
        bar_label="no difference",
        rows=tuple(made),
        audiences=_TECHNICAL,
    )


def _moved(run: Run, there: str) -> DataTable | None:
    found = [m for name in _MOVED for m in run.find(evaluator="robustness", metric=name, dataset=there)]
    if not found:
        return None
    return DataTable(
        id=f"elsewhere-moved-{there}",
        caption=(
            f"What differs between the populations. A Cramér's V of 0 and an AUROC of 0.5 would mean no difference. "
            f"{run.level} intervals; p-values are not adjusted for there being several.",
        ),
        columns=(
            Column(title="What"),
            Column(title="Of"),
            Column(title="Value"),
            Column(title="p"),
            Column(title="Test"),
        ),
        rows=tuple(_moved_row(run, there, m) for m in found),
        audiences=_DETAILED,
    )


def _moved_row(run: Run, there: str, m: Measurement) -> tuple[Text, ...]:
    attribute = m.curve.get("attribute")
    of = run.over_label(there, str(attribute)) if attribute else (m.variant or "prevalence")
    value = rows.cell(m) if m.status == "measured" else (f"not measured: {m.reason}",)
    return ((_MOVED[m.metric],), (of,), value, _p_value(m), ((m.test or ""),))


def _expected(run: Run, here: str, there: str) -> DataTable | None:
    """What the mix of groups explains, and the prevalence that would have been estimated without labels."""
    made: list[tuple[Text, ...]] = []
    for m in run.find(evaluator="robustness", estimand="difference", dataset=there, slice={}):
        if m.variant == f"on {there}" and f"mixed as on {there}" in (m.reference_variant or ""):
            of = (m.reference_variant or "").removeprefix(f"on {here}, ").removesuffix(f" mixed as on {there}")
            expected = run.one(metric=m.metric, dataset=there, variant=m.reference_variant, estimand="value")
            label = f"{run.title_of(m.metric)}, if only the mix differed: {run.over_label(there, of)}"
            made.append(((label,), _value(expected), _difference(m)))
    estimated = run.one(evaluator="robustness", metric="estimated_prevalence", dataset=there, estimand="value")
    off = run.one(evaluator="robustness", metric="estimated_prevalence", dataset=there, estimand="difference")
    if estimated is not None:
        made.append((("Prevalence, from the flags alone",), _value(estimated), _difference(off)))
    if not made:
        return None
    title = "What one would have expected there"
    return DataTable(
        id=f"elsewhere-expected-{there}",
        caption=(
            f"{title}, and how far it is off: for rates, what was observed less what was expected; for the prevalence, "
            "what was estimated less what was observed.",
        ),
        columns=(Column(title="What"), Column(title="Expected"), Column(title="Off by")),
        rows=tuple(made),
        folded=title,
        audiences=_DETAILED,
    )


def _users(run: Run, there: str) -> DataTable | None:
    names = ("positive_predictive_value_at", "negative_predictive_value_at", "alerts_per_100")
    found = [m for m in run.find(evaluator="robustness", metric=names[0], dataset=there, slice={}) if m.curve]
    if not found:
        return None
    made: list[tuple[Text, ...]] = []
    for m in found:
        cells = (run.one(metric=name, dataset=there, slice={}, curve=m.curve) for name in names)
        share = numbers.percent(float(m.curve["prevalence"]))
        made.append(((share,), *(_value(each) for each in cells)))
    return DataTable(
        id=f"elsewhere-users-{there}",
        caption=(f"What users would see there if the condition were that common, with {run.level} intervals.",),
        columns=(Column(title="Prevalence"), *(Column(title=run.title_of(name)) for name in names)),
        rows=tuple(made),
        audiences=_ALL,
    )


def _value(m: Measurement | None) -> Text:
    if m is not None and m.status != "measured":
        return (f"not measured: {m.reason}",)
    return rows.cell(m)


def _difference(m: Measurement | None) -> Text:
    if m is not None and m.status != "measured":
        return (f"not measured: {m.reason}",)
    return rows.cell(m, signed=True)


def _p_value(m: Measurement) -> Text:
    if m.p_value is None:
        return ("",)
    text = f"below {_LEAST_P}" if m.p_value < _LEAST_P else f"{m.p_value:.3f}"
    return (Figure(measurements=(m.id,), text=text),)
