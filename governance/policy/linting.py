"""Lint policy files: what makes one unusable and what to look at, each at its line and column."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from governance.errors import InputError, Location
from governance.policy.naming import any_policy
from governance.policy.review import Note, review
from governance.spec import read_yaml
from governance.spec.document import Document, Keys

if TYPE_CHECKING:
    from governance.policy.lock import LoadedPolicy
    from governance.spec import LoadedSpec


@dataclass(frozen=True)
class Finding:
    """One thing that was found. An `error` makes the policy unusable; a `note` is for a person to look at."""

    level: Literal["error", "note"]
    place: Location
    message: str
    hint: str | None = None
    rule: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON content."""
        place = {"file": self.place.file, "line": self.place.line, "column": self.place.column}
        return {"level": self.level, **place, "rule": self.rule, "message": self.message, "hint": self.hint}


def lint(name: str, today: dt.date, spec: LoadedSpec | None = None) -> list[Finding]:
    """Return what is wrong with a policy, or what to look at, in the order of the file.

    Parameters
    ----------
    name
        A file, a policy that ships, or a run folder.
    spec
        What the policy is meant for.
    """
    try:
        loaded = any_policy(name)
    except InputError as error:
        return [Finding("error", error.location or Location(name), error.message, error.hint)]
    document = read_yaml(loaded.path) if loaded.path is not None else None
    found = [
        Finding("note", _place(note, name, loaded, document, spec), note.message, note.hint, note.rule)
        for note in review(loaded.policy, today, spec.spec if spec is not None else None)
    ]
    return sorted(found, key=lambda one: (one.place.file != name, one.place.line or 0, one.place.column or 0))


def _place(note: Note, name: str, loaded: LoadedPolicy, document: Document | None, spec: LoadedSpec | None) -> Location:
    if note.file == "spec" and spec is not None:
        return _nearest(spec.source, note.keys)
    if document is None:
        return Location(name, loaded.lines.get(note.rule or ""))
    if note.rule is None:
        return _nearest(document, note.keys)
    return _nearest(document, _way_to(document.content, note.rule, note.keys))


def _way_to(content: Any, rule: str, keys: Keys) -> Keys:
    """Return the way to a part of a rule: where it is written, changed, or taken over from another policy."""
    for index, written in enumerate(content.get("rules") or []):
        if written["id"] == rule:
            return ("rules", index, *keys)
    for index, override in enumerate(content.get("overrides") or []):
        if override["rule"] == rule:
            return ("overrides", index, "change", *keys)
    return ("extends",)


def _nearest(document: Document, keys: Keys) -> Location:
    """Return where a value stands, or the nearest thing around it; what is missing stands where its rule begins."""
    while keys and keys not in document.positions:
        keys = keys[:-1]
    return document.location(keys)
