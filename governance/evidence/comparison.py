"""The differences of two runs on the same samples: `comparisons/<decision>.json`."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field

from governance.evidence.canonical import digest_json
from governance.evidence.model import Frozen, Measurement, MetricDescriptor


class Baseline(Frozen):
    """A run that another one is compared with.

    Attributes
    ----------
    named
        How it was named, where that was not its folder: ``models:/name@alias``.
    """

    run_id: str
    evidence_digest: str
    model: str
    model_version: str
    model_digest: str
    toolkit: str
    named: str | None = None

    @property
    def words(self) -> str:
        """Which run it is, for a reader."""
        named = f", {self.named}" if self.named else ""
        return f"{self.model} {self.model_version} (run {self.run_id}{named})"

    @property
    def variant(self) -> str:
        """The `reference_variant` of differences to it."""
        return f"run {self.run_id}"


class Comparison(Frozen):
    """Paired differences of a run to a baseline, measured from the observations of both.

    Attributes
    ----------
    run_id, evidence_digest
        The run that is compared.
    metrics
        Metrics of the differences.
    other_data
        Why there are no differences on a dataset, by its name: the baseline was measured on other data.
    not_compared
        Why an evaluator compares nothing, by its name.
    """

    version: Literal[1] = 1
    run_id: str
    evidence_digest: str
    baseline: Baseline
    metrics: tuple[MetricDescriptor, ...]
    measurements: tuple[Measurement, ...]
    other_data: dict[str, str] = Field(default_factory=dict)
    not_compared: dict[str, str] = Field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical comparison."""
        return digest_json(self.model_dump(mode="json"))

    @cached_property
    def by_id(self) -> dict[str, Measurement]:
        """Measurements by id."""
        return {measurement.id: measurement for measurement in self.measurements}
