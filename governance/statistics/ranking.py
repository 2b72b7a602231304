"""Area under the ROC curve: its value, its variance with several samples a patient, and paired differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from governance.statistics.bounds import Bounds, t_quantile, unseen_share
from governance.statistics.clusters import Floats, Integers, cluster_codes, cluster_sums
from governance.statistics.proportions import clopper_pearson


@dataclass(frozen=True)
class Placements:
    """The parts of an AUROC that each sample contributes.

    Attributes
    ----------
    positive
        (m,) share of negatives that each positive is ranked above (ties count half).
    negative
        (n,) share of positives that each negative is ranked below.
    """

    auroc: float
    positive: Floats
    negative: Floats


def placements(scores: npt.ArrayLike, labels: npt.ArrayLike) -> Placements:
    """AUROC by midranks, with the placement of every sample.

    Parameters
    ----------
    scores
        (n,) float, higher means more likely positive.
    labels
        (n,) bool or 0/1.

    Source: Sun and Xu, IEEE Signal Process. Lett. 21 (2014) 1389 (midranks); DeLong et al., Biometrics 44 (1988) 837.

    Raises
    ------
    ValueError
        If one of the classes is missing.
    """
    score, positive = np.asarray(scores, dtype=np.float64), np.asarray(labels).astype(bool)
    m, n = int(positive.sum()), int((~positive).sum())
    if m == 0 or n == 0:
        raise ValueError("a ranking needs at least one positive and one negative")
    ranks = stats.rankdata(score)
    above = (ranks[positive] - stats.rankdata(score[positive])) / n
    below = 1 - (ranks[~positive] - stats.rankdata(score[~positive])) / m
    return Placements(float(np.mean(above)), above, below)


def auroc(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Probability that a positive is ranked above a negative, ties counting half. Shapes as in `placements`."""
    return placements(scores, labels).auroc


