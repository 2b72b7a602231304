"""The digest of the templates: part of the lock, and of what decides whether a document must be made again."""

from __future__ import annotations

from functools import cache

from governance.data_files import data_folder
from governance.evidence.canonical import digest_file, digest_json

_SUFFIXES = (".j2", ".css", ".js", ".woff2")
_SCAFFOLD = "init"
"""Folder of what ``governance init`` copies; no run and no document depends on it."""


@cache
def templates_digest() -> str:
    """Return the SHA-256 over the names and contents of all templates, styles and fonts of documents."""
    folder = data_folder("templates")
    files = {path.relative_to(folder): path for path in folder.rglob("*") if path.suffix in _SUFFIXES}
    content = {name.as_posix(): digest_file(path) for name, path in files.items() if name.parts[0] != _SCAFFOLD}
    return digest_json(content)
