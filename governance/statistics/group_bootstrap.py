"""Are the groups alike, where group names cannot be dealt out anew: a cluster bootstrap of studentised differences.

An attribute that varies within some patients only (a scanner that a few patients met twice), or a ranking whose groups
share patients, leaves nothing to permute. Here patients are drawn with replacement, each with all samples, and the
differences of a replicate are measured from those in the data, over their own standard errors. That is the
distribution of the studentised differences if the groups were alike, whatever patients they share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from governance.statistics.clusters import Floats, Integers, cluster_codes, cluster_sums
from governance.statistics.permutation import named
from governance.statistics.resampling import cluster_weights

_ENTRIES = 1 << 21
"""Entries of a chunk of replicates: 16 MiB."""
_ROUNDING = 1e-9
"""A variance this much smaller than that of one patient is 0 but for rounding."""

Values = Callable[[Floats], tuple[Floats, list[Floats]]]
"""From (rows, C) weights to (rows, k) values and the (rows, C) influence of each patient on each of them."""


@dataclass(frozen=True)
class BootstrapTest:
    """Result of a test of the hypothesis that all groups have the same value.

    Attributes
    ----------
    names, values
        (k,) groups in sorted order, and the metric of each.
    first, second
        The pair with the largest studentised difference, the larger value first.
    statistic
        That studentised difference, not negative.
    p_value
        ``(1 + #{replicates at least as large}) / (1 + replicates)``, over all pairs at once.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    first: str
    second: str
    statistic: float
    p_value: float
    replicates: int
    n_clusters: int

    @property
    def gap(self) -> float:
        """Largest value less the smallest."""
        return max(self.values) - min(self.values)

    @property
    def method(self) -> str:
        """Name that can be printed."""
        return f"studentised cluster bootstrap, {self.replicates:,} replicates of patients"


def bootstrapped_ratios(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    groups: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    replicates: int = 4999,
    seed: int,
) -> BootstrapTest:
    """Test whether a ratio of sums (a mean, a proportion) is the same in all groups, which may share patients.

    The statistic is the largest ``|a - b| / sqrt(variance)`` over all pairs, with ``variance = C / (C - 1) sum_c w_c
    (f_ca - f_cb)^2``, f being the influence of patient c on each ratio and w how often the patient was drawn. In a
    replicate the difference in the data is taken off first. A replicate that draws no patient of a group counts as at
    least as large.

    Parameters
    ----------
    numerator, denominator, groups, clusters
        (n,) as in `governance.statistics.permutation.permuted_ratios`.

    Source: Hall, The Bootstrap and Edgeworth Expansion (1992), section 3.10 (studentised differences under the
    hypothesis); Field and Welsh, J. R. Stat. Soc. B 69 (2007) 369 (clusters); Cameron, Gelbach and Miller, Rev. Econ.
    Stat. 90 (2008) 414 (clustered t statistics).

    Raises
    ------
    ValueError
        If there is one group only, or a group has fewer than two patients.
    """
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    used = bottom != 0
    top, bottom = top[used], bottom[used]
    names, group = named(np.asarray(groups)[used])
    patient = cluster_codes(np.asarray(clusters)[used])
    n_clusters = int(patient.max()) + 1
    over, under = (_by_patient(part, patient, group, n_clusters, len(names)) for part in (top, bottom))
    off = top - top.sum() / bottom.sum() * bottom
    worth = float(np.sum(off**2)) / max(off.size - 1, 1)

    def values(weights: Floats) -> tuple[Floats, list[Floats]]:
        total = weights @ under
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = weights @ over / total
            influence = [(over[:, g] - found[:, [g]] * under[:, g]) / total[:, [g]] for g in range(len(names))]
        return found, influence

    patients = _patients(patient, group, len(names))
    return _Pairs(values, worth / under.sum(axis=0) ** 2, n_clusters).test(names, patients, replicates, seed)


def bootstrapped_aurocs(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    groups: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    replicates: int = 1999,
    seed: int,
) -> BootstrapTest:
    """Test whether the AUROC is the same in all groups, which may share patients; as `bootstrapped_ratios`.

    The influences are the placements of a patient's samples, as in Obuchowski's variance, in groups that share
    patients. A replicate that leaves a group without a class counts as at least as large.

    Source: as `bootstrapped_ratios`; Obuchowski, Biometrics 53 (1997) 567 (placements by patient).

    Raises
    ------
    ValueError
        If there is one group only, or a group has positives or negatives of fewer than two patients.
    """
    score, positive = np.asarray(scores, dtype=np.float64), np.asarray(labels).astype(bool)
    names, group = named(groups)
    patient = cluster_codes(clusters)
    n_clusters = int(patient.max()) + 1
    ranked = [_Ranked.of(score, positive, patient, group == g, n_clusters) for g in range(len(names))]
    by_class = [_patients(patient[chosen], group[chosen], len(names)) for chosen in (positive, ~positive)]

    def values(weights: Floats) -> tuple[Floats, list[Floats]]:
        found = [one.auroc(weights) for one in ranked]
        return np.column_stack([value for value, _ in found]), [influence for _, influence in found]

    fewest = np.minimum(*by_class)
    one_patient: Floats = np.sum([1 / np.maximum(patients, 1) ** 2.0 for patients in by_class], axis=0)
    return _Pairs(values, one_patient, n_clusters).test(names, fewest, replicates, seed)


@dataclass(frozen=True)
class _Ranked:
    """(scores, C) numbers of positives and negatives of each patient at each distinct score of a group, ascending."""

    positives: sparse.csr_array
    negatives: sparse.csr_array

    @classmethod
    def of(
        cls,
        score: Floats,
        positive: npt.NDArray[np.bool_],
        patient: Integers,
        inside: npt.NDArray[np.bool_],
        n_clusters: int,
    ) -> _Ranked:
        levels = np.unique(score[inside], return_inverse=True)[1].reshape(-1)
        height = int(levels.max()) + 1

        def counts(chosen: npt.NDArray[np.bool_]) -> sparse.csr_array:
            at = (levels[chosen], patient[inside][chosen])
            return sparse.coo_array((np.ones(at[0].size), at), shape=(height, n_clusters)).tocsr()

        return cls(counts(positive[inside]), counts(~positive[inside]))

    def auroc(self, weights: Floats) -> tuple[Floats, Floats]:
        """(rows,) AUROC under (rows, C) weights, and the (rows, C) influence of each patient drawn once."""
        at_positives, at_negatives = (np.asarray((part @ weights.T).T) for part in (self.positives, self.negatives))
        m, n = at_positives.sum(axis=1, keepdims=True), at_negatives.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            below = (np.cumsum(at_negatives, axis=1) - at_negatives / 2) / n
            above = 1 - (np.cumsum(at_positives, axis=1) - at_positives / 2) / m
            value = np.sum(at_positives * below, axis=1, keepdims=True) / m
            influence = (below @ self.positives - value * self.positives.sum(axis=0)) / m
            influence += (above @ self.negatives - value * self.negatives.sum(axis=0)) / n
        return value[:, 0], np.asarray(influence)


@dataclass(frozen=True)
class _Pairs:
    """All pairs of groups, as differences over their standard errors between patients.

    Attributes
    ----------
    one_patient
        (k,) variance that a value would have if one unit of it varied: it stands in where nothing does.
    """

    values: Values
    one_patient: Floats
    n_clusters: int

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Numbers of the groups of each pair."""
        return list(combinations(range(self.one_patient.size), 2))

    def studentised(self, weights: Floats, centre: Floats) -> tuple[Floats, Floats]:
        """(rows, k) values, and (rows, pairs) differences less the (pairs,) `centre` over their standard errors."""
        found, influence = self.values(weights)
        over_error = np.empty((len(weights), len(self.pairs)))
        factor = self.n_clusters / (self.n_clusters - 1)
        for place, (i, j) in enumerate(self.pairs):
            variance = factor * np.sum(weights * (influence[i] - influence[j]) ** 2, axis=1)
            one = float(self.one_patient[i] + self.one_patient[j])
            difference = found[:, i] - found[:, j] - centre[place]
            error = np.sqrt(np.where(variance <= _ROUNDING * one, one, variance))
            over_error[:, place] = np.divide(difference, error, out=np.full(error.shape, np.nan), where=error > 0)
        return found, over_error

    def test(self, names: tuple[str, ...], patients: Integers, replicates: int, seed: int) -> BootstrapTest:
        """Compare the largest studentised difference with those of the replicates.

        Parameters
        ----------
        patients
            (k,) patients of each group; for a ranking of the class with fewer.
        """
        if replicates < 99:
            raise ValueError(f"a bootstrap test needs at least 99 replicates, not {replicates}")
        if patients.min() < 2:
            raise ValueError("each group needs at least two patients with a value, for a ranking of each class")
        found, observed = self.studentised(np.ones((1, self.n_clusters)), np.zeros(len(self.pairs)))
        centre = np.array([found[0, i] - found[0, j] for i, j in self.pairs])
        sizes = np.abs(observed[0])
        largest, at_least = float(sizes.max()), 0
        edge = largest * (1 - 1e-10)  # the same statistic summed in another order
        chunk = max(1, _ENTRIES // (self.n_clusters * len(names)))
        for weights in cluster_weights(self.n_clusters, replicates, seed, chunk=chunk):
            maxima = np.abs(self.studentised(weights, centre)[1]).max(axis=1)
            at_least += int(np.count_nonzero(~(maxima < edge)))
        i, j = self.pairs[int(np.argmax(sizes))]
        first, second = (i, j) if found[0, i] >= found[0, j] else (j, i)
        return BootstrapTest(
            names=names,
            values=tuple(float(value) for value in found[0]),
            first=names[first],
            second=names[second],
            statistic=largest,
            p_value=(1 + at_least) / (1 + replicates),
            replicates=replicates,
            n_clusters=self.n_clusters,
        )


def _by_patient(values: Floats, patient: Integers, group: Integers, n_clusters: int, k: int) -> Floats:
    """Sums (C, k) of (n,) values."""
    return cluster_sums(values, patient * k + group, n_clusters * k).reshape(n_clusters, k)


def _patients(patient: Integers, group: Integers, k: int) -> Integers:
    """Numbers (k,) of patients with a sample in each group."""
    return np.bincount(np.unique(patient * k + group) % k, minlength=k).astype(np.int64)
