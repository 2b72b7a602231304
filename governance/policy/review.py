"""What a person should look at in a policy that can be read: rules that decide nothing, bars that nobody set."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from governance.errors import near_name
from governance.evidence.wording import band_names
from governance.policy.differences import differences
from governance.policy.inventory import NOT_RECORDED
from governance.policy.lint import described, unmeasurable
from governance.policy.model import Policy
from governance.policy.rules import AnyRule, ExpressionRule, ProvenanceRule, Rule, Severity
from governance.policy.verdicts.expression import rests_on_points
from governance.spec.document import PLACEHOLDER, Keys
from governance.spec.model import Attribute, Spec

_WEIGHT = {Severity.INFO: 0, Severity.WARN: 1, Severity.BLOCK: 2}
_DECIDES = ("measure", "bar", "minimum", "level", "expression", "inputs", "provenance")
"""Parts of a rule that its verdict follows from."""


@dataclass(frozen=True)
class Note:
    """Something to look at, and where.

    Attributes
    ----------
    rule
        The rule it is about; None where it is about the policy as a whole or the spec.
    keys
        The way to the place: inside of the rule, or of the file where there is no rule.
    file
        The file that `keys` lead into.
    """

    rule: str | None
    message: str
    hint: str | None = None
    keys: Keys = ()
    file: Literal["policy", "spec"] = "policy"


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
        yield from _of_rule(rule)
    yield from _shadowed(policy)
    if spec is not None:
        for rule in policy.rules:
            yield from _out_of_reach(policy, rule, spec)
        yield from _hazards(policy, spec)
        yield from _groups(policy, spec)


def _whole(policy: Policy, today: dt.date) -> Iterator[Note]:
    if policy.status in ("draft", "provisional", "withdrawn"):
        yield Note(None, f"the policy is {policy.status}", keys=("status",))
    if policy.effective is not None:
        begins, ends = policy.effective.from_, policy.effective.until
        if begins > today:
            yield Note(None, f"it is to be used from {begins} on (today is {today})", keys=("effective", "from"))
        if ends is not None and ends < today:
            yield Note(None, f"it was to be used until {ends} (today is {today})", keys=("effective", "until"))
    if policy.rules and policy.owner is None:
        yield Note(None, "nobody answers for the policy", "write `owner: {name: ..., role: ...}`", keys=("policy",))


def _of_rule(rule: AnyRule) -> Iterator[Note]:
    if PLACEHOLDER in rule.rationale.lower():
        yield Note(rule.id, "its rationale is to be filled", keys=("rationale",))
    if isinstance(rule, ExpressionRule) and rests_on_points(rule):
        message = "it rests on point values, which ignore how uncertain they are"
        yield Note(rule.id, message, keys=("expression",))
    if isinstance(rule, Rule):
        key = "by" if rule.bar.not_worse_than is not None else rule.bar.kinds[0]
        margin = rule.bar.paired_with or rule.bar.equivalent_within or (rule.measure.difference and rule.bar.at_most)
        if margin and rule.set is None:
            hint = "write `set: {by: ..., on: ...}` and a clinical rationale"
            yield Note(rule.id, "nobody has set this margin", hint, ("bar", key))
        yield from _never_passes(rule)


def _never_passes(rule: Rule) -> Iterator[Note]:
    """Find limits at the end of a metric's range, which the end of an interval hardly ever reaches."""
    metric = described(rule.measure)
    if metric is None or rule.measure.compared or rule.bar.paired_with:
        return
    for key, limit, end in (
        ("at_least", rule.bar.at_least, metric.high),
        ("at_most", rule.bar.at_most, metric.low),
    ):
        if limit is not None and limit == end:
            message = (
                f"{limit:g} is the best {metric.name} there is, and an interval seldom ends there: it hardly passes"
            )
            yield Note(rule.id, message, "set a bar that an interval can clear", ("bar", key))


def _shadowed(policy: Policy) -> Iterator[Note]:
    """Find rules that can never say anything that another does not say more strictly."""
    alike: dict[str, list[AnyRule]] = {}
    for rule in policy.rules:
        alike.setdefault(repr(rule.measure if isinstance(rule, Rule) else _decides(rule)), []).append(rule)
    for rules in alike.values():
        for weak, strong in itertools.permutations(rules, 2):
            if _WEIGHT[strong.severity] >= _WEIGHT[weak.severity]:
                yield from _shadow(policy, weak, strong)


