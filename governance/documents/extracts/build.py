"""Build an extract: every item with its status, what is there and what is missing, and the register of gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from governance.catalogues import STATUSES, ItemStatus, all_catalogues, provisional
from governance.documents import numbers
from governance.documents.audiences import CAUTION
from governance.documents.blocks import (
    AnyBlock,
    Column,
    DataTable,
    Figure,
    Properties,
    Prose,
    Signature,
    Statement,
    Text,
)
from governance.documents.build import record, rows
from governance.documents.build.assemble import identity_of
from governance.documents.build.purpose import purpose_digest
from governance.documents.build.run import Run
from governance.documents.build.statements import statement
from governance.documents.content import Document, Section
from governance.documents.extracts.definitions import Extract
from governance.evidence.model import Measurement
from governance.evidence.wording import slice_words
from governance.spec.regulatory import NONE, UNKNOWN

_NUMBERS = 3
"""Measurements of one selector that are printed; more are counted."""
_INDEX = (
    "A view of one technical file, item by item. It says what this run and the provider's statements give, and what is "
    "missing; it does not say that a requirement is fulfilled, and a person decides."
)


_LEGEND = Prose(
    paragraphs=(("Evidenced: measured or recorded by the run. Declared only: stated, and nothing else.",),),
    style="note",
)


def skipped(name: str, asked: Extract, run: Run) -> str | None:
    """Return why an extract is not written for a run, None where it is."""
    stated = run.record.spec.regulatory
    lacking = [key for key in asked.only_with if stated.value(key) in (UNKNOWN, NONE)]
    if lacking:
        return f"{name}: written only where `regulatory` states {', '.join(lacking)}"
    items = _items(asked, run)
    if items and all(item.status == "not applicable" for item in items):
        return f"{name}: not applicable; {items[0].reason}"
    return None


def extract(name: str, asked: Extract, run: Run) -> Document:
    """Return an extract."""
    items = _items(asked, run)
    first: list[AnyBlock] = []
    if asked.watermark:
        first.append(Prose(paragraphs=((f"{asked.watermark}.",),), style="lead"))
    first.append(Prose(paragraphs=((asked.about,), (_INDEX,))))
    first.append(Properties(items=tuple(_about(asked, run, items))))
    sections = [
        Section(id="first", title=None, blocks=tuple(first), audiences=("auditor",), disclosure="confidential"),
        Section(
            id="items", title="Item by item", blocks=(_LEGEND, _form(run, items)), audiences=("auditor",),
            disclosure="confidential",
        ),
    ]  # fmt: skip
    sections += [_SHOWN[shown](run) for shown in asked.shows]
    sections += [_gaps(name, items)]
    if asked.signature:
        block = Signature(
            purpose="I have read this extract and the measurements that it refers to (Annex IV(2)(g)).",
            name=(statement(run, "responsible_person"),),
        )
        sections.append(Section(id="signature", title="Signature", blocks=(block,), audiences=("auditor",)))
    return Document(
        audience="auditor",
        name=name,
        disclosure="confidential",
        title=asked.title.split(" (")[0] if asked.watermark is None else asked.watermark,
        caution=CAUTION,
        identity=identity_of(run),
        headline=(asked.title,),
        sections=tuple(sections),
    )


def _items(asked: Extract, run: Run) -> tuple[ItemStatus, ...]:
    wanted = set(asked.ids(all_catalogues()[asked.catalogue]))
    return tuple(item for item in run.covered[asked.catalogue].items if item.id in wanted)


def _about(asked: Extract, run: Run, items: tuple[ItemStatus, ...]) -> Iterator[tuple[str, Text]]:
    catalogue = all_catalogues()[asked.catalogue]
    subject = run.subject
    yield (
        "Model",
        (f"{subject['name']} {subject['version']}, digest {numbers.short(str(subject.get('digest') or ''))}",),
    )
    yield "Intended purpose", (statement(run, "intended_purpose"),)
    digest = purpose_digest(run)
    if digest is not None:
        yield "Digest of the purpose", (digest,)
    counts = Counter(item.status for item in items)
    yield "Items", (", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status]),)
    yield "Source", (f"{catalogue.source}; catalogue of {catalogue.date}",)
    if any(item.applicability for item in items):
        yield "Applicability", (provisional(catalogue),)
        unknown = dict.fromkeys(key for item in items if item.applicability for key in item.applicability.missing)
        if unknown:
            yield "Not stated in `regulatory`", (", ".join(key.replace("_", " ") for key in unknown),)
    yield "As of", (numbers.day(run.as_of),)
    yield "Run", (f"{run.folder.run_id}, evidence {numbers.short(run.evidence_digest)}",)


def _form(run: Run, items: tuple[ItemStatus, ...]) -> Properties:
    """Return the items one below the other, as a form that is gone through: status, what is there, what is missing."""
    measured = {m.id: m for m in run.evidence.measurements}
    return Properties(
        items=tuple(
            (
                f"{item.ref}: {item.title}" if item.ref != item.id else f"{item.id}: {item.title}",
                _said(run, item, measured),
            )
            for item in items
        ),
        audiences=("auditor",),
    )


def _said(run: Run, item: ItemStatus, measured: Mapping[str, Measurement]) -> Text:
    there = tuple(_there(run, item, measured))
    lacks = _lacks(item)
    return (f"{item.status.capitalize()}. ", *there, *((" ",) if there else ()), lacks)


def _there(run: Run, item: ItemStatus, measured: Mapping[str, Measurement]) -> Iterator[str | Figure | Statement]:
    """Yield what answers an item: statements verbatim, numbers with n and interval, records of the run."""
    parts: list[Text] = []
    for fact in item.parts.facts:
        if fact.state == "stated" and fact.date is not None:
            told = run.facts[fact.key]
            said = Statement(fact=fact.key, text=told.statement, disclosure=told.disclosure)
            parts.append((f"{fact.title}: ", said, f" ({fact.owner}, {numbers.day(fact.date)})"))
    parts += [(f"{key.replace('_', ' ')}: {value}",) for key, value in item.parts.stated.items() if value != UNKNOWN]
    for asked in item.parts.measured:
        shown = [measured[one] for one in asked.measurements[:_NUMBERS] if one in measured]
        parts += [(f"{_words(run, m)} ", *rows.cell(m)) for m in shown]
        if asked.found > len(shown):
            parts.append((f"and {asked.found - len(shown)} more such numbers in the evidence",))
    parts += [(one.words,) for one in item.parts.recorded if one.words is not None]
    if item.note and parts:
        parts.append((item.note.rstrip("."),))
    for index, part in enumerate(parts):
        yield from ((" ",) if index else ())
        yield from part
        yield "."


def _words(run: Run, m: Measurement) -> str:
    about = [run.title_of(m.metric)]
    about += [slice_words(run.lock, m.dataset, m.slice)] if m.slice else []
    about += [str(m.condition)] if not m.condition.is_clean else []
    return f"{', '.join(about)} on {m.dataset}"


def _lacks(item: ItemStatus) -> str:
    """Return what is missing, why it does not apply, or from when it does."""
    if item.status == "not applicable":
        return f"{item.reason[:1].upper()}{item.reason[1:]}."
    said = f"{item.reason[:1].upper()}{item.reason[1:]}. " if item.status == "not evidenced" else ""
    applies = item.applicability
    when = "" if applies is None else f"[{applies.words if applies.state != 'unknown' else 'applicability unknown'}]"
    return f"{said}{when}".strip()


def _gaps(name: str, items: tuple[ItemStatus, ...]) -> Section:
    found: dict[tuple[str, str], list[str]] = {}
    for item in items:
        for gap in item.missing:
            found.setdefault((gap.what, gap.who), []).append(item.ref if item.ref != item.id else item.id)
    if not found:
        blocks: tuple[AnyBlock, ...] = (
            Prose(paragraphs=(("No gap: everything that these items ask for is there.",),)),
        )
    else:
        made = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        blocks = (
            DataTable(
                id=f"{name}-gaps",
                caption=("What is missing, who could give it, and for what.",),
                columns=(Column(title="Missing"), Column(title="Who could give it"), Column(title="Items")),
                rows=tuple(((what,), (who,), (", ".join(ids),)) for (what, who), ids in made),
                print_rows=len(made),
                audiences=("auditor",),
            ),
        )
    return Section(id="gaps", title="Register of gaps", blocks=blocks, audiences=("auditor",))


_SHOWN = {"hazards": record.hazards, "data": record.data}
