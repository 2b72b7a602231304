"""What moved between two populations: the outcome within groups, the inputs within strata, and what follows from it.

The two populations have no patient in common. Estimators are described by influence values per patient of each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import special

from governance.statistics.bounds import Bounds, t_quantile
from governance.statistics.clusters import Floats, cluster_codes, cluster_sums
from governance.statistics.ranking import clustered_auroc

_USE = 0x73686966
"""Keeps the random numbers of these tests apart from those of others with the same seed."""
_ENTRIES = 1 << 22
"""Numbers that a chunk of permutations holds."""


@dataclass(frozen=True)
class Combined:
    """An estimate made of estimates from independent populations.

    Attributes
    ----------
    influences
        For each population the influence of its patients; zeros for others do no harm.
    patients
        For each population how many patients the estimate rests on.
    """

    value: float
    influences: tuple[Floats, ...] = field(repr=False)
    patients: tuple[int, ...]

    @property
    def variance(self) -> float:
        """Sum over the populations of ``C / (C - 1) * sum(influence ** 2)``."""
        return sum(self._parts())

    @property
    def freedom(self) -> float:
        """Degrees of freedom by Satterthwaite's formula."""
        parts = self._parts()
        below = sum(part**2 / (count - 1) for part, count in zip(parts, self.patients, strict=True) if part > 0)
        return sum(parts) ** 2 / below if below > 0 else 0.0

    def interval(self, level: float = 0.95, *, low: float = -math.inf, high: float = math.inf) -> Bounds:
        """Student's t interval with Satterthwaite's degrees of freedom, inside [low, high].

        Source: Satterthwaite, Biometrics Bull. 2 (1946) 110; Liang and Zeger, Biometrika 73 (1986) 13.

        Raises
        ------
        ValueError
            If nothing varies between patients.
        """
        error = self._standard_error()
        half = t_quantile(level, self.freedom) * error
        method = "cluster-robust Student's t, Satterthwaite"
        return Bounds(self.value - half, self.value + half, method).clipped(low, high)

    def p_value(self, null: float = 0.0) -> float:
        """Two-sided p-value of the t test that the value is `null`.

        Raises
        ------
        ValueError
            If nothing varies between patients.
        """
        error = self._standard_error()
        return float(2 * special.stdtr(self.freedom, -abs(self.value - null) / error))

    def _standard_error(self) -> float:
        if self.variance <= _NO_VARIANCE:
            raise ValueError("nothing varies between patients, so the uncertainty is not known")
        return math.sqrt(self.variance)

    def _parts(self) -> list[float]:
        return [
            count / (count - 1) * float(np.sum(part**2)) if count > 1 else 0.0
            for part, count in zip(self.influences, self.patients, strict=True)
        ]


_NO_VARIANCE = 1e-30


def adjusted_difference(
    outcome: npt.ArrayLike, second: npt.ArrayLike, strata: npt.ArrayLike, clusters: npt.ArrayLike
) -> Combined:
    """Mean over strata of the difference in means, second population less first.

    Strata are weighted by ``n1 n2 / (n1 + n2)``, the weights of the Mantel-Haenszel risk difference; strata that occur
    in one population only have the weight 0.

    Parameters
    ----------
    outcome
        (n,) 0/1 or any number.
    second
        (n,) bool: samples of the second population.
    strata, clusters
        (n,) names of strata and of patients.

    Source: Greenland and Robins, Biometrics 41 (1985) 55; the variance is that of the influence values with the weights
    held fixed.

    Raises
    ------
    ValueError
        If no stratum has samples of both populations.
    """
    y, later = np.asarray(outcome, dtype=np.float64), np.asarray(second).astype(bool)
    stratum, codes = cluster_codes(strata), cluster_codes(clusters)
    k = int(stratum.max()) + 1
    sizes = [np.bincount(stratum[part], minlength=k).astype(np.float64) for part in (~later, later)]
    weights = np.divide(sizes[0] * sizes[1], sizes[0] + sizes[1], out=np.zeros(k), where=sizes[0] + sizes[1] > 0)
    if weights.sum() <= 0:
        raise ValueError("no stratum has samples of both populations")
    weights = weights / weights.sum()
    value, influences, patients = 0.0, [], []
    for part, size, sign in ((~later, sizes[0], -1.0), (later, sizes[1], 1.0)):
        mean = np.divide(
            np.bincount(stratum[part], weights=y[part], minlength=k), size, out=np.zeros(k), where=size > 0
        )
        value += sign * float(weights @ mean)
        share = np.divide(weights, size, out=np.zeros(k), where=size > 0)
        each = sign * share[stratum[part]] * (y[part] - mean[stratum[part]])
        influences.append(cluster_sums(each, cluster_codes(codes[part])))
        patients.append(np.unique(codes[part][weights[stratum[part]] > 0]).size)
    return Combined(value, tuple(influences), tuple(patients))


