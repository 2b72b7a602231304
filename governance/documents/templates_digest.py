"""The digest of the templates: part of the lock, and of what decides whether a document must be made again."""

from __future__ import annotations

from functools import cache

from governance.data_files import data_folder
from governance.evidence.canonical import digest_file, digest_json

_SUFFIXES = (".j2", ".css", ".woff2")


@cache
def templates_digest() -> str:
    """Return the SHA-256 over the names and contents of all templates, styles and fonts of documents."""
    folder = data_folder("templates")
    files = sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES and "init" not in path.parts)
    return digest_json({str(path.relative_to(folder)): digest_file(path) for path in files})
