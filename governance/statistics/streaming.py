"""More samples than fit as a table: batches in, a few bytes a sample kept, one group at a time out.

Exact rank metrics need every score, but nothing else of a sample than its label, its decision and two numbers in place
of the names of its group and patient: 16 to 22 bytes. Names are kept once. Groups come out one after the other, so that
what an estimate needs on top is that of the largest group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Batch:
    """Some samples, in any order.

    Attributes
    ----------
    clusters, groups
        (n,) names of patients and groups.
    labels
        (n,) bool or 0/1.
    flagged
        (n,) decisions, bool or 0/1.
    scores
        (n,) float, higher means more likely positive; None if no batch has them.
    """

    clusters: npt.ArrayLike
    groups: npt.ArrayLike
    labels: npt.ArrayLike
    flagged: npt.ArrayLike
    scores: npt.ArrayLike | None = None


@dataclass(frozen=True)
class Group:
    """All samples of a group, as the functions of `ranking`, `proportions` and `grouped` take them."""

    name: str
    clusters: npt.NDArray[np.signedinteger[Any]]
    labels: Bools
    flagged: Bools
    scores: npt.NDArray[np.floating[Any]] | None


def by_group(batches: Iterable[Batch]) -> Iterator[Group]:
    """Read all batches, then yield the groups in the order of their sorted names.

    Patients that are whole numbers stay as they are; others are numbered in the order of their first sample, with the
    same number in every group.

    Raises
    ------
    ValueError
        If the columns of a batch differ in length, patients are numbers in some batches and names in others, scores
        are missing in some batches or not finite, or there is no sample.
    """
    patients, groups = _Names(whole_numbers=True), _Names()
    columns: list[list[npt.NDArray[Any]]] = [[], [], [], [], []]
    for number, batch in enumerate(batches):
        found = [
            patients.codes(batch.clusters),
            groups.codes(batch.groups),
            np.asarray(batch.labels).astype(bool),
            np.asarray(batch.flagged).astype(bool),
        ]
        if batch.scores is not None:
            found.append(np.asarray(batch.scores))
            if not np.isfinite(found[-1]).all():
                raise ValueError(f"a score in batch {number} is not a finite number")
        if len({column.shape for column in found}) > 1:
            raise ValueError(f"the columns of batch {number} differ in length")
        for column, part in zip(columns, found, strict=False):
            column.append(part)
    if not any(part.size for part in columns[0]):
        raise ValueError("there is no sample")
    if len(columns[4]) not in {0, len(columns[0])}:
        raise ValueError("scores are missing in some batches")
    clusters, group, labels, flagged = (_joined(column) for column in columns[:4])
    scores = _joined(columns[4]) if columns[4] else None
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))
    starts = np.append(0, ends)
    for name, code in sorted((str(name), code) for name, code in groups.known.items()):
        inside = order[starts[code] : ends[code]]
        yield Group(name, clusters[inside], labels[inside], flagged[inside], None if scores is None else scores[inside])


class _Names:
    """Numbers in place of names, in the order of their first appearance."""

    def __init__(self, *, whole_numbers: bool = False) -> None:
        self.known: dict[Any, int] = {}
        self._numbers = whole_numbers
        self._seen: set[bool] = set()

    def codes(self, names: npt.ArrayLike) -> npt.NDArray[Any]:
        import pandas

        given = np.asarray(names)
        as_they_are = self._numbers and bool(np.issubdtype(given.dtype, np.integer))
        self._seen.add(as_they_are)
        if len(self._seen) > 1:
            raise ValueError("patients are whole numbers in some batches and names in others")
        if as_they_are:
            return given
        local, unique = pandas.factorize(given)
        if (local < 0).any():
            raise ValueError("a patient or group has no name")
        numbers = [self.known.setdefault(name, len(self.known)) for name in unique.tolist()]
        return np.array(numbers, dtype=np.int32)[local]


def _joined(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Concatenate, letting go of the parts."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole
