"""Measurements: one number each with all that is needed to understand it, or the reason why there is none.

These types are a contract: `evidence.json` is their serialisation, and readers keep every published version.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator

from governance.evidence.canonical import digest_json

EVIDENCE_VERSION: Literal[1] = 1

Direction = Literal["higher", "lower", "none"]
Estimand = Literal["value", "difference", "ratio", "worst", "mean"]
Status = Literal["measured", "not_measured"]
Scalar = str | int | float | bool


class Frozen(BaseModel):
    """Base of all records in evidence: immutable, closed, finite numbers only."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Interval(Frozen):
    """An interval estimate.

    `family` is None for a pointwise interval; for a simultaneous one it names the family over which the level holds
    together (for example ``"sensitivity over sex: 2 groups, Bonferroni"``).
    """

    low: float
    high: float
    level: float = Field(gt=0, lt=1)
    side: Literal["two", "lower", "upper"] = "two"
    method: str
    family: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"an interval's low ({self.low}) must not exceed its high ({self.high})")
        return self


class Condition(Frozen):
    """What was done to the input before the model saw it. `severity` is None where a condition has no scale."""

    name: str = "clean"
    severity: int | None = None

    @property
    def is_clean(self) -> bool:
        """Whether the input was left as it is."""
        return self.name == "clean"

    def __str__(self) -> str:
        return self.name if self.severity is None else f"{self.name}, severity {self.severity}"


CLEAN = Condition()


class OperatingPoint(Frozen):
    """A decision threshold and how it was chosen. A score at or above `threshold` counts as positive.

    `rule` is ``"fixed"`` or a named rule such as ``"youden"``; `chosen_on` names the dataset, None where fixed.
    """

    threshold: float
    rule: str
    chosen_on: str | None = None
    n: int | None = None


class Method(Frozen):
    """How a number was computed: a name, its parameters, and where the method comes from."""

    name: str
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    source: str | None = None


