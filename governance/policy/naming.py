"""A policy by whatever name people have for it: a file, one that ships, a run, a decision."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from governance.errors import InputError, Location
from governance.evidence.folder import RunFolder
from governance.policy.loading import load_policy, named_policy
from governance.policy.lock import LoadedPolicy, locked_policy
from governance.policy.model import Decision


def any_policy(name: str) -> LoadedPolicy:
    """Return a policy from a file, from those that ship, or as it was recorded before a run.

    Raises
    ------
    InputError
        If there is none, or it is malformed.
    """
    path = Path(name)
    if _is_folder(path):
        return locked_policy(RunFolder(path))
    return load_policy(named_policy(name))


def policy_or_decision(name: str) -> LoadedPolicy | Decision:
    """Return a policy as `any_policy` does, or the one behind a decision (``decisions/*.json`` in a run folder).

    The policy behind a decision is the one that was recorded before the run, where it was made under that one. Else the
    decision itself is returned: it holds rules and bars, and not what each rule measures.

    Raises
    ------
    InputError
        If there is none, or it is malformed.
    """
    path = Path(name)
    if path.suffix != ".json" or not _is_there(path):
        return any_policy(name)
    try:
        decision = Decision.model_validate(json.loads(path.read_bytes()))
    except (ValidationError, ValueError, RecursionError) as error:
        raise InputError("this is not a decision", location=Location(name), hint="name a file in decisions/") from error
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror or error}") from error
    folder = RunFolder(path.resolve().parent.parent)
    if folder.policy_lock.exists():
        locked = locked_policy(folder)
        if locked.digest == decision.policy_digest:
            return locked
    return decision


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that no file can have
        return False


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
