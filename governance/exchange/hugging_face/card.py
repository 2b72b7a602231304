"""The model card: metadata for the Hub, then what clinicians read, the headline numbers and the licence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from governance.documents.audiences import select
from governance.documents.blocks import Properties, Text, Trace, TraceRow
from governance.documents.build.assemble import build, what_each_is_about
from governance.documents.build.run import Run
from governance.documents.content import Content, Document, Section, figures
from governance.documents.markdown import escape, inline, write, written
from governance.documents.masking import Masks, masked
from governance.exchange.hugging_face.hub_datasets import HubDataset
from governance.exchange.hugging_face.licence import base_models, licence_fields
from governance.exchange.hugging_face.metadata import CardMetadata, ModelIndex
from governance.exchange.hugging_face.results import ON_THE_HUB, modality_of, pipeline, results, slug
from governance.exchange.hugging_face.yaml_text import to_yaml
from governance.exchange.reports.plain_text import cut, one_line

_LIBRARIES = {
    "timm": "timm",
    "transformers": "transformers",
    "generate": "transformers",
    "vision-language": "transformers",
    "sklearn": "sklearn",
}
_AFTER = ("hundred", "first")
"""Sections after which the headline numbers stand: the first of these that there is."""
_NO_FIELD = (
    "The metadata of this card has no field for intervals: they stand in the names of its metrics, and beside the "
    "numbers below. All numbers are about this version of the model. The statements are its maker's; the numbers were "
    "measured."
)


@dataclass(frozen=True)
class Card:
    """What may be said of a run in public, once as metadata and once as text."""

    run: Run
    metadata: CardMetadata
    document: Document

    def to_bytes(self) -> bytes:
        """Return the file."""
        return f"---\n{to_yaml(self.metadata.content())}---\n\n{self._text()}\n".encode()

    def _text(self) -> str:
        who = self.document.identity
        parts = [f"# {escape(f'{who.subject} {who.version}')}", f"**{inline(self.document.headline)}**"]
        parts += [
            inline(self.document.least),
            escape(f"Measured on recorded data: {self.document.caution}. {_NO_FIELD}"),
        ]
        for section in self.document.sections:
            parts += written(section)
        parts += ["## Where each number comes from", write(Trace(rows=self.document.trace))]
        return "\n\n".join(part for part in parts if part)


def card(run: Run, hub: Mapping[str, HubDataset]) -> Card:
    """Make the card of a run.

    Parameters
    ----------
    hub
        Datasets of the run that the Hub has.
    """
    content, about = build(run), what_each_is_about(run)
    masks = Masks.of(run.evidence.measurements, run.datasets)
    clinician, public = (select(content, reader, about, masks) for reader in ("clinician", "public"))
    sections = [*clinician.sections, *(section for section in public.sections if section.id == "licence")]
    at = next((n for wanted in _AFTER for n, section in enumerate(sections, 1) if section.id == wanted), 0)
    sections[at:at] = [*_headlines(content, masks)]
    sections.append(_details(run, clinician))
    trace = _trace(sections, clinician, about)
    document = clinician.model_copy(update={"sections": tuple(sections), "trace": trace})
    return Card(run, _metadata(run, hub, document.language), document)


def _headlines(content: Content, masks: Masks) -> Iterator[Section]:
    """Yield the headline numbers for everyone, which hold no statements and no groups."""
    for section in content.sections:
        if section.id == "key" and section.disclosure == "public":
            blocks = tuple(block for block in section.blocks if block.disclosure == "public")
            yield masked(section.model_copy(update={"blocks": blocks}), masks)


def _details(run: Run, document: Document) -> Section:
    who = document.identity
    items: tuple[tuple[str, Text], ...] = (
        ("Model", (f"{who.subject} {who.version} ({run.subject.get('kind')}, {run.task})",)),
        ("Digest of the model", (who.subject_digest or "not recorded",)),
        ("Criteria", (who.policy or "no policy was decided on",)),
        ("Measured on", (who.measured or "not recorded",)),
        ("Run", (who.run_id,)),
        ("Digest of the evidence", (who.evidence_digest,)),
    )
    return Section(id="details", title="Which model and which run", blocks=(Properties(items=items),))


def _trace(sections: list[Section], document: Document, about: Mapping[str, TraceRow]) -> tuple[TraceRow, ...]:
    texts: dict[str, dict[str, None]] = {}
    for figure in figures((document.headline, document.least, tuple(sections))):
        for measurement in figure.measurements:
            texts.setdefault(measurement, {})[figure.text] = None
    return tuple(about[one].model_copy(update={"texts": tuple(said)}) for one, said in texts.items() if one in about)


def _metadata(run: Run, hub: Mapping[str, HubDataset], language: str) -> CardMetadata:
    found = tuple(results(run, hub))
    evaluated = list(dict.fromkeys(name for name in run.datasets if run.datasets[name].get("role") == "testing"))
    modalities = [one for one in (modality_of(run, name) for name in evaluated) if one]
    index = (
        ModelIndex(name=cut(one_line(f"{run.subject['name']} {run.subject['version']}"), 200), results=found)
        if found
        else None
    )
    trained = [hub[name].id for name in hub if run.datasets[name].get("role") == "training"]
    known = [metric.type for result in found for metric in result.metrics if metric.type in ON_THE_HUB.values()]
    return CardMetadata.model_validate(
        {
            "language": [language],
            **licence_fields(run),
            "library_name": _LIBRARIES.get(str(run.subject.get("kind"))),
            "pipeline_tag": next((tag for tag in (pipeline(run, one) for one in modalities) if tag), None),
            "tags": list(dict.fromkeys(slug(tag) for tag in (run.task, *modalities, *_evaluators(run)))),
            "datasets": trained or None,
            "metrics": list(dict.fromkeys(known)) or None,
            "base_model": [*base_models(run)] or None,
            "model-index": [index] if index else None,
        }
    )


def _evaluators(run: Run) -> list[str]:
    return sorted({m.evaluator for m in run.evidence.measurements})
