"""What the columns of a table of numbers are like, for conditions that depend on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from governance.errors import InputError

if TYPE_CHECKING:
    from governance.datasets.decoded import DecodedDataset

_CHUNK = 4096
"""Rows that are decoded at a time."""
_FEW = 3
"""Distinct values from which on a column is a measurement and not a yes or no."""


@dataclass(frozen=True)
class Columns:
    """The columns of a dataset of (n, d) numbers, over all of its samples; missing values are passed over.

    Attributes
    ----------
    spread
        (d,) standard deviation; 0 where nothing varies or all is missing.
    low, high
        (d,) smallest and largest value; 0 where all is missing.
    whole
        (d,) whether all values are whole numbers.
    measured
        (d,) whether there are at least three distinct values: what has two says yes or no.
    """

    spread: np.ndarray
    low: np.ndarray
    high: np.ndarray
    whole: np.ndarray
    measured: np.ndarray


def columns_of(dataset: DecodedDataset, name: str) -> Columns:
    """Look at every sample of a dataset once.

    Raises
    ------
    InputError
        If samples do not decode to rows of numbers.
    """
    parts = []
    for start in range(0, len(dataset.table), _CHUNK):
        decoded = dataset.decode(range(start, min(start + _CHUNK, len(dataset.table))))
        if isinstance(decoded, list) or np.ndim(decoded) != 2:
            raise InputError(
                f"datasets.{name}: the condition is for rows of numbers, and this dataset holds something else",
                hint="leave the condition out, or use a dataset of `kind: table`",
            )
        parts.append(np.asarray(decoded, dtype=np.float64))
    values = np.concatenate(parts) if parts else np.empty((0, 0))
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values, 0.0)
    mean = filled.sum(axis=0) / count
    spread = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / count)
    return Columns(
        spread=spread,
        low=np.where(known.any(axis=0), np.where(known, values, np.inf).min(axis=0), 0.0),
        high=np.where(known.any(axis=0), np.where(known, values, -np.inf).max(axis=0), 0.0),
        whole=(filled == np.round(filled)).all(axis=0),
        measured=np.array([np.unique(column[ok]).size >= _FEW for column, ok in zip(values.T, known.T, strict=True)]),
    )
