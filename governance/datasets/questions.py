"""Questions with reference answers, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from governance.datasets.descriptors import QuestionsOptions
from governance.datasets.image_folder import read_image
from governance.datasets.reading import existing_file
from governance.datasets.slots import with_slots
from governance.errors import InputError, Location
from governance.spec.model import DatasetSpec


@dataclass(frozen=True)
class QuestionsDataset:
    """Items whose decoded form is a dict with ``item_id``, ``prompt`` and what else the file says.

    `wordings` holds other prompts of each item by name; they are no part of the item as it is asked otherwise. Where
    there is a folder of `images`, an item's ``image`` is read from there: (height, width, 3) uint8.
    """

    table: pd.DataFrame
    items: tuple[dict[str, Any], ...]
    wordings: tuple[dict[str, str], ...]
    images: Path | None = None

    def decode(self, indices: Sequence[int], variant: str | None = None) -> list[dict[str, Any]]:
        """Return the items at `indices`, or that version of them which the file gives under ``variants``."""
        items = [self._seen(self.items[index]) for index in indices]
        if variant is None:
            return items
        # Where the slots of the question lie says nothing of another wording.
        return [
            {**{key: value for key, value in item.items() if key != "slots"}, "prompt": self.wordings[index][variant]}
            for item, index in zip(items, indices, strict=True)
        ]

    def _seen(self, item: dict[str, Any]) -> dict[str, Any]:
        if self.images is None or item.get("image") is None:
            return item
        # Its name is no part of what is asked: the same pixels elsewhere are the same question.
        return {**item, "image": read_image(self.images / str(item["image"]), channels=3, size=None).transpose(1, 2, 0)}

    def variants(self, name: str) -> Sequence[int]:
        """Return the items that have another wording of this name."""
        return tuple(index for index, wordings in enumerate(self.wordings) if name in wordings)


def open_questions(dataset: DatasetSpec, base: Path) -> QuestionsDataset:
    """Read a JSON Lines file of questions.

    Raises
    ------
    InputError
        If a line is not a JSON object, or an item lacks its id or its question; the error names the line.
    """
    options = QuestionsOptions.model_validate(dataset.options)
    path = existing_file(base, options.file, "the file of questions")
    items: list[dict[str, Any]] = []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text: {error}", location=Location(str(path))) from error
    # str.splitlines would also cut at characters that JSON strings may hold.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            items.append(_item(line, Location(str(path), number)))
    if not items:
        raise InputError("holds no question", location=Location(str(path)))
    wordings = tuple(item.pop("variants") for item in items)
    columns: dict[str, None] = dict.fromkeys(key for item in items for key in item)
    scalars = [key for key in columns if all(not isinstance(item.get(key), list | dict) for item in items)]
    frame = pd.DataFrame({key: [item.get(key) for item in items] for key in scalars})
    frame["sample_id"] = frame["item_id"]
    return QuestionsDataset(frame, tuple(items), wordings, _folder(options.images, items, base))


def _folder(name: str | None, items: Sequence[dict[str, Any]], base: Path) -> Path | None:
    """Return the folder of images after a look whether it holds those that the items name."""
    if name is None:
        return None
    folder = base / name
    if not folder.is_dir():
        raise InputError(f"the folder of images '{name}' does not exist", hint="paths are relative to the spec")
    for item in items:
        image = item.get("image")
        if image is None:
            continue
        if not isinstance(image, str) or not (folder / image).is_file():
            raise InputError(f"item '{item['item_id']}' names the image '{image}', which is not in '{name}'")
        if not (folder / image).resolve().is_relative_to(folder.resolve()):
            raise InputError(f"item '{item['item_id']}' names the image '{image}', which lies outside of '{name}'")
    return folder


def _item(line: str, where: Location) -> dict[str, Any]:
    try:
        item = json.loads(line, parse_constant=_refuse_constant)
    except ValueError as error:
        column = error.colno if isinstance(error, json.JSONDecodeError) else None
        raise InputError(f"the line is not JSON: {error}", location=Location(where.file, where.line, column)) from error
    if not isinstance(item, dict):
        raise InputError(
            "the line is not a JSON object", location=where, hint='expected {"item_id": ..., "prompt": ...}'
        )
    if "item_id" not in item or isinstance(item["item_id"], bool | float | list | dict | None):
        raise InputError("the item has no item_id (text or integer)", location=where)
    item["item_id"] = str(item["item_id"])
    item["variants"] = _variants(item, where)
    if "prompt" not in item:
        if not isinstance(item.get("question"), str):
            raise InputError(f"item '{item['item_id']}' has neither prompt nor question", location=where)
        context = item.get("context")
        item["prompt"] = f"{context}\n\n{item['question']}" if context else item["question"]
    if not isinstance(item["prompt"], str) or not item["prompt"].strip():
        raise InputError(f"item '{item['item_id']}' has an empty prompt", location=where)
    return with_slots(item, where) if "slots" in item else item


def _variants(item: dict[str, Any], where: Location) -> dict[str, str]:
    """Return other wordings of the prompt by name; those given as questions get the item's context before them."""
    given = item.get("variants") or {}
    if not isinstance(given, dict) or not all(isinstance(text, str) and text.strip() for text in given.values()):
        raise InputError(
            f"item '{item['item_id']}' has `variants` that are not texts by name",
            location=where,
            hint='expected {"variants": {"paraphrase": "the same question in other words"}}',
        )
    context = item.get("context") if "prompt" not in item else None
    return {name: f"{context}\n\n{text}" if context else text for name, text in given.items()}


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")
