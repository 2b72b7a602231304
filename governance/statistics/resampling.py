"""Bootstrap over patients, with weights that can be made again instead of kept, and the intervals that follow.

Replicate r draws from its own counter-based stream, so the weights of a replicate do not depend on how many are made
at a time, and memory is bounded by the chunk. Resample patients, not samples: samples of one patient resemble each
other, and a bootstrap that ignores it is too sure. Where every sample is a patient of its own, the clusters are the
samples; counts of such samples can be redrawn by the cell (`resampled_cells`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import stats

from governance.statistics.bounds import Bounds, check_level
from governance.statistics.clusters import Floats, Integers, cluster_codes

Draw = Callable[[int], Integers]
"""From the number of a replicate to its (n_clusters,) weights."""

_CLUSTERS, _CELLS, _DELETED = 0x6B6F6E, 0x63656C, 0x6A6B6E
"""Second words of the generator's key: streams for different uses of one seed do not meet."""


def cluster_draw(n_clusters: int, seed: int, strata: npt.ArrayLike | None = None) -> Draw:
    """Return the function that gives the weights of a replicate: how often each cluster is drawn.

    Parameters
    ----------
    n_clusters
        Clusters to draw from, with replacement, as many as there are.
    strata
        (n_clusters,) names of strata; as many clusters are drawn from each stratum as it has.

    Source: Field and Welsh, J. R. Stat. Soc. B 69 (2007) 369 (cluster bootstrap); Davison and Hinkley, Bootstrap
    Methods and their Application (1997), section 3.7 (strata); Salmon et al., SC11 (2011) (Philox, counter-based).

    Raises
    ------
    ValueError
        If there is no cluster, or the strata do not fit the clusters.
    """
    if n_clusters < 1:
        raise ValueError("a bootstrap needs at least one cluster")
    if strata is None:

        def draw(replicate: int) -> Integers:
            drawn = _stream(seed, _CLUSTERS, replicate).integers(0, n_clusters, n_clusters)
            return np.bincount(drawn, minlength=n_clusters)

        return draw
    codes = cluster_codes(strata)
    if codes.size != n_clusters:
        raise ValueError(f"{codes.size} strata were given for {n_clusters} clusters: a cluster lies in one stratum")
    order, sizes = np.argsort(codes, kind="stable"), np.bincount(codes)
    size = np.repeat(sizes, sizes)
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)

    def draw_within(replicate: int) -> Integers:
        drawn = start + _stream(seed, _CLUSTERS, replicate).integers(0, size)
        weights = np.empty(n_clusters, dtype=np.int64)
        weights[order] = np.bincount(drawn, minlength=n_clusters)
        return weights

    return draw_within


def cluster_weights(
    n_clusters: int, replicates: int, seed: int, *, strata: npt.ArrayLike | None = None, chunk: int = 256
) -> Iterator[Floats]:
    """Yield (k, n_clusters) arrays, k <= `chunk`: how often each cluster is drawn in each replicate.

    Every row sums to `n_clusters`, and within each stratum to its size; see `cluster_draw`. For independent samples
    the clusters are the samples. Small chunks are kept for those who ask for the same ones again: the same patients are
    drawn under every condition.
    """
    draw = cluster_draw(n_clusters, seed, strata)
    for start in range(0, replicates, chunk):
        stop = min(start + chunk, replicates)
        if strata is None and n_clusters <= _KEPT_CLUSTERS and stop - start <= _KEPT_ROWS:
            yield _kept(n_clusters, seed, start, stop).astype(np.float64)
            continue
        weights = np.empty((stop - start, n_clusters))
        for row, replicate in enumerate(range(start, stop)):
            weights[row] = draw(replicate)
        yield weights


_KEPT_CLUSTERS, _KEPT_ROWS, _KEPT_CHUNKS = 2048, 256, 64
"""Clusters and replicates of a chunk that may be kept, and how many such chunks are: 64 MiB at most."""


@lru_cache(maxsize=_KEPT_CHUNKS)
def _kept(n_clusters: int, seed: int, start: int, stop: int) -> npt.NDArray[np.uint16]:
    """Weights of the replicates from `start` on, in two bytes each; no cluster is drawn more often than there are."""
    draw = cluster_draw(n_clusters, seed)
    weights = np.empty((stop - start, n_clusters), dtype=np.uint16)
    for row, replicate in enumerate(range(start, stop)):
        weights[row] = draw(replicate)
    weights.flags.writeable = False
    return weights


def jackknife_weights(
    n_clusters: int, *, groups: int | None = None, seed: int = 0, chunk: int = 256
) -> Iterator[Floats]:
    """Yield (k, n_clusters) arrays of 0 and 1: each row leaves out one cluster, or one of `groups` random parts.

    Together the rows leave out every cluster once. Parts keep the jackknife affordable where there are many clusters.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 11; Shao and Tu, The Jackknife and
    Bootstrap (1995), section 2.3 (parts).
    """
    parts = min(n_clusters, groups or n_clusters)
    if parts < 2:
        raise ValueError("a jackknife needs at least two clusters and two parts")
    part = np.arange(n_clusters) % parts
    if parts < n_clusters:
        part = _stream(seed, _DELETED, 0).permutation(part)
    for start in range(0, parts, chunk):
        left_out = np.arange(start, min(start + chunk, parts))
        yield (part[None, :] != left_out[:, None]).astype(np.float64)


