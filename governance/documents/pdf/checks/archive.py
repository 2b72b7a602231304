"""Checks of what makes a file last: ISO 19005-3 (PDF/A-3), level A."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from governance.documents.pdf.checks.findings import Check, Finding

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PDFA = "{http://www.aiim.org/pdfa/ns/id/}"
_PDFUA = "{http://www.aiim.org/pdfua/ns/id/}"
_SCHEMA = "{http://www.aiim.org/pdfa/ns/schema#}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_ACTIONS = frozenset({"/GoTo", "/GoToE", "/Named"})
"""Actions that stay within the file. PDF/A also lets a link name an address; these documents name none."""
_ANNOTATIONS = frozenset({"/Link"})
_RELATIONSHIPS = frozenset({"/Source", "/Data", "/Alternative", "/Supplement", "/Unspecified"})


def metadata(file: Any) -> Iterator[Finding]:
    """The packet says which standards the file is made by, once, and describes what PDF/A does not know."""
    stream = file.Root.get("/Metadata")
    if stream is None:
        yield Finding("ISO 19005-3, 6.6.2", "there is no metadata stream")
        return
    try:
        packet = ElementTree.fromstring(stream.read_bytes())  # noqa: S314 - expat expands no external entity
    except ElementTree.ParseError as error:
        yield Finding("ISO 19005-3, 6.6.2", f"the metadata is not well-formed: {error}")
        return
    expected = (
        (f"{_PDFA}part", "3", "ISO 19005-3, 6.6.4"),
        (f"{_PDFA}conformance", "A", "ISO 19005-3, 6.6.4"),
        (f"{_PDFUA}part", "1", "ISO 14289-1, 5"),
    )
    for name, value, clause in expected:
        said = _values(packet, name)
        if said != [value]:
            yield Finding(
                clause, f"{name.rpartition('}')[2]} of {name[1:].partition('}')[0]} is {said}, not ['{value}']"
            )
    described = [one.text for one in packet.iter(f"{_SCHEMA}namespaceURI")]
    if _PDFUA[1:-1] not in described:
        yield Finding("ISO 19005-3, 6.6.2.3", "the schema of the PDF/UA identification is not described")
    title = packet.find(f".//{_TITLE}/{_RDF}Alt/{_RDF}li")
    if title is None or not (title.text or "").strip():
        yield Finding("ISO 14289-1, 7.1", "the metadata has no title")
    elif str(file.docinfo.get("/Title", title.text)) != title.text:
        yield Finding("ISO 14289-1, 7.1", "the title of the document information is another than that of the metadata")


def _values(packet: ElementTree.Element, name: str) -> list[str]:
    inside = [one.text or "" for one in packet.iter(name)]
    return inside + [one.attrib[name] for one in packet.iter(f"{_RDF}Description") if name in one.attrib]


def trailer(file: Any) -> Iterator[Finding]:
    """The file has an identifier and is not encrypted."""
    if file.is_encrypted or "/Encrypt" in file.trailer:
        yield Finding("ISO 19005-3, 6.1.3", "the file is encrypted")
    if len(file.trailer.get("/ID", ())) != 2:
        yield Finding("ISO 19005-3, 6.1.3", "the file has no identifier")
    if "/OCProperties" in file.Root:
        yield Finding("ISO 19005-3, 6.9", "the file has optional content, which these documents do not use")
    if "/AcroForm" in file.Root:
        yield Finding("ISO 19005-3, 6.4", "the file has a form, which these documents do not use")


def output_intent(file: Any) -> Iterator[Finding]:
    """Colours are those of the one profile that the file carries."""
    import pikepdf

    intents = [one for one in file.Root.get("/OutputIntents", ()) if one.get("/S") == pikepdf.Name.GTS_PDFA1]
    if len(intents) != 1:
        yield Finding("ISO 19005-3, 6.2.3", f"there are {len(intents)} output intents for PDF/A, not one")
        return
    profile = intents[0].get("/DestOutputProfile")
    header = b"" if profile is None else profile.read_bytes()[:40]
    if header[36:40] != b"acsp" or header[16:20] != b"RGB ":
        yield Finding("ISO 19005-3, 6.2.3", "the output intent carries no RGB profile")


def streams(file: Any) -> Iterator[Finding]:
    """No stream lies outside the file, and none is packed as PDF/A does not allow."""
    import pikepdf

    for stream in file.objects:
        if not isinstance(stream, pikepdf.Stream):
            continue
        if "/F" in stream or "/FFilter" in stream:
            yield Finding("ISO 19005-3, 6.1.7", "a stream refers to another file")
        packed = stream.get("/Filter", [])
        names = {str(one) for one in (packed if isinstance(packed, pikepdf.Array) else [packed])}
        if names & {"/LZWDecode", "/Crypt"}:
            yield Finding("ISO 19005-3, 6.1.7", f"a stream is packed with {', '.join(sorted(names))}")
        if stream.get("/Subtype") == pikepdf.Name.Image and bool(stream.get("/Interpolate", False)):
            yield Finding("ISO 19005-3, 6.2.8", "an image is interpolated")
        if stream.get("/Subtype") == pikepdf.Name.PS or "/Ref" in stream:
            yield Finding("ISO 19005-3, 6.2.9", "an object is a program or stands for a page of another file")


def actions(file: Any) -> Iterator[Finding]:
    """Nothing runs, nothing is fetched, and nothing but links lies over the pages."""
    import pikepdf

    for found in file.objects:
        if not isinstance(found, pikepdf.Dictionary):
            continue
        if "/AA" in found or "/JS" in found or found.get("/S") == pikepdf.Name.JavaScript:
            yield Finding("ISO 19005-3, 6.5", "something runs when the file is opened or read")
        action = found.get("/A") or found.get("/OpenAction")
        if isinstance(action, pikepdf.Dictionary) and _is_action(found, action):
            kind = str(action.get("/S"))
            if kind not in _ACTIONS:
                yield Finding("ISO 19005-3, 6.5", f"an action is {kind}")
        if found.get("/Type") == pikepdf.Name.Annot and str(found.get("/Subtype")) not in _ANNOTATIONS:
            yield Finding("ISO 19005-3, 6.3", f"an annotation is {found.get('/Subtype')}")


def _is_action(holder: Any, action: Any) -> bool:
    """Attributes of structure elements have the same key as actions; they name their owner."""
    return "/O" not in action and "/K" not in holder


def embedded_files(file: Any) -> Iterator[Finding]:
    """Each attached file says what it is, when it was made and what it has to do with the document, once."""
    clause = "ISO 19005-3, 6.8"
    associated = [one.objgen for one in file.Root.get("/AF", ())]
    if len(set(associated)) != len(associated):
        yield Finding(clause, "an attached file is associated twice")
    for name, attached in file.attachments.items():
        specification = attached.obj
        if specification.objgen not in associated:
            yield Finding(clause, f"'{name}' is not associated with the document")
        if not ("/F" in specification and "/UF" in specification):
            yield Finding(clause, f"'{name}' lacks one of its two names")
        if str(specification.get("/AFRelationship")) not in _RELATIONSHIPS:
            yield Finding(clause, f"'{name}' does not say how it relates to the document")
        if not str(specification.get("/Desc", "")).strip():
            yield Finding("ISO 14289-1, 7.11", f"'{name}' has no description")
        stream = specification.EF.get("/F")
        if stream is None or "/" not in str(stream.get("/Subtype", ""))[1:]:
            yield Finding(clause, f"'{name}' has no type")
        if stream is None or "/ModDate" not in stream.get("/Params", {}):
            yield Finding(clause, f"'{name}' has no date")


def transparency(file: Any) -> Iterator[Finding]:
    """A page that blends says in which colours: by the output intent or by its group; blend modes are known ones."""
    import pikepdf

    known = {f"/{name}" for name in _BLEND_MODES.split()}
    for state in file.objects:
        if isinstance(state, pikepdf.Dictionary) and "/BM" in state and str(state.BM) not in known:
            yield Finding("ISO 19005-3, 6.2.10", f"a blend mode is {state.BM}")
        if isinstance(state, pikepdf.Dictionary) and ("/TR" in state or "/HTP" in state):
            yield Finding("ISO 19005-3, 6.2.5", "a graphics state has a transfer function")
    if not file.Root.get("/OutputIntents"):
        for number, page in enumerate(file.pages, start=1):
            if "/CS" not in page.get("/Group", {}):
                yield Finding("ISO 19005-3, 6.2.10", f"page {number} does not say in which colours it blends")


_BLEND_MODES = (
    "Normal Compatible Multiply Screen Overlay Darken Lighten ColorDodge ColorBurn HardLight SoftLight Difference "
    "Exclusion Hue Saturation Color Luminosity"
)
ARCHIVE: tuple[Check, ...] = (
    metadata,
    trailer,
    output_intent,
    streams,
    actions,
    embedded_files,
    transparency,
)
