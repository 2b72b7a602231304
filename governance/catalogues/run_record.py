"""What a run records beside its measurements, read from the files of its folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from pydantic import ValidationError

from governance.catalogues.answers import Recorded
from governance.errors import InputError, Location
from governance.evidence.folder import RunFolder
from governance.evidence.model import Evidence
from governance.spec.document import PLACEHOLDER
from governance.spec.model import Spec


@dataclass(frozen=True)
class RunRecord:
    """The files of a run folder as far as items are answered from them.

    Attributes
    ----------
    lock
        Content of `spec.lock.json`.
    policy
        Content of `policy.lock.json`, empty where there is none.
    decisions
        Decisions on this very evidence.
    licence
        Content of `licence/licence.json`, empty where there is none.
    """

    run_id: str
    lock: Mapping[str, Any]
    spec: Spec
    evidence: Evidence
    policy: Mapping[str, Any]
    decisions: tuple[Mapping[str, Any], ...]
    licence: Mapping[str, Any]

    @cached_property
    def recorded(self) -> Mapping[Recorded, str]:
        """What is recorded, each with a phrase that says it; what is not there is left out."""
        found = ((name, _RECORDED[name](self)) for name in get_args(Recorded))
        return {name: words for name, words in found if words}

    def role(self, dataset: str) -> str | None:
        """Return the role of a dataset."""
        found = self.spec.datasets.get(dataset)
        return found.role if found else None


def read_run(folder: RunFolder, evidence: Evidence | None = None) -> RunRecord:
    """Read what a run folder holds.

    Parameters
    ----------
    evidence
        That of the folder, where it was read already.

    Raises
    ------
    InputError
        If the plan or the evidence is missing or malformed.
    """
    lock = folder.read_json(folder.spec_lock)
    try:
        spec = Spec.model_validate(lock["spec"])
    except (ValidationError, KeyError, TypeError) as error:
        raise InputError("this is not the plan of a run", location=Location(str(folder.spec_lock))) from error
    evidence = folder.read_evidence() if evidence is None else evidence
    digest = folder.evidence_digest()
    return RunRecord(
        run_id=folder.run_id,
        lock=lock,
        spec=spec,
        evidence=evidence,
        policy=_optional(folder, "policy.lock.json"),
        decisions=tuple(one for one in _decisions(folder) if one.get("evidence_digest") == digest),
        licence=_optional(folder, "licence/licence.json"),
    )


def _optional(folder: RunFolder, name: str) -> Mapping[str, Any]:
    path = folder.path / name
    content = folder.read_json(path) if path.is_file() else {}
    return content if isinstance(content, dict) else {}


def _decisions(folder: RunFolder) -> Iterator[Mapping[str, Any]]:
    for path in sorted(folder.decisions.glob("*.json")):
        try:
            content = json.loads(path.read_bytes())
        except ValueError as error:
            raise InputError(f"not valid JSON: {error}", location=Location(str(path))) from error
        if isinstance(content, dict):
            yield content


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def _datasets(run: RunRecord) -> Mapping[str, Mapping[str, Any]]:
    return {str(name): value for name, value in _mapping(run.lock, "datasets").items() if isinstance(value, dict)}


def _subject_digest(run: RunRecord) -> str:
    subject = _mapping(run.lock, "subject")
    digest = str(subject.get("digest") or "")
    return f"{run.spec.subject.name} {run.spec.subject.version}, digest {digest[:12]}" if digest else ""


def _dataset_digest(run: RunRecord) -> str:
    digests = {name: str(one.get("digest") or "") for name, one in _datasets(run).items()}
    if not digests or not all(digests.values()):
        return ""
    return "; ".join(f"{name}, digest {digest[:12]}" for name, digest in digests.items())


def _policy_before_run(run: RunRecord) -> str:
    """A policy with rules that was recorded before anything was measured, and decided under."""
    digest, policy = run.policy.get("digest"), _mapping(run.policy, "policy")
    decided = [one for one in run.decisions if one.get("policy_digest") == digest]
    if not policy.get("rules") or not any(one.get("recorded_before_run") is True for one in decided):
        return ""
    return f"policy {decided[0].get('policy')}, digest {str(digest)[:12]}, recorded before the run"


def _decision(run: RunRecord) -> str:
    made = [one for one in run.decisions if one.get("verdicts")]
    return f"decision under {made[0].get('policy')} {made[0].get('policy_version')}" if made else ""


def _environment(run: RunRecord) -> str:
    found = run.evidence.provenance
    if not (found.toolkit and found.libraries and found.device):
        return ""
    return f"toolkit {found.toolkit}, {len(found.libraries)} libraries with versions, {found.device}, {found.processor}"


def _seeds(run: RunRecord) -> str:
    seed = _mapping(run.lock, "settings").get("seed")
    return f"seed {seed}" if isinstance(seed, int) else ""


def _hazards(run: RunRecord) -> str:
    filled = [one for one in run.spec.hazards.values() if PLACEHOLDER not in f"{one.hazard} {one.harm}".lower()]
    return f"{len(filled)} hazard{'s' * (len(filled) != 1)} with severity and controls" if filled else ""


def _licence(run: RunRecord) -> str:
    stated = run.spec.licence
    return f"licence {stated.kind}" if stated and PLACEHOLDER not in stated.kind.lower() else ""


def _lineage(run: RunRecord) -> str:
    clean = run.licence.get("status") == "given" and run.licence.get("warnings") == []
    return f"licence {run.licence.get('kind')}, with what it builds on" if clean else ""


def _operating_point(run: RunRecord) -> str:
    points = {
        (m.operating_point.threshold, m.operating_point.rule)
        for m in run.evidence.measurements
        if m.status == "measured" and m.operating_point is not None
    }
    return "; ".join(f"threshold {threshold:.6g} ({rule})" for threshold, rule in sorted(points))


def _patients(run: RunRecord) -> str:
    counts = {name: (one.get("n"), one.get("clusters")) for name, one in _datasets(run).items()}
    if not counts or not all(isinstance(n, int) and isinstance(clusters, int) for n, clusters in counts.values()):
        return ""
    return "; ".join(f"{name}: {n} samples of {clusters} units" for name, (n, clusters) in counts.items())


def _patient_overlap(run: RunRecord) -> str:
    """How many patients each testing dataset shares with each other one; all pairs must be known."""
    datasets = _datasets(run)
    pairs = [
        (name, other, _mapping(one, "shares").get(other))
        for name, one in datasets.items()
        if run.role(name) == "testing"
        for other in datasets
        if run.role(other) in ("training", "validation")
    ]
    if not pairs or not all(isinstance(shared, int) for _, _, shared in pairs):
        return ""
    return "; ".join(f"{shared} patients in both {name} and {other}" for name, other, shared in pairs)


def _ledger(run: RunRecord) -> str:
    listed = (one.get("looks") for one in run.decisions)
    looks = [look for several in listed if isinstance(several, list) for look in several if isinstance(look, dict)]
    return "; ".join(dict.fromkeys(f"look {look.get('number')} at {look.get('dataset')}" for look in looks))


def _batch_and_precision(run: RunRecord) -> str:
    settings = _mapping(run.lock, "settings")
    size, precision = settings.get("batch_size"), settings.get("precision")
    return f"batches of {size} in {precision}" if isinstance(size, int) and precision else ""


_RECORDED: Mapping[Recorded, Callable[[RunRecord], str]] = {
    "subject_digest": _subject_digest,
    "dataset_digest": _dataset_digest,
    "policy_before_run": _policy_before_run,
    "decision": _decision,
    "environment": _environment,
    "seeds": _seeds,
    "hazards": _hazards,
    "licence": _licence,
    "licence_lineage": _lineage,
    "operating_point": _operating_point,
    "patients": _patients,
    "patient_overlap": _patient_overlap,
    "ledger": _ledger,
    "batch_and_precision": _batch_and_precision,
}
