"""Text that other programs wrote, made fit to be kept and shown without changing what it says."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from itertools import count
from typing import Any

DEEPEST = 32
"""Levels of nesting that are kept of an unknown field."""
_SHOWN = 60


def storable(value: Any, depth: int = 0) -> Any:
    """Return JSON content without what no file can hold: lone surrogates, numbers that are not finite, endless nesting.

    A lone surrogate becomes U+FFFD; such a number, and what lies too deep, becomes its text.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict | list) and depth >= DEEPEST:
        return f"({type(value).__name__} below {DEEPEST} levels)"
    if isinstance(value, dict):
        return {str(storable(str(key))): storable(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list):
        return [storable(part, depth + 1) for part in value]
    return value


def shown(text: str, most: int = _SHOWN) -> str:
    """Return a name from a file as it can be printed: control and direction marks as ``\\u202e``, long ones cut."""
    kept = text[:most]
    visible = "".join(
        character if unicodedata.category(character)[0] != "C" else f"\\u{ord(character):04x}" for character in kept
    )
    return visible + ("…" if len(text) > most else "")


def distinct_names(texts: Iterable[str]) -> dict[str, str]:
    """Return the name under which each text is shown; texts that would look alike are numbered."""
    found: dict[str, str] = {}
    for text in sorted(set(texts)):
        name = shown(text)
        used = set(found.values())
        tries = (name if number == 1 else f"{name} ({number})" for number in count(1))
        found[text] = next(one for one in tries if one not in used)
    return found


def shown_list(names: list[str], most: int = 200) -> str:
    """Return names with commas between them, the first `most` and how many more there are."""
    listed = ", ".join(shown(name) for name in names[:most])
    return f"{listed} and {len(names) - most} more" if len(names) > most else listed
