"""Sums within clusters (patients), and the variances that follow from them.

An estimator is described by its influence values: how much each sample moves it, summing to zero. Summed within
clusters they give a variance that stays right when samples of one patient resemble each other, and the correlation of
two estimators that share patients.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def cluster_codes(clusters: npt.ArrayLike) -> Integers:
    """Number the clusters 0, 1, ... in the order of their sorted names.

    Parameters
    ----------
    clusters
        (n,) identifiers of any sortable type.
    """
    return np.unique(np.asarray(clusters), return_inverse=True)[1].astype(np.int64).reshape(-1)


def count_clusters(clusters: npt.ArrayLike) -> int:
    """Return the number of distinct clusters in (n,) identifiers."""
    return int(np.unique(np.asarray(clusters)).size)


def cluster_sums(values: Floats, codes: Integers, n_clusters: int | None = None) -> Floats:
    """Sum (n,) values within clusters numbered from 0; returns (n_clusters,)."""
    return np.bincount(codes, weights=values, minlength=n_clusters or 0).astype(np.float64)


def clustered_variance(influence: Floats, codes: Integers) -> float:
    """Variance of an estimator from its (n,) influence values: ``C / (C - 1) * sum_c (sum_i influence_i) ** 2``.

    `codes` numbers the clusters 0 .. C - 1, each of which occurs.

    Source: Liang and Zeger, Biometrika 73 (1986) 13; the factor is the usual small-sample correction.

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    sums = cluster_sums(influence, codes)
    if sums.size < 2:
        raise ValueError("a variance between clusters needs at least two clusters")
    return float(sums.size / (sums.size - 1) * np.sum(sums**2))


def correlation(first: Floats, second: Floats) -> float:
    """Correlation of two estimators from their (C,) influence values summed over the same clusters.

    0 where they share no cluster, or where one of them does not vary.
    """
    scale = float(np.sqrt(np.sum(first**2) * np.sum(second**2)))
    return float(np.clip(np.sum(first * second) / scale, -1.0, 1.0)) if scale > 0 else 0.0


def clusters_that_differ(first: Floats, second: Floats) -> float:
    """Number of clusters that tell two estimators of the same samples apart, weighted by how much they do.

    ``(sum_c d_c ** 2) ** 2 / sum_c d_c ** 4`` with d the difference of their (C,) influence values: k where k clusters
    differ by the same amount and the others not at all, 0 where none differs.

    Source: the participation ratio; as an effective sample size of weights, Kish, Survey Sampling (1965).
    """
    squares = (first - second) ** 2
    scale = float(squares.max(initial=0.0))
    if scale <= _NOTHING * float(max(np.max(first**2, initial=0.0), np.max(second**2, initial=0.0), _SMALLEST)):
        return 0.0
    squares = squares / scale
    return float(squares.sum() ** 2 / np.sum(squares**2))


_NOTHING, _SMALLEST = 1e-20, 1e-300
"""Squared differences this much smaller than the squared values are rounding."""
