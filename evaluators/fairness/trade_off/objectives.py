"""The objectives of a trade-off, for many choices and many weightings of the same patients at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from evaluators import metrics
from evaluators.estimates import Bools
from evaluators.fairness.trade_off.options import ObjectiveName
from governance.evidence.model import MetricDescriptor
from governance.statistics.clusters import Floats, Integers
from governance.statistics.resampling import cluster_weights

_METRICS: Mapping[str, MetricDescriptor] = {
    "accuracy": metrics.ACCURACY,
    "balanced_accuracy": metrics.BALANCED_ACCURACY,
    "sensitivity": metrics.SENSITIVITY,
    "specificity": metrics.SPECIFICITY,
    "selection_rate": metrics.SELECTION_RATE,
    "auroc": metrics.AUROC,
}
"""By the word in the name of an objective."""
_NUMBERS = 8_000_000
"""Numbers kept in memory at a time."""


@dataclass(frozen=True)
class Objective:
    """A metric for everyone, that of the worst group, or its largest difference between groups."""

    name: str
    metric: MetricDescriptor
    kind: Literal["value", "worst", "gap"]

    @classmethod
    def of(cls, name: ObjectiveName) -> Objective:
        """Read ``sensitivity``, ``worst_sensitivity`` or ``sensitivity_gap``."""
        if name.startswith("worst_"):
            return cls(name, _METRICS[name.removeprefix("worst_")], "worst")
        if name.endswith("_gap"):
            return cls(name, _METRICS[name.removesuffix("_gap")], "gap")
        return cls(name, _METRICS[name], "value")

    @property
    def ranks(self) -> bool:
        """Whether it is about the scores, and so the same at every threshold."""
        return self.metric is metrics.AUROC

    def aggregate(self, by_slice: Floats) -> Floats:
        """(k, 1 + groups, p) values, everyone first, to (k, p) objectives; NaN where a group has no value."""
        found: Floats
        if self.kind == "value":
            found = by_slice[:, 0]
        elif self.kind == "worst":
            found = by_slice[:, 1:].min(axis=1)
        else:
            found = by_slice[:, 1:].max(axis=1) - by_slice[:, 1:].min(axis=1)
        return found

    def good(self, values: Floats) -> Floats:
        """Turn values so that higher is better and 0 is the worst."""
        return 1 - values if self.kind == "gap" else values


@dataclass(frozen=True)
class Sweep:
    """Decisions of the same samples at p rising thresholds, counted for any weighting of the patients.

    Attributes
    ----------
    matrix
        (C, slices x 2 x (p + 1)) samples of each patient by slice, outcome and how many thresholds they reach.
    """

    matrix: sparse.csr_matrix
    slices: int
    choices: int

    @classmethod
    def of(
        cls,
        reached: Integers,
        positive: Bools,
        codes: Integers,
        slices: Sequence[Bools],
        *,
        choices: int,
        clusters: int,
    ) -> Sweep:
        """Count samples.

        Parameters
        ----------
        reached
            (n,) how many of the `choices` rising thresholds a sample reaches.
        slices
            (n,) masks, everyone first.
        """
        rows, columns = [], []
        for number, mask in enumerate(slices):
            rows.append(codes[mask])
            columns.append((2 * number + positive[mask]) * (choices + 1) + reached[mask])
        row, column = np.concatenate(rows), np.concatenate(columns)
        shape = (clusters, 2 * len(slices) * (choices + 1))
        return cls(sparse.csr_matrix((np.ones(row.size), (row, column)), shape=shape), len(slices), choices)

    def by_slice(self, metric: MetricDescriptor, weights: Floats) -> Floats:
        """(k, C) weights to (k, slices, p) values of a metric; NaN without a denominator."""
        counts = np.asarray((self.matrix.T @ weights.T).T).reshape(len(weights), self.slices, 2, self.choices + 1)
        at_least = np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1]
        total, flagged = at_least[..., :1], at_least[..., 1:]
        false, found = flagged[:, :, 0], flagged[:, :, 1]
        negatives, positives = total[:, :, 0], total[:, :, 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            sensitivity, specificity = found / positives, 1 - false / negatives
            return _of_counts(metric, sensitivity, specificity, (found, false), (positives, negatives))


def _of_counts(
    metric: MetricDescriptor,
    sensitivity: Floats,
    specificity: Floats,
    flagged: tuple[Floats, Floats],
    samples: tuple[Floats, Floats],
) -> Floats:
    """Return a metric from counts of those with and those without the condition."""
    total = samples[0] + samples[1]
    if metric is metrics.SENSITIVITY:
        return sensitivity
    if metric is metrics.SPECIFICITY:
        return specificity
    if metric is metrics.BALANCED_ACCURACY:
        return (sensitivity + specificity) / 2
    if metric is metrics.ACCURACY:
        return (flagged[0] + samples[1] - flagged[1]) / total
    if metric is metrics.SELECTION_RATE:
        return (flagged[0] + flagged[1]) / total
    raise ValueError(f"{metric.name} does not follow from decisions")


def drawn(clusters: int, numbers: int, *, replicates: int, seed: int) -> Iterator[Floats]:
    """Yield (k, C) bootstrap weights, k so small that `numbers` a replicate stay in memory."""
    chunk = max(1, min(256, _NUMBERS // max(1, numbers)))
    yield from cluster_weights(clusters, replicates, seed, chunk=chunk)


def weighted_auroc(score: Floats, positive: Bools, weights: Floats) -> Floats:
    """(k,) AUROC of (n,) scores for each of (k, n) weightings, ties counting half; NaN where a class is lacking."""
    order = np.argsort(score, kind="stable")
    _, starts = np.unique(score[order], return_index=True)
    sorted_weights = weights[:, order]
    above = np.add.reduceat(sorted_weights * positive[order], starts, axis=1)
    below = np.add.reduceat(sorted_weights * ~positive[order], starts, axis=1)
    passed = np.cumsum(below, axis=1) - below / 2
    pairs = above.sum(axis=1) * below.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.sum(above * passed, axis=1) / np.where(pairs == 0, np.nan, pairs)
    return found
