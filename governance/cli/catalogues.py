"""How catalogues and their coverage look in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from governance.cli.console import console, plain, print_table

if TYPE_CHECKING:
    from rich.console import Console

    from governance.catalogues import (
        Answer,
        Catalogue,
        CatalogueCoverage,
        Coverage,
        FactKey,
        GapEntry,
        Item,
        ItemStatus,
        Note,
    )

_LABELS = 14
"""Columns that the name of a part takes."""
_GAPS = 12
"""Lines of the register of gaps that are printed where several catalogues are shown."""
_HOW_TO_READ = (
    "Evidenced and declared only say that an item is answered by numbers, records or statements, not that the answer "
    "is favourable: a statement that something is not done answers it as well. A person reads and decides."
)
_IDS = 4
"""Items that are named in a line of the register; of more only the number is told."""


def print_catalogues(found: Sequence[Catalogue], answered: dict[str, int]) -> None:
    """Print catalogues with the number of their items and of those that something can answer."""
    rows = [(one.id, str(len(one.items)), str(answered.get(one.id, 0)), str(one.date), one.title) for one in found]
    print_table(("catalogue", "items", "answered", "as of", "title"), rows)


def print_catalogue(found: Catalogue) -> None:
    """Print a catalogue: what it says of itself, then its items under one another."""
    out = console()
    for name, text in _about(found):
        _labelled(out, name, text)
    out.print()
    print_table(("item", "where", "title"), [(item.id, _where(item), item.title) for item in found.items])


def print_item(found: Catalogue, item: Item, answer: Answer | None, keys: dict[str, FactKey]) -> None:
    """Print an item: what it asks for, its marks, and how it is answered here."""
    out = console()
    out.print(Text(plain(f"{item.id}: {item.title}"), style="bold"))
    for name, text in [*_said(found, item), *_answered(answer, keys)]:
        _labelled(out, name, text)


def print_coverage(found: Coverage, *, in_full: bool) -> None:
    """Print what items came to: counts and gaps, and item by item where `in_full`."""
    out = console()
    out.print(Text(plain(f"{found.subject} {found.version}, run {found.run_id}, on {found.on}"), style="bold"))
    out.print()
    rows = [(one.catalogue, str(len(one.items)), *map(str, one.counts.values())) for one in found.catalogues]
    print_table(("catalogue", "items", *(found.catalogues[0].counts if found.catalogues else ())), rows)
    out.print()
    out.print(Text(_HOW_TO_READ))
    for one in found.catalogues:
        if in_full:
            out.print()
            _print_items(one)
        for line in _remarks(one):
            out.print()
            out.print(Text(plain(line)))
    out.print()
    _print_gaps(out, [gap for one in found.catalogues for gap in one.gaps], None if in_full else _GAPS)


def _about(found: Catalogue) -> Iterator[tuple[str, str]]:
    yield "catalogue", f"{found.id}: {found.title}"
    yield "source", found.source
    yield "as of", str(found.date)
    yield "licence", found.licence or "not stated"
    yield "items", str(len(found.items))
    for number, text in enumerate(_notes(found.notes)):
        yield "notes" if number == 0 else "", text


def _notes(notes: Sequence[Note]) -> Iterator[str]:
    """Yield notes in words; parts of one entry of a list stand together."""
    grouped: dict[tuple[str, ...], list[str]] = {}
    for note in notes:
        parts = tuple(note.about.split("."))
        entry = next((index for index, part in enumerate(parts) if part.isdigit()), len(parts) - 1)
        grouped.setdefault(parts[: entry + 1], []).append(note.text)
    for parts, texts in grouped.items():
        about = " ".join(part for part in parts if not part.isdigit())
        yield f"{about.replace('_', ' ')}: {'; '.join(texts)}"


def _legend(found: Catalogue, mark: str, value: str | None) -> str:
    """Return a mark with what the catalogue says it means."""
    notes = found.noted(f"legend.{mark}.{value}") if value else ()
    meaning = "; ".join(" ".join((*_last_words(note.about, value), note.text)) for note in notes)
    return f"{value}: {meaning}" if meaning else value or ""


def _last_words(about: str, value: str | None) -> tuple[str, ...]:
    last = about.rpartition(".")[2]
    return () if last == value else (f"{last.replace('_', ' ')}:",)


def _where(item: Item) -> str:
    return item.ref if item.ref != item.id else item.section or ""


def _said(found: Catalogue, item: Item) -> Iterator[tuple[str, str]]:
    yield "where", f"{item.ref}; {item.section}" if item.section else item.ref
    if item.text:
        yield "asks", item.text
    yield "catalogue", f"{found.id}, as of {found.date}"
    for name, text in (
        ("binds", ", ".join(item.applies_to)),
        ("scope", item.scope),
        ("dates", _legend(found, "application", item.application)),
        ("recipients", ", ".join(item.recipients)),
        ("basis", item.annex_basis),
        ("phase", item.phase),
        ("status", item.status),
        ("amended by", item.amended_by),
        ("verified", _legend(found, "verified", item.verified)),
        ("by a run", _legend(found, "automation", item.automation)),
        ("wants", "; ".join(f"{one.kind.replace('_', ' ')}: {one.what}" for one in item.evidence)),
        ("note", item.note),
    ):
        if text:
            yield name, text


def _answered(answer: Answer | None, keys: dict[str, FactKey]) -> Iterator[tuple[str, str]]:
    if answer is None:
        yield "answered", "nothing in this toolkit answers it"
        return
    for key in answer.facts:
        yield "fact", f"{key}: {keys[key].ask}" if key in keys else key
    for key in answer.regulatory:
        yield "regulatory", key
    for selector in answer.measured:
        yield "measured", selector.words
    if answer.recorded:
        yield "recorded", ", ".join(answer.recorded).replace("_", " ")
    if answer.needs:
        yield "needs", ", ".join(answer.needs).replace("_", " ")
    if answer.note:
        yield "remark", answer.note


def _print_items(one: CatalogueCoverage) -> None:
    rows = [(item.id, item.status, _binds(item), f"{item.title}: {item.reason}") for item in one.items]
    if one.provisional is None:
        print_table(("item", "status", "title and reason"), [(row[0], row[1], row[3]) for row in rows])
    else:
        print_table(("item", "status", "binds", "title and reason"), rows)


def _binds(item: ItemStatus) -> str:
    applies = item.applicability
    return applies.words if applies is not None and applies.state != "not applicable" else ""


def _remarks(one: CatalogueCoverage) -> Iterator[str]:
    """Yield what a reader must know of a catalogue beside its counts."""
    if one.undecided:
        keys = ", ".join(one.undecided)
        yield f"{one.catalogue}: unknown in `regulatory`, and needed to say what binds and from when: {keys}."
    for remark in one.remarks:
        yield f"{one.catalogue}: {remark}"
    if one.provisional:
        yield f"{one.catalogue}: {one.provisional}"


def _print_gaps(out: Console, gaps: Sequence[GapEntry], most: int | None) -> None:
    merged: dict[tuple[str, str], list[str]] = {}
    for gap in gaps:
        merged.setdefault((gap.what, gap.who), []).extend(gap.items)
    rows = [
        (str(len(items)), what, who, *((_named(items),) if most is None else ()))
        for (what, who), items in sorted(merged.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]
    if not rows:
        out.print("Nothing is missing.")
        return
    columns = ("items", "missing", "who could give it", "for")
    print_table(columns if most is None else columns[:-1], rows[:most])
    if most is not None and len(rows) > most:
        out.print()
        out.print(f"{len(rows) - most} more gaps: --catalogue ID lists those of a catalogue, --json all.")


def _named(items: Sequence[str]) -> str:
    return ", ".join(items[:_IDS]) + (" and more" if len(items) > _IDS else "")


def _labelled(out: Console, name: str, text: str) -> None:
    label = f"{name}:".ljust(_LABELS) if name else " " * _LABELS
    lines = textwrap.wrap(plain(text), max(20, out.width - _LABELS)) or [""]
    for index, line in enumerate(lines):
        out.print(Text.assemble((label if index == 0 else " " * _LABELS, "dim"), line), soft_wrap=True)
