"""Check content against a model, and say in plain words what is wrong, where, and what was expected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from governance.errors import InputError, near_name
from governance.spec.document import Document, Keys
from governance.spec.model_keys import keys_known_at
from governance.spec.wording import Wording, named, word

MAXIMUM_PROBLEMS = 5
"""Problems reported at once; what follows from the first few is noise."""

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a document."""

    keys: Keys
    message: str
    hint: str | None = None
    of: Literal["key", "value"] = "value"


def validate(model: type[T], document: Document, keys: Keys = ()) -> T:
    """Check a document, or the part of it at `keys`, against a model.

    Parameters
    ----------
    model
        A pydantic model, or any type that pydantic can check, such as ``dict[Name, Fact]``.

    Raises
    ------
    InputError
        At the first problem in the order of the file, with up to four more in its hint.
    """
    content = at(document.content, keys)
    if content is None:
        where = "the file is empty" if not keys else f"`{keys[-1]}` is empty"
        raise document.error(keys, where, "write at least: " + ", ".join(required_keys(model)) or None)
    instance, problems = check(model, content, keys=keys)
    raise_problems(document, problems)
    assert instance is not None  # noqa: S101 - without problems there is an instance
    return instance


def check(
    model: type[T], content: Any, *, keys: Keys = (), also_known: Iterable[str] = ()
) -> tuple[T | None, list[Problem]]:
    """Check content and return the instance and the problems; one of them is empty.

    Parameters
    ----------
    keys
        Where the content stands in its document.
    also_known
        Further keys that people may write beside the model's own, offered as near names.
    """
    adapter = TypeAdapter(model)
    try:
        instance = adapter.validate_python(content)
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, _problems(details, content, keys, model, tuple(also_known))
    loose = _loosely_read(content, adapter.dump_python(instance, by_alias=True, warnings=False), keys)
    return (None, loose) if loose else (instance, [])


def raise_problems(document: Document, problems: Sequence[Problem]) -> None:
    """Raise the first problem in the order of the file; the next ones stand in its hint.

    Raises
    ------
    InputError
        If there is any problem.
    """
    if not problems:
        return
    placed = sorted(
        ((document.location(problem.keys, of=problem.of), problem) for problem in problems),
        key=lambda pair: (pair[0].file != str(document.path), pair[0].file, pair[0].line or 0, pair[0].column or 0),
    )
    location, first = placed[0]
    lines = [first.hint] if first.hint else []
    more = [f"{place}: {problem.message}" for place, problem in placed[1:MAXIMUM_PROBLEMS]]
    if more:
        lines += ["also wrong:", *(f"  {line}" for line in more)]
    if len(placed) > MAXIMUM_PROBLEMS:
        lines.append(f"  and {len(placed) - MAXIMUM_PROBLEMS} more")
    raise InputError(first.message, location=location, hint="\n  ".join(lines) or None)


def at(content: Any, keys: Keys) -> Any:
    """Return the value at `keys`, None where there is none."""
    for key in keys:
        in_mapping = isinstance(content, dict) and key in content
        in_list = isinstance(content, (list, tuple)) and isinstance(key, int) and 0 <= key < len(content)
        if not (in_mapping or in_list):
            return None
        content = content[key]
    return content


def required_keys(model: Any) -> list[str]:
    """Return the names of the keys that a model cannot do without."""
    fields = getattr(model, "model_fields", {})
    return [field.alias or name for name, field in fields.items() if field.is_required()]


@dataclass(frozen=True)
class _Placed:
    """An error of the library with its place in the content.

    `branch` names the alternative of a union that was tried, `root` is where that union stands.
    """

    detail: ErrorDetails
    keys: Keys
    rest: tuple[str | int, ...]
    branch: tuple[str | int, ...]
    root: Keys


def _place(detail: ErrorDetails, content: Any) -> _Placed:
    """Tell keys of the content from the library's own marks (names of union branches) in an error's location."""
    keys: list[str | int] = []
    rest: list[str | int] = []
    branch: list[str | int] = []
    root: Keys | None = None
    missing = detail["type"] == "missing"
    for index, part in enumerate(detail["loc"]):
        inside = at(content, tuple(keys))
        is_last = index == len(detail["loc"]) - 1
        if (isinstance(inside, dict) and part in inside) or (
            isinstance(inside, (list, tuple)) and isinstance(part, int) and part < len(inside)
        ):
            keys.append(part)
        elif missing and is_last:
            rest.append(part)
        elif part != "[key]":
            branch.append(part)
            root = tuple(keys) if root is None else root
    return _Placed(detail, tuple(keys), tuple(rest), tuple(branch), root if root is not None else tuple(keys))


