"""What altered inputs do: one sentence, a table of summaries, groups, and curves over severities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from governance.documents import numbers
from governance.documents.blocks import Audience, Chart, Column, DataTable, GroupRow, GroupTable, Prose, Text
from governance.documents.build import curves, rows
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.evidence.model import CLEAN, Measurement

_TECHNICAL: tuple[Audience, ...] = ("deployer", "engineer", "auditor")
_ERROR, _DICE = "mean_error_under_conditions", "mean_dice_under_conditions"
_MEANS: Mapping[str, str] = {_ERROR: "classification_error", _DICE: "dice"}
"""Means over conditions, of which a task has one, and what they are a mean of."""
_COLUMNS: Mapping[str, str] = {
    _ERROR: "Mean error",
    _DICE: "Mean Dice",
    "dice_degradation_area": "Degradation area",
    "degradation_area": "Degradation area",
    "mean_flip_rate": "Decisions changed",
    "prediction_consistency": "Never changed",
    "mean_corruption_error": "CE, mCE",
    "relative_mean_corruption_error": "Relative CE, mCE",
    "balanced_corruption_error": "BE",
    "relative_balanced_corruption_error": "rBE",
}
"""Summaries in their order, with the head of their column."""
_RELATIVE = tuple(_COLUMNS)[-4:]
_BESIDE_ALEXNET = (
    " CE and BE are errors beside those that AlexNet makes on the published data set; on other data they are not "
    "comparable with published ones."
)
_GAPS = ("classification_error_gap", "equal_opportunity_difference", "auroc_gap", "balanced_error_gap")
"""Gaps of which the first that was measured is drawn over severities."""


def conditions(run: Run) -> Section | None:
    """Return everything about altered inputs, for clinicians one sentence and one chart."""
    charts = curves.conditions(run)
    blocks = (*_sentence(run), *_tables(run), *charts, *_group_blocks(run))
    if not blocks:
        return None
    return Section(
        id="conditions", title="When the input is worse", blocks=blocks, audiences=("clinician", *_TECHNICAL)
    )


def _sentence(run: Run) -> Iterator[Prose]:
    """Say the mean error and the worst condition in words."""
    for dataset in run.datasets:
        mean, clean = _whole(run, _ERROR, dataset), curves.clean_value(run, "classification_error", dataset)
        worst = _worst(run, dataset)
        if mean is None or mean.status != "measured" or clean is None or clean.status != "measured" or worst is None:
            continue
        interval = numbers.hundred_interval(mean)
        said: Text = (
            "When the input is made worse on purpose, the model is wrong about ",
            numbers.hundred(mean)[0],
            *((" (", interval, ")") if interval else ()),
            " of 100 cases on average, against ",
            numbers.hundred(clean)[0],
            f" of 100 on clean input. It is wrong most often under {curves.condition_words(run, worst)}.",
        )
        yield Prose(paragraphs=(said,), audiences=("clinician",))


def _tables(run: Run) -> Iterator[DataTable]:
    """Yield the summaries of all conditions and of each, one table a dataset."""
    for dataset in run.datasets:
        names = [name for name in _COLUMNS if _summaries(run, name, dataset)]
        worst = _worst(run, dataset)
        if worst is None:
            continue
        by_condition = [m.condition.name for m in _summaries(run, worst.metric, dataset) if not m.condition.is_clean]
        made = [_row("All conditions", [_whole(run, name, dataset) for name in names])]
        for variant in dict.fromkeys(m.variant for name in names for m in _variants(run, name, dataset)):
            cells = [next((m for m in _variants(run, name, dataset) if m.variant == variant), None) for name in names]
            made.append(_row(f"All {variant}", cells))
        for condition in dict.fromkeys(by_condition):
            found = [_of(run, name, dataset, condition) for name in names]
            is_worst = condition == worst.condition.name
            made.append(_row(curves.condition_title(run, condition), found, worst=is_worst))
        yield DataTable(
            id=f"robustness-{dataset}",
            caption=_caption(run, dataset, worst, names),
            columns=(
                Column(title="Condition"),
                Column(title="n", numeric=True),
                *(Column(title=_COLUMNS[name]) for name in names),
            ),
            rows=tuple(made),
            audiences=_TECHNICAL,
        )


def _caption(run: Run, dataset: str, worst: Measurement, names: Sequence[str]) -> Text:
    clean = curves.clean_value(run, _MEANS[worst.metric], dataset)
    beside: Text = ()
    if clean is not None and clean.status == "measured":
        beside = (", against ", numbers.value(clean), " on clean input")
    alone = len({m.condition.name for m in _summaries(run, worst.metric, dataset)}) <= 2
    extreme = "highest" if worst.direction == "lower" else "lowest"
    lacking: dict[str, list[str]] = {}
    for name in names:
        whole = _whole(run, name, dataset)
        if whole is not None and whole.status != "measured":
            lacking.setdefault(str(whole.reason), []).append(run.title_of(name))
    return (
        f"{run.title_of(_MEANS[worst.metric])} is {extreme} on average under {curves.condition_words(run, worst)}: ",
        numbers.value(worst),
        *beside,
        f". Numbers of a condition sum up its severities. {run.level} intervals, by patient, over all conditions "
        "together",
        "; that of the worst condition allows for having looked at all." if not alone else ".",
        " A dash: not measured.",
        *([_BESIDE_ALEXNET] if set(names) & set(_RELATIVE) else []),
        *(f" {' and '.join(titles)}: not measured, {reason}." for reason, titles in lacking.items()),
    )


def _row(label: str, found: Sequence[Measurement | None], *, worst: bool = False) -> tuple[Text, ...]:
    first = next((m for m in found if m is not None and m.status == "measured"), None)
    n = numbers.count(first, "n") if first is not None else None
    cells = [_cell(m, together=worst and m is not None and m.metric in _MEANS) for m in found]
    return ((f"{label} (worst)" if worst else label,), (n,) if n else ("",), *cells)


def _cell(m: Measurement | None, *, together: bool = False) -> Text:
    """Return a number and its interval; n has a column of its own."""
    if m is None or m.status != "measured":
        return ("\N{EN DASH}",)
    interval = numbers.interval(m, m.simultaneous if together else None)
    return (numbers.value(m), " (", interval, ")") if interval else (numbers.value(m),)


def _group_blocks(run: Run) -> Iterator[GroupTable | Chart]:
    """Yield, for each grouping, the mean error of its groups, then how the gap between them grows with severity."""
    for dataset in run.datasets:
        mean = next((m for name in _MEANS if (m := _whole(run, name, dataset)) is not None), None)
        called = run.find(evaluator="robustness", dataset=dataset, estimand="worst", condition=CLEAN)
        worst_groups = {
            m.over: m for m in called if mean is not None and m.metric == mean.metric and m.over is not None
        }
        if mean is not None and worst_groups:
            yield _group_table(run, mean, worst_groups)
        for over in worst_groups:
            for metric in _GAPS:
                found = [
                    m
                    for m in run.find(evaluator="robustness", metric=metric, dataset=dataset, over=over, slice={})
                    if not m.condition.is_clean and m.status == "measured"
                ]
                if found:
                    clean = curves.clean_value(run, metric, dataset, over)
                    yield curves.severity_chart(run, found, clean, _TECHNICAL)
                    break


def _group_table(run: Run, mean: Measurement, worst_groups: Mapping[str, Measurement]) -> GroupTable:
    cited = rows.cited(run)
    made: list[GroupRow] = [rows.group_row(mean, "All", cited=cited)]
    for over, worst in worst_groups.items():
        label = run.over_label(mean.dataset, over)
        made.append(GroupRow(label=label, heading=label))
        for m in _summaries(run, mean.metric, mean.dataset, set(over.split(" x "))):
            if m.condition.is_clean:
                own = worst if worst.status == "measured" and worst.slice == m.slice else None
                made.append(rows.group_row(m, _group(run, m), worst=own, cited=cited))
    known = [worst for worst in worst_groups.values() if worst.status == "measured"]
    title: Text = (f"{run.title_of(mean.metric)} by group",)
    if known:
        most = curves.most_harmful(known)
        extreme = "highest" if most.direction == "lower" else "lowest"
        label = run.slice_label(most.dataset, most.slice)
        title = (f"{run.title_of(mean.metric)} is {extreme} for {label}: ", numbers.value(most))
    descriptor = run.metric(mean.metric)
    return GroupTable(
        id=f"robustness-groups-{mean.dataset}",
        title=title,
        note=((descriptor.explanation,) if descriptor else ()) + rows.footnotes(made),
        metric=run.title_of(mean.metric),
        n_title="cases",
        clustered=bool(run.datasets.get(mean.dataset, {}).get("clustered")),
        axis=rows.shared_axis(run, mean.metric, made),
        rows=tuple(made),
        audiences=_TECHNICAL,
    )


def _group(run: Run, m: Measurement) -> str:
    return ", ".join(run.group_label(m.dataset, attribute, group) for attribute, group in m.slice.items())


def _summaries(run: Run, metric: str, dataset: str, attributes: set[str] | None = None) -> list[Measurement]:
    """Return the values of a summary for everyone, or for the groups of some attributes."""
    found = run.find(evaluator="robustness", metric=metric, dataset=dataset, estimand="value", variant=None, over=None)
    return [m for m in found if set(m.slice) == (attributes or set())]


def _variants(run: Run, metric: str, dataset: str) -> list[Measurement]:
    found = run.find(evaluator="robustness", metric=metric, dataset=dataset, estimand="value", slice={})
    return [m for m in found if m.variant is not None]


def _whole(run: Run, metric: str, dataset: str) -> Measurement | None:
    """Return a summary over all conditions for everyone."""
    return next((m for m in _summaries(run, metric, dataset) if m.condition.is_clean), None)


def _of(run: Run, metric: str, dataset: str, condition: str) -> Measurement | None:
    return next((m for m in _summaries(run, metric, dataset) if m.condition.name == condition), None)


def _worst(run: Run, dataset: str) -> Measurement | None:
    """Return the mean of the task under the condition that harms most."""
    found = [
        m
        for name in _MEANS
        for m in _summaries(run, name, dataset)
        if not m.condition.is_clean and m.status == "measured"
    ]
    return curves.most_harmful(found) if found else None
