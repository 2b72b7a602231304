"""The licence notice for people: a summary in Markdown that says it is one."""

from __future__ import annotations

from collections.abc import Iterator

from governance.licences.lineage import Lineage
from governance.licences.markdown import plain
from governance.licences.restrictions import MeasuredBehaviour, RestrictionInForce
from governance.licences.statement import LicenceStatement
from governance.licences.training_sets import TrainingSet
from governance.spec.model import Spec

SUMMARY = (
    "This notice is a summary in other words. It is not the licence and no legal advice; only the licence text counts."
)
NOT_OPEN_SOURCE = (
    "A RAIL licence restricts use, so it is not an open source licence in the sense of the Open Source Initiative, "
    "and it is not on the SPDX list. Whether the EU AI Act's reliefs for free and open-source models apply is doubtful."
)
NOT_PROVIDED = "not provided by the provider"
_NO_TEXT = f"{NOT_PROVIDED}; without it there is only this summary"
_STATED_BY = {
    "the provider": ", as the provider states",
    "the table of datasets": ", as a published table prints; not checked",
    "nobody": "",
}
_ANSWERS = {
    "yes": "yes",
    "no": "no",
    "conditions": "yes, if the duties below are met",
    "unknown": "not known, so not taken as allowed",
}


def notice(statement: LicenceStatement, spec: Spec) -> str:
    """Return the notice as Markdown."""
    return "\n".join(_lines(statement, spec)) + "\n"


def _lines(statement: LicenceStatement, spec: Spec) -> Iterator[str]:
    yield f"# Licence notice: {plain(spec.subject.name)} {plain(spec.subject.version)}"
    yield ""
    if statement.status == "not provided":
        yield "No licence was provided by the provider, so this notice gives nobody leave to use or pass on the model."
        return
    yield SUMMARY
    if statement.is_rail:
        yield NOT_OPEN_SOURCE
    yield ""
    yield from _reference(statement)
    if statement.warnings:
        yield from _heading("To be settled by the provider")
        yield from (f"- {plain(warning)}" for warning in statement.warnings)
    if statement.restrictions:
        yield from _heading("Restrictions on use in force")
        yield from (_restriction(restriction) for restriction in statement.restrictions)
        yield from _measured(statement.restrictions)
    if statement.lineage is not None:
        yield from _lineage(statement.lineage)
    if statement.training_sets:
        yield from _training_sets(statement.training_sets)
    if statement.flow_down:
        yield from _heading("If you pass it on")
        yield from (f"- {plain(line)}" for line in statement.flow_down)
        yield ""
        yield (
            "To whoever receives this model or anything derived from it: its use is restricted as listed above, and "
            "you must hold your own users to the same restrictions. Words to pass on are in FLOW-DOWN.md."
        )
    yield from _sources(statement)


def _heading(title: str) -> Iterator[str]:
    yield from ("", f"## {title}", "")


def _reference(statement: LicenceStatement) -> Iterator[str]:
    yield f"- Licence: {plain(statement.title or '')}"
    yield f"- Reference: {plain(statement.spdx or '')}"
    if statement.permits:
        yield f"- Permits: {plain(statement.permits)}"
    yield f"- Covers: {', '.join(statement.artifacts)}"
    yield f"- Licensor: {plain(statement.licensor or NOT_PROVIDED)}"
    yield f"- Licence text: {_text(statement)}"
    for base in statement.inherits:
        yield f"- Derived from: {plain(base)}"
    fields = "; ".join(f"{key}: {plain(value)}" for key, value in statement.huggingface.items())
    yield f"- Model card fields (Hugging Face): {fields}"


def _text(statement: LicenceStatement) -> str:
    if statement.text_sha256 is not None:
        copy = f"unaltered copy in {statement.text_file}, SHA-256 {statement.text_sha256}"
        return f"{plain(statement.text or '')}, {copy}"
    if statement.text is not None:
        return plain(statement.text)
    return "see the SPDX reference" if statement.on_spdx_list else _NO_TEXT


