"""Read a policy file; whatever is wrong in it is an error at its line and column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from governance.data_files import data_folder
from governance.errors import CannotRunError, InputError, Location, near_name
from governance.policy.lint import problems
from governance.policy.lock import LoadedPolicy, policy_digest
from governance.policy.model import Policy
from governance.spec import read_yaml, validate
from governance.spec.document import Document, Keys

DEFAULT_PACK = "report-only"


def load_policy(path: Path | None = None) -> LoadedPolicy:
    """Read and check a policy file; without a path the pack that sets no bars.

    Raises
    ------
    InputError
        With file, line and column: malformed YAML, unknown keys, unknown evaluators or metrics, bars that do not fit.
    """
    path = path if path is not None else pack(DEFAULT_PACK)
    document = read_yaml(path)
    _refuse_twins(document)
    policy = validate(Policy, document)
    found = sorted(
        ((_location(document, problem.keys), problem) for problem in problems(policy)),
        key=lambda pair: (pair[0].line or 0, pair[0].column or 0),
    )
    if found:
        location, first = found[0]
        also = [f"also wrong: {place}: {problem.message}" for place, problem in found[1:5]]
        raise InputError(
            first.message, location=location, hint="\n  ".join([*([first.hint] if first.hint else []), *also]) or None
        )
    lines = {rule.id: document.location(("rules", index)).line or 1 for index, rule in enumerate(policy.rules)}
    return LoadedPolicy(policy, policy_digest(policy), lines, path)


def pack(name: str) -> Path:
    """Return the file of a policy that ships with the toolkit.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    known = {path.stem: path for path in data_folder("policies").glob("*.yaml") if path.stem != "rail"}
    if name not in known:
        if name == DEFAULT_PACK:
            raise CannotRunError(f"the toolkit's policy {name} is missing", hint="install the toolkit again")
        raise InputError(f"unknown policy pack '{name}'", hint=near_name(name, known))
    return known[name]


def _location(document: Document, keys: Keys) -> Location:
    """Return where a value stands; the parts of a short form stand where it does."""
    while keys and keys not in document.positions:
        keys = keys[:-1]
    return document.location(keys)


def _refuse_twins(document: Document) -> None:
    """Refuse a second rule of the same id where it stands; the model alone could not say where that is."""
    rules: Any = document.content.get("rules") if isinstance(document.content, dict) else None
    seen: dict[str, int] = {}
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        name = rule.get("id") if isinstance(rule, dict) else None
        if not isinstance(name, str):
            continue
        if name in seen:
            first = document.location(("rules", seen[name], "id"))
            raise document.error(("rules", index, "id"), f"two rules have the id '{name}'", f"the first is at {first}")
        seen[name] = index
