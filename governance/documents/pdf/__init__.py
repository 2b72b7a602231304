"""PDF: the page with a print style, made by WeasyPrint as one file that is PDF/A-3a and PDF/UA-1, its data attached.

The renderer writes pages into a folder, lets one child process make the PDFs, and reads them back. `worker` is that
process; in it `layout` makes pages, `structure` mends their tags and `archive` makes the file one that lasts. `checks`
looks at a finished file.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from ctypes.util import find_library
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from governance.documents import json as data_file
from governance.documents.content import Document
from governance.documents.html import page
from governance.documents.pdf.job import Paper, job
from governance.errors import CannotRunError

TIME_LIMIT = 600
"""Seconds of wall-clock time for all documents of a run; on two quiet processors they take about a fortieth of it."""
MISSING_LIBRARIES = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
MISSING_PACKAGE = "pip install 'medical-ai-governance[pdf]'"
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_CACHE_HOME")
"""What the child process needs of the environment; tokens of trackers and judges are none of it."""


@dataclass(frozen=True)
class Renderer:
    """Makes PDFs, one or many in the same child process, on A4 or on Letter paper."""

    paper: Paper = "A4"

    def __call__(self, document: Document) -> bytes:
        """Return the document as PDF.

        Raises
        ------
        CannotRunError
            If WeasyPrint, pikepdf or their libraries are missing, or this document could not be made.
        """
        return self.together([document])[0]

    def together(self, documents: Sequence[Document]) -> list[bytes]:
        """Return several documents as PDFs, all of them or none.

        Raises
        ------
        CannotRunError
            As when called; it names the documents that could not be made.
        """
        made = self.each(documents)
        failed = [one for one in made if isinstance(one, CannotRunError)]
        if failed:
            raise CannotRunError("; ".join(one.message for one in failed), hint=failed[0].hint)
        return [one for one in made if isinstance(one, bytes)]

    def each(self, documents: Sequence[Document]) -> list[bytes | CannotRunError]:
        """Return for each document its PDF, or why there is none; one that fails takes no other with it.

        Raises
        ------
        CannotRunError
            If nothing can be made here: something is missing, or the child process itself failed.
        """
        missing = self.missing()
        if missing:
            raise CannotRunError("PDFs were not made", hint=missing)
        with tempfile.TemporaryDirectory(prefix="governance-pdf-") as name:
            folder = Path(name)
            for index, document in enumerate(documents):
                stem = folder / f"{index:02d}"
                stem.with_suffix(".html").write_text(page(document, printed=True), "utf-8")
                stem.with_suffix(".data").write_bytes(data_file.render(document))
                job(document, self.paper).write(stem.with_suffix(".job"))
            _work(folder)
            return [_made(folder / f"{index:02d}", document) for index, document in enumerate(documents)]

    def missing(self) -> str | None:
        """Return the command that brings what is missing, or None where PDFs can be made."""
        if importlib.util.find_spec("weasyprint") is None or importlib.util.find_spec("pikepdf") is None:
            return MISSING_PACKAGE
        if not (find_library("pango-1.0") and find_library("pangoft2-1.0")):
            return MISSING_LIBRARIES
        return None

    def version(self) -> str:
        """Return what the bytes depend on beyond the document: libraries, how fonts are subset, paper, this code."""
        subset = "harfbuzz" if find_library("harfbuzz-subset") else "fonttools"
        libraries = f"weasyprint {_version('weasyprint')}, pikepdf {_version('pikepdf')}, {subset}"
        return f"{libraries}, {self.paper}, archive 1"


RENDERER = Renderer()
LETTER = Renderer(paper="letter")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _made(stem: Path, document: Document) -> bytes | CannotRunError:
    file, why = stem.with_suffix(".pdf"), stem.with_suffix(".why")
    if file.exists():
        return file.read_bytes()
    reason = why.read_text("utf-8") if why.exists() else "it was never begun"
    return CannotRunError(f"the PDF '{document.title}' ({document.audience}) was not made: {reason}")


def _work(folder: Path) -> None:
    """Run the child process in a session of its own, so that all that it started ends with it."""
    command = [sys.executable, "-m", "governance.documents.pdf.worker", str(folder)]
    child = subprocess.Popen(
        command,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, said = child.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired as error:
        raise CannotRunError(f"PDFs were not made: they took longer than {TIME_LIMIT} s") from error
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    if child.returncode != 0:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        raise CannotRunError(
            f"PDFs were not made: {lines[-1] if lines else f'exit {child.returncode}'}", hint=MISSING_LIBRARIES
        )


def _environment() -> Mapping[str, str]:
    """Return an environment in which equal pages give equal bytes."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    fixed = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": "0", "PYTHONHASHSEED": "0"}
    return {**kept, **fixed, "PYTHONPATH": os.pathsep.join(sys.path)}
