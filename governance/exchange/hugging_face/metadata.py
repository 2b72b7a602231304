"""What the files for the Hub hold as data. Their JSON Schema is that of these models.

Sources: huggingface/hub-docs, ``modelcard.md`` (metadata and ``model-index``) and ``docs/hub/eval-results.md`` (marked
there as work in progress); huggingface_hub 2.4, `ModelCardData` and `EvalResultEntry`. Neither format has a field for
an interval or for how many cases a number rests on, so that both stand in the name of a metric and in the notes.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from governance.evidence.model import Frozen

Line = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\r\n]+$")]
Id = Annotated[str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")]
"""A name in an address of the Hub, with or without an owner."""
Slug = Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Address = Annotated[str, StringConstraints(max_length=1000, pattern=r"^https?://[^\s]+$")]


class Task(Frozen):
    """What the model was asked to do."""

    type: Slug
    name: Line | None = None


class Dataset(Frozen):
    """What it was measured on. `type` is the id of the Hub, where it has the dataset; `revision` our digest of it."""

    type: Id
    name: Line
    split: Slug | None = None
    revision: Line


class Metric(Frozen):
    """A number; its interval and what it rests on stand in the name."""

    type: Slug
    value: float
    name: Line


class Result(Frozen):
    """The numbers of one task on one dataset."""

    task: Task
    dataset: Dataset
    metrics: tuple[Metric, ...] = Field(min_length=1)


class ModelIndex(Frozen):
    """All results of a model."""

    name: Line
    results: tuple[Result, ...] = Field(min_length=1)


class CardMetadata(Frozen):
    """The head of a model card."""

    language: tuple[Slug, ...]
    license: Slug | None = None
    license_name: Slug | None = None
    license_link: Address | Annotated[str, StringConstraints(pattern=r"^LICENSE(\.md)?$")] | None = None
    library_name: Slug | None = None
    pipeline_tag: Slug | None = None
    tags: tuple[Slug, ...] = ()
    datasets: tuple[Id, ...] | None = None
    metrics: tuple[Slug, ...] | None = None
    base_model: tuple[Id, ...] | None = None
    model_index: tuple[ModelIndex, ...] | None = Field(default=None, alias="model-index")

    def content(self) -> dict[str, Any]:
        """Return the head as it is written, without what is not known."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Benchmark(Frozen):
    """A task of a benchmark of the Hub."""

    id: Id
    task_id: Line


class Source(Frozen):
    """Where a reader finds how a number came about."""

    url: Address
    name: Line | None = None


class EvalResult(Frozen):
    """One entry of ``.eval_results/*.yaml``."""

    dataset: Benchmark
    value: float
    date: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    source: Source | None = None
    notes: Line | None = None

    def content(self) -> dict[str, Any]:
        """Return the entry as it is written, without what is not known."""
        return self.model_dump(mode="json", exclude_none=True)
