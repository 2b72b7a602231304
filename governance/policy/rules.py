"""The three kinds of rules: about numbers, about where the evidence comes from, and an expression over both."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from governance.policy.selecting import Bar, Minimum, Selector
from governance.spec.model import Name, Text, Written

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Severity(StrEnum):
    """What a rule's verdict means for the outcome."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"


class Setting(Written):
    """Who set a bar, and when."""

    by: Text
    on: dt.date


class Overridden(Written):
    """How a rule that a policy inherited was changed there: what was written before, and why."""

    before: dict[str, Any]
    reason: Text
    set: Setting


class RuleBase(Written):
    """What all rules have.

    `controls` is the hazard that the rule holds in check, `supports` are requirements that its evidence answers.
    `origin` (policy and version) and `overridden` are set by the toolkit where a policy extends another.
    """

    id: Name
    title: Text
    severity: Severity = Severity.BLOCK
    controls: Name | None = None
    rationale: Text
    set: Setting | None = None
    supports: tuple[Name, ...] = ()
    origin: Text | None = None
    overridden: Overridden | None = None


class Rule(RuleBase):
    """Names measurements and a bar. `level` is the least confidence level that the interval must have."""

    measure: Selector
    bar: Bar
    minimum: Minimum = Minimum()
    level: float | None = Field(default=None, gt=0.5, lt=1)

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """What the rule asks the evidence for."""
        return (self.measure,)


class ExpressionRule(RuleBase):
    """What one bar cannot say: an expression of the Common Expression Language over named measurements.

    Each input is one number with ``low`` and ``high`` (its interval for verdicts), ``value``, ``n``, ``patients`` and
    ``events``. The rule passes where the expression is true, and fails where it is false even with every interval
    turned round (each ``low`` read as ``high`` and the other way round): so write it with the adverse end of each
    interval, ``sensitivity.low >= 0.8``. In between it is inconclusive. An expression that names ``value`` rests on
    point values and may only warn or inform.
    """

    expression: Text
    inputs: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")], Selector] = Field(min_length=1)
    minimum: Minimum = Minimum()

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """What the rule asks the evidence for."""
        return tuple(self.inputs.values())


class SeedCount(Written):
    """Fewest seeds that an evaluator's repeated measurements rest on."""

    evaluator: Name
    at_least: int = Field(ge=2)


class Check(Written):
    """What must be so of the run itself; exactly one.

    Attributes
    ----------
    device, precision
        What the run may have computed on and in.
    seeds
        How many seeds an evaluator's repeated measurements rest on.
    measured_within_days
        Age of the measurements on the day of the decision.
    facts
        Statements of the provider that are there, filled in and not due for review.
    licence_lineage
        ``clean``: a licence is given, all that it builds on is known, and it carries their restrictions.
    dataset_digest
        Content that a dataset must have.
    no_patient_in_both
        Datasets of which no two share a patient.
    """

    device: tuple[Literal["cpu", "cuda", "mps"], ...] | None = Field(default=None, min_length=1)
    precision: tuple[Literal["float32", "bfloat16", "float16"], ...] | None = Field(default=None, min_length=1)
    seeds: SeedCount | None = None
    measured_within_days: int | None = Field(default=None, ge=1)
    facts: tuple[Name, ...] | None = Field(default=None, min_length=1)
    licence_lineage: Literal["clean"] | None = None
    dataset_digest: dict[Name, Digest] | None = Field(default=None, min_length=1)
    no_patient_in_both: tuple[Name, ...] | None = Field(default=None, min_length=2)

    @model_validator(mode="after")
    def _one(self) -> Self:
        written = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(written) != 1:
            raise ValueError(f"a provenance rule asks exactly one thing: {', '.join(type(self).model_fields)}")
        return self

    @property
    def kind(self) -> str:
        """Name of what is asked."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)


class ProvenanceRule(RuleBase):
    """Asks where the evidence comes from, and what was stated beside it."""

    provenance: Check

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """What the rule asks the evidence for: no number."""
        return ()


def _kind(content: Any) -> str:
    if isinstance(content, RuleBase):
        return next(name for name, kind in _KINDS.items() if type(content) is kind)
    written = content if isinstance(content, dict) else {}
    return next((name for name in _KINDS if name.removesuffix(_SUFFIX) in written), _OTHERWISE)


_SUFFIX = " rule"
"""Makes names of kinds that are no keys of a rule, so that the place of an error is never mistaken."""
_OTHERWISE = "measure" + _SUFFIX
_KINDS: dict[str, type[RuleBase]] = {
    "expression" + _SUFFIX: ExpressionRule,
    "provenance" + _SUFFIX: ProvenanceRule,
    _OTHERWISE: Rule,
}


AnyRule = Annotated[
    Annotated[Rule, Tag("measure rule")]
    | Annotated[ExpressionRule, Tag("expression rule")]
    | Annotated[ProvenanceRule, Tag("provenance rule")],
    Discriminator(_kind),
]
"""A rule with `measure` and `bar`, with `expression` and `inputs`, or with `provenance`."""
