"""Groups of samples with like features, and how stable they are. scikit-learn is imported when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluators.fairness.proxies.options import ClusteringMethod
from governance.statistics.bounds import Bounds, t_quantile
from governance.statistics.clusters import Floats, Integers

UNASSIGNED = 0
"""Label of samples that a density-based method puts into no group."""
ABSENT = -1
"""Label of samples that a fit did not see and cannot place."""

PART_OF_PATIENTS = 0.8
"""Share of the patients that each fit for the stability sees."""
STARTS = 10
"""Random starts of k-means, the best of which counts."""
PERPLEXITY = 30.0
"""Of t-SNE: the default of its authors' range of 5 to 50; van der Maaten and Hinton, J. Mach. Learn. Res. 9 (2008)."""
REACHED = 0.95
"""DBSCAN's radius reaches the neighbours of this share of the samples. The published method names no radius."""


@dataclass(frozen=True)
class Clustering:
    """How groups are found. `groups` is for k-means, `smallest_group` for the others."""

    method: ClusteringMethod
    groups: int
    smallest_group: int
    components: int

    def describe(self) -> str:
        """Return the method in words."""
        if self.method == "kmeans":
            return f"k-means, {self.groups} groups, on {self.components} principal components"
        if self.method == "hdbscan":
            return f"HDBSCAN, at least {self.smallest_group} samples, on {self.components} principal components"
        return f"DBSCAN, at least {self.smallest_group} samples, on t-SNE of {self.components} principal components"

    def labels(self, fitted: Floats, placed: Floats | None = None, *, seed: int) -> Integers:
        """Find groups and return the label of every sample: 1 is the largest group, `UNASSIGNED` is none.

        Equal arguments give equal labels on one machine: random starts are seeded, and one thread computes, because
        the order of sums depends on their number.

        Parameters
        ----------
        fitted
            (n, d) features to find the groups in.
        placed
            (m, d) features to place into the groups of `fitted`; `fitted` itself without them. K-means only.

        Returns
        -------
        (m,) int
            Numbered by size; groups of equal size by the first sample.
        """
        if not np.any(fitted != fitted[:1]):
            return np.ones(len(fitted if placed is None else placed), dtype=np.int64)  # nothing tells samples apart
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(limits=1):
            if self.method == "kmeans":
                return by_size(self._kmeans(fitted, fitted if placed is None else placed, seed))
            if placed is not None:
                raise ValueError(f"{self.method} cannot place samples that it has not seen")
            return by_size(self._hdbscan(fitted) if self.method == "hdbscan" else self._dbscan(fitted, seed))

    def _reduction(self, fitted: Floats) -> Any:
        from sklearn.decomposition import PCA

        components = min(self.components, fitted.shape[1], len(fitted) - 1)
        return PCA(components, svd_solver="covariance_eigh").fit(fitted)

    def _kmeans(self, fitted: Floats, placed: Floats, seed: int) -> Integers:
        from sklearn.cluster import KMeans

        reduction = self._reduction(fitted)
        found = KMeans(self.groups, n_init=STARTS, random_state=seed).fit(reduction.transform(fitted))
        labels: Integers = found.predict(reduction.transform(placed)).astype(np.int64)
        return labels

    def _hdbscan(self, fitted: Floats) -> Integers:
        from sklearn.cluster import HDBSCAN

        reduced = self._reduction(fitted).transform(fitted)
        labels: Integers = HDBSCAN(self.smallest_group, n_jobs=1, copy=True).fit_predict(reduced).astype(np.int64)
        return labels

    def _dbscan(self, fitted: Floats, seed: int) -> Integers:
        from sklearn.cluster import DBSCAN
        from sklearn.manifold import TSNE
        from sklearn.neighbors import NearestNeighbors

        reduced = self._reduction(fitted).transform(fitted)
        perplexity = min(PERPLEXITY, (len(fitted) - 1) / 3)
        map_ = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1).fit_transform(reduced)
        neighbours = min(self.smallest_group, len(fitted)) - 1
        distances = NearestNeighbors(n_neighbors=neighbours).fit(map_).kneighbors()[0][:, -1]
        radius = float(np.quantile(distances, REACHED))
        labels: Integers = DBSCAN(eps=radius, min_samples=self.smallest_group).fit_predict(map_).astype(np.int64)
        return labels


