"""The entries of a file of records with where each stands, broken ones included.

A JSON Lines file is read line by line: a line that is not a JSON object is a broken entry, with its line number. POPE's
are named ``.json``; two first lines that are objects tell. A file that is one JSON array is read as a whole; if it is
not JSON it is refused, since what it holds cannot be told.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.datasets.generations.text import storable
from governance.errors import InputError, Location

LARGEST_LINE = 1 << 26
"""Characters of one line (64 Mi); a longer one is a broken entry."""


csv.field_size_limit(LARGEST_LINE)


class BrokenEntryError(ValueError):
    """An entry cannot be read as a record; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One entry: where it stands ("line 7", "item 7"), and what it holds or why it cannot be read."""

    place: str
    content: dict[str, Any]
    broken: str | None = None


def read_entries(path: Path, *, under: str | None = None) -> list[Entry]:
    """Read a ``.jsonl`` file, a JSON array of objects, or a ``.csv`` file with a header.

    Parameters
    ----------
    under
        Key of the array, where the file is an object that holds it.

    Raises
    ------
    InputError
        If the file is not text, or is neither of the two, or holds no entry.
    """
    where = Location(str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text: {error}", location=where) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", location=where) from error
    if path.suffix.lower() == ".csv":
        found = list(_of_table(text, where))
    else:
        found = list(_of_array(text, path, under) if _is_whole(text, path) else _of_lines(text))
    if not found:
        raise InputError("holds no entry", location=where)
    if all(entry.broken for entry in found):
        raise InputError(
            f"none of its {len(found)} entries can be read; {found[0].place}: {found[0].broken}", location=where
        )
    return found


def _of_table(text: str, where: Location) -> Iterator[Entry]:
    """Read a table with a header; an empty cell is a field that is not there."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if len(set(header)) < len(header) or not all(name.strip() for name in header):
            raise InputError("the header names a column twice, or not at all", location=Location(where.file, 1))
        while True:
            started = reader.line_num + 1
            row = next(reader, None)
            if row is None:
                return
            place = f"line {started}"
            if not row:
                continue
            if len(row) != len(header):
                yield Entry(place, {}, f"has {len(row)} cells, the header {len(header)}")
                continue
            yield Entry(place, storable({name: cell for name, cell in zip(header, row, strict=True) if cell != ""}))
    except csv.Error as error:
        raise InputError(f"the file is not CSV: {error}", location=Location(where.file, reader.line_num)) from error


def _is_whole(text: str, path: Path) -> bool:
    """Whether the file is one JSON value and not one a line, whatever its name ends with."""
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return False
    lines = [line for line in text.split("\n", 2)[:2] if line.strip()]
    return text.lstrip()[:1] in ("[", "{") and not (len(lines) == 2 and all(map(_is_object, lines)))


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line, parse_constant=_refused), dict)
    except (ValueError, RecursionError):
        return False


def _of_lines(text: str) -> Iterator[Entry]:
    # str.splitlines would also cut at characters that JSON strings may hold.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"line {number}"
        if len(line) > LARGEST_LINE:
            yield Entry(place, {}, f"longer than {LARGEST_LINE:,} characters")
            continue
        try:
            content = json.loads(line, parse_constant=_refused)
        except (ValueError, RecursionError) as error:
            yield Entry(place, {}, f"not JSON: {error}")
            continue
        yield _entry(place, content)


def _of_array(text: str, path: Path, under: str | None) -> Iterator[Entry]:
    try:
        content = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        at = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (None, None)
        raise InputError(
            f"the file is not JSON: {error}",
            location=Location(str(path), *at),
            hint="one JSON object a line belongs into a file that ends with .jsonl",
        ) from error
    if isinstance(content, dict):
        arrays = [key for key, value in content.items() if isinstance(value, list)]
        key = under if under in arrays else arrays[0] if len(arrays) == 1 else None
        if key is None:
            raise InputError("the file holds no array of records", location=Location(str(path)))
        content = content[key]
    for number, item in enumerate(content, start=1):
        yield _entry(f"item {number}", item)


def _entry(place: str, content: Any) -> Entry:
    if not isinstance(content, dict):
        return Entry(place, {}, "not a JSON object")
    return Entry(place, storable(content))


def _refused(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")