@dataclass(frozen=True)
class StratifiedTest:
    """A permutation test of equal outcomes in two populations within every stratum.

    Attributes
    ----------
    statistic
        Sum over strata of the squared studentised difference.
    """

    statistic: float
    p_value: float
    permutations: int
    strata: int

    @property
    def method(self) -> str:
        """Name that can be printed."""
        return f"stratified studentised permutation test, {self.permutations:,} permutations of patients"


def stratified_permutation(
    outcome: npt.ArrayLike,
    second: npt.ArrayLike,
    strata: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    permutations: int = 1999,
    seed: int = 0,
) -> StratifiedTest:
    """Test whether the mean outcome is the same in both populations within every stratum.

    Patients change places between the populations within their stratum. A patient with samples in several strata is
    one unit in each; such units are permuted independently, which is why strata should be constant within patients.

    Source: Janssen, Stat. Probab. Lett. 36 (1997) 9 (studentised permutation); Mantel and Haenszel, J. Natl. Cancer
    Inst. 22 (1959) 719 (stratification); Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010) 39 (p-value).

    Raises
    ------
    ValueError
        If no stratum has two patients of each population.
    """
    y, later = np.asarray(outcome, dtype=np.float64), np.asarray(second).astype(bool)
    stratum, codes = cluster_codes(strata), cluster_codes(clusters)
    stream = np.random.Generator(np.random.Philox(key=[seed, _USE]))
    units = []
    for number in range(int(stratum.max()) + 1):
        inside = stratum == number
        patient = cluster_codes(codes[inside])
        top, bottom = cluster_sums(y[inside], patient), cluster_sums(np.ones(int(inside.sum())), patient)
        belongs = np.zeros(top.size, dtype=bool)
        belongs[patient] = later[inside]
        if min(int(belongs.sum()), int((~belongs).sum())) >= 2:
            units.append((top, bottom, belongs))
    if not units:
        raise ValueError("no stratum has two patients of each population")
    observed = sum(float(_squared(top, bottom, belongs[None, :])[0]) for top, bottom, belongs in units)
    totals = np.zeros(permutations)
    for top, bottom, belongs in units:
        rows = max(1, _ENTRIES // belongs.size)
        for start in range(0, permutations, rows):
            count = min(rows, permutations - start)
            dealt = stream.permuted(np.tile(belongs, (count, 1)), axis=1)
            totals[start : start + count] += _squared(top, bottom, dealt)
    at_least = int(np.count_nonzero(~(totals < observed * (1 - 1e-10))))
    return StratifiedTest(observed, (1 + at_least) / (1 + permutations), permutations, len(units))


def _squared(top: Floats, bottom: Floats, second: npt.NDArray[np.bool_]) -> Floats:
    """Squared studentised difference of two ratios of sums for each row of memberships (k, C)."""
    difference, variance = np.zeros(len(second)), np.zeros(len(second))
    for members, sign in ((~second, -1.0), (second, 1.0)):
        inside = members.astype(np.float64)
        size, total, count = inside @ bottom, inside @ top, inside.sum(axis=1)
        mean = total / size
        squares = inside @ top**2 - 2 * mean * (inside @ (top * bottom)) + mean**2 * (inside @ bottom**2)
        difference += sign * mean
        variance += count / (count - 1) * np.maximum(squares, 0.0) / size**2
    # Populations that do not vary differ infinitely, or not at all.
    found: Floats = np.divide(
        difference**2, variance, out=np.where(np.abs(difference) > 1e-12, np.inf, 0.0), where=variance > 1e-30
    )
    return found


def stratified_ranking(
    scores: npt.ArrayLike, second: npt.ArrayLike, strata: npt.ArrayLike, clusters: npt.ArrayLike
) -> tuple[Combined, int]:
    """Probability that a sample of the second population scores higher than one of the first in the same stratum.

    The mean over strata of the AUROC of the population, weighted by ``n1 n2 / (n1 + n2 + 1)`` as in van Elteren's test;
    0.5 where the populations cannot be told apart by the score. Also returns how many strata had both.

    Parameters
    ----------
    scores, second, strata, clusters
        (n,) as in `adjusted_difference`.

    Source: van Elteren, Bull. Int. Stat. Inst. 37 (1960) 351 (weights); Obuchowski, Biometrics 53 (1997) 567
    (variance).

    Raises
    ------
    ValueError
        If no stratum has two patients of each population.
    """
    score, later = np.asarray(scores, dtype=np.float64), np.asarray(second).astype(bool)
    stratum, codes = cluster_codes(strata), cluster_codes(clusters)
    n_clusters, used = int(codes.max()) + 1, []
    for number in range(int(stratum.max()) + 1):
        inside = stratum == number
        patients = [np.unique(codes[inside & part]).size for part in (~later, later)]
        if min(patients) < 2:
            continue
        found = clustered_auroc(score[inside], later[inside], codes[inside])
        sizes = [int(np.sum(inside & part)) for part in (~later, later)]
        used.append((sizes[0] * sizes[1] / (sizes[0] + sizes[1] + 1), found, np.unique(codes[inside])))
    if not used:
        raise ValueError("no stratum has two patients of each population")
    total = sum(weight for weight, _, _ in used)
    value, influence = 0.0, np.zeros(n_clusters)
    for weight, found, patients_of in used:
        value += weight / total * found.value
        influence[patients_of] += weight / total * found.influence
    belongs, involved = np.zeros(n_clusters, dtype=bool), np.zeros(n_clusters, dtype=bool)
    belongs[codes] = later
    involved[np.concatenate([patients_of for _, _, patients_of in used])] = True
    parts = [involved & side for side in (~belongs, belongs)]
    return Combined(value, tuple(influence[part] for part in parts), tuple(int(part.sum()) for part in parts)), len(
        used
    )


def estimated_prevalence(
    flagged: tuple[float, Floats],
    sensitivity: tuple[float, Floats],
    false_positive_rate: tuple[float, Floats],
    *,
    patients: tuple[int, int],
) -> Combined:
    """Prevalence in a population without labels, if the model errs there as it did where labels are known.

    ``(q - f) / (s - f)`` with q the share flagged there, s and f sensitivity and false positive rate here; by chance it
    can lie outside [0, 1]. It rests on the inputs of each class being the same in both populations (label shift).

    Parameters
    ----------
    flagged
        Share flagged in the unlabelled population with its (C,) influence values.
    sensitivity, false_positive_rate
        In the labelled population, both with influence values over the same patients.
    patients
        In the unlabelled and in the labelled population.

    Source: Rogan and Gladen, Am. J. Epidemiol. 107 (1978) 71; Lipton, Wang and Smola, ICML (2018) 3128 (label shift).

    Raises
    ------
    ValueError
        If sensitivity does not exceed the false positive rate: flags then say nothing about the outcome.
    """
    (q, of_q), (s, of_s), (f, of_f) = flagged, sensitivity, false_positive_rate
    told = s - f
    if told <= 0:
        raise ValueError("the model flags those with the condition no more often than others")
    raw = (q - f) / told
    labelled = (-(1 - raw) * of_f - raw * of_s) / told
    return Combined(raw, (of_q / told, labelled), patients)


def at_prevalence(share: float, odds: float) -> float:
    """Predictive value at a prevalence `share` where errors and hits have the ratio `odds`.

    ``p / (p + odds (1 - p))`` with odds = false positive rate / sensitivity for the positive predictive value at
    prevalence p, and odds = false negative rate / specificity for the negative one at 1 - p.

    Source: Altman and Bland, BMJ 309 (1994) 102.
    """
    return share / (share + odds * (1 - share)) if share > 0 else 0.0
