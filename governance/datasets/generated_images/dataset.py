"""A dataset of generated images: one row an image, a row with its reason for every entry that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from governance.datasets.descriptors import GeneratedImagesOptions
from governance.datasets.generated_images.record import GeneratedImageRecord
from governance.datasets.generations.entries import Entry, read_entries
from governance.datasets.generations.text import shown
from governance.datasets.reading import existing_file
from governance.errors import InputError, Location
from governance.spec.model import DatasetSpec

_LONGEST_GROUP = 200


@dataclass(frozen=True)
class Row:
    """A record with its identifier, or the reason why there is none."""

    image_id: str
    record: GeneratedImageRecord | None
    reason: str = ""


@dataclass(frozen=True)
class GeneratedImagesDataset:
    """Records whose decoded form is ``{"prompt", "record"}``, or ``{"prompt": "", "broken"}``; no image is opened.

    The table has ``image_id``, ``prompt_id`` and every requested attribute. An entry that cannot be read is a request
    of its own there.
    """

    rows: tuple[Row, ...]
    table: pd.DataFrame

    def decode(self, indices: Sequence[int], variant: str | None = None) -> list[dict[str, Any]]:
        """Return the records at `indices`."""
        if variant is not None:
            raise KeyError(variant)
        return [
            {"prompt": "", "broken": row.reason}
            if row.record is None
            else {"prompt": row.record.prompt, "record": row.record.model_dump(mode="json", exclude_defaults=True)}
            for row in (self.rows[index] for index in indices)
        ]

    def variants(self, name: str) -> Sequence[int]:  # noqa: ARG002
        """Recorded images have no other versions."""
        return ()


def open_generated_images(dataset: DatasetSpec, base: Path) -> GeneratedImagesDataset:
    """Read a file of records of generated images.

    Raises
    ------
    InputError
        If the file is missing or not what its ending says, or none of its entries can be read.
    """
    options = GeneratedImagesOptions.model_validate(dataset.options)
    path = existing_file(base, options.file, "the file of generated images")
    rows: list[Row] = []
    seen: set[str] = set()
    for entry in read_entries(path):
        row = _row(entry)
        if row.image_id in seen:
            row = Row(f"{row.image_id} ({entry.place})", None, f"{entry.place}: a second record of '{row.image_id}'")
        seen.add(row.image_id)
        rows.append(row)
    if all(row.record is None for row in rows):
        raise InputError(
            f"none of its {len(rows)} entries is a record of a generated image; {rows[0].reason}",
            location=Location(str(path)),
            hint="see `governance schema generated-images`",
        )
    return GeneratedImagesDataset(tuple(rows), _table(rows))


def _row(entry: Entry) -> Row:
    name = f"unreadable ({entry.place})"
    if entry.broken is not None:
        return Row(name, None, f"{entry.place}: {entry.broken}")
    known = GeneratedImageRecord.model_fields
    content = {key: value for key, value in entry.content.items() if key in known and value is not None}
    extra = {key: value for key, value in entry.content.items() if key not in known}
    for key in ("image_id", "prompt_id"):
        if isinstance(content.get(key), int) and not isinstance(content[key], bool):
            content[key] = str(content[key])
    given = content.pop("extra", {})
    try:
        record = GeneratedImageRecord.model_validate(
            {**content, "extra": {**(given if isinstance(given, dict) else {"extra": given}), **extra}}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return Row(name, None, f"{entry.place}: {'.'.join(map(str, first['loc']))}: {first['msg']}")
    return Row(record.image_id, record)


def _table(rows: Sequence[Row]) -> pd.DataFrame:
    content = [_columns(row) for row in rows]
    names = dict.fromkeys(name for one in content for name in one)
    return pd.DataFrame({name: [one.get(name) for one in content] for name in names})


def _columns(row: Row) -> dict[str, Any]:
    if row.record is None:
        return {"image_id": row.image_id, "prompt_id": row.image_id}
    own = {"image_id": row.image_id, "prompt_id": row.record.prompt_id or row.record.prompt or row.image_id}
    asked = {
        key: shown(value, _LONGEST_GROUP) if isinstance(value, str) else value
        for key, value in row.record.requested.items()
        if key not in own
    }
    return {**own, **asked}
