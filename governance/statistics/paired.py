"""Two models, or two readings, of the same samples: McNemar's tests and a paired bootstrap of any metric."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from governance.statistics.bounds import Bounds, unseen_share
from governance.statistics.clusters import Floats, Integers, cluster_codes, cluster_sums
from governance.statistics.resampling import (
    basic_interval,
    bca_interval,
    cluster_weights,
    jackknife_weights,
    percentile_interval,
)

McNemarForm = Literal["exact", "mid-p", "asymptotic", "asymptotic with continuity correction"]
BootstrapForm = Literal["percentile", "basic", "bca"]

EXACT_UP_TO = 20_000
"""Largest sum of absolute patient differences for which the exact distribution is convolved (a second or less)."""
JACKKNIFE_PARTS = 1000
"""Parts of the jackknife behind an accelerated interval: more hardly change its acceleration."""


@dataclass(frozen=True)
class McNemar:
    """How often two models disagree, and how likely that is if neither is better.

    Attributes
    ----------
    first_only, second_only
        Samples that only the first, and only the second model gets right.
    p_value
        Two-sided.
    method
        Which of the tests it is, in words that can be printed.
    """

    first_only: int
    second_only: int
    p_value: float
    method: str


def mcnemar(first: npt.ArrayLike, second: npt.ArrayLike, form: McNemarForm = "exact") -> McNemar:
    """McNemar's test for independent samples: do two models get as many right?

    Parameters
    ----------
    first, second
        (n,) bool, whether each model is right about the sample (or flags it).
    form
        ``exact`` is binomial in the samples on which they disagree; ``mid-p`` counts the observed split half, which
        keeps the level nearly always and is less conservative; ``asymptotic`` is the chi-squared test.

    Source: McNemar, Psychometrika 12 (1947) 153; Fagerland, Lydersen and Laake, BMC Med. Res. Methodol. 13 (2013) 91
    (mid-p); Edwards, Psychometrika 13 (1948) 185 (continuity correction).
    """
    one, two = _pair(first, second)
    b, c = int(np.sum(one & ~two)), int(np.sum(two & ~one))
    if form in ("exact", "mid-p"):
        tail = 2 * float(stats.binom.cdf(min(b, c), b + c, 0.5))
        observed = float(stats.binom.pmf(min(b, c), b + c, 0.5)) if form == "mid-p" else 0.0
        return McNemar(b, c, min(1.0, tail - observed), f"McNemar, {form}")
    off = max(0.0, abs(b - c) - 1.0) if form == "asymptotic with continuity correction" else float(abs(b - c))
    p_value = float(stats.chi2.sf(off**2 / (b + c), 1)) if b + c else 1.0
    return McNemar(b, c, p_value, f"McNemar, {form}")


def clustered_mcnemar(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    clusters: npt.ArrayLike,
    form: Literal["exact", "asymptotic"] = "exact",
) -> McNemar:
    """McNemar's test where patients have several samples.

    With d the number of a patient's samples that only the first model gets right less those that only the second does,
    ``asymptotic`` refers ``(sum d)^2 / (C / (C - 1) sum d^2)`` to the chi-squared distribution with one degree of
    freedom (Obuchowski's variance under the hypothesis that both are as often right). ``exact`` is the distribution of
    ``|sum ± d|`` over all ways to exchange the two models within whole patients; with one sample a patient it is the
    exact test of `mcnemar`. Above `EXACT_UP_TO` the exact form gives the asymptotic one, and says so.

    Parameters
    ----------
    first, second
        (n,) bool, whether each model is right about the sample (or flags it).
    clusters
        (n,) cluster identifiers.

    Source: Obuchowski, Stat. Med. 17 (1998) 1495; Yang, Sun and Hardin, Stat. Med. 29 (2010) 2687 (exchange within
    clusters); the convolution as in Pagano and Tritchler, J. Am. Stat. Assoc. 78 (1983) 435.

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    one, two = _pair(first, second)
    codes = cluster_codes(clusters)
    if codes.shape != one.shape:
        raise ValueError("clusters must be as many as samples")
    by_patient = cluster_sums(one.astype(np.float64) - two, codes).astype(np.int64)
    if by_patient.size < 2:
        raise ValueError("a clustered test needs at least two independent clusters")
    b, c = int(np.sum(one & ~two)), int(np.sum(two & ~one))
    total, size = abs(int(by_patient.sum())), int(np.abs(by_patient).sum())
    if size == 0:
        return McNemar(b, c, 1.0, "clustered McNemar, no patient differs")
    if form == "exact" and size <= EXACT_UP_TO:
        return McNemar(b, c, _exchange_p_value(np.abs(by_patient), total), "clustered McNemar, exact by exchange")
    factor = by_patient.size / (by_patient.size - 1)
    statistic = total**2 / (factor * float(np.sum(by_patient.astype(np.float64) ** 2)))
    return McNemar(b, c, float(stats.chi2.sf(statistic, 1)), "clustered McNemar, asymptotic (Obuchowski)")


@dataclass(frozen=True)
class PairedBootstrap:
    """A difference with its bootstrap interval; `replicates` are (replicates,) resampled differences."""

    value: float
    bounds: Bounds
    replicates: Floats


def paired_bootstrap(
    difference: Callable[[Floats], npt.ArrayLike],
    n_clusters: int,
    *,
    level: float = 0.95,
    seed: int = 0,
    replicates: int = 2000,
    form: BootstrapForm = "percentile",
    span: float | None = None,
    strata: npt.ArrayLike | None = None,
) -> PairedBootstrap:
    """Bootstrap the difference of a metric between two models over the patients whose samples both have judged.

    Both models are judged on the same resampled patients, so what makes a sample hard for both cancels.

    Parameters
    ----------
    difference
        From (k, n_clusters) weights, how often each cluster is drawn, to (k,) differences of the metric. For a metric
        that takes sample weights, see `weighted_difference`.
    form
        ``percentile``, ``basic`` (corrects bias), or ``bca`` (corrects bias and skewness; one more evaluation for each
        cluster, at most `JACKKNIFE_PARTS`).
    span
        Largest possible difference. Where no replicate differs from the others, the interval is what patients that
        were not seen could still do: ``value ± span * unseen_share``.
    strata
        (n_clusters,) names of strata to resample within.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14; Field and Welsh, J. R.
    Stat. Soc. B 69 (2007) 369 (clusters).

    Raises
    ------
    ValueError
        If there are fewer than two clusters, more than one replicate in ten has no value, or no replicate differs and
        no span is given.
    """
    if n_clusters < 2:
        raise ValueError("an interval needs at least two independent clusters")
    value = float(np.asarray(difference(np.ones((1, n_clusters))), dtype=np.float64)[0])
    weights = cluster_weights(n_clusters, replicates, seed, strata=strata)
    values = np.concatenate([np.asarray(difference(chunk), dtype=np.float64) for chunk in weights])
    spread = np.ptp(values[np.isfinite(values)]) if np.isfinite(values).any() else np.inf
    if spread <= _NO_WIDTH:
        if span is None:
            raise ValueError("no resampled difference differs from the others, and its range is not known")
        share = span * unseen_share(n_clusters, level)
        ends = Bounds(value - share, value + share, "Clopper-Pearson on unchanged patients").clipped(-span, span)
        return PairedBootstrap(value, ends, values)
    name = "paired cluster bootstrap"
    if form == "percentile":
        return PairedBootstrap(value, percentile_interval(values, level, resampled=name), values)
    if form == "basic":
        return PairedBootstrap(value, basic_interval(values, value, level, resampled=name), values)
    parts = jackknife_weights(n_clusters, groups=min(n_clusters, JACKKNIFE_PARTS), seed=seed)
    left_out = np.concatenate([np.asarray(difference(chunk), dtype=np.float64) for chunk in parts])
    return PairedBootstrap(value, bca_interval(values, value, left_out, level, resampled=name), values)


def weighted_difference(
    metric: Callable[[npt.ArrayLike, Floats], float],
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    clusters: npt.ArrayLike,
) -> Callable[[Floats], Floats]:
    """Make the function that `paired_bootstrap` takes from a metric of predictions and sample weights.

    Parameters
    ----------
    metric
        From (n,) predictions and (n,) weights to a number; NaN where it has no value.
    first, second
        (n,) predictions of the two models.
    clusters
        (n,) cluster identifiers.
    """
    codes = cluster_codes(clusters)

    def difference(weights: Floats) -> Floats:
        rows = (row[codes] for row in weights)
        return np.array([metric(first, row) - metric(second, row) for row in rows])

    return difference


_NO_WIDTH = 1e-12
"""Replicates that differ by less differ by rounding."""


def _exchange_p_value(sizes: Integers, observed: int) -> float:
    """Share of the sign patterns for which ``|sum ± sizes|`` is at least `observed`.

    ``sum ± d = 2 S - sum d`` where S is the sum of those kept; patients of the same d are kept binomially.
    """
    total = int(sizes.sum())
    distribution = np.ones(1)
    for size, patients in zip(*np.unique(sizes[sizes > 0], return_counts=True), strict=True):
        kept = np.zeros(int(size * patients) + 1)
        kept[:: int(size)] = stats.binom.pmf(np.arange(patients + 1), patients, 0.5)
        distribution = np.convolve(distribution, kept)
    sums = np.abs(2 * np.arange(total + 1) - total)
    return float(min(1.0, distribution[sums >= observed].sum()))


def _pair(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    one, two = np.asarray(first).astype(bool), np.asarray(second).astype(bool)
    if one.ndim != 1 or one.size == 0 or one.shape != two.shape:
        raise ValueError("a paired comparison needs two equally long, one-dimensional arrays that are not empty")
    return one, two
