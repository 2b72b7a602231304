"""How one item is answered by a run and the stated facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from governance.catalogues.answers import Answer, FactKey, Selector
from governance.catalogues.applicability import Applicability
from governance.catalogues.model import Item
from governance.catalogues.parts import FactState, FactUse, Gap, Measured, Parts, RecordUse, told
from governance.catalogues.run_record import RunRecord
from governance.evidence.model import Measurement
from governance.spec.document import PLACEHOLDER
from governance.spec.model import Fact, Written

Status = Literal["evidenced", "declared only", "not evidenced", "not applicable"]
STATUSES: tuple[Status, ...] = ("evidenced", "declared only", "not evidenced", "not applicable")
MOST_IDS = 12
"""Measurements that are named for one selector; those about everyone and unchanged inputs come first."""
NOTHING_ANSWERS = "nothing in this toolkit answers it"


class ItemStatus(Written):
    """What one item came to.

    Attributes
    ----------
    status
        `evidenced`: all that the answer names is there, and some of it is measured or recorded. `declared only`: all is
        there, and all of it is statements, or one of them is that something is absent. `not evidenced`: something is
        missing. `not applicable`: the item does not bind, whatever is unknown. None of them says that an answer is
        favourable: a statement that something is not done is a statement.
    reason
        What it rests on, what is missing, or why it does not bind.
    applicability
        Whether the item binds; None for catalogues that have no rules for that.
    missing
        What is not there; empty unless the item is not evidenced.
    """

    id: str
    ref: str
    title: str
    status: Status
    reason: str
    applicability: Applicability | None = None
    parts: Parts = Parts()
    missing: tuple[Gap, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class Answering:
    """Answers items from one run on one day.

    Attributes
    ----------
    on
        The day against which facts are held; one whose review was due before it counts as missing.
    keys
        The vocabulary of facts.
    """

    run: RunRecord
    on: dt.date
    keys: Mapping[str, FactKey]

    def answer(self, item: Item, answer: Answer | None, applies: Applicability | None) -> ItemStatus:
        """Return what an item came to; without an answer nothing here answers it."""
        parts = self.parts(answer) if answer is not None else Parts()
        status, reason, missing = _settled(item, answer, parts, applies)
        return ItemStatus(
            id=item.id,
            ref=item.ref,
            title=item.title,
            status=status,
            reason=reason,
            applicability=applies,
            parts=parts if status != "not applicable" else Parts(),
            missing=missing,
            note=answer.note if answer is not None else None,
        )

    def parts(self, answer: Answer) -> Parts:
        """Return the parts that an answer names, as they are there or not."""
        return Parts(
            facts=tuple(self.fact(key) for key in answer.facts),
            stated={key: self.run.spec.regulatory.value(key) for key in answer.regulatory},
            measured=tuple(self.measured(selector) for selector in answer.measured),
            recorded=tuple(RecordUse(name=name, words=self.run.recorded.get(name)) for name in answer.recorded),
            needs=answer.needs,
        )

    def fact(self, key: str) -> FactUse:
        """Return whether a fact is stated, filled in and not past its review."""
        title = self.keys[key].title if key in self.keys else key
        found = self.run.spec.facts.get(key)
        if found is None:
            return FactUse(key=key, title=title, state="not stated")
        return FactUse(
            key=key,
            title=title,
            state=self._state(found),
            owner=found.owner,
            date=found.date,
            review_by=found.review_by,
            disclosure=found.disclosure,
            absent=found.absent,
        )

    def _state(self, fact: Fact) -> FactState:
        if PLACEHOLDER in fact.statement.lower():
            return "to be filled"
        return "past its review" if fact.review_by < self.on else "stated"

    def measured(self, selector: Selector) -> Measured:
        """Return the measurements that answer a selector."""
        found = {m.id: m for leaf in selector.leaves() for m in self._matching(leaf)}
        first = sorted(found.values(), key=_plainest)[:MOST_IDS]
        return Measured(asked=selector.words, found=len(found), measurements=tuple(m.id for m in first))

    def _matching(self, leaf: Selector) -> Iterator[Measurement]:
        candidates = self._by_metric.get(leaf.metric, ()) if leaf.metric else self.run.evidence.measurements
        for m in candidates:
            if m.status == "measured" and _answers(m, leaf, self.run.role(m.dataset)):
                yield m

    @cached_property
    def _by_metric(self) -> Mapping[str, list[Measurement]]:
        found: dict[str, list[Measurement]] = {}
        for m in self.run.evidence.measurements:
            found.setdefault(m.metric, []).append(m)
        return found


def _answers(m: Measurement, leaf: Selector, role: str | None) -> bool:
    """Say whether a measurement is one that a selector names."""
    if leaf.evaluator is not None and m.evaluator != leaf.evaluator:
        return False
    if leaf.dataset_role is not None and role != leaf.dataset_role:
        return False
    if leaf.grouped and not (m.slice or m.over):
        return False
    if leaf.condition is None:
        return m.condition.is_clean
    return not m.condition.is_clean if leaf.condition is True else m.condition.name == leaf.condition


def _plainest(m: Measurement) -> tuple[bool, bool, bool, str]:
    """Order measurements: values before contrasts, everyone before groups, unchanged inputs first."""
    return m.estimand != "value", bool(m.slice or m.over), not m.condition.is_clean, m.id


def _settled(
    item: Item, answer: Answer | None, parts: Parts, applies: Applicability | None
) -> tuple[Status, str, tuple[Gap, ...]]:
    """Return the status, what it rests on, and what is missing."""
    if applies is not None and applies.state == "not applicable":
        return "not applicable", applies.reason, ()
    who = "the deployer" if item.applies_to == ("deployer",) else "the provider"
    if answer is None:
        return "not evidenced", NOTHING_ANSWERS, (Gap(kind="answer", what=NOTHING_ANSWERS, who=who),)
    missing = tuple(parts.gaps(who))
    if missing:
        return "not evidenced", told(missing), missing
    return "evidenced" if parts.shown_by_run else "declared only", parts.rests_on, ()