def resampled_cells(counts: npt.ArrayLike, replicates: int, seed: int) -> Integers:
    """Bootstrap counts (replicates, cells) of independent samples that fall into cells.

    Every metric of counts (say group x label x decision) follows from them without touching the samples again. Only
    where each sample is of another patient; otherwise draw patients.

    Parameters
    ----------
    counts
        (cells,) observed counts.

    Source: Efron and Tibshirani (1993), section 5.2: drawing n samples with replacement is multinomial in the cells.
    """
    observed = np.asarray(counts, dtype=np.int64)
    total = int(observed.sum())
    if observed.ndim != 1 or total < 1 or (observed < 0).any():
        raise ValueError("cells need one count each, none negative and not all 0")
    return _stream(seed, _CELLS, 0).multinomial(total, observed / total, size=replicates)


def percentile_interval(
    replicates: npt.ArrayLike, level: float = 0.95, *, resampled: str = "cluster bootstrap"
) -> Bounds:
    """Interval between the tail quantiles of (replicates,) bootstrap values, leaving out those that are not finite.

    Not for a gap between the best and the worst group, whose replicates all lie above 0.

    Parameters
    ----------
    resampled
        What was resampled, for the name of the method.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.

    Raises
    ------
    ValueError
        If fewer than nine in ten replicates gave a value.
    """
    tail = (1 - check_level(level)) / 2
    low, high = np.quantile(_usable(replicates), [tail, 1 - tail])
    return Bounds(float(low), float(high), f"{resampled}, percentile")


def basic_interval(
    replicates: npt.ArrayLike, value: float, level: float = 0.95, *, resampled: str = "cluster bootstrap"
) -> Bounds:
    """Percentile interval mirrored at the estimate: ``[2 value - high, 2 value - low]``.

    It corrects bias, but can leave the range of the quantity; clip it where the range is known.

    Source: Davison and Hinkley, Bootstrap Methods and their Application (1997), section 5.2.
    """
    ends = percentile_interval(replicates, level)
    return Bounds(2 * value - ends.high, 2 * value - ends.low, f"{resampled}, basic")


def bca_interval(
    replicates: npt.ArrayLike,
    value: float,
    jackknife: npt.ArrayLike,
    level: float = 0.95,
    *,
    resampled: str = "cluster bootstrap",
) -> Bounds:
    """Bias-corrected and accelerated interval: percentiles at tails moved for the median bias and the skewness.

    ``tail' = Phi(z0 + (z0 + z) / (1 - a (z0 + z)))`` with ``z0 = Phi^-1(share of replicates below the value)`` (ties
    half) and ``a = sum d^3 / (6 (sum d^2)^(3/2))``, d the mean of the jackknife values less each.

    Parameters
    ----------
    value
        The estimate itself.
    jackknife
        (parts,) estimates without each cluster or part, from `jackknife_weights`.

    Source: Efron, J. Am. Stat. Assoc. 82 (1987) 171; Efron and Tibshirani (1993), section 14.3.

    Raises
    ------
    ValueError
        If too few replicates or jackknife estimates have a value, if all replicates lie on one side of the estimate,
        or if leaving out clusters changes nothing: the correction is then unknown.
    """
    usable = np.sort(_usable(replicates))
    left_out: Floats = np.asarray(jackknife, dtype=np.float64)
    if left_out.size < 2 or not np.isfinite(left_out).all():
        raise ValueError("an accelerated interval needs an estimate without each cluster or part; some lack a value")
    below, up_to = np.searchsorted(usable, value, side="left"), np.searchsorted(usable, value, side="right")
    share = float(below + up_to) / (2 * usable.size)
    if not 0 < share < 1:
        raise ValueError("all bootstrap replicates lie on one side of the estimate")
    deviation = left_out.mean() - left_out
    spread = float(np.sum(deviation**2))
    if spread == 0:
        raise ValueError("the estimate stays the same whichever cluster is left out")
    bias = float(stats.norm.ppf(share))
    acceleration = float(np.sum(deviation**3)) / (6 * spread**1.5)
    tail = (1 - check_level(level)) / 2
    moved = bias + stats.norm.ppf([tail, 1 - tail])
    low, high = np.quantile(usable, stats.norm.cdf(bias + moved / (1 - acceleration * moved)))
    return Bounds(float(low), float(high), f"{resampled}, bias-corrected and accelerated")


def _usable(replicates: npt.ArrayLike) -> Floats:
    values: Floats = np.asarray(replicates, dtype=np.float64)
    usable = values[np.isfinite(values)]
    if usable.size < 0.9 * values.size or usable.size == 0:
        raise ValueError("too many bootstrap replicates lack a value")
    return usable


def _stream(seed: int, use: int, replicate: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, use], counter=[0, 0, replicate, 0]))
