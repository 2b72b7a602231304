"""The schema of `governance.yaml`: the subject, the datasets, the evaluations, the policy, the provider's statements.

Kinds of subjects, kinds of datasets and evaluators are open sets: their own options are kept in `options` here and
checked against the descriptor that registers the kind (`governance.spec.loading`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from governance.spec.regulatory import Regulatory

SPEC_VERSION = 1


def _as_written(value: Any) -> Any:
    """Give back the text of a scalar that YAML read as a number, so that ``1.10`` stays ``1.10``."""
    return getattr(value, "text", value)


Text = Annotated[str, BeforeValidator(_as_written), StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[
    str,
    BeforeValidator(_as_written),
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"),
]


RefersTo = Literal["dataset", "condition", "grouping", "file", "folder", "code"]


@dataclass(frozen=True)
class Refers:
    """Marks a text field of an options model as the name of something else, which loading or `check` then looks up.

    The bare word does as well: ``Annotated[str, "dataset"]``.
    """

    to: RefersTo


Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"), Refers("code")]
"""``module:function`` of a person's own code, looked up beside the spec first."""
DatasetName = Annotated[Name, Refers("dataset")]
"""A key of `datasets`."""
ConditionName = Annotated[Name, Refers("condition")]
"""An installed condition, or a key of `conditions`."""
Grouping = Annotated[Text, Refers("grouping")]
"""An attribute of the dataset that the evaluation is on, or several joined by " x "."""
FileName = Annotated[Text, Refers("file")]
"""A file or folder, relative to the folder of the spec; `check` says where it is missing."""

Disclosure = Literal["public", "customer", "confidential"]
Role = Literal["training", "validation", "testing"]
Task = Literal["binary", "multiclass", "multilabel", "regression", "segmentation", "generate"]


class Written(BaseModel):
    """Base of what people write: closed, immutable, finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SubjectSpec(Written):
    """The model under evaluation. `options` holds what the kind adds (weights, architecture, loader, ...)."""

    name: Name
    version: Text
    kind: Name
    task: Task = "binary"
    allow_pickle: bool = False
    options: dict[str, Any] = Field(default_factory=dict)


class Attribute(Written):
    """A column that defines groups, as it is or cut into bands.

    `bands` are inner edges in ascending order: ``[40, 60]`` gives ``<40``, ``40-60`` (from 40 to below 60), ``>=60``.
    `labels` renames values. Missing values are a group of their own, ``not recorded``. A column name alone will do.
    """

    column: Name
    title: Text | None = None
    bands: tuple[float, ...] | None = None
    unit: Text | None = None
    labels: dict[Text, Text] | None = None

    @model_validator(mode="before")
    @classmethod
    def _column_alone(cls, written: Any) -> Any:
        return {"column": written} if isinstance(written, (str, int, float)) else written

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.bands is not None and (not self.bands or list(self.bands) != sorted(set(self.bands))):
            raise ValueError("bands must be at least one number, in ascending order, none twice")
        return self


class DatasetSpec(Written):
    """Samples with target, attributes and a cluster id. `options` holds what the kind adds (table, image, loader, ...).

    `cluster` is the column that tells independent units (patients) apart, or ``none`` with `cluster_reason`. `target`
    is one column; a task with several labels a sample has `targets` instead: a column of 0 and 1 for each label.
    """

    kind: Name
    role: Role
    title: Text | None = None
    modality: Name | None = None
    target: Name | None = None
    targets: tuple[Name, ...] = ()
    sample_id: Name | None = None
    cluster: Name
    cluster_reason: Text | None = None
    attributes: dict[Name, Attribute] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.cluster == "none" and not self.cluster_reason:
            raise ValueError("cluster: none needs cluster_reason: say why every sample is an independent patient")
        return self

    @model_validator(mode="after")
    def _one_kind_of_target(self) -> Self:
        if self.target is not None and self.targets:
            raise ValueError("a dataset has either `target`, one column, or `targets`, a column for each label")
        if len(set(self.targets)) != len(self.targets):
            raise ValueError("`targets` names a column twice")
        return self


class Fact(Written):
    """A statement by a person, with owner, date and the day it must be looked at again.

    `strata` belong to the intended purpose alone: whom it covers, as attributes and groups of the datasets
    (``{age: ["<40", "40-65"], country: [DE, FR]}``). Those that were not tested are gaps in every document. `absent`
    marks a statement that there is none, or that it was not done: it answers a question and shows nothing.
    """

    statement: Text
    owner: Text
    date: dt.date
    review_by: dt.date
    disclosure: Disclosure = "public"
    source: Text | None = None
    strata: dict[Name, tuple[Text, ...]] = Field(default_factory=dict)
    absent: bool = False


class Hazard(Written):
    """What could go wrong for whom, how severe, which rules control it, what risk remains, who accepted it."""

    hazard: Text
    situation: Text | None = None
    harm: Text
    who: Text
    severity: Literal["negligible", "minor", "serious", "critical", "catastrophic"]
    controls: tuple[Name, ...] = ()
    residual_risk: Text | None = None
    accepted_by: Text | None = None


class BuiltOn(Written):
    """Something that the model is built on or evaluated with: what it is, and its licence as far as it is known.

    A dataset may be named by its id in ``policies/catalogues/medical_imaging_datasets.yaml``, which then says what is
    known of it. Without a licence it is not known, which is never taken as permission.
    """

    kind: Literal["model", "dataset", "code"]
    name: Text
    licence: Text | None = None
    used_for: Literal["building", "evaluating"] = "building"
    note: Text | None = None


class Licence(Written):
    """The licence of the model: a RAIL kind with restriction ids, or any SPDX expression without restrictions.

    `text` is a file beside the spec, or a link that nobody follows. `built_on` lists what of others is in the model; an
    empty list states that nothing is.
    """

    kind: Text
    artifacts: tuple[Literal["data", "application", "model", "source"], ...] = ("model",)
    restrictions: tuple[Name, ...] = ()
    own_restrictions: dict[Name, Text] = Field(default_factory=dict)
    inherits: tuple[Text, ...] = ()
    built_on: tuple[BuiltOn, ...] | None = None
    text: Text | None = None
    licensor: Text | None = None


class Tracking(Written):
    """Where the run is tracked. The default store is ``sqlite:///mlflow.db`` in the current directory."""

    uri: Text | None = None
    experiment: Text | None = None


