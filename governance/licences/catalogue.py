"""The catalogue of use restrictions and known licences (`policies/rail.yaml`): data, in this project's own words."""

from __future__ import annotations

import datetime as dt
from functools import cache

from pydantic import Field

from governance.data_files import data_folder
from governance.spec import read_yaml, validate
from governance.spec.model import Name, Text, Written


class Source(Written):
    """Where a restriction comes from."""

    title: Text
    date: dt.date
    reference: Text


class Contradiction(Written):
    """An intended purpose that a restriction would forbid: named by words, or `always` for a medical model."""

    because: Text
    words: tuple[Text, ...] = ()
    always: bool = False


class Restriction(Written):
    """A use restriction, summed up in this project's own words."""

    label: Text
    source: Name
    clause: Text
    contradicts: Contradiction | None = None


class KnownLicence(Written):
    """A licence that a model may be under or inherit from, with the restrictions it brings."""

    title: Text
    spdx: Text
    huggingface: Text
    restrictions: tuple[Name, ...] = ()


class FlowDown(Written):
    """What whoever passes a RAIL model on must do."""

    source: Text
    must: tuple[Text, ...]
    research: Text


class Catalogue(Written):
    """`policies/rail.yaml`."""

    catalogue: Name
    version: Text
    retrieved: dt.date
    sources: dict[Name, Source]
    restrictions: dict[Name, Restriction] = Field(min_length=1)
    licences: dict[Name, KnownLicence]
    flow_down: FlowDown


@cache
def rail_catalogue() -> Catalogue:
    """Read the catalogue that ships with the toolkit."""
    return validate(Catalogue, read_yaml(data_folder("policies") / "rail.yaml"))
