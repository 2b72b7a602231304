"""How much fewer errors a model makes if it answers only where it is confident, with variances between patients.

All are functionals of the ranking by confidence. Their influence values are the derivatives of the sample's value with
respect to the weight of each sample; ties are broken in expectation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import special

from governance.statistics.bounds import Bounds, check_level, t_quantile
from governance.statistics.clusters import Floats, Integers, cluster_codes, cluster_sums, clustered_variance
from governance.statistics.proportions import clopper_pearson, clustered_wilson, gating_proportion

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RankedErrors:
    """Samples with their confidence and whether the model is wrong about them.

    `confidence` is (n,) float, higher means more confident; `error` is (n,) bool; `codes` numbers the (n,) clusters.
    """

    confidence: Floats
    error: Bools
    codes: Integers

    @classmethod
    def of(cls, confidence: npt.ArrayLike, error: npt.ArrayLike, clusters: npt.ArrayLike) -> RankedErrors:
        """Check the arrays.

        Raises
        ------
        ValueError
            If they are empty, not equally long, or a confidence is not a number.
        """
        found = np.asarray(confidence, dtype=np.float64)
        wrong, codes = np.asarray(error).astype(bool), cluster_codes(clusters)
        if found.ndim != 1 or found.size == 0 or not found.shape == wrong.shape == codes.shape:
            raise ValueError("confidence, errors and clusters must be equally long, one-dimensional and not empty")
        if np.isnan(found).any():
            raise ValueError("a confidence is not a number")
        return cls(found, wrong, codes)

    @property
    def n(self) -> int:
        """Number of samples."""
        return self.confidence.size

    @property
    def risk(self) -> float:
        """Share of errors among all samples."""
        return float(self.error.mean())

    @cached_property
    def blocks(self) -> tuple[Integers, Integers, Integers, Integers]:
        """Per sample the number of its confidence, highest first; per such block its first place, size and errors."""
        _, inverse = np.unique(-self.confidence, return_inverse=True)
        block = inverse.reshape(-1).astype(np.int64)
        size = np.bincount(block)
        wrong = np.bincount(block, weights=self.error).astype(np.int64)
        return block, np.cumsum(size) - size, size, wrong

    def curve(self) -> tuple[Floats, Floats]:
        """Return (k,) coverages and (k,) risks, one at each distinct confidence: answer it and all above."""
        _, start, size, wrong = self.blocks
        answered = start + size
        return answered / self.n, np.cumsum(wrong) / answered


@dataclass(frozen=True)
class RiskArea:
    """An area under the risk-coverage curve with what its interval needs.

    Attributes
    ----------
    influence
        (C,) influence of each cluster, in the order of the sorted cluster identifiers.
    variance
        None with fewer than two clusters.
    wrong_clusters, right_clusters
        Clusters that hold an error, and that hold a right answer.
    """

    value: float
    n: int
    n_clusters: int
    errors: int
    influence: Floats
    variance: float | None
    wrong_clusters: int
    right_clusters: int


def risk_coverage_area(ranked: RankedErrors) -> RiskArea:
    """Mean over all coverages of the share of errors among the most confident: ``AURC = 1/n sum_k risk_k``.

    ``risk_k`` is the share of errors among the k most confident samples. 0 to 1, lower is better; confidence that says
    nothing gives the error rate.

    Source: Geifman and El-Yaniv, NeurIPS (2017) (risk and coverage); Geifman, Uziel and El-Yaniv, ICLR (2019), section
    2 (area); Ding et al., CVPR workshops (2020) (as an average). Influence values: derived here.
    """
    weight, fall = _weights(ranked)
    value = float(np.sum(ranked.error * weight) / ranked.n)
    influence = (ranked.error * weight - value - (fall - ranked.risk)) / ranked.n
    return _area(value, influence, ranked)


def excess_risk_coverage_area(ranked: RankedErrors) -> RiskArea:
    """Area less that of a perfect ranking with as many errors: what better confidence could gain. Lower is better.

    The perfect ranking puts every error last: ``1/n sum_{k > n - e} (k - (n - e)) / k``. For many samples this is
    ``r + (1 - r) ln(1 - r)`` with the error rate r, the form that the source gives.

    Source: Geifman, Uziel and El-Yaniv, ICLR (2019), section 2 (excess AURC).
    """
    whole = risk_coverage_area(ranked)
    risk = ranked.risk
    slope = -np.log1p(-risk) if risk < 1 else 0.0
    best = slope * (ranked.error - risk) / ranked.n
    influence = whole.influence - cluster_sums(best, ranked.codes, whole.n_clusters)
    return _described(max(0.0, whole.value - least_area(whole.errors, ranked.n)), influence, ranked)


def least_area(errors: int, n: int) -> float:
    """Area of the ranking of `n` samples that puts all `errors` last."""
    places = np.arange(n - errors + 1, n + 1)
    return float(np.sum((places - (n - errors)) / places) / n)


def area_interval(area: RiskArea, level: float = 0.95) -> Bounds:
    """Student's t interval on the logit scale, t on the clusters of the rarer kind (with an error, or right), less one.

    Where fewer than two patients have an error, or a right answer, nothing is known of how they vary; the interval is
    then what the share of errors leaves possible whatever their ranks (`_bounded`).

    Source: this project.

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    if area.variance is None:
        raise ValueError("an interval needs at least two independent clusters")
    rarer = min(area.wrong_clusters, area.right_clusters)
    if rarer < _FEWEST or area.variance <= _ZERO or not 0 < area.value < 1:
        return _bounded(area, level)
    half = t_quantile(level, rarer - 1) * float(np.sqrt(area.variance)) / (area.value * (1 - area.value))
    centre = float(special.logit(area.value))
    low, high = (float(special.expit(centre + sign * half)) for sign in (-1, 1))
    return Bounds(low, high, "influence per patient, Student's t on the logit scale")


