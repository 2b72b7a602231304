"""How closely two groupings of the same samples agree: Cramér's V and adjusted mutual information, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, Integers, cluster_codes
from governance.statistics.resampling import cluster_weights, percentile_interval


@dataclass(frozen=True)
class Association:
    """An association with the bootstrap replicates that its interval is made of.

    Attributes
    ----------
    value
        The association.
    additive
        The association on the scale on which replicates are made: squared for Cramér's V. There chance adds about as
        much to a replicate as it added to the estimate, which can be corrected; on the scale of V it does not, and an
        interval would leave out 0 far too often where nothing is associated.
    replicates
        (k,) of `additive`.
    back
        From the additive scale to the association.
    """

    value: float
    additive: float
    replicates: Floats
    back: Callable[[float], float]

    def interval(self, level: float) -> Bounds:
        """Bootstrap interval: mirrored below, the percentile less the bias above; never past the estimate.

        An association is biased upward, a replicate of it twice, and both are skewed towards high values. Below, the
        upper percentile is mirrored at the estimate (basic bootstrap); above, mirroring the lower one would reach too
        low where the association is weak, and the upper percentile less the bootstrap's estimate of the bias is taken.
        In simulations of 100 and 150 patients with three samples each (4 x 3 groups, 400 runs) it missed V up to 0.4 in
        at most 6 % of runs, and 0.8 in 8 to 11 %.

        Raises
        ------
        ValueError
            If too few replicates have a value, or all have the same one.
        """
        usable = self.replicates[np.isfinite(self.replicates)]
        if usable.size == 0 or np.ptp(usable) <= 1e-12:
            raise ValueError("no other choice of these patients would change the association")
        ends = percentile_interval(self.replicates, level)
        bias = float(usable.mean()) - self.additive
        low, high = self.back(2 * self.additive - ends.high), self.back(ends.high - bias)
        return Bounds(min(low, self.value), max(high, self.value), "cluster bootstrap, corrected for bias")


def associations(
    first: npt.ArrayLike, second: npt.ArrayLike, clusters: npt.ArrayLike, *, replicates: int, seed: int
) -> tuple[Association, Association]:
    """Cramér's V and adjusted mutual information of two groupings, resampling patients.

    Parameters
    ----------
    first, second
        (n,) group of each sample, at least two groups each.
    clusters
        (n,) patients.

    Raises
    ------
    ValueError
        If a grouping has only one group.
    """
    one, other, codes = cluster_codes(first), cluster_codes(second), cluster_codes(clusters)
    shape = (int(one.max()) + 1, int(other.max()) + 1)
    if min(shape) < 2:
        raise ValueError("an association needs at least two groups on either side")
    cells = one * shape[1] + other
    table = np.bincount(cells, minlength=shape[0] * shape[1]).reshape((1, *shape))
    resampled = _resampled(cells, codes, shape, replicates, seed)
    v, squared = float(cramers_v(table)[0]), cramers_v(resampled) ** 2
    expected = _expected_information(table[0])
    information = adjusted_mutual_information(table, expected)
    return (
        Association(v, v**2, squared, lambda x: float(np.sqrt(np.clip(x, 0.0, 1.0)))),
        Association(
            float(information[0]),
            float(information[0]),
            # Chance alone shares about (rows - 1)(columns - 1) / 2n, so it grows as a replicate gets smaller.
            adjusted_mutual_information(resampled, expected * len(one) / resampled.sum(axis=(1, 2))),
            lambda x: float(np.clip(x, -1.0, 1.0)),
        ),
    )


def cramers_v(tables: npt.ArrayLike) -> Floats:
    """Cramér's V of (k, rows, columns) tables of counts; NaN where all samples of a table are in one row or column.

    Rows and columns without samples do not count. Source: Cramér, Mathematical Methods of Statistics (1946), 21.9.
    """
    counts = np.asarray(tables, dtype=np.float64)
    rows, columns = counts.sum(axis=2), counts.sum(axis=1)
    products = rows[:, :, None] * columns[:, None, :]
    share = np.divide(counts**2, products, out=np.zeros_like(counts), where=products > 0).sum(axis=(1, 2))
    smaller = np.minimum((rows > 0).sum(axis=1), (columns > 0).sum(axis=1)) - 1
    found = np.full(len(counts), np.nan)
    np.divide(np.clip(share - 1, 0.0, None), smaller, out=found, where=smaller > 0)
    return np.asarray(np.sqrt(np.minimum(found, 1.0)), dtype=np.float64)


def adjusted_mutual_information(tables: npt.ArrayLike, expected: npt.ArrayLike) -> Floats:
    """Adjusted mutual information, arithmetic normalisation, of (k, rows, columns) tables of counts; NaN for one group.

    Parameters
    ----------
    expected
        (k,) or one: mutual information that chance gives two such groupings.

    Source: Vinh, Epps and Bailey, J. Mach. Learn. Res. 11 (2010) 2837.
    """
    counts = np.asarray(tables, dtype=np.float64)
    share = counts / counts.sum(axis=(1, 2), keepdims=True)
    rows, columns = share.sum(axis=2), share.sum(axis=1)
    entropy = (_entropy(rows) + _entropy(columns)) / 2
    information = _entropy(rows) + _entropy(columns) - _entropy(share.reshape(len(share), -1))
    chance = np.broadcast_to(np.asarray(expected, dtype=np.float64), information.shape)
    several = ((rows > 0).sum(axis=1) > 1) & ((columns > 0).sum(axis=1) > 1)
    found = np.full(information.shape, np.nan)
    np.divide(information - chance, entropy - chance, out=found, where=several)
    return found


def _entropy(shares: Floats) -> Floats:
    terms = np.zeros_like(shares)
    np.log(shares, out=terms, where=shares > 0)
    found: Floats = -(shares * terms).sum(axis=1)
    return found


def _expected_information(table: Integers) -> float:
    from sklearn.metrics.cluster import expected_mutual_information

    return float(expected_mutual_information(table.astype(np.int64), int(table.sum())))


def _resampled(cells: Integers, codes: Integers, shape: tuple[int, int], replicates: int, seed: int) -> Floats:
    """Return (replicates, rows, columns) tables of counts of resampled patients."""
    n_clusters, n_cells = int(codes.max()) + 1, shape[0] * shape[1]
    counts = np.bincount(codes * n_cells + cells, minlength=n_clusters * n_cells).reshape(n_clusters, n_cells)
    chunks = [weights @ counts for weights in cluster_weights(n_clusters, replicates, seed)]
    return np.concatenate(chunks).reshape(-1, *shape)
