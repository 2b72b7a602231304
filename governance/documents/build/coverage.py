"""How far catalogues of requirements are answered: counts, the AI Act item by item, and who could mend."""

from __future__ import annotations

from collections.abc import Iterable

from governance.catalogues import STATUSES, CatalogueCoverage
from governance.documents import numbers
from governance.documents.blocks import AnyBlock, Audience, Column, DataTable, Prose, Text
from governance.documents.build.run import Run
from governance.documents.content import Section

_AUDITOR: tuple[Audience, ...] = ("auditor",)
_MAIN = "eu_ai_act"
"""The catalogue that is shown item by item; the others have extracts of their own."""
_PRINTED = 40


def coverage(run: Run) -> Section:
    """Return what the catalogues came to on the day of the run."""
    main = run.covered[_MAIN]
    said = (
        f"As of {numbers.day(run.as_of)}. Evidenced: measured or recorded by the run. "
        "Declared only: stated, and nothing else. "
        "That an item is evidenced does not say that a requirement is fulfilled; a person decides.",
    )
    blocks: list[AnyBlock] = [Prose(paragraphs=(said,), style="note"), _counts(run.covered.values())]
    if main.provisional:
        blocks.append(Prose(paragraphs=((main.provisional,),), style="note"))
    blocks += [_items(main), _gaps(main)]
    return Section(
        id="coverage",
        title="Catalogues of requirements",
        blocks=tuple(blocks),
        audiences=_AUDITOR,
        disclosure="confidential",
    )


def _counts(covered: Iterable[CatalogueCoverage]) -> DataTable:
    rows: list[tuple[Text, ...]] = [
        ((one.title,), *((str(one.counts[status]),) for status in STATUSES), (str(one.date),)) for one in covered
    ]
    return DataTable(
        id="coverage-counts",
        caption=("Items of each catalogue by what they came to.",),
        columns=(
            Column(title="Catalogue"),
            *(Column(title=status.capitalize(), numeric=True) for status in STATUSES),
            Column(title="As read on"),
        ),
        rows=tuple(rows),
    )


def _items(main: CatalogueCoverage) -> DataTable:
    rows: list[tuple[Text, ...]] = []
    for item in main.items:
        applies = item.applicability
        when = applies.words if applies is not None and item.status != "not applicable" else ""
        rows.append(((f"{item.ref}: {item.title}",), (item.status,), (when,), (item.reason,)))
    title = f"{main.title}, item by item"
    return DataTable(
        id="coverage-items",
        caption=(f"{title}.",),
        columns=(
            Column(title="Item"),
            Column(title="Status"),
            Column(title="Applies"),
            Column(title="Rests on, or lacks"),
        ),
        rows=tuple(rows),
        folded=title,
        print_rows=_PRINTED,
    )


def _gaps(main: CatalogueCoverage) -> DataTable:
    title = "Register of gaps"
    rows = tuple(((gap.what,), (gap.who,), (", ".join(gap.items),)) for gap in main.gaps)
    return DataTable(
        id="coverage-gaps",
        caption=("What is missing for items of the AI Act that may apply, who could give it, and for which.",),
        columns=(Column(title="Missing"), Column(title="Who could give it"), Column(title="Items", code=True)),
        rows=rows or ((("nothing",), ("",), ("",)),),
        folded=title,
        print_rows=_PRINTED,
    )
