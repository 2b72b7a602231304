"""The nearest samples of other patients, and how consistent outputs are among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluators.estimates import Bools
from governance.statistics.clusters import Floats, Integers, cluster_sums
from governance.statistics.means import ClusteredMean

_CHUNK_NUMBERS = 1 << 24
"""Distances that are held at a time: 128 MiB."""


def nearest_of_others(features: Floats, codes: Integers, queries: Integers, k: int) -> Integers:
    """Return (q, k) rows of the nearest samples, by Euclidean distance, that belong to other patients, nearest first.

    Exact: every distance is computed, in time proportional to queries x samples x features.

    Parameters
    ----------
    features
        (n, d).
    codes
        (n,) patients; samples of the same one are no neighbours of each other.
    queries
        (q,) rows whose neighbours are wanted.

    Raises
    ------
    ValueError
        If a patient leaves fewer than `k` samples of others.
    """
    n = len(features)
    others = n - int(np.bincount(codes).max())
    if others < k:
        raise ValueError(f"there are only {others} samples of other patients, but {k} are needed")
    centred = features - features.mean(axis=0)
    doubled = -2.0 * centred.T
    squares = np.einsum("ij,ij->i", centred, centred)
    found = np.empty((len(queries), k), dtype=np.int64)
    step = max(1, _CHUNK_NUMBERS // n)
    for start in range(0, len(queries), step):
        rows = queries[start : start + step]
        # The square of the query itself is the same for all its neighbours and is left out.
        distance = centred[rows] @ doubled
        distance += squares
        distance[codes[rows][:, None] == codes[None, :]] = np.inf
        nearest = np.argpartition(distance, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(distance, nearest, axis=1), axis=1, kind="stable")
        found[start : start + step] = np.take_along_axis(nearest, order, axis=1)
    return found


@dataclass(frozen=True)
class Neighbourhoods:
    """The neighbours of some samples, with those that would take their place if a patient were not there.

    Attributes
    ----------
    codes
        (n,) patients, numbered from 0.
    queries
        (q,) rows that are compared with their neighbours.
    neighbours
        (q, k + spare) rows of other patients, nearest first; the first k count.
    k
        Neighbours that count.
    """

    codes: Integers
    queries: Integers
    neighbours: Integers
    k: int

    @classmethod
    def of(cls, features: Floats, codes: Integers, queries: Integers, k: int) -> Neighbourhoods:
        """Find them. Arguments and errors as in `nearest_of_others`."""
        spare = int(np.bincount(codes).max())
        return cls(codes, queries, nearest_of_others(features, codes, queries, k + spare), k)

    def consistency(self, outputs: Floats) -> Consistency:
        """Compare outputs: ``1 - |output - mean output of the k neighbours|`` of every query.

        Parameters
        ----------
        outputs
            (n,) score or decision of every sample.

        Source: Zemel et al., ICML (2013), section 4.
        """
        own, around = outputs[self.queries], outputs[self.neighbours]
        values = 1 - np.abs(own - around[:, : self.k].mean(axis=1))
        patients = self.codes[self.neighbours]
        changes, left_out, rows = [], [], []
        for place in range(self.k):
            gone = patients[:, place]
            first = ~(patients[:, :place] == gone[:, None]).any(axis=1)
            kept = patients != gone[:, None]
            kept &= np.cumsum(kept, axis=1) <= self.k
            without = 1 - np.abs(own - np.where(kept, around, 0.0).sum(axis=1) / self.k)
            changes.append((without - values)[first])
            left_out.append(gone[first])
            rows.append(np.flatnonzero(first))
        return Consistency(self, values, np.concatenate(changes), np.concatenate(left_out), np.concatenate(rows))


@dataclass(frozen=True)
class Consistency:
    """Consistency of every query, and how it changes without a patient among its neighbours.

    Attributes
    ----------
    values
        (q,).
    changes, left_out, rows
        (p,) change of the value of query `rows` (its place in `queries`) if patient `left_out` were not there.
    """

    among: Neighbourhoods
    values: Floats
    changes: Floats
    left_out: Integers
    rows: Integers

    def mean(self, inside: Bools) -> tuple[ClusteredMean, Floats]:
        """Mean over some queries, with its variance and (C,) influence of the patients, by leaving out each.

        A patient counts twice: with its own samples, and as a neighbour of others. A variance between patients that
        knew only the former would be too small. The jackknife's is too large on average, never too small.

        Parameters
        ----------
        inside
            (q,) which queries.

        Source: Efron and Stein, Ann. Stat. 9 (1981) 586.
        """
        codes, queries = self.among.codes, self.among.queries
        n_patients = int(codes.max()) + 1
        of_query = codes[queries]
        own = cluster_sums(np.where(inside, self.values, 0.0), of_query, n_patients)
        counts = cluster_sums(inside.astype(np.float64), of_query, n_patients)
        total, n = float(own.sum()), int(inside.sum())
        moved = cluster_sums(np.where(inside[self.rows], self.changes, 0.0), self.left_out, n_patients)
        rest = n - counts
        without = np.divide(total - own + moved, rest, out=np.full(n_patients, total / n), where=rest > 0)
        influence: Floats = (n_patients - 1) / n_patients * (without.mean() - without)
        variance = n_patients / (n_patients - 1) * float(np.sum(influence**2)) if n_patients > 1 else None
        return ClusteredMean(total / n, variance, n, int(np.sum(counts > 0))), influence