def _restriction(restriction: RestrictionInForce) -> str:
    where = "; ".join(restriction.found_in) or restriction.source
    dates = f"; dated {restriction.version}" if restriction.version else ""
    by = restriction.inherited_from
    inherited = f"; inherited from {plain(', '.join(by))}" if by else ""
    label = plain(restriction.label.rstrip("."))
    return f"- **{restriction.id}**: {label}. ({plain(where)}{dates}{inherited})"


def _measured(restrictions: tuple[RestrictionInForce, ...]) -> Iterator[str]:
    """Say once for each behaviour what a run can measure, and on which restrictions it bears."""
    bears: dict[MeasuredBehaviour, list[str]] = {}
    for restriction in restrictions:
        for behaviour in restriction.behaviours:
            bears.setdefault(behaviour, []).append(restriction.id)
    if not bears:
        return
    yield from _heading("What a run can measure about them")
    yield "No measurement shows that a restriction is kept."
    yield ""
    for behaviour, ids in bears.items():
        metrics = ", ".join(f"`{metric}`" for metric in behaviour.metrics)
        yield f"- {behaviour.label[:1].upper()}{behaviour.label[1:]}: {metrics}. On {', '.join(ids)}."
        yield f"  It does not show {behaviour.does_not_show}."


def _lineage(lineage: Lineage) -> Iterator[str]:
    yield from _heading("What it is built on")
    if not lineage.stated:
        yield f"{NOT_PROVIDED.capitalize()}: base models, training data and code, with their licences."
        return
    if not lineage.inputs:
        yield "The provider states that it is built on nothing of others."
        return
    for one in lineage.inputs:
        use = "" if one.used_for == "building" else ", only evaluated with"
        licence = plain(one.licence) if one.licence is not None else "licence not known"
        yield f"- {one.kind.capitalize()} {plain(one.name)}{use}: {licence}{_STATED_BY[one.stated_by]}"
        notes = (("Note", one.note), ("Not certain", one.doubt))
        yield from (f"  - {label}: {plain(text)}" for label, text in notes if text)
    yield from _heading("What its licences allow")
    for permission in lineage.permissions:
        because = plain("; ".join(permission.because))
        yield f"- {permission.label}: {_ANSWERS[permission.answer]}, because of {because}"
    if lineage.duties:
        yield from _heading("Duties that follow")
        for duty in lineage.duties:
            yield f"- **{duty.id}**: {plain(duty.text)} For: {plain('; '.join(duty.because))}."


def _training_sets(sets: tuple[TrainingSet, ...]) -> Iterator[str]:
    yield from _heading("Datasets, as a published table has them")
    for one in sets:
        recorded = ", ".join(one.demographics_reported) or "none reported"
        language = f", texts in {one.language}" if one.language else ""
        yield (
            f"- {plain(one.name)}: {one.modality}, {one.region}, {one.images:,} images, origin {one.origin}{language}; "
            f"demographics: {recorded}; licence as printed: {plain(one.licence or 'none printed')}"
        )
        yield from (f"  - Not known: {plain(gap)}" for gap in one.not_known)
        if one.flag:
            yield f"  - Looks doubtful: {plain(one.flag)}"
    yield ""
    yield f"From {plain(sets[0].source)}, read {sets[0].retrieved}; not checked with the providers of the datasets."


def _sources(statement: LicenceStatement) -> Iterator[str]:
    """List where restrictions and terms were looked up, each once."""
    dated = [(r.source, r.retrieved) for r in statement.restrictions if r.retrieved is not None]
    listed = dict.fromkeys(f"{source}, read {day}" for source, day in dated)
    inputs = statement.lineage.inputs if statement.lineage is not None else ()
    listed |= dict.fromkeys(one.source for one in inputs if one.source is not None)
    if listed:
        yield from _heading("Sources")
        yield from (f"- {plain(source)}" for source in listed)
