"""Confidence in answers beside whether they are right: estimates from arrays, for recorded and for live answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluators import estimates
from evaluators.estimates import Bools, Estimate, remembered
from governance.evidence.model import Method
from governance.statistics.calibration import bin_numbers, calibration_error_interval, error_if_calibrated
from governance.statistics.calibration import expected_calibration_error as calibration_error
from governance.statistics.clusters import Floats, Integers

BINS = 10


@dataclass(frozen=True)
class Confidence:
    """How sure a model is of its answers, and which are right.

    Attributes
    ----------
    values
        (n,) confidence in [0, 1]; NaN where there is none.
    right
        (n,) whether the answer is right.
    known
        (n,) whether that is known.
    codes
        (n,) cluster numbers below `n_clusters`.
    """

    values: Floats
    right: Bools
    known: Bools
    codes: Integers
    n_clusters: int
    seed: int = 0
    replicates: int = 2000

    @property
    def usable(self) -> Bools:
        """Answers with a confidence of which it is known whether they are right."""
        found: Bools = np.isfinite(self.values) & self.known
        return found

    def error(self, inside: Bools) -> Estimate:
        """Expected calibration error in ten bins of equal width."""
        p, y, codes = self.values[inside], self.right[inside], self.codes[inside]
        noise = error_if_calibrated(p, BINS, seed=self.seed, draws=99)
        return Estimate(
            value=calibration_error(p, y, BINS),
            n=int(p.size),
            n_clusters=int(np.unique(codes).size),
            events=int(y.sum()),
            bounds=remembered(
                lambda level: calibration_error_interval(
                    p, y, codes, BINS, level=level, seed=self.seed, replicates=self.replicates
                )
            ),
            method=Method(
                name="expected calibration error",
                parameters={"bins": BINS, "binning": "equal width", "error_if_calibrated": round(noise, 6)},
                source="Naeini et al., AAAI (2015)",
            ),
        )

    def brier(self, inside: Bools) -> Estimate:
        """Mean squared distance from what turned out."""
        filled = np.where(np.isfinite(self.values), self.values, 0.0)
        return estimates.mean(
            np.square(filled - self.right),
            inside,
            self.codes,
            low=0.0,
            high=1.0,
            parameters={},
            events=int(np.sum(self.right & inside)),
            n_clusters=self.n_clusters,
        )

    def excess(self, inside: Bools) -> Estimate:
        """Mean confidence less the share of right answers, paired."""
        filled = np.where(np.isfinite(self.values), self.values, 0.0)
        return estimates.mean(
            filled - self.right,
            inside,
            self.codes,
            low=-1.0,
            high=1.0,
            parameters={
                "mean_confidence": round(float(filled[inside].mean()), 6),
                "share_right": round(float(self.right[inside].mean()), 6),
            },
            events=int(np.sum(self.right & inside)),
            n_clusters=self.n_clusters,
        )

    def share_right(self, inside: Bools) -> Estimate:
        """Share of right answers."""
        return estimates.proportion(
            self.right,
            inside,
            self.codes,
            name="share with cluster-adjusted interval",
            parameters={"bins": BINS, "binning": "equal width"},
            n_clusters=self.n_clusters,
        )

    def bins(self) -> list[tuple[int, Bools, float]]:
        """Return the bins that hold answers: number, (n,) which, and their mean confidence."""
        usable = self.usable
        numbers = np.full(self.values.size, -1)
        numbers[usable] = bin_numbers(self.values[usable], BINS)
        masks = [(number, usable & (numbers == number)) for number in range(BINS)]
        return [(number, mask, float(self.values[mask].mean())) for number, mask in masks if mask.any()]
