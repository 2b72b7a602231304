"""How policies look in a terminal: one that is shown whole, and those that ship."""

from __future__ import annotations

import io
import itertools
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from governance.cli.console import console, plain

if TYPE_CHECKING:
    from rich.console import Console

    from governance.policy import LoadedPolicy, Policy
    from governance.policy.differences import Difference
    from governance.policy.rules import AnyRule
    from governance.policy.selecting import Minimum, Selector
    from governance.policy.trials import Tried

_LABELS = 12
"""Columns that the name of a part takes."""
_INDENT = 6
_DIRECTIONS = 12
"""Columns that the words for the way of a change take."""


def print_packs(policies: list[Policy]) -> None:
    """Print policies under one another: what identifies them in columns, what they are about below."""
    out = console()
    widest = max(len(policy.policy) for policy in policies)
    out.print(f"{'policy':<{widest}}  version  status       rules", style="bold underline")
    for policy in policies:
        status = policy.status or "in use"
        row = f"{policy.policy:<{widest}}  {policy.version:<7}  {status:<11}  {len(policy.rules):>5}"
        out.print(row, style="bold", soft_wrap=True)
        about = "; ".join(text for text in (policy.title, policy.jurisdiction) if text)
        _wrapped(out, about, 2)


def print_policy(loaded: LoadedPolicy) -> None:
    """Print a policy with all that it takes over: what it says of itself first, then its rules."""
    out = console()
    for name, text in _about(loaded.policy, loaded.digest):
        _wrapped(out, text, _LABELS, f"{name}:")
    for rule in loaded.policy.rules:
        out.print()
        _wrapped(out, f"{rule.id}: {rule.title}", _INDENT, rule.severity.value, style="bold")
        for text in _said(rule):
            _wrapped(out, text, _INDENT)
    if not loaded.policy.rules:
        out.print("\nIt has no rules: a run reports measurements and decides nothing.")


def print_differences(found: Sequence[Difference]) -> None:
    """Print what changed, rule by rule: which way first, then what was and what is."""
    out = console()
    named = None
    for one in found:
        if one.rule != named or named is None:
            named = one.rule
            if named is not None:
                out.print(plain(named), style="bold", soft_wrap=True)
        change = _change(one)
        name = one.what if one.rule is not None else f"policy: {one.what}"
        _wrapped(out, f"{name}{': ' if change else ''}{change}", _DIRECTIONS, f"  {one.direction}")
    counts = Counter(one.direction for one in found)
    out.print()
    out.print(", ".join(f"{count} {direction}" for direction, count in counts.items()))


def print_trials(found: Sequence[Tried]) -> None:
    """Print the verdicts that are not as expected, run by run, and how many are."""
    out = console()
    wrong = [one for one in found if not one.as_expected]
    for trial, ones in itertools.groupby(wrong, key=lambda one: one.trial):
        out.print(plain(trial), style="bold", soft_wrap=True)
        for one in ones:
            expected, came = (text.replace("not_measured", "not measured", 1) for text in (one.expected, one.found))
            _wrapped(out, f"{one.rule}: expected {expected}; it came to {came}", 2)
            _wrapped(out, one.sentence, 4)
    if wrong:
        out.print()
    out.print(f"{len(found) - len(wrong)} of {len(found)} verdicts are as expected")


def _change(one: Difference) -> str:
    if one.direction == "removed" and one.after is None:
        return _brief(one.before)
    if one.direction == "added" and one.before is None:
        return _brief(one.after)
    return f"{_brief(one.before)} -> {_brief(one.after)}"


def yaml_text(content: Mapping[str, Any]) -> str:
    """Return plain content as YAML."""
    from ruamel.yaml import YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style, writer.width, writer.allow_unicode = False, 120, True
    stream = io.StringIO()
    writer.dump(dict(content), stream)
    return stream.getvalue()


def _wrapped(out: Console, text: str, indent: int, label: str = "", style: str | None = None) -> None:
    lines = textwrap.wrap(plain(text), max(out.width - indent, 20), break_on_hyphens=False) or [""]
    for number, line in enumerate(lines):
        out.print(f"{label if number == 0 else '':<{indent}}{line}", style=style, soft_wrap=True)


