"""What can be said of a model's licence: its reference, the restrictions in force, and what it is built on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from governance.errors import InputError, near_name
from governance.evidence.model import Frozen
from governance.licences.catalogue import rail_catalogue
from governance.licences.conflicts import OwnTerms, asked_of
from governance.licences.errors import LicenceError
from governance.licences.inputs import trace_inputs
from governance.licences.known import (
    UNKNOWN,
    Found,
    KnownLicence,
    find_licence,
    is_listed,
    licence_table,
    spdx_spelling,
)
from governance.licences.lineage import Lineage, lineage_of
from governance.licences.rail import RailKind, looks_like_rail, rail_kind
from governance.licences.references import reference_name
from governance.licences.restrictions import RestrictionInForce, contradictions, restrictions_in_force
from governance.licences.text import is_link, read_licence_text
from governance.licences.training_sets import TrainingSet
from governance.spec import LoadedSpec
from governance.spec.model import Licence, Spec

__all__ = ["LicenceStatement", "RestrictionInForce", "check_licence", "describe_licence", "to_settle"]

NOTICE = "licence/NOTICE.md"


class LicenceStatement(Frozen):
    """What the notice, `licence.json` and the documents say of a licence. A summary: only the licence text counts.

    Attributes
    ----------
    text, text_sha256, text_file, text_link
        The licence text as the spec names it; its digest and where its unaltered copy lies in the run's ``licence/``
        folder; or the link, if it is one.
    flow_down, derivatives, hosted, not_covered
        Duties of whoever passes the model on; what holds for models derived from it and for services that offer it; and
        what the duties do not reach.
    lineage
        What it is built on and what follows; None in statements that were written before there was one.
    training_sets
        The datasets among it that the published table knows.
    warnings
        What is to be settled: restrictions against the intended purpose, and all findings of the lineage.
    """

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
    text_sha256: str | None = None
    text_file: str | None = None
    text_link: str | None = None
    inherits: tuple[str, ...] = ()
    restrictions: tuple[RestrictionInForce, ...] = ()
    flow_down: tuple[str, ...] = ()
    derivatives: tuple[str, ...] = ()
    hosted: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    lineage: Lineage | None = None
    training_sets: tuple[TrainingSet, ...] = ()
    warnings: tuple[str, ...] = ()


def describe_licence(spec: Spec, base: Path | None = None) -> LicenceStatement:
    """Work out the licence of a spec: the union of inherited and new restrictions, of which none is ever dropped.

    Parameters
    ----------
    base
        The folder of the spec, to find the licence text in; without it the text is named and not read.

    Raises
    ------
    InputError
        If a restriction, a licence or a kind is not known, the licence cannot carry the restrictions, or its text is
        missing.
    """
    licence = spec.licence
    if licence is None:
        return LicenceStatement(status="not provided")
    rail, own = _kind(licence)
    known = own.entries[0] if len(own.ids) == 1 and not own.unknown else None
    traced = trace_inputs(licence)
    restrictions = restrictions_in_force(licence, own, traced)
    carries = rail is not None or _is_known_rail(own)
    if restrictions and not carries:
        first = restrictions[0]
        from_where = f" inherited from {', '.join(first.inherited_from)}" if first.inherited_from else ""
        raise LicenceError(
            f"the licence {licence.kind} cannot carry the use restriction '{first.id}'{from_where}",
            "kind",
            hint="a restriction needs a RAIL kind, for example kind: OpenRAIL-M",
        )
    stated = licence.built_on is not None or bool(licence.inherits)
    lineage = lineage_of(traced, _own_terms(licence, rail, own), stated=stated)
    text = read_licence_text(licence.text, base)
    named = _of_rail(rail, spec) if rail is not None else _of_other(licence, own, known)
    if text is not None and "license_link" in named["huggingface"]:
        named["huggingface"]["license_link"] = f"licence/{text.copy}"
    common = {
        "status": "given",
        "licensor": licence.licensor,
        "text": licence.text,
        "text_sha256": text.sha256 if text is not None else None,
        "text_file": text.copy if text is not None else None,
        "text_link": licence.text if licence.text is not None and is_link(licence.text) else None,
        "inherits": licence.inherits,
        "restrictions": restrictions,
        "lineage": lineage,
        "training_sets": tuple(dict.fromkeys(one.dataset for one in traced if one.dataset is not None)),
        "warnings": (*contradictions(spec, restrictions), *(finding.message for finding in lineage.findings)),
    }
    return LicenceStatement.model_validate({**common, **named, **_duties(named, research=_is_research(rail))})


def to_settle(statement: LicenceStatement) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each warning with where in the spec it arises."""
    placed = {finding.message: finding.keys for finding in (statement.lineage.findings if statement.lineage else ())}
    yield from ((placed.get(warning, ("licence",)), warning) for warning in statement.warnings)


