"""The identity of a subject: a digest of all that determines its outputs, found without opening the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from governance.errors import InputError, near_name
from governance.evidence.canonical import digest_file, digest_json
from governance.plugins import find
from governance.spec.model import SubjectSpec
from governance.spec.references import load_reference
from governance.subjects.own_code import source_digest

_REFERENCE = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")


def identify(subject: SubjectSpec, base: Path) -> str | None:
    """Digest weights, architecture, preprocessing and own code of a subject.

    Files count by content, own code by its source, everything else as written; no path and no file name enters. None
    where a function of one's own returns the model and no file holds its weights: only the opened model tells then.

    Raises
    ------
    InputError
        If a file or folder is missing.
    """
    descriptor = find("subjects", subject.kind)
    options = descriptor.options.model_validate(subject.options)
    if getattr(options, "loader", None) is not None and getattr(options, "weights", None) is None:
        return None
    content = _content(options, base)
    return digest_json([subject.kind, descriptor.version, subject.task, content])


def opened_digest(subject: SubjectSpec, base: Path, state: str) -> str:
    """Digest of a subject whose weights only the opened model tells; `state` is the digest of those weights."""
    descriptor = find("subjects", subject.kind)
    options = descriptor.options.model_validate(subject.options)
    return digest_json([subject.kind, descriptor.version, subject.task, _content(options, base), state])


def digest_of(subject: SubjectSpec, base: Path) -> str:
    """Digest of a subject that is identified by its files.

    Raises
    ------
    InputError
        If only the opened model tells.
    """
    digest = identify(subject, base)
    if digest is None:
        raise InputError(f"the subject '{subject.name}' is not identified by files")
    return digest


def file_of(base: Path, name: str, what: str = "the model file") -> Path:
    """Return a file beside the spec.

    Raises
    ------
    InputError
        If it is missing or empty, with a near name.
    """
    path = base / name
    if not path.is_file():
        names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        shown = near_name(path.name, names[:20]) if names else f"the folder {path.parent} does not exist or is empty"
        raise InputError(f"{what} '{name}' does not exist", hint=f"paths are relative to the spec; {shown}")
    if path.stat().st_size == 0:
        raise InputError(f"{what} '{name}' is empty")
    return path


def folder_of(base: Path, name: str) -> Path:
    """Return a folder beside the spec, or the one that ``module:function`` returns.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    path = Path(str(load_reference(name, base)())) if _REFERENCE.match(name) else base / name
    if not path.is_dir():
        raise InputError(f"the model folder '{name}' does not exist", hint="paths are relative to the spec")
    return path


def _content(options: BaseModel, base: Path) -> dict[str, Any]:
    content: dict[str, Any] = {}
    only = getattr(options, "gguf_file", None)
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        if value is None:
            continue
        marks = _marks(field.metadata, field.annotation)
        if "file" in marks:
            content[name] = (
                {key: digest_file(file_of(base, item)) for key, item in value.items()}
                if isinstance(value, Mapping)
                else digest_file(file_of(base, value))
            )
        elif "folder" in marks:
            content[name] = _folder_digests(folder_of(base, value), only)
        elif "code" in marks:
            content[name] = source_digest(value, base)
        else:
            content[name] = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return content


def _marks(metadata: list[Any], annotation: Any) -> set[str]:
    """Return the marks of a field, also those inside of a union."""
    marks = {mark for mark in metadata if isinstance(mark, str)}
    for part in getattr(annotation, "__args__", ()):
        marks |= _marks(list(getattr(part, "__metadata__", ())), part)
    return marks


_READ_BY_PYTHON = {".py", ".pyc"}


def _folder_digests(folder: Path, only: str | None) -> dict[str, str]:
    """Digest the files of a model folder, or the one quantised file that holds weights, configuration and tokenizer."""
    if only is not None:
        return {"gguf_file": digest_file(file_of(folder, only))}
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in _READ_BY_PYTHON)
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in files}