class Measurement(Frozen):
    """One number and what it is about.

    The identity fields (everything a reader needs to ask for the same number again: evaluator, metric, estimand,
    dataset, slice, reference, over, target class, operating rule, condition, fraction, seed, judge, variant, curve)
    give the `id`; the value does not, so the same question has the same id in every run.

    Attributes
    ----------
    slice, reference
        Attribute values the number is about, ``{}`` for everyone; a difference or ratio is ``slice`` against
        ``reference``.
    reference_condition, reference_variant
        What a difference or ratio compares with, where it compares conditions or variants instead of slices.
    over
        The attributes over whose groups a ``worst``, ``mean`` or summary ``difference`` was taken, joined by " x ".
        For a ``worst`` measurement `slice` is the worst group.
    fraction
        Share of the training labels used, in (0, 1].
    variant
        The arm, head or candidate a number belongs to, where an evaluation compares several.
    curve
        Coordinates of a point on a curve, for example ``{"bin": 3}``.
    interval
        Pointwise interval, or None with `interval_reason` (for example ``"exact"``).
    gating
        Interval that a verdict rests on, where that is not `interval`: `interval` is made to cover the truth as often
        as it says, this one to miss it on neither side more often than it may.
    simultaneous
        Interval that holds together with the other groups of its family; used to call a worst group.
    n, n_clusters, events
        Samples and independent clusters (patients) the number rests on, and events in its denominator's favour: for a
        proportion its numerator, for a ranking metric the positives.
    """

    evaluator: str
    metric: str
    metric_version: int = 1
    estimand: Estimand = "value"
    dataset: str
    slice: dict[str, str] = Field(default_factory=dict)
    reference: dict[str, str] | None = None
    reference_condition: Condition | None = None
    reference_variant: str | None = None
    over: str | None = None
    target_class: str | None = None
    operating_rule: str | None = None
    condition: Condition = CLEAN
    fraction: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = None
    judge: str | None = None
    variant: str | None = None
    curve: dict[str, Scalar] = Field(default_factory=dict)

    dataset_digest: str
    status: Status
    reason: str | None = None
    value: float | None = None
    unit: str = "1"
    direction: Direction = "none"
    interval: Interval | None = None
    interval_reason: str | None = None
    gating: Interval | None = None
    simultaneous: Interval | None = None
    p_value: float | None = Field(default=None, ge=0, le=1)
    test: str | None = None
    n: int | None = Field(default=None, ge=0)
    n_clusters: int | None = Field(default=None, ge=0)
    events: int | None = Field(default=None, ge=0)
    operating_point: OperatingPoint | None = None
    method: Method

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.status == "measured":
            if self.value is None:
                raise ValueError(f"{self.metric}: a measured number needs a value")
            if self.interval is None and not self.interval_reason:
                raise ValueError(f"{self.metric}: a value without an interval needs an interval_reason")
            if self.n is None:
                raise ValueError(f"{self.metric}: a measured number needs n")
        else:
            if any(part is not None for part in (self.value, self.interval, self.gating, self.simultaneous)):
                raise ValueError(f"{self.metric}: a number that was not measured has no value and no interval")
            if not self.reason:
                raise ValueError(f"{self.metric}: what was not measured needs a reason")
        return self

    def identity(self) -> Mapping[str, Any]:
        """Return the fields that make two measurements answers to the same question."""
        return self.model_dump(mode="json", include=set(_IDENTITY))

    @property
    def is_proportion(self) -> bool:
        """Whether the value is `events` of `n`."""
        if self.value is None or self.events is None or not self.n:
            return False
        return abs(self.value - self.events / self.n) < 1e-9

    @property
    def cases(self) -> int | None:
        """Samples that can move the number: the denominator of a proportion, otherwise the events.

        A sensitivity rests on all who have the condition, found or not; an AUROC is as uncertain as its positives are
        few.
        """
        return self.n if self.is_proportion else self.events

    @computed_field  # type: ignore[prop-decorator]
    @cached_property
    def id(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the identity."""
        return digest_json(self.identity())[:16]


_IDENTITY = (
    "evaluator",
    "metric",
    "metric_version",
    "estimand",
    "dataset",
    "slice",
    "reference",
    "reference_condition",
    "reference_variant",
    "over",
    "target_class",
    "operating_rule",
    "condition",
    "fraction",
    "seed",
    "judge",
    "variant",
    "curve",
)


class MetricDescriptor(Frozen):
    """What a metric is, for people and for `policy lint`.

    `low` and `high` bound the range (None: unbounded); `explanation` is one plain sentence; `does_not_show` names the
    wrong conclusion a reader might draw.
    """

    name: str
    version: int = 1
    title: str
    unit: str = "1"
    low: float | None = None
    high: float | None = None
    direction: Direction
    formula: str
    explanation: str
    does_not_show: str
    source: str


class Provenance(Frozen):
    """Where the measurements come from. Holds nothing that may differ between equal runs (see `run.json` for that)."""

    run_id: str
    subject: dict[str, Any]
    datasets: dict[str, Any]
    toolkit: str
    libraries: dict[str, str]
    device: str
    precision: str
    threads: int
    processor: str
    seed: int


class Evidence(Frozen):
    """All measurements of a run with their descriptors and provenance; ordered, unique by id."""

    version: Literal[1] = EVIDENCE_VERSION
    provenance: Provenance
    metrics: tuple[MetricDescriptor, ...]
    measurements: tuple[Measurement, ...]

    @model_validator(mode="after")
    def _unique(self) -> Self:
        seen: set[str] = set()
        for measurement in self.measurements:
            if measurement.id in seen:
                raise ValueError(f"two measurements answer the same question: {dict(measurement.identity())}")
            seen.add(measurement.id)
        return self

    @cached_property
    def by_id(self) -> dict[str, Measurement]:
        """Measurements by id."""
        return {measurement.id: measurement for measurement in self.measurements}

    @cached_property
    def descriptors(self) -> dict[str, MetricDescriptor]:
        """Metric descriptors by name."""
        return {metric.name: metric for metric in self.metrics}

    def seeds(self, evaluator: str) -> set[int]:
        """Return the seeds of an evaluator's measurements of a single seed."""
        own = (m for m in self.measurements if m.evaluator == evaluator and m.status == "measured")
        return {m.seed for m in own if m.seed is not None}
