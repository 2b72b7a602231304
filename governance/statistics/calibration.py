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
    p = np.asarray(scores, dtype=np.float64)
    numbers = bin_numbers(p, bins, binning)
    order = np.argsort(numbers, kind="stable")
    sorted_p = p[order]
    starts = np.unique(numbers[order], return_index=True)[1]
    stream = np.random.Generator(np.random.Philox(key=[seed, 0x656365]))
    total, chunk = 0.0, max(1, min(draws, 4_000_000 // max(p.size, 1)))
    for start in range(0, draws, chunk):
        rows = min(chunk, draws - start)
        gaps = (stream.random((rows, p.size)) < sorted_p) - sorted_p
        total += float(np.sum(np.abs(np.add.reduceat(gaps, starts, axis=1))))
    return total / draws / p.size


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
    numbers = bin_numbers(p, bins, binning)
    width = int(numbers.max()) + 1
    gaps = cluster_sums(y - p, codes * width + numbers, n_clusters * width).reshape(n_clusters, width)
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

    `variance` is the cluster-robust variance of the slope, `clipped` how many scores were too near to 0 or 1.
    """

    intercept: float
    slope: float
    variance: float | None
    n_clusters: int
    clipped: int


def recalibration(scores: npt.ArrayLike, labels: npt.ArrayLike, clusters: npt.ArrayLike) -> Recalibration:
    """Fit the logistic recalibration by Newton's method, with a sandwich variance over clusters.

    The variance carries the factor ``C / (C - 1) (n - 1) / (n - 2)`` that statsmodels and Stata use.

    Source: Cox, Biometrika 45 (1958) 562; Van Calster et al., BMC Med. 17 (2019) 230 (weak calibration).

    Raises
    ------
    ValueError
        If the slope is not determined: one class only, all scores equal, or scores that separate the classes.
    """
    p, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    codes = cluster_codes(clusters)
    clipped = np.clip(p, CERTAINTY, 1 - CERTAINTY)
    x = np.log(clipped / (1 - clipped))
    if y.min() == y.max():
        raise ValueError("a calibration slope needs positives and negatives")
    if np.ptp(x) < 1e-9:
        raise ValueError("a calibration slope needs scores that differ")
    if _separated(x, y):
        raise ValueError("the scores separate the classes, so the calibration slope has no finite value")
    design = np.column_stack([np.ones_like(x), x])
    beta = _newton(design, y)
    fitted = _expit(design @ beta)
    bread = np.linalg.inv(design.T @ (design * (fitted * (1 - fitted))[:, None]))
    n_clusters = int(codes.max()) + 1
    variance: float | None = None
    if n_clusters >= 2 and p.size > 2:
        scores_by_cluster = np.column_stack(
            [cluster_sums((y - fitted) * design[:, k], codes, n_clusters) for k in range(2)]
        )
        factor = n_clusters / (n_clusters - 1) * (p.size - 1) / (p.size - 2)
        sandwich = bread @ (scores_by_cluster.T @ scores_by_cluster) @ bread * factor
        variance = float(sandwich[1, 1])
    return Recalibration(float(beta[0]), float(beta[1]), variance, n_clusters, int(np.sum(clipped != p)))


def slope_interval(fit: Recalibration, level: float = 0.95) -> Bounds:
    """Student's t interval of the calibration slope on clusters - 1 degrees of freedom.

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    if fit.variance is None:
        raise ValueError("an interval needs at least two independent clusters")
    half = t_quantile(level, fit.n_clusters - 1) * float(np.sqrt(fit.variance))
    return Bounds(fit.slope - half, fit.slope + half, "logistic recalibration with cluster-robust variance")


def _separated(x: Floats, y: Floats) -> bool:
    above, below = x[y == 1], x[y == 0]
    return bool(above.min() >= below.max() or above.max() <= below.min())


def _newton(design: Floats, y: Floats) -> Floats:
    beta = np.zeros(design.shape[1])

    def loss(b: Floats) -> float:
        z = design @ b
        return float(np.sum(np.logaddexp(0, z) - y * z))

    for _ in range(100):
        fitted = _expit(design @ beta)
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
