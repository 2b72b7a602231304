"""Performance under weights that make an attribute independent of the condition.

A sample of group a with outcome y gets the weight P(a) P(y) / P(a, y), estimated by shares of samples. Sensitivity is
then the mean of the groups' sensitivities in the proportions P(a), and an AUROC the mean over all pairs of groups: of
which two groups a positive and a negative come, no longer has to do with which is which. The weights are estimated, and
the influence values below allow for that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluators.estimates import Bools
from governance.statistics.bounds import (
    ENOUGH_EVENTS,
    PSEUDO_PATIENTS,
    Bounds,
    normal_quantile,
    raised_to_worst,
    t_quantile,
)
from governance.statistics.clusters import Floats, Integers, cluster_sums, count_clusters
from governance.statistics.proportions import clopper_pearson, wilson


@dataclass(frozen=True)
class Standardised:
    """A weighted share or AUROC.

    Attributes
    ----------
    influence
        (C,) influence of each cluster of the dataset.
    variance
        ``C / (C - 1) * sum(influence ** 2)`` over the C clusters that were used.
    n, events
        Samples that the number is about, and how many of them were flagged rightly (for an AUROC: positives).
    effective_patients
        Squared sum over sum of squares of the patients' weights; for an AUROC that of the class with fewer.
    patients
        Patients of the class with fewer.
    ranking
        Whether it is an AUROC.
    """

    value: float
    influence: Floats
    variance: float
    n: int
    n_clusters: int
    events: int
    effective_patients: float
    patients: int
    ranking: bool

    def interval(self, level: float) -> Bounds:
        """Interval to show: Wilson's at the effective size for a share, on the logit scale for an AUROC, with t.

        Where fewer than `ENOUGH_EVENTS` patients' worth of events or non-events remain after weighting, that of
        `gating`: the variance then rests on too few patients to be trusted.

        Source: Korn and Graubard, Surv. Methodol. 24 (1998) 193 (effective size); Pepe (2003), chapter 5 (logit).

        Raises
        ------
        ValueError
            If there are fewer than two patients.
        """
        size = self._size(self.variance)
        if min(self.value, 1 - self.value) * min(size, self.effective_patients) < ENOUGH_EVENTS:
            return self.gating(level)
        quantile = t_quantile(level, self.patients - 1)
        if not self.ranking:
            ends = wilson(self.value * size, size, level, quantile=quantile)
            return Bounds(ends.low, ends.high, "Wilson score at the effective size")
        half = quantile * float(np.sqrt(self.variance)) / (self.value * (1 - self.value))
        centre = float(np.log(self.value / (1 - self.value)))
        low, high = (0.5 * (1 + float(np.tanh(end / 2))) for end in (centre - half, centre + half))
        return Bounds(low, high, "clustered variance on the logit scale")

    def gating(self, level: float) -> Bounds:
        """Interval for verdicts: Clopper-Pearson's at an effective size that is lowered where events are few.

        Source: as `governance.statistics.proportions.gating_proportion`, with the effective number of patients as the
        worst size.

        Raises
        ------
        ValueError
            If there are fewer than two patients.
        """
        uncertain = (t_quantile(level, self.patients - 1) / normal_quantile(level)) ** 2
        worst = 1 / self.effective_patients
        seen = max(uncertain / self._size(self.variance), 1 / self.n)
        events = min(self.value, 1 - self.value) * self.effective_patients
        size = 1 / raised_to_worst(seen, worst, events, PSEUDO_PATIENTS)
        ends = clopper_pearson(self.value * size, size, level)
        return Bounds(ends.low, ends.high, "Clopper-Pearson at a cautious effective size")

    def _size(self, variance: float) -> float:
        """Independent yes-no outcomes with the same variance; one a patient where nothing varies."""
        scale = self.value * (1 - self.value)
        if scale <= 0 or variance <= 1e-18:
            return self.effective_patients
        return min(scale / variance, float(self.n))


def standardised_share(
    successes: Bools, of_class: Bools, among: Bools, groups: Integers, codes: Integers, *, n_clusters: int
) -> Standardised:
    """Share of `successes` in a class (sensitivity, specificity), each group in proportion to its share of everyone.

    ``sum_a P(a) share_a``, with P(a) the share of group a among all samples of both classes.

    Parameters
    ----------
    successes, of_class, among
        (n,) bool over the whole dataset; `among` holds both classes, and every group of it has samples of the class.
    groups
        (n,) group of each sample, numbered from 0.
    codes
        (n,) cluster numbers, below `n_clusters`.

    Source: Kamiran and Calders, Knowl. Inf. Syst. 33 (2012) 1 (weights); Keiding and Clayton, Stat. Sci. 29 (2014) 529
    (direct standardisation).

    Raises
    ------
    ValueError
        If a group has no sample of the class.
    """
    inside = among & of_class
    shares = _shares(groups, among)
    value_of = successes[inside].astype(np.float64)
    means = _means(value_of, groups[inside], shares.size)
    value = float(shares @ means)
    influence = np.zeros(len(groups))
    influence[among] = (means[groups[among]] - value) / among.sum()
    weights = _weights(shares, groups[inside])
    influence[inside] += weights * (value_of - means[groups[inside]])
    return _assembled(
        value,
        cluster_sums(influence, codes, n_clusters),
        among=among,
        n=int(inside.sum()),
        events=int(value_of.sum()),
        codes=codes,
        classes=[(weights, codes[inside])],
        ranking=False,
    )


def standardised_auroc(
    scores: Floats, positive: Bools, among: Bools, groups: Integers, codes: Integers, *, n_clusters: int
) -> Standardised:
    """AUROC with each group in the same proportion among positives and among negatives: its share of everyone.

    ``sum_ab P(a) P(b) AUROC(positives of a, negatives of b)``. Shapes and errors: `standardised_share`.
    """
    above, below = among & positive, among & ~positive
    shares = _shares(groups, among)
    per_positive, per_negative = (_weights(shares, groups[inside]) for inside in (above, below))
    won = _weighted_share_below(scores[above], scores[below], per_negative)
    beaten = 1 - _weighted_share_below(scores[below], scores[above], per_positive)
    value = float(per_positive @ won)
    by_positives = _means(won, groups[above], shares.size)
    by_negatives = _means(beaten, groups[below], shares.size)
    influence = np.zeros(len(groups))
    influence[among] = ((by_positives + by_negatives)[groups[among]] - 2 * value) / among.sum()
    influence[above] += per_positive * (won - by_positives[groups[above]])
    influence[below] += per_negative * (beaten - by_negatives[groups[below]])
    return _assembled(
        value,
        cluster_sums(influence, codes, n_clusters),
        among=among,
        n=int(among.sum()),
        events=int(above.sum()),
        codes=codes,
        classes=[(per_positive, codes[above]), (per_negative, codes[below])],
        ranking=True,
    )


def effective_patients(weights: Floats, codes: Integers) -> float:
    """Return the number of equally weighted patients that would be worth as much.

    Source: Kish, Survey Sampling (1965), section 11.7.
    """
    sums = cluster_sums(weights, codes)
    return float(sums.sum() ** 2 / np.sum(sums**2))


def _shares(groups: Integers, among: Bools) -> Floats:
    counts = np.bincount(groups[among], minlength=int(groups.max()) + 1)
    found: Floats = counts / counts.sum()
    return found


def _weights(shares: Floats, groups: Integers) -> Floats:
    """Return the weight of each sample of a class, of its group's share of everyone; they sum to 1."""
    counts = np.bincount(groups, minlength=shares.size)
    if (counts[shares > 0] == 0).any():
        raise ValueError("a group has no sample of this class, so that nothing can stand for its share of everyone")
    return np.asarray((shares / np.maximum(counts, 1))[groups], dtype=np.float64)


