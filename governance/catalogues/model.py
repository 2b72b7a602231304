"""Catalogues of requirements in one form, whatever form their files have."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Literal

from governance.spec.model import Text, Written

Automation = Literal["full", "partial", "none"]
"""How much of an item a run of the toolkit can fill; an engineering judgement, item by item."""
EvidenceKind = Literal["metric", "metadata", "log", "human_statement", "signed_document", "third_party_document"]


class WantedEvidence(Written):
    """One piece of evidence that an item asks for."""

    kind: EvidenceKind
    what: Text


class Item(Written):
    """One requirement of a catalogue, in the catalogue's own words and with its own marks.

    Attributes
    ----------
    ref
        Where it stands in its source, for people: ``Annex IV(2)(g)``; the id where the source has no other name.
    applies_to, scope, application
        Whom it binds, which systems, and the key of its dates in the catalogue; empty where the catalogue has none.
    verified
        The catalogue's mark of how well the item was checked against its source; None where it has none.
    """

    id: Text
    ref: Text
    title: Text
    text: Text | None = None
    section: Text | None = None
    applies_to: tuple[Text, ...] = ()
    scope: Text | None = None
    application: Text | None = None
    automation: Automation | None = None
    evidence: tuple[WantedEvidence, ...] = ()
    verified: Text | None = None
    amended_by: Text | None = None
    phase: Text | None = None
    recipients: tuple[Text, ...] = ()
    annex_basis: Text | None = None
    status: Text | None = None
    note: Text | None = None


class Note(Written):
    """What a catalogue says of itself beside its items: basis, status, legends, marks of doubt."""

    about: Text
    text: Text


class Catalogue(Written):
    """A catalogue: where it comes from, when it was looked up, under which licence, and its items."""

    id: Text
    file: Text
    title: Text
    source: Text
    date: dt.date
    licence: Text | None = None
    notes: tuple[Note, ...] = ()
    items: tuple[Item, ...]

    @cached_property
    def by_id(self) -> dict[str, Item]:
        """Items by id."""
        return {item.id: item for item in self.items}

    def noted(self, about: str) -> tuple[Note, ...]:
        """Return the notes about something, by the start of their name: ``legend.application``."""
        return tuple(note for note in self.notes if note.about == about or note.about.startswith(f"{about}."))
