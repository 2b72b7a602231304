"""The order of the scores of one group, reduced to what an AUROC under any patient weights needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from governance.statistics.clusters import Floats, Integers

_BLOCK = 32
"""Steps whose running sums are added up together; the sums before each block follow by one short pass."""


@dataclass(frozen=True)
class RankSteps:
    """Negatives and positives of consecutive scores, summed by patient.

    Going up the scores, a step holds a run of negatives and the run of positives above them; a score that negatives and
    positives share is a step of its own, whose pairs count half. With p_k and n_k the weights in step k,
    ``AUROC = sum_k p_k (n_1 + ... + n_k - n_k / 2 [shared]) / (sum p sum n)``.

    Attributes
    ----------
    negatives, positives
        (steps, C) sparse counts of samples.
    shared
        Numbers of the steps with one shared score.
    """

    negatives: sparse.csr_array
    positives: sparse.csr_array
    shared: Integers

    @classmethod
    def of(
        cls,
        scores: Floats,
        positive: npt.NDArray[np.bool_],
        patient: Integers,
        n_clusters: int,
        real: type[np.floating[Any]],
    ) -> RankSteps:
        """Sort (n,) samples and merge them into steps; the sums of whole weights must be exact in `real`."""
        order = np.argsort(scores, kind="stable")
        positive, patient = positive[order], patient[order]
        tie = np.cumsum(np.diff(scores[order], prepend=-np.inf) > 0, dtype=np.int64) - 1
        has_positive = np.bincount(tie, weights=positive) > 0
        has_negative = np.bincount(tie, weights=~positive) > 0
        both = has_positive & has_negative
        starts = both.copy()
        starts[1:] |= both[:-1] | (has_negative[1:] & has_positive[:-1])
        starts[:1] = True
        step_of_tie = np.cumsum(starts, dtype=np.int64) - 1
        step, steps = step_of_tie[tie], int(step_of_tie[-1]) + 1 if tie.size else 0

        def counts(chosen: npt.NDArray[np.bool_]) -> sparse.csr_array:
            ones = np.ones(int(np.count_nonzero(chosen)), dtype=real)
            return sparse.coo_array((ones, (step[chosen], patient[chosen])), shape=(steps, n_clusters)).tocsr()

        return cls(counts(~positive), counts(positive), np.flatnonzero(np.bincount(step_of_tie, weights=both) > 0))

    def auroc(self, weights: npt.NDArray[np.floating[Any]]) -> Floats:
        """(columns,) AUROC under (C, columns) weights; NaN in a column without weight on a class."""
        negatives, positives = self.negatives @ weights, self.positives @ weights
        shared = np.einsum("ij,ij->j", negatives[self.shared], positives[self.shared], dtype=np.float64)
        total = positives.sum(axis=0).astype(np.float64) * negatives.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = (_pairs_in_order(negatives, positives) - shared / 2) / total
        return found


def _pairs_in_order(negatives: npt.NDArray[Any], positives: npt.NDArray[Any]) -> Floats:
    """``sum_k p_k (n_1 + ... + n_k)`` for every column; `negatives` is used up."""
    steps, columns = negatives.shape
    whole = steps - steps % _BLOCK
    blocks = negatives[:whole].reshape(-1, _BLOCK, columns)
    for row in range(1, _BLOCK):
        blocks[:, row] += blocks[:, row - 1]
    tail = negatives[whole:]
    np.cumsum(tail, axis=0, out=tail)
    sums: Floats = np.einsum("ij,ij->j", negatives, positives, dtype=np.float64)
    before = np.cumsum(blocks[:, -1], axis=0)
    following = positives[_BLOCK:whole].reshape(-1, _BLOCK, columns).sum(axis=1)
    sums += np.einsum("ij,ij->j", before[:-1], following, dtype=np.float64)
    if whole:
        sums += before[-1].astype(np.float64) * positives[whole:].sum(axis=0)
    return sums
