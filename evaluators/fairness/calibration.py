"""Calibration of a slice: Brier score, calibration in the large, slope, expected calibration error, reliability."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import Predictions, both_classes, left_out
from evaluators.estimates import Bools, Estimate, remembered
from evaluators.fairness import groups_descriptors as own
from evaluators.grouping import Minimums
from evaluators.records import Recorder
from governance.evidence.model import Measurement, Method, MetricDescriptor, Scalar
from governance.spec.model import Settings
from governance.statistics import calibration as statistics
from governance.statistics.bounds import Bounds
from governance.statistics.brier import brier_decomposition
from governance.statistics.calibration_noise import calibration_test, corrected_calibration_error
from governance.statistics.clusters import Floats, Integers, cluster_codes

WIDTH: statistics.Binning = "equal width"
MASS: statistics.Binning = "equal mass"

MANY_PATIENTS = 200
"""From here on errors of resampled patients are drawn from the normal distribution that they approach.

From this number on the ends of the two intervals differ by less than 0.01; see the tests.
"""

_DRAWS = 99
"""Draws of a calibrated model's error, for its mean and a p-value."""


def estimate(
    metric: MetricDescriptor, data: Predictions, inside: Bools, *, bins: int, minimums: Minimums, settings: Settings
) -> Estimate | str:
    """Estimate a calibration metric in a mask, or say why not."""
    scored = inside & data.usable
    if metric in (metrics.BRIER_SCORE, metrics.CALIBRATION_IN_THE_LARGE):
        few = minimums.missing(data.patients(scored), [])
        if few:
            return few
        if metric is metrics.BRIER_SCORE:
            return _brier(data, scored, inside, bins)
        return _in_the_large(data, scored, inside)
    few = both_classes(data, scored, minimums)
    if few:
        return few
    if metric is metrics.CALIBRATION_SLOPE:
        return _slope(data, scored, inside)
    corrected = metric is own.CALIBRATION_ERROR_CORRECTED
    binning = MASS if metric is own.CALIBRATION_ERROR_EQUAL_MASS else WIDTH
    return _error(data, scored, inside, bins=bins, binning=binning, settings=settings, corrected=corrected)


def reliability(recorder: Recorder, data: Predictions, bins: int) -> Iterator[Measurement]:
    """Give the observed frequency of every bin that holds a score, for everyone."""
    numbers = np.full(data.score.size, -1)
    numbers[data.usable] = statistics.bin_numbers(data.score[data.usable], bins, WIDTH)
    for number in range(bins):
        among = data.usable & (numbers == number)
        if not among.any():
            continue
        share = estimates.proportion(
            data.positive,
            among,
            data.codes,
            name="share with cluster-adjusted interval",
            parameters={"bins": bins, "binning": WIDTH},
            n_clusters=data.n_clusters,
        )
        yield recorder.measured(
            metrics.OBSERVED_FREQUENCY,
            share,
            curve={"bin": number, "predicted": float(data.score[among].mean())},
        )


def _brier(data: Predictions, scored: Bools, inside: Bools, bins: int) -> Estimate:
    return estimates.mean(
        np.square(data.score - data.positive),
        scored,
        data.codes,
        low=0.0,
        high=1.0,
        parameters={**left_out(data, inside), **_brier_parts(data, scored, bins)},
        events=int(np.sum(data.positive & scored)),
        n_clusters=data.n_clusters,
    )


def _brier_parts(data: Predictions, scored: Bools, bins: int) -> dict[str, Scalar]:
    """What the score is made of: reliability - resolution + uncertainty + what the bins hide."""
    try:
        parts = brier_decomposition(data.score[scored], data.positive[scored], data.codes[scored], bins, WIDTH)
    except ValueError:
        return {}
    return {
        "reliability": parts.reliability,
        "resolution": parts.resolution,
        "uncertainty": parts.uncertainty,
        "within_bins": parts.within_bins,
        "reliability_less_noise": parts.corrected_reliability,
        "resolution_less_noise": parts.corrected_resolution,
        "bins": bins,
        "binning": WIDTH,
    }


def _in_the_large(data: Predictions, scored: Bools, inside: Bools) -> Estimate:
    return estimates.mean(
        data.positive - data.score,
        scored,
        data.codes,
        low=-1.0,
        high=1.0,
        parameters=left_out(data, inside),
        events=int(np.sum(data.positive & scored)),
        n_clusters=data.n_clusters,
    )


