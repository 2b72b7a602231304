"""A file that lasts: what it says of itself, the data in it, and equal bytes for equal content.

Rules: ISO 19005-3 (PDF/A-3), 6.6 on metadata and 6.8 on embedded files; ISO 14289-1 (PDF/UA-1), 5.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from governance.documents.pdf.job import Job

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 (2.2) cannot hold."""

_METADATA = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdf:Producer>{producer}</pdf:Producer>
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>A</pdfaid:conformance>
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
<rdf:Description rdf:about=""
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file is made by</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
"""The metadata packet. PDF/A knows no pdfuaid, so that schema is described in the file."""


def finish(file: Any, job: Job, data: bytes) -> None:
    """Write the metadata and attach the data to an open file."""
    from pikepdf import Name, String

    producer = str(file.docinfo.get("/Producer", ""))
    title = _NOT_XML.sub("\ufffd", job.title)
    packet = _METADATA.format(title=escape(title), language=escape(job.language), producer=escape(producer))
    file.Root.Metadata = file.make_stream(packet.encode("utf-8"), Type=Name.Metadata, Subtype=Name.XML)
    file.docinfo["/Title"] = String(title)
    _attach(file, job, data)


def _attach(file: Any, job: Job, data: bytes) -> None:
    from pikepdf import Array, AttachedFileSpec, Name

    attached = AttachedFileSpec(
        file,
        data,
        filename=job.attachment,
        description=job.description,
        mime_type="application/json",
        creation_date=job.dated,
        mod_date=job.dated,
        relationship=Name.Data,
    )
    file.attachments[job.attachment] = attached
    file.Root.AF = Array([file.attachments[job.attachment].obj])


def save(file: Any, path: Path) -> None:
    """Write the file; the second part of its identifier is a digest of its content."""
    file.save(path, deterministic_id=True, linearize=False, min_version="1.7")