def gating_area(area: RiskArea, level: float = 0.95) -> Bounds:
    """Interval for verdicts: `area_interval` at a quarter of the error.

    An area is skewed where errors are few: in simulations such as those of its tests, 95 % intervals lay below the
    truth in up to 6 % of samples instead of 2.5 %, those at half the error in up to 3.2 %.
    """
    ends = area_interval(area, (3 + check_level(level)) / 4)
    return Bounds(ends.low, ends.high, f"{ends.method}, at a quarter of the error")


def _bounded(area: RiskArea, level: float) -> Bounds:
    """What the share of errors leaves possible for the area, whatever their ranks.

    A share r of errors has an area from ``r + (1 - r) ln(1 - r)`` (all last) to ``r (1 - ln r)`` (all first). The share
    is taken as if each patient were one sample.
    """
    share = area.errors / area.n
    ends = clopper_pearson(min(share * area.n_clusters, area.n_clusters), area.n_clusters, level)
    low = ends.low + float(special.xlog1py(1 - ends.low, -ends.low)) if ends.low < 1 else 1.0
    high = ends.high - float(special.xlogy(ends.high, ends.high))
    return Bounds(min(low, area.value), max(high, area.value), "Clopper-Pearson on patients, any ranking")


_ZERO = 1e-18
"""As in `governance.statistics.ranking`."""
_FEWEST = 2
"""Clusters of either kind below which nothing is known of how they vary."""


def _weights(ranked: RankedErrors) -> tuple[Floats, Floats]:
    """Return (n,) what an error adds to the area times n, and (n,) the pull of a sample on the areas of those below.

    An error at place j of n adds 1/k to every k from j on: ``H_n - H_(j-1)``. A sample of the rank of or above an error
    thins it out.
    """
    block, start, size, wrong = ranked.blocks
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, ranked.n + 1))])
    # Mean of H over the places of a block: the sum of H_0 .. H_m is (m + 1) H_(m+1) - (m + 1).
    total = np.concatenate([[0.0], np.cumsum(harmonic[:-1])])
    weight = harmonic[-1] - (total[start + size] - total[start]) / size
    thinned = np.cumsum((wrong / (start + size))[::-1])[::-1]
    return weight[block], thinned[block]


def _area(value: float, influence: Floats, ranked: RankedErrors) -> RiskArea:
    n_clusters = int(ranked.codes.max()) + 1
    return _described(value, cluster_sums(influence, ranked.codes, n_clusters), ranked)


def _described(value: float, by_cluster: Floats, ranked: RankedErrors) -> RiskArea:
    n_clusters = by_cluster.size
    varies = n_clusters >= _FEWEST
    return RiskArea(
        value=value,
        n=ranked.n,
        n_clusters=n_clusters,
        errors=int(ranked.error.sum()),
        influence=by_cluster,
        variance=float(n_clusters / (n_clusters - 1) * np.sum(by_cluster**2)) if varies else None,
        wrong_clusters=int(np.unique(ranked.codes[ranked.error]).size),
        right_clusters=int(np.unique(ranked.codes[~ranked.error]).size),
    )


@dataclass(frozen=True)
class Answered:
    """What happens to some samples if only those at or above a confidence are answered.

    Attributes
    ----------
    threshold
        The lowest confidence that is answered.
    coverage
        Share of all samples that is answered; more than asked for where confidences are equal.
    answered
        (n,) bool.
    widening
        How much wider an interval is because the threshold was found on the same samples: the square root of the
        variance with it over that without it, at least 1.
    influence
        (C,) influence of each cluster on the share of errors among the answered samples of the part.
    """

    threshold: float
    coverage: float
    answered: Bools
    widening: float
    influence: Floats


