"""Find for every number of a file the line of the content model that it is printed from.

A document is printed in the order of its content. So the search goes through the file once and through the lines once:
what a fragment says must stand in the lines of its section that come now, in the same words. A row counts only with
its label; the same digits somewhere else explain nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import permutations

from governance.documents.masking import MASKED
from governance.documents.trace.lines import Line, Part
from governance.documents.trace.phrases import Kind
from governance.documents.trace.places import (
    ENOUGH_WORDS,
    Place,
    by_letters,
    headings,
    in_context,
    in_turn,
    is_enough,
    piece,
    where,
)
from governance.documents.trace.reading import Fragment
from governance.documents.trace.tokens import Token, is_number, is_word, tokens

_NEEDED = ("figure", "value", "interval", "n", "name")
"""Parts of a row without a label that must all be there."""
_MOST_CANDIDATES = 400
"""Lines that are tried for one fragment, those that come next first."""
_ALIKE = 0.6
"""Share of equal tokens from which a line is called what a changed fragment was printed from."""
_NEAR = 60
"""Lines after the last one found among which a changed fragment is looked for."""


@dataclass(frozen=True)
class Matched:
    """A number of the file. `place` is None where it is not found; `instead` is what the run says there.

    `known` is what explains a number without a place: of a page, or one that is only drawn, of `measurement`.
    """

    fragment: Fragment
    token: Token
    place: Place | None
    instead: Part | None = None
    known: Kind | None = None
    measurement: str | None = None


def match(fragments: Iterable[Fragment], lines: Sequence[Line]) -> Iterator[Matched]:
    """Yield every number of the fragments with its place."""
    search = _Search(lines)
    for fragment in fragments:
        yield from search.fragment(fragment)


class _Search:
    """Goes through the lines as the file goes on. `at` is the line found last, whose parts may still follow."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.sections = {line.section for line in lines}
        self.exact: dict[tuple[str, ...], list[Line]] = defaultdict(list)
        self.holding: dict[str, list[Line]] = defaultdict(list)
        self.glued: dict[str, list[Line]] = defaultdict(list)
        self.blocks: dict[int, list[Line]] = defaultdict(list)
        for line in lines:
            self.glued["".join(line.tokens)].append(line)
            self.blocks[line.block].append(line)
            for said in dict.fromkeys([line.tokens, *(part.tokens for part in line.parts)]):
                self.exact[said].append(line)
            for token in dict.fromkeys(line.tokens):
                if is_number(token):
                    self.holding[token].append(line)
        self.entered = [""]
        self.heads = headings(lines)
        self.found: dict[str, Line] = {}
        self.now = ""
        self.open: Line | None = None
        self.cut: list[tuple[Line, Part, int]] = []
        self.drawing = 0
        self.drawn: dict[tuple[int, int], int] = defaultdict(int)

    @property
    def at(self) -> Line | None:
        """The line found last in the section that the file is in."""
        return self.found.get(self.now)

    def fragment(self, fragment: Fragment) -> list[Matched]:
        """Return the numbers of a fragment."""
        found = tokens(fragment.text)
        said = tuple(token.text for token in found)
        numbers = [i for i, token in enumerate(said) if is_number(token)]
        if not numbers:
            self._follow(fragment, said)
            return []
        places: dict[int, Place] = {}
        if fragment.role == "drawn":
            self._label(fragment, said, places)
        elif fragment.role == "said":
            self._cover(fragment, said, numbers, places, worded=True)
            self._points(said, numbers, places)
            self._cover(fragment, said, numbers, places)
        else:
            self._cover(fragment, said, numbers, places)
            self._split(fragment, said, numbers, places)
        instead: dict[int, Part] = {}
        if any(i not in places for i in numbers):
            instead = self._changed(fragment, said, places)
        return [Matched(fragment, found[i], places.get(i), instead.get(i)) for i in numbers]

    def _follow(self, fragment: Fragment, said: tuple[str, ...]) -> None:
        """Note where the file is now, by words without numbers."""
        if fragment.role not in ("drawn", "said", "margin"):
            line = next(iter(self._in_order(self.exact.get(said, ()), fragment)), None)
            if line is not None:
                self._go_to(line)

    def _go_to(self, line: Line, *, said: bool = False) -> None:
        """Go on to a line; titles and what is said of a drawing lead only to their block, whose rows still come."""
        if line.kind == "identity":
            return
        self.now, self.open = line.section, line
        last = self.found.get(line.section)
        if said or line.free:
            line = self.blocks[line.block][0]
        if last is None or line.order > last.order:
            self.found[line.section] = line

    def _sections(self, fragment: Fragment) -> frozenset[str]:
        """Return in which sections a fragment may stand; two that stand side by side can be printed in turns."""
        if fragment.section is not None and fragment.section in self.sections:
            if fragment.section != self.entered[-1]:
                self.entered = [self.entered[-1], fragment.section]
            return self.heads[fragment.section]
        return frozenset(self.entered)

    def _in_order(self, lines: Iterable[Line], fragment: Fragment) -> Iterator[Line]:
        """Yield those lines that may be printed here: of this section, not before the last one of their block."""
        sections = self._sections(fragment)
        loose = fragment.role in ("drawn", "said")
        for line in lines:
            if line.kind == "identity" or (line.free and fragment.role == "margin"):
                yield line
            elif line.section in sections:
                last = self.found.get(line.section)
                follows = last is None or line.block > last.block or line.order >= last.order
                if follows or (last is not None and line.block == last.block and (line.free or loose)):
                    yield line

    def _candidates(self, fragment: Fragment, said: Sequence[str], left: Iterable[int]) -> list[Line]:
        """Return lines that hold one of the numbers that are left, those around the rarest number first."""
        lists = sorted((self.holding.get(said[i], []) for i in left), key=len)
        chosen: dict[int, Line] = {}
        for lines in lists:
            for line in self._in_order(lines, fragment):
                chosen.setdefault(line.order, line)
                if len(chosen) >= _MOST_CANDIDATES:
                    break
        return list(chosen.values())

    def _cover(
        self,
        fragment: Fragment,
        said: tuple[str, ...],
        numbers: Sequence[int],
        places: dict[int, Place],
        *,
        worded: bool = False,
    ) -> None:
        """Give the tokens of a fragment their places, line by line, the line that says most of them first."""
        same = next(iter(self._in_order(self.exact.get(said, ()), fragment)), None)
        parts = self._parts_said(same, said, {}) if same is not None and not places else {}
        if same is not None and parts and (same.tokens == said or self._explains(same, parts, said, places)):
            self._take(same, parts, places, fragment)
        while left := [i for i in numbers if i not in places]:
            best: tuple[tuple[int, int, int], Line, dict[int, Place]] | None = None
            for line in self._candidates(fragment, said, left):
                parts = self._parts_said(line, said, places, worded=worded)
                count = sum(1 for i in parts if i in left)
                if count and self._explains(line, parts, said, places):
                    rank = (count, len(parts), -line.order)
                    if best is None or rank > best[0]:
                        best = (rank, line, parts)
            if best is None:
                return
            self._take(best[1], best[2], places, fragment)

    def _take(self, line: Line, parts: dict[int, Place], places: dict[int, Place], fragment: Fragment) -> None:
        places.update(parts)
        self._go_to(line, said=fragment.role == "said")

    def _split(
        self, fragment: Fragment, said: tuple[str, ...], numbers: Sequence[int], places: dict[int, Place]
    ) -> None:
        """Explain text that the end of a line or a page cuts: within a word, or the rest of a sentence later."""
        left = [i for i in numbers if i not in places]
        if not left:
            return
        for line in self._in_order(self.glued.get("".join(said), ()), fragment):
            places.update(by_letters(line, said, left))
            self._go_to(line)
            return
        for part_line, part, cut in list(self.cut):
            start = where(part.tokens[cut:], said, places)
            if start is not None:
                self.cut.remove((part_line, part, cut))
                places.update({start + i: Place(part_line, part, cut + i) for i in range(len(part.tokens) - cut)})
        for line in self._candidates(fragment, said, left):
            for part in line.parts:
                for cut in range(len(part.tokens) - 1, ENOUGH_WORDS, -1):
                    begun = part.tokens[:cut]
                    if sum(is_word(token) for token in begun) < ENOUGH_WORDS:
                        break
                    start = where(begun, said, places)
                    if start is not None:
                        self.cut.append((line, part, cut))
                        self._take(line, {start + i: Place(line, part, i) for i in range(cut)}, places, fragment)
                        break

    def _parts_said(
        self, line: Line, said: tuple[str, ...], taken: dict[int, Place], *, worded: bool = False
    ) -> dict[int, Place]:
        """Return which tokens are parts of a line, whole ones, the longest first; `worded`: only such with words."""
        found: dict[int, Place] = {}
        if line.whole:
            start = where(line.tokens, said, taken)
            if start is not None:
                at = start
                for part in line.parts:
                    for index in range(len(part.tokens)):
                        found[at] = Place(line, part, index)
                        at += 1
                return found
        roles: set[str] = set()
        for part in sorted(line.parts, key=lambda part: (part.role == "x", -len(part.tokens))):
            if (part.role == "x" and "x" in roles) or (worded and not part.is_worded):
                continue
            if part.tokens and (start := where(part.tokens, said, {**taken, **found})) is not None:
                found.update({start + index: Place(line, part, index) for index in range(len(part.tokens))})
                roles.add(part.role)
        return found

    def _explains(self, line: Line, parts: dict[int, Place], said: Sequence[str], places: dict[int, Place]) -> bool:
        """Whether a fragment that says these parts of a line is printed from it."""
        if not parts:
            return False
        if line is self.open or line is self.at or line.kind == "identity":
            return True
        there = {id(place.part) for place in (*parts.values(), *places.values()) if place.line is line}
        if line.whole:
            return all(id(part) in there for part in line.parts if part.tokens)
        if line.label is not None:
            named = id(line.label) in there and (line.label.is_worded or len(there) > 1)
            return named or is_enough(parts)
        if len(line.parts) == 1 and line.free:
            return line.parts[0].is_worded or len(parts) == len(said)
        needed = [part for part in line.parts if part.role in _NEEDED and part.tokens and part.text != MASKED]
        return (bool(needed) and all(id(part) in there for part in needed)) or is_enough(parts)

    def _label(self, fragment: Fragment, said: tuple[str, ...], places: dict[int, Place]) -> None:
        """Explain a label of a drawing by what its block draws; each part labels a drawing once."""
        if fragment.drawing != self.drawing:
            self.drawing = fragment.drawing
            self.drawn.clear()
        block = self.blocks.get(self.at.block, []) if self.at is not None else []
        options = [(line, part) for line in block for part in line.parts if part.tokens]
        options.sort(key=lambda option: (-len(option[1].tokens), option[1].role != "tick"))
        for line, part in options:
            key = (line.order, line.parts.index(part))
            start = where(part.tokens, said, places)
            if start is not None and not self.drawn[key]:
                self.drawn[key] += 1
                places.update({start + index: Place(line, part, index) for index in range(len(part.tokens))})

    def _points(self, said: tuple[str, ...], numbers: Sequence[int], places: dict[int, Place]) -> None:
        """Explain what is said of a chart: its points in their order, of each the same things in the same order."""
        left = [i for i in numbers if i not in places]
        block = self.blocks.get(self.at.block, []) if self.at is not None else []
        points = [line for line in block if line.kind == "Point"]
        roles = ("x", "figure", "n", "interval")
        for size in range(1, 4):
            for order in permutations(roles, size):
                if found := in_turn(points, order, said, left):
                    places.update(found)
                    return

    def _changed(self, fragment: Fragment, said: tuple[str, ...], places: dict[int, Place]) -> dict[int, Part]:
        """Explain the unchanged rest of a changed sentence, and return what stood in place of the changed numbers."""
        instead: dict[int, Part] = {}
        left = [i for i in range(len(said)) if i not in places and is_number(said[i])]
        for place in list(places.values()):
            for part in place.line.parts:
                used = any(other.part is part for other in places.values())
                if not used and len(left) >= 1 and any(is_number(token) for token in part.tokens):
                    instead.update({i: part for i in left if i not in instead and len(part.tokens) <= len(left)})
        if instead:
            return instead
        best = self._most_alike(fragment, said)
        if best is None:
            return instead
        (line, whole), blocks = best
        for tag, i1, i2, j1, j2 in blocks:
            for i in range(i1, i2):
                if i in places or not is_number(said[i]):
                    continue
                if tag == "equal" and in_context(said, i1, i2):
                    places[i] = Place(line, whole, j1 + i - i1)
                elif tag == "replace":
                    instead[i] = piece(whole, j1 + min(i - i1, j2 - j1 - 1))
        return instead

    def _most_alike(
        self, fragment: Fragment, said: tuple[str, ...]
    ) -> tuple[tuple[Line, Part], list[tuple[str, int, int, int, int]]] | None:
        now = max((line.order for line in self.found.values()), default=0)
        near = [line for line in self.lines if line.order <= now + _NEAR]
        best: tuple[tuple[Line, Part], list[tuple[str, int, int, int, int]]] | None = None
        most = _ALIKE
        for line in self._in_order(near, fragment):
            for part in line.parts:
                if abs(len(part.tokens) - len(said)) > max(6, len(said) // 3) or len(part.tokens) < ENOUGH_WORDS:
                    continue
                matcher = SequenceMatcher(None, part.tokens, said, autojunk=False)
                if matcher.quick_ratio() > most and (ratio := matcher.ratio()) > most:
                    codes = [(str(tag), j1, j2, i1, i2) for tag, i1, i2, j1, j2 in matcher.get_opcodes()]
                    best, most = ((line, part), codes), ratio
        return best
