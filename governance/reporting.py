"""Reports of a decision for a pipeline: what was asked for, what it is compared with, and the writing of files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.errors import CannotRunError, InputError, Location
from governance.evidence.folder import RunFolder, write_atomically

if TYPE_CHECKING:
    from governance.exchange.reports import Reported, Request
    from governance.policy.model import Decision


@dataclass(frozen=True)
class Asked:
    """Reports that were asked for, and the earlier decision that they say the changes since."""

    requests: tuple[Request, ...] = ()
    since: Decision | None = None

    @property
    def fills_output(self) -> bool:
        """Whether standard output must hold a report and nothing else."""
        return any(request.fills_output for request in self.requests)


def read_asked(written: Iterable[str], since: str | Path | None = None) -> Asked:
    """Read what reports are asked for, before anything is computed.

    Parameters
    ----------
    written
        ``KIND=PATH`` pairs; ``-`` is standard output.
    since
        An earlier decision: its file, or the folder of its run.

    Raises
    ------
    InputError
        If a kind, a path or the earlier decision is wrong.
    """
    from governance.exchange.reports import read_requests

    return Asked(read_requests(written), read_decision(Path(since)) if since is not None else None)


def read_decision(path: Path) -> Decision:
    """Read a decision from its file, or the one made last from the folder of its run.

    Raises
    ------
    InputError
        If there is none, or the file is not a decision.
    """
    from pydantic import ValidationError

    from governance.documents import latest_decision
    from governance.policy.model import Decision

    if path.is_dir():
        decision = latest_decision(RunFolder(path))
        if decision is None:
            raise InputError(f"nothing was decided in {path}", hint="decide first: governance decide RUN")
        return decision
    if not path.is_file():
        raise InputError(f"there is no decision {path}", hint="give the folder of a run, or decisions/<digest>.json")
    try:
        return Decision.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(f"not a decision: {error.errors()[0]['msg']}", location=Location(str(path))) from error


def write_reports(
    asked: Asked,
    folder: RunFolder,
    decision: Decision,
    *,
    policy_file: Path | None = None,
    spec_file: Path | None = None,
) -> tuple[Path, ...]:
    """Write the reports that were asked for and return the files; a report without a path goes to standard output.

    A report that cannot be written keeps none of the others from being written.

    Raises
    ------
    CannotRunError
        If one or more could not be written; it names them and repeats the decision's outcome.
    """
    from governance.exchange.reports import render

    if not asked.requests:
        return ()
    reported = _reported(asked, folder, decision, policy_file, spec_file)
    files, failures = [], []
    for request in asked.requests:
        content = render(request, reported)
        if request.path is None:
            sys.stdout.write(content.decode())
            continue
        try:
            write_atomically(request.path, _beside_what_is_there(request, content))
            files.append(request.path)
        except (CannotRunError, OSError) as error:
            failures.append(f"{request.kind}: {error.message if isinstance(error, CannotRunError) else error}")
    if failures:
        raise CannotRunError(
            f"a report could not be written: {'; '.join(failures)}",
            hint=f"the decision stands in {folder.decisions}: {decision.summary} (exit {int(decision.exit_code)})",
        )
    return tuple(files)


def _beside_what_is_there(request: Request, content: bytes) -> bytes:
    """Return a report with what a job's summary holds already: other commands of the step write to that file too."""

    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if request.kind == "github" and summary and str(request.path) == summary and Path(summary).is_file():
        before = Path(summary).read_bytes()
        return before + (b"\n" if before and not before.endswith(b"\n") else b"") + content
    return content


def _reported(
    asked: Asked, folder: RunFolder, decision: Decision, policy_file: Path | None, spec_file: Path | None
) -> Reported:
    from governance.exchange.reports import Reported, changes_since

    lock = folder.read_json(folder.spec_lock)
    subject = lock.get("subject") if isinstance(lock, dict) else None
    subject = subject if isinstance(subject, dict) else {}
    file, has_lines = _place(folder, lock, policy_file, spec_file)
    return Reported(
        decision=decision,
        file=file,
        has_lines=has_lines,
        subject=str(subject.get("name") or ""),
        subject_version=str(subject.get("version") or ""),
        changes=changes_since(asked.since, decision) if asked.since else None,
    )


def _place(folder: RunFolder, lock: Any, policy_file: Path | None, spec_file: Path | None) -> tuple[str, bool]:
    """Return the file that findings point to, from the root of the repository, and whether it holds the rules.

    A policy that ships with the toolkit is no file of the repository: the spec that names it is pointed to then.
    """
    root = _root(Path.cwd())
    for candidate, has_lines in _candidates(folder, lock, policy_file, spec_file):
        path = candidate.resolve()
        if path.is_file() and path.is_relative_to(root):
            return path.relative_to(root).as_posix(), has_lines
    return (policy_file or folder.policy_lock).name, False


def _candidates(
    folder: RunFolder, lock: Any, policy_file: Path | None, spec_file: Path | None
) -> Iterator[tuple[Path, bool]]:
    if policy_file is not None:
        yield policy_file, True
    elif known := _known_files(folder).get("policy"):
        yield _root(Path.cwd()) / known, True
    elif isinstance(lock, dict) and isinstance(lock.get("spec"), dict) and isinstance(lock["spec"].get("policy"), str):
        yield Path(lock["spec"]["policy"]), True
    if spec_file is not None:
        yield spec_file, False
    elif policy_file is None and (known := _known_files(folder).get("spec")):
        yield _root(Path.cwd()) / known, False
    yield folder.policy_lock, False


def _known_files(folder: RunFolder) -> dict[str, str]:
    """Return where the run's files lay in the checkout; only names that lead nowhere else are believed."""
    content = folder.read_json(folder.run_json) if folder.run_json.is_file() else {}
    files = content.get("files") if isinstance(content, dict) else None
    return {name: path for name, path in (files or {}).items() if isinstance(path, str)}


def from_checkout(path: Path | None) -> str | None:
    """Return a file's place in the git checkout of the current directory; None for a file that is not in it."""
    if path is None:
        return None
    found, root = path.resolve(), _root(Path.cwd())
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else None


def _root(start: Path) -> Path:
    """Return the nearest folder upwards that is a git checkout, else `start`."""
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), start)
