"""What a cell of the study gave, and whether it holds the rule that applies to it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Kind = Literal["shown", "usual", "gating", "false pass", "power", "joint", "false alarm"]

LEVEL = 0.95
TAIL = 0.025
FALSE_PASS = 0.05
SHOWN = (0.935, 0.965)
EXPECTED = 10
"""Expected events and non-events from which the rule for shown intervals applies."""
LEAST_PATIENTS = 30
"""Patients (of each class) below which packs ask for no interval of clustered samples or of an AUROC."""
ERRORS = 2.0
"""Monte-Carlo standard errors that a simulated figure may be beyond its rule."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Figure:
    """One figure of a cell.

    Attributes
    ----------
    simulations
        0 where the figure is exact: summed over all outcomes with their probabilities.
    below, above
        Share of intervals wholly above the truth (the lower bound misses) and wholly below it; None for shares of runs.
    rate
        Coverage of intervals; else the share of runs of which `kind` speaks.
    averaged
        Coverage averaged over truths within one standard error of the cell's, of exact figures (docs/validity.md).
    expected
        Smaller one of the expected numbers of events and non-events, as independent samples; None where no rule asks.
    """

    family: str
    cell: str
    kind: Kind
    simulations: int
    rate: float
    below: float | None = None
    above: float | None = None
    width: float | None = None
    averaged: float | None = None
    expected: float | None = None

    @property
    def error(self) -> float:
        """Monte-Carlo standard error of `rate`."""
        return sqrt(self.rate * (1 - self.rate) / self.simulations) if self.simulations else 0.0

    @property
    def verdict(self) -> str:
        """Return "holds", "BREAKS", or why no rule applies."""
        if self.kind in ("power", "usual"):
            return "reported"
        if self.kind == "shown":
            if self.expected is not None and self.expected < EXPECTED - _ROUNDING:
                return "below minimum"
            coverage = self.rate if self.averaged is None else self.averaged
            return _holds(SHOWN[0] - self._room(SHOWN[0]) <= coverage <= SHOWN[1] + self._room(SHOWN[1]))
        if self.kind == "gating":
            return _holds(max(self.below or 0.0, self.above or 0.0) <= TAIL + self._room(TAIL))
        if self.kind == "joint":
            return _holds(self.rate >= SHOWN[0] - self._room(SHOWN[0]))
        return _holds(self.rate <= FALSE_PASS + self._room(FALSE_PASS))

    def _room(self, limit: float) -> float:
        return ERRORS * sqrt(limit * (1 - limit) / self.simulations) if self.simulations else _ROUNDING


def of_intervals(
    family: str, cell: str, kind: Kind, ends: Floats, truth: float, *, expected: float | None = None
) -> Figure:
    """Summarise (runs, 2) simulated intervals."""
    below, above = float(np.mean(ends[:, 0] > truth)), float(np.mean(ends[:, 1] < truth))
    width = float(np.mean(ends[:, 1] - ends[:, 0]))
    return Figure(family, cell, kind, len(ends), 1 - below - above, below, above, width, expected=expected)


def stream_of(name: str) -> np.random.Generator:
    """Return the random numbers of a cell: the same whichever other cells are run."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def _holds(condition: bool) -> str:
    return "holds" if condition else "BREAKS"
