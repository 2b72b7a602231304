"""Readers: what each document is called, who may hold it, what it contains in which order; the filter of content.

Audience (how deep) and disclosure (who may hold it) are two axes: a block is shown if it is written for the audience
*and* its disclosure does not go beyond that of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel

from governance.documents.blocks import AUDIENCES, Audience, Trace, TraceRow
from governance.documents.content import Content, Document, Section, figures
from governance.documents.masking import Masks, masked
from governance.errors import InputError, near_name
from governance.plugins import installed
from governance.spec.model import Disclosure

_RANK: Mapping[str, int] = {"public": 0, "customer": 1, "confidential": 2}

CAUTION = "retrospective technical performance, not a clinical evaluation"


@dataclass(frozen=True)
class Reader:
    """One audience: the title of its document, who may hold it, and the ids of its sections in order."""

    audience: Audience
    title: str
    disclosure: Disclosure
    outline: str


_FAIRNESS = "groups intersections gaps threshold baseline earlier-run tradeoffs proxies shortcuts similar"
"""Sections of what the fairness evaluator measures, as those read them who look into the model."""

READERS: Mapping[Audience, Reader] = {
    reader.audience: reader
    for reader in (
        Reader(
            "public",
            "In plain language",
            "public",
            "first hundred careful unsure groups who missing words more-facts licence",
        ),
        Reader(
            "clinician",
            "Card for clinicians",
            "public",
            "first hundred groups intersections threshold careful missing unsure oversight conditions asked-otherwise "
            "elsewhere calibration data who more-facts words",
        ),
        Reader(
            "deployer",
            "Information for deployers",
            "customer",
            f"first careful missing key {_FAIRNESS} conditions asked-otherwise elsewhere confidence attacks "
            "calibration efficiency oversight unsure hazards data operation who more-facts licence words",
        ),
        Reader(
            "engineer",
            "Technical report",
            "confidential",
            f"first missing key {_FAIRNESS} conditions asked-otherwise elsewhere confidence attacks calibration "
            "efficiency rules reproduce data settings measurements methods definitions more-facts",
        ),
        Reader(
            "auditor",
            "Record for auditors",
            "confidential",
            f"page-one first identity policy rules requirements coverage missing hazards data {_FAIRNESS} conditions "
            "asked-otherwise elsewhere confidence attacks calibration efficiency methods statements licence trace "
            "signature",
        ),
    )
}


def check_audiences(names: Sequence[str]) -> tuple[Audience, ...]:
    """Return the audiences of these names, in the fixed order.

    Raises
    ------
    InputError
        If a name is not an audience.
    """
    for name in names:
        if name not in READERS:
            raise InputError(f"unknown audience '{name}'", hint=near_name(name, READERS))
    return tuple(audience for audience in AUDIENCES if audience in names)


def check_formats(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of installed renderers.

    Raises
    ------
    InputError
        If nothing renders a format of that name.
    """
    known = installed("renderers")
    for name in names:
        if name not in known:
            raise InputError(f"unknown format '{name}'", hint=near_name(name, known))
    return tuple(dict.fromkeys(names))


def select(content: Content, audience: Audience, about: Mapping[str, TraceRow], masks: Masks | None = None) -> Document:
    """Take from the content what one reader should and may see.

    Parameters
    ----------
    about
        For each measurement id, what it is about; numbers that are shown are looked up here for the trace.
    masks
        Counts that files for the public do not show.
    """
    reader = READERS[audience]
    by_id = {section.id: section for section in content.sections if _shown(section, reader)}
    sections = []
    for name in reader.outline.split():
        if name in by_id:
            section = _readable(by_id[name], reader)
            blocks = tuple(block for block in section.blocks if audience in block.audiences)
            if blocks:
                sections.append(section.model_copy(update={"blocks": blocks}))
    document = Document(
        audience=audience,
        disclosure=reader.disclosure,
        title=reader.title,
        caution=CAUTION,
        identity=_readable(content.identity, reader),
        headline=_readable(content.headline, reader),
        least=_readable(content.least, reader),
        sections=tuple(sections),
    )
    if masks is not None and reader.disclosure == "public":
        document = masked(document, masks)
    return traced(document, about)


def traced(document: Document, about: Mapping[str, TraceRow]) -> Document:
    """Give a document the trace of its numbers."""
    return _traced(document, _trace(document, about))


def _shown(section: Section, reader: Reader) -> bool:
    return reader.audience in section.audiences and _RANK[section.disclosure] <= _RANK[reader.disclosure]


def _readable(node: Any, reader: Reader) -> Any:
    """Drop what the reader may not have, at any depth; what can say so is replaced by a note that it is withheld."""
    if isinstance(node, tuple):
        kept = (_permitted(item, reader) for item in node)
        return tuple(_readable(item, reader) for item in kept if item is not None)
    if isinstance(node, BaseModel):
        changes = {}
        for name in type(node).model_fields:
            before = getattr(node, name)
            after = _readable(_permitted(before, reader), reader)
            if after is not before:
                changes[name] = after
        return node.model_copy(update=changes) if changes else node
    return node


def _permitted(item: Any, reader: Reader) -> Any:
    disclosure = getattr(item, "disclosure", None)
    if disclosure is None or _RANK[cast(str, disclosure)] <= _RANK[reader.disclosure]:
        return item
    return item.withheld() if hasattr(item, "withheld") else None


def _traced(document: Document, rows: tuple[TraceRow, ...]) -> Document:
    """Give the document its trace, and the trace block, where it has one, its rows."""
    sections = tuple(
        section.model_copy(
            update={
                "blocks": tuple(
                    block.model_copy(update={"rows": rows}) if isinstance(block, Trace) else block
                    for block in section.blocks
                )
            }
        )
        for section in document.sections
    )
    return document.model_copy(update={"trace": rows, "sections": sections})


def _trace(document: Document, about: Mapping[str, TraceRow]) -> tuple[TraceRow, ...]:
    texts: dict[str, dict[str, None]] = {}
    for figure in figures((document.headline, document.least, document.sections)):
        for measurement in figure.measurements:
            texts.setdefault(measurement, {})[figure.text] = None
    return tuple(
        about[measurement].model_copy(update={"texts": tuple(shown)})
        for measurement, shown in texts.items()
        if measurement in about
    )
