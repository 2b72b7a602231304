"""Area under the ROC curve: its value, its intervals with several samples a patient, and differences of two."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from governance.statistics.bounds import (
    ENOUGH_EVENTS,
    Bounds,
    normal_quantile,
    raised_to_worst,
    t_quantile,
    unseen_share,
)
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
    positive_weight, negative_weight
        Sum over clusters of the squared share of all positives (negatives) that each holds: one over the number of
        clusters where all hold as many.
    shared_weight
        Sum over clusters of the product of both shares: 0 where no cluster holds both classes.
    """

    value: float
    variance: float | None
    from_positives: Floats
    from_negatives: Floats
    positive_clusters: int
    negative_clusters: int
    disjoint_pairs: int
    positive_weight: float
    negative_weight: float
    shared_weight: float

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
    """Interval to show: on the logit scale, ``logit(A) ± z sqrt(A (1 - A) v) / (A (1 - A))``; never without width.

    v is the variance over ``A (1 - A)``, a little raised (`_variance_ratio` with `_SHOWN`). Its coverage is about
    `level`. Where the class with fewer patients shows less than `ENOUGH_EVENTS` patients' worth of pairs ranked right,
    or ranked wrong, that cannot be had, and the interval is that of `gating_auroc`, under its own name.

    Source: Pepe, The Statistical Evaluation of Medical Tests (2003), chapter 5 (logit); Obuchowski, Biometrics 53
    (1997) 567 (variance).

    Raises
    ------
    ValueError
        If a class comes from fewer than two clusters.
    """
    ratio = _variance_ratio(estimate, _SHOWN)
    value = estimate.value
    rare = min(value, 1 - value) / max(estimate.positive_weight, estimate.negative_weight)
    if rare < ENOUGH_EVENTS or estimate.variance is None or estimate.variance <= _ZERO:
        return gating_auroc(estimate, level)
    centre = float(np.log(value / (1 - value)))
    half = normal_quantile(level) * float(np.sqrt(ratio / (value * (1 - value))))
    return Bounds(_expit(centre - half), _expit(centre + half), "DeLong-Obuchowski on the logit scale")


def gating_auroc(estimate: ClusteredAUROC, level: float = 0.95) -> Bounds:
    """Interval that verdicts rest on: found to miss in at most ``(1 - level) / 2`` of cases on either side.

    An AUROC is the mean share of negatives that a positive is ranked above, and no mean of shares varies more than a
    proportion with the same value. So the interval is Clopper-Pearson's for ``A n`` of ``n``, n being the number of
    independent yes-no outcomes with the same variance, ``A (1 - A) / variance``, where the variance is raised by half
    a patient of each class that is ranked wholly wrong (`_variance_ratio` with `_GATING`). At 0 and 1 n is the number
    of positive-negative pairs that share no patient: if all pairs are ranked right, so are these independent ones,
    which has the probability A to the power of their number.

    Checked with at least 30 patients of each class (`docs/validity.md`): normal, exponential and mixed scores.

    Source: Clopper and Pearson, Biometrika 26 (1934) 404; Birnbaum and Klose, Ann. Math. Stat. 28 (1957) 933 (largest
    variance); Obuchowski, Biometrics 53 (1997) 567 (variance). The combination is this project's.

    Raises
    ------
    ValueError
        If a class comes from fewer than two clusters.
    """
    ratio, value = _variance_ratio(estimate, _GATING), estimate.value
    if value in (0.0, 1.0):
        pairs = estimate.disjoint_pairs
        ends = clopper_pearson(value * pairs, pairs, level)
        return Bounds(ends.low, ends.high, "Clopper-Pearson on pairs that share no patient")
    ends = clopper_pearson(value / ratio, 1 / ratio, level)
    return Bounds(ends.low, ends.high, "Clopper-Pearson with the raised DeLong-Obuchowski variance")


