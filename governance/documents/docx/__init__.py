"""DOCX: the document as a file for word processors, with real headings, tables and captions."""

from governance.documents.docx.renderer import RENDERER

__all__ = ["RENDERER"]
