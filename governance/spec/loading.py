"""Load `governance.yaml`: resolve what it names and check it, each kind's own options against that kind's model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from governance.data_files import data_folder
from governance.errors import InputError, near_name
from governance.plugins import Group, find
from governance.spec.cross_references import find_broken_references
from governance.spec.document import Document, Keys, Position
from governance.spec.model import DatasetSpec, Fact, Hazard, Name, Spec, SubjectSpec
from governance.spec.regulatory import Regulatory
from governance.spec.validation import Problem, check, raise_problems
from governance.spec.yaml import read_yaml

_BY_FILE: Mapping[str, Any] = {"facts": dict[Name, Fact], "hazards": dict[Name, Hazard], "regulatory": Regulatory}
"""Keys whose content may stand in a file of its own."""
NOT_INHERITED = ("title", "like")
"""Keys that `like: other` does not take over: a dataset's title would be wrong for another one."""


@dataclass(frozen=True)
class LoadedSpec:
    """A spec that is checked and resolved, and where each of its keys was written.

    Attributes
    ----------
    path, base
        The file, and the folder that relative names start from.
    source
        The document behind it, with facts and hazards from their own files put in place.
    overrides
        What was changed from outside, by dotted path.
    """

    spec: Spec
    path: Path
    base: Path
    source: Document
    overrides: Mapping[str, Any]

    def error(self, keys: Keys, message: str, hint: str | None = None) -> InputError:
        """Make an error that points at the value of a key, for example ``("datasets", "test", "target")``."""
        written = keys if keys in self.source.positions else _as_written(keys)
        return self.source.error(written, message, hint)


def load_spec(path: Path, overrides: Mapping[str, Any] | None = None) -> LoadedSpec:
    """Load and check a `governance.yaml`. No code of the person's own is imported.

    Parameters
    ----------
    path
        The file; names in it are relative to its folder.
    overrides
        Values by dotted path, such as ``{"settings.seed": 1, "evaluate.data_efficiency.seeds": [0, 1]}``.

    Raises
    ------
    InputError
        With file, line and column of what is wrong, what was expected, and a near name where a name is wrong.
    """
    path = Path(path)
    document = read_yaml(path)
    if document.content is None:
        raise document.error((), "the file is empty", "`governance init` writes a governance.yaml to start from")
    if not isinstance(document.content, dict):
        raise document.error(
            (), "a spec is a mapping of keys, not " + _kind(document.content), "start with `version: 1`"
        )
    document = _overridden(document, overrides or {})
    document = _with_statements(document, path.parent)
    document = _with_likes(document)
    content, parts = _take_options(document)
    spec, problems = check(Spec, content)
    problems = [replace(problem, keys=_as_written(problem.keys)) for problem in problems]
    problems = [problem for problem in problems if not _explained_by_kind(problem, parts)]
    options, more = _check_options(parts)
    for key in ("policy", "waivers"):
        named = content.get(key)
        if isinstance(named, str) and not (path.parent / named).is_file() and not (key == "policy" and _ships(named)):
            hint = "name a file, or a policy that ships; leave `policy` out to report only" if key == "policy" else None
            more.append(Problem((key,), f"there is no file {named} beside the spec", hint))
    raise_problems(document, problems + more)
    if spec is None:  # every problem was explained by an unknown kind, which raised
        raise document.error((), "the spec cannot be read")
    raise_problems(document, find_broken_references(spec, options, {part.keys: part.model for part in parts}))
    return LoadedSpec(_with_options(spec, options), path, path.parent, document, dict(overrides or {}))


def _ships(policy: str) -> bool:
    """Say whether a policy of that name ships with the toolkit."""
    return "/" not in policy and (data_folder("policies") / f"{policy}.yaml").is_file()


@dataclass(frozen=True)
class _Part:
    """A part of the spec whose own keys a kind defines: the subject, a dataset, an evaluation."""

    keys: Keys
    options: dict[str, Any]
    model: type[BaseModel] | None
    base_keys: tuple[str, ...]
    problem: Problem | None = None


def _overridden(document: Document, overrides: Mapping[str, Any]) -> Document:
    """Put values from outside into a copy of the content; what they replace stands nowhere any more."""
    content, positions = document.content, dict(document.positions)
    for dotted, value in overrides.items():
        *parents, last = dotted.split(".")
        content = dict(content)
        inner = content
        for key in parents:
            child = inner.get(key) or {}
            if not isinstance(child, dict):
                raise InputError(f"cannot override '{dotted}': '{key}' is not a mapping in {document.path}")
            inner[key] = dict(child)
            inner = inner[key]
        inner[last] = value
        place = (*parents, last)
        positions = {keys: at for keys, at in positions.items() if keys[: len(place)] != place or keys == place}
    return replace(document, content=content, positions=positions)


def _with_statements(document: Document, base: Path) -> Document:
    """Put what is named by file in place; errors in it then point into its own file."""
    content, positions = dict(document.content), dict(document.positions)
    for key, model in _BY_FILE.items():
        named = content.get(key)
        if named is None:
            content.pop(key, None)
            continue
        if not isinstance(named, str):
            continue
        if not (base / named).is_file():
            raise document.error((key,), f"there is no file {named} beside the spec", "write it there, or here")
        statements = read_yaml(base / named)
        if not isinstance(statements.content, dict | None):
            raise statements.error((), f"`{key}` is a mapping of keys, not {_kind(statements.content)}")
        content[key] = statements.content or {}
        for keys, position in statements.positions.items():
            positions[(key, *keys)] = replace(position, path=statements.path)
        _, problems = check(model, content[key], keys=(key,))
        raise_problems(Document(statements.path, content, positions), problems)
    return Document(document.path, content, positions)


