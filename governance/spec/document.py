"""The plain content of a file that a person wrote, and where each value of it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from governance.errors import InputError, Location

Keys = tuple[str | int, ...]
"""The way to a value: keys of mappings and indices of lists."""
PLACEHOLDER = "to be filled"
"""What the files of `governance init` say where a person has to write."""


@dataclass(frozen=True)
class Position:
    """Where a value and its key stand; lines and columns count from 1. The key of a list item is the item."""

    line: int
    column: int
    key_line: int
    key_column: int
    path: Path | None = None
    """The file, where it is another than the document's."""


@dataclass(frozen=True)
class Document:
    """The plain content of a YAML file and where each value of it stands."""

    path: Path
    content: Any
    positions: Mapping[Keys, Position] = field(default_factory=dict)

    def location(self, keys: Keys = (), *, of: Literal["key", "value"] = "value") -> Location:
        """Return where a value or its key stands, or the nearest thing around it that was written."""
        for end in range(len(keys), -1, -1):
            position = self.positions.get(keys[:end])
            if position is not None:
                file = str(position.path or self.path)
                if of == "key" or end < len(keys):
                    return Location(file, position.key_line, position.key_column)
                return Location(file, position.line, position.column)
        return Location(str(self.path), 1, 1)

    def error(
        self, keys: Keys, message: str, hint: str | None = None, *, of: Literal["key", "value"] = "value"
    ) -> InputError:
        """Make an error that points at a value or its key."""
        return InputError(message, location=self.location(keys, of=of), hint=hint)


def walk(content: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Yield every value inside `content` with the way to it, from the outside in, in the order of the file."""
    yield keys, content
    if isinstance(content, dict):
        for key, value in content.items():
            yield from walk(value, (*keys, key))
    elif isinstance(content, (list, tuple)):
        for index, value in enumerate(content):
            yield from walk(value, (*keys, index))
