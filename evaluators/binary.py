"""Binary predictions of one dataset as arrays, and the estimates that several evaluators make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evaluators import estimates, metrics
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Minimums
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.evidence.model import MetricDescriptor, OperatingPoint, Scalar
from governance.harness.protocols import OK
from governance.statistics.clusters import Floats, Integers, cluster_codes, count_clusters

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Predictions:
    """Scores of a dataset's samples in the dataset's order.

    Attributes
    ----------
    score
        (n,) probability of the positive class; NaN where `usable` is False.
    usable
        (n,) whether the model gave an output; the others are counted in `rejected_rate` and left out elsewhere.
    positive
        (n,) reference standard.
    codes
        (n,) cluster numbers below `n_clusters`.
    present
        (n,) samples that this table is about at all (a condition may exist for some samples only).
    """

    score: Floats
    usable: Bools
    positive: Bools
    codes: Integers
    n_clusters: int
    present: Bools

    @classmethod
    def of(cls, table: pd.DataFrame, dataset: DatasetInfo, *, partial: bool = False) -> Predictions:
        """Align an observation table with its dataset.

        Parameters
        ----------
        partial
            Whether samples may be missing from the table (a variant that only some samples have).

        Raises
        ------
        CannotRunError
            If the table lacks samples, names one twice or holds samples that the dataset lacks.
        InputError
            If targets are not 0 or 1.
        """
        target = _binary_target(dataset)
        rows = table.set_index("sample_id")
        wanted = dataset.frame["sample_id"]
        known = rows.index.isin(wanted)
        if rows.index.has_duplicates or not known.all() or (not partial and len(rows) != dataset.n):
            raise CannotRunError(
                f"the predictions of dataset '{dataset.name}' do not fit it: {len(rows)} rows for {dataset.n} samples",
                hint="collect the observations again, or check the file of recorded predictions",
            )
        aligned = rows.reindex(wanted)
        present = wanted.isin(rows.index).to_numpy(dtype=bool)
        usable = (aligned["status"] == OK).to_numpy(dtype=bool)
        score = np.where(usable, aligned["score"].to_numpy(dtype=np.float64, na_value=np.nan), np.nan)
        outside = usable & ~((score >= 0) & (score <= 1))
        if outside.any():
            first = wanted.to_numpy()[int(np.argmax(outside))]
            raise InputError(
                f"dataset '{dataset.name}': sample '{first}' has the score {score[outside][0]}",
                hint="scores are probabilities of the positive class, from 0 to 1",
            )
        codes = cluster_codes(dataset.frame["cluster"].to_numpy(dtype=str))
        return cls(score, usable, target, codes, int(codes.max()) + 1, present)

    def restricted(self, among: Bools) -> Predictions:
        """Return the same with the samples outside a mask no longer present."""
        return replace(self, present=self.present & among, usable=self.usable & among)

    def patients(self, among: Bools) -> int:
        """Number of clusters in a mask."""
        return count_clusters(self.codes[among])


THRESHOLD_METRICS: tuple[MetricDescriptor, ...] = (
    metrics.SENSITIVITY,
    metrics.SPECIFICITY,
    metrics.POSITIVE_PREDICTIVE_VALUE,
    metrics.NEGATIVE_PREDICTIVE_VALUE,
    metrics.SELECTION_RATE,
)
"""Metrics that depend on the operating point."""


def threshold_estimate(
    metric: MetricDescriptor, data: Predictions, inside: Bools, point: OperatingPoint, minimums: Minimums
) -> Estimate | str:
    """Estimate a metric of `THRESHOLD_METRICS` in a slice, or say why not.

    A score at or above the threshold counts as positive. Samples without a usable output are left out, and counted in
    the method's parameters.
    """
    flagged = data.usable & (np.nan_to_num(data.score, nan=-1.0) >= point.threshold)
    scored = inside & data.usable
    successes, among, what = {
        "sensitivity": (flagged, scored & data.positive, "patients with the condition"),
        "specificity": (~flagged, scored & ~data.positive, "patients without the condition"),
        "positive_predictive_value": (data.positive, scored & flagged, "patients that the model flags"),
        "negative_predictive_value": (~data.positive, scored & ~flagged, "patients that the model leaves unflagged"),
        "selection_rate": (flagged, scored, "patients with a usable output"),
    }[metric.name]
    reason = minimums.missing(data.patients(scored), [(what, data.patients(among))])
    if reason:
        return reason
    return estimates.proportion(
        successes,
        among,
        data.codes,
        name="share with cluster-adjusted interval",
        parameters=left_out(data, inside),
        n_clusters=data.n_clusters,
    )


def auroc_estimate(data: Predictions, inside: Bools, minimums: Minimums) -> Estimate | str:
    """Estimate the AUROC in a slice, or say why not."""
    scored = inside & data.usable
    reason = minimums.missing(
        data.patients(scored),
        [
            ("patients with the condition", data.patients(scored & data.positive)),
            ("patients without the condition", data.patients(scored & ~data.positive)),
        ],
    )
    if reason:
        return reason
    return estimates.ranking(
        data.score,
        data.positive,
        scored,
        data.codes,
        parameters=left_out(data, inside),
        n_clusters=data.n_clusters,
    )


def left_out(data: Predictions, inside: Bools) -> dict[str, Scalar]:
    """How many samples of a slice have no usable output and so are not in the number."""
    return {"rejected_left_out": int(np.sum(inside & data.present & ~data.usable))}


def _binary_target(dataset: DatasetInfo) -> Bools:
    if "target" not in dataset.frame.columns:
        raise InputError(f"datasets.{dataset.name} has no target", hint="name the column of outcomes: target: <column>")
    target = dataset.frame["target"].to_numpy(dtype=np.float64)
    odd = ~np.isin(target, (0.0, 1.0))
    if odd.any():
        raise InputError(
            f"datasets.{dataset.name}: a binary target is 0 or 1, but {target[odd][0]} occurs {int(odd.sum())} times",
            hint="choose a binary column, or label the classes 0 and 1",
        )
    positive: Bools = target == 1.0
    return positive
