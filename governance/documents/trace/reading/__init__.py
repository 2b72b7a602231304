"""Readers: the readable text of a file, with a parser of its format; none of them knows how the file was made."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path

from governance.documents.trace.reading.fragments import FileText, Fragment, Role
from governance.errors import CannotRunError, InputError, Location

__all__ = ["READERS", "FileText", "Fragment", "Role", "read_file"]

_HERE = "governance.documents.trace.reading"

READERS: Mapping[str, str] = {"html": "html", "md": "markdown", "pdf": "pdf", "docx": "docx"}
"""Ending of a file: the module that reads it."""

LARGEST = 256 * 1024 * 1024
"""Bytes; the page of a run with a hundred thousand measurements is smaller."""


def read_file(path: Path) -> FileText:
    """Return what a file says.

    Raises
    ------
    InputError
        If its format is not known, it is too large, or it is not what its name says.
    CannotRunError
        If it cannot be read.
    """
    ending = path.suffix.removeprefix(".")
    if ending not in READERS:
        raise InputError(
            f"'{ending}' is no format of documents: {', '.join(READERS)} or json", location=Location(str(path))
        )
    try:
        data = path.read_bytes() if path.stat().st_size <= LARGEST else None
    except OSError as error:
        raise CannotRunError(f"cannot read {path}: {error.strerror or error}") from error
    if data is None:
        raise InputError(f"larger than {LARGEST >> 20} MiB", location=Location(str(path)))
    read: Callable[[bytes], FileText] = importlib.import_module(f"{_HERE}.{READERS[ending]}").read
    try:
        return read(data)
    except InputError as error:
        raise InputError(error.message, location=Location(str(path)), hint=error.hint) from error
