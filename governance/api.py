"""The Python API: the commands as functions, with the same names.

Each function is the whole of its command; the CLI parses, calls one of them and prints. Data moves through the house in
one direction: spec, plan, observations, measurements, decision, documents, manifest.

>>> from governance import api
>>> result = api.run("governance.yaml", no_tracking=True)  # doctest: +SKIP
>>> result.exit_code, result.decision.summary  # doctest: +SKIP
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.checking import CheckReport, check
from governance.doctor import doctor
from governance.errors import ExitCode, InputError, Location
from governance.evidence.folder import RunFolder
from governance.exporting import export
from governance.held import existing_run, held, refuse_changed
from governance.listing import list_things
from governance.releasing import audit, promote
from governance.reporting import Asked, from_checkout, read_asked, read_decision, write_reports
from governance.scaffold import init
from governance.schemas import schema

if TYPE_CHECKING:
    from governance.catalogues import Coverage
    from governance.dossier import Report
    from governance.evidence.comparison import Comparison
    from governance.harness.progress import Reporter
    from governance.policy import LoadedPolicy
    from governance.policy.model import Decision
    from governance.spec import LoadedSpec
    from governance.spec.model import Spec

__all__ = [
    "CheckReport",
    "RunResult",
    "audit",
    "check",
    "coverage",
    "decide",
    "doctor",
    "evaluate",
    "export",
    "init",
    "list_things",
    "manifest",
    "promote",
    "read_asked",
    "read_decision",
    "render",
    "report",
    "run",
    "schema",
    "verify",
]


@dataclass(frozen=True)
class RunResult:
    """What a command left behind.

    `decision` is None where nothing was decided; `documents` are the files that were made or kept. `policy_file` and
    `spec_file` are the files that the decision's rules and the run were read from, where they were read from files.
    `before` is the last decision on the baseline that was named, if there is one.
    """

    folder: RunFolder
    decision: Decision | None = None
    documents: tuple[Path, ...] = ()
    index: Path | None = None
    notes: tuple[str, ...] = ()
    policy_file: Path | None = None
    spec_file: Path | None = None
    before: Decision | None = None

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that the decision leads to; OK where nothing was decided."""
        return self.decision.exit_code if self.decision else ExitCode.OK


def run(
    path: str | Path,
    *,
    device: str | None = None,
    output: str | Path | None = None,
    tracking: str | None = None,
    no_tracking: bool = False,
    audiences: Sequence[str] | None = None,
    formats: Sequence[str] | None = None,
    reporter: Reporter | None = None,
    overrides: Mapping[str, Any] | None = None,
    baseline: str | Path | None = None,
) -> RunResult:
    """Evaluate a model, decide, write the documents and seal the folder: the whole way.

    Parameters
    ----------
    path
        The ``governance.yaml``.
    device
        ``auto``, ``cpu``, ``cuda`` or ``mps``; overrides the spec.
    output
        Folder for runs, relative to the current directory; overrides the spec's ``output.runs``.
    tracking, no_tracking
        An MLflow tracking URI that overrides the spec's, or no tracking at all.
    audiences, formats
        Which documents to make; by default what the spec says.
    overrides
        Values for keys of the spec by dotted path, for example ``{"settings.seed": 1}``.
    baseline
        As in `decide`.

    Raises
    ------
    GovernanceError
        With the exit code that the command ends with; nothing is half-written then.
    """
    return _run(
        path,
        device=device,
        output=output,
        tracking=tracking,
        no_tracking=no_tracking,
        audiences=audiences,
        formats=formats,
        reporter=reporter,
        overrides=overrides,
        baseline=baseline,
        whole=True,
    )