def by_size(labels: npt.ArrayLike) -> Integers:
    """Number groups from 1 by size, the largest first and equal ones by their first sample; negative ones become 0."""
    given = np.asarray(labels, dtype=np.int64)
    groups, first, inverse, counts = np.unique(given, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -counts))
    numbers = np.zeros(groups.size, dtype=np.int64)
    kept = [group for group in order if groups[group] >= 0]
    numbers[kept] = np.arange(1, len(kept) + 1)
    found: Integers = numbers[inverse.reshape(-1)]
    return found


@dataclass(frozen=True)
class Stability:
    """Agreement of several fits.

    Attributes
    ----------
    agreement
        (s, s) adjusted Rand index of each pair of fits, on the samples that both place; 1 on the diagonal.
    """

    agreement: Floats

    @property
    def pairs(self) -> Floats:
        """The adjusted Rand index of every pair once."""
        found: Floats = self.agreement[np.triu_indices(len(self.agreement), 1)]
        return found

    @property
    def value(self) -> float:
        """Mean over pairs."""
        return float(self.pairs.mean())

    def interval(self, level: float) -> Bounds:
        """Interval of the mean over all fits that could be made of these patients, by leaving out one fit at a time.

        Source: Arvesen, Ann. Math. Stat. 40 (1969) 2076 (jackknife of a U-statistic), with Student's t.

        Raises
        ------
        ValueError
            If all pairs of fits agree alike.
        """
        count = len(self.agreement)
        total = self.agreement.sum() - count
        without = (total - 2 * (self.agreement.sum(axis=1) - 1)) / ((count - 1) * (count - 2))
        spread = float(np.sqrt((count - 1) / count * np.sum((without - without.mean()) ** 2)))
        if spread <= 1e-12:
            raise ValueError("all pairs of fits agree alike, which does not say how much further fits would differ")
        half = t_quantile(level, count - 1) * spread
        return Bounds(self.value - half, self.value + half, "jackknife over fits with Student's t").clipped(-0.5, 1.0)


def stability(
    clustering: Clustering, fitted: Floats, codes: Integers, placed: Floats | None, *, seeds: int, seed: int
) -> Stability:
    """Find the groups again on `PART_OF_PATIENTS` of the patients, from other random starts, and compare the fits.

    Two fits are compared on the samples that both place. Samples without a group count as a group of their own.

    Parameters
    ----------
    fitted
        (n, d) features to find groups in.
    codes
        (n,) patients of `fitted`, numbered from 0.
    placed
        (m, d) features to place; None where groups are found and judged in the same samples.

    Source: Ben-Hur, Elisseeff and Guyon, Pac. Symp. Biocomput. (2002) 6.
    """
    from sklearn.metrics import adjusted_rand_score

    labels = [_part(clustering, fitted, codes, placed, seed=seed + 1 + each) for each in range(seeds)]
    agreement = np.eye(seeds)
    for one, other in combinations(range(seeds), 2):
        both = (labels[one] != ABSENT) & (labels[other] != ABSENT)
        found = float(adjusted_rand_score(labels[one][both], labels[other][both]))
        agreement[one, other] = agreement[other, one] = found
    return Stability(agreement)


def _part(clustering: Clustering, fitted: Floats, codes: Integers, placed: Floats | None, *, seed: int) -> Integers:
    """Fit on a part of the patients and return the labels of all samples that are judged, `ABSENT` where not placed."""
    n_patients = int(codes.max()) + 1
    kept = np.random.default_rng(seed).permutation(n_patients)[: max(2, round(PART_OF_PATIENTS * n_patients))]
    seen = np.isin(codes, kept)
    if clustering.method == "kmeans":
        return clustering.labels(fitted[seen], fitted if placed is None else placed, seed=seed)
    labels = np.full(len(fitted), ABSENT, dtype=np.int64)
    labels[seen] = clustering.labels(fitted[seen], seed=seed)
    return labels
