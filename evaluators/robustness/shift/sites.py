"""The scored population and another one, and how what is found of both is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import Predictions, auroc_estimate, threshold_estimate
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Grouping, Minimums, Slice, distinct_slices, members
from evaluators.records import Recorder
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement, Method, MetricDescriptor, OperatingPoint, Scalar
from governance.statistics.shift import Combined


@dataclass(frozen=True)
class Site:
    """A population with the model's predictions of it."""

    dataset: DatasetInfo
    data: Predictions

    @property
    def everyone(self) -> Bools:
        """(n,) all samples."""
        return np.ones(self.dataset.n, dtype=bool)


@dataclass(frozen=True)
class Sites:
    """Two populations, judged at the same operating point; `there` is compared with `here`."""

    here: Site
    there: Site
    recorder: Recorder
    point: OperatingPoint
    minimums: Minimums
    groupings: tuple[Grouping, ...]

    @property
    def contrast(self) -> dict[str, Any]:
        """What a difference between the populations carries."""
        return {
            "estimand": "difference",
            "variant": f"on {self.there.dataset.name}",
            "reference_variant": f"on {self.here.dataset.name}",
        }

    def slices(self) -> Iterator[Slice]:
        """Yield everyone, and each group of the groupings that the other population has."""
        known = tuple(grouping for grouping in self.groupings if grouping.unknown(self.there.dataset) is None)
        yield from distinct_slices(known, self.there.dataset)

    def common(self, grouping: Grouping) -> tuple[Slice, ...]:
        """Return the groups of a grouping that occur in both populations."""
        if any(grouping.unknown(site.dataset) for site in (self.here, self.there)):
            return ()
        cells = grouping.slices(self.there.dataset)
        both = (self.here.dataset, self.there.dataset)
        return tuple(cell for cell in cells if all(members(cell, dataset).any() for dataset in both))

    def estimate(self, metric: MetricDescriptor, site: Site, cell: Slice) -> Estimate | str:
        """Estimate a metric in a slice of a population, or say why not."""
        inside = members(cell, site.dataset)
        if metric is metrics.AUROC:
            return auroc_estimate(site.data, inside, self.minimums)
        if metric is metrics.PREVALENCE:
            return self._prevalence(site, inside)
        return threshold_estimate(metric, site.data, inside, self.point, self.minimums)

    def record(self, metric: MetricDescriptor, found: Estimate | str, n: int, **about: Any) -> Measurement:
        """Record an estimate, or why there is none."""
        plain = metric in (metrics.AUROC, metrics.PREVALENCE)
        recorder = self.recorder if plain else self.recorder.at(self.point)
        if isinstance(found, str):
            return recorder.not_measured(metric, found, n=n, **about)
        return recorder.measured(metric, found, **about)

    def combined(
        self, found: Combined, *, method: str, source: str, low: float, high: float, **parameters: Scalar
    ) -> Estimate:
        """Wrap an estimate made of both populations; a value beyond the range is drawn to its end."""
        return Estimate(
            value=min(max(found.value, low), high),
            n=self.here.dataset.n + self.there.dataset.n,
            n_clusters=sum(found.patients),
            events=None,
            bounds=estimates.remembered(lambda level: found.interval(level, low=low, high=high)),
            method=Method(name=method, parameters=parameters, source=source),
        )

    def _prevalence(self, site: Site, inside: Bools) -> Estimate | str:
        reason = self.minimums.missing(site.data.patients(inside), [])
        if reason:
            return reason
        return estimates.proportion(
            site.data.positive,
            inside,
            site.data.codes,
            name="share with cluster-adjusted interval",
            parameters={},
            n_clusters=site.data.n_clusters,
        )
