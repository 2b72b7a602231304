"""A dataset of recorded answers: one row a record, a row with its reason for every entry that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from governance.datasets.descriptors import GenerationsOptions
from governance.datasets.generations.asking import asked, image_file
from governance.datasets.generations.entries import BrokenEntryError, Entry, read_entries
from governance.datasets.generations.formats import READERS
from governance.datasets.generations.record import GenerationRecord
from governance.datasets.generations.text import shown
from governance.datasets.image_folder import read_image
from governance.datasets.reading import existing_file
from governance.errors import InputError, Location, near_name
from governance.spec.model import DatasetSpec

PLACE = "place"
"""Column that says where in the file a record stands."""


@dataclass(frozen=True)
class Row:
    """A record with its identifier in the dataset, or the reason why there is none."""

    sample_id: str
    place: str
    record: GenerationRecord | None
    reason: str = ""


@dataclass(frozen=True)
class GenerationsDataset:
    """Records whose decoded form is ``{"prompt", "record"}``, or ``{"prompt": "", "broken"}``.

    The table has ``sample_id``, ``item_id``, ``image_id``, ``patient_id``, ``task_type``, ``split``, ``variant`` and
    every scalar attribute and extra field. An entry that cannot be read is an image and a patient of
    its own there.
    """

    rows: tuple[Row, ...]
    table: pd.DataFrame
    ask: str | None = None
    images: Path | None = None

    def decode(self, indices: Sequence[int], variant: str | None = None) -> list[dict[str, Any]]:
        """Return the records at `indices`."""
        if variant is not None:
            raise KeyError(variant)
        return [self._decoded(self.rows[index]) for index in indices]

    def _decoded(self, row: Row) -> dict[str, Any]:
        if row.record is None:
            return {"prompt": "", "broken": row.reason}
        record = row.record
        item: dict[str, Any] = {
            "prompt": asked(record, self.ask),
            "question": record.question,
            "reference": record.reference,
            "record": record.model_dump(mode="json", exclude_defaults=True),
        }
        if self.images is not None and record.image_id is not None:
            path = image_file(self.images, record.image_id)
            # The same pixels under another name are the same question.
            item["image"] = read_image(path, channels=3, size=None).transpose(1, 2, 0)
        return item

    def variants(self, name: str) -> Sequence[int]:  # noqa: ARG002
        """Recorded answers have no other versions to decode."""
        return ()


def open_generations(dataset: DatasetSpec, base: Path) -> GenerationsDataset:
    """Read a file of recorded answers.

    Raises
    ------
    InputError
        If a file is missing or not what its ending says, or none of its entries can be read.
    """
    options = GenerationsOptions.model_validate(dataset.options)
    path = existing_file(base, options.file, "the file of generations")
    entries = read_entries(path)
    if options.fields:
        entries = [_renamed(entry, dict(options.fields)) for entry in entries]
    rows = _rows(entries, options, path)
    if options.answers is not None:
        rows = _with_answers(rows, existing_file(base, options.answers, "the file of answers"))
    images = None if options.images is None else _folder(options.images, rows, base)
    return GenerationsDataset(tuple(rows), _table(rows), options.ask, images)


def _folder(name: str, rows: Sequence[Row], base: Path) -> Path:
    """Return the folder of images after a look whether it holds those that the records name."""
    folder = base / name
    if not folder.is_dir():
        raise InputError(f"the folder of images '{name}' does not exist", hint="paths are relative to the spec")
    for row in rows:
        if row.record is not None and row.record.image_id is not None:
            image_file(folder, row.record.image_id)
    return folder


def _rows(entries: Sequence[Entry], options: GenerationsOptions, path: Path) -> list[Row]:
    seen: set[str] = set()
    rows = []
    for number, entry in enumerate(entries, start=1):
        row = _row(entry, number, options, path.name.removesuffix("".join(path.suffixes[-1:])))
        if row.record is not None and row.sample_id in seen:
            reason = f"a second record of item '{row.sample_id}'"
            row = Row(f"{row.sample_id} ({entry.place})", entry.place, None, f"{entry.place}: {reason}")
        seen.add(row.sample_id)
        rows.append(row)
    if all(row.record is None for row in rows):
        raise InputError(
            f"none of its {len(rows)} entries is a record of the format '{options.format}'; {rows[0].reason}",
            location=Location(str(path)),
            hint="see `governance schema generations` for the plain format, and docs/measure-hallucination.md",
        )
    return rows


def _row(entry: Entry, number: int, options: GenerationsOptions, file: str) -> Row:
    if entry.broken is not None:
        return Row(f"unreadable ({entry.place})", entry.place, None, f"{entry.place}: {entry.broken}")
    try:
        found = READERS[options.format](entry.content, number, file)
        given = {key: value for key, value in found.items() if value is not None}
        if options.task_type is not None:
            given["task_type"] = options.task_type
        record = GenerationRecord.model_validate(given)
    except BrokenEntryError as error:
        return Row(f"unreadable ({entry.place})", entry.place, None, f"{entry.place}: {error}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        return Row(f"unreadable ({entry.place})", entry.place, None, f"{entry.place}: {where}: {first['msg']}")
    name = record.item_id if record.variant is None else f"{record.item_id} [{record.variant}]"
    return Row(name, entry.place, record)


def _renamed(entry: Entry, fields: dict[str, str]) -> Entry:
    """Give fields of the file the names that the format has, by `fields: {name of the format: name in the file}`."""
    theirs = {old: new for new, old in fields.items()}
    return Entry(entry.place, {theirs.get(key, key): value for key, value in entry.content.items()}, entry.broken)


def _with_answers(rows: list[Row], path: Path) -> list[Row]:
    """Put the answers of another file, by item, into the records.

    A line that cannot be read, or answers an unknown item, refuses the file: it is not known whose answer is missing.
    """
    given: dict[str, dict[str, Any]] = {}
    known = {row.sample_id for row in rows}
    entries = read_entries(path)
    if not any(key in entry.content for entry in entries for key in _IDENTIFIERS):
        entries = _in_order(entries, rows, path)
    for entry in entries:
        identifier = next((entry.content[key] for key in _IDENTIFIERS if key in entry.content), None)
        where = f"{entry.place}: "
        if entry.broken is not None or identifier is None:
            raise InputError(where + (entry.broken or "has no item_id"), location=Location(str(path)))
        if str(identifier) not in known:
            raise InputError(
                f"{where}answers the item '{identifier}', which the questions lack",
                location=Location(str(path)),
                hint=near_name(str(identifier), known),
            )
        if str(identifier) in given:
            raise InputError(f"{where}a second answer to the item '{identifier}'", location=Location(str(path)))
        given[str(identifier)] = entry.content
    return [_answered(row, given[row.sample_id], path) if row.sample_id in given else row for row in rows]


_ANSWERS = ("generation", "text", "answer", "output", "response")
_IDENTIFIERS = ("sample_id", "item_id", "question_id", "qid", "id")


def _in_order(entries: list[Entry], rows: Sequence[Row], path: Path) -> list[Entry]:
    """Give answers without identifiers (POPE) those of the questions that they repeat, one by one in the same order."""
    asked = [row.record.question if row.record is not None else None for row in rows]
    repeated = [entry.content.get("question") for entry in entries]
    if any(text is None for text in repeated):
        return entries
    if len(entries) != len(rows):
        raise InputError(
            f"holds {len(entries)} answers without item_id to {len(rows)} questions", location=Location(str(path))
        )
    for entry, text, question in zip(entries, repeated, asked, strict=True):
        if question is None or str(text).strip().casefold() != question.strip().casefold():
            raise InputError(
                f"{entry.place}: answers another question than the one at its place",
                location=Location(str(path)),
                hint="give each answer the item_id of its question",
            )
    return [
        Entry(entry.place, {**entry.content, "item_id": row.sample_id})
        for entry, row in zip(entries, rows, strict=True)
    ]


def _answered(row: Row, content: dict[str, Any], path: Path) -> Row:
    if row.record is None:
        return row
    answer = next((content[key] for key in _ANSWERS if key in content), None)
    parts = {key: content[key] for key in ("samples", "log_probability", "confidence", "judgements") if key in content}
    if isinstance(parts.get("samples"), list):
        parts["samples"] = [{"text": one} if isinstance(one, str) else one for one in parts["samples"]]
    try:
        record = GenerationRecord.model_validate(
            {**row.record.model_dump(exclude_none=True), **parts, **({} if answer is None else {"generation": answer})}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = f"the answer in {path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        return Row(row.sample_id, row.place, None, reason)
    return Row(row.sample_id, row.place, record)


def _table(rows: Sequence[Row]) -> pd.DataFrame:
    """Return one row a record; columns of records that cannot be read are empty but for their identifiers."""
    content = [_columns(row) for row in rows]
    names = dict.fromkeys(name for one in content for name in one)
    return pd.DataFrame({name: [one.get(name) for one in content] for name in names})


_OF_RECORDS = ("item_id", "image_id", "patient_id", "task_type", "split", "variant")


def _columns(row: Row) -> dict[str, Any]:
    if row.record is None:
        return {"sample_id": row.sample_id, **dict.fromkeys(("item_id", "image_id", "patient_id"), row.sample_id)}
    record = row.record
    own = {name: getattr(record, name) for name in _OF_RECORDS}
    extra = {key: value for key, value in record.extra.items() if isinstance(value, str | int | float | bool | None)}
    taken = {"sample_id", "reference", *own}
    free = {key: _named(value) for key, value in {**extra, **record.attributes}.items() if key not in taken}
    return {"sample_id": row.sample_id, PLACE: row.place, **own, **free}


def _named(value: Any) -> Any:
    """Return a value as the name of a group: marks that could mislead a reader of documents are made visible."""
    return shown(value, _LONGEST_GROUP) if isinstance(value, str) else value


_LONGEST_GROUP = 200
