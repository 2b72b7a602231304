"""Places of printed tokens in the lines of a document, and how parts of lines are found among printed tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from governance.documents.trace.lines import Line, Part
from governance.documents.trace.tokens import is_number, is_word

ENOUGH_WORDS = 3
"""Words of a part that make it its own explanation; a shorter one counts only beside the label of its line."""


@dataclass(frozen=True)
class Place:
    """Where in the model a token was found: the line, the part and the token's index in it."""

    line: Line
    part: Part
    index: int


def headings(lines: Sequence[Line]) -> dict[str, frozenset[str]]:
    """Return for each heading the sections below it: its own, and one without a heading that follows."""
    order = [line.section for line in lines if line.kind != "identity"]
    found = {section: {section} for section in [*order, ""]}
    for before, after in pairwise(order):
        if not after:
            found[before].add(after)
    return {heading: frozenset(below) for heading, below in found.items()}


def where(part: Sequence[str], said: Sequence[str], taken: dict[int, Place]) -> int | None:
    """Return where the tokens of a part stand among those that are free, None where they do not."""
    length = len(part)
    for start in range(len(said) - length + 1):
        same = said[start] == part[0] and tuple(said[start : start + length]) == tuple(part)
        if same and not any(i in taken for i in range(start, start + length)):
            return start
    return None


def by_letters(line: Line, said: Sequence[str], left: Iterable[int]) -> dict[int, Place]:
    """Return the places of numbers in a line of the same letters, whose words were cut elsewhere."""
    starts: dict[int, Place] = {}
    at = 0
    for part in line.parts:
        for index, token in enumerate(part.tokens):
            starts[at] = Place(line, part, index)
            at += len(token)
    found: dict[int, Place] = {}
    for i in left:
        place = starts.get(sum(len(token) for token in said[:i]))
        if place is not None and place.part.tokens[place.index] == said[i]:
            found[i] = place
    return found


def is_enough(parts: dict[int, Place]) -> bool:
    """Whether one of the parts holds so many words that it needs no label."""
    return any(sum(is_word(token) for token in place.part.tokens) >= ENOUGH_WORDS for place in parts.values())


def in_context(said: Sequence[str], start: int, end: int) -> bool:
    """Whether enough words stand around a number between two tokens."""
    return sum(is_word(token) for token in said[start:end]) >= 2


def piece(part: Part, index: int) -> Part:
    """Return the piece of a part that holds a token, as a part."""
    piece = part.pieces[part.owners[index]]
    return Part(part.role, (piece,))


def in_turn(points: Sequence[Line], roles: Sequence[str], said: Sequence[str], left: Sequence[int]) -> dict[int, Place]:
    """Return the places of the numbers that are left if they are these roles of points in order, else nothing."""
    found: dict[int, Place] = {}
    at, number = 0, 0
    while number < len(left):
        taken = None
        while at < len(points) and taken is None:
            taken = of_point(points[at], roles, said, left[number:])
            at += 1
        if taken is None:
            return {}
        found.update(taken)
        number += len(taken)
    return found


def of_point(point: Line, roles: Sequence[str], said: Sequence[str], left: Sequence[int]) -> dict[int, Place] | None:
    """Return the places of the next numbers if they are these roles of one point, None where they are not."""
    found: dict[int, Place] = {}
    for role in roles:
        options = [part for part in point.parts if part.role == role]
        if not options:
            continue
        rest = left[len(found) :]
        for part in options:
            held = [index for index, token in enumerate(part.tokens) if is_number(token)]
            if [said[i] for i in rest[: len(held)]] == [part.tokens[index] for index in held]:
                found.update({i: Place(point, part, index) for i, index in zip(rest, held, strict=False)})
                break
        else:
            return None
    return found or None
