"""Compose the file: page, header and footer, then the document's blocks in order."""

from __future__ import annotations

import docx
from docx.document import Document as Package
from docx.oxml.xmlchemy import BaseOxmlElement as Element
from docx.shared import Mm

from governance.documents import numbers
from governance.documents.content import Document, plain
from governance.documents.docx.blocks import write
from governance.documents.docx.body import Body
from governance.documents.docx.package import set_parts, set_properties, to_bytes
from governance.documents.docx.runs import Field, Said, paragraph, printable
from governance.documents.docx.styles import set_styles

_LONG = ("deployer", "engineer", "auditor")
"""Audiences whose documents begin with a table of contents."""
_SPELLING = {"en": "en-GB"}
"""Which spelling of a language the documents are written in."""
_LONGEST_NAME = 90
"""Characters of a name in the running header; the first page has all."""
_TRACED = "The page (HTML) and the data file (JSON) of this document name the measurement behind every number."


def compose(document: Document) -> bytes:
    """Return the document as DOCX."""
    package = docx.Document()
    language = _SPELLING.get(document.language, document.language)
    set_parts(package, language)
    set_styles(package, language)
    _set_page(package, document)
    body = Body(package)
    _head(document, body)
    for section in document.sections:
        if section.title:
            body.heading(1, section.title, _bookmark(section.id))
        for block in section.blocks:
            write(block, body)
        if section is document.sections[0]:
            _contents(document, body)
    _closing(document, body)
    _describe(package, document, language)
    return to_bytes(package)


def _head(document: Document, body: Body) -> None:
    who = document.identity
    body.say("Title", document.headline)
    if document.least:
        body.add("Worst Group", Said("\N{BLACK DIAMOND SUIT} ", "Verdict fail"), " ", Said(document.least))
    measured = f" · measured {who.measured}" if who.measured else ""
    name = f"{document.title} · {who.subject} {who.version} · "
    body.say("Who", (name, *who.provider, f"{measured} · {document.caution}"))


def _contents(document: Document, body: Body) -> None:
    entries = [(section.title, _bookmark(section.id)) for section in document.sections if section.title]
    if document.audience in _LONG and entries:
        body.say("Label", "Contents")
        body.contents(entries)


def _closing(document: Document, body: Body) -> None:
    who = document.identity
    policy = who.policy or "no policy was decided on"
    run = f"Run {who.run_id} · {policy} · evidence {numbers.short(who.evidence_digest)}."
    body.say("Note", f"{run} {_TRACED}")


def _bookmark(section: str) -> str:
    return f"section_{''.join(letter if letter.isalnum() else '_' for letter in section)}"[:40]


def _set_page(package: Package, document: Document) -> None:
    who = document.identity
    section = package.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(18)
    section.top_margin, section.bottom_margin = Mm(24), Mm(22)
    section.header_distance = section.footer_distance = Mm(11)
    name = _short(f"{who.subject} {who.version}")
    _replace(section.header._element, paragraph("Header", Said(f"{document.title} · {name}")))
    run, evidence = numbers.short(who.run_id), numbers.short(who.evidence_digest)
    about = Said(f"run {run} · evidence {evidence} · not a clinical evaluation")
    _replace(
        section.footer._element,
        paragraph("Footer", about, "\tpage ", Field("PAGE", "1"), " of ", Field("NUMPAGES", "1")),
    )


def _replace(part: Element, content: Element) -> None:
    for child in list(part):
        part.remove(child)
    part.append(content)


def _describe(package: Package, document: Document, language: str) -> None:
    who = document.identity
    name = f"{who.subject} {who.version}"
    set_properties(
        package,
        title=_property(f"{document.title}: {name}"),
        subject=_property(document.caution),
        author=_property(plain(who.provider)),
        keywords=f"run {who.run_id}, evidence {who.evidence_digest[:16]}, {document.audience}, {document.disclosure}",
        language=language,
    )


def _property(text: str) -> str:
    """Return text as a property of the file, which holds 255 characters."""
    return printable(text)[:255]


def _short(text: str) -> str:
    said = printable(text)
    return said if len(said) <= _LONGEST_NAME else f"{said[: _LONGEST_NAME - 1]}…"
