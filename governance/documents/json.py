"""JSON: the content model of the document as data, for machines and for the trace of every number."""

from __future__ import annotations

from governance.documents.content import Document
from governance.evidence.canonical import readable_json


def render(document: Document) -> bytes:
    """Return the document as readable JSON with sorted keys."""
    return readable_json(document.model_dump(mode="json"))
