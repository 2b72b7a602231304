"""Calibration of a slice: Brier score, calibration in the large, slope, expected calibration error, reliability."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import Predictions, left_out
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Minimums, Slice
from evaluators.records import Recorder
from governance.evidence.model import Measurement, Method
from governance.spec.model import Settings
from governance.statistics import calibration as statistics
from governance.statistics.clusters import count_clusters

BINNING: statistics.Binning = "equal width"


def calibration(
    recorder: Recorder,
    data: Predictions,
    inside: Bools,
    cell: Slice,
    *,
    bins: int,
    minimums: Minimums,
    settings: Settings,
) -> Iterator[Measurement]:
    """Measure calibration in a slice."""
    scored = inside & data.usable
    patients = data.patients(scored)
    few = minimums.missing(patients, [])
    few_of_a_class = minimums.missing(
        patients,
        [
            ("patients with the condition", data.patients(scored & data.positive)),
            ("patients without the condition", data.patients(scored & ~data.positive)),
        ],
    )
    for metric, estimate in (
        (metrics.BRIER_SCORE, few or _brier(data, scored, inside)),
        (metrics.CALIBRATION_IN_THE_LARGE, few or _in_the_large(data, scored, inside)),
        (metrics.CALIBRATION_SLOPE, few_of_a_class or _slope(data, scored, inside)),
        (metrics.EXPECTED_CALIBRATION_ERROR, few_of_a_class or _error(data, scored, inside, bins, settings)),
    ):
        if isinstance(estimate, str):
            yield recorder.not_measured(metric, estimate, slice=cell, n=int(scored.sum()))
        else:
            yield recorder.measured(metric, estimate, slice=cell)


def reliability(recorder: Recorder, data: Predictions, bins: int) -> Iterator[Measurement]:
    """Give the observed frequency of every bin that holds a score, for everyone."""
    numbers = np.full(data.score.size, -1)
    numbers[data.usable] = statistics.bin_numbers(data.score[data.usable], bins, BINNING)
    for number in range(bins):
        among = data.usable & (numbers == number)
        if not among.any():
            continue
        estimate = estimates.proportion(
            data.positive,
            among,
            data.codes,
            name="share with cluster-adjusted interval",
            parameters={"bins": bins, "binning": BINNING},
            n_clusters=data.n_clusters,
        )
        yield recorder.measured(
            metrics.OBSERVED_FREQUENCY,
            estimate,
            curve={"bin": number, "predicted": float(data.score[among].mean())},
        )


def _brier(data: Predictions, scored: Bools, inside: Bools) -> Estimate:
    return estimates.mean(
        np.square(data.score - data.positive),
        scored,
        data.codes,
        low=0.0,
        high=1.0,
        parameters=left_out(data, inside),
        events=int(np.sum(data.positive & scored)),
    )


def _in_the_large(data: Predictions, scored: Bools, inside: Bools) -> Estimate:
    return estimates.mean(
        data.positive - data.score,
        scored,
        data.codes,
        low=-1.0,
        high=1.0,
        parameters=left_out(data, inside),
        events=int(np.sum(data.positive & scored)),
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
        bounds=lambda level: statistics.slope_interval(fit, level),
        method=Method(
            name="logistic recalibration",
            parameters={**left_out(data, inside), "intercept": fit.intercept, "scores_moved_from_0_or_1": fit.clipped},
            source="Cox, Biometrika 45 (1958) 562; Van Calster et al., BMC Med. 17 (2019) 230",
        ),
    )


def _error(data: Predictions, scored: Bools, inside: Bools, bins: int, settings: Settings) -> Estimate:
    score, positive, codes = data.score[scored], data.positive[scored], data.codes[scored]
    return Estimate(
        value=statistics.expected_calibration_error(score, positive, bins, BINNING),
        n=score.size,
        n_clusters=count_clusters(codes),
        events=int(positive.sum()),
        bounds=lambda level: statistics.calibration_error_interval(
            score,
            positive,
            codes,
            bins,
            BINNING,
            level=level,
            seed=settings.seed,
            replicates=settings.replicates,
        ),
        method=Method(
            name="binned, against its own value under perfect calibration",
            parameters={
                **left_out(data, inside),
                "bins": bins,
                "binning": BINNING,
                "error_if_calibrated": statistics.error_if_calibrated(score, bins, BINNING, seed=settings.seed),
                "replicates": settings.replicates,
                "seed": settings.seed,
            },
            source="Guo et al., ICML (2017); Bröcker and Smith, Weather Forecast. 22 (2007) 651",
        ),
    )
