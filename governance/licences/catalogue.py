"""The catalogue of use restrictions (`policies/rail.yaml`): data, in this project's own words."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Literal

from pydantic import Field

from governance.data_files import data_folder
from governance.spec import read_yaml, validate
from governance.spec.model import Name, Text, Written

Answer = Literal["yes", "no", "conditions", "unknown"]
"""Whether a licence allows something; ``conditions``: where its duties are met."""
Known = Literal["yes", "no", "unknown"]


class Artefact(Written):
    """What a RAIL licence may cover, and its letter in the licence's name."""

    letter: Text
    covers: Text


class Kind(Written):
    """What the word before RAIL promises."""

    permits: Text
    commercial_use: Answer
    derivatives: Answer
    redistribution: Answer
    research_only: Known


class Source(Written):
    """Where a restriction comes from; `date` is the version, `read` the day on which it was looked up."""

    title: Text
    date: dt.date
    reference: Text
    read: dt.date


class Behaviour(Written):
    """Something a run can measure that bears on a restriction; `metrics` are ``evaluator.metric``."""

    label: Text
    metrics: tuple[Text, ...] = Field(min_length=1)
    does_not_show: Text


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
    measured_by: tuple[Name, ...] = ()


class FlowDown(Written):
    """What whoever passes a RAIL model on, changes it or offers it as a service must do."""

    source: Text
    must: tuple[Text, ...]
    research: Text
    derivatives: tuple[Text, ...]
    hosted: tuple[Text, ...]
    does_not_cover: tuple[Text, ...]


class Catalogue(Written):
    """`policies/rail.yaml`."""

    catalogue: Name
    version: Text
    retrieved: dt.date
    artefacts: dict[Name, Artefact] = Field(min_length=1)
    kinds: dict[str, Kind] = Field(min_length=1)
    sources: dict[Name, Source]
    behaviours: dict[Name, Behaviour]
    restrictions: dict[Name, Restriction] = Field(min_length=1)
    flow_down: FlowDown


@cache
def rail_catalogue() -> Catalogue:
    """Read the catalogue that ships with the toolkit."""
    return validate(Catalogue, read_yaml(data_folder("policies") / "rail.yaml"))
