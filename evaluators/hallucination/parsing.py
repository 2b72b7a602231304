"""Read an answer as one of two choices, or not at all.

The first word decides, and it must be the choice as a whole word: "unsure" holds "sure" and "note" holds "no", and
neither is an answer. Published scorers that look for substrings go wrong here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

LOOKED_AT = 4096
"""Characters of an answer that are read; the first word comes before that or there is none."""

_WORD = re.compile(r"\w+(?:['’\-‐‑]\w+)*")
_LINKS = frozenset({"and", "or"})


def read_choice(text: str, choices: Sequence[str]) -> str | None:
    """Return the choice that an answer begins with, or None.

    Case, leading punctuation, symbols, spaces and invisible characters are passed over. An answer that offers both
    ("yes/no", "yes and no") is not read.
    """
    seen = visible(text)
    words = [match.group().casefold() for _, match in zip(range(3), _WORD.finditer(seen), strict=False)]
    known = {choice.casefold(): choice for choice in choices}
    if not words or words[0] not in known or _combines(seen):
        return None
    following = words[1:]
    if following and following[0] in _LINKS:
        following = following[1:]
    if following and following[0] in known and following[0] != words[0]:
        return None
    return known[words[0]]


def visible(text: str) -> str:
    """Return the first `LOOKED_AT` characters in composed form, invisible ones left out, control ones as spaces."""
    part = text[:LOOKED_AT]
    if part.isascii() and part.isprintable():
        return part
    return "".join(
        (character if character == "\n" else " ") if unicodedata.category(character) == "Cc" else character
        for character in unicodedata.normalize("NFC", part)
        if unicodedata.category(character) != "Cf"
    )


def equivalence_key(text: str, choices: Sequence[str]) -> str:
    """Return what two answers must share to count as equal: the choice, or else the same text.

    Case and runs of white space make no difference.
    """
    choice = read_choice(text, choices)
    return f"choice: {choice}" if choice is not None else "text: " + " ".join(text.casefold().split())


def _combines(seen: str) -> bool:
    """Whether a combining mark follows the first word, which makes it another word."""
    match = _WORD.search(seen)
    return match is not None and match.end() < len(seen) and unicodedata.category(seen[match.end()])[0] == "M"