def _problems(
    details: Sequence[ErrorDetails], content: Any, keys: Keys, model: Any, also_known: tuple[str, ...]
) -> list[Problem]:
    placed = _best_branches([_place(detail, content) for detail in details])
    problems: list[Problem] = []
    misspelt: set[tuple[Keys, str]] = set()
    for error in placed:
        if error.detail["type"] == "extra_forbidden" and error.keys:
            wrong, parent = str(error.keys[-1]), error.keys[:-1]
            known = [*keys_known_at(model, parent, error.branch), *(also_known if not parent else ())]
            written = at(content, parent)
            free = [name for name in known if name not in written]
            close = difflib.get_close_matches(wrong, free, n=1, cutoff=0.6)
            misspelt.update((parent, name) for name in close)
            place = f" in `{parent[-1]}`" if parent else f" in `{keys[-1]}`" if keys else ""
            problems.append(
                Problem((*keys, *error.keys), f"unknown key `{wrong}`{place}", near_name(wrong, known), "key")
            )
    for error in placed:
        if error.detail["type"] == "extra_forbidden":
            continue
        if error.detail["type"] == "missing":
            if (error.keys, str(error.rest[-1])) in misspelt:
                continue
            parent = (*keys, *error.keys)
            place = f" in `{parent[-1]}`" if parent else ""
            written = at(content, error.keys)
            message = f"the key `{error.rest[-1]}` is missing{place}"
            if isinstance(written, (list, tuple)):
                message = f"{named(parent)} needs at least {int(error.rest[-1]) + 1} values, not {len(written)}"
            hint = f"written there: {', '.join(map(str, written))}" if isinstance(written, dict) and written else None
            problems.append(Problem(parent, message, hint, "key"))
            continue
        said: Wording = word(error.detail, (*keys, *error.keys))
        problems.append(Problem((*keys, *error.keys), said.message, said.hint, said.of))
    return list(dict.fromkeys(problems))


def _best_branches(placed: Sequence[_Placed]) -> list[_Placed]:
    """Of the alternatives that a value could have been, keep the errors of the one it comes closest to."""
    kept: list[_Placed] = []
    unions: dict[Keys, dict[str | int, list[_Placed]]] = {}
    for error in placed:
        if error.branch:
            unions.setdefault(error.root, {}).setdefault(error.branch[0], []).append(error)
        else:
            kept.append(error)
    for root, branches in unions.items():
        kept += min(branches.values(), key=partial(_distance, root))
    return kept


def _distance(root: Keys, errors: list[_Placed]) -> tuple[bool, int]:
    """How far a value is from an alternative: another type altogether, then by the number of errors."""
    return any(error.keys == root and error.detail["type"] != "missing" for error in errors), len(errors)


_LOOKS_LIKE_NUMBER = re.compile(r"\s*[-+]?[\d._]+(?:[eE][-+]?\d+)?\s*\Z")
_LOOKS_LIKE_TRUTH = {"yes", "no", "on", "off", "y", "n", "t", "f", "true", "false", "0", "1"}


def _loosely_read(written: Any, read: Any, keys: Keys) -> list[Problem]:
    """Find text that was read as a number or as true or false, and the other way round: nobody meant that."""
    if isinstance(written, dict) and isinstance(read, dict):
        return [p for key in written if key in read for p in _loosely_read(written[key], read[key], (*keys, key))]
    if isinstance(written, (list, tuple)) and isinstance(read, (list, tuple)):
        pairs = enumerate(zip(written, read, strict=False))
        return [p for index, (one, other) in pairs for p in _loosely_read(one, other, (*keys, index))]
    name = named(keys)
    if isinstance(read, bool) and not isinstance(written, bool):
        if isinstance(written, (int, float)) or str(written).lower() in _LOOKS_LIKE_TRUTH:
            return [Problem(keys, f"{name} must be true or false, not {written}", "YAML 1.2 reads yes and no as text")]
    elif isinstance(read, (int, float)) and isinstance(written, bool) and not isinstance(read, bool):
        return [Problem(keys, f"{name} must be a number, not {str(written).lower()}")]
    elif isinstance(read, (int, float)) and isinstance(written, str) and _LOOKS_LIKE_NUMBER.match(written):
        return [Problem(keys, f'{name} must be a number, not the text "{written}"', "remove the quotes")]
    return []
