"""Read a policy file; whatever is wrong in it is an error at its line and column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from governance.data_files import data_folder
from governance.errors import CannotRunError, InputError, Location, near_name
from governance.policy import building_on
from governance.policy.lint import problems
from governance.policy.lock import LoadedPolicy, policy_digest
from governance.policy.model import Policy
from governance.policy.packs import Parameter
from governance.spec import read_yaml, validate
from governance.spec.document import Document, Keys

DEFAULT_PACK = "report-only"
NO_PACKS = ("rail",)
"""Files beside the policies that ship which are none."""
_AS_FILE = (".yaml", ".yml")


def load_policy(path: Path | None = None) -> LoadedPolicy:
    """Read and check a policy file and those that it extends; without a path the pack that sets no bars.

    Raises
    ------
    InputError
        With file, line and column: malformed YAML, unknown keys, unknown evaluators or metrics, bars that do not fit,
        overrides of what is not there.
    """
    path = path if path is not None else pack(DEFAULT_PACK)
    policy, _, lines = _read(path, {}, ())
    return LoadedPolicy(policy, policy_digest(policy), lines, path)


def pack(name: str) -> Path:
    """Return the file of a policy that ships with the toolkit.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    known = packs()
    if name not in known:
        if name == DEFAULT_PACK:
            raise CannotRunError(f"the toolkit's policy {name} is missing", hint="install the toolkit again")
        raise InputError(f"unknown policy pack '{name}'", hint=near_name(name, known))
    return known[name]


def packs() -> dict[str, Path]:
    """Return the files of all policies that ship with the toolkit, by name."""
    found = sorted(data_folder("policies").glob("*.yaml"))
    return {path.stem: path for path in found if path.stem not in NO_PACKS}


def named_policy(name: str, base: Path = Path()) -> Path:
    """Return the file of a policy that is named by a path (relative to `base`) or as one that ships.

    Raises
    ------
    InputError
        If there is no such file and no such pack.
    """
    if name.endswith(_AS_FILE) or "/" in name or _is_file(base / name):
        return base / name
    return pack(name)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than the system takes
        return False


def _read(path: Path, above: dict[str, Parameter], chain: tuple[Path, ...]) -> tuple[Policy, Document, dict[str, int]]:
    """Read one file and, first, those that it extends, with the parameters that are set from above."""
    written = read_yaml(path)
    building_on.refuse_what_nobody_writes(written)
    _refuse_twins(written)
    own = building_on.parameters_of(written, above)
    chain = (*chain, path.resolve())
    parents: list[tuple[Policy, Document]] = []
    lines: dict[str, int] = {}
    for keys, name in building_on.parents_named(written):
        try:
            parent_path = named_policy(name, path.parent)
        except InputError as error:
            raise written.error(keys, error.message, error.hint) from None
        if not _is_file(parent_path):
            raise written.error(keys, f"there is no file {name} beside {path.name}")
        building_on.no_circle(written, keys, parent_path.resolve(), chain)
        parent, document, parent_lines = _read(parent_path, {**own, **above}, chain)
        parents.append((parent, document))
        lines |= parent_lines
    values = {name: value for parent, _ in parents for name, value in parent.parameters.items()}
    known = {**own, **values}
    document = building_on.filled_in(written, known, values)
    alone = validate(Policy, document)
    _refuse_problems(document, alone)
    policy = building_on.joined(document, alone, parents, known)
    rules = document.content.get("rules") if isinstance(document.content, dict) else None
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        lines[str(rule["id"])] = document.location(("rules", index)).line or 1
    return policy, document, lines


def _refuse_problems(document: Document, policy: Policy) -> None:
    """Refuse what has the right form and makes no sense; up to five problems, in the order of the file."""
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
