"""What chance does to a binned calibration error: how large it would be without any, and how much to take off.

A binned error averages absolute values, so that noise can only raise it; small samples look badly calibrated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from governance.statistics.calibration import (
    Binning,
    bin_numbers,
    errors_if_calibrated,
    expected_calibration_error,
    gaps_by_cluster,
)
from governance.statistics.clusters import Floats, Integers, cluster_codes


@dataclass(frozen=True)
class CalibrationTest:
    """An expected calibration error beside those that a calibrated model would show.

    `if_calibrated` is the mean of the latter, `p_value` the share that is at least as large as `value`, `null` how they
    were made.
    """

    value: float
    if_calibrated: float
    p_value: float
    null: str


def calibration_test(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    clusters: npt.ArrayLike,
    bins: int = 10,
    binning: Binning = "equal width",
    *,
    seed: int = 0,
    draws: int = 999,
) -> CalibrationTest:
    """Test whether the expected calibration error is larger than that of a calibrated model with these scores.

    Where every sample is its own cluster, outcomes are drawn from the scores. Otherwise each cluster keeps its errors
    ``y - p`` and has them all change sign or not: they sum to about 0 in every bin, and stay as alike within a patient
    as they are. ``p = (1 + #{drawn >= observed}) / (1 + draws)``. The signs need clusters with events in dozens: with a
    few events it rejects too often.

    Source: Bröcker and Smith, Weather Forecast. 22 (2007) 651 (drawn outcomes); Cameron, Gelbach and Miller, Rev. Econ.
    Stat. 90 (2008) 414 (signs by cluster).

    Raises
    ------
    ValueError
        If there are several samples a cluster and fewer than two clusters.
    """
    p, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    codes = cluster_codes(clusters)
    value = expected_calibration_error(p, y, bins, binning)
    n_clusters = int(codes.max()) + 1
    if n_clusters == p.size:
        errors = errors_if_calibrated(p, bins, binning, seed=seed, draws=draws)
        null = "outcomes drawn from the scores"
    else:
        if n_clusters < 2:
            raise ValueError("a test of calibration needs at least two independent clusters")
        gaps = gaps_by_cluster(y - p, codes, bin_numbers(p, bins, binning))
        errors, null = _errors_of_changed_signs(gaps, seed=seed, draws=draws) / p.size, "signs changed by patient"
    # Errors that are equal but for rounding count as equal.
    reached = int(np.sum(errors >= value - 1e-12))
    return CalibrationTest(value, float(errors.mean()), (1 + reached) / (1 + draws), null)


def corrected_calibration_error(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    clusters: npt.ArrayLike,
    bins: int = 10,
    binning: Binning = "equal width",
) -> float:
    """Expected calibration error less what noise adds to it, at least 0.

    In each bin the gap g is measured with a variance s^2 (between clusters), so that its absolute value is on average
    that of a normal variable, ``s sqrt(2 / pi) exp(-g^2 / 2 s^2) + g (1 - 2 Phi(-g / s))``; the excess over ``|g|`` is
    taken off. Much of the bias goes, not all; single values scatter somewhat more. Bins with samples of one cluster
    only are not corrected.

    Source: after the debiased estimators of Kumar, Liang and Ma, NeurIPS (2019), section 5; the mean of the absolute
    value of a normal variable is Leone, Nelson and Nottingham, Technometrics 3 (1961) 543.
    """
    p, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    numbers = bin_numbers(p, bins, binning)
    sizes = np.bincount(numbers)
    gaps = np.abs(np.bincount(numbers, weights=y - p)) / np.maximum(sizes, 1)
    spread = np.sqrt(variance_of_bin_means(y - p, cluster_codes(clusters), numbers))
    ratio = np.divide(gaps, spread, out=np.full(gaps.shape, np.inf), where=spread > 0)
    expected = spread * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + gaps * (1 - 2 * ndtr(-ratio))
    return max(0.0, float(np.sum(sizes * (2 * gaps - expected)) / p.size))


def variance_of_bin_means(values: Floats, codes: Integers, numbers: Integers) -> Floats:
    """Variance between clusters of the mean of each bin; 0 where its samples are of one cluster, or there are none.

    With one sample a cluster it is ``s^2 / n`` within the bin, which for outcomes is ``p (1 - p) / (n - 1)``.

    Parameters
    ----------
    values, codes, numbers
        (n,) values, cluster numbers and bin numbers.
    """
    sizes = np.maximum(np.bincount(numbers), 1)
    means = np.bincount(numbers, weights=values) / sizes
    sums = gaps_by_cluster(values - means[numbers], codes, numbers)
    within = np.bincount(np.unique(codes * sizes.size + numbers) % sizes.size, minlength=sizes.size)
    factor = np.where(within > 1, within / np.maximum(within - 1, 1), 0.0)
    variance: Floats = factor * np.sum(sums**2, axis=0) / sizes**2
    return variance


def _errors_of_changed_signs(gaps: Floats, *, seed: int, draws: int) -> Floats:
    """Sums (draws,) over bins of the absolute gap after each row of (C, bins) has kept or changed its sign."""
    stream = np.random.Generator(np.random.Philox(key=[seed, 0x7369676E]))
    errors, chunk = np.empty(draws), max(1, min(draws, 4_000_000 // len(gaps)))
    for start in range(0, draws, chunk):
        rows = min(chunk, draws - start)
        signs = 2.0 * stream.integers(0, 2, (rows, len(gaps))) - 1
        errors[start : start + rows] = np.abs(signs @ gaps).sum(axis=1)
    return errors
