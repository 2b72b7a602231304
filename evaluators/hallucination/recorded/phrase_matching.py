"""Find phrases of several kinds in text as whole words; the longest phrase at a place wins and uses its words up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_WORD = re.compile(r"\w+(?:['’]\w+)*%?")
_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})
STOP = "\0"
"""Stands for the end of a clause among the words."""
_STOPPED = re.compile(r"\w+(?:['’]\w+)*%?|[.;:!?\n](?!\d)")


@dataclass(frozen=True)
class Match:
    """A phrase that was found: its kind, how the list writes it, its first word, and the one after its last."""

    kind: str
    phrase: str
    start: int
    end: int


def words_of(text: str, *, stops: bool = False) -> list[str]:
    """Return the words in lower case without invisible characters; with `stops` also `STOP` at ends of clauses."""
    if not text.isascii():
        text = "".join(
            character for character in unicodedata.normalize("NFC", text) if unicodedata.category(character) != "Cf"
        ).translate(_STRAIGHT)
    lowered = text.lower()
    if not stops:
        return _WORD.findall(lowered)
    return [word if word[0].isalnum() or word[0] == "_" else STOP for word in _STOPPED.findall(lowered)]


class Phrases:
    """Phrases by kind, looked up by their first word.

    A word that ends with ``*`` stands for every word that begins so; only the last word of a phrase may.
    """

    def __init__(self, kinds: Mapping[str, Iterable[str]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], bool, str, str]]] = {}
        self._stems: list[tuple[str, str, str]] = []
        for kind, phrases in kinds.items():
            for phrase in phrases:
                stem = phrase.endswith("*")
                words = tuple(words_of(phrase.removesuffix("*")))
                if not words:
                    raise ValueError(f"the phrase '{phrase}' has no word")
                if stem and len(words) == 1:
                    self._stems.append((words[0], kind, phrase))
                else:
                    self._by_first.setdefault(words[0], []).append((words, stem, kind, phrase))
        for found in self._by_first.values():
            found.sort(key=lambda entry: -len(entry[0]))
        self._stems.sort(key=lambda entry: -len(entry[0]))
        self._known: dict[str, tuple[str, str] | None] = {}

    def find(self, words: list[str]) -> list[Match]:
        """Return what occurs, in order, without overlaps."""
        found: list[Match] = []
        place, n = 0, len(words)
        while place < n:
            match = self._at(words, place)
            if match is None:
                place += 1
            else:
                found.append(match)
                place = match.end
        return found

    def _at(self, words: list[str], place: int) -> Match | None:
        for phrase, stem, kind, written in self._by_first.get(words[place], ()):
            end = place + len(phrase)
            here = words[place:end]
            same = tuple(here) == phrase
            if not same and stem and len(here) == len(phrase):
                same = tuple(here[:-1]) == phrase[:-1] and here[-1].startswith(phrase[-1])
            if same:
                return Match(kind, written, place, end)
        single = self._stemmed(words[place])
        return None if single is None else Match(single[0], single[1], place, place + 1)

    def _stemmed(self, word: str) -> tuple[str, str] | None:
        if word not in self._known:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._known[word] = next(((kind, term) for stem, kind, term in self._stems if word.startswith(stem)), None)
        return self._known[word]


_REMEMBERED = 1 << 16
