"""Release decisions of named persons, and audits of what they let through: a run folder beside a model registry."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.errors import ExitCode, InputError, TamperError
from governance.evidence.folder import RunFolder
from governance.held import existing_run, held, refuse_changed

if TYPE_CHECKING:
    from governance.tracking.registry import Audited, Registry, ReleaseRecord


def promote(
    run_folder: str | Path,
    *,
    model: str,
    alias: str,
    approved_by: str,
    version: str | None = None,
    comment: str | None = None,
    same_model: bool = False,
    register: bool = False,
    tracking: str | None = None,
) -> ReleaseRecord | ExitCode:
    """Record a named person's release decision and move an alias of the model registry.

    Parameters
    ----------
    approved_by
        Name and role, with a comma between.
    version
        Of the registered model; by default the newest one that is tagged as the model that was evaluated.
    same_model
        Whether the approver states that the version is the model that was evaluated, where nothing else tells.
    register
        Whether a version is registered for the model of the run where there is none yet.

    Returns
    -------
    The record, or the exit code of a decision that does not allow the release; then nothing was moved.

    Raises
    ------
    TamperError
        If a file of the run is not what its manifest says.
    InputError
        If the run was not decided on, or the registry has no such version or another model under it.
    CannotRunError
        If the registry does not answer.
    """
    from governance import documents
    from governance.evidence.canonical import digest_json
    from governance.tracking.registry import Registry, ReleaseRecord, now

    folder = existing_run(run_folder)
    name, _, role = (part.strip() for part in approved_by.partition(","))
    if not name or not role:
        raise InputError("--approved-by needs a name and a role", hint='for example "A. Name, clinical safety"')
    with held(folder):
        if not folder.manifest.exists():
            raise TamperError(f"{folder.path} has no manifest, so nobody can tell whether it was changed")
        refuse_changed(folder)
        decision = documents.latest_decision(folder)
        if decision is None:
            raise InputError(f"nobody has decided on {folder.path}", hint="governance decide RUN")
        if decision.exit_code is not ExitCode.OK:
            return decision.exit_code
        subject = folder.read_evidence().provenance.subject
        options = (folder.read_json(folder.spec_lock).get("spec") or {}).get("subject", {}).get("options") or {}
        registry = Registry(registry_uri(folder, tracking))
        found = _version(registry, folder, model, str(subject["digest"]), version=version, register=register)
        bound = registry.bound_by(found, str(subject["digest"]), options.get("uri"), stated=same_model)
        return registry.release(
            ReleaseRecord(
                model=model,
                model_version=str(found.version),
                alias=alias,
                approved_by=name,
                role=role,
                comment=comment,
                released_at=now(),
                run_id=decision.run_id,
                evidence_digest=decision.evidence_digest,
                policy=f"{decision.policy} {decision.policy_version}",
                policy_digest=decision.policy_digest,
                decision_digest=digest_json(decision.model_dump(mode="json")),
                outcome=decision.summary,
                subject_digest=str(subject["digest"]),
                source=found.source,
                source_run=found.run_id or None,
                bound_by=bound,
            )
        )


def _version(
    registry: Registry, folder: RunFolder, model: str, digest: str, *, version: str | None, register: bool
) -> Any:
    if version is not None:
        return registry.model_version(model, version)
    if not register:
        return registry.evaluated_version(model, digest)
    known = folder.read_json(folder.run_json) if folder.run_json.exists() else {}
    return registry.register(model, digest, known.get("tracking") or {})


def audit(
    model: str, *, alias: str | None = None, run_folder: str | Path | None = None, tracking: str | None = None
) -> list[Audited]:
    """Say whether the aliases of a registered model point at what a person approved.

    Parameters
    ----------
    run_folder
        A run whose files are held against the release as well.
    """
    from dataclasses import replace

    from governance import dossier
    from governance.evidence.canonical import digest_json
    from governance.tracking.registry import Registry

    folder = existing_run(run_folder) if run_folder is not None else None
    found = Registry(registry_uri(folder, tracking)).audit(model, alias)
    if folder is None:
        return found
    wrong = [f"the run folder: {finding}" for finding in dossier.verify(folder.path).findings]
    decisions = {digest_json(folder.read_json(path)) for path in sorted(folder.decisions.glob("*.json"))}
    checked = []
    for one in found:
        more = list(wrong)
        if one.record is not None and one.record.decision_digest not in decisions:
            more.append("the run folder does not hold the decision that was approved")
        if one.record is not None and one.record.evidence_digest != folder.evidence_digest():
            more.append("the run folder does not hold the evidence that was approved")
        checked.append(replace(one, findings=(*one.findings, *more)))
    return checked


def registry_uri(folder: RunFolder | None, tracking: str | None) -> str:
    """Return the address of the model registry: the one given, else that of a run, else ``MLFLOW_TRACKING_URI``.

    Raises
    ------
    InputError
        If none of them is known.
    """
    known = {} if folder is None or not folder.run_json.exists() else folder.read_json(folder.run_json)
    uri = tracking or (known.get("tracking") or {}).get("uri") or os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        raise InputError("it is not known where the model registry is", hint="name it: --tracking URI")
    return str(uri)
