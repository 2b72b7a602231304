"""Policies, verdicts and the decision. `decisions/<policy digest>.json` is the serialisation of `Decision`."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from governance.errors import ExitCode
from governance.evidence.comparison import Baseline
from governance.evidence.model import Frozen
from governance.policy.packs import Dropped, Effective, Extends, Inherited, Override, PackStatus, Parameter, Source
from governance.policy.rules import AnyRule, Severity
from governance.spec.model import Name, Text, Written

POLICY_VERSION = 1
_ERROR = 0.05
"""Error of a decision that all planned looks share."""


class Outcome(StrEnum):
    """What one rule came to."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_MEASURED = "not_measured"
    WAIVED = "waived"


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


class Looks(Written):
    """How often the test set may be looked at before further decisions count as exploratory.

    Each of the `planned` looks spends the same share of the error: intervals need the level ``1 - 0.05 / planned``.
    """

    planned: int = Field(ge=1, le=100)

    @property
    def level(self) -> float:
        """The level that an interval needs at each look."""
        return 1 - _ERROR / self.planned


class Policy(Written):
    """A policy file.

    `groups` declares by attribute the groups that worst and difference rules run over; without it they are all groups
    of the dataset but the not recorded. `exempt` leaves groups out, by attribute or grouping, for a printed reason.

    `extends` names policies that ship with the toolkit, or files beside this one, whose rules are taken over; what is
    changed of them stands under `overrides` and, for numbers, `parameters`. `inherited` and `dropped` are set by the
    toolkit: a policy that was read holds all its rules itself.
    """

    policy: Name
    version: Text
    title: Text | None = None
    summary: Text | None = None
    jurisdiction: Text | None = None
    status: PackStatus | None = None
    effective: Effective | None = None
    sources: tuple[Source, ...] = ()
    owner: Owner | None = None
    extends: Extends = ()
    overrides: tuple[Override, ...] = ()
    inherited: tuple[Inherited, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    looks: Looks | None = None
    groups: dict[Text, tuple[Text, ...]] = Field(default_factory=dict)
    exempt: dict[Text, dict[Text, Exemption]] = Field(default_factory=dict)
    rules: tuple[AnyRule, ...] = ()

    @field_validator("extends", mode="before")
    @classmethod
    def _one_name(cls, written: Any) -> Any:
        return (written,) if isinstance(written, str) else written

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


class UsedWaiver(Frozen):
    """A waiver that set a verdict aside, and the outcome without it."""

    reason: str
    owner: str
    ticket: str | None = None
    granted_on: dt.date
    expires_on: dt.date
    without: Outcome


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
    origin: str | None = None
    overridden: dict[str, Any] | None = None
    waiver: UsedWaiver | None = None


class IgnoredWaiver(Frozen):
    """A waiver that was not used, and why: it is for another model, or its rule passed."""

    rule: str
    model: str
    why: str


class Looked(Frozen):
    """How often decisions were made about this model line on this test set, this one included."""

    dataset: str
    number: int
    planned: int | None = None


class Decision(Frozen):
    """All verdicts under one policy, and the one outcome that follows.

    `decided_on` is given where the day plays a part: for waivers, the age of measurements and reviews that are due.
    `exploratory` says why the decision is not confirmatory, where it is not. `baseline` is the run that rules were held
    against which name a baseline, `comparison_digest` the SHA-256 of the canonical ``comparisons/<stem>.json``.
    """

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
    decided_on: dt.date | None = None
    waivers_digest: str | None = None
    ignored_waivers: tuple[IgnoredWaiver, ...] = ()
    looks: tuple[Looked, ...] = ()
    exploratory: str | None = None
    inherited: tuple[Inherited, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    baseline: Baseline | None = None
    comparison_digest: str | None = None

    @property
    def stem(self) -> str:
        """Name of the decision's file without its ending: of the policy, and of the run that it was held against."""
        against = f"-against-{self.baseline.run_id}" if self.baseline else ""
        return f"{self.policy_digest[:16]}{against}"
