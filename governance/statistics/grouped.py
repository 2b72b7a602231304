"""Metrics of many groups in thousands of bootstrap replicates, without touching the samples in any of them.

A replicate is a weight for every patient. All counts of all groups are then one sparse matrix product, cells x patients
times patients x replicates. An AUROC needs the order of the scores only: the samples of a group are sorted once and
merged into steps, runs of negatives followed by positives, and a replicate is the sum over steps of positives times the
negatives so far. Sums of whole numbers below 2^24 are exact in single precision, which halves the memory that moves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from governance.statistics.clusters import Floats, Integers, cluster_codes
from governance.statistics.rank_steps import RankSteps
from governance.statistics.resampling import cluster_draw


@dataclass(frozen=True)
class Counts:
    """Weighted counts of a confusion table, equally shaped arrays."""

    tp: Floats
    fn: Floats
    fp: Floats
    tn: Floats

    @property
    def n(self) -> Floats:
        """All samples."""
        total: Floats = self.tp + self.fn + self.fp + self.tn
        return total


CountMetric = Callable[[Counts], Floats]

COUNT_METRICS: Mapping[str, CountMetric] = {
    "sensitivity": lambda c: c.tp / (c.tp + c.fn),
    "specificity": lambda c: c.tn / (c.tn + c.fp),
    "positive_predictive_value": lambda c: c.tp / (c.tp + c.fp),
    "negative_predictive_value": lambda c: c.tn / (c.tn + c.fn),
    "false_positive_rate": lambda c: c.fp / (c.tn + c.fp),
    "false_negative_rate": lambda c: c.fn / (c.tp + c.fn),
    "classification_accuracy": lambda c: (c.tp + c.tn) / c.n,
    "balanced_accuracy": lambda c: (c.tp / (c.tp + c.fn) + c.tn / (c.tn + c.fp)) / 2,
    "f1_score": lambda c: 2 * c.tp / (2 * c.tp + c.fp + c.fn),
    "selection_rate": lambda c: (c.tp + c.fp) / c.n,
}
"""Metrics of a confusion table; any other function of the counts can be given as well."""

_EXACT_SINGLE = 2**24
"""Whole numbers up to here are exact in single precision."""


@dataclass(frozen=True)
class GroupedReplicates:
    """What the bootstrap gave.

    Attributes
    ----------
    groups
        (k,) names in sorted order.
    observed
        (k,) of each metric, in the data as they are.
    replicates
        (replicates, k) of each metric. NaN where a replicate of a group has no denominator; the intervals of
        `governance.statistics.resampling` leave those out, and refuse if they are many.
    """

    groups: tuple[str, ...]
    observed: Mapping[str, Floats]
    replicates: Mapping[str, Floats]


class GroupedMetrics:
    """Count metrics and AUROC of every group as functions of patient weights.

    Parameters
    ----------
    clusters, groups
        (n,) names of patients and groups; a patient may have samples in several groups.
    labels
        (n,) bool or 0/1.
    flagged
        (n,) decisions, bool or 0/1; None: no count metrics.
    scores
        (n,) float, higher means more likely positive; None: no AUROC.
    metrics
        Count metrics to compute; all of `COUNT_METRICS` unless given.

    Raises
    ------
    ValueError
        If the arrays differ in length, are empty, or hold scores that are not finite.
    """

    def __init__(
        self,
        clusters: npt.ArrayLike,
        groups: npt.ArrayLike,
        labels: npt.ArrayLike,
        *,
        flagged: npt.ArrayLike | None = None,
        scores: npt.ArrayLike | None = None,
        metrics: Mapping[str, CountMetric] = COUNT_METRICS,
    ) -> None:
        patient, positive = cluster_codes(clusters), np.asarray(labels).astype(bool)
        names, inverse = np.unique(np.asarray(groups), return_inverse=True)
        group = inverse.reshape(-1)
        if patient.size == 0 or {part.shape for part in (positive, group)} != {patient.shape}:
            raise ValueError("clusters, groups and labels must be equally long, one-dimensional and not empty")
        self.groups = tuple(str(name) for name in names)
        self.n_clusters = int(patient.max()) + 1
        heaviest = int(np.bincount(patient).max()) * self.n_clusters  # the fullest patient drawn every time
        self._real: type[np.floating[Any]] = np.float32 if heaviest < _EXACT_SINGLE else np.float64
        self._metrics = dict(metrics) if flagged is not None else {}
        self._cells: sparse.csr_array | None = None
        if flagged is not None:
            decision = np.asarray(flagged).astype(bool)
            self._cells = self._counts(4 * group + 2 * positive + _fits(decision, patient), patient, 4 * names.size)
        self._steps: list[RankSteps] = []
        if scores is not None:
            score = _fits(np.asarray(scores, dtype=np.float64), patient)
            if not np.isfinite(score).all():
                raise ValueError("a score is not a finite number")
            for code in range(names.size):
                inside = np.flatnonzero(group == code)
                steps = RankSteps.of(score[inside], positive[inside], patient[inside], self.n_clusters, self._real)
                self._steps.append(steps)

    def values(self, weights: npt.ArrayLike) -> dict[str, Floats]:
        """(rows, k) values of every metric under (rows, C) weights, not negative, of the patients in sorted order."""
        given: Floats = np.asarray(weights, dtype=np.float64)
        if given.ndim != 2 or given.shape[1] != self.n_clusters:
            raise ValueError(f"weights are rows x {self.n_clusters} patients")
        return self._values(given)

    def _values(self, weights: npt.NDArray[np.floating[Any]]) -> dict[str, Floats]:
        transposed = np.ascontiguousarray(weights.T)
        found: dict[str, Floats] = {}
        if self._cells is not None:
            counts = (self._cells @ transposed).reshape(len(self.groups), 4, -1).astype(np.float64)
            tn, fp, fn, tp = (counts[:, cell].T for cell in range(4))
            with np.errstate(divide="ignore", invalid="ignore"):
                found |= {name: metric(Counts(tp, fn, fp, tn)) for name, metric in self._metrics.items()}
        if self._steps:
            found["auroc"] = np.column_stack([steps.auroc(transposed) for steps in self._steps])
        return found

    def bootstrap(
        self,
        replicates: int = 2000,
        *,
        seed: int,
        strata: npt.ArrayLike | None = None,
        chunk: int = 64,
        threads: int = 2,
    ) -> GroupedReplicates:
        """Draw patients with replacement (`resampling.cluster_draw`) and compute every metric in every replicate.

        Neither `chunk` nor `threads` changes a number; together they bound the memory: chunk x threads x (patients +
        samples) numbers at most.

        Parameters
        ----------
        strata
            (C,) stratum of each patient in sorted order; as many patients are drawn from each as it has.
        """
        draw = cluster_draw(self.n_clusters, seed, strata)

        def part(start: int) -> dict[str, Floats]:
            rows = range(start, min(start + chunk, replicates))
            weights = np.empty((len(rows), self.n_clusters), dtype=self._real)
            for row, replicate in enumerate(rows):
                weights[row] = draw(replicate)
            return self._values(weights)

        parts = _in_threads(part, range(0, replicates, chunk), threads)
        observed = {name: found[0] for name, found in self.values(np.ones((1, self.n_clusters))).items()}
        together = {name: np.concatenate([found[name] for found in parts]) for name in observed}
        return GroupedReplicates(self.groups, observed, together)

    def _counts(self, cell: Integers, patient: Integers, cells: int) -> sparse.csr_array:
        ones = np.ones(cell.size, dtype=self._real)
        return sparse.coo_array((ones, (cell, patient)), shape=(cells, self.n_clusters)).tocsr()


def _fits(values: npt.NDArray[Any], patient: Integers) -> npt.NDArray[Any]:
    if values.shape != patient.shape:
        raise ValueError(f"{values.size} decisions or scores do not fit {patient.size} samples")
    return values


def _in_threads(
    action: Callable[[int], dict[str, Floats]], starts: Sequence[int], threads: int
) -> list[dict[str, Floats]]:
    if threads <= 1:
        return [action(start) for start in starts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(action, starts))
