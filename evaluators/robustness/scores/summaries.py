"""Over severities and conditions: mean errors, degradation, consistency, and errors beside AlexNet's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluators.comparisons import Key, compare_groups
from evaluators.estimates import Bools, Estimate
from evaluators.families import joint_level
from evaluators.grouping import Slice
from evaluators.records import interval_of
from evaluators.robustness.scores import descriptors as own
from evaluators.robustness.scores.by_condition import ByCondition
from evaluators.robustness.scores.measures import View
from evaluators.robustness.scores.relative import Relative
from evaluators.robustness.scores.severities import OneSlice, Seen
from governance.evidence.model import CLEAN, Condition, Interval, Measurement, MetricDescriptor

COMPARED = (
    own.MEAN_ERROR,
    own.MEAN_BALANCED_ERROR,
    own.DEGRADATION_AREA,
    own.MEAN_DICE,
    own.DICE_DEGRADATION_AREA,
    *own.RELATIVE,
)
"""Summaries over all conditions by which groups are compared."""


@dataclass(frozen=True)
class Summaries:
    """Summaries of what was observed under the conditions that the options name.

    What only a rule of the policy asks for is not in them, so that a rule changes no number. Numbers over all
    conditions are about none of them, and carry the condition ``clean``; those over the severities of one carry its
    name alone.

    Attributes
    ----------
    seen
        By the name of the condition, in the order of severities.
    relative
        Errors of AlexNet to compare with.
    """

    numbers: ByCondition
    clean: View
    seen: Mapping[str, tuple[Seen, ...]]
    relative: tuple[Relative, ...]

    def measure(self) -> Iterator[Measurement]:
        """Give the summaries of every slice, condition by condition and of all, then compare groups by the latter."""
        whole: dict[str, dict[Key, Estimate | str]] = {}
        for cell, inside in self.numbers.slices if self.seen else ():
            one = OneSlice(self.clean, self.seen, inside, self.numbers.minimums)
            yield from self._by_condition(one, cell)
            for metric, variant, answer in self._of_all(one):
                if variant is None:
                    whole.setdefault(metric.name, {})[frozenset(cell.items())] = answer
                yield self._record(metric, answer, CLEAN, inside, slice=cell, variant=variant)
        for grouping in self.numbers.groupings:
            for metric in COMPARED:
                if metric.name in whole:
                    yield from compare_groups(
                        self.numbers.recorder(CLEAN),
                        metric,
                        grouping,
                        self.numbers.dataset,
                        whole[metric.name],
                        seed=self.numbers.seed,
                    )
        yield from self._asked_in_vain(set(whole))

    @property
    def _metrics(self) -> tuple[MetricDescriptor, ...]:
        """The summaries of the task, a mean first."""
        return own.SUMMARIES if self.clean.dice is None else own.OVERLAP_SUMMARIES

    def _by_condition(self, one: OneSlice, cell: Slice) -> Iterator[Measurement]:
        mean_of, *others = self._metrics
        means = {name: one.summary(mean_of, (name,)) for name in self.seen}
        together = {} if cell else self._together(means)
        for name, mean in means.items():
            about: dict[str, Any] = {"condition": Condition(name=name), "inside": one.inside, "slice": cell}
            yield self._record(mean_of, mean, simultaneous=together.get(name), **about)
            for metric in others:
                yield self._record(metric, one.summary(metric, (name,)), **about)
            for row in self.relative:
                for metric, answer in row.of_condition(name, one):
                    yield self._record(metric, answer, **about)

    def _of_all(self, one: OneSlice) -> Iterator[tuple[MetricDescriptor, str | None, Estimate | str]]:
        for metric in self._metrics:
            yield metric, None, one.summary(metric, tuple(self.seen))
        for row in self.relative:
            yield from row.of_all(one)

    def _together(self, means: Mapping[str, Estimate | str]) -> Mapping[str, Interval]:
        """Return the intervals of the mean errors that hold together for all conditions, to call one the worst by."""
        known = {name: mean for name, mean in means.items() if isinstance(mean, Estimate)}
        if len(known) < 2:
            return {}
        level, how = joint_level([mean.influence for mean in known.values()], self.numbers.level, self.numbers.seed)
        family = f"{self._metrics[0].name} over {len(known)} conditions, {how}"
        made = {
            name: interval_of(mean.bounds, level, family=family, joint_level=self.numbers.level)[0]
            for name, mean in known.items()
        }
        return {name: interval for name, interval in made.items() if interval is not None}

    def _record(
        self, metric: MetricDescriptor, answer: Estimate | str, condition: Condition, inside: Bools, **about: Any
    ) -> Measurement:
        recorder = self.numbers.recorder(condition)
        if isinstance(answer, str):
            about.pop("simultaneous", None)
            return recorder.not_measured(metric, answer, n=int(np.sum(inside)), **about)
        return recorder.measured(metric, answer, **about)

    def _asked_in_vain(self, given: set[str]) -> Iterator[Measurement]:
        """Say why a number beside AlexNet's, which a rule asks for, is not there."""
        asked = {request.metric for request in self.numbers.requests}
        for metric in own.RELATIVE:
            if metric.name in asked - given:
                reason = (
                    "AlexNet's errors are not known for these conditions; `reference` names a set for which they are"
                )
                yield self.numbers.recorder(CLEAN).not_measured(metric, reason)