def check_licence(loaded: LoadedSpec) -> LicenceStatement:
    """Do what `describe_licence` does; what is wrong is an error at its line of the spec."""
    try:
        return describe_licence(loaded.spec, loaded.base)
    except LicenceError as error:
        raise loaded.error(error.keys, error.message, error.hint) from None


def _kind(licence: Licence) -> tuple[RailKind | None, Found]:
    """Read the kind: a known licence or an SPDX expression, or a RAIL kind of its own."""
    table = licence_table()
    named = licence.kind in table.licences or "LicenseRef-" in licence.kind
    if not named and looks_like_rail(licence.kind):
        written = "artifacts" in licence.model_fields_set
        try:
            return rail_kind(licence.kind, licence.artifacts, artifacts_written=written), Found(licence.kind)
        except InputError as error:
            raise LicenceError(error.message, "kind", hint=error.hint) from None
    try:
        found = find_licence(licence.kind)
    except InputError:
        found = Found(UNKNOWN)
    if not found.ids and not found.unknown:
        raise LicenceError(
            f"'{licence.kind}' is neither a RAIL kind nor an SPDX expression",
            "kind",
            hint=near_name(licence.kind, table.licences),
        )
    return None, found


def _own_terms(licence: Licence, rail: RailKind | None, own: Found) -> OwnTerms:
    if rail is None:
        return OwnTerms(
            licence.kind, own.ids if not own.unknown else (), asked_of(own), own.known("research_only"), _hides(own)
        )
    kind = rail_catalogue().kinds[rail.prefix]
    answers = {asked: getattr(kind, asked) for asked in asked_of(own)}
    return OwnTerms(rail.name, (), answers, kind.research_only)


def _hides(own: Found) -> bool:
    """Whether the model's own licence restricts uses that the table does not list."""
    return any(entry.rail and entry.use_restrictions == "unknown" for entry in own.entries)


def _is_known_rail(own: Found) -> bool:
    return any(entry.rail for entry in own.entries)


def _is_research(rail: RailKind | None) -> bool:
    return rail is not None and rail.prefix == "Research"


def _of_rail(rail: RailKind, spec: Spec) -> dict[str, Any]:
    reference = reference_name(spec.subject.name, spec.subject.version, rail.name)
    return {
        "kind": rail.name,
        "title": f"{rail.name} licence of {spec.subject.name} {spec.subject.version}",
        "is_rail": True,
        "permits": rail.permits,
        "artifacts": rail.artifacts,
        "spdx": f"LicenseRef-{reference}",
        "huggingface": {"license": "other", "license_name": reference.lower(), "license_link": NOTICE},
    }


def _of_other(licence: Licence, own: Found, known: KnownLicence | None) -> dict[str, Any]:
    spdx = spdx_spelling(licence.kind)
    if known is not None:
        spdx = known.spdx or f"LicenseRef-{reference_name(licence.kind)}"
    is_rail = _is_known_rail(own)
    name = known.huggingface if known is not None else None
    return {
        "kind": licence.kind,
        "title": known.title if known is not None else licence.kind,
        "is_rail": is_rail,
        "permits": "use within the restrictions of the licence text" if is_rail else None,
        "artifacts": licence.artifacts,
        "spdx": spdx,
        "on_spdx_list": is_listed(spdx),
        "huggingface": {"license": name} if name else {"license": "other", "license_name": licence.kind},
    }


def _duties(named: dict[str, Any], *, research: bool) -> dict[str, tuple[str, ...]]:
    if not named["is_rail"]:
        return {}
    flow = rail_catalogue().flow_down
    return {
        "flow_down": (*flow.must, flow.research) if research else flow.must,
        "derivatives": flow.derivatives,
        "hosted": flow.hosted,
        "not_covered": flow.does_not_cover,
    }
