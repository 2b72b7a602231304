"""Intervals of proportions: independent samples exactly, several samples a patient by simulation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import stats

from benchmarks.validity.results import LEAST_PATIENTS, LEVEL, Figure, Floats, Kind, of_intervals, stream_of
from governance.statistics.bounds import Bounds
from governance.statistics.proportions import clustered_wilson, gating_proportion

SIZES = (20, 30, 50, 100, 200, 500, 1000, 10_000)
SHARES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
PATIENTS = ((20, 5), (30, 2), (30, 5), (30, 10), (100, 3), (100, 10), (300, 3), (1000, 10))
CORRELATIONS = (0.0, 0.3, 0.7)
_NEGLIGIBLE = 1e-12
_NEARBY = np.linspace(-1, 1, 41)
"""Truths, in standard errors from the cell's, over which the coverage of a shown interval is averaged."""


def independent(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Sum over every possible count; nothing is simulated."""
    del simulations
    for n, p in product(SIZES[:: 3 if quick else 1], SHARES[:: 2 if quick else 1]):
        spread = np.sqrt(p * (1 - p) / n)
        truths = np.clip(p + _NEARBY * spread, 0, 1)
        counts = _counts(n, truths)
        codes = np.arange(n)
        for kind, method in (("shown", clustered_wilson), ("gating", gating_proportion)):
            ends = np.array([_ends(method(codes < count, codes, LEVEL)) for count in counts])
            mass = stats.binom.pmf(counts, n, p)
            below, above = float(mass @ (ends[:, 0] > p)), float(mass @ (ends[:, 1] < p))
            nearby = stats.binom.pmf(counts[:, None], n, truths)
            inside = (ends[:, :1] <= truths) & (truths <= ends[:, 1:])
            yield Figure(
                "proportion, independent samples",
                f"n {n}, p {p}",
                kind,
                0,
                1 - below - above,
                below,
                above,
                float(mass @ (ends[:, 1] - ends[:, 0])),
                float((nearby * inside).sum(axis=0).mean()) if kind == "shown" else None,
                n * min(p, 1 - p),
            )


@dataclass(frozen=True)
class Clusters:
    """Patients with several samples each, whose outcomes resemble each other.

    Attributes
    ----------
    sizes
        (patients,) samples of each.
    wholly_wrong
        Share of the errors that comes from patients of whom every sample is wrong; the other errors are independent.
        None: patients differ by a beta distribution with the correlation `correlation` between two samples of one.
    """

    name: str
    sizes: tuple[int, ...]
    p: float
    correlation: float = 0.0
    wholly_wrong: float | None = None

    @property
    def design_effect(self) -> float:
        """True variance of the estimate over that of independent samples."""
        sizes = np.array(self.sizes, dtype=float)
        worst = float(np.sum(sizes**2) / np.sum(sizes))
        return 1 + (worst - 1) * self._correlation

    @property
    def _correlation(self) -> float:
        if self.wholly_wrong is None:
            return self.correlation
        hard, error = self._parts
        return hard * (1 - hard) * (1 - error) ** 2 / (self.p * (1 - self.p))

    @property
    def _parts(self) -> tuple[float, float]:
        hard = (1 - self.p) * (self.wholly_wrong or 0.0)
        return hard, (1 - self.p - hard) / (1 - hard)

    @property
    def expected(self) -> float:
        """Expected events or non-events, whichever are fewer, as independent samples; 0 with too few patients."""
        if len(self.sizes) < LEAST_PATIENTS:
            return 0.0
        return sum(self.sizes) / self.design_effect * min(self.p, 1 - self.p)

    def draw(self, stream: np.random.Generator) -> np.ndarray:
        """Draw (patients,) numbers of samples that are right."""
        patients = len(self.sizes)
        if self.wholly_wrong is not None:
            hard, error = self._parts
            right = stream.binomial(self.sizes, 1 - error)
            return np.where(stream.random(patients) < hard, 0, right)
        if self.correlation == 0:
            return stream.binomial(self.sizes, self.p)
        total = (1 - self.correlation) / self.correlation
        return stream.binomial(self.sizes, stream.beta(self.p * total, (1 - self.p) * total, patients))


def clustered(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Simulate patients, turn their counts into samples, and ask for the interval as an evaluator does."""
    for cell in _cluster_cells(quick):
        yield from intervals_of(cell, simulations)


def intervals_of(cell: Clusters, simulations: int) -> Iterator[Figure]:
    """Give the figures of the interval shown and of the one that verdicts rest on."""
    family, stream = "proportion, several samples a patient", stream_of(cell.name)
    codes = np.repeat(np.arange(len(cell.sizes)), cell.sizes)
    place = np.concatenate([np.arange(size) for size in cell.sizes])
    found: dict[Kind, list[tuple[float, float]]] = {"shown": [], "gating": []}
    known: dict[bytes, tuple[tuple[float, float], tuple[float, float]]] = {}
    equal = len(set(cell.sizes)) == 1
    for _ in range(simulations):
        right = cell.draw(stream)
        key = (np.sort(right) if equal else right).tobytes()  # patients of one size are exchangeable
        if key not in known:
            outcome = place < right[codes]
            known[key] = (
                _ends(clustered_wilson(outcome, codes, LEVEL)),
                _ends(gating_proportion(outcome, codes, LEVEL)),
            )
        for kind, ends in zip(found, known[key], strict=True):
            found[kind].append(ends)
    for kind, ends in found.items():
        expected = cell.expected if kind == "shown" else None
        yield of_intervals(family, cell.name, kind, np.array(ends), cell.p, expected=expected)


def _cluster_cells(quick: bool) -> Iterator[Clusters]:
    for (patients, each), p in product(PATIENTS[1:4] if quick else PATIENTS, SHARES[1::2] if quick else SHARES):
        if not quick and (p in (0.7, 0.98) or (patients == 1000 and p in (0.8, 0.95))):
            continue
        name = f"{patients} patients x {each}, p {p}"
        for correlation in CORRELATIONS:
            yield Clusters(f"{name}, ICC {correlation}", (each,) * patients, p, correlation)
        if patients in (30, 100):
            yield Clusters(f"{name}, half of errors in wholly wrong patients", (each,) * patients, p, wholly_wrong=0.5)
    for p, correlation in product((0.8, 0.9, 0.95), CORRELATIONS):
        sizes = tuple(int(size) for size in np.resize([1, 2, 3, 5, 10], 60))
        yield Clusters(f"60 patients with 1 to 10, p {p}, ICC {correlation}", sizes, p, correlation)


def _counts(n: int, truths: Floats) -> np.ndarray:
    """Return the counts that are not negligibly rare under any of the truths."""
    least, most = stats.binom.ppf(_NEGLIGIBLE, n, truths.min()), stats.binom.isf(_NEGLIGIBLE, n, truths.max())
    return np.arange(max(int(least) - 1, 0), min(int(most) + 1, n) + 1)


def _ends(bounds: Bounds) -> tuple[float, float]:
    return bounds.low, bounds.high
