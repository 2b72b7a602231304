"""A run beside an earlier one on the same samples: which one that is, and the paired differences a policy asks for.

Both runs are opened from their folders alone. Differences are measured from the observations of both, sample by sample;
no model and no data of a user's are touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from governance.errors import GovernanceError, InputError, TamperError
from governance.evidence.columnar import read_for_decision
from governance.evidence.comparison import Baseline, Comparison
from governance.evidence.folder import RunFolder
from governance.harness.preparation import evaluator_of
from governance.harness.protocols import Comparing, Request
from governance.harness.reopened import Reopened
from governance.held import existing_run, refuse_changed
from governance.plugins import find
from governance.policy.requests import requests
from governance.policy.rules import Rule

if TYPE_CHECKING:
    from governance.evidence.model import Measurement, MetricDescriptor
    from governance.policy import LoadedPolicy, Policy

_MODEL = re.compile(r"models:/(?P<name>[^@/]+)(?:@(?P<alias>[A-Za-z0-9_-]+)|/(?P<version>[0-9]+))")


def find_baseline(written: str | Path, runs: Path, tracking: str | None = None) -> tuple[RunFolder, str | None]:
    """Return the folder of a baseline's run, and how it was named where that is not its folder.

    Parameters
    ----------
    written
        A run folder, ``models:/name@alias`` or ``models:/name/version``. A model's run is the one that the release of
        its version rests on (`governance promote`).
    runs
        The folder in which a model's run is looked for.
    tracking
        Address of the model registry.

    Raises
    ------
    InputError
        If there is no such run or model, or its run folder is not here.
    TamperError
        If the alias does not point at what was approved, or the folder is not what the release rests on.
    CannotRunError
        If the registry does not answer.
    """
    if not str(written).startswith("models:"):
        folder = existing_run(written)
        refuse_changed(folder)
        return folder, None
    from governance.releasing import registry_uri
    from governance.tracking.registry import Registry

    match = _MODEL.fullmatch(str(written))
    if match is None:
        raise InputError(f"'{written}' names no model", hint="models:/name@alias or models:/name/version, say")
    registry = Registry(registry_uri(None, tracking))
    if match["alias"]:
        (audited,) = registry.audit(match["name"], match["alias"])
        if audited.findings:
            raise TamperError(
                f"{written} is not what was approved: {audited.findings[0]}",
                hint=f"governance audit --model {match['name']}",
            )
        version = str(audited.model_version)
    else:
        version = match["version"]
    tags = registry.model_version(match["name"], version).tags
    run_id, evidence = (tags.get(f"governance.{key}") for key in ("run_id", "evidence_digest"))
    if not run_id or not evidence:
        raise InputError(
            f"version {version} of '{match['name']}' names no run that it was released on",
            hint="`governance promote` writes it; or give the folder of the run: --baseline runs/ID",
        )
    path = runs / run_id
    if not (path / "spec.lock.json").is_file():
        raise InputError(
            f"the run {run_id}, which version {version} of '{match['name']}' was released on, is not in {runs}",
            hint="observations stay in run folders and are in no registry: copy the folder there",
        )
    folder = RunFolder(path)
    refuse_changed(folder)
    if folder.evidence_digest() != evidence:
        raise TamperError(f"{path} does not hold the evidence that version {version} of '{match['name']}' rests on")
    return folder, str(written)


def compare(folder: RunFolder, other: RunFolder, loaded: LoadedPolicy, named: str | None = None) -> Comparison:
    """Measure the differences to a baseline of what the rules of a policy ask for.

    Raises
    ------
    InputError
        If a folder is not of a finished run, lacks its samples, or both are one and the same run.
    """
    (evidence, digest), (earlier, earlier_digest) = read_for_decision(folder), read_for_decision(other)
    now, before = evidence.provenance, earlier.provenance
    if now.run_id == before.run_id:
        raise InputError("a run is no baseline of itself", hint="name an earlier run")
    subject = before.subject
    baseline = Baseline(
        run_id=before.run_id,
        evidence_digest=earlier_digest,
        model=str(subject["name"]),
        model_version=str(subject["version"]),
        model_digest=str(subject["digest"]),
        toolkit=before.toolkit,
        named=named,
    )
    found: list[Measurement] = []
    other_data: dict[str, str] = {}
    not_compared: dict[str, str] = {}
    asked = _asked(loaded.policy)
    if asked:
        here, there = Reopened.read(folder), Reopened.read(other)
        other_data = _other_data(here, there)
    for evaluator in asked:
        try:
            found += _differences(evaluator, (here, there), requests(loaded.policy), baseline.variant)
        except _NotComparedError as reason:
            not_compared[evaluator] = str(reason)
    return Comparison(
        run_id=now.run_id,
        evidence_digest=digest,
        baseline=baseline,
        metrics=_described(found),
        measurements=tuple(found),
        other_data=other_data,
        not_compared=not_compared,
    )


class _NotComparedError(Exception):
    """An evaluator's numbers of two runs are not compared; the message is the verdict's reason."""


def _asked(policy: Policy) -> list[str]:
    """Return the evaluators whose numbers are held against a baseline."""
    paired = (rule for rule in policy.rules if isinstance(rule, Rule) and rule.bar.paired_with == "baseline")
    return sorted({rule.measure.evaluator for rule in paired})


def _described(found: Iterable[Measurement]) -> tuple[MetricDescriptor, ...]:
    used = dict.fromkeys((m.evaluator, m.metric) for m in found)
    known = {name: {one.name: one for one in find("evaluators", name).metrics} for name, _ in used}
    return tuple(known[evaluator][metric] for evaluator, metric in used)


def _differences(
    evaluator: str, runs: tuple[Reopened, Reopened], wanted: Sequence[Request], name: str
) -> list[Measurement]:
    here, there = runs
    if not here.evaluates(evaluator):
        raise _NotComparedError(f"the evaluator {evaluator} was not run")
    if not there.evaluates(evaluator):
        raise _NotComparedError(f"the baseline's run did not evaluate {evaluator}")
    implementation = evaluator_of(evaluator)
    if not isinstance(implementation, Comparing):
        raise _NotComparedError(f"the evaluator {evaluator} compares no runs")
    tasks = [one.spec.subject.task for one in runs]
    if tasks[0] != tasks[1]:
        raise _NotComparedError(f"the baseline's task is {tasks[1]}, that of this model {tasks[0]}")
    try:
        return list(implementation.compare(here.observed(evaluator, wanted), there.observed(evaluator, wanted), name))
    except GovernanceError as error:
        text = f"{evaluator} cannot be measured again from the two run folders: {error.message}"
        raise _NotComparedError(text) from error


def _other_data(here: Reopened, there: Reopened) -> dict[str, str]:
    """Return why datasets of a run are not comparable: the baseline was measured on others."""
    others = {info.digest: info for info in there.datasets.values()}
    reasons: dict[str, str] = {}
    for name, info in here.datasets.items():
        if info.digest in others:
            continue
        same_name = there.datasets.get(name)
        reasons[name] = (
            f"the baseline's {name} has other content (digest {same_name.digest[:12]}, here {info.digest[:12]})"
            if same_name is not None
            else f"the baseline was not measured on these data (digest {info.digest[:12]})"
        )
    return reasons
