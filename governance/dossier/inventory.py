"""What lies in a folder: regular files by their POSIX path, and whatever else is there.

Links are never followed and special files never opened, so that a crafted folder can neither make the reader leave it
nor hang on a pipe.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\\]|[\ud800-\udfff]")
"""Control characters, backslashes (a separator elsewhere) and bytes of a file name that are not UTF-8."""

_READERS = 2
"""Files hashed side by side; hashing releases the interpreter lock."""


@dataclass(frozen=True)
class FileEntry:
    """A regular file: path relative to the folder with forward slashes, and size in bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class Inventory:
    """Everything in a folder, sorted by path. `strange` holds (path, what it is) for all that is not a regular file."""

    files: tuple[FileEntry, ...]
    strange: tuple[tuple[str, str], ...]


def take_inventory(folder: Path) -> Inventory:
    """List `folder` without following links or opening anything."""
    files: list[FileEntry] = []
    strange: list[tuple[str, str]] = []
    waiting = [""]
    while waiting:
        below = waiting.pop()
        with os.scandir(folder / below) as entries:
            for entry in entries:
                path = f"{below}/{entry.name}" if below else entry.name
                status = entry.stat(follow_symlinks=False)
                if problem := name_problem(path):
                    strange.append((printable(path), problem))
                elif stat.S_ISDIR(status.st_mode):
                    waiting.append(path)
                elif stat.S_ISREG(status.st_mode):
                    files.append(FileEntry(path, status.st_size))
                elif stat.S_ISLNK(status.st_mode):
                    strange.append((path, "a symbolic link"))
                else:
                    strange.append((path, "neither a file nor a folder"))
    return Inventory(tuple(sorted(files, key=lambda file: file.path)), tuple(sorted(strange)))


def name_problem(path: str) -> str | None:
    """Say why `path` cannot be the name of a file in a manifest, or None where it can."""
    parts = path.split("/")
    if not path or path.startswith("/") or "." in parts or ".." in parts or "" in parts:
        return "a name that leaves the folder or is not in its simplest form"
    if _UNPRINTABLE.search(path):
        return "a name with control characters, backslashes or bytes that are not UTF-8"
    return None


def printable(path: str) -> str:
    """Return `path` with unprintable characters escaped, so that a report cannot be forged by a file name."""
    return path.encode("unicode_escape", "backslashreplace").decode("ascii") if _UNPRINTABLE.search(path) else path


def digests(folder: Path, paths: list[str]) -> list[str | None]:
    """Return the SHA-256 of each file, None where it cannot be read."""
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(lambda path: _digest(folder / path), paths))


def _digest(path: Path) -> str | None:
    """Hash a file that is no link (one may have taken its place since it was listed)."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
