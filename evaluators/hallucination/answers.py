"""Answers to closed questions, read and aligned with their dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluators.binary import Predictions
from evaluators.estimates import Bools
from evaluators.hallucination.confidence import Confidence
from evaluators.hallucination.descriptors import HallucinationOptions
from evaluators.hallucination.parsing import read_choice
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError
from governance.harness.protocols import OK
from governance.statistics.clusters import cluster_codes

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Answers:
    """The read answers in the dataset's order, all arrays (n,).

    Attributes
    ----------
    asserts, denies
        Whether an answer says that what is asked about is there, or that it is not; neither where it could not be read.
    present
        Whether it is there, by the reference standard.
    asked
        Questions that were asked at all; another wording may exist for some only.
    leaning
        Log-odds of the two choices as scores.
    """

    asserts: Bools
    denies: Bools
    present: Bools
    asked: Bools
    leaning: Predictions

    def confidence(self) -> Confidence:
        """Return the probability of the choice that was answered, among the two, beside whether it is right."""
        read = self.asserts | self.denies
        with np.errstate(over="ignore"):
            first = 1 / (1 + np.exp(-self.leaning.score))
        values = np.where(read & self.leaning.usable, np.where(self.asserts, first, 1 - first), np.nan)
        right = np.where(self.present, self.asserts, self.denies)
        return Confidence(values, right, read & self.asked, self.leaning.codes, self.leaning.n_clusters)

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        dataset: DatasetInfo,
        options: HallucinationOptions,
        *,
        partial: bool = False,
        opposite: bool = False,
    ) -> Answers:
        """Read the answers of a table.

        Parameters
        ----------
        partial
            Whether questions may be missing from the table (another wording that only some have).
        opposite
            Whether the questions were put the other way round, so that the first choice denies.

        Raises
        ------
        CannotRunError
            If the table does not fit the dataset.
        """
        rows = table.set_index("sample_id")
        known = set(dataset.frame["sample_id"])
        fits = set(rows.index) <= known if partial else set(rows.index) == known
        if rows.index.has_duplicates or not fits:
            raise CannotRunError(
                f"the answers to dataset '{dataset.name}' do not fit it: {len(rows)} rows for {dataset.n} questions",
                hint="collect the observations again",
            )
        rows = rows.reindex(dataset.frame["sample_id"])
        asked = rows["status"].notna().to_numpy(dtype=bool)
        answered = (rows["status"] == OK).to_numpy(dtype=bool)
        asserting, denying = options.choices[::-1] if opposite else options.choices
        read = [
            read_choice(str(text), options.choices) if usable else None
            for text, usable in zip(rows["text"], answered, strict=True)
        ]
        target = dataset.frame["target"].to_numpy(dtype=np.float64)
        codes = cluster_codes(dataset.frame["cluster"].to_numpy(dtype=str))
        leaning = _log_odds(rows, (asserting, denying))
        return cls(
            asserts=np.array([choice == asserting for choice in read], dtype=bool),
            denies=np.array([choice == denying for choice in read], dtype=bool),
            present=target == 1.0,
            asked=asked,
            leaning=Predictions(
                score=leaning,
                usable=np.isfinite(leaning),
                positive=target == 1.0,
                codes=codes,
                n_clusters=int(codes.max()) + 1,
                present=asked,
            ),
        )


def _log_odds(rows: pd.DataFrame, choices: tuple[str, str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return (n,) log p(first choice) - log p(second choice); NaN where either is missing."""
    columns = [f"choice_{choice}" for choice in choices]
    if not set(columns) <= set(rows.columns):
        return np.full(len(rows), np.nan)
    first, second = (rows[column].to_numpy(dtype=np.float64, na_value=np.nan) for column in columns)
    with np.errstate(invalid="ignore"):
        return np.asarray(first - second, dtype=np.float64)
