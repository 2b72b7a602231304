"""Where groups of several attributes meet: raw and shrunken values, and the cell that does worst."""

from __future__ import annotations

from collections.abc import Iterator

from governance.documents import numbers
from governance.documents.blocks import Audience, GroupRow, GroupTable, Prose, Text
from governance.documents.build import rows
from governance.documents.build.first import worst_of
from governance.documents.build.frequencies import natural_metrics
from governance.documents.build.groups import bar_of, n_title
from governance.documents.build.run import Run, is_plain
from governance.documents.build.subject_words import fill, lowered
from governance.documents.content import Section
from governance.documents.wording import HEADLINE_METRICS, NATURAL, group_metrics
from governance.evidence.model import Measurement
from governance.evidence.wording import slice_words, written

_TECHNICAL: tuple[Audience, ...] = ("deployer", "engineer", "auditor")
SHRUNKEN = "shrunken"
"""The variant of values that are drawn towards the mean of their cells."""
_WHAT_SHRUNKEN_IS = (
    "Shrunken values are drawn towards the mean of the cells, the more the fewer cases they rest on: of many small "
    "cells some look bad by chance alone. Both are shown, because shrinking can also hide a cell that is really worse."
)


def intersections(run: Run) -> Section | None:
    """Return the cells where groups meet, for clinicians the worst in words."""
    tables: list[GroupTable] = []
    sentences: list[Text] = []
    drawn = group_metrics(run.task)["deployer"]
    for (_, metric, _, target_class), overall in run.overall.items():
        cells = _cells(run, overall)
        if cells and metric in drawn and target_class is None and overall.evaluator == "fairness":
            tables.append(_table(run, overall, cells))
            if metric in natural_metrics(run) and metric in HEADLINE_METRICS:
                sentences += _sentences(run, overall, cells)
    if not tables:
        return None
    blocks = [
        Prose(paragraphs=tuple(sentences), audiences=("clinician",)),
        *rows.verdicts_rest(tables),
        *(
            [Prose(paragraphs=((_WHAT_SHRUNKEN_IS,),), style="note", audiences=_TECHNICAL)]
            if _any_beside(tables)
            else []
        ),
        *tables,
    ]
    return Section(
        id="intersections",
        title="Where groups meet",
        blocks=tuple(block for block in blocks if not isinstance(block, Prose) or block.paragraphs),
        audiences=("clinician", *_TECHNICAL),
    )


def _any_beside(tables: list[GroupTable]) -> bool:
    return any(row.beside for table in tables for row in table.rows)


def _cells(run: Run, overall: Measurement) -> list[Measurement]:
    found = run.find(
        evaluator=overall.evaluator, metric=overall.metric, dataset=overall.dataset, target_class=overall.target_class
    )
    return [m for m in found if is_plain(m) and len(m.slice) > 1]


def _table(run: Run, overall: Measurement, cells: list[Measurement]) -> GroupTable:
    made = [rows.group_row(overall, "All", cited=rows.cited(run)), *_rows(run, overall, cells)]
    bar = bar_of(run, overall, cells)
    title = run.title_of(overall.metric)
    return GroupTable(
        id=f"intersections-{overall.metric}-{overall.dataset}",
        title=_finding(run, overall, cells) or (title,),
        note=rows.footnotes(made),
        head="Cell",
        metric=title,
        beside=SHRUNKEN if any(row.beside for row in made) else None,
        n_title=n_title(overall.metric),
        clustered=bool(run.datasets.get(overall.dataset, {}).get("clustered")),
        axis=rows.shared_axis(run, overall.metric, made, also=() if bar is None else (bar,)),
        bar=bar,
        bar_label=None if bar is None else f"bar {written(bar)}",
        rows=tuple(made),
        audiences=_TECHNICAL,
    )


def _rows(run: Run, overall: Measurement, cells: list[Measurement]) -> Iterator[GroupRow]:
    cited = rows.cited(run)
    for over in _groupings(run, cells):
        attributes = over.split(" x ")
        heading = run.over_label(overall.dataset, over)
        yield GroupRow(label=heading, heading=heading)
        worst = worst_of(run, overall, over)
        for m in cells:
            if set(m.slice) == set(attributes):
                own = worst if worst and worst.slice == m.slice else None
                label = slice_words(run.lock, m.dataset, {name: m.slice[name] for name in attributes})
                yield rows.group_row(m, label, worst=own, cited=cited, beside=_shrunken(run, m, over))


def _groupings(run: Run, cells: list[Measurement]) -> list[str]:
    """Return the groupings of the cells by their names, in the order in which the evidence compares them."""
    found = dict.fromkeys(frozenset(m.slice) for m in cells)
    return [run.crossings.get(attributes, " x ".join(sorted(attributes))) for attributes in found]


def _shrunken(run: Run, m: Measurement, over: str) -> Measurement | None:
    return run.one(
        evaluator=m.evaluator, metric=m.metric, dataset=m.dataset, slice=m.slice, variant=SHRUNKEN, over=over
    )


def _worst(run: Run, overall: Measurement, cells: list[Measurement]) -> tuple[Measurement, str] | None:
    """Return the worst cell over all groupings and what it is called."""
    called = [(worst_of(run, overall, over), over) for over in _groupings(run, cells)]
    there = [(worst, over) for worst, over in called if worst is not None]
    if not there:
        return None
    sign = -1 if overall.direction == "lower" else 1
    worst, over = min(there, key=lambda item: sign * (item[0].value or 0.0))
    return worst, slice_words(run.lock, worst.dataset, {name: worst.slice[name] for name in over.split(" x ")})


def _finding(run: Run, overall: Measurement, cells: list[Measurement]) -> Text:
    found = _worst(run, overall, cells)
    if found is None:
        return ()
    worst, label = found
    extreme = "highest" if overall.direction == "lower" else "lowest"
    interval = numbers.interval(worst, worst.simultaneous)
    tail: Text = (", could be ", interval) if interval else ()
    return (f"{run.title_of(overall.metric)} is {extreme} for {label}: ", numbers.value(worst), *tail)


def _sentences(run: Run, overall: Measurement, cells: list[Measurement]) -> list[Text]:
    found = _worst(run, overall, cells)
    if found is None:
        return []
    worst, label = found
    shown = worst.model_copy(update={"interval": worst.simultaneous or worst.interval})
    interval, n = numbers.hundred_interval(shown), numbers.count(worst, "n")
    sentence = fill(run, NATURAL[overall.metric].heading, overall.dataset, numbers.hundred(worst)[0])
    head = f"Where several attributes are taken together, the lowest number is that of {label}: "
    if overall.direction == "lower":
        head = f"Where several attributes are taken together, the highest number is that of {label}: "
    tail: Text = ("; it could be ", interval) if interval else ()
    seen: Text = (f" ({n_title(overall.metric)}: ", n, ")") if n else ()
    return [
        (head, *lowered(sentence), *tail, *seen, "."),
        ("The fewer cases a group has, the further its number is off by chance alone.",),
    ]
