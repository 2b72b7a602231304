"""A policy that builds on others: parameters put in their places, rules taken over, overrides applied where they stand.

Everything happens on the content of the files before it is checked, so that whatever is wrong is an error at the line
that somebody wrote.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from governance.errors import near_name
from governance.policy.lint import rule_problems
from governance.policy.lock import policy_digest
from governance.policy.model import Policy
from governance.policy.packs import Dropped, Inherited, Override, Parameter
from governance.policy.rules import Overridden
from governance.spec.document import Document, Keys
from governance.spec.validation import Problem, check, raise_problems

_REFERENCE = re.compile(r"\$([A-Za-z][A-Za-z0-9_.-]*)\Z")
SET_BY_THE_TOOLKIT = ("inherited", "dropped")
_SET_IN_RULES = ("origin", "overridden")
_SET_IN_PARAMETERS = ("set_in", "before")
Values = Mapping[str, Parameter]


def refuse_what_nobody_writes(document: Document) -> None:
    """Refuse the keys by which a policy says where its parts come from: only reading it finds that out."""
    content = document.content
    if not isinstance(content, dict):
        return
    places: list[Keys] = [(key,) for key in SET_BY_THE_TOOLKIT if key in content]
    for index, rule in enumerate(content["rules"] if isinstance(content.get("rules"), list) else []):
        places += [("rules", index, key) for key in _SET_IN_RULES if isinstance(rule, dict) and key in rule]
    parameters = content.get("parameters")
    for name, parameter in (parameters if isinstance(parameters, dict) else {}).items():
        places += [
            ("parameters", name, key) for key in _SET_IN_PARAMETERS if isinstance(parameter, dict) and key in parameter
        ]
    if places:
        raise document.error(places[0], f"`{places[0][-1]}` is set by the toolkit", "remove it", of="key")


def parameters_of(document: Document, above: Values) -> dict[str, Parameter]:
    """Return the parameters that a file declares, with the values that a policy which extends it sets.

    Raises
    ------
    InputError
        If a parameter is malformed.
    """
    content = document.content
    written = content.get("parameters") if isinstance(content, dict) else None
    if not isinstance(written, dict):
        return {}
    found, problems = check(dict[str, Parameter], written, keys=("parameters",))
    raise_problems(document, problems)
    named = str(content.get("policy"))
    result: dict[str, Parameter] = {}
    for name, parameter in (found or {}).items():
        if name in above:
            update = {"set_in": above[name].set_in, "before": parameter.value}
            result[name] = above[name].model_copy(update=update)
        else:
            result[name] = parameter.model_copy(update={"set_in": named})
    return result


def filled_in(document: Document, values: Values, inherited: Values) -> Document:
    """Put parameters into their places: every text ``$name`` outside of titles and reasons becomes its number.

    Raises
    ------
    InputError
        If a place names a parameter that there is none of, or nothing uses one that is declared here.
    """

    used: set[str] = set()

    def fill(content: Any, keys: Keys) -> Any:
        if isinstance(content, dict):
            return {key: fill(value, (*keys, key)) for key, value in content.items()}
        if isinstance(content, list):
            return [fill(value, (*keys, index)) for index, value in enumerate(content)]
        match = _REFERENCE.match(content) if isinstance(content, str) else None
        if match is None:
            return content
        name = match[1]
        if name not in values:
            raise document.error(keys, f"there is no parameter '{name}'", near_name(name, values))
        used.add(name)
        value = values[name].value
        return int(value) if value.is_integer() and keys[-2:-1] == ("minimum",) else value

    content = document.content
    if not isinstance(content, dict):
        return document
    parts = {key: fill(content[key], (key,)) for key in ("rules", "overrides", "looks") if key in content}
    own = content["parameters"] if isinstance(content.get("parameters"), dict) else {}
    for name in own:
        if name not in used and name not in inherited:
            hint = near_name(str(name), inherited) or f"write it where it belongs, as ${name}"
            raise document.error(("parameters", name), f"nothing uses the parameter '{name}'", hint, of="key")
    return Document(document.path, {**content, **parts}, document.positions)


def joined(document: Document, own: Policy, parents: list[tuple[Policy, Document]], values: Values) -> Policy:
    """Return a policy with all that it takes over from its parents.

    Parameters
    ----------
    own
        The policy as its file says.
    parents
        The policies that it extends, joined themselves, and their files with parameters filled in.

    Raises
    ------
    InputError
        If two of them have a rule of the same id, or an override names a rule that none has or does not fit.
    """
    rules: dict[str, Any] = {}
    inherited: list[Inherited] = []
    dropped: list[Dropped] = []
    groups: dict[str, Any] = {}
    exempt: dict[str, Any] = {}
    parameters: dict[str, Parameter] = {}
    for number, (parent, _) in enumerate(parents):
        for rule in parent.rules:
            if rule.id in rules:
                message = f"two of the policies have a rule '{rule.id}'"
                raise document.error(("extends", number), message, "extend one of them")
            rules[rule.id] = rule.model_copy(update={"origin": rule.origin or f"{parent.policy} {parent.version}"})
        for known in (*parent.inherited, _inherited(parent)):
            if known not in inherited:
                inherited.append(known)
        dropped += parent.dropped
        groups |= parent.groups
        exempt |= parent.exempt
        parameters |= parent.parameters
    for index, override in enumerate(own.overrides):
        _apply(document, index, override, rules, dropped)
    for index, rule in enumerate(own.rules):
        if rule.id in rules:
            message = f"the rule '{rule.id}' is inherited from {rules[rule.id].origin}"
            hint = "change it under `overrides`, with a reason, or give this rule another id"
            raise document.error(("rules", index, "id"), message, hint)
        rules[rule.id] = rule
    return own.model_copy(
        update={
            "extends": (),
            "overrides": (),
            "rules": tuple(rules.values()),
            "inherited": tuple(inherited),
            "dropped": tuple(dropped),
            "groups": {**groups, **own.groups},
            "exempt": {**exempt, **own.exempt},
            "parameters": {**parameters, **{name: values[name] for name in own.parameters if name in values}},
        }
    )


def _inherited(parent: Policy) -> Inherited:
    return Inherited(policy=parent.policy, version=parent.version, digest=policy_digest(parent))


def _apply(document: Document, index: int, override: Override, rules: dict[str, Any], dropped: list[Dropped]) -> None:
    keys: Keys = ("overrides", index)
    rule = rules.get(override.rule)
    if rule is None:
        message = f"no policy that this one extends has a rule '{override.rule}'"
        raise document.error((*keys, "rule"), message, near_name(override.rule, rules))
    if override.drop:
        dropped.append(Dropped(rule=rule.id, origin=rule.origin, reason=override.reason, set=override.set))
        del rules[rule.id]
        return
    before = rule.model_dump(mode="json", exclude_defaults=True)
    unknown = [key for key in override.change if key not in type(rule).model_fields]
    if unknown:
        place: Keys = (*keys, "change", unknown[0])
        raise document.error(place, f"the rule '{rule.id}' has no `{unknown[0]}`", of="key")
    same = [key for key, value in override.change.items() if before.get(key) == value]
    if same:
        raise document.error((*keys, "change", same[0]), f"`{same[0]}` is the same as in {rule.origin}", "remove it")
    changed, problems = check(type(rule), {**before, **override.change})
    inside = [problem for problem in problems if problem.keys and problem.keys[0] in override.change]
    raise_problems(document, [_moved(problem, (*keys, "change")) for problem in inside or problems])
    if changed is None:
        raise document.error(keys, f"the changed rule '{rule.id}' makes no sense")
    for problem in rule_problems(changed):
        place = problem.keys if problem.keys and problem.keys[0] in override.change else ()
        raise document.error((*keys, "change", *place), problem.message, problem.hint)
    noted = Overridden(
        before={key: before.get(key) for key in override.change}, reason=override.reason, set=override.set
    )
    rules[rule.id] = changed.model_copy(update={"overridden": noted})


def _moved(problem: Problem, keys: Keys) -> Problem:
    return dataclasses.replace(problem, keys=(*keys, *problem.keys))


def parents_named(document: Document) -> Iterator[tuple[Keys, str]]:
    """Yield what a file says that it extends, and where.

    Raises
    ------
    InputError
        If it is neither a name nor a list of names.
    """
    written = document.content.get("extends") if isinstance(document.content, dict) else None
    if written is None:
        return
    single = isinstance(written, str)
    for index, name in enumerate([written] if single else written if isinstance(written, list) else [written]):
        keys: Keys = ("extends",) if single else ("extends", index)
        if not isinstance(name, str):
            raise document.error(("extends",), "`extends` names policies: those that ship, or files", "extends: [NAME]")
        yield keys, name


def no_circle(document: Document, keys: Keys, path: Path, chain: tuple[Path, ...]) -> None:
    """Refuse a policy that extends itself by way of others, and chains that nobody can follow.

    Raises
    ------
    InputError
        At the name that closes the circle.
    """
    if path in chain:
        raise document.error(keys, f"{path.name} extends itself", "remove it from `extends`")
    if len(chain) >= _DEEPEST:
        raise document.error(keys, f"more than {_DEEPEST} policies extend one another", "put them together")


_DEEPEST = 8
