"""What is known of a dataset: samples, clusters, targets, groups, and the digest of its content."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from governance.datasets.decoded import DecodedDataset
from governance.datasets.groups import GroupingError, group_names, plain_text
from governance.datasets.protocol import AttributeInfo, DatasetInfo
from governance.errors import InputError, near_name
from governance.evidence.canonical import digest_json
from governance.spec.model import DatasetSpec

Fail = Callable[[tuple[str, ...], str, str | None], InputError]
"""Makes the error for a key of the dataset's part of the spec: ``(keys, message, hint) -> InputError``."""

WORDS = {
    **dict.fromkeys(("no", "false", "negative", "absent"), 0.0),
    **dict.fromkeys(("yes", "true", "positive", "present"), 1.0),
}
"""Target words that are understood in a task with two classes."""


def plain_error(keys: tuple[str, ...], message: str, hint: str | None) -> InputError:
    """Make an error without a place in a file, for datasets that no spec file names."""
    return InputError(f"{'.'.join(keys)}: {message}" if keys else message, hint=hint)


def describe(
    name: str,
    spec: DatasetSpec,
    dataset: DecodedDataset,
    *,
    task: str,
    classes: Sequence[str] | None = None,
    fail: Fail = plain_error,
) -> DatasetInfo:
    """Build the description of a dataset, checking everything that the spec says of it.

    Parameters
    ----------
    task
        ``binary``, ``multiclass`` or ``generate``.
    classes
        Class names in order of their index; needed where a multiclass target holds names.

    Raises
    ------
    InputError
        If a column is missing (with a near name), an id is missing or occurs twice, a target is missing or not what the
        task needs (naming the row and the sample).
    """
    table = dataset.table
    if not len(table):
        raise fail((), "the dataset has no samples", None)
    sample_ids = _sample_ids(table, spec, fail)
    frame = pd.DataFrame({"sample_id": sample_ids})
    clustered = spec.cluster != "none"
    frame["cluster"] = _identifiers(table, spec.cluster, "cluster", sample_ids, fail) if clustered else sample_ids
    names = tuple(classes) if classes else ("negative", "positive")
    if spec.target is not None:
        target = _target(_column(table, spec.target, ("target",), fail), sample_ids, task, classes, fail)
        if target is not None:
            frame["target"] = target
    attributes: dict[str, AttributeInfo] = {}
    for key in sorted(spec.attributes):
        attribute = spec.attributes[key]
        if key in frame.columns:
            raise fail(("attributes", key), f"an attribute cannot be named '{key}'", "choose another name")
        values = _column(table, attribute.column, ("attributes", key, "column"), fail)
        try:
            frame[key], groups = group_names(values, attribute)
        except GroupingError as error:
            raise fail(("attributes", key), f"attribute '{key}': {error}", None) from error
        attributes[key] = AttributeInfo(key, attribute.title or key, groups)
    if "reference" in table.columns and "reference" not in frame.columns:
        frame["reference"] = [None if missing(value) else plain_text(value) for value in table["reference"]]
    return DatasetInfo(
        name=name,
        role=spec.role,
        title=spec.title or name,
        modality=spec.modality,
        digest=_digest(frame, dataset),
        frame=frame,
        attributes=attributes,
        clustered=clustered,
        cluster_reason=spec.cluster_reason,
        classes=names,
    )


def class_names(tables: Sequence[tuple[pd.DataFrame, str]]) -> tuple[str, ...]:
    """Return the classes of a multiclass task from all datasets' targets: ``0 … k-1`` or sorted names."""
    found = {plain_text(value) for table, column in tables for value in table[column] if not missing(value)}
    if found and all(name.isdigit() for name in found):
        return tuple(str(index) for index in range(max(map(int, found)) + 1))
    return tuple(sorted(found))


def missing(value: object) -> bool:
    """Whether a cell of a table holds nothing."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _column(table: pd.DataFrame, column: str, keys: tuple[str, ...], fail: Fail) -> pd.Series[Any]:
    if column not in table.columns:
        raise fail(keys, f"the table has no column '{column}'", near_name(column, map(str, table.columns)))
    return table[column]


def _sample_ids(table: pd.DataFrame, spec: DatasetSpec, fail: Fail) -> list[str]:
    column = spec.sample_id or ("sample_id" if "sample_id" in table.columns else None)
    if column is None:
        return [str(index) for index in range(len(table))]
    ids = _identifiers(table, column, "sample_id", None, fail)
    seen: dict[str, int] = {}
    for row, value in enumerate(ids):
        if value in seen:
            raise fail(
                ("sample_id",), f"sample id '{value}' occurs twice: in rows {seen[value] + 1} and {row + 1}", None
            )
        seen[value] = row
    return ids


def _identifiers(table: pd.DataFrame, column: str, key: str, sample_ids: Sequence[str] | None, fail: Fail) -> list[str]:
    values = list(_column(table, column, (key,), fail))
    for row, value in enumerate(values):
        if missing(value) or plain_text(value) == "":
            sample = f" (sample '{sample_ids[row]}')" if sample_ids else ""
            raise fail((key,), f"the column '{column}' is empty in row {row + 1}{sample}", "every sample needs one")
    return [plain_text(value) for value in values]


def _target(
    values: pd.Series[Any], sample_ids: Sequence[str], task: str, classes: Sequence[str] | None, fail: Fail
) -> np.ndarray | None:
    """Return (n,) float targets; None for the free-text reference of a generation task."""
    target = np.empty(len(values))
    index = {name: float(position) for position, name in enumerate(classes or ())}
    for row, value in enumerate(values):
        where = f"row {row + 1} (sample '{sample_ids[row]}')"
        if missing(value) or plain_text(value) == "":
            raise fail(
                ("target",), f"the target '{values.name}' is missing in {where}", "leave samples without a target out"
            )
        number = _number(value, index, task)
        if number is None and task == "generate":
            return None
        allowed = len(classes) if task == "multiclass" and classes else 2
        if number is None or number not in range(allowed):
            expected = "0 or 1 (or yes/no, true/false)" if allowed == 2 else f"one of {', '.join(index)}"
            if task == "generate":
                return None
            raise fail(("target",), f"the target '{values.name}' is {value!r} in {where}", f"expected {expected}")
        target[row] = number
    return target


def _number(value: object, index: dict[str, float], task: str) -> float | None:
    text = plain_text(value)
    if task == "multiclass" and text in index:
        return index[text]
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    try:
        return float(text)
    except ValueError:
        return index.get(text)


def _digest(frame: pd.DataFrame, dataset: DecodedDataset) -> str:
    """Digest samples, clusters, targets, groups and decoded content; no file name or path enters."""
    columns = {str(column): frame[column].tolist() for column in frame.columns}
    return digest_json({"frame": columns, "decoded": dataset.content_digest()})
