"""A finished run opened again from its folder alone: no model, no data and no code of a user's is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError, Location
from governance.evidence.folder import RunFolder
from governance.evidence.model import CLEAN, Condition, Measurement
from governance.harness.observe import FolderObservations
from governance.harness.preparation import evaluator_of
from governance.harness.protocols import EvaluationContext, Need, Observed, Request
from governance.harness.sample_tables import read_samples
from governance.plugins import ConditionDescriptor, find, installed
from governance.spec.model import Spec


@dataclass(frozen=True)
class Reopened:
    """What a run was planned and measured from."""

    folder: RunFolder
    spec: Spec
    datasets: Mapping[str, DatasetInfo]
    observations: FolderObservations
    conditions: Mapping[str, Any]

    @classmethod
    def read(cls, folder: RunFolder) -> Reopened:
        """Read plan and samples; observation tables are read when they are asked for.

        Raises
        ------
        InputError
            If the plan is malformed, or the folder lacks its samples.
        """
        lock = folder.read_json(folder.spec_lock)
        try:
            spec = Spec.model_validate(lock["spec"])
            needs = [_need(written) for written in lock["needs"]]
            datasets = read_samples(folder, lock)
            conditions = {**installed("conditions"), **_planned(lock.get("conditions") or {})}
        except (ValidationError, KeyError, TypeError) as error:
            raise InputError("this is not the plan of a run", location=Location(str(folder.spec_lock))) from error
        return cls(folder, spec, datasets, FolderObservations(folder, needs), conditions)

    def evaluates(self, name: str) -> bool:
        """Whether the run was asked for an evaluator."""
        return name in self.spec.evaluate

    def observed(self, name: str, requests: Sequence[Request] = ()) -> Observed:
        """Return what one evaluator measured from.

        Parameters
        ----------
        requests
            What a policy's rules ask for; those of another evaluator are left out.
        """
        options = find("evaluators", name).options.model_validate(self.spec.evaluate[name])
        context = EvaluationContext(
            options=options,
            subject=self.spec.subject,
            datasets=self.datasets,
            settings=self.spec.settings,
            requests=tuple(request for request in requests if request.evaluator == name),
            conditions=self.conditions,
            base=self.folder.path,
        )
        return Observed(self.observations, context)


def measured_again(folder: RunFolder) -> Iterator[Measurement]:
    """Measure a finished run again from its observations, in the order of its evidence.

    Raises
    ------
    InputError
        If the folder lacks what is needed; files that options name (a lexicon of one's own) are not in it.
    """
    opened = Reopened.read(folder)
    requests = [Request(**request) for request in folder.read_json(folder.spec_lock)["requests"]]
    for name in sorted(opened.spec.evaluate):
        observed = opened.observed(name, requests)
        yield from evaluator_of(name).measure(observed.observations, observed.context)


def _planned(written: Mapping[str, Any]) -> dict[str, ConditionDescriptor]:
    """Return the conditions of the plan that are not installed: those of the spec's own, as far as the plan tells."""
    return {
        name: ConditionDescriptor(
            name=name,
            title=content["title"],
            version=content["version"],
            severities=tuple(content["severities"]),
            kind=content["kind"],
        )
        for name, content in written.items()
        if name not in installed("conditions")
    }


def _need(written: Mapping[str, Any]) -> Need:
    condition = Condition.model_validate(written["condition"]) if written.get("condition") else CLEAN
    earlier = [_need(one) for one in written["builds_on"]]
    return Need.of(
        written["collector"], written["dataset"], condition=condition, builds_on=earlier, **written["options"]
    )
