"""Nested, stratified parts of a training set that never split a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Subset:
    """Rows of the training set, or the reason why a model cannot be fitted on them."""

    rows: tuple[int, ...]
    patients: int
    reason: str | None


def nested_subset(
    target: npt.ArrayLike, clusters: Sequence[str] | npt.NDArray[np.str_], percent: float, seed: int
) -> Subset:
    """Take a share of the patients, the same share of those with a positive sample and of those without.

    For a seed the patients of each stratum have one fixed order, of which a share takes the beginning; so a smaller
    share is part of a larger one. The order depends on the patients' ids and the seed, not on the order of the rows.

    Parameters
    ----------
    target
        (n,) 0/1.
    clusters
        (n,) patient ids.
    percent
        Share in percent, in (0, 100].
    """
    positive = np.asarray(target, dtype=np.float64) == 1
    patients, codes = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    affected = np.bincount(codes, weights=positive, minlength=patients.size) > 0
    stream = np.random.Generator(np.random.Philox(key=[seed, 0x666974]))
    chosen = np.zeros(patients.size, dtype=bool)
    for stratum in (np.flatnonzero(affected), np.flatnonzero(~affected)):
        order = stream.permutation(stratum)
        chosen[order[: int(np.floor(percent / 100 * stratum.size + 0.5))]] = True
    rows = np.flatnonzero(chosen[codes])
    classes = np.unique(positive[rows]).size
    reason = None
    if classes < 2:
        lacking = "no sample at all" if rows.size == 0 else f"no {'negative' if positive[rows].any() else 'positive'}"
        reason = f"{percent:g} % of the training patients ({int(chosen.sum())}) hold {lacking}"
    return Subset(tuple(int(row) for row in rows), int(chosen.sum()), reason)
