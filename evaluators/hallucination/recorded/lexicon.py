"""Which findings a text asserts, denies or leaves open: a lexicon of findings with scopes of negation and uncertainty.

A cue reaches over the findings of its clause: up to a full stop, a semicolon, a colon or a word that ends it ("but").
Cues before a finding reach forward, cues after it backward. Terms and cues are data (`findings.yaml`).

Source: the idea of scopes from Chapman et al., J. Biomed. Inform. 34 (2001) 301 (NegEx) and Harkema et al., ibid. 42
(2009) 839 (ConText).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from evaluators.hallucination.recorded.phrase_matching import STOP, Match, Phrases, words_of
from governance.spec.yaml import read_yaml

ASSERTED, OPEN, DENIED = "asserted", "open", "denied"
_STRENGTH = {DENIED: 0, OPEN: 1, ASSERTED: 2}
_REACH = 12
"""Words that lie between a cue and a finding at most, so that a text without full stops is not denied as a whole."""
_FAR = 64
"""Cues and findings that are looked at on either side of a finding at most."""
_FINDING = "finding:"
CUES = ("denied_before", "denied_after", "open_before", "open_after", "no_denial", "ends")


@dataclass(frozen=True)
class Lexicon:
    """Findings and cues, as phrases by kind; `name` and `version` go into the method of what is measured with them."""

    name: str
    version: int
    findings: tuple[str, ...]
    phrases: Phrases
    digest: str | None = None

    @property
    def called(self) -> str:
        """Name and version, and of a person's own the beginning of its digest."""
        return f"{self.name} {self.version}" + (f", SHA-256 {self.digest[:12]}" if self.digest else "")

    @classmethod
    def of(cls, content: Mapping[str, Any], digest: str | None = None) -> Lexicon:
        """Build a lexicon from the content of its file."""
        kinds = {_FINDING + name: terms for name, terms in content["findings"].items()}
        kinds |= {kind: content[kind] for kind in CUES}
        return cls(str(content["id"]), int(content["version"]), tuple(content["findings"]), Phrases(kinds), digest)

    def read(self, text: str) -> dict[str, str]:
        """Return the findings that a text names with `ASSERTED`, `OPEN` or `DENIED`.

        A finding that is named several times is asserted if any mention asserts it, else open if any leaves it open.
        """
        found: dict[str, str] = {}
        for name, status in self._mentions(text):
            if name not in found or _STRENGTH[status] > _STRENGTH[found[name]]:
                found[name] = status
        return found

    def _mentions(self, text: str) -> Iterator[tuple[str, str]]:
        words = words_of(text, stops=True)
        matches = self.phrases.find(words)
        if not any(match.kind.startswith(_FINDING) for match in matches):
            return
        stops = [place for place, word in enumerate(words) if word == STOP]
        for clause in _clauses(matches, stops):
            for place, match in enumerate(clause):
                if match.kind.startswith(_FINDING):
                    yield match.kind.removeprefix(_FINDING), _status(clause, place)


@cache
def findings() -> Lexicon:
    """Return the lexicon that ships with the toolkit."""
    return Lexicon.of(shipped_content())


def shipped_content() -> dict[str, Any]:
    """Return what stands in the file of the lexicon that ships."""
    content: dict[str, Any] = read_yaml(Path(__file__).with_name("findings.yaml")).content
    return content


def _clauses(matches: list[Match], stops: list[int]) -> Iterator[list[Match]]:
    """Cut matches where a clause ends; the word that ends it belongs to neither part."""
    clause: list[Match] = []
    following = 0
    for match in matches:
        while following < len(stops) and stops[following] < match.start:
            following += 1
            if clause:
                yield clause
                clause = []
        if match.kind == "ends":
            if clause:
                yield clause
            clause = []
        else:
            clause.append(match)
    if clause:
        yield clause


def _status(clause: list[Match], place: int) -> str:
    """Return what the nearest cue before a finding says of it, unless one after it says something.

    "Cannot exclude" holds a denial and leaves open: the phrase as a whole is an open cue.
    """
    for other in _near(reversed(clause[max(0, place - _FAR) : place]), clause[place]):
        if other.kind in ("denied_before", "open_before", "no_denial"):
            before = {"denied_before": DENIED, "open_before": OPEN, "no_denial": ASSERTED}[other.kind]
            break
    else:
        before = ASSERTED
    for other in _near(clause[place + 1 : place + _FAR], clause[place]):
        if other.kind in ("denied_after", "open_after"):
            return DENIED if other.kind == "denied_after" else OPEN
    return before


def _near(others: Iterable[Match], finding: Match) -> Iterator[Match]:
    """Yield matches from the finding outwards as far as a cue reaches; a list of findings does not use the reach up."""
    last, words = finding, 0
    for other in others:
        words += last.start - other.end if other.start < finding.start else other.start - last.end
        if words > _REACH:
            return
        yield other
        last = other
