"""Means over fits, and differences of such means, uncertain in both the test patients and the seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluators.data_efficiency.views import Single
from evaluators.estimates import Interval, remembered
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats
from governance.statistics.proportions import clopper_pearson
from governance.statistics.repeated import RepeatedAUROC, repeated_interval

SOURCE = "Obuchowski, Biometrics 53 (1997) 567; Gallas et al., Acad. Radiol. 13 (2006) 353"


@dataclass(frozen=True)
class Average:
    """Values (k,) and influences (k, clusters) of fits with different seeds on the same test patients."""

    by_seed: Floats
    influences: Floats

    @classmethod
    def of(cls, singles: Sequence[Single]) -> Average:
        """Put fits together."""
        return cls(np.array([one.value for one in singles]), np.stack([one.influence for one in singles]))

    def minus(self, other: Average) -> Average:
        """Return the difference, paired by seed and patient."""
        return Average(self.by_seed - other.by_seed, self.influences - other.influences)

    @property
    def value(self) -> float:
        """The mean over fits."""
        return float(self.by_seed.mean())

    @property
    def influence(self) -> Floats:
        """(clusters,) on the mean."""
        mean: Floats = self.influences.mean(axis=0)
        return mean

    def interval(self, *, difference: bool, limit: float = 1.0) -> Interval:
        """Return the maker of the interval.

        ``Var = Var_patients(mean over fits) + s^2 / k`` with Student's t and Satterthwaite's degrees of freedom, of a
        share on the logit scale: as `governance.statistics.repeated`, with the variance between patients from their
        influences. Where no patient changes anything it is Clopper-Pearson's on as many patients.
        """
        influence = self.influence
        contributing = int(np.count_nonzero(np.abs(self.influences).sum(axis=0)))
        clusters, k = influence.size, self.by_seed.size
        known = RepeatedAUROC(
            value=self.value,
            by_fit=self.by_seed,
            from_samples=float(clusters / (clusters - 1) * np.sum(influence**2)) if clusters > 1 else None,
            from_fits=float(np.var(self.by_seed, ddof=1) / k) if k > 1 else None,
            influence=influence,
            freedom_samples=max(contributing - 1, 1),
            disjoint_pairs=max(contributing, 1),
        )

        def bounds(level: float) -> Bounds:
            if k < 2 or clusters < 2 or difference or 0.0 < known.value < 1.0:
                found = repeated_interval(known, level, difference=difference)
                return found.clipped(-limit, limit) if difference else found
            ends = clopper_pearson(known.value * clusters, clusters, level)
            return Bounds(ends.low, ends.high, "Clopper-Pearson on patients")

        return remembered(bounds)
