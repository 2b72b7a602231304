"""What was observed under one attack, in the order of the dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluators.estimates import Bools
from evaluators.robustness.scores.decisions import Decisions
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError
from governance.evidence.model import OperatingPoint
from governance.harness.protocols import OK

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Outcome:
    """The samples of a dataset under one attack.

    Attributes
    ----------
    present
        (n,) which samples were drawn to be attacked.
    usable
        (n,) which of them have an output without an attack.
    right
        (n,) whether the model decides right under attack; False where it gives no output.
    silenced
        How many have an output without an attack and none under it.
    largest_change
        Norm of the largest change that was made.
    """

    present: Bools
    usable: Bools
    right: Bools
    silenced: int
    largest_change: float


def outcome(table: pd.DataFrame, dataset: DatasetInfo, decisions: Decisions, point: OperatingPoint | None) -> Outcome:
    """Align the table of an attack with its dataset.

    Parameters
    ----------
    point
        Of a binary task; None where the highest score decides.

    Raises
    ------
    CannotRunError
        If the table names a sample twice, or one that the dataset lacks.
    """
    rows, wanted = table.set_index("sample_id"), dataset.frame["sample_id"]
    if rows.index.has_duplicates or not rows.index.isin(wanted).all():
        raise CannotRunError(
            f"what was observed under attack of dataset '{dataset.name}' does not fit it", hint="collect it again"
        )
    aligned = rows.reindex(wanted)
    present: Bools = np.asarray(wanted.isin(rows.index), dtype=bool)
    usable: Bools = (aligned["status"] == OK).to_numpy(dtype=bool)
    name = "score" if point is not None else "scores"
    found = [np.atleast_1d(np.asarray(row, dtype=np.float64)) for row in aligned[name].to_numpy()[usable]]
    scores = np.stack(found) if found else np.zeros((0, 1))
    answered = np.isfinite(scores).all(axis=1)
    known = np.nan_to_num(scores, nan=-1.0)
    decided = known.argmax(axis=1) if point is None else (known[:, 0] >= point.threshold).astype(np.int64)
    choice = np.full(dataset.n, -1)
    choice[usable] = np.where(answered, decided, -1)
    changes = table["perturbation"].to_numpy(dtype=np.float64)
    return Outcome(
        present=present,
        usable=usable,
        right=usable & (choice == decisions.truth),
        silenced=int((~answered).sum()),
        largest_change=float(changes.max(initial=0.0)),
    )
