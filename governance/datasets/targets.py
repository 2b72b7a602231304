"""What is true of each sample, read as the task needs it: classes, several labels, or numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from governance.datasets.groups import plain_text
from governance.errors import InputError, near_name
from governance.spec.model import DatasetSpec

Fail = Callable[[tuple[str, ...], str, str | None], InputError]
"""Makes the error for a key of the dataset's part of the spec: ``(keys, message, hint) -> InputError``."""

WORDS = {
    **dict.fromkeys(("no", "false", "negative", "absent"), 0.0),
    **dict.fromkeys(("yes", "true", "positive", "present"), 1.0),
}
"""Target words that are understood in a task with two classes."""


def label_column(label: str) -> str:
    """Return the column of a dataset's frame that holds the target of a label; no attribute can have such a name."""
    return f"target:{label}"


def targets(
    table: pd.DataFrame,
    spec: DatasetSpec,
    sample_ids: Sequence[str],
    *,
    task: str,
    classes: Sequence[str] | None,
    fail: Fail,
) -> dict[str, np.ndarray]:
    """Return the target columns of a dataset's frame, (n,) float each; none for free-text references.

    Raises
    ------
    InputError
        If a column is missing, a target is missing or not what the task needs (naming the row and the sample), or the
        spec names targets of another kind of task.
    """
    if spec.targets and task != "multilabel":
        raise fail(
            ("targets",), f"`targets` are for a multilabel task, not for '{task}'", "name one column: target: <column>"
        )
    if spec.target is None:
        found = {}
        for label in spec.targets:
            values = column_of(table, label, ("targets",), fail)
            found[label_column(label)] = _read(
                values, sample_ids, keys=("targets",), task=task, classes=None, fail=fail
            )
        return {column: values for column, values in found.items() if values is not None}
    if task == "multilabel":
        raise fail(("target",), "a multilabel task needs `targets`, not `target`", f"write targets: [{spec.target}, …]")
    if task == "segmentation":
        raise fail(("target",), "a segmentation has reference masks, no target column", "leave `target` out")
    values = column_of(table, spec.target, ("target",), fail)
    target = _read(values, sample_ids, keys=("target",), task=task, classes=classes, fail=fail)
    return {} if target is None else {"target": target}


def missing(value: object) -> bool:
    """Whether a cell of a table holds nothing."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def column_of(table: pd.DataFrame, column: str, keys: tuple[str, ...], fail: Fail) -> pd.Series[Any]:
    """Return a column of a table.

    Raises
    ------
    InputError
        If there is none, with a near name.
    """
    if column not in table.columns:
        raise fail(keys, f"the table has no column '{column}'", near_name(column, map(str, table.columns)))
    return table[column]


def _read(
    values: pd.Series[Any],
    sample_ids: Sequence[str],
    *,
    keys: tuple[str, ...],
    task: str,
    classes: Sequence[str] | None,
    fail: Fail,
) -> np.ndarray | None:
    """Return (n,) float targets; None for the free-text reference of a generation task."""
    target = np.empty(len(values))
    index = {name: float(position) for position, name in enumerate(classes or ())}
    for row, value in enumerate(values):
        where = f"row {row + 1} (sample '{sample_ids[row]}')"
        if missing(value) or plain_text(value) == "":
            raise fail(keys, f"the target '{values.name}' is missing in {where}", "leave samples without a target out")
        number = _number(value, index, task)
        expected = _unfit(number, index, task)
        if expected is not None:
            if task == "generate":
                return None
            raise fail(keys, f"the target '{values.name}' is {value!r} in {where}", f"expected {expected}")
        target[row] = number
    return target


def _unfit(number: float | None, index: dict[str, float], task: str) -> str | None:
    """Return what was expected where a target is not that, else None."""
    if task == "regression":
        return None if number is not None and math.isfinite(number) else "a finite number"
    allowed = len(index) if task == "multiclass" and index else 2
    if number is not None and number in range(allowed):
        return None
    return "0 or 1 (or yes/no, true/false)" if allowed == 2 else f"one of {', '.join(index)}"


def _number(value: object, index: dict[str, float], task: str) -> float | None:
    text = plain_text(value)
    if task == "multiclass" and text in index:
        return index[text]
    if text.lower() in WORDS and task != "regression":
        return WORDS[text.lower()]
    try:
        return float(text)
    except ValueError:
        return index.get(text)
