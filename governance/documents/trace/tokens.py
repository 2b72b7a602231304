"""Tokens of readable text: words and numbers, the same whichever format a text was read from.

White space, brackets and most punctuation say nothing about a number and are left out; signs, comparisons and percent
say much and stay. Every token with a digit needs an explanation, also a digest or a version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"""
    (?:(?<![\w.,)\]])[-+\N{MINUS SIGN}](?=\.?\d))?        # a sign, where no word or number ends before it
    \w+(?:[.,'\N{NARROW NO-BREAK SPACE}](?=\w)\w+)*      # a word or a number with its separators inside
    |[%<>=\N{PLUS-MINUS SIGN}\N{LESS-THAN OR EQUAL TO}\N{GREATER-THAN OR EQUAL TO}]
    """,
    re.VERBOSE,
)
_THOUSANDS = re.compile(r"(?<=\d)[\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}](?=\d{3}(?!\d))")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it stands in its text."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=1 << 17)
def tokens(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text, with thousands put together and words in small letters."""
    found = []
    for match in _TOKEN.finditer(text):
        word = _THOUSANDS.sub("", match.group()).casefold()
        found.append(Token(word, match.start(), match.end()))
    return tuple(found)


def words(text: str) -> tuple[str, ...]:
    """Return the texts of the tokens."""
    return tuple(token.text for token in tokens(text))


@lru_cache(maxsize=1 << 17)
def is_number(token: str) -> bool:
    """Whether a token holds a digit, so that somebody must explain it."""
    return _DIGIT.search(token) is not None


@lru_cache(maxsize=1 << 17)
def is_word(token: str) -> bool:
    """Whether a token is a word: letters and no digit."""
    return _LETTER.search(token) is not None and not is_number(token)


def has_number(text: str) -> bool:
    """Whether a text holds a digit."""
    return _DIGIT.search(text) is not None
