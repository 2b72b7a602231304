"""The renderer: python-docx is imported when a document is made."""

from __future__ import annotations

import importlib.util
import zlib
from importlib import metadata

from governance.documents.content import Document
from governance.errors import CannotRunError

MISSING_PACKAGE = "pip install 'medical-ai-governance[docx]'"


class Renderer:
    """Makes files for word processors."""

    def __call__(self, document: Document) -> bytes:
        """Return the document as DOCX (Office Open XML, ISO/IEC 29500).

        Raises
        ------
        CannotRunError
            If python-docx is not installed.
        """
        missing = self.missing()
        if missing:
            raise CannotRunError("DOCX files were not made", hint=missing)
        from governance.documents.docx.compose import compose

        return compose(document)

    def missing(self) -> str | None:
        """Return the command that brings what is missing, or None where DOCX files can be made."""
        return MISSING_PACKAGE if importlib.util.find_spec("docx") is None else None

    def version(self) -> str:
        """Return what the bytes depend on beyond the document: the libraries that write and compress them."""
        return f"python-docx {_version('python-docx')}, lxml {_version('lxml')}, zlib {zlib.ZLIB_RUNTIME_VERSION}"


RENDERER = Renderer()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"
