"""The protocols that evaluators and collectors keep.

Data moves one way: an evaluator says what it needs; collectors run the model and write observations; the evaluator
measures from the observations alone. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from governance.datasets.protocol import Dataset, DatasetInfo
from governance.evidence.canonical import digest_json
from governance.evidence.model import CLEAN, Condition, Measurement
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.protocol import Session

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from pydantic import BaseModel

OK = "ok"
REJECTED = "rejected"
UNPARSED = "unparsed"
"""Values of the `status` column of every observation table. What is not ok keeps its row and gives a `reason`."""


@dataclass(frozen=True)
class Need:
    """A request to a collector. Equal needs of several evaluators are collected once.

    `builds_on` names earlier needs whose tables this one reads (a probe needs embeddings).
    """

    collector: str
    dataset: str
    condition: Condition = CLEAN
    options: tuple[tuple[str, Any], ...] = ()
    builds_on: tuple[Need, ...] = ()

    @classmethod
    def of(
        cls,
        collector: str,
        dataset: str,
        *,
        condition: Condition = CLEAN,
        builds_on: Iterable[Need] = (),
        **options: Any,
    ) -> Need:
        """Make a need from keyword options. Option values must be JSON values (lists become tuples)."""
        frozen = tuple(sorted((key, tuple(v) if isinstance(v, list) else v) for key, v in options.items()))
        return cls(collector, dataset, condition, frozen, tuple(builds_on))

    def describe(self) -> dict[str, Any]:
        """Return the need as JSON content."""
        return {
            "collector": self.collector,
            "dataset": self.dataset,
            "condition": self.condition.model_dump(mode="json"),
            "options": {key: list(v) if isinstance(v, tuple) else v for key, v in self.options},
            "builds_on": [need.describe() for need in self.builds_on],
        }

    @property
    def id(self) -> str:
        """First 16 hexadecimal digits of the digest of the need; the name of its observation table ends with it."""
        return digest_json(self.describe())[:16]


@dataclass(frozen=True)
class Request:
    """What a policy's rule will ask the evidence for; compiled before planning, so that it is measured.

    `over` is an attribute or several joined by " x ", for rules on worst groups, differences and ratios.
    """

    evaluator: str
    metric: str
    dataset: str | None = None
    estimand: str = "value"
    over: str | None = None
    condition: str | None = None


class Observations(Protocol):
    """The tables of a run, by need."""

    def table(self, need: Need) -> pd.DataFrame:
        """Return the observation table: ``sample_id``, ``status``, ``reason`` and the collector's columns.

        Raises
        ------
        KeyError
            If the need was not collected.
        """
        ...


@dataclass(frozen=True)
class EvaluationContext:
    """All that an evaluator may know: its options, the datasets' tables, what the policy will ask, and settings."""

    options: BaseModel
    subject: SubjectSpec
    datasets: Mapping[str, DatasetInfo]
    settings: Settings
    requests: Sequence[Request] = ()
    conditions: Mapping[str, Any] = field(default_factory=dict)
    """Condition descriptors by name: installed ones and those the spec registers."""
    base: Path = Path()
    """Folder of the spec, for files that an evaluator's options name."""


class Evaluator(Protocol):
    """Says what it needs, and measures purely from what was observed. Equal input gives equal output."""

    def needs(self, context: EvaluationContext) -> Iterable[Need]:
        """Say what must be observed."""
        ...

    def measure(self, observations: Observations, context: EvaluationContext) -> Iterable[Measurement]:
        """Measure from the observations alone; what cannot be measured is a measurement with a reason."""
        ...


@dataclass(frozen=True)
class Observed:
    """What an evaluator measures from in one run."""

    observations: Observations
    context: EvaluationContext


@runtime_checkable
class Comparing(Protocol):
    """An evaluator that compares two runs on the same samples."""

    def compare(self, here: Observed, there: Observed, name: str) -> Iterable[Measurement]:
        """Give the differences `here` less `there` of samples that both runs have.

        Parameters
        ----------
        name
            The `reference_variant` of the differences.
        """
        ...


@dataclass(frozen=True)
class Shard:
    """A deterministic unit of a collector's work, cached and resumed alone. `indices` are rows of the dataset."""

    name: str
    indices: tuple[int, ...]


@dataclass(frozen=True)
class CollectionContext:
    """What a collector works with. `session` opens the subject on first use and keeps it."""

    dataset: Dataset
    info: DatasetInfo
    datasets: Mapping[str, tuple[Dataset, DatasetInfo]]
    subject: SubjectSpec
    base: Path
    device: str
    settings: Settings
    tables: Mapping[str, pd.DataFrame]
    """Tables of the needs it builds on, by need id."""
    open_subject: Any
    """``() -> Session``."""
    conditions: Mapping[str, Any] = field(default_factory=dict)


class Collector(Protocol):
    """Runs models and writes one kind of table, shard by shard."""

    def shards(self, need: Need, context: CollectionContext) -> Sequence[Shard]:
        """Cut the work into units that are cached and resumed alone."""
        ...

    def collect(self, need: Need, shard: Shard, context: CollectionContext) -> pd.DataFrame:
        """Return the shard's rows: ``sample_id``, ``status``, ``reason`` and the collector's columns."""
        ...


@runtime_checkable
class BatchCollector(Protocol):
    """A collector that observes one batch after the other and so shares decoding and conditions with others.

    The harness decodes each shard once, moves it to the device once, applies every condition to it there and hands the
    result to each batch collector that asked for it.
    """

    def observe(self, batch: Any, session: Session, options: Mapping[str, Any]) -> Mapping[str, np.ndarray]:
        """Return columns with one row a sample of the batch."""
        ...


Collected = Iterator[tuple[Need, Shard, "pd.DataFrame"]]
