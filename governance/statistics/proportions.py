"""Intervals of proportions, for independent samples and for several samples a patient.

All of them keep a width at 0 and at 1: a model that was right twenty times of twenty is not known to be always right.
Two kinds: those to show are calibrated (about as many misses as they say), those for verdicts are made to miss no more
often than they say: by theorem for independent samples, by simulation for clustered ones. `benchmarks.validity`
measures both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from governance.statistics.bounds import (
    ENOUGH_EVENTS,
    PSEUDO_PATIENTS,
    Bounds,
    check_level,
    normal_quantile,
    raised_to_worst,
    t_quantile,
)
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
    low = 0.0 if successes == 0 else float(special.betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(special.betaincinv(successes + 1, n - successes, 1 - tail))
    return Bounds(low, high, "Clopper-Pearson")


@dataclass(frozen=True)
class EffectiveSize:
    """How many independent samples a clustered sample is worth.

    Attributes
    ----------
    n
        Samples divided by the design effect.
    design_effect
        Clustered variance over the binomial one, at least `LEAST_DESIGN_EFFECT`.
    worst
        What the design effect is if all samples of a patient always agree: the size of the patient that a sample drawn
        at random comes from.
    """

    n: float
    design_effect: float
    n_clusters: int
    worst: float


LEAST_DESIGN_EFFECT = 0.5
"""Clusters whose samples differ more than by chance are taken to be worth at most twice their samples.

A floor of one would widen the intervals of patients without resemblance, half of whose estimates are below one.
"""


def effective_size(successes: npt.ArrayLike, clusters: npt.ArrayLike) -> EffectiveSize:
    """Number of independent samples that would estimate the proportion as precisely.

    Where all outcomes are equal nothing can be learnt about the resemblance within patients, so the design effect is
    its worst.

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
        return EffectiveSize(float(n), 1.0, n_clusters, 1.0)
    worst = float(np.sum(np.bincount(codes) ** 2.0)) / n
    design_effect = worst
    if n_clusters > 1 and 0 < p < 1:
        seen = clustered_variance((outcome - p) / n, codes) * n / (p * (1 - p))
        design_effect = max(LEAST_DESIGN_EFFECT, seen)
    return EffectiveSize(n / design_effect, design_effect, n_clusters, worst)


def clustered_wilson(successes: npt.ArrayLike, clusters: npt.ArrayLike, level: float = 0.95) -> Bounds:
    """Interval to show: Wilson's with the effective sample size and Student's t on clusters - 1 degrees of freedom.

    Plain Wilson where every sample is its own cluster. Its coverage is about `level`, not at least `level`. Where fewer
    than `ENOUGH_EVENTS` events or non-events were seen (counted as independent samples) that cannot be had, and the
    interval is that of `gating_proportion`, under its own name.

    Source: Korn and Graubard, Surv. Methodol. 24 (1998) 193, with the score interval as in Dean and Pagano, J. Surv.
    Stat. Methodol. 3 (2015) 484.

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    outcome = np.asarray(successes, dtype=np.float64)
    size = effective_size(outcome, clusters)
    p = float(outcome.mean())
    if size.n_clusters < 2:
        raise ValueError("an interval needs at least two independent clusters")
    if size.n * min(p, 1 - p) < ENOUGH_EVENTS:
        return _gating(float(outcome.sum()), outcome.size, size, level)
    if size.n_clusters == outcome.size:
        return wilson(float(outcome.sum()), outcome.size, level)
    ends = wilson(p * size.n, size.n, level, quantile=t_quantile(level, size.n_clusters - 1))
    return Bounds(ends.low, ends.high, "cluster-adjusted Wilson score")


def gating_proportion(successes: npt.ArrayLike, clusters: npt.ArrayLike, level: float = 0.95) -> Bounds:
    """Interval that verdicts rest on: it misses the truth on either side in at most ``(1 - level) / 2`` of cases.

    Clopper-Pearson's where every sample is its own cluster. Else Clopper-Pearson's at an effective size ``n / D``, with

    ``D = (E d (t_{C-1} / t_{n-1})^2 + k w^2) / (E + k w)``

    where d is the design effect, at least 1; t are Student's quantiles, which allow for its uncertainty; E is the
    smaller one of the numbers of events and non-events; w is the worst design effect; and k = `PSEUDO_PATIENTS`. With
    few events D comes close to w, as if each patient were one sample; with many it comes close to d. For clusters the
    limit of the error is not a theorem: it was found to hold by simulation (`docs/validity.md`).

    Parameters
    ----------
    successes, clusters
        As in `effective_size`.

    Source: Clopper and Pearson, Biometrika 26 (1934) 404; Korn and Graubard, Surv. Methodol. 24 (1998) 193 (effective
    size, degrees of freedom); the pseudo-patients are this project's.

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    outcome = np.asarray(successes, dtype=np.float64)
    return _gating(float(outcome.sum()), outcome.size, effective_size(outcome, clusters), level)


def _gating(successes: float, n: int, size: EffectiveSize, level: float) -> Bounds:
    if size.n_clusters < 2:
        raise ValueError("an interval needs at least two independent clusters")
    if size.n_clusters == n:
        return clopper_pearson(successes, n, level)
    uncertain = (t_quantile(level, size.n_clusters - 1) / t_quantile(level, n - 1)) ** 2
    events = min(successes, n - successes)
    design_effect = raised_to_worst(
        max(1.0, size.design_effect) * uncertain, size.worst, events, PSEUDO_PATIENTS * size.worst
    )
    effective = n / design_effect
    ends = clopper_pearson(successes / n * effective if successes < n else effective, effective, level)
    return Bounds(ends.low, ends.high, "Clopper-Pearson at a cautious effective size")


def _check_counts(successes: float, n: float) -> None:
    if not n > 0 or not 0 <= successes <= n:
        raise ValueError(f"a proportion needs 0 <= successes <= n and n > 0, not {successes} of {n}")
