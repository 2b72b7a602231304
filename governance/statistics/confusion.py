"""Metrics that combine several shares of a confusion matrix, each with an interval that is never without width.

A share (sensitivity, specificity, true positives of all samples...) has a good interval of its own, for clustered
samples too. The metrics here are linear or monotone in such shares, so their intervals are made from those of the
shares instead of from a symmetric "value plus or minus": they stay in range and keep a width where nothing varies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import Bounds, unseen_share
from governance.statistics.clusters import Floats, Integers, cluster_codes, cluster_sums, correlation
from governance.statistics.proportions import clustered_wilson, gating_proportion

Bools = npt.NDArray[np.bool_]
ShareInterval = Callable[[npt.ArrayLike, npt.ArrayLike, float], Bounds]


@dataclass(frozen=True)
class Share:
    """A proportion among some samples.

    `successes` and `clusters` are (m,), of the samples it is a share of; `influence` is (C,), of all clusters.
    """

    value: float
    successes: Bools
    clusters: Integers
    influence: Floats


@dataclass(frozen=True)
class RatioEstimate:
    """A number made of shares: ``offset + sum_k coefficients[k] * shares[k]``, or the Dice form of a single share.

    Attributes
    ----------
    influence
        (C,) influence of each cluster, in the order of the sorted cluster identifiers.
    variance
        ``C / (C - 1) * sum(influence ** 2)`` (delta method); None with fewer than two clusters.
    low, high
        Range of the quantity.
    dice
        Whether the value is ``2 J / (1 + J)`` of its only share J.
    """

    value: float
    n: int
    n_clusters: int
    influence: Floats
    variance: float | None
    low: float
    high: float
    shares: tuple[Share, ...]
    coefficients: tuple[float, ...]
    offset: float = 0.0
    dice: bool = False


def balanced_accuracy(flagged: npt.ArrayLike, positive: npt.ArrayLike, clusters: npt.ArrayLike) -> RatioEstimate:
    """Mean of sensitivity and specificity; 0 to 1, higher is better, 0.5 is chance.

    It does not show which of the two is low.

    Parameters
    ----------
    flagged
        (n,) bool, whether the model calls the sample positive.
    positive
        (n,) bool, the reference standard.
    clusters
        (n,) cluster identifiers.

    Source: Brodersen et al., ICPR (2010) 3121.

    Raises
    ------
    ValueError
        If one of the classes is missing.
    """
    return _rates(flagged, positive, clusters, (0.5, 0.5), offset=0.0, what="a balanced accuracy")


def youden_index(flagged: npt.ArrayLike, positive: npt.ArrayLike, clusters: npt.ArrayLike) -> RatioEstimate:
    """Sensitivity plus specificity less one; -1 to 1, higher is better, 0 is chance. Shapes: `balanced_accuracy`.

    Source: Youden, Cancer 3 (1950) 32.

    Raises
    ------
    ValueError
        If one of the classes is missing.
    """
    return _rates(flagged, positive, clusters, (1.0, 1.0), offset=-1.0, what="Youden's index")


def f1_score(flagged: npt.ArrayLike, positive: npt.ArrayLike, clusters: npt.ArrayLike) -> RatioEstimate:
    """Harmonic mean of sensitivity and positive predictive value: ``2 TP / (2 TP + FP + FN)``.

    0 to 1, higher is better. It does not show true negatives at all, and changes with the prevalence. Shapes as in
    `balanced_accuracy`.

    With J the share of true positives among the samples that are flagged or positive, it is ``2 J / (1 + J)``.

    Source: van Rijsbergen, Information Retrieval (1979), chapter 7.

    Raises
    ------
    ValueError
        If no sample is flagged or positive: 0 / 0.
    """
    flag, truth, codes, n_clusters = _arrays(flagged, positive, clusters)
    either = flag | truth
    if not either.any():
        raise ValueError("an F1 score needs at least one sample that is flagged or positive")
    share = _share(flag & truth, either, codes, n_clusters)
    slope = 2 / (1 + share.value) ** 2
    return _estimate(
        _dice(share.value), flag.size, slope * share.influence, (share,), (slope,), limits=(0.0, 1.0), dice=True
    )


def net_benefit(
    flagged: npt.ArrayLike, positive: npt.ArrayLike, clusters: npt.ArrayLike, threshold_probability: float
) -> RatioEstimate:
    """True positives less weighed false positives, per sample: ``TP / n - FP / n * w`` with ``w = t / (1 - t)``.

    Higher is better; at most the prevalence, and 0 for flagging nobody. Compare with flagging everybody (`flagged` all
    true). It does not show whether the threshold probability fits the decision at hand.

    Parameters
    ----------
    threshold_probability
        Probability t of the condition at which acting and not acting are worth the same, strictly between 0 and 1.

    Other shapes as in `balanced_accuracy`. Source: Vickers and Elkin, Med. Decis. Making 26 (2006) 565.

    Raises
    ------
    ValueError
        If there is no sample, or the threshold probability lies outside (0, 1).
    """
    if not 0 < threshold_probability < 1:
        raise ValueError(f"a threshold probability lies between 0 and 1, not {threshold_probability}")
    weight = threshold_probability / (1 - threshold_probability)
    flag, truth, codes, n_clusters = _arrays(flagged, positive, clusters)
    everyone = np.ones(flag.size, dtype=bool)
    found, false = (_share(cell, everyone, codes, n_clusters) for cell in (flag & truth, flag & ~truth))
    return _estimate(
        found.value - weight * false.value,
        flag.size,
        found.influence - weight * false.influence,
        (found, false),
        (1.0, -weight),
        limits=(-weight, 1.0),
    )


def ratio_interval(estimate: RatioEstimate, level: float = 0.95) -> Bounds:
    """Interval of the estimate from the cluster-adjusted Wilson intervals of its shares.

    Sums and differences by the method of variance estimates recovery, F1 by the same transformation as its share.

    Source: Zou and Donner, Stat. Med. 27 (2008) 1693; Korn and Graubard, Surv. Methodol. 24 (1998) 193.

    Raises
    ------
    ValueError
        If a share rests on fewer than two clusters.
    """
    return _interval(estimate, level, clustered_wilson)


def gating_ratio(estimate: RatioEstimate, level: float = 0.95) -> Bounds:
    """Like `ratio_interval`, from the intervals of the shares that verdicts rest on (`gating_proportion`): wider."""
    return _interval(estimate, level, gating_proportion)


def _interval(estimate: RatioEstimate, level: float, share_interval: ShareInterval) -> Bounds:
    ends = [share_interval(share.successes, share.clusters, level) for share in estimate.shares]
    if estimate.dice:
        return Bounds(_dice(ends[0].low), _dice(ends[0].high), f"{ends[0].method}, transformed to F1")
    first, second = estimate.shares
    a, b = estimate.coefficients
    # Distances of the value's lower end: a share counted negatively is at its upper end there.
    down, up = (
        tuple(
            coefficient * (share.value - end.low if (coefficient > 0) == lower else share.value - end.high)
            for coefficient, share, end in zip((a, b), estimate.shares, ends, strict=True)
        )
        for lower in (True, False)
    )
    shared = float(np.sign(a * b)) * correlation(first.influence, second.influence)
    low = estimate.value - _recovered(down, shared)
    high = estimate.value + _recovered(up, shared)
    if high - low <= _NO_WIDTH:
        part = unseen_share(estimate.n_clusters, level)
        low = estimate.value - part * (estimate.value - estimate.low)
        high = estimate.value + part * (estimate.high - estimate.value)
        return Bounds(low, high, "Clopper-Pearson on unvaried patients")
    return Bounds(low, high, f"MOVER on {ends[0].method}").clipped(estimate.low, estimate.high)


_NO_WIDTH = 1e-9
"""Intervals narrower than this are rounding: shares that cancel within every patient."""


def _recovered(distances: tuple[float, ...], shared: float) -> float:
    one, two = (abs(distance) for distance in distances)
    return float(np.sqrt(max(one * one + two * two + 2 * shared * one * two, 0.0)))


def _rates(
    flagged: npt.ArrayLike,
    positive: npt.ArrayLike,
    clusters: npt.ArrayLike,
    coefficients: tuple[float, float],
    *,
    offset: float,
    what: str,
) -> RatioEstimate:
    flag, truth, codes, n_clusters = _arrays(flagged, positive, clusters)
    if truth.all() or not truth.any():
        raise ValueError(f"{what} needs positives and negatives")
    sensitivity = _share(flag, truth, codes, n_clusters)
    specificity = _share(~flag, ~truth, codes, n_clusters)
    return _estimate(
        offset + coefficients[0] * sensitivity.value + coefficients[1] * specificity.value,
        flag.size,
        coefficients[0] * sensitivity.influence + coefficients[1] * specificity.influence,
        (sensitivity, specificity),
        coefficients,
        limits=(offset, offset + sum(coefficients)),
        offset=offset,
    )


def _estimate(
    value: float,
    n: int,
    influence: Floats,
    shares: tuple[Share, ...],
    coefficients: tuple[float, ...],
    *,
    limits: tuple[float, float],
    offset: float = 0.0,
    dice: bool = False,
) -> RatioEstimate:
    count = influence.size
    return RatioEstimate(
        value=float(value),
        n=n,
        n_clusters=count,
        influence=influence,
        variance=float(count / (count - 1) * np.sum(influence**2)) if count >= 2 else None,
        low=limits[0],
        high=limits[1],
        shares=shares,
        coefficients=coefficients,
        offset=offset,
        dice=dice,
    )


def _share(successes: Bools, among: Bools, codes: Integers, n_clusters: int) -> Share:
    outcome, inside = successes[among], codes[among]
    value = float(outcome.mean())
    return Share(value, outcome, inside, cluster_sums((outcome - value) / outcome.size, inside, n_clusters))


def _arrays(
    flagged: npt.ArrayLike, positive: npt.ArrayLike, clusters: npt.ArrayLike
) -> tuple[Bools, Bools, Integers, int]:
    flag, truth = np.asarray(flagged).astype(bool), np.asarray(positive).astype(bool)
    codes = cluster_codes(clusters)
    if flag.ndim != 1 or flag.size == 0 or not flag.shape == truth.shape == codes.shape:
        raise ValueError("flagged, positive and clusters must be equally long, one-dimensional and not empty")
    return flag, truth, codes, int(codes.max()) + 1


def _dice(share: float) -> float:
    return 2 * share / (1 + share)