def _variance_ratio(estimate: ClusteredAUROC, pseudo_patients: float) -> float:
    """Variance of an AUROC over ``A (1 - A)``, each part raised towards its worst (see `raised_to_worst`).

    The parts are those of Obuchowski's sum: positives, negatives, and patients with both. Each is at its worst where
    all samples of a patient are ranked wholly right or wholly wrong, and then its ratio is the sum of squared shares of
    the patients. Its events are the patients' worth of pairs ranked wrong (right, where these are fewer).
    """
    if estimate.variance is None:
        raise ValueError("an interval of an AUROC needs positives and negatives of at least two clusters each")
    worst = (estimate.positive_weight, estimate.negative_weight, 2 * estimate.shared_weight)
    scale = estimate.value * (1 - estimate.value)
    if scale <= 0 or estimate.variance <= _ZERO:
        return sum(worst)
    events = min(estimate.value, 1 - estimate.value)
    of_events = [events / weight for weight in worst[:2]]
    return sum(
        raised_to_worst(part / scale, most, seen, pseudo_patients)
        for part, most, seen in zip(_variance_parts(estimate), worst, (*of_events, min(of_events)), strict=True)
    )


_SHOWN, _GATING = 0.1, 0.5
"""Pseudo-patients of each class: the least that kept the rules of `benchmarks.validity`."""


def _variance_parts(estimate: ClusteredAUROC) -> tuple[float, float, float]:
    """Parts of Obuchowski's variance: of the positives, of the negatives, twice their covariance."""
    x, y = estimate.from_positives, estimate.from_negatives
    p, n, c = estimate.positive_clusters, estimate.negative_clusters, x.size
    return (
        p / (p - 1) * float(np.sum(x**2)),
        n / (n - 1) * float(np.sum(y**2)),
        2 * c / (c - 1) * float(np.sum(x * y)),
    )


@dataclass(frozen=True)
class PairedDifference:
    """Difference of two AUROCs on the same samples; fields as in `ClusteredAUROC`."""

    value: float
    variance: float | None
    positive_clusters: int
    negative_clusters: int
    disjoint_pairs: int
    positive_weight: float
    negative_weight: float
    influence: Floats | None = field(default=None, repr=False)


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
        value=value,
        variance=whole.variance,
        positive_clusters=whole.positive_clusters,
        negative_clusters=whole.negative_clusters,
        disjoint_pairs=whole.disjoint_pairs,
        positive_weight=whole.positive_weight,
        negative_weight=whole.negative_weight,
        influence=whole.influence,
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


def gating_paired_auroc(difference: PairedDifference, level: float = 0.95) -> Bounds:
    """Interval of a paired difference for verdicts: as if one more patient of each class had changed wholly.

    ``d ± t sqrt(variance + W)``, W being the squared weights of an average patient of either class, inside [-1, 1].
    Where a few positives lose their rank altogether, samples that hold none of them show a small fall with a small
    variance; the usual interval then lies above the truth far too often.

    Source: this project, `docs/validity.md`; the variance is DeLong's and Obuchowski's, as in `paired_auroc_interval`.

    Raises
    ------
    ValueError
        If a class comes from fewer than two clusters.
    """
    if difference.variance is None:
        raise ValueError("an interval of an AUROC needs positives and negatives of at least two clusters each")
    raised = difference.variance + difference.positive_weight**2 + difference.negative_weight**2
    freedom = min(difference.positive_clusters, difference.negative_clusters) - 1
    half = t_quantile(level, freedom) * float(np.sqrt(raised))
    return Bounds(
        difference.value - half, difference.value + half, "paired DeLong-Obuchowski, variance raised by one patient"
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
    positives, negatives = (np.bincount(codes[chosen], minlength=n_clusters) for chosen in (positive, ~positive))
    with_positive, with_negative = int(np.sum(positives > 0)), int(np.sum(negatives > 0))
    estimate = ClusteredAUROC(
        value=value,
        variance=None,
        from_positives=from_positives,
        from_negatives=from_negatives,
        positive_clusters=with_positive,
        negative_clusters=with_negative,
        disjoint_pairs=min(with_positive, with_negative, n_clusters // 2),
        positive_weight=float(np.sum((positives / m) ** 2)),
        negative_weight=float(np.sum((negatives / n) ** 2)),
        shared_weight=float(np.sum(positives / m * (negatives / n))),
    )
    if with_positive < 2 or with_negative < 2:
        return estimate
    return replace(estimate, variance=max(sum(_variance_parts(estimate)), 0.0))


def _expit(x: float) -> float:
    return float(0.5 * (1 + np.tanh(x / 2)))
