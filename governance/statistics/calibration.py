"""Whether predicted probabilities can be taken at their word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import Bounds, t_quantile
from governance.statistics.clusters import Floats, Integers, cluster_codes, cluster_sums
from governance.statistics.resampling import cluster_weights, percentile_interval

Binning = Literal["equal width", "equal mass"]

CERTAINTY = 1e-6
"""Probabilities nearer to 0 or 1 than this are moved to it before a logit is taken: that of 0 or 1 is infinite."""


def bin_numbers(scores: npt.ArrayLike, bins: int, binning: Binning = "equal width") -> Integers:
    """Number the bin of each of (n,) probabilities.

    ``equal width`` cuts [0, 1] into `bins` parts, the last one closed (as torchmetrics and Guo et al. do);
    ``equal mass`` cuts at the quantiles of the scores themselves, equal scores staying together.
    """
    p = np.asarray(scores, dtype=np.float64)
    if binning == "equal width":
        return np.minimum((p * bins).astype(np.int64), bins - 1)
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, p, side="right").astype(np.int64)


def expected_calibration_error(
    scores: npt.ArrayLike, labels: npt.ArrayLike, bins: int = 10, binning: Binning = "equal width"
) -> float:
    """Mean distance between predicted and observed frequency: ``sum_b n_b / n |mean y - mean p|``.

    Parameters
    ----------
    scores
        (n,) probabilities.
    labels
        (n,) bool or 0/1.

    Biased upwards, most in small samples: compare with `error_if_calibrated`. Source: Naeini et al., AAAI (2015); Guo
    et al., ICML (2017).
    """
    p, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    gaps = np.bincount(bin_numbers(p, bins, binning), weights=y - p)
    return float(np.sum(np.abs(gaps)) / p.size)


def error_if_calibrated(
    scores: npt.ArrayLike, bins: int = 10, binning: Binning = "equal width", *, seed: int = 0, draws: int = 200
) -> float:
    """Expected calibration error that a perfectly calibrated model with these scores would show for this n.

    Outcomes are drawn from the scores `draws` times (independent samples; with several samples a patient the true
    figure is higher).

    Source: Bröcker and Smith, Weather Forecast. 22 (2007) 651 (consistency resampling).
    """
    return float(np.mean(errors_if_calibrated(scores, bins, binning, seed=seed, draws=draws)))


def errors_if_calibrated(
    scores: npt.ArrayLike, bins: int = 10, binning: Binning = "equal width", *, seed: int = 0, draws: int = 200
) -> Floats:
    """Expected calibration errors (draws,) of a calibrated model, as in `error_if_calibrated`, one for each draw."""
    p = np.asarray(scores, dtype=np.float64)
    numbers = bin_numbers(p, bins, binning)
    order = np.argsort(numbers, kind="stable")
    sorted_p = p[order]
    starts = np.unique(numbers[order], return_index=True)[1]
    stream = np.random.Generator(np.random.Philox(key=[seed, 0x656365]))
    errors, chunk = np.empty(draws), max(1, min(draws, 4_000_000 // max(p.size, 1)))
    for start in range(0, draws, chunk):
        rows = min(chunk, draws - start)
        gaps = (stream.random((rows, p.size)) < sorted_p) - sorted_p
        errors[start : start + rows] = np.abs(np.add.reduceat(gaps, starts, axis=1)).sum(axis=1)
    return errors / p.size


def gaps_by_cluster(values: Floats, codes: Integers, numbers: Integers) -> Floats:
    """Sums (C, bins) of (n,) values within clusters and bins."""
    n_clusters, width = int(codes.max()) + 1, int(numbers.max()) + 1
    return cluster_sums(values, codes * width + numbers, n_clusters * width).reshape(n_clusters, width)


def calibration_error_interval(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    clusters: npt.ArrayLike,
    bins: int = 10,
    binning: Binning = "equal width",
    *,
    level: float = 0.95,
    seed: int = 0,
    replicates: int = 2000,
) -> Bounds:
    """Interval of the expected calibration error from a bootstrap over clusters; bins stay those of the sample.

    Resampling adds noise to an error that noise can only raise, so the upper percentile errs on the safe side, and the
    lower one would lie above the truth. Below, the interval takes off what noise alone makes of an error of 0: by the
    triangle inequality the error is overstated by at most ``sum_b |noise in bin b|``, whose upper percentile the same
    resampling gives. A calibrated model's interval so starts above 0 in at most ``(1 - level) / 2`` of samples.

    Source: Efron and Tibshirani (1993), section 13.3 (percentiles); the lower end as derived here.
    """
    p, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    codes = cluster_codes(clusters)
    n_clusters = int(codes.max()) + 1
    if n_clusters < 2:
        raise ValueError("an interval needs at least two independent clusters")
    gaps = gaps_by_cluster(y - p, codes, bin_numbers(p, bins, binning))
    sizes = np.bincount(codes, minlength=n_clusters).astype(np.float64)
    observed = gaps.sum(axis=0) / p.size
    errors, noise = np.empty(replicates), np.empty(replicates)
    done = 0
    for weights in cluster_weights(n_clusters, replicates, seed):
        rows = slice(done, done + len(weights))
        done += len(weights)
        resampled = (weights @ gaps) / (weights @ sizes)[:, None]
        errors[rows] = np.abs(resampled).sum(axis=1)
        noise[rows] = np.abs(resampled - observed).sum(axis=1)
    value = float(np.abs(observed).sum())
    high = max(percentile_interval(errors, level).high, value)
    low = max(0.0, value - percentile_interval(noise, level).high)
    return Bounds(low, high, "cluster bootstrap, percentile above, less the share of noise below")


@dataclass(frozen=True)
class Recalibration:
    """Logistic recalibration: intercept and slope of ``logit P(y) = intercept + slope logit(p)``.

    `variance` is the cluster-robust variance of the slope, `intercept_variance` that of the intercept, `clipped` how
    many scores were too near to 0 or 1.
    """

    intercept: float
    slope: float
    variance: float | None
    n_clusters: int
    clipped: int
    intercept_variance: float | None


def recalibration(scores: npt.ArrayLike, labels: npt.ArrayLike, clusters: npt.ArrayLike) -> Recalibration:
    """Fit the logistic recalibration by Newton's method, with a sandwich variance over clusters.

    The variances carry the factor ``C / (C - 1) (n - 1) / (n - 2)`` that statsmodels and Stata use.

    Source: Cox, Biometrika 45 (1958) 562; Van Calster et al., BMC Med. 17 (2019) 230 (weak calibration).

    Raises
    ------
    ValueError
        If the slope is not determined: one class only, all scores equal, or scores that separate the classes.
    """
    p, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    codes = cluster_codes(clusters)
    x, moved = _logits(p)
    if y.min() == y.max():
        raise ValueError("a calibration slope needs positives and negatives")
    if np.ptp(x) < 1e-9:
        raise ValueError("a calibration slope needs scores that differ")
    if _separated(x, y):
        raise ValueError("the scores separate the classes, so the calibration slope has no finite value")
    design = np.column_stack([np.ones_like(x), x])
    beta = _newton(design, y)
    covariance, n_clusters = _sandwich(design, y, _expit(design @ beta), codes)
    slope, intercept = (None, None) if covariance is None else (float(covariance[1, 1]), float(covariance[0, 0]))
    return Recalibration(float(beta[0]), float(beta[1]), slope, n_clusters, moved, intercept)


def slope_interval(fit: Recalibration, level: float = 0.95) -> Bounds:
    """Student's t interval of the calibration slope on clusters - 1 degrees of freedom.

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    return _wald(fit.slope, fit.variance, fit.n_clusters, level)


