"""Samples of patients in groups, as large as asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Samples:
    """(n,) columns; a group belongs to a patient, and samples of one patient resemble each other."""

    patient: npt.NDArray[np.int64]
    group: npt.NDArray[np.str_]
    label: npt.NDArray[np.bool_]
    score: npt.NDArray[np.float32]

    @property
    def flagged(self) -> npt.NDArray[np.bool_]:
        """Decisions at a fixed operating point."""
        return self.score > 0.5


def make(n: int, patients: int, groups: int, seed: int = 0) -> Samples:
    """Draw `n` samples of at most `patients` patients; a fifth positive, scores in (0, 1) with an AUROC near 0.76."""
    stream = np.random.default_rng(seed)
    patient = stream.integers(0, patients, n)
    group = np.array([f"group {g:02d}" for g in range(groups)])[patient * 7919 % groups]
    label = stream.random(n) < 0.2
    own = np.random.default_rng(1).normal(size=patients).astype(np.float32)[patient]
    logit = label + 0.5 * own + 0.87 * stream.normal(size=n)
    return Samples(patient, group, label, (1 / (1 + np.exp(0.7 - logit))).astype(np.float32))


def pieces(n: int, patients: int, groups: int, rows: int = 1_000_000) -> Iterator[Samples]:
    """Yield the same kind of samples `rows` at a time."""
    for number, start in enumerate(range(0, n, rows)):
        yield make(min(rows, n - start), patients, groups, seed=number)
