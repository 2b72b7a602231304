"""Tabular data: one row a sample, features in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from governance.datasets.descriptors import TableOptions
from governance.datasets.reading import existing_file, read_table, require_columns, text_columns
from governance.errors import InputError, Location
from governance.spec.model import DatasetSpec

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TableDataset:
    """A table whose decoded samples are rows of `features`: ``(n, features)`` float32."""

    table: pd.DataFrame
    features: np.ndarray

    def decode(self, indices: Sequence[int], variant: str | None = None) -> np.ndarray:
        """Return the feature rows at `indices`."""
        if variant is not None:
            raise KeyError(variant)
        rows: np.ndarray = self.features[np.asarray(indices, dtype=int)]
        return rows

    def variants(self, name: str) -> Sequence[int]:  # noqa: ARG002
        """A table has no variants."""
        return ()


def open_table(dataset: DatasetSpec, base: Path) -> TableDataset:
    """Open a CSV or Parquet table.

    Raises
    ------
    InputError
        If the file or a feature column is missing, or a feature is not a number.
    """
    options = TableOptions.model_validate(dataset.options)
    path = existing_file(base, options.table, "the table")
    frame = read_table(path, text_columns(dataset))
    require_columns(frame, options.features, path)
    columns = []
    for name in options.features:
        try:
            columns.append(frame[name].astype("float32").to_numpy(dtype=np.float32, na_value=np.nan))
        except (ValueError, TypeError) as error:
            raise InputError(
                f"the feature column '{name}' holds a value that is not a number: {error}",
                location=Location(str(path)),
                hint="encode categories as numbers before, in the same way as for training",
            ) from error
    features = np.stack(columns, axis=1) if columns else np.empty((len(frame), 0), dtype=np.float32)
    return TableDataset(frame, features)