def _about(policy: Policy, digest: str) -> Iterator[tuple[str, str]]:
    yield "policy", f"{policy.policy} {policy.version}"
    if policy.title:
        yield "title", policy.title
    if policy.summary:
        yield "about", " ".join(policy.summary.split())
    yield "status", policy.status or "in use"
    if policy.jurisdiction:
        yield "for", policy.jurisdiction
    if policy.effective:
        until = f" until {policy.effective.until}" if policy.effective.until else ""
        yield "effective", f"from {policy.effective.from_}{until}"
    if policy.owner:
        yield "owner", f"{policy.owner.name}, {policy.owner.role}"
    yield "digest", digest
    yield from _parts(policy)


def _parts(policy: Policy) -> Iterator[tuple[str, str]]:
    for source in policy.sources:
        yield "source", f"{source.title}. {source.reference}; retrieved {source.retrieved_on}"
    for one in policy.inherited:
        yield "extends", f"{one.policy} {one.version}, digest {one.digest[:16]}"
    for name, parameter in policy.parameters.items():
        was = f", was {parameter.before:g}" if parameter.before is not None else ""
        place = f"; set in {parameter.set_in}" if parameter.set_in not in (None, policy.policy) else ""
        yield "parameter", f"{name} = {parameter.value:g}{was} ({parameter.source}{place})"
    for attribute, groups in policy.groups.items():
        yield "groups", f"{attribute}: {', '.join(groups)}"
    for attribute, left_out in policy.exempt.items():
        for group, exemption in left_out.items():
            owner = exemption.owner or (policy.owner.name if policy.owner else "")
            yield "exempt", f"{attribute} {group}: {exemption.reason} ({owner})"
    if policy.looks:
        yield "looks", f"{policy.looks.planned} planned at the test set"
    for dropped in policy.dropped:
        yield "dropped", f"{dropped.rule} of {dropped.origin}: {dropped.reason} ({dropped.set.by}, {dropped.set.on})"


def _said(rule: AnyRule) -> Iterator[str]:
    from governance.documents.build.bars import bar_text
    from governance.policy.decide import bar_of
    from governance.policy.rules import ExpressionRule, Rule

    bar = bar_text(bar_of(rule))
    if isinstance(rule, ExpressionRule):
        yield bar
        yield from (f"{name}: {_measured(selector)}" for name, selector in rule.inputs.items())
    else:
        yield f"{_measured(rule.measure)}: {bar}" if isinstance(rule, Rule) else bar
    if rule.origin:
        yield f"from {rule.origin}"
    if rule.overridden:
        was = ", ".join(f"{key} was {_brief(value)}" for key, value in rule.overridden.before.items())
        setting = rule.overridden.set
        yield f"changed here: {rule.overridden.reason} ({setting.by}, {setting.on}); {was}"
    if isinstance(rule, (Rule, ExpressionRule)):
        yield from _least(rule.minimum, rule.level if isinstance(rule, Rule) else None)
    yield f"why: {rule.rationale}" + (f" ({rule.set.by}, {rule.set.on})" if rule.set else "")
    if rule.controls:
        yield f"controls {rule.controls}"
    if rule.supports:
        yield f"supports {', '.join(rule.supports)}"


def _measured(selector: Selector) -> str:
    """Return what a selector asks for."""
    return _selected(selector.model_dump(mode="json", exclude_defaults=True))


def _selected(selector: Mapping[str, Any]) -> str:
    """Return evaluator, metric and dataset, and what makes it another number than that of everyone."""
    written = dict(selector)
    head = f"{written.pop('evaluator')} / {written.pop('metric')}"
    dataset = written.pop("dataset", None)
    on = f" on {dataset}" if dataset else ""
    more = [f"{key.replace('_', ' ')} {_brief(value)}" for key, value in written.items()]
    return ", ".join([head + on, *more])


def _least(minimum: Minimum, level: float | None) -> Iterator[str]:
    asked = [f"{count} {what}" for what, count in (("patients", minimum.patients), ("events", minimum.events)) if count]
    if asked:
        yield f"rests on at least {' and '.join(asked)}"
    if level is not None:
        yield f"asks for intervals at {100 * level:g} %"


def _brief(value: object) -> str:
    if isinstance(value, Mapping) and {"evaluator", "metric"} <= set(value):
        return _selected(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{str(key).replace('_', ' ')} {_brief(inner)}" for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return " / ".join(_brief(inner) for inner in value)
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)
