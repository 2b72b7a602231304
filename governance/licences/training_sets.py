"""Public medical imaging datasets by name: what a published table says of them, and what it does not say.

Source: table 2 of arXiv 2502.16841v2, as taken down in `policies/catalogues/medical_imaging_datasets.yaml`. Nothing in
it was checked with the providers of the datasets.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import Field

from governance.data_files import data_folder
from governance.errors import InputError, near_name
from governance.evidence.model import Frozen
from governance.licences.known import licence_table
from governance.spec import read_yaml, validate
from governance.spec.model import Name, Text, Written

DEMOGRAPHICS = {"A": "age", "R": "race", "S": "sex", "N": "nationality", "E": "ethnicity"}
"""Letters of the table."""


class _Row(Written):
    id: Name
    name: Text
    kind: Literal["vision", "multimodal"]
    language: Text | None
    region: Text
    modality: Text
    images: int = Field(ge=0)
    demographics: tuple[Literal["A", "R", "S", "N", "E"], ...]
    origin: Text
    licence: Text | None
    flag: Text | None = None


class _Table(Written):
    catalogue: Name
    source: Text
    retrieved: dt.date
    datasets: tuple[_Row, ...]


class TrainingSet(Frozen):
    """What the table says of a dataset.

    Attributes
    ----------
    licence, licence_id
        The licence as printed, and its entry in the table of known licences; None where none is printed.
    demographics_reported
        Which of age, race, sex, nationality and ethnicity the dataset records; empty where none is reported.
    flag
        A value of the table that looks doubtful.
    not_known
        What the table does not say.
    """

    id: str
    name: str
    kind: str
    modality: str
    region: str
    language: str | None
    images: int
    demographics_reported: tuple[str, ...]
    origin: str
    licence: str | None
    licence_id: str | None
    flag: str | None
    not_known: tuple[str, ...]
    source: str
    retrieved: str


@cache
def training_sets() -> Mapping[str, TrainingSet]:
    """Return all datasets of the table by id, in its order."""
    path = data_folder("policies") / "catalogues" / "medical_imaging_datasets.yaml"
    table = validate(_Table, read_yaml(path))
    return {row.id: _training_set(row, table) for row in table.datasets}


def find_training_set(name: str) -> TrainingSet | None:
    """Return a dataset by its id, or by the name that the table prints, in whatever case; None if there is none."""
    found = training_sets().get(name)
    by_name = {one.name.casefold(): one for one in training_sets().values()}
    return found or by_name.get(name.casefold())


def training_set(name: str) -> TrainingSet:
    """Return what is known of a dataset by its id or its name.

    Raises
    ------
    InputError
        With a near name if the table does not hold it.
    """
    found = find_training_set(name)
    if found is None:
        message = f"the dataset '{name}' is not in the table of medical imaging datasets"
        raise InputError(message, hint=near_name(name, training_sets()))
    return found


def _training_set(row: _Row, table: _Table) -> TrainingSet:
    missing = [DEMOGRAPHICS[letter] for letter in DEMOGRAPHICS if letter not in row.demographics]
    not_known = [f"{', '.join(missing)} of the people in it: not reported"] if missing else []
    if row.licence is None:
        not_known.append("licence: none is printed")
    if row.kind == "multimodal" and row.language is None:
        not_known.append("language of its texts")
    if row.origin == "Multiple":
        not_known.append("countries of origin: printed as multiple")
    return TrainingSet(
        id=row.id,
        name=row.name,
        kind=row.kind,
        modality=row.modality,
        region=row.region,
        language=row.language,
        images=row.images,
        demographics_reported=tuple(DEMOGRAPHICS[letter] for letter in row.demographics),
        origin=row.origin,
        licence=row.licence,
        licence_id=licence_table().names.get(row.licence) if row.licence is not None else None,
        flag=row.flag,
        not_known=tuple(not_known),
        source=table.source,
        retrieved=table.retrieved.isoformat(),
    )
