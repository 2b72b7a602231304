"""The content of a document as data (JSON), compared leaf by leaf with the content that the run's files give."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from governance.documents.content import Document
from governance.documents.trace.lines import Line, Part
from governance.documents.trace.matching import Matched
from governance.documents.trace.phrases import Kind
from governance.documents.trace.places import Place
from governance.documents.trace.reading.fragments import Fragment
from governance.documents.trace.report import Finding
from governance.documents.trace.tokens import Token, is_number, tokens
from governance.errors import InputError, Location

_Leaf = tuple[tuple[str | int, ...], Any]


def read_content(path: Path, made: Document, lines: Sequence[Line]) -> tuple[list[Matched], list[Finding]]:
    """Return the numbers of a data file with their places in the content that was made anew.

    Raises
    ------
    InputError
        If the file is not a document as data.
    """
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}", location=Location(str(path))) from error
    if not isinstance(content, dict) or not {"identity", "sections", "trace"} <= set(content):
        raise InputError("not the data of a document", location=Location(str(path)))
    expected = dict(_leaves(made.model_dump(mode="json"), ()))
    holding = _parts_by_text(lines)
    found: list[Matched] = []
    for where, value in _leaves(content, ()):
        found += _compared(where, value, expected.get(where), content, holding)
    identity = content["identity"]
    run_id = identity.get("run_id") if isinstance(identity, dict) else None
    another = [] if run_id == made.identity.run_id else [Finding("another run", f"the document names run {run_id!r}")]
    return found, another


def _leaves(node: Any, where: tuple[str | int, ...]) -> Iterator[_Leaf]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, (*where, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _leaves(value, (*where, index))
    elif isinstance(node, (str, int, float)) and not isinstance(node, bool):
        yield where, node


def _parts_by_text(lines: Sequence[Line]) -> dict[str, list[tuple[Line, Part, int]]]:
    """Return for every text of the content where it stands: its line, its part, and the index of its first token."""
    found: dict[str, list[tuple[Line, Part, int]]] = defaultdict(list)
    for line in lines:
        for part in line.parts:
            for number, piece in enumerate(part.pieces):
                text = piece if isinstance(piece, str) else piece.text
                if number in part.owners:
                    found[text].append((line, part, part.owners.index(number)))
    return found


def _compared(
    where: tuple[str | int, ...],
    value: Any,
    expected: Any,
    content: Any,
    holding: dict[str, list[tuple[Line, Part, int]]],
) -> Iterator[Matched]:
    """Yield the numbers of a leaf, with their place where the leaf is what it should be."""
    text = value if isinstance(value, str) else repr(value)
    fragment = Fragment(text, section=_section(where, content))
    numbers = [(index, token) for index, token in enumerate(tokens(text)) if is_number(token.text)]
    if not numbers:
        return
    same = type(value) is type(expected) and value == expected
    instead = None if expected is None or same else Part("leaf", (str(expected),))
    if not isinstance(value, str):
        whole = Token(text, 0, len(text))
        kind, measurement = _drawn(where, content) if same else (None, None)
        yield Matched(fragment, whole, None, instead, kind, measurement)
        return
    named = where[-1] in _NAMES or (len(where) > 1 and where[-2] in _NAMES)
    options = holding.get(text, []) if same else []
    options = [one for one in options if one[0].section == fragment.section] or options
    for index, token in numbers:
        if same and (named or not options):
            yield Matched(fragment, token, None, None, "identity" if named or where[0] == "identity" else None)
            continue
        place = Place(options[0][0], options[0][1], options[0][2] + index) if options else None
        yield Matched(fragment, token, place, instead)


_NAMES = frozenset({"id", "measurements", "measurement", "dataset_digest", "fact", "audiences"})
"""Keys of what names something in the data: nothing of it is printed as a number."""
_SPANS = frozenset({"span", "wide", "beside_span", "reference"})


def _drawn(where: tuple[str | int, ...], content: Any) -> tuple[Kind | None, str | None]:
    """Return what explains a number that is only drawn or only says how to print."""
    if where[-1] in ("print_rows", "version"):
        return "page", None
    if len(where) > 1 and where[-2] in _SPANS:
        return "measurement", _beside(where[:-2], content)
    return "axis", None


def _beside(where: tuple[str | int, ...], content: Any) -> str | None:
    """Return the measurement of the figure that a drawing stands beside."""
    node = content
    for key in where:
        node = node[key]
    for name in ("figure", "value", "reference_figure"):
        figure = node.get(name) if isinstance(node, dict) else None
        if isinstance(figure, dict) and figure.get("measurements"):
            return str(figure["measurements"][0])
    return None


def _section(where: tuple[str | int, ...], content: Any) -> str:
    if len(where) > 1 and where[0] == "sections" and isinstance(where[1], int):
        return str(content["sections"][where[1]].get("title") or "")
    return ""
