"""Check a spec and all it names without running anything: what `governance check` says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from governance.errors import ExitCode, GovernanceError, Location

if TYPE_CHECKING:
    from governance.policy import LoadedPolicy
    from governance.spec import Document, LoadedSpec
    from governance.spec.document import Keys
    from governance.spec.model import Spec

FILES = ("weights", "table", "file", "predictions")
"""Options that name a file by the house's convention, even where a plug-in does not mark them."""

Level = Literal["problem", "to fill", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that a check found. A `problem` stops a run; the rest is worth knowing."""

    level: Level
    message: str
    location: Location
    hint: str | None = None


@dataclass(frozen=True)
class CheckReport:
    """What a check found in a spec, and what the spec asks for."""

    path: Path
    spec: Spec
    policy: LoadedPolicy
    findings: tuple[Finding, ...]
    loaded: tuple[str, ...] = ()
    """The person's own code that was imported (`load=True`)."""

    @property
    def exit_code(self) -> ExitCode:
        """2 if something stops a run, otherwise 0."""
        stops = any(finding.level == "problem" for finding in self.findings)
        return ExitCode.BAD_INPUT if stops else ExitCode.OK


def check(path: str | Path, *, load: bool = False, overrides: Mapping[str, Any] | None = None) -> CheckReport:
    """Check a spec, its policy, facts, hazards and files. Nothing is computed, nothing is written.

    Parameters
    ----------
    load
        Also import the person's own code that the spec names; without it none is.

    Raises
    ------
    InputError
        If a file cannot be read as what it should be, with file, line and column.
    """
    from governance.licences import check_licence, to_settle
    from governance.policy import load_policy, load_waivers, named_policy, pack, unmeasurable
    from governance.spec import load_spec, read_yaml

    spec_path = Path(path)
    loaded = load_spec(spec_path, overrides)
    policy_file = loaded.spec.policy
    policy_path = named_policy(policy_file, loaded.base) if policy_file else pack("report-only")
    policy = load_policy(policy_path)
    if loaded.spec.waivers is not None:
        subject, today = loaded.spec.subject, dt.datetime.now(dt.UTC).date()
        path = loaded.base / loaded.spec.waivers
        load_waivers(path, policy.policy, model=subject.name, version=subject.version, today=today)
    statement = check_licence(loaded)
    findings = [*_missing_files(loaded), *_placeholders(loaded.source)]
    findings += [Finding("note", message, loaded.source.location(keys)) for keys, message in to_settle(statement)]
    findings += [*_missing_facts(loaded), *_due_facts(loaded), *_links(loaded, policy)]
    findings += [
        Finding(
            "note",
            f"rule {rule} would be not measured: {reason}",
            Location(str(policy_path), policy.lines.get(rule)),
            "name what the spec evaluates, or evaluate what the rule names",
        )
        for rule, reason in unmeasurable(policy.policy, loaded.spec)
    ]
    if policy_file:
        findings += _placeholders(read_yaml(policy_path))
    else:
        message = "no policy is named: a run reports measurements and decides nothing"
        findings.append(Finding("note", message, Location(str(spec_path)), "name one with `policy: policy.yaml`"))
    own: list[str] = []
    if load:
        own, more = _load(loaded)
        findings += more
    return CheckReport(spec_path, loaded.spec, policy, tuple(findings), tuple(own))


def _named(loaded: LoadedSpec, to: str) -> Iterator[tuple[Keys, str]]:
    """Yield what the options of all kinds name: files, or code of the person's own."""
    from governance.plugins import Group, find
    from governance.spec.model_keys import references

    spec = loaded.spec
    parts: list[tuple[Keys, Group, str, Mapping[str, Any]]] = [
        (("subject",), "subjects", spec.subject.kind, spec.subject.options)
    ]
    parts += [(("datasets", name), "datasets", data.kind, data.options) for name, data in spec.datasets.items()]
    parts += [(("evaluate", name), "evaluators", name, options) for name, options in spec.evaluate.items()]
    for base, group, kind, options in parts:
        found = list(references(find(group, kind).options, options))
        known = {keys for keys, _, _ in found}
        yield from (((*base, *keys), text) for keys, refers, text in found if _is(refers.to, text) == to)
        if to == "file":
            for key in FILES:
                if isinstance(options.get(key), str) and (key,) not in known:
                    yield (*base, key), options[key]


def _is(refers_to: str, text: str) -> str:
    """A folder may also be named by code that returns it."""
    if refers_to == "folder":
        from governance.spec.references import is_reference

        return "code" if is_reference(text) else "file"
    return refers_to


def _missing_files(loaded: LoadedSpec) -> Iterator[Finding]:
    for keys, name in dict.fromkeys(_named(loaded, "file")):
        if "://" in name or (loaded.base / name).exists():
            continue
        where = ".".join(map(str, keys))
        yield Finding(
            "problem",
            f"{where}: there is no {name} beside the spec",
            loaded.source.location(keys),
            f"put it at {loaded.base / name}, or change the name",
        )


def _placeholders(document: Document) -> Iterator[Finding]:
    from governance.spec.document import PLACEHOLDER, walk

    for keys, value in walk(document.content):
        if isinstance(value, str) and PLACEHOLDER in value.lower():
            where = ".".join(map(str, keys))
            yield Finding("to fill", f"{where}: {value}", document.location(keys))


def _missing_facts(loaded: LoadedSpec) -> Iterator[Finding]:
    """Name the statements that documents ask for and will show as not provided."""
    from governance.documents.build.statements import ASKED

    missing = [key for key in ASKED if key not in loaded.spec.facts]
    if missing:
        message = f"documents will show {len(missing)} statements as not provided: {', '.join(missing)}"
        yield Finding("note", message, loaded.source.location(("facts",)), "state them under `facts`")


def _due_facts(loaded: LoadedSpec) -> Iterator[Finding]:
    """Point out statements whose day to be looked at again has passed."""
    today = dt.datetime.now(dt.UTC).date()
    for name, fact in loaded.spec.facts.items():
        if fact.review_by < today:
            message = f"the fact '{name}' was to be reviewed by {fact.review_by} by {fact.owner}"
            yield Finding("note", message, loaded.source.location(("facts", name, "review_by")))


def _links(loaded: LoadedSpec, policy: LoadedPolicy) -> Iterator[Finding]:
    """Point out hazards that no rule controls, and controls that nothing bears."""
    rules = {rule.id for rule in policy.policy.rules}
    controlled = {rule.controls for rule in policy.policy.rules if rule.controls}
    for name, hazard in loaded.spec.hazards.items():
        keys: Keys = ("hazards", name)
        for index, control in enumerate(hazard.controls):
            if control not in rules:
                message = f"the hazard '{name}' is controlled by '{control}', which is no rule of the policy"
                yield Finding("note", message, loaded.source.location((*keys, "controls", index)))
        if not hazard.controls and name not in controlled:
            yield Finding("note", f"no rule controls the hazard '{name}'", loaded.source.location(keys, of="key"))
    for missing in sorted(controlled - set(loaded.spec.hazards)):
        rule = next(rule.id for rule in policy.policy.rules if rule.controls == missing)
        line = policy.lines.get(rule)
        message = f"the rule '{rule}' controls the hazard '{missing}', which the spec does not describe"
        yield Finding("note", message, Location(str(policy.path or ""), line))


def _load(loaded: LoadedSpec) -> tuple[list[str], list[Finding]]:
    """Import the person's own code; each failure is a problem at the place that names it."""
    from governance.spec import load_reference

    named = [*_named(loaded, "code"), *((("conditions", key), text) for key, text in loaded.spec.conditions.items())]
    own: list[str] = []
    findings = []
    for keys, reference in dict.fromkeys(named):
        place = loaded.source.location(keys)
        try:
            load_reference(reference, loaded.base, location=place)
            own.append(reference)
        except GovernanceError as error:
            findings.append(Finding("problem", error.message, error.location or place, error.hint))
    return sorted(set(own)), findings
