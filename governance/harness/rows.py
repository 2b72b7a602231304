"""From what a collector returned for a batch to the rows of an observation table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from governance.errors import InputError
from governance.harness.protocols import OK, REJECTED, UNPARSED

NOT_FINITE = "the model's output is not a finite number"
_PROBABILITIES = ("score", "scores")
_NUMERIC = (*_PROBABILITIES, "logits", "value", "embedding")
_UNLESS_SAID = {"status": OK, "reason": ""}
_TOLERANCE = 1e-6
"""How far a probability may be outside of [0, 1] by rounding; it is then clipped."""


def joined(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Join the columns of batches: one table is made of a shard, not one of each batch.

    Parameters
    ----------
    parts
        Columns by name, without padding. ``status`` and ``reason`` may be left out where all is well.

    Raises
    ------
    InputError
        If batches have different columns.
    """
    names = dict.fromkeys(name for part in parts for name in part)
    columns: dict[str, Any] = {}
    for name in names:
        if name in _UNLESS_SAID:
            length = [len(next(iter(part.values()))) for part in parts]
            given = [part.get(name, [_UNLESS_SAID[name]] * n) for part, n in zip(parts, length, strict=True)]
        elif all(name in part for part in parts):
            given = [part[name] for part in parts]
        else:
            raise InputError(f"a collector gave '{name}' for some batches and not for others")
        arrays = all(isinstance(values, np.ndarray) for values in given)
        columns[name] = np.concatenate(given) if arrays else [value for values in given for value in values]
    return columns


def rows_of(columns: Mapping[str, Any], sample_ids: Sequence[str]) -> pd.DataFrame:
    """Return one row a sample; what is not a finite number is rejected with a reason.

    Parameters
    ----------
    columns
        Column values with at least ``len(sample_ids)`` rows; rows beyond are padding and are cut.

    Raises
    ------
    InputError
        If a score is a number outside of [0, 1], naming the sample.
    """
    n = len(sample_ids)
    status = list(columns.get("status", [OK] * n))[:n]
    reason = list(columns.get("reason", [""] * n))[:n]
    unknown = next((value for value in status if value not in {OK, REJECTED, UNPARSED}), None)
    if unknown is not None:
        raise InputError(f"a collector gave the status '{unknown}'", hint=f"known: {OK}, {REJECTED}, {UNPARSED}")
    content: dict[str, Any] = {"sample_id": pd.Series(sample_ids, dtype="str"), "status": status, "reason": reason}
    for name, given in columns.items():
        if name in {"status", "reason"}:
            continue
        if len(given) < n:
            raise InputError(f"a collector gave {len(given)} values of '{name}' for {n} samples")
        content[name] = _numbers(name, given[:n], sample_ids, status, reason) if name in _NUMERIC else given[:n]
    return pd.DataFrame(content)


def _numbers(name: str, given: Any, sample_ids: Sequence[str], status: list[str], reason: list[str]) -> Any:
    """Check numbers; note in `status` and `reason` which rows are rejected."""
    array = np.asarray(given)
    finite = np.isfinite(array.reshape(len(sample_ids), -1)).all(axis=1)
    for row in np.flatnonzero(~finite):
        if status[row] == OK:
            status[row], reason[row] = REJECTED, NOT_FINITE
    if name in _PROBABILITIES:
        array = _probabilities(array, finite, sample_ids)
    return array if array.ndim == 1 else list(array)


def _probabilities(array: np.ndarray, finite: np.ndarray, sample_ids: Sequence[str]) -> np.ndarray:
    array = array.astype(np.float64)
    flat = np.where(finite[:, None], array.reshape(len(array), -1), 0.5)
    outside = (flat < -_TOLERANCE) | (flat > 1 + _TOLERANCE)
    if outside.any():
        row = int(outside.any(axis=1).argmax())
        value = flat[row][outside[row]][0]
        raise InputError(
            f"the score of sample '{sample_ids[row]}' is {value:g}; expected a probability from 0 to 1",
            hint="if the model gives logits, set `output: logits` on the subject",
        )
    clipped: np.ndarray = np.where(np.isnan(array), np.nan, array.clip(0, 1))
    return np.where(finite, clipped, np.nan) if array.ndim == 1 else clipped
