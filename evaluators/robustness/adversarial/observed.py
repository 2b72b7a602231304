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
        (n,) which of them have an output.
    right
        (n,) whether the model decides right under attack; False where it gives no output.
    largest_change
        Norm of the largest change that was made.
    """

    present: Bools
    usable: Bools
    right: Bools
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
    choice = np.full(dataset.n, -1)
    if point is None:
        choice[usable] = np.stack(list(aligned["scores"].to_numpy()[usable])).argmax(axis=1) if usable.any() else -1
    else:
        choice[usable] = aligned["score"].to_numpy(dtype=np.float64)[usable] >= point.threshold
    changes = table["perturbation"].to_numpy(dtype=np.float64)
    return Outcome(present, usable, usable & (choice == decisions.truth), float(changes.max(initial=0.0)))
