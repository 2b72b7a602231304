"""Intervals of proportions, for independent samples and for several samples a patient.

All of them keep a width at 0 and at 1: a model that was right twenty times of twenty is not known to be always right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from governance.statistics.bounds import Bounds, check_level, normal_quantile, t_quantile
from governance.statistics.clusters import cluster_codes, clustered_variance


def wilson(successes: float, n: float, level: float = 0.95, *, quantile: float | None = None) -> Bounds:
    """Wilson score interval of a proportion.

    ``(p + q^2 / 2n ± q sqrt(p (1 - p) / n + q^2 / 4n^2)) / (1 + q^2 / n)`` with q the normal quantile.

    Parameters
    ----------
    successes, n
        Counts; effective (fractional) ones are allowed.
    quantile
        Replaces the normal quantile, for example by that of Student's t.

    Source: Wilson, J. Am. Stat. Assoc. 22 (1927) 209; Brown, Cai and DasGupta, Stat. Sci. 16 (2001) 101.
    """
    _check_counts(successes, n)
    q = normal_quantile(level) if quantile is None else quantile
    p = successes / n
    centre = (p + q**2 / (2 * n)) / (1 + q**2 / n)
    half = q / (1 + q**2 / n) * float(np.sqrt(p * (1 - p) / n + q**2 / (4 * n**2)))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Bounds(low, high, "Wilson score")


def clopper_pearson(successes: float, n: float, level: float = 0.95) -> Bounds:
    """Exact interval of a proportion from the binomial tails, by quantiles of the beta distribution.

    Its error on either side is at most ``(1 - level) / 2``; it is wider than Wilson's.

    Source: Clopper and Pearson, Biometrika 26 (1934) 404.
    """
    _check_counts(successes, n)
    tail = (1 - check_level(level)) / 2
    low = 0.0 if successes == 0 else float(stats.beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes == n else float(stats.beta.ppf(1 - tail, successes + 1, n - successes))
    return Bounds(low, high, "Clopper-Pearson")


@dataclass(frozen=True)
class EffectiveSize:
    """How many independent samples a clustered sample is worth, and how many clusters it has."""

    n: float
    design_effect: float
    n_clusters: int


def effective_size(successes: npt.ArrayLike, clusters: npt.ArrayLike) -> EffectiveSize:
    """Number of independent samples that would estimate the proportion as precisely.

    The design effect is the clustered variance over the binomial one, at least 1 (patients whose samples differ by
    chance must not look like more patients than there are samples). Where all outcomes are equal nothing can be learnt
    about the resemblance within patients, so each patient counts once.

    Parameters
    ----------
    successes
        (n,) bool or 0/1.
    clusters
        (n,) cluster identifiers.

    Source: Kish, Survey Sampling (1965), section 8.2; Korn and Graubard, Surv. Methodol. 24 (1998) 193.
    """
    outcome = np.asarray(successes, dtype=np.float64)
    codes = cluster_codes(clusters)
    if outcome.ndim != 1 or outcome.shape != codes.shape or outcome.size == 0:
        raise ValueError("successes and clusters must be equally long, one-dimensional and not empty")
    n, n_clusters = outcome.size, int(codes.max()) + 1
    p = float(outcome.mean())
    if n_clusters == n:
        return EffectiveSize(float(n), 1.0, n_clusters)
    if n_clusters == 1 or p in (0.0, 1.0):
        return EffectiveSize(float(n_clusters), n / n_clusters, n_clusters)
    design_effect = max(1.0, clustered_variance((outcome - p) / n, codes) * n / (p * (1 - p)))
    return EffectiveSize(n / design_effect, design_effect, n_clusters)


def clustered_wilson(successes: npt.ArrayLike, clusters: npt.ArrayLike, level: float = 0.95) -> Bounds:
    """Wilson interval with the effective sample size and Student's t on clusters - 1 degrees of freedom.

    Plain Wilson where every sample is its own cluster.

    Source: Korn and Graubard, Surv. Methodol. 24 (1998) 193, with the score interval as in Dean and Pagano, J. Surv.
    Stat. Methodol. 3 (2015) 484.

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    outcome = np.asarray(successes, dtype=np.float64)
    size = effective_size(outcome, clusters)
    if size.n_clusters < 2:
        raise ValueError("an interval needs at least two independent clusters")
    p = float(outcome.mean())
    if size.n_clusters == outcome.size:
        return wilson(float(outcome.sum()), outcome.size, level)
    ends = wilson(p * size.n if p < 1 else size.n, size.n, level, quantile=t_quantile(level, size.n_clusters - 1))
    return Bounds(ends.low, ends.high, "cluster-adjusted Wilson score")


def clustered_clopper_pearson(successes: npt.ArrayLike, clusters: npt.ArrayLike, level: float = 0.95) -> Bounds:
    """Clopper-Pearson interval with the effective sample size, reduced for the uncertainty of the design effect.

    Source: Korn and Graubard, Surv. Methodol. 24 (1998) 193: ``n* = n_eff (t_{n-1} / t_{C-1})^2``.

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    outcome = np.asarray(successes, dtype=np.float64)
    size = effective_size(outcome, clusters)
    if size.n_clusters < 2:
        raise ValueError("an interval needs at least two independent clusters")
    if size.n_clusters == outcome.size:
        return clopper_pearson(float(outcome.sum()), outcome.size, level)
    shrink = (t_quantile(level, outcome.size - 1) / t_quantile(level, size.n_clusters - 1)) ** 2
    n, p = size.n * shrink, float(outcome.mean())
    ends = clopper_pearson(p * n if p < 1 else n, n, level)
    return Bounds(ends.low, ends.high, "cluster-adjusted Clopper-Pearson")


def _check_counts(successes: float, n: float) -> None:
    if not n > 0 or not 0 <= successes <= n:
        raise ValueError(f"a proportion needs 0 <= successes <= n and n > 0, not {successes} of {n}")