def _slope(data: Predictions, scored: Bools, inside: Bools) -> Estimate | str:
    try:
        fit = statistics.recalibration(data.score[scored], data.positive[scored], data.codes[scored])
    except ValueError as error:
        return str(error)
    return Estimate(
        value=fit.slope,
        n=int(scored.sum()),
        n_clusters=fit.n_clusters,
        events=int(np.sum(data.positive & scored)),
        bounds=remembered(lambda level: statistics.slope_interval(fit, level)),
        method=Method(
            name="logistic recalibration",
            parameters={**left_out(data, inside), "intercept": fit.intercept, "scores_moved_from_0_or_1": fit.clipped},
            source="Cox, Biometrika 45 (1958) 562; Van Calster et al., BMC Med. 17 (2019) 230",
        ),
    )


def _error(
    data: Predictions,
    scored: Bools,
    inside: Bools,
    *,
    bins: int,
    binning: statistics.Binning,
    settings: Settings,
    corrected: bool,
) -> Estimate:
    score, positive, codes = data.score[scored], data.positive[scored], cluster_codes(data.codes[scored])
    parameters: dict[str, Scalar] = {**left_out(data, inside), "bins": bins, "binning": binning}
    if corrected:
        value = corrected_calibration_error(score, positive, codes, bins, binning)
    else:
        test = calibration_test(score, positive, codes, bins, binning, seed=settings.seed, draws=_DRAWS)
        value = test.value
        parameters |= {"error_if_calibrated": test.if_calibrated, "null": test.null, "draws": _DRAWS}
        parameters["p_value_if_calibrated"] = test.p_value

    def bounds(level: float) -> Bounds:
        ends = error_bounds(score, positive, codes, level, bins=bins, binning=binning, settings=settings)
        return Bounds(min(ends.low, value), ends.high, ends.method)

    return Estimate(
        value=value,
        n=score.size,
        n_clusters=int(codes.max()) + 1,
        events=int(positive.sum()),
        bounds=remembered(bounds),
        method=Method(
            name="binned, less the share of noise" if corrected else "binned, against its own value if calibrated",
            parameters={**parameters, "replicates": settings.replicates, "seed": settings.seed},
            source="Guo et al., ICML (2017); Bröcker and Smith, Weather Forecast. 22 (2007) 651",
        ),
    )


def error_bounds(
    score: Floats,
    positive: Bools,
    codes: Integers,
    level: float,
    *,
    bins: int,
    binning: statistics.Binning,
    settings: Settings,
) -> Bounds:
    """Interval of the expected calibration error over clusters, drawn from a normal distribution where they are many.

    Sums over many resampled clusters are about normal with the covariance that their spread gives, so that 2,000 draws
    of as many numbers as there are bins do for 2,000 resampled datasets. The ends are made of the draws as
    `governance.statistics.calibration.calibration_error_interval` makes them of resampled datasets.

    Parameters
    ----------
    score, positive, codes
        (n,); codes number the clusters 0 .. C - 1, each of which occurs.
    """
    if int(codes.max()) + 1 < MANY_PATIENTS:
        return statistics.calibration_error_interval(
            score, positive, codes, bins, binning, level=level, seed=settings.seed, replicates=settings.replicates
        )
    gaps = statistics.gaps_by_cluster(positive - score, codes, statistics.bin_numbers(score, bins, binning))
    observed = gaps.sum(axis=0) / score.size
    moved = (gaps - np.bincount(codes)[:, None] * observed) / score.size
    normal = _normals(settings.seed, settings.replicates, observed.size)
    values, vectors = np.linalg.eigh(moved.T @ moved)
    noise = normal @ (vectors * np.sqrt(np.clip(values, 0.0, None))).T
    value, tail = float(np.abs(observed).sum()), (1 - level) / 2
    high = float(np.quantile(np.abs(observed + noise).sum(axis=1), 1 - tail))
    low = value - float(np.quantile(np.abs(noise).sum(axis=1), 1 - tail))
    method = "normal draws of resampled patients, percentile above, less the share of noise below"
    return Bounds(max(0.0, low), max(high, value), method)


@cache
def _normals(seed: int, rows: int, columns: int) -> Floats:
    return np.random.Generator(np.random.Philox(key=[seed, 0x6E6F726D])).standard_normal((rows, columns))