def intercept_interval(fit: Recalibration, level: float = 0.95) -> Bounds:
    """Like `slope_interval`, of the intercept that is fitted together with the slope."""
    return _wald(fit.intercept, fit.intercept_variance, fit.n_clusters, level)


@dataclass(frozen=True)
class CalibrationInTheLarge:
    """Intercept of ``logit P(y) = intercept + logit(p)``: above 0 where probabilities are too low on the whole.

    `variance` is cluster-robust (None with fewer than two clusters), `clipped` as in `Recalibration`.
    """

    intercept: float
    variance: float | None
    n_clusters: int
    clipped: int


def calibration_in_the_large(
    scores: npt.ArrayLike, labels: npt.ArrayLike, clusters: npt.ArrayLike
) -> CalibrationInTheLarge:
    """Fit the intercept alone, the slope being held at 1; 0 is best. Shapes and variance as in `recalibration`.

    Source: Cox, Biometrika 45 (1958) 562; Van Calster et al., BMC Med. 17 (2019) 230 (mean calibration).

    Raises
    ------
    ValueError
        If there is one class only: the intercept has no finite value.
    """
    p, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    codes = cluster_codes(clusters)
    if y.min() == y.max():
        raise ValueError("a calibration intercept needs positives and negatives")
    x, moved = _logits(p)
    design = np.ones((p.size, 1))
    intercept = _newton(design, y, x)
    covariance, n_clusters = _sandwich(design, y, _expit(design @ intercept + x), codes)
    variance = None if covariance is None else float(covariance[0, 0])
    return CalibrationInTheLarge(float(intercept[0]), variance, n_clusters, moved)