def _with_likes(document: Document) -> Document:
    """Give each dataset that says `like: other` the other's keys, except its title."""
    datasets = document.content.get("datasets")
    if not isinstance(datasets, dict):
        return document
    positions = dict(document.positions)
    resolved = {name: _like(name, datasets, document, positions, ()) for name in datasets}
    return Document(document.path, {**document.content, "datasets": resolved}, positions)


def _like(
    name: str, datasets: dict[str, Any], document: Document, positions: dict[Keys, Position], above: tuple[str, ...]
) -> Any:
    own = datasets[name]
    if not isinstance(own, dict) or "like" not in own:
        return own
    place: Keys = ("datasets", name, "like")
    other = str(getattr(own["like"], "text", own["like"]))
    if other not in datasets:
        raise document.error(place, f"there is no dataset '{other}'", near_name(other, set(datasets) - {name}))
    if other in above or other == name:
        raise document.error(place, f"'{name}' and '{other}' are each like the other", "write one of them out")
    inherited = _like(other, datasets, document, positions, (*above, name))
    if not isinstance(inherited, dict):
        return own
    taken = {key: value for key, value in inherited.items() if key not in NOT_INHERITED and key not in own}
    for keys, position in list(positions.items()):
        if keys[:2] == ("datasets", other) and len(keys) > 2 and keys[2] in taken:
            positions[("datasets", name, *keys[2:])] = position
    return {**taken, **{key: value for key, value in own.items() if key != "like"}}


def _take_options(document: Document) -> tuple[dict[str, Any], list[_Part]]:
    """Move the keys that a kind adds into `options`, and find the kind that defines them."""
    content = dict(document.content)
    parts: list[_Part] = []
    subject = content.get("subject")
    if isinstance(subject, dict):
        content["subject"], part = _split(("subject",), subject, SubjectSpec, "subjects")
        parts.append(part)
    datasets = content.get("datasets")
    if isinstance(datasets, dict):
        content["datasets"] = dict(datasets)
        for name, dataset in datasets.items():
            if isinstance(dataset, dict):
                content["datasets"][name], part = _split(("datasets", name), dataset, DatasetSpec, "datasets")
                parts.append(part)
    evaluate = content.get("evaluate")
    if isinstance(evaluate, dict):
        content["evaluate"] = {name: options if options is not None else {} for name, options in evaluate.items()}
        for name, options in content["evaluate"].items():
            model, problem = _find_model("evaluators", name, ("evaluate", name), of="key")
            if isinstance(options, dict):
                parts.append(_Part(("evaluate", name), options, model, (), problem))
    return content, parts


def _split(keys: Keys, written: dict[str, Any], model: type[BaseModel], group: Group) -> tuple[dict[str, Any], _Part]:
    base_keys = tuple(name for name in model.model_fields if name != "options")
    base = {key: value for key, value in written.items() if key in base_keys}
    options = {key: value for key, value in written.items() if key not in base_keys}
    kind = written.get("kind")
    found: tuple[type[BaseModel] | None, Problem | None] = (None, None)
    if isinstance(kind, str):
        found = _find_model(group, kind, (*keys, "kind"))
    return base, _Part(keys, options, found[0], base_keys, found[1])


def _find_model(
    group: Group, name: str, keys: Keys, *, of: str = "value"
) -> tuple[type[BaseModel] | None, Problem | None]:
    try:
        model: type[BaseModel] = find(group, name).options
    except InputError as error:
        return None, Problem(keys, error.message, error.hint, "key" if of == "key" else "value")
    return model, None


def _check_options(parts: Iterable[_Part]) -> tuple[dict[Keys, BaseModel], list[Problem]]:
    """Check each part's options against its kind's model."""
    options: dict[Keys, BaseModel] = {}
    problems: list[Problem] = []
    for part in parts:
        if part.problem is not None:
            problems.append(part.problem)
        elif part.model is not None:
            instance, found = check(part.model, part.options, keys=part.keys, also_known=part.base_keys)
            problems += found
            if instance is not None:
                options[part.keys] = instance
    return options, problems


def _with_options(spec: Spec, options: Mapping[Keys, BaseModel]) -> Spec:
    """Return the spec with every kind's options complete (defaults filled in) and plain."""
    plain = {keys: instance.model_dump(mode="json", by_alias=True) for keys, instance in options.items()}
    datasets = {
        name: dataset.model_copy(update={"options": plain.get(("datasets", name), {})})
        for name, dataset in spec.datasets.items()
    }
    return spec.model_copy(
        update={
            "subject": spec.subject.model_copy(update={"options": plain.get(("subject",), {})}),
            "datasets": datasets,
            "evaluate": {name: plain.get(("evaluate", name), {}) for name in spec.evaluate},
        }
    )


def _as_written(keys: Keys) -> Keys:
    """Undo the move into `options`: people write a kind's keys beside the others."""
    if keys[:2] == ("subject", "options"):
        return ("subject", *keys[2:])
    if keys[:1] == ("datasets",) and keys[2:3] == ("options",):
        return (*keys[:2], *keys[3:])
    return keys


def _explained_by_kind(problem: Problem, parts: Iterable[_Part]) -> bool:
    """Whether an unknown kind or evaluator at the same place says it better."""
    return any(part.problem is not None and part.problem.keys == problem.keys for part in parts)


def _kind(content: Any) -> str:
    return "a list" if isinstance(content, list) else "a single value"