def evaluate(
    path: str | Path,
    *,
    device: str | None = None,
    output: str | Path | None = None,
    tracking: str | None = None,
    no_tracking: bool = False,
    reporter: Reporter | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> RunResult:
    """Collect and measure only: everything up to ``evidence.json``. Parameters as in `run`."""
    return _run(
        path,
        device=device,
        output=output,
        tracking=tracking,
        no_tracking=no_tracking,
        audiences=None,
        formats=None,
        reporter=reporter,
        overrides=overrides,
        baseline=None,
        whole=False,
    )


def decide(
    run_folder: str | Path,
    policy: str | Path | None = None,
    *,
    waivers: str | Path | None = None,
    baseline: str | Path | None = None,
    tracking: str | None = None,
) -> RunResult:
    """Decide on the evidence of a finished run, by default under the policy that was recorded before it.

    Parameters
    ----------
    policy
        A file, or the name of a policy that ships.
    waivers
        A file of waivers. Those of the run's spec do not hold here unless they are given.
    baseline
        What rules that name a baseline are held against: the folder of an earlier run, ``models:/name@alias`` or
        ``models:/name/version``; a model's run is looked for beside this one.
    tracking
        Address of the model registry, where `baseline` is a model of it.

    Raises
    ------
    TamperError
        If a file of the run is not what its manifest says.
    """
    from governance import policy as policies

    folder = existing_run(run_folder)
    with held(folder):
        refuse_changed(folder)
        loaded = policies.load_policy(policies.named_policy(str(policy))) if policy else policies.locked_policy(folder)
        found = _baseline(baseline, folder.path.parent, tracking)
        comparison, before = _compared(folder, loaded, found)
        decision = policies.decide(
            folder,
            loaded,
            waivers=Path(waivers) if waivers else None,
            lineage=_lineage(_spec_of(folder)),
            comparison=comparison,
        )
        _remember_decision(folder, decision)
        manifest(folder.path)
    return RunResult(folder, decision, policy_file=loaded.path, before=before)


def report(result: RunResult, asked: Asked) -> tuple[Path, ...]:
    """Write the reports of a decision that a pipeline reads, and return their files.

    >>> asked = read_asked(["junit=junit.xml", "sarif=governance.sarif"])
    >>> report(decide("runs/5f1c09a2b7d4"), asked)  # doctest: +SKIP

    Raises
    ------
    CannotRunError
        If one could not be written; all others are.
    """
    if result.decision is None:
        return ()
    if asked.since is None and result.before is not None:
        asked = dataclasses.replace(asked, since=result.before)
    return write_reports(
        asked, result.folder, result.decision, policy_file=result.policy_file, spec_file=result.spec_file
    )


def render(
    run_folder: str | Path,
    *,
    audiences: Sequence[str] | None = None,
    formats: Sequence[str] | None = None,
    extracts: Sequence[str] | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Write the documents of a finished run again, from its files alone.

    Parameters
    ----------
    extracts
        Extracts of catalogues; by default those of the run's spec. With extracts and without audiences nothing else is
        written.

    Raises
    ------
    TamperError
        If a file of the run is not what its manifest says.
    """
    folder = existing_run(run_folder)
    with held(folder):
        refuse_changed(folder)
        wanted = _spec_of(folder).output.extracts if extracts is None and audiences is None else extracts or ()
        chosen = () if extracts and audiences is None else audiences
        result = _documents(folder, chosen, formats, reporter, wanted)
        manifest(folder.path)
    return result


def verify(path: str | Path) -> Report:
    """Compare a run folder with its manifest; the report names every changed, missing and added file."""
    from governance import dossier

    return dossier.verify(Path(path))


def coverage(run_folder: str | Path, *, only: Sequence[str] = (), on: dt.date | None = None) -> Coverage:
    """Say what the items of requirement catalogues came to for a run.

    Parameters
    ----------
    only
        Catalogues by id; by default all that something answers.
    on
        The day against which facts and dates of application are held; by default today.

    Raises
    ------
    TamperError
        If a file of the run is not what its manifest says.
    """
    from governance import catalogues

    folder = existing_run(run_folder)
    refuse_changed(folder)
    return catalogues.coverage(folder, only=only, on=on)


def manifest(path: str | Path) -> Path:
    """Write the manifest of a run folder: the SHA-256 of every file."""
    from governance import dossier

    return dossier.write_manifest(existing_run(path))


def _run(
    path: str | Path,
    *,
    device: str | None,
    output: str | Path | None,
    tracking: str | None,
    no_tracking: bool,
    audiences: Sequence[str] | None,
    formats: Sequence[str] | None,
    reporter: Reporter | None,
    overrides: Mapping[str, Any] | None,
    baseline: str | Path | None,
    whole: bool,
) -> RunResult:
    from governance import harness, licences
    from governance import policy as policies
    from governance import tracking as trackers
    from governance.harness.progress import SilentReporter
    from governance.spec import load_spec

    report = reporter or SilentReporter()
    started = dt.datetime.now(dt.UTC)
    loaded = load_spec(Path(path), overrides)
    policy = _policy_of(loaded)
    waivers = _waivers_of(loaded, policy)
    runs = Path(output) if output else Path(loaded.spec.output.runs)
    _check_names(loaded, audiences, formats)
    licences.check_licence(loaded)
    found = _baseline(baseline, runs, tracking)
    tracker = trackers.open_tracker(loaded.spec, tracking, enabled=not no_tracking)
    prepared = harness.prepare(
        loaded,
        policies.requests(policy.policy),
        device=device,
        runs=runs,
        cache=Path(loaded.spec.output.cache),
        reporter=report,
    )
    folder: RunFolder = prepared.folder
    with held(folder), tracker.started(folder, prepared.lock, policy.digest) as tracked:
        policies.lock(folder, policy)
        observations = harness.collect(prepared, report)
        harness.measure(prepared, observations, report)
        decision, before = None, None
        files = {"spec": from_checkout(Path(path)), "policy": from_checkout(policy.path)}
        _write_run_json(folder, started, tracked.ids, prepared.machine, files)
        result = RunResult(folder)
        if whole:
            comparison, before = _compared(folder, policy, found)
            decision = policies.decide(
                folder, policy, waivers=waivers, lineage=_lineage(loaded.spec), comparison=comparison
            )
            _remember_decision(folder, decision)
            licences.write_licence(folder, loaded)
            wanted = loaded.spec.output
            result = _documents(
                folder, audiences or wanted.audiences, formats or wanted.formats, report, wanted.extracts
            )
        manifest(folder.path)
        report.stage("track", None)
        tracked.log(folder, decision)
    return dataclasses.replace(result, policy_file=policy.path, spec_file=Path(path), before=before)


def _baseline(baseline: str | Path | None, runs: Path, tracking: str | None) -> tuple[RunFolder, str | None] | None:
    if baseline is None:
        return None
    from governance.comparing import find_baseline

    return find_baseline(baseline, runs, tracking)


def _compared(
    folder: RunFolder, policy: LoadedPolicy, found: tuple[RunFolder, str | None] | None
) -> tuple[Comparison | None, Decision | None]:
    """Return the differences to a baseline, and the last decision on it."""
    if found is None:
        return None, None
    from governance import documents
    from governance.comparing import compare

    other, named = found
    return compare(folder, other, policy, named), documents.latest_decision(other)


def _policy_of(loaded: LoadedSpec) -> LoadedPolicy:
    from governance import policy as policies

    if loaded.spec.policy is None:
        return policies.load_policy()
    return policies.load_policy(policies.named_policy(loaded.spec.policy, loaded.base))


def _waivers_of(loaded: LoadedSpec, policy: LoadedPolicy) -> Path | None:
    """Return the spec's file of waivers, read once so that a wrong one is known before anything is computed."""
    from governance import policy as policies

    if loaded.spec.waivers is None:
        return None
    path = loaded.base / loaded.spec.waivers
    subject, today = loaded.spec.subject, dt.datetime.now(dt.UTC).date()
    policies.load_waivers(path, policy.policy, model=subject.name, version=subject.version, today=today)
    return path


def _spec_of(folder: RunFolder) -> Spec:
    """Return the spec that a run was planned from."""
    from pydantic import ValidationError

    from governance.spec.model import Spec

    content = folder.read_json(folder.spec_lock)
    try:
        return Spec.model_validate(content["spec"])
    except (ValidationError, KeyError, TypeError) as error:
        raise InputError("this is not the plan of a run", location=Location(str(folder.spec_lock))) from error


def _lineage(spec: Spec) -> tuple[str, ...] | None:
    """Return what keeps the licence from being clean: none where it is, None where no licence is given."""
    from governance import licences

    try:
        statement = licences.describe_licence(spec)
    except InputError as error:
        return (error.message,)
    return None if statement.status == "not provided" else statement.warnings


def _check_names(loaded: LoadedSpec, audiences: Sequence[str] | None, formats: Sequence[str] | None) -> None:
    """Refuse unknown audiences and formats before anything is computed."""
    from governance.documents.audiences import check_audiences, check_formats
    from governance.documents.extracts import check_extracts

    check_audiences(audiences or loaded.spec.output.audiences)
    check_formats(formats or loaded.spec.output.formats)
    check_extracts(loaded.spec.output.extracts)


def _documents(
    folder: RunFolder,
    audiences: Sequence[str] | None,
    formats: Sequence[str] | None,
    reporter: Reporter | None,
    extracts: Sequence[str] = (),
) -> RunResult:
    from governance import documents

    decision = documents.latest_decision(folder)
    made = documents.render(folder, audiences=audiences, formats=formats, extracts=extracts, reporter=reporter)
    index = documents.render_index(folder.path.parent)
    return RunResult(folder, decision, tuple(made), index)


def _write_run_json(
    folder: RunFolder,
    started: dt.datetime,
    tracking: Mapping[str, str],
    machine: Any,
    files: Mapping[str, str | None],
) -> None:
    """Write what may differ between equal runs. Equal evidence keeps the times of the run that first measured it."""
    digest = folder.evidence_digest()
    content: dict[str, Any] = {
        "evidence_digest": digest,
        "started_at": started.isoformat(timespec="seconds"),
        "finished_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "tracking": dict(tracking),
        "files": dict(files),
    }
    with contextlib.suppress(OSError, json.JSONDecodeError, InputError):
        before = folder.read_json(folder.run_json)
        if before.get("evidence_digest") == digest:
            tracked = dict(tracking) or before.get("tracking", {})
            content = {**before, "tracking": tracked, "files": content["files"]}
    folder.write_json(folder.run_json, content)


def _remember_decision(folder: RunFolder, decision: Decision) -> None:
    """Note in `run.json` which policy was decided on last; documents show that decision."""
    content = folder.read_json(folder.run_json)
    content["decided_under"] = decision.policy_digest
    content["decision"] = decision.stem
    folder.write_json(folder.run_json, content)
