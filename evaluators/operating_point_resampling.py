"""What would have been measured had the threshold been chosen on other validation patients.

An operating point that was chosen on data is itself an estimate. Numbers at it are conditional on it; here the patients
that it was chosen on are drawn again, the rule chooses again, and the scored samples are judged at what it chose.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from evaluators import metrics
from evaluators.binary import Predictions, threshold_estimate
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Minimums, Slice
from evaluators.operating_point import OperatingPointOptions, chosen_thresholds
from evaluators.operating_point_metrics import OPERATING_THRESHOLD
from evaluators.records import Recorder
from governance.evidence.model import Measurement, Method, OperatingPoint
from governance.spec.model import Settings
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, count_clusters
from governance.statistics.resampling import cluster_weights, percentile_interval

RESAMPLED = "threshold resampled"
"""The variant that these measurements carry."""

MOVED = (metrics.SENSITIVITY, metrics.SPECIFICITY, metrics.SELECTION_RATE)
"""Metrics that are followed through the resampled thresholds."""

_CELLS = 4_000_000
"""Weights kept in memory at a time: replicates times samples."""
_SCORED_STREAM = 1
"""Added to the seed for the patients that are scored, so that they are drawn independently of those chosen on."""


@dataclass(frozen=True)
class Resampled:
    """Thresholds chosen on resampled patients, and the metrics of each slice at them.

    Attributes
    ----------
    thresholds
        (r,) thresholds; NaN where a resample lacks a class.
    at_thresholds
        (slices, metrics, r) metrics of the scored samples as they are.
    anew
        The same with the scored patients resampled too.
    """

    thresholds: Floats
    at_thresholds: Floats
    anew: Floats


def threshold_replicates(
    options: OperatingPointOptions, chosen_from: Predictions, *, replicates: int, seed: int
) -> Floats:
    """Return (replicates,) thresholds that the rule chooses on resampled patients; NaN where a class is lacking."""
    usable = chosen_from.usable
    score, positive, codes = chosen_from.score[usable], chosen_from.positive[usable], chosen_from.codes[usable]
    chunk = _chunk(score.size)
    found = [
        chosen_thresholds(options, score, positive, weights[:, codes])
        for weights in cluster_weights(chosen_from.n_clusters, replicates, seed, chunk=chunk)
    ]
    return np.concatenate(found)


def resample(
    options: OperatingPointOptions,
    chosen_from: Predictions,
    data: Predictions,
    slices: Sequence[Bools],
    *,
    replicates: int,
    seed: int,
) -> Resampled:
    """Choose the threshold on resampled patients and judge the scored samples at each.

    Parameters
    ----------
    slices
        (n,) masks of the scored samples.
    """
    thresholds = threshold_replicates(options, chosen_from, replicates=replicates, seed=seed)
    usable = data.usable
    score, positive, codes = data.score[usable], data.positive[usable], data.codes[usable]
    masks = [mask[usable] for mask in slices]
    with_condition, without = [mask & positive for mask in masks], [mask & ~positive for mask in masks]
    classes = np.stack(with_condition + without, axis=1).astype(np.float64)
    fixed, anew = [], []
    start = 0
    drawn = cluster_weights(data.n_clusters, replicates, seed + _SCORED_STREAM, chunk=_chunk(score.size))
    for weights in drawn:
        flagged = score[None, :] >= thresholds[start : start + len(weights), None]
        fixed.append(_shares(None, flagged, classes))
        anew.append(_shares(weights[:, codes], flagged, classes))
        start += len(weights)
    lacking = np.isnan(thresholds)
    parts = [np.where(lacking, np.nan, np.concatenate(part, axis=2)) for part in (fixed, anew)]
    return Resampled(thresholds, parts[0], parts[1])


def sensitivity_analysis(
    options: OperatingPointOptions,
    chosen_from: Predictions,
    data: Predictions,
    cells: Sequence[tuple[Slice, Bools]],
    *,
    chosen: Recorder,
    scored: Recorder,
    point: OperatingPoint,
    minimums: Minimums,
    settings: Settings,
) -> Iterator[Measurement]:
    """Give the threshold with its interval, then sensitivity, specificity and selection rate of every slice.

    The value of a slice is the mean over the resampled thresholds; its interval covers the choice of the threshold and
    the scored patients together. The method's parameters hold the range that the choice alone makes.

    Parameters
    ----------
    cells
        Slices of the scored dataset with their (n,) masks.
    chosen, scored
        Recorders of the dataset chosen on and of the scored one.
    """
    found = resample(
        options,
        chosen_from,
        data,
        [mask for _, mask in cells],
        replicates=settings.replicates,
        seed=settings.seed,
    )
    yield chosen.at(point).measured(OPERATING_THRESHOLD, _threshold(point, chosen_from, found, settings))
    tail = (1 - settings.level) / 2
    for row, (cell, inside) in enumerate(cells):
        for column, metric in enumerate(MOVED):
            estimate = threshold_estimate(metric, data, inside, point, minimums)
            about: dict[str, Any] = {"slice": cell, "variant": RESAMPLED}
            if isinstance(estimate, str):
                yield scored.at(point).not_measured(metric, estimate, n=int(inside.sum()), **about)
                continue
            fixed, anew = found.at_thresholds[row, column], found.anew[row, column]
            there = fixed[np.isfinite(fixed)]
            if there.size == 0:
                reason = "no resample of the patients chosen on holds both classes"
                yield scored.at(point).not_measured(metric, reason, n=int(inside.sum()), **about)
                continue
            low, high = np.quantile(there, [tail, 1 - tail])
            moved = Estimate(
                value=float(there.mean()),
                n=estimate.n,
                n_clusters=estimate.n_clusters,
                events=estimate.events,
                bounds=partial(_both, anew),
                method=Method(
                    name="mean over thresholds chosen on resampled patients",
                    parameters={
                        "at_chosen_threshold": estimate.value,
                        "threshold_alone_low": float(low),
                        "threshold_alone_high": float(high),
                        **_parameters(chosen_from, found, settings),
                    },
                    source=OPERATING_THRESHOLD.source,
                ),
            )
            yield scored.at(point).measured(metric, moved, **about)


def _threshold(point: OperatingPoint, chosen_from: Predictions, found: Resampled, settings: Settings) -> Estimate:
    return Estimate(
        value=point.threshold,
        n=int(chosen_from.usable.sum()),
        n_clusters=count_clusters(chosen_from.codes[chosen_from.usable]),
        events=int(np.sum(chosen_from.positive & chosen_from.usable)),
        bounds=lambda level: percentile_interval(found.thresholds, level),
        method=Method(
            name=f"chosen by the rule {point.rule}",
            parameters=_parameters(chosen_from, found, settings),
            source=OPERATING_THRESHOLD.source,
        ),
    )


def _parameters(chosen_from: Predictions, found: Resampled, settings: Settings) -> dict[str, str | int | float | bool]:
    return {
        "patients_chosen_on": count_clusters(chosen_from.codes[chosen_from.usable]),
        "replicates": settings.replicates,
        "replicates_lacking_a_class": int(np.isnan(found.thresholds).sum()),
        "seed": settings.seed,
    }


def _both(replicates: Floats, level: float) -> Bounds:
    ends = percentile_interval(replicates, level)
    return Bounds(ends.low, ends.high, "cluster bootstrap of both the patients chosen on and the scored, percentile")


def _shares(weights: Floats | None, flagged: Bools, classes: Floats) -> Floats:
    """(slices, metrics, k) sensitivity, specificity and selection rate of weighted samples; NaN without denominator.

    Parameters
    ----------
    weights
        (k, n) how often each sample counts; None where each counts once.
    classes
        (n, 2 x slices) which samples of each slice have the condition, then which have not.
    """
    slices = classes.shape[1] // 2
    counted = flagged.astype(np.float64) if weights is None else weights * flagged
    hits = counted @ classes
    total = classes.sum(axis=0, keepdims=True) if weights is None else weights @ classes
    positives, negatives = total[:, :slices], total[:, slices:]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = [
            hits[:, :slices] / positives,
            1 - hits[:, slices:] / negatives,
            (hits[:, :slices] + hits[:, slices:]) / (positives + negatives),
        ]
    return np.stack(found).transpose(2, 0, 1)


def _chunk(samples: int) -> int:
    return max(1, min(256, _CELLS // max(1, samples)))