MEASURED = 0
"""The batch size ``auto``, until it was measured and is a number."""


def _batch_size(written: Any) -> Any:
    if written == "auto":
        return MEASURED
    if isinstance(written, bool) or not isinstance(written, int) or written < 1:
        raise ValueError("`batch_size` must be a whole number from 1 on, or auto")
    return int(written)


BatchSize = Annotated[
    int,
    BeforeValidator(_batch_size),
    PlainSerializer(lambda size: size or "auto"),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"const": "auto"}]}),
]
"""Samples of a batch; ``auto`` measures it once on the device (see `governance.harness.batch_size`)."""


class Settings(Written):
    """How a run computes. `batch_size` and `threads` are fixed in the lock before anything is collected.

    `memory_format` is how images lie in memory while a network computes, ``auto`` by the kind of network; `compile`
    runs it through ``torch.compile``. Both may change the rounding of what it gives.
    """

    seed: int = Field(default=0, ge=0)
    level: float = Field(default=0.95, gt=0.5, lt=1)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    batch_size: BatchSize = 256
    memory_format: Literal["auto", "contiguous", "channels_last"] = "auto"
    compile: bool = False
    threads: int = Field(default=2, ge=1)
    minimum_patients: int = Field(default=30, ge=2)
    minimum_events: int = Field(default=10, ge=1)
    replicates: int = Field(default=2000, ge=200)


class Output(Written):
    """What is left behind: folders relative to the current directory, audiences and formats of the documents.

    `extracts` go through catalogues item by item (``governance list extracts``); ``all`` is every one that applies.
    """

    runs: Text = "runs"
    cache: Text = ".governance-cache"
    audiences: tuple[Name, ...] = ("public", "clinician", "deployer", "engineer", "auditor")
    formats: tuple[Name, ...] = ("html", "markdown", "pdf", "json")
    extracts: tuple[Name, ...] = ()


class Spec(Written):
    """`governance.yaml`, with `facts`, `hazards` and `regulatory` resolved (a file name or the content itself).

    `policy` is a file beside the spec or the name of a policy that ships; `waivers` is a file.
    """

    version: Literal[1]
    subject: SubjectSpec
    datasets: dict[Name, DatasetSpec] = Field(min_length=1)
    evaluate: dict[Name, dict[str, Any]] = Field(min_length=1)
    conditions: dict[Name, Reference] = Field(default_factory=dict)
    policy: Text | None = None
    waivers: Text | None = None
    facts: dict[Name, Fact] = Field(default_factory=dict)
    hazards: dict[Name, Hazard] = Field(default_factory=dict)
    licence: Licence | None = None
    regulatory: Regulatory = Regulatory()
    track: Tracking = Tracking()
    settings: Settings = Settings()
    output: Output = Output()
