"""PDF: the page with a print style, made by WeasyPrint in one child process for all documents of a run."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from ctypes.util import find_library
from importlib import metadata
from pathlib import Path

from governance.documents.content import Document
from governance.documents.html import page
from governance.errors import CannotRunError

TIME_LIMIT = 180
"""Seconds for all documents of a run; they take about a tenth of it."""
MISSING_LIBRARIES = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
MISSING_PACKAGE = "pip install 'medical-ai-governance[pdf]'"


class Renderer:
    """Makes PDFs, one or many in the same child process."""

    def __call__(self, document: Document) -> bytes:
        """Return the document as PDF.

        Raises
        ------
        CannotRunError
            If WeasyPrint or its libraries are missing, or the child process failed.
        """
        return self.together([document])[0]

    def together(self, documents: Sequence[Document]) -> list[bytes]:
        """Return several documents as PDFs; WeasyPrint is loaded once.

        Raises
        ------
        CannotRunError
            As when called.
        """
        missing = self.missing()
        if missing:
            raise CannotRunError("PDFs were not made", hint=missing)
        with tempfile.TemporaryDirectory(prefix="governance-pdf-") as name:
            folder = Path(name)
            for index, document in enumerate(documents):
                stem = f"{index:02d}"
                (folder / f"{stem}.html").write_text(page(document, printed=True), "utf-8")
                (folder / f"{stem}.id").write_text(f"{document.identity.run_id}-{document.audience}", "ascii")
            _work(folder)
            return [(folder / f"{index:02d}.pdf").read_bytes() for index in range(len(documents))]

    def missing(self) -> str | None:
        """Return the command that brings what is missing, or None where PDFs can be made."""
        if importlib.util.find_spec("weasyprint") is None:
            return MISSING_PACKAGE
        if not (find_library("pango-1.0") and find_library("pangoft2-1.0")):
            return MISSING_LIBRARIES
        return None

    def version(self) -> str:
        """Return what the bytes depend on beyond the document: the library's version and how fonts are subset."""
        subset = "harfbuzz" if find_library("harfbuzz-subset") else "fonttools"
        return f"weasyprint {_version('weasyprint')}, pikepdf {_version('pikepdf')}, {subset}"


RENDERER = Renderer()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _work(folder: Path) -> None:
    command = [sys.executable, "-m", "governance.documents.pdf_worker", str(folder)]
    try:
        done = subprocess.run(command, env=_environment(), capture_output=True, timeout=TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired as error:
        raise CannotRunError(f"PDFs were not made: they took longer than {TIME_LIMIT} s") from error
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CannotRunError(
            f"PDFs were not made: {lines[-1] if lines else f'exit {done.returncode}'}", hint=MISSING_LIBRARIES
        )


def _environment() -> Mapping[str, str]:
    """Return an environment in which equal pages give equal bytes."""
    return {**os.environ, "SOURCE_DATE_EPOCH": "0", "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
