"""The points of a curve: a share of the training patients, or some patients of each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluators.data_efficiency.subsets import Cohort, Subset


@dataclass(frozen=True, order=True)
class Amount:
    """How much is labelled: `percent` of the patients, or `shots` patients of each class. The other one is 0."""

    percent: float = 0.0
    shots: int = 0

    @property
    def about(self) -> dict[str, Any]:
        """What a measurement of this point carries."""
        return {"curve": {"shots": self.shots}} if self.shots else {"fraction": self.percent / 100}

    @property
    def name(self) -> str:
        """The name of its shards."""
        return f"{self.shots}-shots" if self.shots else f"{self.percent:g}-percent"

    @property
    def words(self) -> str:
        """For a reader."""
        return f"{self.shots} patients a class" if self.shots else f"{self.percent:g} %"

    def subset(self, cohort: Cohort, seed: int) -> Subset:
        """Draw the part of a training set."""
        return cohort.shots(self.shots, seed) if self.shots else cohort.share(self.percent, seed)


def amounts(options: Mapping[str, Any]) -> tuple[Amount, ...]:
    """Return the points that a need asks for, by its options `fractions` or `shots`."""
    if options.get("shots"):
        return tuple(Amount(shots=int(k)) for k in options["shots"])
    return tuple(Amount(percent=float(percent)) for percent in options["fractions"])