def in_the_large_interval(fit: CalibrationInTheLarge, level: float = 0.95) -> Bounds:
    """Student's t interval of the intercept on clusters - 1 degrees of freedom; raises as `slope_interval`."""
    return _wald(fit.intercept, fit.variance, fit.n_clusters, level)


def _wald(value: float, variance: float | None, n_clusters: int, level: float) -> Bounds:
    if variance is None:
        raise ValueError("an interval needs at least two independent clusters")
    half = t_quantile(level, n_clusters - 1) * float(np.sqrt(variance))
    return Bounds(value - half, value + half, "logistic recalibration with cluster-robust variance")


def _logits(p: Floats) -> tuple[Floats, int]:
    clipped = np.clip(p, CERTAINTY, 1 - CERTAINTY)
    return np.log(clipped / (1 - clipped)), int(np.sum(clipped != p))


def _sandwich(design: Floats, y: Floats, fitted: Floats, codes: Integers) -> tuple[Floats | None, int]:
    n_clusters, (n, columns) = int(codes.max()) + 1, design.shape
    if n_clusters < 2 or n <= columns:
        return None, n_clusters
    bread = np.linalg.inv(design.T @ (design * (fitted * (1 - fitted))[:, None]))
    by_cluster = np.column_stack([cluster_sums((y - fitted) * column, codes, n_clusters) for column in design.T])
    factor = n_clusters / (n_clusters - 1) * (n - 1) / (n - columns)
    return bread @ (by_cluster.T @ by_cluster) @ bread * factor, n_clusters


def _separated(x: Floats, y: Floats) -> bool:
    above, below = x[y == 1], x[y == 0]
    return bool(above.min() >= below.max() or above.max() <= below.min())


def _newton(design: Floats, y: Floats, offset: Floats | None = None) -> Floats:
    beta = np.zeros(design.shape[1])
    shift = np.zeros_like(y) if offset is None else offset

    def loss(b: Floats) -> float:
        z = design @ b + shift
        return float(np.sum(np.logaddexp(0, z) - y * z))

    for _ in range(100):
        fitted = _expit(design @ beta + shift)
        gradient = design.T @ (y - fitted)
        hessian = design.T @ (design * (fitted * (1 - fitted))[:, None])
        step = np.linalg.solve(hessian, gradient)
        scale, before = 1.0, loss(beta)
        while loss(beta + scale * step) > before and scale > 1e-8:
            scale /= 2
        beta = beta + scale * step
        if float(np.max(np.abs(step))) < 1e-12:
            break
    return beta


def _expit(z: Floats) -> Floats:
    return 0.5 * (1 + np.tanh(z / 2))
