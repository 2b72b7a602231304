"""Coverage: what each item of the catalogues came to for one run, and the register of gaps."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any

from governance.catalogues.answering import STATUSES, Answering, ItemStatus, Status
from governance.catalogues.answers import all_answers, fact_keys
from governance.catalogues.applicability import applicability, provisional
from governance.catalogues.loading import all_catalogues, catalogue
from governance.catalogues.model import Catalogue
from governance.catalogues.parts import GapKind
from governance.catalogues.rules import all_rules
from governance.catalogues.run_record import RunRecord, read_run
from governance.evidence.folder import RunFolder
from governance.spec.model import Written


class GapEntry(Written):
    """A line of the register of gaps: what is missing, who could give it, and the items that wait for it."""

    kind: GapKind
    what: str
    who: str
    items: tuple[str, ...]


class CatalogueCoverage(Written):
    """What the items of one catalogue came to.

    Attributes
    ----------
    provisional
        What stands beside every computed applicability; None for catalogues without rules for it.
    remarks
        What the catalogue says must stand beside what is made of it.
    counts
        Items by status.
    undecided
        Keys of the `regulatory` part that are unknown, each with the number of items that wait for it.
    """

    catalogue: str
    title: str
    source: str
    date: dt.date
    licence: str | None
    provisional: str | None
    remarks: tuple[str, ...]
    counts: dict[Status, int]
    undecided: dict[str, int]
    items: tuple[ItemStatus, ...]

    @property
    def gaps(self) -> tuple[GapEntry, ...]:
        """The register of gaps, most wanted first."""
        found: dict[tuple[GapKind, str, str], list[str]] = {}
        for item in self.items:
            for gap in item.missing:
                found.setdefault((gap.kind, gap.what, gap.who), []).append(item.id)
        entries = (
            GapEntry(kind=kind, what=what, who=who, items=tuple(ids)) for (kind, what, who), ids in found.items()
        )
        return tuple(sorted(entries, key=lambda entry: (-len(entry.items), entry.what)))


class Coverage(Written):
    """What the items of catalogues came to for one run on one day."""

    run_id: str
    subject: str
    version: str
    on: dt.date
    catalogues: tuple[CatalogueCoverage, ...]


def coverage(folder: RunFolder, *, only: Sequence[str] = (), on: dt.date | None = None) -> Coverage:
    """Say what the items of the catalogues came to for a run.

    Parameters
    ----------
    only
        Catalogues by id or file name; by default all that something answers.
    on
        The day against which facts and dates of application are held; by default today.

    Raises
    ------
    InputError
        If a catalogue is not known, or a file of the run is missing or malformed.
    """
    chosen = [catalogue(name) for name in only] or [all_catalogues()[name] for name in sorted(all_answers())]
    run = read_run(folder)
    day = on or dt.datetime.now(dt.UTC).date()
    return Coverage(
        run_id=run.run_id,
        subject=run.spec.subject.name,
        version=run.spec.subject.version,
        on=day,
        catalogues=tuple(cover(run, one, day) for one in dict.fromkeys(chosen)),
    )


def cover(run: RunRecord, of: Catalogue, on: dt.date) -> CatalogueCoverage:
    """Say what the items of one catalogue came to."""
    answering = Answering(run, on, fact_keys())
    answers = all_answers()[of.id].answers if of.id in all_answers() else {}
    items = tuple(
        answering.answer(item, answers.get(item.id), applicability(of, item, run.spec.regulatory, on))
        for item in of.items
    )
    counted = Counter(item.status for item in items)
    waiting = Counter(key for item in items if item.applicability for key in item.applicability.missing)
    return CatalogueCoverage(
        catalogue=of.id,
        title=of.title,
        source=of.source,
        date=of.date,
        licence=of.licence,
        provisional=provisional(of) if of.id in all_rules() else None,
        remarks=tuple(note.text for note in of.noted("attribution")),
        counts={status: counted[status] for status in STATUSES},
        undecided=dict(sorted(waiting.items(), key=lambda pair: (-pair[1], pair[0]))),
        items=items,
    )


def coverage_json(found: Coverage) -> dict[str, Any]:
    """Return the coverage as plain content, each catalogue with its register of gaps."""
    content = found.model_dump(mode="json")
    for plain, one in zip(content["catalogues"], found.catalogues, strict=True):
        plain["gaps"] = [gap.model_dump(mode="json") for gap in one.gaps]
    return content
