"""Make measurements: of an estimate, or of the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from evaluators.estimates import Estimate
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import (
    CLEAN,
    Condition,
    Interval,
    Measurement,
    Method,
    MetricDescriptor,
    OperatingPoint,
)
from governance.statistics.bounds import Bounds

NOT_COMPUTED = Method(name="not computed")

Kept = dict[str, tuple[Measurement, Estimate]]
"""Measurements with the estimates that they were made of, by id."""

_kept: ContextVar[Kept | None] = ContextVar("kept", default=None)


@contextmanager
def keeping_estimates() -> Iterator[Kept]:
    """Keep what is recorded inside this block with its estimates, which know more than a measurement says of them."""
    found: Kept = {}
    token = _kept.set(found)
    try:
        yield found
    finally:
        _kept.reset(token)


def estimates_are_kept() -> bool:
    """Whether somebody keeps estimates, and so needs the influence of patients on them."""
    return _kept.get() is not None


@dataclass(frozen=True)
class Recorder:
    """What all measurements of one part of an evaluation have in common."""

    evaluator: str
    dataset: DatasetInfo
    level: float
    condition: Condition = CLEAN
    operating_point: OperatingPoint | None = None

    def under(self, condition: Condition) -> Recorder:
        """Return a recorder of another condition."""
        return replace(self, condition=condition)

    def at(self, operating_point: OperatingPoint | None) -> Recorder:
        """Return a recorder with a decision threshold."""
        return replace(self, operating_point=operating_point)

    def measured(
        self,
        metric: MetricDescriptor,
        estimate: Estimate,
        *,
        level: float | None = None,
        simultaneous: Interval | None = None,
        **about: Any,
    ) -> Measurement:
        """Record an estimate with its pointwise interval (or the reason why there is none)."""
        interval, reason = interval_of(estimate.bounds, level or self.level)
        gating = interval_of(estimate.gating, level or self.level)[0] if estimate.gating else None
        made = self._make(
            metric,
            status="measured",
            value=estimate.value,
            interval=interval,
            interval_reason=reason,
            gating=gating,
            simultaneous=simultaneous,
            n=estimate.n,
            n_clusters=estimate.n_clusters,
            events=estimate.events,
            method=estimate.method,
            **about,
        )
        kept = _kept.get()
        if kept is not None:
            kept[made.id] = (made, estimate)
        return made

    def not_measured(self, metric: MetricDescriptor, reason: str, **about: Any) -> Measurement:
        """Record why there is no number."""
        return self._make(metric, status="not_measured", reason=reason, method=NOT_COMPUTED, **about)

    def _make(self, metric: MetricDescriptor, **content: Any) -> Measurement:
        point = self.operating_point
        return Measurement(
            evaluator=self.evaluator,
            metric=metric.name,
            metric_version=metric.version,
            dataset=self.dataset.name,
            dataset_digest=self.dataset.digest,
            unit=metric.unit,
            direction=metric.direction,
            condition=self.condition,
            operating_point=point,
            operating_rule=point.rule if point else None,
            **content,
        )


def interval_of(
    bounds: Callable[[float], Bounds], level: float, *, family: str | None = None, joint_level: float | None = None
) -> tuple[Interval | None, str | None]:
    """Return the interval at `level`, or the reason why there is none.

    With `joint_level` the interval is one of a family that holds together at that level; it is made at `level`.
    """
    try:
        ends = bounds(level)
    except ValueError as error:
        return None, str(error)
    return Interval(low=ends.low, high=ends.high, level=joint_level or level, method=ends.method, family=family), None
