"""Are the groups alike? Permutation tests that stay right when groups differ in size and in spread.

A permutation test deals the group names out anew. With a plain difference as its statistic it also reacts to unequal
variances and group sizes; with the difference over its own standard error, computed anew in every permutation, it does
not (in large samples), and is still exact where the groups are alike in every respect.

What is dealt out depends on the attribute. Constant within a patient (sex): patients change their group, with all
their samples. Varying within the patient (scanner, projection): samples change their group inside their patient. Where
it varies in some patients only, neither fits, and a ranking cannot be permuted within patients; there
`governance.statistics.group_bootstrap` draws patients instead (`permutable` says which it is).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from governance.statistics.clusters import cluster_codes
from governance.statistics.studentised import Statistic, between_patients, rankings, within_patients

Scheme = Literal["patients", "samples within patients"]
Codes = npt.NDArray[np.int64]

_USE = 0x7065726D
"""Second word of the generator's key: streams for different uses of one seed do not meet."""
_ENTRIES = 1 << 21
"""Entries of a chunk of permutations: 16 MiB."""


@dataclass(frozen=True)
class PermutationTest:
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
        ``(1 + #{permutations at least as large}) / (1 + permutations)``, over all pairs at once.
    permuted
        What was dealt out.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    first: str
    second: str
    statistic: float
    p_value: float
    permutations: int
    permuted: Scheme
    n_clusters: int

    @property
    def gap(self) -> float:
        """Largest value less the smallest."""
        return max(self.values) - min(self.values)

    @property
    def method(self) -> str:
        """Name that can be printed."""
        return f"studentised permutation test, {self.permutations:,} permutations of {self.permuted}"


def permuted_ratios(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    groups: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    permutations: int = 4999,
    seed: int,
) -> PermutationTest:
    """Test whether a ratio of sums (a mean, a proportion) is the same in all groups.

    The statistic is the largest ``|a - b| / sqrt(variance)`` over all pairs, with the variance between patients; see
    `governance.statistics.studentised`.

    Parameters
    ----------
    numerator, denominator
        (n,) such as "flagged and positive" over "positive" for a sensitivity; ones as denominator give a mean. Samples
        whose denominator is 0 are left out.
    groups, clusters
        (n,) names of groups and patients.

    Source: Janssen, Stat. Probab. Lett. 36 (1997) 9; Chung and Romano, Ann. Stat. 41 (2013) 484, and J. Stat. Plan.
    Inference 168 (2016) 97 (several groups); Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010) 39 (p-value).

    Raises
    ------
    ValueError
        If there is one group only, a group has fewer than two patients, or the attribute varies within some patients
        but in fewer than half of them.
    """
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    used = bottom != 0
    patient = cluster_codes(np.asarray(clusters)[used])
    order = np.argsort(patient, kind="stable")
    top, bottom, patient = top[used][order], bottom[used][order], patient[order]
    names, group = named(np.asarray(groups)[used][order])
    deal = _Deal.of(group, patient, len(names), seed)
    make = between_patients if deal.scheme == "patients" else within_patients
    return _test(names, make(top, bottom, patient, len(names)), deal, permutations)


def permuted_aurocs(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    groups: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    permutations: int = 1999,
    seed: int,
) -> PermutationTest:
    """Test whether the AUROC is the same in all groups; as `permuted_ratios`, with Obuchowski's variance.

    A permutation that leaves a group without two patients of each class counts as at least as large.

    Source: Pauly, Asendorf and Konietschke, Biom. J. 58 (2016) 1319 (studentised permutation of the AUROC); Obuchowski,
    Biometrics 53 (1997) 567 (variance).

    Raises
    ------
    ValueError
        If the attribute varies within a patient: use the cluster bootstrap then. If there is one group only, or one
        has positives or negatives of fewer than two patients.
    """
    names, group = named(groups)
    patient = cluster_codes(clusters)
    deal = _Deal.of(group, patient, len(names), seed)
    if deal.scheme != "patients":
        raise ValueError(
            "the attribute varies within patients, and a ranking compares samples of different patients: "
            "use the cluster bootstrap (`group_bootstrap`)"
        )
    return _test(names, rankings(scores, labels, patient, len(names)), deal, permutations)


@dataclass(frozen=True)
class _Deal:
    """How group names are dealt out anew, and to whom they belong in the data."""

    owner: Codes
    patient: Codes
    scheme: Scheme
    stream: np.random.Generator

    @classmethod
    def of(cls, group: Codes, patient: Codes, k: int, seed: int) -> _Deal:
        varying, n_clusters = _varying(group, patient, k)
        stream = np.random.Generator(np.random.Philox(key=[seed, _USE]))
        if varying == 0:
            owner = np.empty(n_clusters, dtype=np.int64)
            owner[patient] = group
            return cls(owner, patient, "patients", stream)
        if 2 * varying < n_clusters:
            raise ValueError(
                f"the attribute varies within {varying} of {n_clusters} patients: neither patients nor samples within "
                "patients can be permuted; use the cluster bootstrap (`group_bootstrap`)"
            )
        return cls(group, patient, "samples within patients", stream)

    def again(self, rows: int) -> Codes:
        if self.scheme == "patients":
            return self.stream.permuted(np.tile(self.owner, (rows, 1)), axis=1)
        keys = self.patient + self.stream.random((rows, self.owner.size))
        return self.owner[np.argsort(keys, axis=1)]


def permutable(groups: npt.ArrayLike, clusters: npt.ArrayLike) -> Scheme | None:
    """Return what can be dealt out anew among (n,) samples; None where the attribute varies within too few patients."""
    _, group = named(groups)
    patient = cluster_codes(clusters)
    varying, n_clusters = _varying(group, patient, int(group.max()) + 1)
    if varying == 0:
        return "patients"
    return "samples within patients" if 2 * varying >= n_clusters else None


def _varying(group: Codes, patient: Codes, k: int) -> tuple[int, int]:
    """Count the patients with samples of several groups, and all patients."""
    n_clusters = int(patient.max()) + 1
    held = np.bincount(np.unique(patient * k + group) // k, minlength=n_clusters)
    return int(np.count_nonzero(held > 1)), n_clusters


def _test(names: tuple[str, ...], statistic: Statistic, deal: _Deal, permutations: int) -> PermutationTest:
    if permutations < 99:
        raise ValueError(f"a permutation test needs at least 99 permutations, not {permutations}")
    values, differences = (part[0] for part in statistic(deal.owner[None, :]))
    if not np.isfinite(differences).all():
        raise ValueError("each group needs at least two patients with a value, for a ranking of each class")
    largest = float(np.abs(differences).max())
    edge = largest * (1 - 1e-10)  # the same statistic summed in another order
    at_least, rows = 0, max(1, _ENTRIES // deal.owner.size)
    for start in range(0, permutations, rows):
        maxima = np.abs(statistic(deal.again(min(rows, permutations - start)))[1]).max(axis=(1, 2))
        at_least += int(np.count_nonzero(~(maxima < edge)))
    first, second = divmod(int(np.argmax(differences)), len(names))
    return PermutationTest(
        names=names,
        values=tuple(float(value) for value in values),
        first=names[first],
        second=names[second],
        statistic=largest,
        p_value=(1 + at_least) / (1 + permutations),
        permutations=permutations,
        permuted=deal.scheme,
        n_clusters=int(deal.patient.max()) + 1,
    )


def named(groups: npt.ArrayLike) -> tuple[tuple[str, ...], Codes]:
    """Return the sorted names of (n,) groups and the number of each sample's.

    Raises
    ------
    ValueError
        If there is one group only.
    """
    names, codes = np.unique(np.asarray(groups), return_inverse=True)
    if names.size < 2:
        raise ValueError("a test of a difference needs at least two groups")
    return tuple(str(name) for name in names), codes.astype(np.int64).reshape(-1)
