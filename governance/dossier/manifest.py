"""Write `manifest.json`: the SHA-256 and size of every other file of a run, and a digest over that list.

The file's own bytes are canonical: `verify` serialises what it read and compares, so that a changed byte in the
manifest is found like one anywhere else. A manifest is no signature: whoever can write every file can write a new one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.dossier.inventory import Inventory, digests, take_inventory
from governance.errors import CannotRunError, InputError
from governance.evidence.canonical import digest_json, readable_json

if TYPE_CHECKING:
    from governance.evidence.folder import RunFolder

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1

_LEFT_BEHIND = re.compile(r"^\.(?P<name>.+)\.[a-z0-9_]{8}$")
"""Temporary files of `write_atomically`; one remains where a process was killed while writing."""


def write_manifest(folder: RunFolder | Path) -> Path:
    """Write the manifest of a run folder and return its path.

    Half-written temporary files that a killed process left behind are removed first.

    Raises
    ------
    InputError
        If the folder holds a link or anything that is neither a file nor a folder.
    CannotRunError
        If a file cannot be read or the manifest cannot be written.
    """
    from governance.evidence.folder import write_atomically

    path = folder if isinstance(folder, Path) else folder.path
    try:
        inventory = _without_leftovers(path)
    except OSError as error:
        raise CannotRunError(f"cannot list {path}: {error.strerror or error}") from error
    if inventory.strange:
        name, what = inventory.strange[0]
        raise InputError(
            f"{path / name} is {what}; a dossier holds regular files only", hint="replace it by a copy of the file"
        )
    files = [file for file in inventory.files if file.path != MANIFEST]
    hashes = digests(path, [file.path for file in files])
    entries = []
    for file, digest in zip(files, hashes, strict=True):
        if digest is None:
            raise CannotRunError(f"cannot read {path / file.path}")
        entries.append({"path": file.path, "sha256": digest, "size": file.size})
    target = path / MANIFEST
    write_atomically(target, readable_json(manifest_content(entries)))
    return target


def manifest_content(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the manifest of sorted entries, with the digest over them."""
    return {"version": MANIFEST_VERSION, "files": entries, "digest": digest_json(entries)}


def _without_leftovers(folder: Path) -> Inventory:
    inventory = take_inventory(folder)
    leftovers = [file for file in inventory.files if _LEFT_BEHIND.match(file.path.rsplit("/", 1)[-1])]
    for file in leftovers:
        (folder / file.path).unlink(missing_ok=True)
    return take_inventory(folder) if leftovers else inventory