def _means(values: Floats, groups: Integers, n_groups: int) -> Floats:
    counts = np.maximum(np.bincount(groups, minlength=n_groups), 1)
    return np.asarray(cluster_sums(values, groups, n_groups) / counts, dtype=np.float64)


def _weighted_share_below(scores: Floats, others: Floats, weights: Floats) -> Floats:
    """Return for every score the weight of the others that are lower, equal ones half; the weights sum to 1."""
    order = np.argsort(others, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weights[order])])
    lower = total[np.searchsorted(others[order], scores, side="left")]
    up_to = total[np.searchsorted(others[order], scores, side="right")]
    found: Floats = (lower + up_to) / 2
    return found


def _assembled(
    value: float,
    influence: Floats,
    *,
    among: Bools,
    n: int,
    events: int,
    codes: Integers,
    classes: list[tuple[Floats, Integers]],
    ranking: bool,
) -> Standardised:
    n_clusters = count_clusters(codes[among])
    factor = n_clusters / (n_clusters - 1) if n_clusters > 1 else 0.0
    return Standardised(
        value=min(max(value, 0.0), 1.0),
        influence=influence,
        variance=factor * float(np.sum(influence**2)),
        n=n,
        n_clusters=n_clusters,
        events=events,
        effective_patients=min(effective_patients(weights, inside) for weights, inside in classes),
        patients=min(count_clusters(inside) for _, inside in classes),
        ranking=ranking,
    )
