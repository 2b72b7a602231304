"""Worst groups, and differences and ratios between groups, each with the levels that a decision on them needs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from evaluators.estimates import Estimate
from evaluators.families import Contrast, difference, joint_level, ratio, two_one_sided_level, unweighted_mean
from evaluators.grouping import Grouping, Slice, pairs, recorded
from evaluators.records import Recorder, interval_of
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Interval, Measurement, Method, MetricDescriptor, Scalar
from governance.statistics.planning import minimum_detectable_difference

Key = frozenset[tuple[str, str]]
Estimates = Mapping[Key, Estimate | str]
"""An estimate, or the reason why there is none, by the items of the slice."""

Comparison = Literal["worst", "difference", "ratio", "mean"]

IDEALS: Mapping[str, float] = {"calibration_slope": 1.0, "calibration_in_the_large": 0.0}
"""Best values of metrics of which neither more nor less is better: there the worst group is the one furthest away."""


@dataclass(frozen=True)
class Compared:
    """The groups of a grouping by one metric.

    Attributes
    ----------
    cells
        Every recorded group, with or without a value. Samples whose attribute is missing have values of their own, but
        are neither the worst group nor compared: who they are is not known.
    """

    recorder: Recorder
    metric: MetricDescriptor
    grouping: Grouping
    cells: tuple[Slice, ...]
    by_slice: Estimates
    seed: int
    missing: str | None = None

    @classmethod
    def of(
        cls,
        recorder: Recorder,
        metric: MetricDescriptor,
        grouping: Grouping,
        dataset: DatasetInfo,
        by_slice: Estimates,
        *,
        seed: int = 0,
    ) -> Compared:
        """Find the groups; a dataset without the attribute has none."""
        missing = grouping.unknown(dataset)
        cells = () if missing else tuple(cell for cell in grouping.slices(dataset) if recorded(cell))
        return cls(recorder, metric, grouping, cells, by_slice, seed, missing)

    @property
    def reason(self) -> str | None:
        """Why there is nothing to compare, or None."""
        if self.missing is not None:
            return f"the dataset has no attribute '{self.missing}'"
        return "there is only one group to compare" if len(self.cells) < 2 else None

    def usable(self) -> tuple[tuple[Slice, Estimate], ...]:
        """Return the groups that have a value."""
        found = ((cell, self.by_slice[frozenset(cell.items())]) for cell in self.cells)
        return tuple((cell, estimate) for cell, estimate in found if isinstance(estimate, Estimate))

    @cached_property
    def simultaneous(self) -> dict[Key, Interval]:
        """Return the interval of every group that holds together with those of the others, where there is one."""
        usable = self.usable()
        if self.reason is not None or not usable:
            return {}
        level, how = joint_level([estimate.influence for _, estimate in usable], self.recorder.level, self.seed)
        family = f"{self.metric.name} over {self.grouping.over}: {len(usable)} groups, {how}"
        found = {}
        for cell, estimate in usable:
            interval, _ = interval_of(estimate.bounds, level, family=family, joint_level=self.recorder.level)
            if interval is not None:
                found[frozenset(cell.items())] = interval
        return found

    def worst(self, **about: Any) -> Measurement:
        """Give the worst group by the estimates, with the interval that allows for having looked at all groups."""
        about = {**about, "estimand": "worst", "over": self.grouping.over}
        usable = self.usable()
        reason = self.reason or (None if usable else "no group has enough patients for a value")
        if reason is not None:
            return self.recorder.not_measured(self.metric, reason, **about)
        cell, estimate = max(usable, key=lambda item: self._badness(item[1].value))
        method = Method(
            name=f"worst group by the estimate; {estimate.method.name}",
            parameters={
                **estimate.method.parameters,
                "groups": len(self.cells),
                "groups_without_value": len(self.cells) - len(usable),
            },
            source=estimate.method.source,
        )
        return self.recorder.measured(
            self.metric,
            replace(estimate, method=method),
            simultaneous=self.simultaneous.get(frozenset(cell.items())),
            slice=cell,
            **about,
        )

    def pairs(self, estimand: Literal["difference", "ratio"], **about: Any) -> Iterator[Measurement]:
        """Give the difference or ratio of every pair of groups, at the level of two one-sided tests."""
        if self.reason is not None:
            yield self.recorder.not_measured(
                self.metric, self.reason, estimand=estimand, over=self.grouping.over, **about
            )
            return
        found = [(pair, self._contrast(pair, estimand)) for pair in pairs(self.cells)]
        contrasts = [contrast for _, contrast in found if isinstance(contrast, Contrast)]
        level, how = self.recorder.level, "max-t"
        if contrasts:
            level, how = joint_level([contrast.influence for contrast in contrasts], self.recorder.level, self.seed)
        family = f"{self.metric.name} over {self.grouping.over}: {len(contrasts)} pairs, {how}"
        for (cell, reference), contrast in found:
            here = {**about, "estimand": estimand, "over": self.grouping.over, "slice": cell, "reference": reference}
            if isinstance(contrast, str):
                yield self.recorder.not_measured(self.metric, contrast, **here)
                continue
            simultaneous, _ = interval_of(contrast.bounds, level, family=family, joint_level=self.recorder.level)
            yield self.recorder.measured(
                self.metric,
                self._estimate(cell, reference, contrast, estimand),
                level=two_one_sided_level(self.recorder.level),
                simultaneous=simultaneous,
                **here,
            )

    def mean(self, **about: Any) -> Measurement:
        """Give the mean over all recorded groups, each counted the same; one without a value leaves none."""
        about = {**about, "estimand": "mean", "over": self.grouping.over}
        missing = [cell for cell in self.cells if isinstance(self.by_slice[frozenset(cell.items())], str)]
        reason = self.reason
        if reason is None and missing:
            listed = "; ".join(f"{', '.join(c.values())}: {self.by_slice[frozenset(c.items())]}" for c in missing)
            reason = f"a mean over groups needs a value of every group: {listed}"
        if reason is not None:
            return self.recorder.not_measured(self.metric, reason, **about)
        found = [estimate for _, estimate in self.usable()]
        low = -math.inf if self.metric.low is None else self.metric.low
        high = math.inf if self.metric.high is None else self.metric.high
        mean = unweighted_mean(found, low=low, high=high)
        estimate = Estimate(
            value=mean.value,
            n=sum(one.n for one in found),
            n_clusters=sum(one.n_clusters for one in found),
            events=None,
            bounds=mean.bounds,
            method=Method(
                name="unweighted mean over groups",
                parameters={"groups": len(found)},
                source="Zou, Huang and Zhang, Comput. Stat. Data Anal. 53 (2009) 1080",
            ),
            gating=mean.gating if any(one.gating is not None for one in found) else None,
        )
        return self.recorder.measured(self.metric, estimate, **about)

    def _badness(self, value: float) -> float:
        if self.metric.name in IDEALS:
            return abs(value - IDEALS[self.metric.name])
        return value if self.metric.direction == "lower" else -value

    def _contrast(self, pair: tuple[Slice, Slice], estimand: Literal["difference", "ratio"]) -> Contrast | str:
        first, second = (self.by_slice[frozenset(cell.items())] for cell in pair)
        if isinstance(first, str) or isinstance(second, str):
            found = zip(pair, (first, second), strict=True)
            return "; ".join(f"{', '.join(cell.values())}: {why}" for cell, why in found if isinstance(why, str))
        if estimand == "difference":
            return difference(first, second, limit=span_of(self.metric))
        try:
            return ratio(first, second)
        except ValueError as error:
            return str(error)

    def _estimate(self, cell: Slice, reference: Slice, contrast: Contrast, estimand: str) -> Estimate:
        first, second = (self.by_slice[frozenset(one.items())] for one in (cell, reference))
        if isinstance(first, str) or isinstance(second, str):
            raise TypeError("a contrast has two estimates")
        has_gating = first.gating is not None or second.gating is not None
        return Estimate(
            value=contrast.value,
            n=first.n + second.n,
            n_clusters=first.n_clusters + second.n_clusters,
            events=None,
            bounds=contrast.bounds,
            method=Method(
                name=f"{estimand} of two groups, each with its own interval",
                parameters={"n": first.n, "n_reference": second.n, **_detectable(first, second, contrast, estimand)},
                source="Newcombe, Stat. Med. 17 (1998) 873; Zou and Donner, Stat. Med. 27 (2008) 1693",
            ),
            gating=contrast.gating if has_gating else None,
        )


def compare_groups(
    recorder: Recorder,
    metric: MetricDescriptor,
    grouping: Grouping,
    dataset: DatasetInfo,
    by_slice: Estimates,
    *,
    estimands: Sequence[Comparison] = ("worst", "difference"),
    seed: int = 0,
    **about: Any,
) -> Iterator[Measurement]:
    """Give the worst group of a grouping, the difference or ratio of every pair of its groups, or their mean.

    Parameters
    ----------
    about
        Further identity of the measurements (`variant`, `fraction`).
    """
    compared = Compared.of(recorder, metric, grouping, dataset, by_slice, seed=seed)
    if "worst" in estimands:
        yield compared.worst(**about)
    if "difference" in estimands:
        yield from compared.pairs("difference", **about)
    if "ratio" in estimands:
        yield from compared.pairs("ratio", **about)
    if "mean" in estimands:
        yield compared.mean(**about)


def _detectable(first: Estimate, second: Estimate, contrast: Contrast, estimand: str) -> dict[str, Scalar]:
    """Say which true difference the patients at hand would show in four of five such datasets.

    Nothing where a group's outcomes are all equal: how much they vary is not known then.

    Source: `governance.statistics.planning.minimum_detectable_difference`.
    """
    known = all(one.influence is not None and one.influence.any() for one in (first, second))
    if estimand != "difference" or contrast.influence is None or not known:
        return {}
    moving = contrast.influence[contrast.influence != 0]
    if moving.size < 2:
        return {}
    error = math.sqrt(moving.size / (moving.size - 1) * float(moving @ moving))
    return {"minimum_detectable_difference": round(minimum_detectable_difference(error), 6)}


def span_of(metric: MetricDescriptor) -> float:
    """Return the largest possible difference of two values of a metric; infinite where its range is."""
    if metric.low is None or metric.high is None:
        return math.inf
    return metric.high - metric.low
