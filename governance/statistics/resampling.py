"""Bootstrap over patients, with weights that can be made again instead of kept.

Replicate r draws from its own counter-based stream, so the weights of a replicate do not depend on how many are made
at a time, and memory is bounded by the chunk.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import Bounds, check_level
from governance.statistics.clusters import Floats


def cluster_weights(
    n_clusters: int, replicates: int, seed: int, *, chunk: int = 256
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield (k, n_clusters) arrays, k <= `chunk`: how often each cluster is drawn in each replicate.

    Every row sums to `n_clusters`. Source: Field and Welsh, J. R. Stat. Soc. B 69 (2007) 369 (cluster bootstrap);
    Salmon et al., SC11 (2011) (Philox, a counter-based generator).
    """
    for start in range(0, replicates, chunk):
        rows = range(start, min(start + chunk, replicates))
        weights = np.empty((len(rows), n_clusters))
        for row, replicate in enumerate(rows):
            stream = np.random.Generator(np.random.Philox(key=[seed, 0x6B6F6E], counter=[0, 0, replicate, 0]))
            weights[row] = np.bincount(stream.integers(0, n_clusters, n_clusters), minlength=n_clusters)
        yield weights


def percentile_interval(replicates: npt.ArrayLike, level: float = 0.95) -> Bounds:
    """Interval between the tail quantiles of (replicates,) bootstrap values, leaving out those that are not finite.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.

    Raises
    ------
    ValueError
        If fewer than nine in ten replicates gave a value.
    """
    values: Floats = np.asarray(replicates, dtype=np.float64)
    usable = values[np.isfinite(values)]
    if usable.size < 0.9 * values.size or usable.size == 0:
        raise ValueError("too many bootstrap replicates lack a value")
    tail = (1 - check_level(level)) / 2
    low, high = np.quantile(usable, [tail, 1 - tail])
    return Bounds(float(low), float(high), "cluster bootstrap, percentile")
