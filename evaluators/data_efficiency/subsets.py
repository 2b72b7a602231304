"""Nested, stratified parts of a training set that never split a patient, and folds of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

_PARTS, _FOLDS = 0x666974, 0x666F6C
"""Second words of the generator's key: streams for different uses of one seed do not meet."""


@dataclass(frozen=True)
class Subset:
    """Rows of the training set, or the reason why a model cannot be fitted on them."""

    rows: tuple[int, ...]
    patients: int
    reason: str | None


@dataclass(frozen=True)
class Cohort:
    """The patients of a training set in strata: a patient belongs to the rarest class among his or her samples.

    Attributes
    ----------
    labels
        (n,) class numbers.
    codes
        (n,) number of each sample's patient, in the order of the patients' sorted ids.
    strata
        (patients,) class that a patient is drawn for; classes are counted by patients, the later one where they tie.
    """

    labels: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    strata: npt.NDArray[np.int64]
    names: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        target: npt.ArrayLike,
        clusters: Sequence[str] | npt.NDArray[np.str_],
        names: tuple[str, ...] = ("negative", "positive"),
    ) -> Cohort:
        """Sort (n,) class numbers and (n,) patient ids into strata; `names` are those of the classes."""
        labels = np.asarray(target, dtype=np.float64).astype(np.int64)
        patients, codes = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
        classes = max(len(names), int(labels.max(initial=0)) + 1)
        has = np.zeros((patients.size, classes), dtype=bool)
        has[codes, labels] = True
        rank = np.argsort(np.lexsort((-np.arange(classes), has.sum(axis=0))))
        strata = np.where(has, rank, classes).argmin(axis=1)
        return cls(labels, codes.astype(np.int64), strata.astype(np.int64), names)

    def share(self, percent: float, seed: int) -> Subset:
        """Take a share of the patients, the same share of every stratum.

        For a seed the patients of each stratum have one fixed order, of which a share takes the beginning; so a
        smaller share is part of a larger one. The order depends on the patients' ids and the seed, not on the order of
        the rows.
        """
        chosen = np.zeros(self.strata.size, dtype=bool)
        for order in self._orders(seed):
            chosen[order[: int(np.floor(percent / 100 * order.size + 0.5))]] = True
        return self._subset(chosen, f"{percent:g} % of the training patients ({int(chosen.sum())})")

    def shots(self, k: int, seed: int) -> Subset:
        """Take `k` patients of every stratum, the first of the order that `share` uses; fewer are a reason."""
        chosen = np.zeros(self.strata.size, dtype=bool)
        for order in self._orders(seed):
            if 0 < order.size < k:
                name = self._name(int(self.strata[order[0]]))
                return Subset((), 0, f"only {order.size} training patients stand for '{name}', {k} are needed")
            chosen[order[:k]] = True
        return self._subset(chosen, f"{k} patients a class")

    def folds(self, rows: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64] | None:
        """Deal the patients of some rows into at most `most` folds, stratum by stratum; None where two are too many.

        The order does not depend on a seed: the same patients are dealt in the same way, whatever drew them.

        Returns
        -------
        (len(rows),) fold of each row. Every class occurs outside of every fold.
        """
        inside = np.zeros(self.strata.size, dtype=bool)
        inside[self.codes[rows]] = True
        stream = np.random.Generator(np.random.Philox(key=[0, _FOLDS]))
        order = stream.permutation(self.strata.size)
        order = order[inside[order]]
        fewest = min(int(np.sum(self.strata[order] == stratum)) for stratum in np.unique(self.strata[order]))
        for count in range(min(most, fewest), 1, -1):
            fold, dealt = np.full(self.strata.size, -1), 0
            for stratum in np.unique(self.strata):
                members = order[self.strata[order] == stratum]
                fold[members] = (dealt + np.arange(members.size)) % count
                dealt += members.size
            found, present = fold[self.codes[rows]], np.unique(self.labels[rows])
            if all(np.array_equal(np.unique(self.labels[rows][found != k]), present) for k in range(count)):
                return found
        return None

    def _orders(self, seed: int) -> list[npt.NDArray[np.int64]]:
        stream = np.random.Generator(np.random.Philox(key=[seed, _PARTS]))
        return [stream.permutation(np.flatnonzero(self.strata == s)) for s in reversed(range(self.strata.max() + 1))]

    def _subset(self, chosen: npt.NDArray[np.bool_], what: str) -> Subset:
        rows = np.flatnonzero(chosen[self.codes])
        present = set(self.labels[rows].tolist())
        lacking = [self._name(k) for k in range(max(len(self.names), 2)) if k not in present]
        reason = None
        if rows.size == 0:
            reason = f"{what} hold no sample at all"
        elif lacking:
            reason = f"{what} hold no {lacking[0]}"
        return Subset(tuple(int(row) for row in rows), int(chosen.sum()), reason)

    def _name(self, k: int) -> str:
        return self.names[k] if k < len(self.names) else str(k)


def nested_subset(
    target: npt.ArrayLike, clusters: Sequence[str] | npt.NDArray[np.str_], percent: float, seed: int
) -> Subset:
    """Take a share of the patients of (n,) class numbers and (n,) patient ids; see `Cohort.share`.

    Parameters
    ----------
    percent
        Share in percent, in (0, 100].
    """
    return Cohort.of(target, clusters).share(percent, seed)
