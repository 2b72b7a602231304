"""Read the catalogues that ship with the toolkit, each file into the one form of `Catalogue`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from governance.catalogues.layouts import LAYOUTS, OTHERS, ItemList, Layout, items_of
from governance.catalogues.model import Catalogue, Item
from governance.data_files import data_folder
from governance.errors import InputError
from governance.spec import Document, read_yaml
from governance.spec.document import Keys
from governance.spec.validation import Problem, at, check, raise_problems

FOLDER = "catalogues"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATED_BY = ("catalogue_date", "as_of")
"""Keys that hold the day on which a catalogue was looked up."""
_TAKEN = ("catalogue", "catalogue_date", "source", "licence")
"""Keys that are parts of a catalogue of their own, not notes."""


_FEW = 20
"""Names that an error lists; of more only the nearest are told."""


def near(wrong: str, known: Iterable[str]) -> str:
    """Return what may have been meant, and all names where they are few."""
    names = sorted(set(known))
    close = difflib.get_close_matches(wrong, names, n=3, cutoff=0.5)
    meant = f"did you mean {' or '.join(repr(name) for name in close)}? " if close else ""
    return meant + (f"known: {', '.join(names)}" if len(names) <= _FEW else f"{len(names)} are known")


def catalogues_folder() -> Path:
    """Return the folder of the catalogues that ship with the toolkit."""
    return data_folder("policies") / FOLDER


@cache
def all_catalogues() -> Mapping[str, Catalogue]:
    """Return the catalogues that ship with the toolkit, by id, in the order of their ids."""
    read = (read_catalogue(path) for path in sorted(catalogues_folder().glob("*.yaml")))
    found = {catalogue.id: catalogue for catalogue in read if catalogue is not None}
    return dict(sorted(found.items()))


def catalogue(name: str) -> Catalogue:
    """Return a catalogue by its id, or by the name of its file without the ending.

    Raises
    ------
    InputError
        With a near name if there is none.
    """
    known = all_catalogues()
    by_file = {found.file.removesuffix(".yaml"): found for found in known.values()}
    found = known.get(name) or by_file.get(name)
    if found is None:
        raise InputError(f"there is no catalogue '{name}'", hint=near(name, known))
    return found


def item_of(found: Catalogue, name: str) -> Item:
    """Return an item of a catalogue by its id.

    Raises
    ------
    InputError
        With near names if there is none.
    """
    item = found.by_id.get(name)
    if item is None:
        raise InputError(f"{found.id} has no item '{name}'", hint=near(name, found.by_id))
    return item


def read_catalogue(path: Path) -> Catalogue | None:
    """Read a catalogue file; None if it lists something else than requirements.

    Raises
    ------
    InputError
        With file, line and column of what cannot be read.
    """
    document = read_yaml(path)
    content = document.content
    if not isinstance(content, dict) or "catalogue" not in content:
        raise document.error((), "a catalogue says its id: `catalogue: name`")
    identity = str(content["catalogue"])
    layout = LAYOUTS.get(identity, OTHERS)
    if layout is OTHERS and "items" not in content:
        return None
    items, ways = _items(document, layout)
    read, problems = check(
        Catalogue,
        {
            "id": identity,
            "file": path.name,
            "title": layout.title or content.get("title") or identity,
            "source": _source(content, layout),
            "date": _day(document),
            "licence": content.get("licence") or layout.licence,
            "notes": list(_notes(content, layout)),
            "items": items,
        },
    )
    placed = [Problem(_written(problem.keys, ways), problem.message, problem.hint, problem.of) for problem in problems]
    raise_problems(document, placed)
    assert read is not None  # noqa: S101 - without problems there is a catalogue
    return read


def _items(document: Document, layout: Layout) -> tuple[list[dict[str, Any]], list[Keys]]:
    """Return the items of a file in one form and the way to each; an id that occurs twice is an error."""
    items: list[dict[str, Any]] = []
    ways: list[Keys] = []
    seen: set[str] = set()
    for found in layout.lists:
        for way, item in items_of(found, _list_at(document, found)):
            if item.get("id") in seen:
                raise document.error(way, f"the id {item['id']} occurs twice", "every item has an id of its own")
            seen.add(str(item.get("id")))
            items.append(item)
            ways.append(way)
    return items, ways


def _list_at(document: Document, found: ItemList) -> Any:
    content = at(document.content, found.at)
    if not isinstance(content, dict if found.form == "sections" else list):
        raise document.error(found.at, f"`{'.'.join(found.at)}` must hold the items of this catalogue")
    return content


def _written(keys: Keys, ways: list[Keys]) -> Keys:
    """Return where the value at `keys` of the one form was written."""
    if keys[:1] == ("items",) and len(keys) > 1 and isinstance(keys[1], int):
        return (*ways[keys[1]], *keys[2:])
    return keys


def _source(content: Mapping[str, Any], layout: Layout) -> str:
    """Return the source that a file names: its own, its instrument's, or those of its parts."""
    if isinstance(content.get("source"), str):
        return str(content["source"])
    instrument = content.get("instrument")
    if isinstance(instrument, dict):
        return f"{instrument.get('title')}, {instrument.get('consolidated')}"
    parts = [at(content, (*found.at[:-1], "source")) for found in layout.lists if len(found.at) > 1]
    return "; ".join(dict.fromkeys(str(part) for part in parts if part)) or str(content.get("as_of") or "see the notes")


def _day(document: Document) -> str:
    for key in _DATED_BY:
        written = document.content.get(key)
        found = _DAY.match(str(written)) if written is not None else None
        if found:
            return found.group()
    raise document.error((), "a catalogue says when it was looked up: `catalogue_date: 2026-01-31`")


def _notes(content: Mapping[str, Any], layout: Layout) -> Iterator[dict[str, str]]:
    """Yield everything of a file that is neither an item nor a part of its own: nothing is left out."""
    lists = {found.at for found in layout.lists}

    def walk(value: Any, keys: tuple[str, ...]) -> Iterator[dict[str, str]]:
        if keys in lists or (len(keys) == 1 and keys[0] in _TAKEN):
            return
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from walk(inner, (*keys, str(key)))
        elif isinstance(value, list):
            for index, inner in enumerate(value, start=1):
                yield from walk(inner, (*keys, str(index)))
        elif value is not None:
            yield {"about": ".".join(keys), "text": str(getattr(value, "text", value))}

    yield from walk(content, ())
