"""Canonical JSON and digests: equal content gives equal bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

_COMPACT = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
"""Made once: evidence has a hundred thousand digests."""


def canonical_json(content: Any) -> bytes:
    """Serialise `content` compactly with sorted keys, UTF-8, no NaN or infinity.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return _COMPACT.encode(content).encode("utf-8")


def readable_json(content: Any) -> bytes:
    """Serialise `content` like `canonical_json`, indented and with a final newline, for files that people open."""
    return (json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode("utf-8")


def in_order(content: Any) -> Any:
    """Return JSON content with the keys of every mapping in sorted order, as a reader of canonical JSON gets them."""
    if isinstance(content, dict):
        return {key: in_order(content[key]) for key in sorted(content)}
    return [in_order(one) for one in content] if isinstance(content, list) else content


def digest_bytes(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest_json(content: Any) -> str:
    """Return the SHA-256 of the canonical JSON of `content`."""
    return digest_bytes(canonical_json(content))


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
