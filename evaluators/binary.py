"""Binary predictions of one dataset as arrays, and the estimates that several evaluators make of them."""

from __future__ import annotations

from collections.abc import Callable
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
from governance.statistics.clusters import Floats, Integers, cluster_codes

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
        import pandas as pd

        target = _binary_target(dataset)
        wanted = dataset.frame["sample_id"]
        rows = pd.Index(table["sample_id"])
        position = rows.get_indexer(wanted) if rows.is_unique else np.full(dataset.n, -1)
        present: Bools = position >= 0
        if int(present.sum()) != len(table) or (not partial and len(table) != dataset.n):
            raise CannotRunError(
                f"the predictions of dataset '{dataset.name}' do not fit it: {len(table)} rows for {dataset.n} samples",
                hint="collect the observations again, or check the file of recorded predictions",
            )
        status = (table["status"] == OK).to_numpy(dtype=bool)
        found = table["score"].to_numpy(dtype=np.float64, na_value=np.nan)
        usable, score = np.zeros(dataset.n, dtype=bool), np.full(dataset.n, np.nan)
        usable[present] = status[position[present]]
        score[usable] = found[position[usable]]
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
        return int(np.count_nonzero(np.bincount(self.codes[among], minlength=self.n_clusters)))

    def flagged(self, point: OperatingPoint) -> Bools:
        """Return (n,) bool: usable scores at or above the threshold."""
        above: Bools = self.usable & (np.nan_to_num(self.score, nan=-1.0) >= point.threshold)
        return above


THRESHOLD_METRICS: tuple[MetricDescriptor, ...] = (
    metrics.SENSITIVITY,
    metrics.SPECIFICITY,
    metrics.POSITIVE_PREDICTIVE_VALUE,
    metrics.NEGATIVE_PREDICTIVE_VALUE,
    metrics.FALSE_POSITIVE_RATE,
    metrics.FALSE_NEGATIVE_RATE,
    metrics.ACCURACY,
    metrics.SELECTION_RATE,
)
"""Shares of samples that depend on the operating point."""


def threshold_estimate(
    metric: MetricDescriptor, data: Predictions, inside: Bools, point: OperatingPoint, minimums: Minimums
) -> Estimate | str:
    """Estimate a metric of `THRESHOLD_METRICS` in a slice, or say why not.

    A score at or above the threshold counts as positive. Samples without a usable output are left out, and counted in
    the method's parameters.
    """
    flagged, positive = data.flagged(point), data.positive
    scored = inside & data.usable
    masks: dict[str, Callable[[], tuple[Bools, Bools, str]]] = {
        "sensitivity": lambda: (flagged, scored & positive, WITH_CONDITION),
        "specificity": lambda: (~flagged, scored & ~positive, WITHOUT_CONDITION),
        "positive_predictive_value": lambda: (positive, scored & flagged, "patients that the model flags"),
        "negative_predictive_value": lambda: (~positive, scored & ~flagged, "patients that the model leaves unflagged"),
        "false_positive_rate": lambda: (flagged, scored & ~positive, WITHOUT_CONDITION),
        "false_negative_rate": lambda: (~flagged, scored & positive, WITH_CONDITION),
        "classification_accuracy": lambda: (flagged == positive, scored, "patients with a usable output"),
        "selection_rate": lambda: (flagged, scored, "patients with a usable output"),
    }
    successes, among, what = masks[metric.name]()
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


def both_classes(data: Predictions, scored: Bools, minimums: Minimums) -> str | None:
    """Return why a number that needs patients with and without the condition is not given, or None."""
    return minimums.missing(
        data.patients(scored),
        [
            (WITH_CONDITION, data.patients(scored & data.positive)),
            (WITHOUT_CONDITION, data.patients(scored & ~data.positive)),
        ],
    )


WITH_CONDITION = "patients with the condition"
WITHOUT_CONDITION = "patients without the condition"


def auroc_estimate(data: Predictions, inside: Bools, minimums: Minimums) -> Estimate | str:
    """Estimate the AUROC in a slice, or say why not."""
    scored = inside & data.usable
    reason = both_classes(data, scored, minimums)
    if reason:
        return reason
    found = estimates.ranking(
        data.score,
        data.positive,
        scored,
        data.codes,
        parameters=left_out(data, inside),
        n_clusters=data.n_clusters,
    )
    return ranked_by_enough(found, data, scored, minimums)


def ranked_by_enough(found: Estimate, data: Predictions, scored: Bools, minimums: Minimums) -> Estimate:
    """Withhold the intervals of a ranking to which few patients of a class contribute: no verdict can rest on it.

    Below about 30 of either class the usual intervals of rank metrics miss the truth too often (`docs/validity.md`).
    """
    for what, count in ((WITH_CONDITION, data.positive), (WITHOUT_CONDITION, ~data.positive)):
        patients = data.patients(scored & count)
        if patients < minimums.patients:
            reason = f"only {patients} {what}; an interval of a ranking needs {minimums.patients}"
            return estimates.withheld(found, reason)
    return found


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
