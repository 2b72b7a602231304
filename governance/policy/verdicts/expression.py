"""Rules that are an expression over named measurements, in the Common Expression Language.

The language has no loops beyond lists, no side effects and no access to anything but its inputs; the library checks
types before anything is evaluated and ends an evaluation that takes too many steps. Source: cel.dev, and the package
cel-expr-python, which binds the reference implementation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from governance.errors import CannotRunError, near_name
from governance.evidence.model import Interval, Measurement
from governance.policy.model import Outcome
from governance.policy.rules import ExpressionRule

FIELDS = ("value", "low", "high", "n", "patients", "events")
"""What an expression may ask of an input."""
LONGEST = 1000
"""Characters of an expression; with it and the library's limit on steps none takes long."""

_FIELD = re.compile(r"\b([a-z][a-z0-9_]*)\s*\.\s*([A-Za-z_][A-Za-z0-9_]*)(?!\s*\()")
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_FIRST_LINE = re.compile(
    r"^(?:[A-Z_]+: )?(?:ERROR: )?(?:<input>:\d+:(?P<column>\d+): )?(?P<text>.*?)(?: \[[A-Z_]+\])?$"
)


@dataclass(frozen=True)
class InputNumber:
    """One input as an expression sees it: the measurement, and the interval that a verdict rests on."""

    measurement: Measurement
    interval: Interval | None

    def fields(self, *, turned: bool) -> dict[str, float]:
        """Return what is known of it; `turned` exchanges the ends of the interval."""
        m = self.measurement
        found: dict[str, float | None] = {
            "value": m.value,
            "n": m.n,
            "patients": m.n_clusters if m.n_clusters is not None else m.n,
            "events": m.events,
        }
        if self.interval is not None:
            ends = (self.interval.low, self.interval.high)
            found["low"], found["high"] = ends[::-1] if turned else ends
        return {name: float(value) for name, value in found.items() if value is not None}


def expression_problems(rule: ExpressionRule) -> Iterator[tuple[str, str | None]]:
    """Yield (message, hint) for what is wrong with an expression: its form, its types, or what it names.

    Raises
    ------
    CannotRunError
        If the library is not installed.
    """
    text = rule.expression
    if len(text) > LONGEST:
        yield f"the expression has {len(text):,} characters; at most {LONGEST:,} are read", "write several rules"
        return
    named = list(_FIELD.findall(_STRING.sub("''", text)))
    for name, field in named:
        if name in rule.inputs and field not in FIELDS:
            yield f"an input has no '{field}'", near_name(field, FIELDS)
            return
    try:
        compiled = _compiled(text, tuple(sorted(rule.inputs)))
    except RuntimeError as error:
        yield f"the expression cannot be read: {_said(error)}", "its language is that of cel.dev"
        return
    if compiled.type != "BOOL":
        yield f"the expression must be true or false; it is of type {compiled.type}", "compare with >=, <= or =="
    for name in rule.inputs:
        if not re.search(rf"\b{name}\b", text):
            yield f"the expression does not name its input '{name}'", "remove the input, or use it"


def rests_on_points(rule: ExpressionRule) -> bool:
    """Say whether an expression names the value of an input without its interval."""
    return any(field == "value" and name in rule.inputs for name, field in _FIELD.findall(rule.expression))


def outcome_of(rule: ExpressionRule, numbers: Mapping[str, InputNumber]) -> tuple[Outcome, str | None]:
    """Decide: pass where the expression is true, fail where it is false with every interval turned round, too.

    Returns
    -------
    The outcome, and the reason where the expression could not be evaluated.
    """
    compiled = _compiled(rule.expression, tuple(sorted(rule.inputs)))
    said: list[bool] = []
    for turned in (False, True):
        data = {name: number.fields(turned=turned) for name, number in numbers.items()}
        try:
            found = compiled.expression.eval(data=data).value()
        except RuntimeError as error:
            return Outcome.NOT_MEASURED, f"the expression could not be evaluated: {_said(error)}"
        if not isinstance(found, bool):
            return Outcome.NOT_MEASURED, f"the expression could not be evaluated: {_said(found)}"
        said.append(found)
    as_written, at_best = said
    if as_written:
        return Outcome.PASS, None
    return (Outcome.INCONCLUSIVE, None) if at_best else (Outcome.FAIL, None)


@dataclass(frozen=True)
class _Compiled:
    expression: Any
    type: str


@cache
def _compiled(text: str, inputs: tuple[str, ...]) -> _Compiled:
    try:
        from cel_expr_python import cel
    except ImportError as error:
        raise CannotRunError(
            "a rule is an expression, and the package that reads it is not installed",
            hint="install it with: pip install 'medical-ai-governance[cel]'",
        ) from error
    kind = cel.Type.Map(cel.Type.STRING, cel.Type.DOUBLE)
    expression = cel.NewEnv(variables=dict.fromkeys(inputs, kind)).compile(text)
    return _Compiled(expression, str(expression.return_type()).rsplit(".", maxsplit=1)[-1])


def _said(error: object) -> str:
    """Return the first line of what the library says, without its own marks."""
    first = str(error).strip().split("\n", maxsplit=1)[0]
    match = _FIRST_LINE.match(first)
    if match is None:
        return first
    column = f" (character {match['column']})" if match["column"] else ""
    return f"{match['text']}{column}"
