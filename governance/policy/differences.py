"""What changed between two policies: rules that came or went, bars that got stricter or looser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from governance.policy.decide import bar_of
from governance.policy.lock import LoadedPolicy
from governance.policy.model import Decision, Policy
from governance.policy.rules import AnyRule, Check, ExpressionRule, ProvenanceRule, Rule, Severity
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


def differences(before: Policy | LoadedPolicy | Decision, after: Policy | LoadedPolicy | Decision) -> list[Difference]:
    """Return what changed, rules in the order of their ids; equal policies give none.

    A decision knows severities and bars alone; beside one, these are all that is compared.
    """
    old, new = (one.policy if isinstance(one, LoadedPolicy) else one for one in (before, after))
    if isinstance(old, Policy) and isinstance(new, Policy):
        return [*_of_rules(_by_id(old), _by_id(new), _short, _of_rule), *_of_policy(old, new)]
    return list(_of_rules(_held_against(old), _held_against(new), _Held.short, _of_held))


def _by_id(policy: Policy) -> dict[str, AnyRule]:
    return {rule.id: rule for rule in policy.rules}


def _of_rules(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    short: Callable[[Any], Any],
    compare: Callable[[Any, Any], Iterator[Difference]],
) -> Iterator[Difference]:
    for name in sorted({*old, *new}):
        if name not in new:
            yield Difference(name, "rule", "removed", before=short(old[name]))
        elif name not in old:
            yield Difference(name, "rule", "added", after=short(new[name]))
        else:
            yield from compare(old[name], new[name])


@dataclass(frozen=True)
class _Held:
    """What a decision knows of a rule: how grave it is, and what it was held against."""

    rule: str
    severity: Severity
    bar: dict[str, Any]

    def short(self) -> dict[str, Any]:
        return {"severity": self.severity.value, **self.bar}


def _held_against(one: Policy | Decision) -> dict[str, _Held]:
    if isinstance(one, Policy):
        return {rule.id: _Held(rule.id, rule.severity, bar_of(rule)) for rule in one.rules}
    return {verdict.rule: _Held(verdict.rule, verdict.severity, verdict.bar) for verdict in one.verdicts}


def _of_held(old: _Held, new: _Held) -> Iterator[Difference]:
    yield from _of_severity(old.rule, old.severity, new.severity)
    if old.bar == new.bar:
        return
    kinds = {key for bar in (old.bar, new.bar) for key in bar} & {"provenance", "expression"}
    if not kinds:
        yield from _of_bar(old.rule, Bar.model_validate(old.bar), Bar.model_validate(new.bar))
    elif kinds == {"provenance"} and "provenance" in old.bar and "provenance" in new.bar:
        checks = (Check.model_validate(bar["provenance"]) for bar in (old.bar, new.bar))
        yield from _of_check(old.rule, *checks)
    else:
        yield Difference(old.rule, "bar", "changed", old.bar, new.bar)


def _of_severity(rule: str, old: Severity, new: Severity) -> Iterator[Difference]:
    if old is not new:
        up = _SEVERITIES.index(new) > _SEVERITIES.index(old)
        yield Difference(rule, "severity", "stricter" if up else "looser", old.value, new.value)


def _of_rule(old: AnyRule, new: AnyRule) -> Iterator[Difference]:
    if type(old) is not type(new):
        yield Difference(old.id, "kind", "changed", _short(old), _short(new))
        return
    yield from _of_severity(old.id, old.severity, new.severity)
    told = ["id", "severity"]
    if isinstance(old, Rule) and isinstance(new, Rule):
        told += ["bar", "minimum", "level"]
        yield from _of_bar(old.id, old.bar, new.bar, alike=old.measure == new.measure)
        yield from _of_numbers(old, new)
    elif isinstance(old, ExpressionRule) and isinstance(new, ExpressionRule):
        told += ["minimum"]
        yield from _of_numbers(old, new)
    elif isinstance(old, ProvenanceRule) and isinstance(new, ProvenanceRule):
        told += ["provenance"]
        yield from _of_check(old.id, old.provenance, new.provenance)
    ours, theirs = old.model_dump(mode="json"), new.model_dump(mode="json")
    for key in ours:
        if key not in (*told, *_SAID) and ours[key] != theirs[key]:
            yield Difference(old.id, key, "changed", _bare(ours[key]), _bare(theirs[key]))


def _of_numbers(old: Rule | ExpressionRule, new: Rule | ExpressionRule) -> Iterator[Difference]:
    """More patients, more events and a higher level ask for more."""
    numbers = [
        ("minimum.patients", old.minimum.patients, new.minimum.patients),
        ("minimum.events", old.minimum.events, new.minimum.events),
    ]
    levels = [("level", old.level, new.level)] if isinstance(old, Rule) and isinstance(new, Rule) else []
    for what, before, after in (*numbers, *levels):
        if before != after:
            yield Difference(old.id, what, "stricter" if (after or 0) > (before or 0) else "looser", before, after)


def _of_bar(rule: str, old: Bar, new: Bar, *, alike: bool = True) -> Iterator[Difference]:
    """Compare bars; where they are not `alike`, about the same measurements, neither is stricter."""
    if old == new:
        return
    before, after = old.model_dump(mode="json", exclude_none=True), new.model_dump(mode="json", exclude_none=True)
    yield Difference(rule, "bar", _direction(old, new) if alike else "changed", before, after)


def _direction(old: Bar, new: Bar) -> Direction:
    """Say whether whatever clears the new bar also clears the old one, or the other way round."""
    if old.present or new.present:  # whatever clears another bar was measured
        return "stricter" if old.present else "looser"
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


def _of_check(rule: str, old: Check, new: Check) -> Iterator[Difference]:
    """Compare what is asked of a run: fewer days, fewer devices, more seeds and more statements ask for more."""
    if old == new:
        return
    before, after = getattr(old, old.kind), getattr(new, new.kind)
    direction: Direction = "changed"
    if old.kind == new.kind == "measured_within_days":
        direction = "stricter" if after < before else "looser"
    elif old.kind == new.kind == "seeds" and before.evaluator == after.evaluator:
        direction = "stricter" if after.at_least > before.at_least else "looser"
    elif old.kind == new.kind and old.kind in ("device", "precision"):
        direction = _of_sets(after, before)
    elif old.kind == new.kind and old.kind in ("facts", "no_patient_in_both"):
        direction = _of_sets(before, after)
    asked = (one.model_dump(mode="json", exclude_none=True) for one in (old, new))
    yield Difference(rule, "provenance", direction, *asked)


def _of_sets(before: Sequence[str], after: Sequence[str]) -> Direction:
    """More of what must hold is stricter."""
    old, new = set(before), set(after)
    return "stricter" if old < new else "looser" if new < old else "changed"


def _of_policy(before: Policy, after: Policy) -> Iterator[Difference]:
    means = {rule.measure.mean_over for policy in (before, after) for rule in policy.rules if isinstance(rule, Rule)}
    for attribute in sorted({*before.groups, *after.groups}):
        old, new = before.groups.get(attribute), after.groups.get(attribute)
        if old is None or new is None:
            yield Difference(None, f"groups of {attribute}", "changed", old, new)
        elif set(old) != set(new):
            moved = "changed" if attribute in means else _of_sets(old, new)
            yield Difference(None, f"groups of {attribute}", moved, old, new)
    yield from _of_exemptions(before, after)
    for name in sorted({*before.parameters, *after.parameters}):
        values = [policy.parameters[name].value if name in policy.parameters else None for policy in (before, after)]
        if values[0] != values[1]:
            yield Difference(None, f"parameter {name}", _came_or_went(*values), *values)
    dropped = [{one.rule: one.origin for one in policy.dropped} for policy in (before, after)]
    inherited = [{one.policy: f"{one.version}, {one.digest[:16]}" for one in policy.inherited}
                 for policy in (before, after)]  # fmt: skip
    looks = [policy.looks.planned if policy.looks else None for policy in (before, after)]
    whole: list[tuple[str, Any, Any]] = [
        ("version", before.version, after.version),
        ("looks", looks[0], looks[1]),
        ("extends", inherited[0], inherited[1]),
        ("dropped", dropped[0], dropped[1]),
    ]
    for what, was, now in whole:
        if was != now:
            yield Difference(None, what, "changed", was or None, now or None)


def _of_exemptions(before: Policy, after: Policy) -> Iterator[Difference]:
    """A group that is left out frees a model of what is asked about it."""
    old, new = (
        {(over, group): one.reason for over, groups in policy.exempt.items() for group, one in groups.items()}
        for policy in (before, after)
    )
    for over, group in sorted({*old, *new}):
        was, now = old.get((over, group)), new.get((over, group))
        if was != now:
            direction: Direction = "looser" if was is None else "stricter" if now is None else "changed"
            yield Difference(None, f"exempt {over} {group}", direction, was, now)


def _came_or_went(before: object, after: object) -> Direction:
    return "added" if before is None else "removed" if after is None else "changed"


def _short(rule: AnyRule) -> dict[str, Any]:
    written = rule.model_dump(mode="json", exclude_defaults=True)
    decides = {key: _bare(value) for key, value in written.items() if key not in (*_SAID, "id")}
    return {"severity": rule.severity.value, **decides}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(inner) for key, inner in value.items() if inner not in (None, {}, [])}
    return value
