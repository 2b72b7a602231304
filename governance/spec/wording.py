"""Plain words for what pydantic finds wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import StringConstraints
from pydantic_core import ErrorDetails

from governance.spec.document import Keys
from governance.spec.model import Name, Reference

LONGEST_SHOWN = 60
_YAML = {"True": "true", "False": "false", "None": "null"}
"""How YAML writes what Python names."""


@dataclass(frozen=True)
class Wording:
    """A message, what to do about it, and whether it is about the key or its value."""

    message: str
    hint: str | None = None
    of: Literal["key", "value"] = "value"


def word(detail: ErrorDetails, keys: Keys) -> Wording:
    """Say what is wrong with the value at `keys`."""
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    name = named(keys)
    if "[key]" in detail["loc"]:
        expected, hint = _expected(kind, context, value)
        return Wording(f"the key {shown(value)} {expected}", hint, "key")
    if kind in ("value_error", "assertion_error"):
        return Wording(str(context.get("error", detail["msg"])), of="key" if isinstance(value, dict) else "value")
    expected, hint = _expected(kind, context, value)
    if not expected:
        expected = re.sub(r"^(?:Input|Value|String|Field)?\s*should\b", "must", detail["msg"])
        expected = expected if expected.startswith("must") else f"is not right: {expected[:1].lower()}{expected[1:]}"
    if value is None and expected.startswith("must be"):
        return Wording(f"{name} is empty; it {expected}", hint)
    value_shown = "" if expected.startswith(("must not", "is not")) else f", not {shown(value)}"
    return Wording(f"{name} {expected}{value_shown}", hint)


def named(keys: Keys) -> str:
    """Name the value at `keys` for a reader who sees the line."""
    if not keys:
        return "the file"
    if isinstance(keys[-1], int):
        owner = next((f" of `{key}`" for key in reversed(keys) if isinstance(key, str)), "")
        return f"item {keys[-1] + 1}{owner}"
    return f"`{keys[-1]}`"


def shown(value: Any) -> str:
    """Show a value briefly, as it was written."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = str(getattr(value, "text", value))
    text = text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
    return f"'{text}'" if isinstance(value, str) else text


def _pattern(annotation: Any) -> str:
    """Return the pattern of a constrained text type."""
    return next(str(mark.pattern) for mark in get_args(annotation) if isinstance(mark, StringConstraints))


_PATTERNS: Mapping[str, tuple[str, str]] = {
    _pattern(Name): (
        "must be a name",
        "a name has 1 to 80 letters, digits, `_`, `.` or `-`, and starts with a letter or digit",
    ),
    _pattern(Reference): (
        "must be module:function",
        "for example `loader: nodules:testing` for testing() in nodules.py",
    ),
}

_COMPARISONS: Mapping[str, str] = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "string_too_long": "must have at most {max_length} characters",
}

_TYPES: tuple[tuple[str, str, str | None], ...] = (
    (r"string_too_short", "must not be empty", None),
    (r"bool_", "must be true or false", None),
    (r"int_", "must be a whole number", None),
    (r"float_|finite_number|decimal_", "must be a finite number", None),
    (r"date", "must be a date", "write it as 2026-10-02"),
    (r"model_|dict_|mapping_", "must be a mapping", "write `key: value` lines below it, or {key: value}"),
    (r"list_|tuple_|set_|iterable_", "must be a list", "write [a, b], or one `- a` line for each"),
    (r"none_required", "must be left empty", None),
)


def _string(_: Mapping[str, Any], value: Any) -> tuple[str, str | None]:
    if isinstance(value, (int, float)):
        return "must be text", f'put it in quotes: "{shown(value)}"'
    return "must be text", None


def _choice(context: Mapping[str, Any], value: Any) -> tuple[str, str | None]:
    names = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    if not names:
        expected = str(context.get("expected"))
        return f"must be {_YAML.get(expected, expected)}", None
    if len(names) == 1:
        return f"must be {names[0]}", None
    close = difflib.get_close_matches(str(value), names, n=1)
    return "must be one of " + ", ".join(names), f"did you mean '{close[0]}'?" if close else None


def _shape(context: Mapping[str, Any], _: Any) -> tuple[str, str | None]:
    return _PATTERNS.get(str(context.get("pattern")), (f"must match {context.get('pattern')}", None))


_SPECIAL: Mapping[str, Callable[[Mapping[str, Any], Any], tuple[str, str | None]]] = {
    "string_type": _string,
    "literal_error": _choice,
    "enum": _choice,
    "string_pattern_mismatch": _shape,
}


def _expected(kind: str, context: Mapping[str, Any], value: Any) -> tuple[str, str | None]:
    """Return what was expected, and a hint."""
    if kind == "too_short" and isinstance(value, str):
        return "must not be empty", None
    if kind in _SPECIAL:
        return _SPECIAL[kind](context, value)
    if kind in _COMPARISONS:
        return _COMPARISONS[kind].format(**context), None
    for pattern, expected, hint in _TYPES:
        if re.match(pattern, kind):
            return expected, hint
    return "", None
