"""Rules, verdicts and the decision. `decisions/<policy digest>.json` is the serialisation of `Decision`."""

from __future__ import annotations

import datetime as dt
import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from governance.errors import ExitCode
from governance.evidence.model import Frozen
from governance.spec.model import Name, Text, Written

POLICY_VERSION = 1

_SHORT_SELECTOR = re.compile(r"\s*(?P<evaluator>[^/\s]+)\s*/\s*(?P<metric>[^/\s]+)(?:\s+on\s+(?P<dataset>\S+))?\s*")


class Severity(StrEnum):
    """What a rule's verdict means for the outcome."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"


class Outcome(StrEnum):
    """What one rule came to."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_MEASURED = "not_measured"
    WAIVED = "waived"


class Selector(Written):
    """Which measurements a rule is about. `worst` and `difference` name an attribute (or several, " x " between).

    `across` names the grouping of a metric that is about all groups at once (``equalized_odds_difference_max``). The
    short form ``fairness / sensitivity on test`` is read, too. A condition without `condition_severity` means
    every severity that the run planned; each of them must clear the bar. ``condition_severity: all`` is for metrics
    that sum up the severities of a condition (``degradation_area``).
    """

    evaluator: Name
    metric: Name
    dataset: Name | None = None
    slice: dict[Name, Text] = Field(default_factory=dict)
    worst: Text | None = None
    difference: Text | None = None
    across: Text | None = None
    condition: Name | None = None
    condition_severity: Annotated[int, Field(ge=1)] | Literal["all"] | None = None
    variant: Text | None = None
    fraction: float | None = Field(default=None, gt=0, le=1)
    target_class: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, content: Any) -> Any:
        if not isinstance(content, str):
            return content
        match = _SHORT_SELECTOR.fullmatch(content)
        if match is None:
            raise ValueError(
                "write 'evaluator / metric on dataset', or the keys evaluator, metric, dataset, worst, ..."
            )
        return {key: text for key, text in match.groupdict().items() if text}

    @model_validator(mode="after")
    def _one_aggregate(self) -> Self:
        if self.worst and self.difference:
            raise ValueError("a rule measures either `worst` or `difference`, not both; write two rules")
        if self.across and (self.worst or self.difference or self.slice):
            raise ValueError("`across` is for metrics about all groups at once; it takes no worst, difference or slice")
        if self.condition_severity is not None and self.condition is None:
            raise ValueError("condition_severity needs `condition`: the name of what was done to the input")
        return self

    @property
    def over(self) -> str | None:
        """The grouping that the rule runs over, if any."""
        return self.worst or self.difference

    @property
    def estimand(self) -> Literal["value", "mean"]:
        """What one measurement of this selector is: with a training fraction the mean over seeds, else the value."""
        return "value" if self.fraction is None else "mean"


class Bar(Written):
    """What the measurement must clear; exactly one kind.

    `at_least` and `at_most` compare the interval's adverse bound; `within` needs the whole interval inside; for
    `not_worse_than: clean, by: margin` the paired difference to the clean condition must not exceed the margin, and for
    `not_worse_than: baseline` that to the model that the evaluation compares with; `present` asks only that it was
    measured.
    """

    at_least: float | None = None
    at_most: float | None = None
    within: tuple[float, float] | None = None
    not_worse_than: Literal["clean", "baseline"] | None = None
    by: float | None = Field(default=None, ge=0)
    present: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [
            k for k in ("at_least", "at_most", "within", "not_worse_than", "present") if getattr(self, k) is not None
        ]
        if len(kinds) != 1:
            raise ValueError("a bar has exactly one of at_least, at_most, within, not_worse_than, present")
        if (self.by is None) == (self.not_worse_than is not None):
            raise ValueError("not_worse_than needs `by`: the margin; no other bar takes it")
        if self.within is not None and self.within[0] >= self.within[1]:
            raise ValueError("within needs its lower end first")
        return self


class Minimum(Written):
    """Fewest patients and events a verdict may rest on; below it the verdict is `not_measured`.

    `events` asks for cases that can move the number: for a proportion its denominator (for sensitivity all who have the
    condition, not only those found), otherwise the events.
    """

    patients: int | None = Field(default=None, ge=1)
    events: int | None = Field(default=None, ge=1)


class Setting(Written):
    """Who set a bar, and when."""

    by: Text
    on: dt.date


class Rule(Written):
    """Names measurements and a bar."""

    id: Name
    title: Text
    measure: Selector
    bar: Bar
    severity: Severity = Severity.BLOCK
    controls: Name | None = None
    minimum: Minimum = Minimum()
    rationale: Text
    set: Setting | None = None
    supports: tuple[Name, ...] = ()


class Owner(Written):
    """Who answers for the policy."""

    name: Text
    role: Text


class Exemption(Written):
    """Why a declared group is left out of worst and difference rules, and who answers for that.

    A text alone is the reason; the policy's owner then answers for it.
    """

    reason: Text
    owner: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _reason_alone(cls, content: Any) -> Any:
        return {"reason": content} if isinstance(content, str) else content


class Policy(Written):
    """A policy file.

    `groups` declares by attribute the groups that worst and difference rules run over; without it they are all groups
    of the dataset but the not recorded. `exempt` leaves groups out, by attribute or grouping, for a printed reason.
    """

    policy: Name
    version: Text
    title: Text | None = None
    owner: Owner | None = None
    groups: dict[Text, tuple[Text, ...]] = Field(default_factory=dict)
    exempt: dict[Text, dict[Text, Exemption]] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> Self:
        seen: set[str] = set()
        for rule in self.rules:
            if rule.id in seen:
                raise ValueError(f"two rules have the id '{rule.id}'")
            seen.add(rule.id)
        return self

    @model_validator(mode="after")
    def _declared(self) -> Self:
        for attribute, groups in self.groups.items():
            if not groups or len(set(groups)) != len(groups):
                raise ValueError(f"groups of '{attribute}' must be at least one, none twice")
            if " x " in attribute:
                raise ValueError(f"declare the groups of each attribute of '{attribute}' alone")
        if self.owner is None:
            for groups_exempt in self.exempt.values():
                for group, exemption in groups_exempt.items():
                    if exemption.owner is None:
                        raise ValueError(f"the exemption of '{group}' needs an owner: its own or the policy's")
        return self


class Verdict(Frozen):
    """What one rule came to, in one sentence with numbers, and the measurements it rests on."""

    rule: str
    title: str
    severity: Severity
    outcome: Outcome
    sentence: str
    measurements: tuple[str, ...] = ()
    bar: dict[str, Any]
    controls: str | None = None
    supports: tuple[str, ...] = ()
    rationale: str | None = None
    set: dict[str, Any] | None = None
    line: int | None = None


class Decision(Frozen):
    """All verdicts under one policy, and the one outcome that follows."""

    version: Literal[1] = 1
    policy: str
    policy_version: str
    policy_digest: str
    run_id: str
    evidence_digest: str
    recorded_before_run: bool
    verdicts: tuple[Verdict, ...]
    exit_code: ExitCode
    summary: str
