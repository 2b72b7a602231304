"""What does not go together: the licences of the inputs against the licence that the model is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from governance.licences.catalogue import Answer, Known
from governance.licences.findings import FindingKind, LineageFinding
from governance.licences.inputs import Traced
from governance.licences.known import ASKED, Found, find_licence

_NOT_STATED = (
    "What the model is built on is not stated: base models, training data and code with their licences go under "
    "licence.built_on, and an empty list states that there are none."
)
_ASKED_IN_WORDS = {
    "commercial_use": "commercial use",
    "derivatives": "adapting it",
    "redistribution": "passing it on",
    "share_alike": "a duty to share alike",
    "attribution": "a duty to name its makers",
    "use_restrictions": "which uses it restricts",
    "data_use_agreement": "an agreement on its use",
    "research_only": "whether it is for research only",
}


@dataclass(frozen=True)
class OwnTerms:
    """What the licence of the model itself allows.

    Attributes
    ----------
    ids
        Its entries in the table of known licences.
    answers
        By what is asked; what is missing is unknown.
    hidden_restrictions
        Whether it restricts uses that are not known here.
    """

    name: str
    ids: tuple[str, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    research_only: Known = "unknown"
    hidden_restrictions: bool = False

    def answer(self, asked: str) -> Answer:
        """Return what it says to a question."""
        return self.answers.get(asked, "unknown")

    def grants(self, asked: str) -> bool:
        """Whether it may be read as allowing something: unless it says no."""
        return self.answer(asked) != "no"


def findings(traced: tuple[Traced, ...], own: OwnTerms, *, stated: bool) -> Iterator[LineageFinding]:
    """Yield what is left to settle, in the order of the inputs."""
    if not stated:
        yield LineageFinding(kind="not stated", about="built_on", message=_NOT_STATED)
    if own.hidden_restrictions:
        message = f"{own.name} restricts uses that are not known here, so they cannot be listed or passed on: read it."
        yield LineageFinding(kind="unknown", about="kind", message=message, keys=("licence", "kind"))
    for one in traced:
        for kind, message in _of_one(one, own):
            yield LineageFinding(
                kind=kind, about=one.input.name, message=message, source=one.input.source, keys=one.keys
            )


def _of_one(one: Traced, own: OwnTerms) -> Iterator[tuple[FindingKind, str]]:
    if one.input.used_for == "building":
        yield from (("conflict", found) for rule in _RULES if (found := rule(one, own)) is not None)
    unknown = _unknown(one, own)
    if unknown is not None:
        yield "unknown", unknown
    check = _to_check(one)
    if check is not None:
        yield "to check", check


def _commercial(one: Traced, own: OwnTerms) -> str | None:
    if one.found.answer("commercial_use") != "no" or not own.grants("commercial_use"):
        return None
    return (
        f"{one.input.label} may not be used commercially, and {own.name} does not rule that out for the model: "
        "ask counsel."
    )


def _research(one: Traced, own: OwnTerms) -> str | None:
    if one.found.known("research_only") != "yes" or own.research_only == "yes":
        return None
    return f"{one.input.label} is for research only, and {own.name} does not limit the model to research: ask counsel."


def _share_alike(one: Traced, own: OwnTerms) -> str | None:
    asking = [(key, entry) for key, entry in zip(one.found.ids, one.found.entries, strict=True)]
    for key, entry in asking:
        if entry.share_alike == "yes" and not (own.ids and set(own.ids) <= {key, *entry.compatible}):
            return (
                f"{one.input.label} asks that what is adapted from it stays under the same licence, which {own.name} "
                "is not known to be: whether the model counts as adapted is a question for counsel."
            )
    return None


def _derivatives(one: Traced, own: OwnTerms) -> str | None:
    if one.found.answer("derivatives") != "no" or not own.grants("redistribution"):
        return None
    return (
        f"{one.input.label} does not allow adapted versions to be passed on, and {own.name} may: whether the model "
        "counts as adapted is a question for counsel."
    )


def _redistribution(one: Traced, own: OwnTerms) -> str | None:
    if one.found.answer("redistribution") != "no" or not own.grants("redistribution"):
        return None
    return (
        f"{one.input.label} may not be passed on, and {own.name} may allow passing on the model: what of it a model "
        "may carry is a question for counsel."
    )


_RULES: tuple[Callable[[Traced, OwnTerms], str | None], ...] = (
    _commercial,
    _research,
    _share_alike,
    _derivatives,
    _redistribution,
)


def _unknown(one: Traced, own: OwnTerms) -> str | None:
    """Say what nobody knows of a licence; what the model's own licence rules out need not be known."""
    tail = "nothing is taken as allowed."
    if not one.found.ids and not one.found.unknown:
        return f"The licence of {one.input.name} is not known: {tail}"
    if one.found.unknown:
        return f"What {', '.join(one.found.unknown)} of {one.input.name} allows is not in the table of licences: {tail}"
    terms = [
        words
        for term, words in _ASKED_IN_WORDS.items()
        if "unknown" in {getattr(entry, term) for entry in one.found.entries}
        and (term not in ASKED or own.grants(term))
    ]
    return (
        f"Of {one.input.label} it is not known: {', '.join(terms)}. What is not known is not taken as allowed."
        if terms
        else None
    )


def _to_check(one: Traced) -> str | None:
    """Say what was not read in the licence itself, or is stated in two ways."""
    if one.dataset is not None and one.input.stated_by == "the provider" and one.dataset.licence is not None:
        printed = find_licence(one.dataset.licence)
        if printed.ids != one.found.ids:
            return (
                f"{one.input.name} is stated to be under {one.found.written}, and {one.dataset.source} prints "
                f"{one.dataset.licence}: check which holds."
            )
    if one.input.stated_by == "the table of datasets":
        return (
            f"The licence of {one.input.label} is taken from {one.dataset.source if one.dataset else 'a table'} and "
            "was not checked with its provider: check it, and state it under `licence`."
        )
    if one.found.ids and not all(entry.verified for entry in one.found.entries):
        return (
            f"The terms of {one.input.label} in the table of licences were not read in the licence itself: check them."
        )
    return None


def asked_of(found: Found) -> Mapping[str, Answer]:
    """Return what a licence answers to each question."""
    return {asked: found.answer(asked) for asked in ASKED}
