"""Observation tables of any task as arrays in the order of their dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluators.binary import Predictions
from evaluators.estimates import Bools
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.evidence.model import Scalar
from governance.harness.protocols import OK
from governance.statistics.clusters import Floats, Integers, cluster_codes

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Observed:
    """What was observed of a dataset's samples.

    Attributes
    ----------
    table
        The n rows in the dataset's order.
    usable
        (n,) whether the model gave an output.
    codes
        (n,) cluster numbers below `n_clusters`.
    """

    table: pd.DataFrame
    dataset: DatasetInfo
    usable: Bools
    codes: Integers
    n_clusters: int

    @classmethod
    def of(cls, table: pd.DataFrame, dataset: DatasetInfo) -> Observed:
        """Align a table with its dataset.

        Raises
        ------
        CannotRunError
            If the table lacks samples, names one twice or holds samples that the dataset lacks.
        """
        rows, wanted = table.set_index("sample_id"), dataset.frame["sample_id"]
        if rows.index.has_duplicates or len(rows) != dataset.n or not rows.index.isin(wanted).all():
            raise CannotRunError(
                f"the observations of dataset '{dataset.name}' do not fit it: {len(rows)} rows for {dataset.n} samples",
                hint="collect the observations again, or check the file of recorded predictions",
            )
        aligned = rows.reindex(wanted)
        codes = cluster_codes(dataset.frame["cluster"].to_numpy(dtype=str))
        usable = (aligned["status"] == OK).to_numpy(dtype=bool)
        return cls(aligned, dataset, usable, codes, int(codes.max()) + 1)

    def numbers(self, column: str) -> Floats:
        """Return a column, (n,) float; NaN where there is no usable output, or the column is missing."""
        if column not in self.table.columns:
            return np.full(self.dataset.n, np.nan)
        values = self.table[column].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(self.usable, values, np.nan)

    def scores(self, names: tuple[str, ...], what: str) -> Floats:
        """Return (n, classes) scores; rows without a usable output are NaN.

        Raises
        ------
        InputError
            If the model gives another number of scores than there are classes or labels.
        """
        found = np.full((self.dataset.n, len(names)), np.nan)
        if not self.usable.any():
            return found
        if "scores" not in self.table.columns:
            raise InputError(
                f"dataset '{self.dataset.name}': the model gives one score a sample; there are {len(names)} {what}",
                hint="set subject.task: binary, or give one score for each",
            )
        rows = [np.asarray(row, dtype=np.float64) for row in self.table["scores"].to_numpy()[self.usable]]
        widths = {len(row) for row in rows}
        if widths != {len(names)}:
            raise InputError(
                f"dataset '{self.dataset.name}': the model gives {', '.join(map(str, sorted(widths)))} scores a sample,"
                f" but there are {len(names)} {what}: {', '.join(names)}",
                hint=f"the order of scores is the order of {what}",
            )
        found[self.usable] = np.stack(rows)
        return found

    def target(self, column: str = "target") -> Floats:
        """Return (n,) targets.

        Raises
        ------
        InputError
            If the dataset has none.
        """
        if column not in self.dataset.frame.columns:
            raise InputError(
                f"datasets.{self.dataset.name} has no target",
                hint="name the column that holds what is true: target: <column> (several labels: targets: [...])",
            )
        return self.dataset.frame[column].to_numpy(dtype=np.float64)

    def question(self, score: Floats, positive: Bools) -> Predictions:
        """Return a class or label as a binary question of its own. Both arguments are (n,)."""
        scored = np.where(self.usable, score, np.nan)
        everyone = np.ones(self.dataset.n, dtype=bool)
        return Predictions(scored, self.usable, positive, self.codes, self.n_clusters, everyone)

    def patients(self, among: Bools) -> int:
        """Return the number of clusters in a mask."""
        return int(np.unique(self.codes[among]).size)

    def left_out(self, inside: Bools) -> dict[str, Scalar]:
        """How many samples of a slice have no usable output and so are not in the number."""
        return {"rejected_left_out": int(np.sum(inside & ~self.usable))}
