"""What changed between two policies: rules that came or went, bars that got stricter or looser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from governance.policy.model import Policy
from governance.policy.rules import AnyRule, Rule, Severity
from governance.policy.selecting import Bar

Direction = Literal["stricter", "looser", "changed", "added", "removed"]
_SEVERITIES = (Severity.INFO, Severity.WARN, Severity.BLOCK)
_SAID = ("title", "rationale", "set", "supports", "origin", "overridden", "controls")
"""Parts of a rule that say something about it and decide nothing."""


@dataclass(frozen=True)
class Difference:
    """One difference. `rule` is None where it is about the policy as a whole."""

    rule: str | None
    what: str
    direction: Direction
    before: Any = None
    after: Any = None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON content."""
        return asdict(self)


def differences(before: Policy, after: Policy) -> list[Difference]:
    """Return what changed, rules in the order of their ids; equal policies give none."""
    old, new = ({rule.id: rule for rule in policy.rules} for policy in (before, after))
    found: list[Difference] = []
    for name in sorted({*old, *new}):
        if name not in new:
            found.append(Difference(name, "rule", "removed", before=_short(old[name])))
        elif name not in old:
            found.append(Difference(name, "rule", "added", after=_short(new[name])))
        else:
            found += _of_rule(old[name], new[name])
    return [*found, *_of_policy(before, after)]


def _of_rule(old: AnyRule, new: AnyRule) -> Iterator[Difference]:
    if type(old) is not type(new):
        yield Difference(old.id, "kind", "changed", _short(old), _short(new))
        return
    if old.severity is not new.severity:
        up = _SEVERITIES.index(new.severity) > _SEVERITIES.index(old.severity)
        yield Difference(old.id, "severity", "stricter" if up else "looser", old.severity.value, new.severity.value)
    if isinstance(old, Rule) and isinstance(new, Rule):
        yield from _of_bar(old.id, old.bar, new.bar)
        yield from _of_numbers(old, new)
    ours, theirs = old.model_dump(mode="json"), new.model_dump(mode="json")
    for key in ours:
        if key not in ("id", "severity", "bar", "minimum", "level", *_SAID) and ours[key] != theirs[key]:
            yield Difference(old.id, key, "changed", _bare(ours[key]), _bare(theirs[key]))


def _of_numbers(old: Rule, new: Rule) -> Iterator[Difference]:
    """More patients, more events and a higher level ask for more."""
    for what, before, after in (
        ("minimum.patients", old.minimum.patients, new.minimum.patients),
        ("minimum.events", old.minimum.events, new.minimum.events),
        ("level", old.level, new.level),
    ):
        if before != after:
            yield Difference(old.id, what, "stricter" if (after or 0) > (before or 0) else "looser", before, after)


def _of_bar(rule: str, old: Bar, new: Bar) -> Iterator[Difference]:
    if old == new:
        return
    before, after = old.model_dump(mode="json", exclude_none=True), new.model_dump(mode="json", exclude_none=True)
    yield Difference(rule, "bar", _direction(old, new), before, after)


def _direction(old: Bar, new: Bar) -> Direction:
    """Say whether whatever clears the new bar also clears the old one, or the other way round."""
    if old.kinds != new.kinds or old.paired_with != new.paired_with:
        return "changed"
    (kind,) = new.kinds
    if kind == "at_least" and old.at_least is not None and new.at_least is not None:
        return "stricter" if new.at_least > old.at_least else "looser"
    if kind == "within" and old.within is not None and new.within is not None:
        inside = old.within[0] <= new.within[0] and new.within[1] <= old.within[1]
        around = new.within[0] <= old.within[0] and old.within[1] <= new.within[1]
        return "stricter" if inside else "looser" if around else "changed"
    key = "by" if kind == "not_worse_than" else kind
    before, after = getattr(old, key), getattr(new, key)
    return "stricter" if after < before else "looser"


def _of_policy(before: Policy, after: Policy) -> Iterator[Difference]:
    for key in ("version", "groups", "exempt", "looks", "inherited", "dropped", "parameters"):
        old, new = (policy.model_dump(mode="json")[key] for policy in (before, after))
        if old != new:
            yield Difference(None, key, "changed", old, new)


def _short(rule: AnyRule) -> dict[str, Any]:
    return {key: _bare(value) for key, value in rule.model_dump(mode="json").items() if key not in _SAID and value}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(inner) for key, inner in value.items() if inner not in (None, {}, [])}
    return value
