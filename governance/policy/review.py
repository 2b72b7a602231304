"""What a person should look at in a policy that can be read: rules that decide nothing, bars that nobody set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from governance.errors import near_name
from governance.policy.differences import differences
from governance.policy.lint import unmeasurable
from governance.policy.model import Policy
from governance.policy.rules import ExpressionRule, ProvenanceRule, Rule, Severity
from governance.policy.verdicts.expression import rests_on_points
from governance.spec.model import Spec

_WEIGHT = {Severity.INFO: 0, Severity.WARN: 1, Severity.BLOCK: 2}


@dataclass(frozen=True)
class Note:
    """Something to look at; `rule` is None where it is about the policy as a whole."""

    rule: str | None
    message: str
    hint: str | None = None


def review(policy: Policy, today: dt.date, spec: Spec | None = None) -> Iterator[Note]:
    """Yield what to look at, about the policy as a whole first, then rule by rule.

    Parameters
    ----------
    spec
        What the policy is meant for; with it also rules that a run would leave not measured, groups that no dataset can
        have, and how rules and hazards go together.
    """
    yield from _whole(policy, today)
    for rule in policy.rules:
        if isinstance(rule, Rule):
            margin = rule.bar.equivalent_within is not None or rule.bar.not_worse_than is not None
            if margin and rule.set is None:
                yield Note(
                    rule.id, "nobody has set this margin", "write `set: {by: ..., on: ...}` and a clinical rationale"
                )
        if isinstance(rule, ExpressionRule) and rests_on_points(rule):
            yield Note(rule.id, "it rests on point values, which ignore how uncertain they are")
    yield from _shadowed(policy)
    if spec is not None:
        yield from _beside(policy, spec)


def _whole(policy: Policy, today: dt.date) -> Iterator[Note]:
    if policy.status in ("draft", "provisional", "withdrawn"):
        yield Note(None, f"the policy is {policy.status}")
    if policy.effective is not None:
        if policy.effective.from_ > today:
            yield Note(None, f"it is to be used from {policy.effective.from_} on (today is {today})")
        if policy.effective.until is not None and policy.effective.until < today:
            yield Note(None, f"it was to be used until {policy.effective.until} (today is {today})")
    if policy.rules and policy.owner is None:
        yield Note(None, "nobody answers for the policy", "write `owner: {name: ..., role: ...}`")


def _shadowed(policy: Policy) -> Iterator[Note]:
    """Find rules that can never say anything that another does not say more strictly."""
    rules = [rule for rule in policy.rules if isinstance(rule, Rule)]
    for weak in rules:
        for strong in rules:
            same = strong.measure == weak.measure and strong.minimum == weak.minimum and strong.level == weak.level
            if strong is weak or not same or _WEIGHT[strong.severity] < _WEIGHT[weak.severity]:
                continue
            if strong.bar == weak.bar and strong.severity is weak.severity:
                if strong.id < weak.id:
                    yield Note(weak.id, f"it asks the same as '{strong.id}'", "remove one of them")
            elif strong.bar == weak.bar or _stricter(policy, strong, weak):
                yield Note(weak.id, f"'{strong.id}' asks the same more strictly, so it decides nothing", "remove it")


def _stricter(policy: Policy, strong: Rule, weak: Rule) -> bool:
    """Say whether what clears one bar clears the other, by the comparison of policies."""
    first, second = (
        policy.model_copy(update={"rules": (rule.model_copy(update={"id": "r", "severity": weak.severity}),)})
        for rule in (weak, strong)
    )
    return [one.direction for one in differences(first, second) if one.what == "bar"] == ["stricter"]


def _beside(policy: Policy, spec: Spec) -> Iterator[Note]:
    for name, reason in unmeasurable(policy, spec):
        yield Note(name, f"a run would leave it not measured: {reason}")
    rules = {rule.id: rule for rule in policy.rules}
    for rule in policy.rules:
        names_one = any(rule.id in hazard.controls for hazard in spec.hazards.values())
        if (
            rule.severity is Severity.BLOCK
            and rule.controls is None
            and not names_one
            and not isinstance(rule, ProvenanceRule)
        ):
            yield Note(
                rule.id,
                "it blocks a release and names no hazard",
                "write `controls: H-01`, the hazard it holds in check",
            )
        if rule.controls is not None and rule.controls not in spec.hazards:
            hint = near_name(rule.controls, spec.hazards)
            yield Note(rule.id, f"it controls the hazard '{rule.controls}', which the spec does not describe", hint)
    for name, hazard in spec.hazards.items():
        for control in hazard.controls:
            if control not in rules:
                yield Note(
                    None,
                    f"the hazard '{name}' is controlled by '{control}', which is no rule",
                    near_name(control, rules),
                )
        if not hazard.controls and name not in {rule.controls for rule in policy.rules}:
            yield Note(None, f"no rule controls the hazard '{name}'")
    yield from _groups(policy, spec)


def _groups(policy: Policy, spec: Spec) -> Iterator[Note]:
    """Find declared groups that the bands or labels of an attribute cannot give."""
    known: dict[str, Mapping[str, object]] = {}
    for dataset in spec.datasets.values():
        for name, attribute in dataset.attributes.items():
            if attribute.labels:
                known[name] = {str(label): None for label in attribute.labels.values()}
    for name, groups in policy.groups.items():
        if not any(name in dataset.attributes for dataset in spec.datasets.values()):
            yield Note(
                None, f"groups of '{name}' are declared, which is no attribute of any dataset", near_name(name, known)
            )
        for group in groups:
            if name in known and group not in known[name]:
                yield Note(None, f"'{group}' is no label of '{name}'", near_name(group, known[name]))
