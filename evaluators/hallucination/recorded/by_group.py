"""A number of everyone and of every group, and the gaps between groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evaluators.comparisons import Key, compare_groups
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Grouping, Minimums, distinct_slices, members
from evaluators.hallucination.recorded.quantity import Clustered, Quantity
from evaluators.records import Recorder
from governance.evidence.model import Measurement


@dataclass(frozen=True)
class Place:
    """The dataset that is measured, and in which groups."""

    records: Clustered
    recorder: Recorder
    minimums: Minimums
    groupings: tuple[Grouping, ...]
    seed: int

    def estimate(self, quantity: Quantity, inside: Bools) -> Estimate | str:
        """Make a number of the records of a group, or say why there is none."""
        among = inside & quantity.among
        reason = self.minimums.missing(self._patients(inside), [(quantity.what, self._patients(among))])
        if reason:
            return reason
        try:
            return quantity.make(among)
        except ValueError as error:
            return str(error)

    def _patients(self, mask: Bools) -> int:
        return int(np.count_nonzero(np.bincount(self.records.codes[mask], minlength=self.records.n_clusters)))


def by_group(quantity: Quantity, place: Place) -> Iterator[Measurement]:
    """Measure a quantity in every group of the groupings, and compare the groups where it says so."""
    about = {key: value for key, value in quantity.about.items() if value is not None}
    recorder, dataset = place.recorder, place.records.dataset
    if quantity.absent is not None:
        yield recorder.not_measured(quantity.metric, quantity.absent, n=0, **about)
        return
    found: dict[Key, Estimate | str] = {}
    for cell in distinct_slices(place.groupings, dataset):
        inside = members(cell, dataset)
        estimate = place.estimate(quantity, inside)
        found[frozenset(cell.items())] = estimate
        if isinstance(estimate, str):
            n = int((inside & quantity.among).sum())
            yield recorder.not_measured(quantity.metric, estimate, slice=cell, n=n, **about)
        else:
            yield recorder.measured(quantity.metric, estimate, slice=cell, **about)
    if quantity.compared and "estimand" not in about:
        for grouping in place.groupings:
            yield from compare_groups(recorder, quantity.metric, grouping, dataset, found, seed=place.seed, **about)
