"""Phrases of a run's files and of the toolkit's own fixed words, in which a number of plain text must stand.

The same digits somewhere in a file explain nothing. A number counts as explained only if the words around it are those
that stand around it there, up to the end of the phrase or of the printed text.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import governance.documents
from governance.documents.trace.tokens import has_number, is_number, is_word, words

Kind = Literal[
    "measurement",
    "statement",
    "policy",
    "data",
    "settings",
    "identity",
    "definition",
    "licence",
    "catalogue",
    "wording",
    "count",
    "axis",
    "page",
]
"""What explains a number. `wording`: a fixed sentence of the toolkit; `count`: how many things are listed."""

_CONTEXT = 3
"""Tokens on one side of a number that must be equal where neither the phrase nor the printed text ends before."""
_DIGEST = 8
"""Digits from which a hexadecimal number needs no words around it."""


class Phrases:
    """Phrases by the numbers in them."""

    def __init__(self) -> None:
        self._holding: dict[str, list[tuple[tuple[str, ...], int, Kind]]] = defaultdict(list)
        self._found: dict[tuple[tuple[str, ...], int], Kind | None] = {}
        self._seen: set[tuple[str, ...]] = set()

    def add(self, text: str, kind: Kind) -> None:
        """Add a phrase; the first one of equal phrases gives the kind."""
        if not has_number(text):
            return
        said = words(text)
        if said in self._seen:
            return
        self._seen.add(said)
        for index, token in enumerate(said):
            if is_number(token):
                self._holding[token].append((said, index, kind))

    def add_all(self, texts: Iterable[str], kind: Kind) -> None:
        """Add several phrases of one kind."""
        for text in texts:
            self.add(text, kind)

    def find(self, said: Sequence[str], index: int) -> Kind | None:
        """Return what explains the number at an index of a printed text; None where no phrase does."""
        key = (tuple(said), index)
        if key not in self._found:
            self._found[key] = self._find(said, index)
        return self._found[key]

    def _find(self, said: Sequence[str], index: int) -> Kind | None:
        best: tuple[int, Kind] | None = None
        for phrase, at, kind in self._holding.get(said[index], ()):
            left, right = _equal(said, index, phrase, at, -1), _equal(said, index, phrase, at, 1)
            inside = phrase[at - left : at + right + 1]
            if not (any(is_word(token) for token in inside) or _is_digest(said[index])):
                continue
            ends = (left >= _CONTEXT or left in (at, index)) and (
                right >= _CONTEXT or right in (len(phrase) - at - 1, len(said) - index - 1)
            )
            if ends and (best is None or left + right > best[0]):
                best = (left + right, kind)
        return best[1] if best else None


def _equal(said: Sequence[str], index: int, phrase: Sequence[str], at: int, step: int) -> int:
    """Return how many tokens beside a number are equal, in one direction."""
    count = 0
    i, j = index + step, at + step
    while 0 <= i < len(said) and 0 <= j < len(phrase) and said[i] == phrase[j]:
        count, i, j = count + 1, i + step, j + step
    return count


def _is_digest(token: str) -> bool:
    return len(token) >= _DIGEST and all(letter in "0123456789abcdef" for letter in token)


@cache
def fixed_words() -> tuple[str, ...]:
    """Return the toolkit's own fixed words that hold a number, as they stand in the code that builds documents."""
    found: dict[str, None] = {}
    for file in sorted(Path(governance.documents.__file__).parent.rglob("*.py")):
        if "trace" not in file.parts[-3:]:
            found.update(dict.fromkeys(_constants(ast.parse(file.read_text("utf-8")))))
    return tuple(text for text in found if has_number(text))


def _constants(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module without its docstrings; a template is cut where something is filled in."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        body = node.body if isinstance(node, documented) else []
        said = [one.value for one in body if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)]
        for constant in said:
            constant.value = None
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            pieces = node.value.replace("}", "{").split("{")
            yield from (piece for piece in pieces if has_number(piece))
