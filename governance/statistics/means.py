"""Means of clustered values with Student's t interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import (
    PSEUDO_PATIENTS,
    Bounds,
    normal_quantile,
    raised_to_worst,
    t_quantile,
    unseen_share,
)
from governance.statistics.clusters import Floats, cluster_codes, cluster_sums, clustered_variance
from governance.statistics.proportions import clopper_pearson


@dataclass(frozen=True)
class ClusteredMean:
    """A mean over all samples with its cluster-robust variance (None with fewer than two clusters)."""

    value: float
    variance: float | None
    n: int
    n_clusters: int


def clustered_mean(values: npt.ArrayLike, clusters: npt.ArrayLike) -> ClusteredMean:
    """Mean of (n,) values and its variance ``C / (C - 1) * sum_c (sum_{i in c} (x_i - mean)) ** 2 / n ** 2``.

    With one sample a cluster this is the usual ``s ** 2 / n``.

    Source: Liang and Zeger, Biometrika 73 (1986) 13.
    """
    x, codes = np.asarray(values, dtype=np.float64), cluster_codes(clusters)
    if x.ndim != 1 or x.size == 0 or x.shape != codes.shape:
        raise ValueError("values and clusters must be equally long, one-dimensional and not empty")
    n_clusters, mean = int(codes.max()) + 1, float(x.mean())
    variance = clustered_variance((x - mean) / x.size, codes) if n_clusters >= 2 else None
    return ClusteredMean(mean, variance, x.size, n_clusters)


def mean_interval(mean: ClusteredMean, level: float = 0.95, *, low: float = -np.inf, high: float = np.inf) -> Bounds:
    """Student's t interval on clusters - 1 degrees of freedom, inside the range [`low`, `high`] of the values.

    Where all values are equal and the range is finite, the interval is what unseen other values could still do: a share
    of at most ``unseen_share(clusters)`` of them at either end of the range.

    Raises
    ------
    ValueError
        If there are fewer than two clusters, or all values are equal and the range is not finite.
    """
    if mean.variance is None:
        raise ValueError("an interval needs at least two independent clusters")
    if mean.variance <= 1e-30:
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError("all values are equal and have no known range")
        share = unseen_share(mean.n_clusters, level)
        down, up = share * (mean.value - low), share * (high - mean.value)
        return Bounds(mean.value - down, mean.value + up, "Clopper-Pearson on equal values")
    half = t_quantile(level, mean.n_clusters - 1) * float(np.sqrt(mean.variance))
    return Bounds(mean.value - half, mean.value + half, "cluster-robust Student's t").clipped(low, high)


def gating_mean(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike,
    level: float = 0.95,
    *,
    low: float = 0.0,
    high: float = 1.0,
) -> Bounds:
    """Interval of a mean of bounded values for verdicts: wide enough where few values are far from the others.

    No mean of values in [low, high] varies more than the proportion with the same place in that range. So it is
    Clopper-Pearson's interval at the number of yes-no outcomes with the same variance, which is raised as in
    `governance.statistics.proportions.gating_proportion`: with values of 0 and 1 the two agree for independent samples.

    The events that the variance rests on are at most ``(sum d^2)^2 / sum d^4``, d being the distances from the mean: of
    100 overlaps of which three are 0, about three. Where the mean is more skewed than that proportion, the interval
    is widened by what Edgeworth's expansion asks for, ``1 + (2 z^2 + 1) / (6 z)`` times the excess of the skewness.

    Parameters
    ----------
    values
        (n,) float in [low, high].

    Source: Clopper and Pearson, Biometrika 26 (1934) 404; Bhatia and Davis, Am. Math. Mon. 107 (2000) 353 (largest
    variance of bounded values); Hall, The Bootstrap and Edgeworth Expansion (1992), section 2.6 (skewness). The
    combination is this project's; `docs/validity.md`.

    Raises
    ------
    ValueError
        If there are fewer than two clusters, or a value is outside the range.
    """
    x, codes = (np.asarray(values, dtype=np.float64) - low) / (high - low), cluster_codes(clusters)
    if x.size and (x.min() < 0 or x.max() > 1):
        raise ValueError(f"a value lies outside {low} to {high}")
    mean = clustered_mean(x, codes)
    if mean.variance is None:
        raise ValueError("an interval needs at least two independent clusters")
    worst, most = float(np.sum(np.bincount(codes) ** 2.0)) / x.size, mean.value * (1 - mean.value)
    ratio = worst
    if most > 0:
        uncertain = (t_quantile(level, mean.n_clusters - 1) / t_quantile(level, max(x.size - 1, 1))) ** 2
        correction = (mean.n_clusters - 1) / mean.n_clusters if mean.n_clusters == x.size else uncertain
        seen = mean.variance * x.size / most * correction
        ratio = raised_to_worst(seen, worst, _events(x, mean.value), PSEUDO_PATIENTS * worst)
        ratio *= _for_skewness(cluster_sums(x - mean.value, codes), mean, level) ** 2
    effective = x.size / ratio
    ends = clopper_pearson(min(mean.value * effective, effective), effective, level)
    return Bounds(
        low + (high - low) * ends.low, low + (high - low) * ends.high, "Clopper-Pearson at a cautious effective size"
    )


def _events(x: Floats, mean: float) -> float:
    """Values that a variance rests on: no more than those at the rarer end of the range, nor than its fourth moment."""
    squares = (x - mean) ** 2
    fourth = float(np.sum(squares**2))
    most = x.size * min(mean, 1 - mean)
    return min(most, float(np.sum(squares)) ** 2 / fourth) if fourth > 0 else most


def _for_skewness(deviations: Floats, mean: ClusteredMean, level: float) -> float:
    """Factor of the half-width for the skewness of a mean beyond that of a proportion with its value and variance."""
    second = float(np.sum(deviations**2))
    if second <= 0 or mean.variance is None:
        return 1.0
    skewness = abs(float(np.sum(deviations**3))) / second**1.5
    variance = second / mean.n**2
    of_proportion = abs(1 - 2 * mean.value) * float(np.sqrt(variance)) / (mean.value * (1 - mean.value))
    z = normal_quantile(level)
    return float(1 + max(0.0, skewness - of_proportion) * (2 * z**2 + 1) / (6 * z))
