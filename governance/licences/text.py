"""The licence text itself: a file beside the spec, referred to by its SHA-256 and copied byte for byte."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from governance.evidence.canonical import digest_bytes
from governance.licences.errors import LicenceError

FOLDER = "text"
"""Where copies lie inside the run's ``licence/`` folder."""
MAXIMUM_BYTES = 1_000_000
"""Licence texts are a few pages; what is larger is something else."""
_LINK = re.compile(r"https?://", re.IGNORECASE)
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class LicenceText:
    """A licence text as it was read. `copy` is where its copy lies, relative to the run's ``licence/`` folder."""

    content: bytes
    sha256: str
    copy: str


def is_link(text: str) -> bool:
    """Whether the text of a licence is named by a link, which nobody follows."""
    return _LINK.match(text) is not None


def read_licence_text(named: str | None, base: Path | None) -> LicenceText | None:
    """Read the licence text that a spec names; None where it names none or a link, or its folder is not known.

    Parameters
    ----------
    named
        ``licence.text`` of the spec.
    base
        The folder of the spec; the file must lie in it.

    Raises
    ------
    LicenceError
        If there is no such file in the folder of the spec, or it is no licence text by its size.
    """
    if named is None or is_link(named) or base is None:
        return None
    path, inside = base / named, base.resolve()
    try:
        found = path.resolve(strict=True)
        if not found.is_relative_to(inside):
            raise LicenceError(f"the licence text {named} is not in the folder of the spec", "text", hint=_HINT)
        if not found.is_file():
            raise LicenceError(f"the licence text {named} is not a file", "text", hint=_HINT)
        if found.stat().st_size > MAXIMUM_BYTES:
            raise LicenceError(f"the licence text {named} is larger than {MAXIMUM_BYTES} bytes", "text", hint=_HINT)
        content = found.read_bytes()
    except (OSError, ValueError, RuntimeError):
        raise LicenceError(f"there is no licence text {named} beside the spec", "text", hint=_HINT) from None
    if not content.strip():
        raise LicenceError(f"the licence text {named} is empty", "text", hint=_HINT)
    name = _NOT_IN_A_NAME.sub("-", Path(named).name).strip("-.") or "licence"
    return LicenceText(content, digest_bytes(content), f"{FOLDER}/{name}")


_HINT = "put the text there as its makers publish it, unaltered, or give a link; without it leave `text` out"
