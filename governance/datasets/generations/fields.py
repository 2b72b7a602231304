"""Take fields out of an entry, say what is wrong with them, and keep the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from governance.datasets.generations.entries import BrokenEntryError


class Fields:
    """The fields of an entry; what is not taken is left for `extra`."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._left = dict(content)

    def text(self, *names: str, needed: bool = False) -> str | None:
        """Take the first field that is there as text; numbers become text.

        Raises
        ------
        BrokenEntryError
            If it is no text, or is needed and missing.
        """
        for name in names:
            value = self._left.get(name)
            if value is None:
                continue
            if isinstance(value, bool | list | dict):
                raise BrokenEntryError(f"'{name}' is not text")
            del self._left[name]
            return str(value)
        if needed:
            raise BrokenEntryError(f"has no '{names[0]}'")
        return None

    def take(self, *names: str) -> Any:
        """Take the first field that is there, or None."""
        for name in names:
            if self._left.get(name) is not None:
                return self._left.pop(name)
        return None

    def attributes(self, names: Iterable[str]) -> dict[str, Any]:
        """Take scalar fields that define groups."""
        return {
            name: self._left.pop(name)
            for name in names
            if name in self._left and isinstance(self._left[name], str | int | float | bool | None)
        }

    @property
    def left(self) -> dict[str, Any]:
        """What was not taken."""
        return self._left


def lettered(value: Any) -> dict[str, str]:
    """Read choices: an object by letter, an array (A, B, ... are given), or text such as ``A: Yes. B: No.``.

    Raises
    ------
    BrokenEntryError
        If they are none of these.
    """
    if value is None or value == "":
        return {}
    if isinstance(value, dict):
        return {str(key): str(text) for key, text in value.items()}
    if isinstance(value, list):
        return {chr(ord("A") + place) if place < 26 else str(place): str(text) for place, text in enumerate(value)}
    if isinstance(value, str):
        return _listed(value) or {value.strip(): value.strip()}
    raise BrokenEntryError("the choices are neither an object nor an array nor text")


def _listed(value: str) -> dict[str, str]:
    """Read choices out of text: marked as the first one is, and in the order of the alphabet.

    So "Vitamin B. is" is no choice B among "A:" and "B:", and "hepatitis C: chronic" none between "A:" and "B:". Some
    files have no space after a colon, and a comma before the next choice.
    """
    first = re.match(r"\s*[A-Z]\s*([:)]|\.(?=\s))", value)
    mark = r"\.\s+" if first is not None and first[1] == "." else rf"{re.escape(first[1] if first else ':')}\s*"
    starts: list[re.Match[str]] = []
    for found in re.finditer(rf"(?:^|(?<=\s)|(?<=[.;,]))([A-Z])\s*{mark}", value):
        if ord(found[1]) == ord("A") + len(starts):
            starts.append(found)
    found_choices = {}
    for place, one in enumerate(starts):
        end = starts[place + 1].start() if place + 1 < len(starts) else None
        text = value[one.end() : end].strip()
        found_choices[one[1]] = text if end is None else text.rstrip(",;")
    return found_choices