def answered_at(ranked: RankedErrors, coverage: float, part: npt.ArrayLike | None = None) -> Answered:
    """Answer the most confident share of all samples; look at the errors in a part of them.

    Parameters
    ----------
    coverage
        In (0, 1]: the smallest share that shall be answered.
    part
        (n,) bool: the group that is looked at; everyone without it. The threshold is everyone's.

    Source: Geifman and El-Yaniv, NeurIPS (2017), section 2 (selective risk); the variance by the delta method, with
    what samples next to the threshold are like estimated from those within `_BESIDE` of all samples on either side.

    Raises
    ------
    ValueError
        If the coverage is not in (0, 1].
    """
    if not 0 < coverage <= 1:
        raise ValueError(f"a coverage lies above 0 and is at most 1, not {coverage}")
    inside = np.ones(ranked.n, dtype=bool) if part is None else np.asarray(part).astype(bool)
    order = np.argsort(-ranked.confidence, kind="stable")
    count = int(np.ceil(coverage * ranked.n - 1e-9))
    threshold = float(ranked.confidence[order[count - 1]])
    answered: Bools = ranked.confidence >= threshold
    share = float(answered.mean())
    seen = answered & inside
    p = float(seen.mean())
    n_clusters = int(ranked.codes.max()) + 1
    if p == 0:
        return Answered(threshold, share, answered, 1.0, np.zeros(n_clusters))
    risk = float(ranked.error[seen].mean())
    fixed = seen * (ranked.error - risk) / p / ranked.n
    moved = fixed
    if share < 1:
        reach = max(_LEAST_BESIDE, int(_BESIDE * ranked.n))
        beside = order[max(0, count - reach) : count + reach]
        here = inside[beside]
        if here.any():
            excess = float(ranked.error[beside][here].mean()) - risk
            moved = fixed - excess * float(here.mean()) / p * (answered - share) / ranked.n
    ratio = 1.0
    if n_clusters >= _FEWEST:
        without = clustered_variance(fixed, ranked.codes)
        ratio = clustered_variance(moved, ranked.codes) / without if without > _ZERO else 1.0
    widening = float(np.sqrt(max(1.0, ratio)))
    return Answered(threshold, share, answered, widening, cluster_sums(moved, ranked.codes, n_clusters))


_BESIDE, _LEAST_BESIDE = 0.05, 10
"""Samples on either side of the threshold that tell what errors are like there: a share of all, at least so many."""


def selective_risk_interval(
    errors: npt.ArrayLike, clusters: npt.ArrayLike, widening: float, level: float = 0.95, *, gating: bool = False
) -> Bounds:
    """Interval of the share of errors among answered samples, widened because the threshold was found on them.

    Parameters
    ----------
    errors, clusters
        (m,) of the answered samples.
    widening
        From `answered_at`.
    gating
        Whether to start from the interval that verdicts rest on.

    Source: `governance.statistics.proportions`; the widening is this project's (see `answered_at`).

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    outcome = np.asarray(errors, dtype=np.float64)
    ends = (gating_proportion if gating else clustered_wilson)(outcome, clusters, level)
    value = float(outcome.mean())
    method = ends.method if widening == 1 else f"{ends.method}, widened for the threshold"
    low, high = value - widening * (value - ends.low), value + widening * (ends.high - value)
    return Bounds(low, high, method).clipped(0.0, 1.0)


def coverage_at_risk(ranked: RankedErrors, risk: float) -> float:
    """Largest share that can be answered with at most a share `risk` of errors among the answered; 0 where none can.

    Only whole blocks of equal confidence are answered.

    Source: Geifman and El-Yaniv, NeurIPS (2017), section 3 (the sample's value; their bound is not used here).
    """
    coverage, found = ranked.curve()
    fits = np.flatnonzero(found <= risk + 1e-12)
    return float(coverage[fits[-1]]) if fits.size else 0.0


def coverage_at_risk_interval(ranked: RankedErrors, risk: float, level: float = 0.95) -> Bounds:
    """Coverages that the intervals of the risk leave possible.

    From the largest coverage at which the upper end of the risk's interval is at most `risk`, to the largest one at
    which the lower end is. Looked at in `_STEPS` steps of all samples; each end is moved outwards by one of them.

    Source: inversion of `selective_risk_interval` (as Fieller, J. R. Stat. Soc. B 16 (1954) 175, for ratios).

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    value = coverage_at_risk(ranked, risk)
    low, high = 0.0, 0.0
    for coverage in np.linspace(1 / _STEPS, 1, _STEPS):
        part = answered_at(ranked, float(coverage))
        inside = part.answered
        if np.unique(ranked.codes[inside]).size < _FEWEST:
            continue
        ends = selective_risk_interval(ranked.error[inside], ranked.codes[inside], part.widening, level)
        low = part.coverage if ends.high <= risk else low
        high = part.coverage if ends.low <= risk else high
    ends = Bounds(min(low, value) - 1 / _STEPS, max(high, value) + 1 / _STEPS, "inverted intervals of the risk")
    return ends.clipped(0.0, 1.0)


_STEPS = 50
