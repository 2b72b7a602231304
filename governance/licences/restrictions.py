"""The use restrictions in force: the union of inherited and new ones, of which none is ever dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from governance.errors import near_name
from governance.evidence.model import Frozen
from governance.licences.catalogue import Catalogue, Restriction, rail_catalogue
from governance.licences.errors import LicenceError
from governance.licences.inputs import Traced, building
from governance.licences.known import Found, KnownLicence
from governance.spec.model import Licence, Spec

_OWN = "not upstream: added by the provider"
_PURPOSE = ("intended_purpose", "intended-purpose", "intended_use", "intended-use")


class MeasuredBehaviour(Frozen):
    """What a run can measure that bears on a restriction: ``evaluator.metric``, and what that leaves open."""

    label: str
    metrics: tuple[str, ...]
    does_not_show: str


class RestrictionInForce(Frozen):
    """A use restriction in force; `inherited_from` names the base licences that bring it, none for a new one.

    Attributes
    ----------
    source, clause, version
        Where it comes from: the licence that brings it, the clause there and the date of that text.
    found_in
        Every licence text that brings it, with its clause.
    behaviours
        What a run can measure that bears on it. No measurement shows that a restriction is kept.
    """

    id: str
    label: str
    source: str
    clause: str | None = None
    version: str | None = None
    retrieved: str | None = None
    upstream: bool
    inherited_from: tuple[str, ...] = ()
    found_in: tuple[str, ...] = ()
    behaviours: tuple[MeasuredBehaviour, ...] = ()

    @property
    def measured_by(self) -> tuple[str, ...]:
        """Names of the metrics that bear on it, ``evaluator.metric``, each once."""
        return tuple(dict.fromkeys(metric for behaviour in self.behaviours for metric in behaviour.metrics))


def restrictions_in_force(licence: Licence, own: Found, traced: tuple[Traced, ...]) -> tuple[RestrictionInForce, ...]:
    """Return inherited restrictions first, then new ones from the catalogue, then the provider's own; each once.

    Parameters
    ----------
    own
        The model's own licence, as far as it is a known one.
    traced
        What the model is built on.

    Raises
    ------
    LicenceError
        If a restriction is not known, or an own one would replace one in force.
    """
    catalogue = rail_catalogue()
    brought: dict[str, list[tuple[str, KnownLicence]]] = {}
    for origin, known in _bringing(licence, own, traced):
        for name in known.restrictions:
            brought.setdefault(name, []).append((origin, known))
    for index, name in enumerate(licence.restrictions):
        if name not in catalogue.restrictions:
            hint = f"{near_name(name, catalogue.restrictions)}\n  a clause of your own goes under own_restrictions"
            raise LicenceError(f"unknown use restriction '{name}'", "restrictions", index, hint=hint)
        brought.setdefault(name, [])
    for name in licence.own_restrictions:
        if name in brought:
            raise LicenceError(
                f"'{name}' is the name of a restriction in force, which an own one would replace",
                "own_restrictions",
                name,
                hint="give it another name; inherited restrictions stay as they are",
            )
    own_ones = (
        RestrictionInForce(id=name, label=text, source=_OWN, upstream=False)
        for name, text in licence.own_restrictions.items()
    )
    return (*(_restriction(name, licences, catalogue) for name, licences in brought.items()), *own_ones)


def _bringing(licence: Licence, own: Found, traced: tuple[Traced, ...]) -> Iterator[tuple[str, KnownLicence]]:
    """Yield the known licences whose restrictions bind the model, with the name of what is under each."""
    yield from ((licence.kind, known) for known in own.entries)
    for one in building(traced):
        for known in one.found.entries:
            if one.input.kind not in known.not_on:
                yield one.origin, known


def _restriction(name: str, brought: list[tuple[str, KnownLicence]], catalogue: Catalogue) -> RestrictionInForce:
    entry = catalogue.restrictions[name]
    places = [(known.restrictions_from or entry.source, known.restrictions[name]) for _, known in brought]
    places = list(dict.fromkeys(places)) or [(entry.source, entry.clause)]
    (where, clause), source = places[0], catalogue.sources[places[0][0]]
    return RestrictionInForce(
        id=name,
        label=entry.label,
        source=f"{source.title} ({source.reference})",
        clause=clause,
        version=source.date.isoformat(),
        retrieved=source.read.isoformat(),
        upstream=where != "this-project",
        inherited_from=tuple(dict.fromkeys(origin for origin, _ in brought)),
        found_in=tuple(f"{catalogue.sources[key].title}, {place}" for key, place in places),
        behaviours=tuple(_behaviours(entry, catalogue)),
    )


def _behaviours(entry: Restriction, catalogue: Catalogue) -> Iterator[MeasuredBehaviour]:
    for key in entry.measured_by:
        found = catalogue.behaviours[key]
        yield MeasuredBehaviour(label=found.label, metrics=found.metrics, does_not_show=found.does_not_show)


def contradictions(spec: Spec, restrictions: tuple[RestrictionInForce, ...]) -> Iterator[str]:
    """Warn of restrictions that forbid what the model is for."""
    catalogue = rail_catalogue()
    purpose = next((spec.facts[name].statement for name in _PURPOSE if name in spec.facts), None)
    for restriction in restrictions:
        entry = catalogue.restrictions.get(restriction.id)
        contradiction = entry.contradicts if entry is not None else None
        if contradiction is None:
            continue
        said = purpose.lower() if purpose is not None else ""
        if contradiction.always or any(re.search(rf"\b{re.escape(word)}\b", said) for word in contradiction.words):
            stated = "" if purpose is not None else " No intended purpose is stated, so a medical one is assumed."
            what = f"{restriction.id} ({restriction.label}) may forbid the intended purpose."
            yield f"{what} {contradiction.because}{stated}"