def _shadow(policy: Policy, weak: AnyRule, strong: AnyRule) -> Iterator[Note]:
    keys: Keys = (next(key for key in ("bar", "expression", "provenance") if hasattr(weak, key)),)
    if _decides(strong) == _decides(weak):
        if strong.severity is not weak.severity:
            yield Note(weak.id, f"'{strong.id}' asks the same and weighs more", "remove this rule", keys)
        elif strong.id < weak.id:
            yield Note(weak.id, f"it asks the same as '{strong.id}'", "remove one of them", keys)
    elif isinstance(strong, Rule) and isinstance(weak, Rule) and _stricter(policy, strong, weak):
        yield Note(weak.id, f"'{strong.id}' asks the same more strictly, so it decides nothing", "remove it", keys)


def _decides(rule: AnyRule) -> dict[str, Any]:
    return {key: value for key, value in rule.model_dump(mode="json").items() if key in _DECIDES}


def _stricter(policy: Policy, strong: Rule, weak: Rule) -> bool:
    """Say whether what clears one bar clears the other, by the comparison of policies."""
    first, second = (
        policy.model_copy(update={"rules": (rule.model_copy(update={"id": "r", "severity": weak.severity}),)})
        for rule in (weak, strong)
    )
    return {one.direction for one in differences(first, second)} == {"stricter"}


def _out_of_reach(policy: Policy, rule: AnyRule, spec: Spec) -> Iterator[Note]:
    key = next(key for key in ("measure", "inputs", "provenance") if hasattr(rule, key))
    for _, reason in unmeasurable(policy.model_copy(update={"rules": (rule,)}), spec):
        yield Note(rule.id, f"a run would leave it not measured: {reason}", keys=(key,))


def _hazards(policy: Policy, spec: Spec) -> Iterator[Note]:
    rules = {rule.id: rule for rule in policy.rules}
    named = {control for hazard in spec.hazards.values() for control in hazard.controls}
    for rule in policy.rules:
        stops = rule.severity is Severity.BLOCK and not isinstance(rule, ProvenanceRule)
        if stops and rule.controls is None and rule.id not in named:
            hint = "write `controls: H-01`, the hazard it holds in check"
            yield Note(rule.id, "it blocks a release and names no hazard", hint)
        if rule.controls is not None and rule.controls not in spec.hazards:
            message = f"it controls the hazard '{rule.controls}', which the spec does not describe"
            yield Note(rule.id, message, near_name(rule.controls, spec.hazards), ("controls",))
    controlled = {rule.controls for rule in policy.rules}
    for name, hazard in spec.hazards.items():
        for index, control in enumerate(hazard.controls):
            if control not in rules:
                message = f"the hazard '{name}' is controlled by '{control}', which is no rule"
                yield Note(None, message, near_name(control, rules), ("hazards", name, "controls", index), "spec")
        if not hazard.controls and name not in controlled:
            yield Note(None, f"no rule controls the hazard '{name}'", None, ("hazards", name), "spec")


def _groups(policy: Policy, spec: Spec) -> Iterator[Note]:
    """Find groups that the bands or labels of an attribute cannot give, and attributes that no dataset has."""
    attributes: dict[str, list[Attribute]] = {}
    for dataset in spec.datasets.values():
        for name, attribute in dataset.attributes.items():
            attributes.setdefault(name, []).append(attribute)
    known = {name: _possible(written) for name, written in attributes.items()}
    for name, declared in policy.groups.items():
        if name not in attributes:
            message = f"groups of '{name}' are declared, which is no attribute of any dataset"
            yield Note(None, message, near_name(name, attributes), ("groups", name))
        for index, group in enumerate(declared):
            yield from _strange(known, name, group, None, ("groups", name, index))
    for name, left_out in policy.exempt.items():
        for group in left_out:
            if " x " not in name:
                yield from _strange(known, name, group, None, ("exempt", name, group))
    for rule in policy.rules:
        if isinstance(rule, Rule):
            for name, group in rule.measure.slice.items():
                yield from _strange(known, name, group, rule.id, ("measure", "slice", name))


def _possible(written: list[Attribute]) -> set[str] | None:
    """Return the groups that an attribute can give over all datasets; None where values are taken as they are."""
    groups = {NOT_RECORDED}
    for attribute in written:
        if attribute.bands is not None:
            groups |= set(band_names(attribute.bands))
        elif attribute.labels:
            groups |= set(attribute.labels.values())
        else:
            return None
    return groups


def _strange(
    known: Mapping[str, set[str] | None], name: str, group: str, rule: str | None, keys: Keys
) -> Iterator[Note]:
    possible = known.get(name)
    if possible is not None and group not in possible:
        yield Note(rule, f"'{group}' is no group of '{name}'", near_name(group, possible - {NOT_RECORDED}), keys)
