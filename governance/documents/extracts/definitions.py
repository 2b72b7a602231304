"""Which extracts there are: `policies/documents/extracts.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal

from pydantic import Field

from governance.catalogues import Catalogue
from governance.data_files import data_folder
from governance.errors import InputError, near_name
from governance.spec import read_yaml, validate
from governance.spec.model import Name, Text, Written

ALL = "all"
"""Stands for every extract that applies."""


class Extract(Written):
    """One extract.

    Attributes
    ----------
    catalogue, items
        Id of a catalogue, and patterns of the ids of its items.
    about
        What a reader must know before reading.
    shows
        Sections of the record for auditors that stand in it, too.
    signature
        Whether it ends with an empty signature field.
    watermark
        Words that stand over it.
    only_with
        Keys of the `regulatory` part without which it is not written: a demonstration has no manufacturer.
    """

    title: Text
    catalogue: Text
    items: tuple[Text, ...] = Field(min_length=1)
    about: Text
    shows: tuple[Literal["hazards", "data"], ...] = ()
    signature: bool = False
    watermark: Text | None = None
    only_with: tuple[Name, ...] = ()

    def ids(self, catalogue: Catalogue) -> tuple[str, ...]:
        """Return the ids of its items, in the catalogue's order."""
        return tuple(one for one in catalogue.by_id if any(fnmatchcase(one, pattern) for pattern in self.items))


class _File(Written):
    version: Literal[1]
    extracts: dict[Name, Extract] = Field(min_length=1)


@cache
def extracts() -> Mapping[str, Extract]:
    """Return the extracts that ship with the toolkit, in their order."""
    return validate(_File, read_yaml(data_folder("policies") / "documents" / "extracts.yaml")).extracts


def check_extracts(names: Sequence[str]) -> tuple[str, ...]:
    """Return the extracts that are named, `ALL` being every one.

    Raises
    ------
    InputError
        If there is no extract of a name.
    """
    known = extracts()
    for name in names:
        if name != ALL and name not in known:
            raise InputError(f"there is no extract '{name}'", hint=near_name(name, [*known, ALL]))
    return tuple(known) if ALL in names else tuple(dict.fromkeys(names))