def delong_variance(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Variance of an AUROC of independent samples: ``S10 / m + S01 / n``.

    Needs at least two positives and two negatives. Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837.
    """
    parts = placements(scores, labels)
    return float(
        np.var(parts.positive, ddof=1) / parts.positive.size + np.var(parts.negative, ddof=1) / parts.negative.size
    )


@dataclass(frozen=True)
class ClusteredAUROC:
    """An AUROC with what its interval and its comparison with another need.

    Attributes
    ----------
    variance
        Obuchowski's; None where a class comes from fewer than two clusters.
    from_positives, from_negatives
        (C,) influence of each cluster by its positives and by its negatives, in the order of the sorted cluster
        identifiers.
    positive_clusters, negative_clusters
        Clusters that hold a positive, and that hold a negative.
    disjoint_pairs
        Positive-negative pairs of different clusters that can be formed without using a cluster twice.
    """

    value: float
    variance: float | None
    from_positives: Floats
    from_negatives: Floats
    positive_clusters: int
    negative_clusters: int
    disjoint_pairs: int

    @property
    def influence(self) -> Floats:
        """(C,) influence of each cluster on the AUROC."""
        total: Floats = self.from_positives + self.from_negatives
        return total


def clustered_auroc(scores: npt.ArrayLike, labels: npt.ArrayLike, clusters: npt.ArrayLike) -> ClusteredAUROC:
    """AUROC with Obuchowski's variance, which allows positives and negatives of the same patient.

    With one sample a patient it is DeLong's variance.

    Source: Obuchowski, Biometrics 53 (1997) 567, equations 5 to 8.
    """
    positive = np.asarray(labels).astype(bool)
    codes = cluster_codes(clusters)
    parts = placements(scores, positive)
    return _assemble(parts.auroc, parts.positive - parts.auroc, parts.negative - parts.auroc, positive, codes)


def auroc_interval(estimate: ClusteredAUROC, level: float = 0.95) -> Bounds:
    """Interval of an AUROC on the logit scale with Student's t; never without width.

    ``logit(A) ± t sqrt(variance) / (A (1 - A))``, t on the smaller number of clusters of a class, less one. At 0 and 1,
    and where the variance is 0, the logit says nothing; the interval is then Clopper-Pearson's for the number of
    positive-negative pairs that share no patient. That is conservative: if all pairs are ranked right, so are these
    independent ones, which has the probability A to the power of their number.

    Source: Pepe, The Statistical Evaluation of Medical Tests (2003), chapter 5 (logit); boundary: as derived here.

    Raises
    ------
    ValueError
        If a class comes from fewer than two clusters.
    """
    value, variance = estimate.value, estimate.variance
    if variance is None:
        raise ValueError("an interval of an AUROC needs positives and negatives of at least two clusters each")
    if value in (0.0, 1.0) or variance <= _ZERO:
        pairs = estimate.disjoint_pairs
        ends = clopper_pearson(value * pairs if value < 1 else pairs, pairs, level)
        return Bounds(ends.low, ends.high, "Clopper-Pearson on pairs that share no patient")
    freedom = min(estimate.positive_clusters, estimate.negative_clusters) - 1
    half = t_quantile(level, freedom) * float(np.sqrt(variance)) / (value * (1 - value))
    centre = float(np.log(value / (1 - value)))
    low, high = (float(_expit(end)) for end in (centre - half, centre + half))
    return Bounds(min(low, value), max(high, value), "DeLong-Obuchowski on the logit scale")


@dataclass(frozen=True)
class PairedDifference:
    """Difference of two AUROCs on the same samples; fields as in `ClusteredAUROC`."""

    value: float
    variance: float | None
    positive_clusters: int
    negative_clusters: int
    disjoint_pairs: int


def paired_auroc_difference(
    first: npt.ArrayLike, second: npt.ArrayLike, labels: npt.ArrayLike, clusters: npt.ArrayLike
) -> PairedDifference:
    """AUROC of `first` minus AUROC of `second`, both (n,) scores of the same samples, with its clustered variance.

    Source: DeLong et al., Biometrics 44 (1988) 837; Obuchowski, Biometrics 53 (1997) 567 (clusters).
    """
    positive, codes = np.asarray(labels).astype(bool), cluster_codes(clusters)
    one, two = placements(first, positive), placements(second, positive)
    value = one.auroc - two.auroc
    whole = _assemble(value, one.positive - two.positive - value, one.negative - two.negative - value, positive, codes)
    return PairedDifference(
        value, whole.variance, whole.positive_clusters, whole.negative_clusters, whole.disjoint_pairs
    )


def paired_auroc_interval(difference: PairedDifference, level: float = 0.95) -> Bounds:
    """Interval of a paired difference: ``d ± t sqrt(variance)``, inside [-1, 1].

    Where no placement differs, the interval is what "no change in any of the pairs that share no patient" leaves
    possible (`unseen_share`).

    Raises
    ------
    ValueError
        If a class comes from fewer than two clusters.
    """
    if difference.variance is None:
        raise ValueError("an interval of an AUROC needs positives and negatives of at least two clusters each")
    if difference.variance <= _ZERO:
        share = unseen_share(difference.disjoint_pairs, level)
        ends = Bounds(difference.value - share, difference.value + share, "Clopper-Pearson on unchanged pairs")
        return ends.clipped(-1.0, 1.0)
    freedom = min(difference.positive_clusters, difference.negative_clusters) - 1
    half = t_quantile(level, freedom) * float(np.sqrt(difference.variance))
    return Bounds(
        difference.value - half, difference.value + half, "paired DeLong-Obuchowski with Student's t"
    ).clipped(-1.0, 1.0)


_ZERO = 1e-18
"""Variances below this are rounding: (1e-9) squared, the precision to which values are compared everywhere."""


def _assemble(
    value: float, positive_parts: Floats, negative_parts: Floats, positive: npt.NDArray[np.bool_], codes: Integers
) -> ClusteredAUROC:
    n_clusters = int(codes.max()) + 1
    m, n = positive_parts.size, negative_parts.size
    from_positives = cluster_sums(positive_parts / m, codes[positive], n_clusters)
    from_negatives = cluster_sums(negative_parts / n, codes[~positive], n_clusters)
    has_positive = np.bincount(codes[positive], minlength=n_clusters) > 0
    has_negative = np.bincount(codes[~positive], minlength=n_clusters) > 0
    with_positive, with_negative = int(has_positive.sum()), int(has_negative.sum())
    variance: float | None = None
    if with_positive >= 2 and with_negative >= 2:
        variance = float(
            with_positive / (with_positive - 1) * np.sum(from_positives**2)
            + with_negative / (with_negative - 1) * np.sum(from_negatives**2)
            + 2 * n_clusters / (n_clusters - 1) * np.sum(from_positives * from_negatives)
        )
    return ClusteredAUROC(
        value=value,
        variance=variance if variance is None else max(variance, 0.0),
        from_positives=from_positives,
        from_negatives=from_negatives,
        positive_clusters=with_positive,
        negative_clusters=with_negative,
        disjoint_pairs=min(with_positive, with_negative, n_clusters // 2),
    )


def _expit(x: float) -> float:
    return float(0.5 * (1 + np.tanh(x / 2)))
