"""Options and metrics: the candidate against a baseline on the same samples. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, ValidationError, model_validator

from evaluators import metrics
from evaluators.operating_point import OperatingPointOptions
from governance.errors import InputError
from governance.evidence.canonical import canonical_json
from governance.evidence.model import MetricDescriptor
from governance.harness.protocols import Need
from governance.plugins import find
from governance.spec.model import Name, SubjectSpec, Text, Written

BASELINE = "baseline"
"""The variant that a baseline's numbers carry, and the name of the collector that observes other models."""

_OWN = frozenset({"name", "kind", "digest", "allow_pickle", "options"})


class OtherModel(Written):
    """Another model on the same samples: any kind of subject, written with the keys of its kind.

    ``{kind: recorded, predictions: {test: a.csv, validation: b.csv}, digest: ...}``

    Attributes
    ----------
    digest
        SHA-256 of all that determines the model's outputs. What a candidate is compared with must not change unseen, so
        it is pinned; with ``unknown`` the run stops and says which it is.
    options
        The keys that the kind adds; they may stand beside `kind`, as in `subject`.
    """

    # In the written form the kind's own keys stand beside these; each is checked against the kind, not by the schema.
    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    name: Text = BASELINE
    kind: Name
    digest: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64}|unknown)$")]
    allow_pickle: bool = False
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _keys_of_the_kind(cls, written: Any) -> Any:
        if not isinstance(written, dict):
            return written
        own = {key: value for key, value in written.items() if key in _OWN}
        added = {key: value for key, value in written.items() if key not in _OWN}
        try:
            model = find("subjects", str(own.get("kind"))).options if "kind" in own else None
            if model is not None:
                given = {**(own.get("options") or {}), **added}
                added = model.model_validate(given).model_dump(mode="json", by_alias=True)
        except InputError as error:
            raise ValueError(error.message) from error
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        if "digest" not in own and "kind" in own:
            raise ValueError("another model needs `digest`; write `digest: unknown`, and the run says which it is")
        return {**own, "options": added}

    def subject(self) -> SubjectSpec:
        """Return the model as a subject that can be opened."""
        return SubjectSpec(
            name=BASELINE, version="1", kind=self.kind, allow_pickle=self.allow_pickle, options=self.options
        )

    def need(self, dataset: str) -> Need:
        """Return the request for this model's predictions of a dataset."""
        return Need.of(BASELINE, dataset, model=canonical_json(self.model_dump(mode="json")).decode())


class ComparisonOptions(Written):
    """Options under ``evaluate: {fairness: {comparison: ...}}``.

    Attributes
    ----------
    baseline
        The model that the candidate is compared with.
    operating_point
        How the baseline decides; as the candidate does unless given (by the same rule on the same dataset, each with
        its own scores, or at the same fixed threshold).
    """

    baseline: OtherModel
    operating_point: OperatingPointOptions | None = None

    @model_validator(mode="after")
    def _binary(self) -> Self:
        if "predict" not in find("subjects", self.baseline.kind).capabilities:
            raise ValueError(f"a baseline of the kind '{self.baseline.kind}' predicts nothing")
        return self


def gap_change(metric: MetricDescriptor) -> MetricDescriptor:
    """Describe by how much a way of deciding changes the gap between two groups."""
    title = metric.title if metric.title[1:2].isupper() else f"{metric.title[:1].lower()}{metric.title[1:]}"
    return MetricDescriptor(
        name=f"{metric.name}_gap_change",
        title=f"Change of the gap in {title}",
        low=-2,
        high=2,
        direction="none",
        formula="(group - reference group) as measured - (group - reference group) as compared with, the same samples",
        explanation=(
            f"By how much the difference in {title} between two groups grows or shrinks; where the gap compared with "
            "is above 0, a negative change narrows it."
        ),
        does_not_show=(
            "Whether the gap narrowed because one group does better or because the other does worse; see the groups."
        ),
        source="Newcombe, Stat. Med. 17 (1998) 873; Zou and Donner, Stat. Med. 27 (2008) 1693 (applied to differences)",
    )


COMPARED = (
    metrics.SENSITIVITY,
    metrics.SPECIFICITY,
    metrics.ACCURACY,
    metrics.BALANCED_ACCURACY,
    metrics.SELECTION_RATE,
    metrics.AUROC,
)
"""Metrics of which paired differences are given."""

GAP_CHANGES: dict[str, MetricDescriptor] = {metric.name: gap_change(metric) for metric in COMPARED}
"""By the name of the metric whose gap changes."""

METRICS: tuple[MetricDescriptor, ...] = tuple(GAP_CHANGES.values())
