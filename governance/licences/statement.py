"""What can be said of a model's licence: its reference, the restrictions in force, and where they come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from governance.errors import InputError, near_name
from governance.evidence.model import Frozen
from governance.licences.catalogue import Catalogue, KnownLicence, rail_catalogue
from governance.licences.rail import RailKind, looks_like_rail, rail_kind
from governance.spec import LoadedSpec
from governance.spec.model import Licence, Spec

_OWN = "not upstream: added by the provider"
_PURPOSE = ("intended_purpose", "intended-purpose", "intended_use", "intended-use")
_UNDER = " under "
_SPDX = re.compile(r"[A-Za-z0-9.+-]+(?:\s+(?:AND|OR|WITH)\s+[A-Za-z0-9.+-]+)*")


class LicenceError(InputError):
    """Something wrong in the licence of a spec; `keys` lead to it."""

    def __init__(self, message: str, *keys: str | int, hint: str | None = None) -> None:
        self.keys = ("licence", *keys)
        super().__init__(message, hint=hint)


class RestrictionInForce(Frozen):
    """A use restriction in force; `inherited_from` names the base licences that bring it, none for a new one."""

    id: str
    label: str
    source: str
    clause: str | None = None
    version: str | None = None
    retrieved: str | None = None
    upstream: bool
    inherited_from: tuple[str, ...] = ()


class LicenceStatement(Frozen):
    """What the notice, `licence.json` and the documents say of a licence. A summary: only the licence text counts."""

    status: Literal["given", "not provided"]
    kind: str | None = None
    title: str | None = None
    is_rail: bool = False
    permits: str | None = None
    artifacts: tuple[str, ...] = ()
    spdx: str | None = None
    on_spdx_list: bool = False
    huggingface: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it
    licensor: str | None = None
    text: str | None = None
    inherits: tuple[str, ...] = ()
    restrictions: tuple[RestrictionInForce, ...] = ()
    flow_down: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def describe_licence(spec: Spec) -> LicenceStatement:
    """Work out the licence of a spec: the union of inherited and new restrictions, of which none is ever dropped.

    Raises
    ------
    InputError
        If a restriction, a base licence or a kind is not known, or the licence cannot carry the restrictions.
    """
    licence = spec.licence
    if licence is None:
        return LicenceStatement(status="not provided")
    catalogue = rail_catalogue()
    known = catalogue.licences.get(licence.kind)
    rail = None
    if known is None and looks_like_rail(licence.kind):
        written = "artifacts" in licence.model_fields_set
        try:
            rail = rail_kind(licence.kind, licence.artifacts, artifacts_written=written)
        except InputError as error:
            raise LicenceError(error.message, "kind", hint=error.hint) from None
    restrictions = tuple(_in_force(licence, known, catalogue))
    carries = rail is not None or (known is not None and bool(known.restrictions))
    if restrictions and not carries:
        first = restrictions[0]
        from_where = f" inherited from {', '.join(first.inherited_from)}" if first.inherited_from else ""
        raise LicenceError(
            f"the licence {licence.kind} cannot carry the use restriction '{first.id}'{from_where}",
            "kind",
            hint="a restriction needs a RAIL kind, for example kind: OpenRAIL-M",
        )
    common = {
        "status": "given",
        "licensor": licence.licensor,
        "text": licence.text,
        "inherits": licence.inherits,
        "restrictions": restrictions,
        "warnings": tuple(_warnings(spec, restrictions, catalogue)),
    }
    if rail is not None:
        return LicenceStatement.model_validate({**common, **_of_rail(rail, spec, catalogue)})
    return LicenceStatement.model_validate({**common, **_of_other(licence, known, catalogue)})


def check_licence(loaded: LoadedSpec) -> LicenceStatement:
    """Do what `describe_licence` does; what is wrong is an error at its line of the spec."""
    try:
        return describe_licence(loaded.spec)
    except LicenceError as error:
        raise loaded.error(error.keys, error.message, error.hint) from None


def _of_rail(rail: RailKind, spec: Spec, catalogue: Catalogue) -> dict[str, object]:
    reference = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{spec.subject.name}-{spec.subject.version}-{rail.name}").strip("-")
    must = catalogue.flow_down.must
    return {
        "kind": rail.name,
        "title": f"{rail.name} licence of {spec.subject.name} {spec.subject.version}",
        "is_rail": True,
        "permits": rail.permits,
        "artifacts": rail.artifacts,
        "spdx": f"LicenseRef-{reference}",
        "huggingface": {"license": "other", "license_name": reference.lower(), "license_link": "licence/NOTICE.md"},
        "flow_down": (*must, catalogue.flow_down.research) if rail.prefix == "Research" else must,
    }


def _of_other(licence: Licence, known: KnownLicence | None, catalogue: Catalogue) -> dict[str, object]:
    if known is None and not _SPDX.fullmatch(licence.kind):
        raise LicenceError(
            f"'{licence.kind}' is neither a RAIL kind nor an SPDX expression",
            "kind",
            hint=near_name(licence.kind, catalogue.licences),
        )
    spdx = known.spdx if known is not None else licence.kind
    is_rail = known is not None and bool(known.restrictions)
    name = known.huggingface if known is not None else None
    return {
        "kind": licence.kind,
        "title": known.title if known is not None else licence.kind,
        "is_rail": is_rail,
        "permits": "use within the restrictions of the licence text" if is_rail else None,
        "artifacts": licence.artifacts,
        "spdx": spdx,
        "on_spdx_list": known is not None and not spdx.startswith("LicenseRef-"),
        "huggingface": {"license": name} if name else {"license": "other", "license_name": licence.kind},
        "flow_down": catalogue.flow_down.must if is_rail else (),
    }


def _in_force(licence: Licence, known: KnownLicence | None, catalogue: Catalogue) -> Iterator[RestrictionInForce]:
    """Yield inherited restrictions first, then new ones from the catalogue, then the provider's own; each once."""
    inherited: dict[str, list[str]] = {}
    bases = [(base, _base(index, base, catalogue)) for index, base in enumerate(licence.inherits)]
    if known is not None:
        bases.insert(0, (licence.kind, known))
    for name, base in bases:
        for brought in base.restrictions:
            inherited.setdefault(brought, []).append(name)
    for index, name in enumerate(licence.restrictions):
        if name not in catalogue.restrictions:
            raise LicenceError(
                f"unknown use restriction '{name}'",
                "restrictions",
                index,
                hint=f"{near_name(name, catalogue.restrictions)}\n  a clause of your own goes under own_restrictions",
            )
        inherited.setdefault(name, [])
    for name, origins in inherited.items():
        restriction = catalogue.restrictions[name]
        source = catalogue.sources[restriction.source]
        yield RestrictionInForce(
            id=name,
            label=restriction.label,
            source=f"{source.title} ({source.reference})",
            clause=restriction.clause,
            version=source.date.isoformat(),
            retrieved=catalogue.retrieved.isoformat(),
            upstream=restriction.source != "this-project",
            inherited_from=tuple(origins),
        )
    for name, text in licence.own_restrictions.items():
        if name in inherited:
            raise LicenceError(
                f"'{name}' is the name of a restriction in force, which an own one would replace",
                "own_restrictions",
                name,
                hint="give it another name; inherited restrictions stay as they are",
            )
        yield RestrictionInForce(id=name, label=text, source=_OWN, upstream=False)


def _base(index: int, written: str, catalogue: Catalogue) -> KnownLicence:
    """Return the licence that a model inherits from, written as a licence or as ``base model under licence``."""
    name = written.rsplit(_UNDER, 1)[-1].strip()
    if name in catalogue.licences:
        return catalogue.licences[name]
    raise LicenceError(
        f"the restrictions of the base licence '{name}' are not known",
        "inherits",
        index,
        hint=f"{near_name(name, catalogue.licences)}\n  write a licence, or `base model under licence`",
    )


def _warnings(spec: Spec, restrictions: tuple[RestrictionInForce, ...], catalogue: Catalogue) -> Iterator[str]:
    """Warn of restrictions that forbid what the model is for."""
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
