"""How well two groupings of the same samples agree, for example proxy groups and a known attribute.

All three measures start from the table of counts. Two are corrected for chance: 0 on average for unrelated groupings
of independent samples (somewhat above 0 where a patient's samples stay together in both), 1 for the same one. Cramér's
V is not, unless asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, Integers, cluster_codes
from governance.statistics.resampling import cluster_weights, percentile_interval

Measure = Literal["adjusted Rand index", "adjusted mutual information", "Cramér's V", "Cramér's V, bias-corrected"]


@dataclass(frozen=True)
class Agreement:
    """An agreement between two groupings with its interval."""

    value: float
    bounds: Bounds
    n: int
    n_clusters: int


def counts(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """Cross-tabulate two groupings (n,) of the same samples: (groups of the first, groups of the second).

    Raises
    ------
    ValueError
        If they are not equally long, or one of them has a single group.
    """
    one, two = cluster_codes(first), cluster_codes(second)
    _check(one, two)
    found: Floats = _by_cluster(one, two, np.zeros_like(one))[0]
    return found


def adjusted_rand_index(table: npt.ArrayLike) -> float:
    """Share of pairs of samples that both groupings treat alike, corrected for chance; -0.5 to 1, 0 by chance.

    ``(S - E) / ((A + B) / 2 - E)`` with S the pairs together in both, A and B those together in each, E = A B / all.

    Source: Hubert and Arabie, J. Classif. 2 (1985) 193.
    """
    return float(_rand(np.asarray(table, dtype=np.float64)[None])[0])


def adjusted_mutual_information(table: npt.ArrayLike) -> float:
    """Mutual information of two groupings, corrected for chance and scaled by their mean entropy; at most 1.

    ``(I - E[I]) / ((H + H') / 2 - E[I])``, the expectation over all tables with the same margins.

    Source: Vinh, Epps and Bailey, J. Mach. Learn. Res. 11 (2010) 2837.
    """
    return float(_information(np.asarray(table, dtype=np.float64)[None])[0])


def cramers_v(table: npt.ArrayLike, *, corrected: bool = False) -> float:
    """Association of two groupings, ``sqrt(phi^2 / min(r - 1, c - 1))``; 0 to 1, above 0 by chance alone.

    Parameters
    ----------
    corrected
        Take off what chance adds to phi^2, ``(r - 1)(c - 1) / (n - 1)``, and shrink r and c likewise. The correction is
        for independent samples; with several alike samples a patient it is too small.

    Source: Cramér, Mathematical Methods of Statistics (1946), section 21.9; Bergsma, J. Korean Stat. Soc. 42 (2013) 323
    (correction).
    """
    return float(_cramer(np.asarray(table, dtype=np.float64)[None], corrected=corrected)[0])


def agreement(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    clusters: npt.ArrayLike,
    measure: Measure,
    *,
    level: float = 0.95,
    seed: int = 0,
    replicates: int = 2000,
) -> Agreement:
    """Agreement of two groupings with an interval from a bootstrap over clusters.

    The groupings are taken as given: how much a clustering would change with other samples is not in the interval.
    Replicates of a chance-corrected measure lie too high on average, since samples that are drawn twice agree with
    themselves; the percentiles are moved back by that mean. Cramér's V cannot fall below 0, and noise can only raise
    it; its lower end takes off the upper percentile of the norm of what resampling changes in the standardised table
    (triangle inequality), so that it lies above 0 in at most ``(1 - level) / 2`` of unrelated groupings.

    Parameters
    ----------
    first, second
        (n,) names of groups.
    clusters
        (n,) cluster identifiers.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), sections 10.2 and 13.3; the lower end of V as
    derived here.

    Raises
    ------
    ValueError
        If a grouping has a single group, or there are fewer than two clusters.
    """
    one, two, codes = cluster_codes(first), cluster_codes(second), cluster_codes(clusters)
    _check(one, two)
    if codes.shape != one.shape:
        raise ValueError("clusters must be as many as samples")
    n_clusters = int(codes.max()) + 1
    if n_clusters < 2:
        raise ValueError("an interval needs at least two independent clusters")
    by_cluster = _by_cluster(one, two, codes)
    whole = by_cluster.sum(axis=0, keepdims=True)
    value = float(_MEASURES[measure](whole)[0])
    tables = (np.tensordot(weights, by_cluster, 1) for weights in cluster_weights(n_clusters, replicates, seed))
    if measure in ("adjusted Rand index", "adjusted mutual information"):
        values = np.concatenate([_MEASURES[measure](chunk) for chunk in tables])
        ends = percentile_interval(values - (values.mean() - value), level)
        if np.ptp(values) <= _NO_WIDTH:
            raise ValueError("the agreement is the same whichever patients are drawn, so its interval is not known")
        bounds = Bounds(ends.low, min(ends.high, 1.0), "cluster bootstrap, percentile, moved to the estimate")
    else:
        bounds = _bounds_of_v(tables, whole, level)
    return Agreement(value, bounds, one.size, n_clusters)


_NO_WIDTH = 1e-12
"""Replicates that differ by less differ by rounding."""
_TAIL = 12.0
"""Standard deviations of the hypergeometric distribution beyond which its terms are below rounding."""


def _bounds_of_v(tables: Iterator[Floats], whole: Floats, level: float) -> Bounds:
    expected = _standardised(whole)
    divisor = np.sqrt(min(whole.shape[1:]) - 1)
    found = [
        (_norm(chunk) / divisor, _norm(chunk - expected) / divisor) for chunk in (_standardised(t) for t in tables)
    ]
    values, noise = (np.concatenate(part) for part in zip(*found, strict=True))
    value = float(_norm(expected)[0] / divisor)
    low = max(0.0, value - percentile_interval(noise, level).high)
    high = min(1.0, max(value, percentile_interval(values, level).high))
    if high - low <= _NO_WIDTH:
        raise ValueError("the association is the same whichever patients are drawn, so its interval is not known")
    return Bounds(low, high, "cluster bootstrap, percentile above, less the share of noise below")


def _norm(tables: Floats) -> Floats:
    found: Floats = np.sqrt(np.sum(tables**2, axis=(1, 2)))
    return found


def _standardised(tables: Floats) -> Floats:
    """``(p_ij - p_i p_j) / sqrt(p_i p_j)`` of tables (k, r, c); 0 where a margin is 0. Its squares sum to phi^2."""
    p = tables / tables.sum(axis=(1, 2), keepdims=True)
    product = p.sum(axis=2, keepdims=True) * p.sum(axis=1, keepdims=True)
    found: Floats = (p - product) / np.sqrt(np.where(product > 0, product, 1.0))
    return found


def _cramer(tables: Floats, *, corrected: bool) -> Floats:
    squared = np.sum(_standardised(tables) ** 2, axis=(1, 2))
    rows, columns = (np.sum(tables.sum(axis=axis) > 0, axis=1).astype(np.float64) for axis in (2, 1))
    n = tables.sum(axis=(1, 2))
    if corrected:
        squared = np.maximum(0.0, squared - (rows - 1) * (columns - 1) / (n - 1))
        rows, columns = (size - (size - 1) ** 2 / (n - 1) for size in (rows, columns))
    found: Floats = np.minimum(1.0, np.sqrt(squared / (np.minimum(rows, columns) - 1)))
    return found


def _rand(tables: Floats) -> Floats:
    def pairs(x: Floats) -> Floats:
        found: Floats = x * (x - 1) / 2
        return found

    both = pairs(tables).sum(axis=(1, 2))
    first, second = (pairs(tables.sum(axis=axis)).sum(axis=1) for axis in (2, 1))
    chance = first * second / pairs(tables.sum(axis=(1, 2)))
    # Where either puts all samples together, or each apart in both, there is nothing to correct for.
    scale = (first + second) / 2 - chance
    found: Floats = np.where(np.abs(scale) > 0, (both - chance) / np.where(scale == 0, 1.0, scale), 1.0)
    return found


def _information(tables: Floats) -> Floats:
    return np.array([_information_of_one(table) for table in tables])


def _information_of_one(table: Floats) -> float:
    rows, columns, n = table.sum(axis=1), table.sum(axis=0), float(table.sum())
    inside = table > 0
    ratio = table[inside] * n / np.outer(rows, columns)[inside]
    mutual = float(np.sum(table[inside] / n * np.log(ratio)))
    entropies = sum(float(-np.sum(m[m > 0] / n * np.log(m[m > 0] / n))) for m in (rows, columns))
    chance = _expected_information(rows, columns, n)
    scale = entropies / 2 - chance
    return (mutual - chance) / scale if abs(scale) > np.finfo(np.float64).eps else 1.0


def _expected_information(rows: Floats, columns: Floats, n: float) -> float:
    """Mean mutual information of all tables with these margins: each cell is hypergeometric."""
    total = 0.0
    for a in rows[rows > 0]:
        b = columns[columns > 0]
        reach = _TAIL * np.sqrt(a * b * (n - a) * (n - b) / (n**2 * max(n - 1, 1))) + _TAIL
        lowest = np.maximum(np.maximum(1, a + b - n), np.floor(a * b / n - reach))
        highest = np.minimum(np.minimum(a, b), np.ceil(a * b / n + reach))
        sizes = np.maximum(0, highest - lowest + 1).astype(np.int64)
        wide = np.repeat(b, sizes)
        cell = np.repeat(lowest, sizes) + np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        chance = (gammaln(a + 1) + gammaln(wide + 1) + gammaln(n - a + 1) + gammaln(n - wide + 1) - gammaln(n + 1)) - (
            gammaln(cell + 1) + gammaln(a - cell + 1) + gammaln(wide - cell + 1) + gammaln(n - a - wide + cell + 1)
        )
        total += float(np.sum(cell / n * np.log(n * cell / (a * wide)) * np.exp(chance)))
    return total


def _by_cluster(one: Integers, two: Integers, codes: Integers) -> Floats:
    """Tables (C, r, c) of the samples of each cluster."""
    rows, columns, n_clusters = int(one.max()) + 1, int(two.max()) + 1, int(codes.max()) + 1
    cells = np.bincount((codes * rows + one) * columns + two, minlength=n_clusters * rows * columns)
    return cells.reshape(n_clusters, rows, columns).astype(np.float64)


def _check(one: Integers, two: Integers) -> None:
    if one.size == 0 or one.shape != two.shape:
        raise ValueError("two groupings must be equally long and not empty")
    if one.max() == 0 or two.max() == 0:
        raise ValueError("a grouping with a single group agrees with everything and nothing")


_MEASURES: dict[Measure, Callable[[Floats], Floats]] = {
    "adjusted Rand index": _rand,
    "adjusted mutual information": _information,
    "Cramér's V": partial(_cramer, corrected=False),
    "Cramér's V, bias-corrected": partial(_cramer, corrected=True),
}
