"""The licence: what it is, which restrictions are in force, what the model is built on, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterator

from governance.documents import numbers
from governance.documents.blocks import AnyBlock, Audience, Column, DataTable, Properties, Prose, Text
from governance.documents.build.run import Run
from governance.documents.content import Section
from governance.licences.lineage import Lineage
from governance.licences.statement import LicenceStatement, RestrictionInForce
from governance.licences.training_sets import TrainingSet

_READERS: tuple[Audience, ...] = ("public", "deployer", "auditor")
_DETAILED: tuple[Audience, ...] = ("deployer", "auditor")
_NOT_KNOWN = "not known"


def licence(run: Run) -> Section:
    """Return the licence's kind, restrictions, lineage and duties; the notice itself lies in the run's folder."""
    given = run.licence
    if given is None or given.status != "given":
        gap = "not provided by the provider; needed to know what may be done with the model"
        blocks: tuple[AnyBlock, ...] = (Properties(items=(("Licence", (gap,)),)),)
        return Section(id="licence", title="Licence", blocks=blocks, audiences=_READERS)
    parts: list[AnyBlock] = [Properties(items=tuple(_kind(given)))]
    if given.restrictions:
        parts.append(Prose(paragraphs=(("Use restrictions in force:",),)))
        parts.append(Prose(paragraphs=tuple((_restriction(r),) for r in given.restrictions), style="list"))
    if given.flow_down:
        duties = tuple((duty,) for duty in given.flow_down)
        parts.append(Prose(paragraphs=(("Duties of whoever passes it on:",),), audiences=_DETAILED))
        parts.append(Prose(paragraphs=duties, style="list", audiences=_DETAILED))
    if given.lineage is not None:
        parts += _lineage(given.lineage)
    if given.training_sets:
        parts.append(_training_sets(given.training_sets))
    if given.warnings:
        warnings = tuple((f"To be settled by the provider: {warning}",) for warning in given.warnings)
        parts.append(Prose(paragraphs=warnings, style="list"))
    parts.append(Prose(paragraphs=(("This is a summary; only the licence text counts.",),), style="note"))
    return Section(id="licence", title="Licence", blocks=tuple(parts), audiences=_READERS)


def _kind(given: LicenceStatement) -> Iterator[tuple[str, Text]]:
    yield "Licence", (given.title or given.kind or "",)
    yield "Licensor", (given.licensor or "not provided by the provider",)
    yield "Covers", (", ".join(given.artifacts) or "not stated",)
    if given.permits:
        yield "Permits", (given.permits,)
    if given.inherits:
        yield "Inherits from", (", ".join(given.inherits),)
    if given.spdx:
        yield "SPDX", (given.spdx,)
    if given.text_sha256:
        yield "Licence text", (f"{given.text_file}, SHA-256 {numbers.short(given.text_sha256)}",)


def _restriction(restriction: RestrictionInForce) -> str:
    clause = f", clause {restriction.clause}" if restriction.clause else ""
    origin = f"{restriction.source}{clause}" if restriction.upstream else "the licensor's own clause"
    inherited = f"; inherited from {', '.join(restriction.inherited_from)}" if restriction.inherited_from else ""
    seen = "".join(
        f" Measured here beside it: {behaviour.label} ({', '.join(behaviour.metrics)})."
        for behaviour in restriction.behaviours
    )
    return f"{restriction.label} ({origin}{inherited}).{seen}"


def _lineage(lineage: Lineage) -> Iterator[AnyBlock]:
    if not lineage.stated:
        said = "What the model is built on (models, data, code of others) was not provided by the provider."
        yield Prose(paragraphs=((said,),), audiences=_DETAILED)
        return
    if lineage.inputs:
        yield DataTable(
            id="licence-inputs",
            caption=("What the model is built on, as the provider states it.",),
            columns=(Column(title="Kind"), Column(title="Name"), Column(title="Used for"), Column(title="Licence")),
            rows=tuple(
                ((one.kind,), (one.name,), (one.used_for,), (one.licence or _NOT_KNOWN,)) for one in lineage.inputs
            ),
            audiences=_DETAILED,
        )
    if lineage.permissions:
        yield DataTable(
            id="licence-permissions",
            caption=("The least that any licence among them allows. No legal advice: a person decides.",),
            columns=(Column(title="May one"), Column(title="Answer"), Column(title="Because of")),
            rows=tuple(((one.label,), (one.answer,), (", ".join(one.because),)) for one in lineage.permissions),
            audiences=_DETAILED,
        )
    if lineage.duties:
        yield Prose(paragraphs=(("What follows from what it is built on:",),), audiences=_DETAILED)
        duties = tuple((f"{one.text} ({', '.join(one.because)})",) for one in lineage.duties)
        yield Prose(paragraphs=duties, style="list", audiences=_DETAILED)


def _training_sets(found: tuple[TrainingSet, ...]) -> DataTable:
    return DataTable(
        id="training-sets",
        caption=(f"Public datasets among it, as a published table describes them ({found[0].source}).",),
        columns=(
            Column(title="Dataset"),
            Column(title="Modality"),
            Column(title="Images", numeric=True),
            Column(title="Origin"),
            Column(title="Demographics reported"),
            Column(title="Licence as printed"),
            Column(title="Mind"),
        ),
        rows=tuple(
            (
                (one.name,),
                (one.modality,),
                (numbers.thousands(one.images),),
                (one.origin,),
                (", ".join(one.demographics_reported) or "none",),
                (one.licence or _NOT_KNOWN,),
                (
                    "; ".join(
                        filter(None, (one.flag, f"not known: {', '.join(one.not_known)}" if one.not_known else ""))
                    ),
                ),
            )
            for one in found
        ),
        audiences=_DETAILED,
    )
