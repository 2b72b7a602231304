"""Features of samples: of the subject, or of an extractor of one's own, in the order of their dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluators.estimates import Bools
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.harness.protocols import OK, EvaluationContext, Need
from governance.plugins import find
from governance.statistics.clusters import Floats, Integers

if TYPE_CHECKING:
    import pandas as pd


ALL_ALIKE = "all samples have the same features"
"""Why nothing follows from the features: neither neighbours nor groups, and no attribute can be told."""


@dataclass(frozen=True)
class Features:
    """Features of a dataset's samples.

    Attributes
    ----------
    values
        (n, d), zeros where there are none.
    usable
        (n,) where there are features, all of them finite numbers.
    """

    values: Floats
    usable: Bools

    @classmethod
    def of(cls, table: pd.DataFrame, dataset: DatasetInfo) -> Features:
        """Align an observation table of the collector ``embed`` with its dataset.

        Raises
        ------
        CannotRunError
            If the table lacks samples or names one twice, or no sample has features.
        InputError
            If features have no column.
        """
        rows = table.set_index("sample_id")
        wanted = dataset.frame["sample_id"]
        if rows.index.has_duplicates or len(rows) != dataset.n or not wanted.isin(rows.index).all():
            raise CannotRunError(
                f"the features of dataset '{dataset.name}' do not fit it: {len(rows)} rows for {dataset.n} samples",
                hint="collect the observations again",
            )
        aligned = rows.reindex(wanted)
        usable = (aligned["status"] == OK).to_numpy(dtype=bool, copy=True)
        given: list[Floats] = list(aligned["embedding"].to_numpy()[usable])
        finite = np.array([np.isfinite(row).all() for row in given], dtype=bool)
        usable[usable] = finite
        if not usable.any():
            raise CannotRunError(f"no sample of dataset '{dataset.name}' has features that are finite numbers")
        found = np.stack([row for row, kept in zip(given, finite, strict=True) if kept]).astype(np.float64)
        if found.shape[1] == 0:
            raise InputError(
                f"the features of dataset '{dataset.name}' have no column",
                hint="see what the extractor is given: a table without `features` columns decodes to nothing",
            )
        if usable.all():
            return cls(found, usable)
        values = np.zeros((dataset.n, found.shape[1]))
        values[usable] = found
        return cls(values, usable)

    def alike(self, among: Bools | Integers) -> bool:
        """Whether all samples of a mask, or of given numbers, have equal features: a network may have collapsed."""
        rows = self.values[among]
        return not bool(np.any(rows != rows[:1]))


def features_need(dataset: str, extractor: str | None) -> Need:
    """Ask for the features of a dataset; without an extractor those before the subject's own classifier."""
    return Need.of("embed", dataset, extractor=extractor) if extractor else Need.of("embed", dataset)


def asked_features(context: EvaluationContext, dataset: str, extractor: str | None, *, part: str) -> Need:
    """Ask for features as `features_need`, of somebody who has some.

    Raises
    ------
    InputError
        If no extractor is named and the subject's kind gives no features.
    """
    kind = context.subject.kind
    if extractor is None and "embed" not in find("subjects", kind).capabilities:
        raise InputError(
            f"evaluate.fairness.{part} needs features, which a subject of the kind '{kind}' does not have",
            hint=f"name an extractor under {part}: features: module:function (docs/measure-fairness.md shows one)",
        )
    return features_need(dataset, extractor)
