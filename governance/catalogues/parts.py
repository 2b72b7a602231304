"""The parts that an answer names, as a run and the stated facts have them, and what is missing among them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from governance.catalogues.answers import Need, Recorded
from governance.spec.model import Disclosure, Written
from governance.spec.regulatory import UNKNOWN

FactState = Literal["stated", "not stated", "to be filled", "past its review"]
GapKind = Literal["fact", "measurement", "record", "document", "answer", "regulatory"]

EVALUATES = "whoever evaluates the model"
_NEEDS: Mapping[Need, tuple[str, str]] = {
    "signed_document": ("a document signed by the responsible person", "the responsible person"),
    "third_party_document": ("a document of a third party", "the third party, such as a notified body"),
    "log": ("logs of the system in use", "whoever operates the system"),
}
"""What neither facts nor a run can give, and who can."""


class FactUse(Written):
    """A fact that an item asks for, with its owner and dates; a fact past its review counts as missing."""

    key: str
    title: str
    state: FactState
    owner: str | None = None
    date: dt.date | None = None
    review_by: dt.date | None = None
    disclosure: Disclosure | None = None
    absent: bool = False


class Measured(Written):
    """A selector, how many measurements answer it, and the ids of the first of them."""

    asked: str
    found: int
    measurements: tuple[str, ...] = ()


class RecordUse(Written):
    """Something that a run records, in a phrase; None where it is not there."""

    name: Recorded
    words: str | None = None


class Gap(Written):
    """What is missing for an item, and who could give it."""

    kind: GapKind
    what: str
    who: str


class Parts(Written):
    """What an item rests on.

    Attributes
    ----------
    stated
        Entries of the `regulatory` part that answer it, by key.
    needs
        What it needs besides, which is never there.
    """

    facts: tuple[FactUse, ...] = ()
    stated: dict[str, str] = Field(default_factory=dict)
    measured: tuple[Measured, ...] = ()
    recorded: tuple[RecordUse, ...] = ()
    needs: tuple[Need, ...] = ()

    @property
    def shown_by_run(self) -> bool:
        """Whether something of it is measured or recorded, and nothing of it is stated to be absent."""
        if self.absent:
            return False
        return any(one.found for one in self.measured) or any(one.words is not None for one in self.recorded)

    @property
    def absent(self) -> tuple[str, ...]:
        """Facts of which the statement is that there is none, or that it was not done."""
        return tuple(fact.key for fact in self.facts if fact.state == "stated" and fact.absent)

    @property
    def rests_on(self) -> str:
        """What is there, in words."""
        told = (
            ("measured", [f"{one.found} number{'s' * (one.found != 1)}" for one in self.measured if one.found]),
            ("recorded", [_spaced(one.name) for one in self.recorded if one.words is not None]),
            ("stated", [fact.key for fact in self.facts if fact.state == "stated" and not fact.absent]),
            ("stated to be absent", list(self.absent)),
            ("stated in `regulatory`", [key for key, value in self.stated.items() if value != UNKNOWN]),
        )
        return "; ".join(f"{name}: {', '.join(found)}" for name, found in told if found)

    def gaps(self, who: str) -> Iterator[Gap]:
        """Yield what is missing; `who` states facts that have no owner yet."""
        for fact in self.facts:
            if fact.state == "past its review":
                what = f"fact past its review of {fact.review_by}: {fact.key}"
                yield Gap(kind="fact", what=what, who=fact.owner or who)
            elif fact.state != "stated":
                yield Gap(kind="fact", what=f"fact {fact.state}: {fact.key}", who=fact.owner or who)
        for key, value in self.stated.items():
            if value == UNKNOWN:
                yield Gap(kind="regulatory", what=f"unknown in `regulatory`: {key}", who=who)
        for asked in self.measured:
            if not asked.found:
                yield Gap(kind="measurement", what=f"not measured: {asked.asked}", who=EVALUATES)
        for record in self.recorded:
            if record.words is None:
                yield Gap(kind="record", what=f"not recorded by this run: {_spaced(record.name)}", who=EVALUATES)
        for need in self.needs:
            what, by = _NEEDS[need]
            yield Gap(kind="document", what=what, who=by)


def told(gaps: tuple[Gap, ...]) -> str:
    """Return what is missing in one sentence, things of one kind together."""
    groups: dict[str, list[str]] = {}
    for gap in gaps:
        kind, _, what = gap.what.partition(": ")
        groups.setdefault(kind, []).append(what)
    words = [f"{kind} ({', '.join(what)})" if any(what) else kind for kind, what in groups.items()]
    return f"missing: {'; '.join(words)}"


def _spaced(name: str) -> str:
    return name.replace("_", " ")
