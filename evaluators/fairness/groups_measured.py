"""Values of every group, worst groups, differences, ratios and gaps, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from evaluators import metrics
from evaluators.comparisons import Compared, Comparison, Key
from evaluators.estimates import Bools, Estimate
from evaluators.fairness import second_opinion
from evaluators.fairness.descriptors import DESCRIPTOR
from evaluators.fairness.gaps_measured import BASES, GroupingGaps
from evaluators.fairness.groups import ON_SCORES, REJECTED_AS_MISSED, GroupMeasures
from evaluators.fairness.groups_descriptors import GROUP_METRICS
from evaluators.fairness.intersections_shrunken import shrunken
from evaluators.fairness.scene import Scene
from evaluators.grouping import Grouping, Slice, distinct_slices, members, recorded
from evaluators.records import Recorder, estimates_are_kept
from governance.evidence.model import Interval, Measurement, MetricDescriptor

BY_NAME: Mapping[str, MetricDescriptor] = {metric.name: metric for metric in GROUP_METRICS}

ALWAYS = (metrics.PREVALENCE.name, metrics.REJECTED_RATE.name)
"""What is given of the groups of generated intersections beside the metrics that are compared."""

EVERYONE: Key = frozenset()


@dataclass(frozen=True)
class MeasuredGroups:
    """All groups of a dataset: those of the groupings of `scene`, and those of generated `intersections`.

    Attributes
    ----------
    found, opinions
        Filled by `measure`: estimates by metric and group, and what other libraries gave for them.
    """

    scene: Scene
    measures: GroupMeasures
    intersections: tuple[Grouping, ...]
    found: dict[str, dict[Key, Estimate | str]] = field(default_factory=lambda: {name: {} for name in BY_NAME})
    opinions: dict[Key, second_opinion.Opinion] = field(default_factory=dict)

    def measure(self) -> Iterator[Measurement]:
        """Measure everyone first, then every group, then worst groups, differences, ratios and gaps."""
        inside = {key: members(cell, self.scene.dataset) for key, cell in self._cells.items()}
        for key, mask in inside.items():
            self._estimate(key, mask)
        for key, mask in inside.items():
            yield from self._values(key, mask)
        for compared, estimands in self._comparisons:
            if "worst" in estimands:
                yield compared.worst()
                if len(compared.grouping.attributes) > 1:
                    yield from shrunken(compared)
            if "difference" in estimands:
                yield from compared.pairs("difference")
            if "ratio" in estimands:
                yield from compared.pairs("ratio")
            if "mean" in estimands:
                yield compared.mean()
        for grouping in self.scene.groupings:
            yield from self._gaps(grouping)

    @cached_property
    def _named(self) -> frozenset[Key]:
        """Groups of which every metric is given."""
        cells = distinct_slices(self.scene.groupings, self.scene.dataset)
        return frozenset(frozenset(cell.items()) for cell in cells)

    @cached_property
    def _cells(self) -> dict[Key, Slice]:
        cells = distinct_slices((*self.scene.groupings, *self.intersections), self.scene.dataset)
        return {frozenset(cell.items()): cell for cell in cells}

    @cached_property
    def _asked(self) -> dict[tuple[str, str], set[Comparison]]:
        """What is compared, by grouping and metric: by the options, and beyond them by the policy."""
        options = self.scene.options
        asked: dict[tuple[str, str], set[Comparison]] = {}
        for grouping in self.scene.groupings:
            for name in BY_NAME:
                some: set[Comparison] = {"worst", "difference"} if name in options.compare else set()
                asked[grouping.over, name] = some | ({"ratio"} if name in options.ratios else set())
        for grouping in self.intersections:
            for name in options.compare:
                asked[grouping.over, name] = {"worst"}
        for request in self.scene.context.requests:
            of_ours = request.evaluator == DESCRIPTOR.name and request.dataset in (None, self.scene.dataset.name)
            over = None if request.over is None else Grouping.parse(request.over).over
            if of_ours and over is not None and request.metric in BY_NAME:
                for estimand in ("worst", "difference", "ratio", "mean"):
                    if request.estimand == estimand:
                        asked.setdefault((over, request.metric), set()).add(estimand)
        return {about: estimands for about, estimands in asked.items() if estimands}

    @cached_property
    def _kept(self) -> frozenset[str]:
        """Metrics whose influences are needed: as long as there are patients, others are not kept."""
        bases = (base.name for some in BASES.values() for base in some)
        requests = self.scene.context.requests if estimates_are_kept() else ()
        return frozenset((*bases, *(name for _, name in self._asked), *(request.metric for request in requests)))

    @cached_property
    def _comparisons(self) -> tuple[tuple[Compared, set[Comparison]], ...]:
        groupings = {grouping.over: grouping for grouping in (*self.scene.groupings, *self.intersections)}
        return tuple(
            (self._compared(BY_NAME[name], groupings[over]), estimands)
            for (over, name), estimands in self._asked.items()
        )

    @cached_property
    def _simultaneous(self) -> dict[tuple[str, Key], Interval]:
        """Intervals of groups that hold together with those of the other groups of the first grouping they are in."""
        made: dict[tuple[str, Key], Interval] = {}
        for compared, _ in self._comparisons:
            for key, interval in compared.simultaneous.items():
                made.setdefault((compared.metric.name, key), interval)
        return made

    def _compared(self, metric: MetricDescriptor, grouping: Grouping) -> Compared:
        return Compared.of(
            self._recorder(metric),
            metric,
            grouping,
            self.scene.dataset,
            self.found[metric.name],
            seed=self.scene.context.settings.seed,
        )

    def _recorder(self, metric: MetricDescriptor) -> Recorder:
        return self.scene.recorder if metric in ON_SCORES else self.scene.at_point

    def _wanted(self, key: Key) -> tuple[MetricDescriptor, ...]:
        if key in self._named:
            return GROUP_METRICS
        return tuple(metric for metric in GROUP_METRICS if metric.name in (*ALWAYS, *self.scene.options.compare))

    def _estimate(self, key: Key, inside: Bools) -> None:
        """Estimate all that is wanted of a group, and have it checked."""
        here = {metric.name: self.measures.estimate(metric, inside) for metric in self._wanted(key)}
        self.opinions[key] = second_opinion.check(
            here,
            self.scene.data,
            inside,
            self.scene.point,
            max_false_positive_rate=self.measures.max_false_positive_rate,
            threshold_probability=self.measures.threshold_probability,
        )
        everyone = key == EVERYONE and estimates_are_kept()
        for name, estimate in here.items():
            if isinstance(estimate, str) or name in self._kept or everyone:
                self.found[name][key] = estimate
            else:
                self.found[name][key] = replace(estimate, influence=None)

    def _values(self, key: Key, inside: Bools) -> Iterator[Measurement]:
        cell, data = self._cells[key], self.scene.data
        for metric in self._wanted(key):
            recorder, estimate = self._recorder(metric), self.found[metric.name][key]
            if isinstance(estimate, str):
                yield recorder.not_measured(metric, estimate, slice=cell, n=int(inside.sum()))
            else:
                together = self._simultaneous.get((metric.name, key))
                yield recorder.measured(metric, estimate, slice=cell, simultaneous=together)
        if np.any(data.present & ~data.usable & data.positive):
            counted = self.measures.rejected_as_missed(inside)
            if isinstance(counted, str):
                yield self.scene.at_point.not_measured(
                    metrics.SENSITIVITY, counted, slice=cell, n=int(inside.sum()), variant=REJECTED_AS_MISSED
                )
            else:
                yield self.scene.at_point.measured(metrics.SENSITIVITY, counted, slice=cell, variant=REJECTED_AS_MISSED)

    def _gaps(self, grouping: Grouping) -> Iterator[Measurement]:
        scene = self.scene
        gaps = GroupingGaps(
            scene.recorder, scene.at_point, grouping, scene.dataset, self.found, scene.context.settings.seed
        )
        made = list(gaps.measure())
        if grouping.unknown(scene.dataset) is None:
            cells = [frozenset(cell.items()) for cell in grouping.slices(scene.dataset) if recorded(cell)]
            second_opinion.check_gaps(
                {one.metric: one.value for one in made if one.value is not None},
                [self.opinions[key] for key in cells],
                self.opinions[EVERYONE],
                grouping.over,
            )
        yield from made
