"""The canonical policy and its digest, and their record in the run folder before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from governance.errors import InputError, Location
from governance.evidence.canonical import digest_json
from governance.evidence.folder import RunFolder
from governance.policy.model import POLICY_VERSION, Policy


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy with its digest, and the line of each rule in the file it was read from (None where it was none)."""

    policy: Policy
    digest: str
    lines: Mapping[str, int]
    path: Path | None = None


def canonical_policy(policy: Policy) -> dict[str, Any]:
    """Return the policy as JSON content in which the order of rules and keys, comments and defaults play no part.

    Defaults are left out, so that a key that a later version adds does not change the digest of today's policies.
    """
    content = policy.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    rules = [
        {**rule, "supports": sorted(rule["supports"])} if "supports" in rule else rule
        for rule in content.get("rules", [])
    ]
    return {**content, "rules": sorted(rules, key=lambda rule: str(rule["id"]))}


def policy_digest(policy: Policy) -> str:
    """Return the SHA-256 of the canonical policy."""
    return digest_json(canonical_policy(policy))


def lock(folder: RunFolder, loaded: LoadedPolicy) -> bool:
    """Record a policy in the run folder, before anything is measured, and say whether it stands recorded there.

    A policy that is already recorded stays, whatever it is: the record says what was set before the run, not what was
    wished for afterwards. Nothing is recorded any more once there is evidence.
    """
    if not folder.policy_lock.exists() and not folder.evidence_json.exists():
        folder.write_json(
            folder.policy_lock,
            {
                "version": POLICY_VERSION,
                "digest": loaded.digest,
                "policy": canonical_policy(loaded.policy),
                "lines": dict(loaded.lines),
            },
        )
    return recorded_before_run(folder, loaded.digest)


def recorded_before_run(folder: RunFolder, digest: str) -> bool:
    """Say whether the policy with this digest is the one that was recorded before the run."""
    if not folder.policy_lock.exists():
        return False
    return _checked(folder).digest == digest


def locked_policy(folder: RunFolder) -> LoadedPolicy:
    """Return the policy that was recorded before the run.

    Raises
    ------
    InputError
        If none was recorded, or the record does not fit its own digest.
    """
    if not folder.policy_lock.exists():
        raise InputError(
            f"no policy was recorded before the run in {folder.path}",
            hint="name one: governance decide RUN --policy FILE",
        )
    return _checked(folder)


def _checked(folder: RunFolder) -> LoadedPolicy:
    content = folder.read_json(folder.policy_lock)
    place = Location(str(folder.policy_lock))
    try:
        policy = Policy.model_validate(content["policy"])
        digest, lines = str(content["digest"]), {str(rule): int(line) for rule, line in content["lines"].items()}
    except (ValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError("this is not a record of a policy", location=place) from error
    if policy_digest(policy) != digest:
        raise InputError("the recorded policy does not fit its digest; it was changed", location=place)
    return LoadedPolicy(policy, digest, lines)
