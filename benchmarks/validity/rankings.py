"""Intervals of the AUROC: normal and skewed scores, scores of which a part is wrong, and several samples a patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from scipy import stats

from benchmarks.validity.results import LEAST_PATIENTS, LEVEL, Figure, Floats, of_intervals, stream_of
from governance.statistics.ranking import auroc_interval, clustered_auroc, gating_auroc

Scores = Literal["normal", "normal, positives spread twice", "exponential", "mirrored exponential", "part unrecognised"]

SIZES = ((20, 80), (30, 30), (30, 300), (100, 100), (60, 600), (200, 1000))
VALUES = (0.6, 0.75, 0.85, 0.9, 0.961, 0.98)
_UNRECOGNISED = 0.05
"""Share of positive patients whose scores are those of negatives, in scores of which a part is unrecognised."""


@dataclass(frozen=True)
class Ranked:
    """Positives and negatives with scores of a true AUROC.

    Attributes
    ----------
    each
        Samples of each patient; `correlation` is that between two of them.
    mixed
        Whether every patient has half positive and half negative samples (then there are as many patients as
        `positives`); else patients are of one class.
    """

    positives: int
    negatives: int
    auroc: float
    scores: Scores = "normal"
    each: int = 1
    correlation: float = 0.0
    mixed: bool = False

    @property
    def name(self) -> str:
        """What the table calls the cell."""
        patients = f"{self.positives} + {self.negatives} patients"
        if self.mixed:
            patients = f"{self.positives} patients of both classes"
        clusters = f" x {self.each}, ICC {self.correlation}" if self.each > 1 else ""
        return f"{patients}{clusters}, AUROC {self.auroc}, {self.scores}"

    @property
    def expected(self) -> float:
        """Patients' worth of misranked pairs to expect; 0 below the packs' least number of patients."""
        if min(self.positives, self.negatives) < LEAST_PATIENTS:
            return 0.0
        return min(self.positives, self.negatives) * min(self.auroc, 1 - self.auroc)

    @property
    def truth(self) -> float:
        """Expected value of the estimate; in mixed patients pairs of one patient are part of it."""
        if not self.mixed:
            return self.auroc
        within = stats.norm.cdf(stats.norm.ppf(self.auroc) / np.sqrt(1 - self.correlation))
        return float(self.auroc + (within - self.auroc) / self.positives)

    def labels(self) -> np.ndarray:
        """Return (n,) bool."""
        if self.mixed:
            return np.tile(np.arange(self.each) < self.each // 2, self.positives)
        return np.repeat(np.arange(self.positives + self.negatives) < self.positives, self.each)

    def clusters(self) -> np.ndarray:
        """Return (n,) patients."""
        return np.repeat(np.arange(self.positives + (0 if self.mixed else self.negatives)), self.each)

    def draw(self, stream: np.random.Generator, labels: np.ndarray, clusters: np.ndarray) -> Floats:
        """Draw (n,) scores."""
        patients = int(clusters[-1]) + 1
        odds = self.auroc / (1 - self.auroc)
        if self.scores == "exponential":
            return stream.standard_exponential(labels.size) * np.where(labels, odds, 1)
        if self.scores == "mirrored exponential":
            return -stream.standard_exponential(labels.size) * np.where(labels, 1, odds)
        noise = np.sqrt(1 - self.correlation) * stream.standard_normal(labels.size)
        noise += np.sqrt(self.correlation) * stream.standard_normal(patients)[clusters]
        if self.scores == "normal, positives spread twice":
            return np.where(labels, stats.norm.ppf(self.auroc) * np.sqrt(5) + 2 * noise, noise)
        if self.scores == "part unrecognised":
            recognised = (stream.random(patients) >= _UNRECOGNISED)[clusters]
            among = (self.auroc - _UNRECOGNISED / 2) / (1 - _UNRECOGNISED)
            return np.where(labels & recognised, stats.norm.ppf(among) * np.sqrt(2), 0.0) + noise
        return np.where(labels, stats.norm.ppf(self.auroc) * np.sqrt(2), 0.0) + noise


def independent(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """One sample a patient."""
    sizes, values = (SIZES[1:3], VALUES[1::2]) if quick else (SIZES, VALUES)
    for (positives, negatives), value in product(sizes, values):
        yield from intervals_of("AUROC, one sample a patient", Ranked(positives, negatives, value), simulations)
    others: tuple[Scores, ...] = (
        "normal, positives spread twice",
        "exponential",
        "mirrored exponential",
        "part unrecognised",
    )
    for scores, (positives, negatives), value in product(
        others, ((30, 300), (200, 300)), (0.85,) if quick else (0.85, 0.95)
    ):
        cell = Ranked(positives, negatives, value, scores)
        yield from intervals_of("AUROC, one sample a patient", cell, simulations)
    if not quick:
        yield from intervals_of("AUROC, one sample a patient", Ranked(1000, 9000, 0.9), simulations)


def clustered(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Several samples a patient."""
    family, values = "AUROC, several samples a patient", (0.85,) if quick else (0.75, 0.85, 0.95)
    for value, correlation in product(values, (0.0, 0.3, 0.7)):
        yield from intervals_of(family, Ranked(30, 60, value, each=5, correlation=correlation), simulations)
        if quick:
            continue
        if correlation == 0.3:
            yield from intervals_of(family, Ranked(100, 150, value, each=3, correlation=correlation), simulations)
        if correlation == 0:
            continue
        cell = Ranked(60, 60, value, each=4, correlation=correlation, mixed=True)
        yield from intervals_of(family, cell, simulations)
        cell = Ranked(60, 150, value, "part unrecognised", each=3, correlation=correlation)
        yield from intervals_of(family, cell, simulations)


def intervals_of(family: str, cell: Ranked, simulations: int) -> Iterator[Figure]:
    """Give the figures of the interval shown and of the one that verdicts rest on."""
    stream, labels, clusters = stream_of(cell.name), cell.labels(), cell.clusters()
    shown, gating = np.empty((simulations, 2)), np.empty((simulations, 2))
    for run in range(simulations):
        estimate = clustered_auroc(cell.draw(stream, labels, clusters), labels, clusters)
        for ends, method in ((shown, auroc_interval), (gating, gating_auroc)):
            bounds = method(estimate, LEVEL)
            ends[run] = bounds.low, bounds.high
    yield of_intervals(family, cell.name, "shown", shown, cell.truth, expected=cell.expected)
    yield of_intervals(family, cell.name, "gating", gating, cell.truth)
