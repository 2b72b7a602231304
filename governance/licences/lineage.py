"""What may be done with a model by the licences of what it is built on, which duties follow, and what is not settled.

A table look-up with reasons and sources, and no legal advice. Whether a model counts as adapted from its training data
is an open question in law: findings hand it to counsel and answer nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from governance.evidence.model import Frozen
from governance.licences.catalogue import Answer
from governance.licences.conflicts import OwnTerms, findings
from governance.licences.findings import LineageFinding
from governance.licences.inputs import LineageInput, Traced, building
from governance.licences.known import ASKED, KnownLicence, least, licence_table

_ASKED_OF_ALL = {
    "commercial_use": "Commercial use of all that it is built on",
    "derivatives": "Adapting all that it is built on",
    "redistribution": "Passing on all that it is built on",
}
_OF_TERMS = ("attribution", "share_alike", "research_only", "data_use_agreement", "use_restrictions")
"""Terms that bring the duty of the same name."""
_NOT_OF_EVALUATING = ("share-alike", "no-derivatives", "use-restrictions")
"""Duties that follow only from what is in the model."""
_OWN = "this licence"


class Permission(Frozen):
    """What the licences of the inputs allow together: the least that any of them allows, and which one that is."""

    asked: Literal["commercial_use", "derivatives", "redistribution"]
    label: str
    answer: Answer
    because: tuple[str, ...]


class Duty(Frozen):
    """Something that must be done, from which inputs it follows, and where that was looked up."""

    id: str
    text: str
    because: tuple[str, ...]
    sources: tuple[str, ...]


class Lineage(Frozen):
    """What a model is built on and what follows.

    Attributes
    ----------
    stated
        Whether the provider says what it is built on; an empty list says that it is nothing of others.
    permissions
        What is allowed with all inputs and under the model's own licence, one for each question.
    findings
        What is not settled: conflicts, unknown licences, terms that were not read in the licence.
    """

    stated: bool
    inputs: tuple[LineageInput, ...] = ()
    permissions: tuple[Permission, ...] = ()
    duties: tuple[Duty, ...] = ()
    findings: tuple[LineageFinding, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing is left to settle: all inputs and licences are stated and known, and none conflicts."""
        return not self.findings


def lineage_of(traced: tuple[Traced, ...], own: OwnTerms, *, stated: bool) -> Lineage:
    """Work out permissions, duties and findings.

    Adding an input never removes a duty or a finding about another input, and never turns an answer more permissive.
    """
    return Lineage(
        stated=stated,
        inputs=tuple(one.input for one in traced),
        permissions=tuple(_permissions(traced, own)),
        duties=tuple(_duties(traced)),
        findings=tuple(findings(traced, own, stated=stated)),
    )


def _permissions(traced: tuple[Traced, ...], own: OwnTerms) -> Iterator[Permission]:
    for asked in ASKED:
        answers: list[tuple[str, Answer]] = [(f"{_OWN} ({own.name})", own.answer(asked))]
        answers += [(one.input.label, one.found.answer(asked)) for one in building(traced)]
        lowest = least([answer for _, answer in answers])
        because = dict.fromkeys(label for label, answer in answers if answer == lowest)
        yield Permission(asked=asked, label=_ASKED_OF_ALL[asked], answer=lowest, because=tuple(because))


@dataclass
class _Gathered:
    text: str
    because: dict[str, None] = field(default_factory=dict)
    sources: dict[str, None] = field(default_factory=dict)


def _duties(traced: tuple[Traced, ...]) -> Iterator[Duty]:
    gathered: dict[str, _Gathered] = {}
    for one in traced:
        for name, text in _of_one(one):
            duty = gathered.setdefault(name, _Gathered(text))
            evaluated = ", only evaluated with" if one.input.used_for == "evaluating" else ""
            duty.because[f"{one.input.label}{evaluated}"] = None
            duty.sources[one.source] = None
    for name, duty in gathered.items():
        yield Duty(id=name, text=duty.text, because=tuple(duty.because), sources=tuple(duty.sources))


def _of_one(one: Traced) -> Iterator[tuple[str, str]]:
    """Yield the duties that follow from one input, each by its id."""
    texts = licence_table().duties
    names = [name for entry in one.found.entries for name in _of_entry(entry, one)]
    if one.found.unknown or not one.found.ids:
        names.append("find-out")
    left_out = _NOT_OF_EVALUATING if one.input.used_for == "evaluating" else ()
    yield from ((name, texts[name]) for name in dict.fromkeys(names) if name not in left_out)
    for entry in one.found.entries:
        yield from entry.own_duties.items()


def _of_entry(entry: KnownLicence, one: Traced) -> Iterator[str]:
    for term in _OF_TERMS:
        if getattr(entry, term) == "yes" and not (term == "use_restrictions" and one.input.kind in entry.not_on):
            yield term.replace("_", "-")
    denied: Mapping[str, str] = {
        "commercial_use": "non-commercial",
        "derivatives": "no-derivatives",
        "redistribution": "no-redistribution",
    }
    yield from (duty for asked, duty in denied.items() if getattr(entry, asked) == "no")
    if "unknown" in (getattr(entry, term) for term in (*ASKED, *_OF_TERMS)):
        yield "find-out"
