"""Waivers: a named person sets a rule aside for one model, with a reason and a day on which that ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from governance.errors import near_name
from governance.evidence.canonical import digest_json
from governance.policy.model import IgnoredWaiver, Outcome, Policy, UsedWaiver, Verdict
from governance.spec import read_yaml, validate
from governance.spec.document import Document, Keys
from governance.spec.model import Name, Text, Written

LONGEST = dt.timedelta(days=366)
"""A year, whether or not there is a 29 February in it."""
WAIVABLE = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.NOT_MEASURED)


class Waiver(Written):
    """Sets aside one rule for some versions of one model.

    Attributes
    ----------
    rule, policy
        The rule, and the policy it belongs to where the file serves several.
    model, versions
        The name of the subject and the versions it is for; a waiver without versions is for all of them.
    granted_on, expires_on
        It holds from the first day to the last, both included, for at most a year.
    """

    rule: Name
    policy: Name | None = None
    reason: Text
    owner: Text
    ticket: Text | None = None
    granted_on: dt.date
    expires_on: dt.date
    model: Name
    versions: tuple[Text, ...] | None = Field(default=None, min_length=1)

    @field_validator("versions", mode="before")
    @classmethod
    def _one_version(cls, written: Any) -> Any:
        return (written,) if isinstance(written, (str, int, float)) else written

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if self.expires_on < self.granted_on:
            raise ValueError("expires_on is before granted_on")
        if self.expires_on - self.granted_on > LONGEST:
            raise ValueError("a waiver lasts at most a year; grant it again when it ends")
        return self

    def is_for(self, model: str, version: str, policy: str) -> bool:
        """Say whether it is about this version of this model under this policy."""
        own_version = self.versions is None or version in self.versions
        return self.model == model and own_version and self.policy in (None, policy)


class WaiverFile(Written):
    """A file of waivers."""

    version: Literal[1]
    waivers: tuple[Waiver, ...]


@dataclass(frozen=True)
class Waivers:
    """Waivers that were read and fit a policy, a model and a day.

    Attributes
    ----------
    digest
        SHA-256 of the file's content.
    """

    in_force: Mapping[str, Waiver]
    ignored: tuple[IgnoredWaiver, ...]
    digest: str

    def applied(self, verdicts: Sequence[Verdict]) -> tuple[tuple[Verdict, ...], tuple[IgnoredWaiver, ...]]:
        """Return the verdicts, with those set aside that a waiver is for, and all waivers that were not used."""
        found: list[Verdict] = []
        unused: list[IgnoredWaiver] = []
        for verdict in verdicts:
            waiver = self.in_force.get(verdict.rule)
            if waiver is None:
                found.append(verdict)
            elif verdict.outcome in WAIVABLE:
                found.append(_waived(verdict, waiver))
            else:
                found.append(verdict)
                unused.append(IgnoredWaiver(rule=waiver.rule, model=waiver.model, why="the rule passed without it"))
        return tuple(found), (*self.ignored, *unused)


def load_waivers(path: Path, policy: Policy, *, model: str, version: str, today: dt.date) -> Waivers:
    """Read a file of waivers and hold it against a policy, a model and a day.

    Raises
    ------
    InputError
        With file, line and column: malformed YAML, a rule that the policy does not have, a waiver that has expired or
        does not hold yet, two waivers for one rule. Waivers for other models are listed and ignored.
    """
    document = read_yaml(path)
    written = validate(WaiverFile, document)
    in_force: dict[str, Waiver] = {}
    ignored: list[IgnoredWaiver] = []
    rules = [rule.id for rule in policy.rules]
    for index, waiver in enumerate(written.waivers):
        keys: Keys = ("waivers", index)
        if not waiver.is_for(model, version, policy.policy):
            why = _another(waiver, model, version)
            ignored.append(IgnoredWaiver(rule=waiver.rule, model=waiver.model, why=why))
            continue
        if waiver.rule not in rules:
            message = f"the policy {policy.policy} has no rule '{waiver.rule}'"
            raise document.error((*keys, "rule"), message, near_name(waiver.rule, rules))
        _check_days(document, keys, waiver, today)
        if waiver.rule in in_force:
            raise document.error((*keys, "rule"), f"two waivers are for the rule '{waiver.rule}'")
        in_force[waiver.rule] = waiver
    return Waivers(in_force, tuple(ignored), digest_json(written.model_dump(mode="json")))


def _another(waiver: Waiver, model: str, version: str) -> str:
    if waiver.model != model:
        return f"it is for {waiver.model}, not for {model}"
    if waiver.versions is not None and version not in waiver.versions:
        return f"it is for version {', '.join(waiver.versions)}, not for {version}"
    return f"it is for the policy {waiver.policy}"


def _check_days(document: Document, keys: Keys, waiver: Waiver, today: dt.date) -> None:
    if waiver.granted_on > today:
        message = f"the waiver is granted on {waiver.granted_on}, which is yet to come (today is {today})"
        raise document.error((*keys, "granted_on"), message)
    if waiver.expires_on < today:
        message = f"the waiver of '{waiver.rule}' expired on {waiver.expires_on} (today is {today})"
        raise document.error((*keys, "expires_on"), message, "remove it, or let its owner grant it again with a reason")


def _waived(verdict: Verdict, waiver: Waiver) -> Verdict:
    ticket = f", {waiver.ticket}" if waiver.ticket else ""
    text = (
        f"waived by {waiver.owner} until {waiver.expires_on}{ticket}: {waiver.reason.rstrip('.')}. "
        f"Without the waiver: {verdict.outcome.value.replace('_', ' ')}; {verdict.sentence}"
    )
    used = UsedWaiver(
        reason=waiver.reason,
        owner=waiver.owner,
        ticket=waiver.ticket,
        granted_on=waiver.granted_on,
        expires_on=waiver.expires_on,
        without=verdict.outcome,
    )
    return verdict.model_copy(update={"outcome": Outcome.WAIVED, "sentence": text, "waiver": used})
