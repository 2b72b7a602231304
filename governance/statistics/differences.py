"""Differences between two groups, and between two treatments of the same samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import PSEUDO_PATIENTS, Bounds
from governance.statistics.clusters import Floats, cluster_codes, cluster_sums, clusters_that_differ, correlation
from governance.statistics.means import clustered_mean, gating_mean, mean_interval
from governance.statistics.mover import cautious


def mover_difference(
    first: float, first_bounds: Bounds, second: float, second_bounds: Bounds, *, correlation: float = 0.0
) -> Bounds:
    """Interval of ``first - second`` from the interval of each, by the method of variance estimates recovery.

    ``low = d - sqrt((a - la)^2 - 2 r (a - la)(ub - b) + (ub - b)^2)`` and the mirror image for the upper end. With
    Wilson's intervals and no correlation it is Newcombe's hybrid score interval. Both intervals need the same level.

    Parameters
    ----------
    correlation
        Of the two estimates; 0 where the groups share no patient.

    Source: Newcombe, Stat. Med. 17 (1998) 873, method 10; Zou and Donner, Stat. Med. 27 (2008) 1693 (correlated).
    """
    d = first - second
    down_first, up_first = first - first_bounds.low, first_bounds.high - first
    down_second, up_second = second - second_bounds.low, second_bounds.high - second

    def root(a: float, b: float) -> float:
        return float(np.sqrt(max(a * a - 2 * correlation * a * b + b * b, 0.0)))

    return Bounds(d - root(down_first, up_second), d + root(up_first, down_second), f"MOVER on {first_bounds.method}")


def correlation_on_same_samples(first: Floats, second: Floats) -> float:
    """Correlation of two estimates of the same samples from their (C,) influences, for `mover_difference`.

    Two models that differ on few patients are correlated almost perfectly in what was seen, and an interval that
    trusted it would be far too narrow: with no patient that differs it would have no width at all. So it is shrunken
    towards 0 as if `PSEUDO_PATIENTS` more had been seen on which they have nothing in common.

    Source: this project, `docs/validity.md` (part `model-pairs`).
    """
    return cautious(correlation(first, second), clusters_that_differ(first, second), PSEUDO_PATIENTS)


def paired_difference(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    clusters: npt.ArrayLike,
    level: float = 0.95,
    *,
    span: float = 1.0,
) -> tuple[float, Bounds]:
    """Mean of ``first - second`` over the same samples, with a cluster-robust t interval inside [-span, span].

    Parameters
    ----------
    first, second
        (n,) values of the same samples, for example 0/1 outcomes clean and changed.
    span
        Largest possible difference of one sample.

    Source: `governance.statistics.means`; where no sample differs, the interval is that of unseen changes.
    """
    mean = clustered_mean(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), clusters)
    return mean.value, mean_interval(mean, level, low=-span, high=span)


def gating_paired_difference(
    first: npt.ArrayLike, second: npt.ArrayLike, clusters: npt.ArrayLike, level: float = 0.95, *, span: float = 1.0
) -> Bounds:
    """Interval of the mean of ``first - second`` over the same samples, for verdicts.

    Increases and decreases are rare events each; Student's interval of their balance is too narrow where few were seen
    (a fall of 5 points among 100 samples lies outside it in one case of nine). So each gets the interval of
    `governance.statistics.means.gating_mean`, and their difference follows by `mover_difference`.

    Parameters
    ----------
    first, second, span
        As in `paired_difference`.

    Source: Zou and Donner, Stat. Med. 27 (2008) 1693; for the parts see `gating_mean`.

    Raises
    ------
    ValueError
        If there are fewer than two clusters, or a difference is larger than `span`.
    """
    change, codes = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), cluster_codes(clusters)
    parts = [np.maximum(change, 0.0), np.maximum(-change, 0.0)]
    bounds = [gating_mean(part, codes, level, high=span) for part in parts]
    influence = [cluster_sums(part - part.mean(), codes) for part in parts]
    found = mover_difference(
        float(parts[0].mean()),
        bounds[0],
        float(parts[1].mean()),
        bounds[1],
        correlation=correlation(influence[0], influence[1]),
    )
    return Bounds(found.low, found.high, "MOVER on increases and decreases, each Clopper-Pearson").clipped(-span, span)
