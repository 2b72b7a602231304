"""Intervals for verdicts of a share and of a mean that are corrected for the errors of what labelled the samples.

A few samples have labels of people too. The numbers that a correction is made of overlap in them, so that they are
correlated; a correlation that few patients show is taken as weaker (`governance.statistics.mover.cautious`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, Integers, cluster_codes, cluster_sums, correlation
from governance.statistics.differences import gating_paired_difference, mover_difference
from governance.statistics.means import gating_mean
from governance.statistics.mover import cautious, solution_interval
from governance.statistics.proportions import gating_proportion

Bools = npt.NDArray[np.bool_]

LEAST_PATIENTS = 5
"""Patients with a sample that people call positive, and with one that they call negative, that an interval needs.

With fewer, those intervals that could be made erred in up to 11 % of cases in simulations.
"""
PSEUDO_PATIENTS = 4.0
"""Patients without a correlation that are added to those who show one; the least even number that held the rule."""


def gating_prevalence(
    flagged: Bools, positive: Bools, negative: Bools, clusters: npt.ArrayLike, level: float = 0.95
) -> Bounds:
    """Interval of ``(q - f) / (s - f)`` inside [0, 1], the share of positives without the errors of what flags them.

    It is the solution t of ``q - t s - (1 - t) f = 0`` with q the share of flagged samples and s and f that among those
    that people call positive and negative, each with its interval for verdicts. Where s may be no higher than f, every
    share is possible.

    Parameters
    ----------
    flagged
        (n,) whether a sample is flagged.
    positive, negative
        (n,) what people call it; neither where they did not judge it.
    clusters
        (n,) cluster identifiers.

    Source: Rogan and Gladen, Am. J. Epidemiol. 107 (1978) 71; for the interval `governance.statistics.mover`.

    Raises
    ------
    ValueError
        If fewer than `LEAST_PATIENTS` have positive, or negative, samples.
    """
    codes = cluster_codes(clusters)
    sets = (np.ones(codes.size, dtype=bool), positive, negative)
    patients = [np.unique(codes[inside]).size for inside in sets]
    if min(patients) < LEAST_PATIENTS:
        raise ValueError(
            f"a corrected share for verdicts needs {LEAST_PATIENTS} patients with positive and as many with negative "
            f"samples by people's labels; there are {patients[1]} and {patients[2]}"
        )
    q, s, f = (float(flagged[inside].mean()) for inside in sets)
    influence = [_influence(flagged, inside, codes) for inside in sets]
    together = np.eye(len(sets))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        seen = correlation(influence[i], influence[j])
        together[i, j] = together[j, i] = cautious(seen, min(patients[i], patients[j]), PSEUDO_PATIENTS)
    first, last = solution_interval(
        float(np.clip((q - f) / (s - f), 0.0, 1.0)) if s > f else 0.0,
        [
            (value, gating_proportion(flagged[inside], codes[inside], level))
            for value, inside in zip((q, s, f), sets, strict=True)
        ],
        together,
        lambda t: np.stack([np.ones_like(t), -t, t - 1], axis=1),
        (0.0, 1.0),
    )
    return Bounds(first, last, "MOVER on the shares that it is made of, for verdicts")


def gating_corrected_mean(
    values: Floats,
    better: Floats,
    both: Bools,
    clusters: npt.ArrayLike,
    level: float = 0.95,
    *,
    low: float = 0.0,
    high: float = 1.0,
) -> Bounds:
    """Interval of the mean of (n,) `values` plus the mean of ``better - values`` where `both` are known.

    Parameters
    ----------
    better
        (n,) what people say; read only where `both`.
    low, high
        Range of either.

    Source: Angelopoulos et al., Science 382 (2023) 669 (prediction-powered inference); for the interval Zou and Donner,
    Stat. Med. 27 (2008) 1693, on those of both means for verdicts.

    Raises
    ------
    ValueError
        If fewer than two clusters have both.
    """
    codes = cluster_codes(clusters)
    if np.unique(codes[both]).size < 2:
        raise ValueError("a corrected mean for verdicts needs two patients with a sample that people judged too")
    change = np.where(both, better - values, 0.0)
    mean, moved = float(values.mean()), float(change[both].mean())
    of_mean = gating_mean(values, codes, level, low=low, high=high)
    of_change = gating_paired_difference(better[both], values[both], codes[both], level, span=high - low)
    every = np.ones(codes.size, dtype=bool)
    seen = correlation(_influence(values, every, codes), _influence(change, both, codes))
    # The sum is the difference of the mean and what it is too high by.
    found = mover_difference(
        mean,
        of_mean,
        -moved,
        Bounds(-of_change.high, -of_change.low, of_change.method),
        correlation=-cautious(seen, _patients_that_move(change, codes), PSEUDO_PATIENTS),
    )
    return Bounds(found.low, found.high, "MOVER on the mean and its correction, for verdicts").clipped(
        2 * low - high, 2 * high - low
    )


def _patients_that_move(change: Floats, codes: Integers) -> float:
    """Number of patients that a sum rests on, ``(sum c^2)^2 / sum c^4``; 0 where nothing changes."""
    squares = cluster_sums(change, codes) ** 2
    fourth = float(np.sum(squares**2))
    return float(np.sum(squares)) ** 2 / fourth if fourth > 0 else 0.0


def _influence(values: npt.NDArray[np.generic], inside: Bools, codes: Integers) -> Floats:
    part = values[inside].astype(np.float64)
    return cluster_sums((part - part.mean()) / part.size, codes[inside], int(codes.max()) + 1)
