"""Values under each condition, changes from clean input, and how groups differ by both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from evaluators import metrics
from evaluators.comparisons import Compared, Comparison, Key, compare_groups, span_of
from evaluators.estimates import Bools, Estimate, remembered
from evaluators.fairness import gaps
from evaluators.grouping import Grouping, Minimums, Slice, distinct_slices, members
from evaluators.records import Recorder
from evaluators.robustness.scores import decisions
from evaluators.robustness.scores.measures import Measure, View, rejected
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import CLEAN, Condition, Measurement, Method, MetricDescriptor, OperatingPoint
from governance.harness.protocols import Request

Found = Mapping[Key, Estimate | str]

_ALWAYS: tuple[Comparison, ...] = ("worst", "difference")


@dataclass(frozen=True)
class ByCondition:
    """What the numbers of all conditions share.

    Attributes
    ----------
    compare
        Names of metrics by which groups are compared under every condition; rules of the policy may add to them.
    requests
        What the policy's rules ask of this evaluator and dataset.
    """

    evaluator: str
    dataset: DatasetInfo
    measures: tuple[Measure, ...]
    groupings: tuple[Grouping, ...]
    minimums: Minimums
    point: OperatingPoint | None
    level: float
    seed: int
    compare: tuple[str, ...]
    requests: tuple[Request, ...] = ()

    def recorder(self, condition: Condition, *, on_scores: bool = False) -> Recorder:
        """Return a recorder of a condition; numbers on scores alone have no operating point."""
        return Recorder(self.evaluator, self.dataset, self.level, condition, None if on_scores else self.point)

    @cached_property
    def slices(self) -> tuple[tuple[Slice, Bools], ...]:
        """Everyone and every group with its (n,) mask, each once."""
        cells = distinct_slices(self.groupings, self.dataset)
        return tuple((cell, members(cell, self.dataset)) for cell in cells)

    def values(self, view: View, condition: Condition, variant: str | None = None) -> Iterator[Measurement]:
        """Give every metric and the rejected inputs of every slice; then compare groups, unless for a variant."""
        found: dict[str, dict[Key, Estimate | str]] = {one.metric.name: {} for one in self.measures}
        for cell, mask in self.slices:
            inside = mask & view.decisions.present
            for one in self.measures:
                estimate = one.value(view, inside)
                found[one.metric.name][frozenset(cell.items())] = estimate
                yield self._record(one, estimate, condition, inside, slice=cell, variant=variant)
            yield _recorded(
                self.recorder(condition, on_scores=True),
                metrics.REJECTED_RATE,
                rejected(view, inside, self.minimums),
                inside,
                slice=cell,
                variant=variant,
            )
        if variant is None:
            yield from self._compared(found, condition)

    def changes(self, changed: View, clean: View, condition: Condition) -> Iterator[Measurement]:
        """Give differences to clean input on the same samples and changed decisions, then compare groups by them."""
        found: dict[str, dict[Key, Estimate | str]] = {one.metric.name: {} for one in self.measures}
        for cell, mask in self.slices:
            inside = mask & changed.decisions.present
            for one in self.measures:
                if one.change is None:
                    continue
                estimate = one.change(changed, clean, inside)
                found[one.metric.name][frozenset(cell.items())] = estimate
                yield self._record(
                    one,
                    estimate,
                    condition,
                    inside,
                    slice=cell,
                    estimand="difference",
                    reference_condition=CLEAN,
                )
            if changed.dice is None:
                flipped = decisions.flips(changed.decisions, clean.decisions, inside, self.minimums)
                yield _recorded(self.recorder(condition), metrics.FLIP_RATE, flipped, inside, slice=cell)
        for grouping in self.groupings:
            for one in self.measures:
                if one.change is not None and one.metric.name in self.compare:
                    yield from compare_groups(
                        self.recorder(condition, on_scores=one.on_scores),
                        _as_change(one.metric),
                        grouping,
                        self.dataset,
                        found[one.metric.name],
                        estimands=("difference",),
                        seed=self.seed,
                        reference_condition=CLEAN,
                    )

    def _compared(self, found: Mapping[str, Found], condition: Condition) -> Iterator[Measurement]:
        for grouping in self.groupings:
            asked = self._asked(grouping, condition)
            for one in self.measures:
                by_slice, recorder = found[one.metric.name], self.recorder(condition, on_scores=one.on_scores)
                always = one.metric.name in self.compare
                if always or one.metric.name in asked:
                    yield from compare_groups(
                        recorder, one.metric, grouping, self.dataset, by_slice, estimands=_ALWAYS, seed=self.seed
                    )
                if one.gap is not None and (always or one.gap.name in asked):
                    yield largest_gap(
                        one.gap,
                        Compared.of(recorder, one.metric, grouping, self.dataset, by_slice, seed=self.seed),
                    )

    def _asked(self, grouping: Grouping, condition: Condition) -> frozenset[str]:
        """Return the metrics that rules ask for over a grouping under a condition."""
        return frozenset(
            request.metric
            for request in self.requests
            if request.over is not None
            and Grouping.parse(request.over) == grouping
            and (request.condition or CLEAN.name) == condition.name
        )

    def _record(
        self, one: Measure, estimate: Estimate | str, condition: Condition, inside: Bools, **about: Any
    ) -> Measurement:
        return _recorded(self.recorder(condition, on_scores=one.on_scores), one.metric, estimate, inside, **about)


def largest_gap(metric: MetricDescriptor, compared: Compared, **about: Any) -> Measurement:
    """Give the largest difference of two groups, with an interval that holds although they were picked for it."""
    recorder, over = compared.recorder, compared.grouping.over
    usable = compared.usable()
    reason = compared.reason
    if reason is None and len(usable) < 2:
        reason = f"fewer than two groups have enough patients for a value of: {compared.metric.title.lower()}"
    if reason is not None:
        return recorder.not_measured(metric, reason, over=over, **about)
    found = [estimate for _, estimate in usable]
    spread = gaps.Spread(tuple(found), len(compared.cells) - len(found), span_of(compared.metric), compared.seed)
    gap = gaps.largest_difference(spread, family=spread.family)
    ranked = sorted(usable, key=lambda item: item[1].value)
    lowest, highest = (", ".join(ranked[end][0].values()) for end in (0, -1))
    estimate = Estimate(
        value=gap.value,
        n=sum(one.n for one in found),
        n_clusters=_patients(found),
        events=None,
        bounds=remembered(gap.bounds),
        gating=remembered(gap.gating),
        method=Method(
            name="over all groups that have a value",
            parameters={
                "groups": len(compared.cells),
                "groups_without_value": spread.unknown,
                "lowest": lowest,
                "highest": highest,
            },
            source="Hothorn, Bretz and Westfall, Biom. J. 50 (2008) 346; Zou and Donner, Stat. Med. 27 (2008) 1693",
        ),
    )
    return recorder.measured(metric, estimate, over=over, **about)


def _recorded(
    recorder: Recorder, metric: MetricDescriptor, estimate: Estimate | str, inside: Bools, **about: Any
) -> Measurement:
    if isinstance(estimate, str):
        return recorder.not_measured(metric, estimate, n=int(np.sum(inside)), **about)
    return recorder.measured(metric, estimate, **about)


def _as_change(metric: MetricDescriptor) -> MetricDescriptor:
    """Return a metric whose range is that of a change of it, which two groups may differ by."""
    span = span_of(metric)
    return metric.model_copy(update={"low": -span, "high": span})


def _patients(found: Sequence[Estimate]) -> int:
    known = [one.influence.size for one in found if one.influence is not None]
    total = sum(one.n_clusters for one in found)
    return min(total, *known) if known else total
