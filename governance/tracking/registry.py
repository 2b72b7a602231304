"""A model registry's aliases, moved only by a named person's decision on a verified run, and audited later.

MLflow's registry cannot change an alias and a tag together, nor only if nobody else did. So each release is a record of
its own on the model version, tagged with its digest and naming the one before it; the alias moves while a lock, a tag
of the model, is held; and an audit compares alias, records and tags, and says what does not agree, whoever caused it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import ValidationError

from governance.errors import CannotRunError, InputError, near_name
from governance.evidence.canonical import canonical_json, digest_json
from governance.evidence.model import Frozen
from governance.tracking.connection import answering, connecting, import_mlflow, without_credentials

TAG = "governance."
SUBJECT = f"{TAG}subject_digest"
_DOWN = "start the server or correct the URI; --tracking URI names another one"
_LONGEST = 4500
"""Characters of a record; MLflow takes 5,000 in a tag."""
_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TAKEN = re.compile(r"latest|v[0-9]+", re.IGNORECASE)
_NEAR, _PAGE = 100, 200
"""Models among which a near name is looked for, and versions asked for at once."""
_PATIENCE, _STALE, _SETTLED = 120.0, 60.0, 0.3
"""Seconds: until a lock is given up, until a lock that nobody released counts as left behind, and after which a lock
that was written is one that others see."""
_REFUSALS = 50
"""Times that a store may refuse a lock, a fifth of a second apart, before it counts as broken."""


class ReleaseRecord(Frozen):
    """A person's decision to let an alias point at a model version, and what it rests on.

    `bound_by` says how the version is known to be the model that was evaluated, `source` and `source_run` where the
    registry has it from; `previous` is the digest of the record that the alias rested on before.
    """

    version: Literal[1] = 1
    model: str
    model_version: str
    alias: str
    approved_by: str
    role: str
    comment: str | None = None
    released_at: str
    run_id: str
    evidence_digest: str
    policy: str
    policy_digest: str
    decision_digest: str
    outcome: str
    subject_digest: str
    source: str | None = None
    source_run: str | None = None
    bound_by: Literal["digest tag of the version", "evaluated from the registry", "statement of the approver"]
    previous: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical record."""
        return digest_json(self.model_dump(mode="json"))

    @property
    def tags(self) -> dict[str, str]:
        """What a model version says of its last release."""
        return {
            SUBJECT: self.subject_digest,
            f"{TAG}run_id": self.run_id,
            f"{TAG}evidence_digest": self.evidence_digest,
            f"{TAG}policy_digest": self.policy_digest,
            f"{TAG}decision_digest": self.decision_digest,
            f"{TAG}outcome": self.outcome,
        }


@dataclass(frozen=True)
class Audited:
    """What an alias points at, and what does not agree."""

    alias: str
    model_version: str | None
    record: ReleaseRecord | None
    findings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON content."""
        record = None if self.record is None else {**self.record.model_dump(mode="json"), "digest": self.record.digest}
        return {
            "alias": self.alias,
            "model_version": self.model_version,
            "release": record,
            "findings": list(self.findings),
        }


class Registry:
    """A model registry that answered."""

    def __init__(self, uri: str) -> None:
        """Connect.

        Raises
        ------
        CannotRunError
            If MLflow is not installed.
        """
        self.uri = uri
        self._client: Any = import_mlflow().MlflowClient(tracking_uri=uri, registry_uri=uri)

    def model_version(self, model: str, version: str) -> Any:
        """Return a version of a model.

        Raises
        ------
        InputError
            If there is none; near names are offered.
        """
        with self._answering():
            _, versions = self._looked_up(model)
        if version not in versions:
            raise InputError(f"the model '{model}' has no version {version}", hint=near_name(version, versions))
        return versions[version]

    def evaluated_version(self, model: str, subject_digest: str) -> Any:
        """Return the newest version that is tagged as the model that was evaluated.

        Raises
        ------
        InputError
            If there is no such model, or none of its versions is.
        """
        with self._answering():
            _, versions = self._looked_up(model)
        own = [one for one in versions.values() if one.tags.get(SUBJECT) == subject_digest]
        if not own:
            raise InputError(
                f"no version of '{model}' is tagged as the model that was evaluated",
                hint=f"name it: --version N; or let the run's model be registered: --register ({SUBJECT} is the tag)",
            )
        return max(own, key=lambda one: int(one.version))

    def register(self, model: str, subject_digest: str, tracked: Mapping[str, str]) -> Any:
        """Return the version of the model that was evaluated; where there is none, register the run's model as one.

        What is registered is the reference that tracking keeps of the model (its digest and its run), not its weights.

        Parameters
        ----------
        tracked
            Where the run is tracked: ``uri``, ``mlflow_run_id``, ``model_id``.

        Raises
        ------
        InputError
            If the run is not tracked in this registry.
        """
        if tracked.get("uri") != without_credentials(self.uri) or not tracked.get("model_id"):
            raise InputError(
                "the run is not tracked in this registry, so it has no model there to register",
                hint="run with --tracking, or register the model yourself and name it: --version N",
            )
        with self._answering():
            if not self._client.search_registered_models(f"name={_quoted(model)}", max_results=1):
                with suppress(Exception):  # another release may make it at the same moment
                    self._client.create_registered_model(model)
            _, versions = self._looked_up(model)
            own = [one for one in versions.values() if one.tags.get(SUBJECT) == subject_digest]
            if own:
                return max(own, key=lambda one: int(one.version))
            return self._client.create_model_version(
                model,
                source=f"models:/{tracked['model_id']}",
                run_id=tracked["mlflow_run_id"],
                tags={SUBJECT: subject_digest},
            )

    def bound_by(self, found: Any, subject_digest: str, evaluated: str | None, *, stated: bool) -> Any:
        """Return how a version is known to be the model that was evaluated.

        Parameters
        ----------
        evaluated
            Address that the run opened its model from, where it was one of the registry.
        stated
            Whether the approver says that it is.

        Raises
        ------
        InputError
            If it is another model, or it is not known to be this one.
        """
        tagged = found.tags.get(SUBJECT)
        if tagged is not None and tagged != subject_digest:
            raise InputError(
                f"version {found.version} of '{found.name}' is another model than the one that was evaluated",
                hint=f"its tag {SUBJECT} is {tagged[:16]}..., the run evaluated {subject_digest[:16]}...",
            )
        if tagged is not None:
            return "digest tag of the version"
        if evaluated == f"models:/{found.name}/{found.version}":
            return "evaluated from the registry"
        if stated:
            return "statement of the approver"
        raise InputError(
            f"it is not known that version {found.version} of '{found.name}' is the model that was evaluated",
            hint=f"tag the version with {SUBJECT}={subject_digest} where it is registered, or say --same-model",
        )

    def release(self, record: ReleaseRecord) -> ReleaseRecord:
        """Move the alias, and return the record as it was written.

        Raises
        ------
        CannotRunError
            If the store does not answer, or other releases were in the way.
        """
        name, alias = record.model, record.alias
        if not _ALIAS.fullmatch(alias) or _TAKEN.fullmatch(alias):
            raise InputError(
                f"'{alias}' cannot be an alias", hint="letters, digits, - and _; not `latest`, and not a version as v1"
            )
        with self._answering(), self._held(name, alias):
            previous = self._client.get_registered_model(name).tags.get(_head(alias))
            record = record.model_copy(update={"previous": previous})
            content = canonical_json(record.model_dump(mode="json")).decode()
            if len(content) > _LONGEST:
                raise InputError("the record of the release is too long for the registry", hint="shorten the comment")
            self._client.set_model_version_tag(name, record.model_version, _entry(alias, record.digest), content)
            for key, value in record.tags.items():
                self._client.set_model_version_tag(name, record.model_version, key, value)
            self._client.set_registered_model_alias(name, alias, record.model_version)
            self._client.set_registered_model_tag(name, _head(alias), record.digest)
            model = self._client.get_registered_model(name)
            if str(model.aliases.get(alias)) != record.model_version or model.tags.get(_head(alias)) != record.digest:
                raise CannotRunError(
                    f"the alias '{alias}' was moved by somebody else while it was set",
                    hint="look with `governance audit`, then promote again",
                )
        return record

    def audit(self, model: str, alias: str | None = None) -> list[Audited]:
        """Compare the aliases of a model with the releases that were recorded.

        Raises
        ------
        InputError
            If the registry has no such model.
        CannotRunError
            If the store does not answer.
        """
        with self._answering():
            found, versions = self._looked_up(model)
        recorded = {key.removeprefix(_head("")) for key in found.tags if key.startswith(_head(""))}
        names = sorted({*found.aliases, *recorded}) if alias is None else [alias]
        return [_audited(name, found, versions) for name in names]

    def _looked_up(self, model: str) -> tuple[Any, dict[str, Any]]:
        """Return a model and its versions by number."""
        name = _quoted(model)
        with connecting():
            named = self._client.search_registered_models(f"name={name}", max_results=1)
        if not named:
            some = [found.name for found in self._client.search_registered_models(max_results=_NEAR)]
            close = get_close_matches(model, some, n=1)
            raise InputError(
                f"the registry has no model '{model}'", hint=f"did you mean '{close[0]}'?" if close else None
            )
        found = self._client.get_registered_model(model)
        versions: dict[str, Any] = {}
        token = None
        while True:
            page = self._client.search_model_versions(f"name={name}", max_results=_PAGE, page_token=token)
            versions |= {str(one.version): one for one in page}
            token = page.token
            if not token:
                return found, versions

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with answering(self.uri, "cannot use the model registry", _DOWN):
            try:
                yield
            except InputError as error:
                kept = error
            else:
                return
        raise kept

    @contextmanager
    def _held(self, model: str, alias: str) -> Iterator[None]:
        """Hold the lock of an alias; whoever finds a lock waits, and one that was left behind is taken over."""
        key, token = f"{TAG}lock.{alias}", secrets.token_hex(8)
        deadline = time.monotonic() + _PATIENCE
        seen, since = None, time.monotonic()
        refused: list[Exception] = []
        while True:
            held = self._client.get_registered_model(model).tags.get(key)
            if held != seen:
                seen, since = held, time.monotonic()
            free = held in (None, "") or time.monotonic() - since > _STALE
            if free and self._wrote(model, key, token, refused):
                time.sleep(_SETTLED)
                if self._client.get_registered_model(model).tags.get(key) == token:
                    break
            if time.monotonic() > deadline:
                raise CannotRunError(f"other releases of '{alias}' did not end", hint="try again later")
            time.sleep(0.05 + secrets.randbelow(200) / 1000)
        try:
            yield
        finally:
            with suppress(Exception):  # a lock that stays is taken over
                if self._client.get_registered_model(model).tags.get(key) == token:
                    self._client.delete_registered_model_tag(model, key)

    def _wrote(self, model: str, key: str, token: str, refused: list[Exception]) -> bool:
        """Try to write a lock, and say whether the store took it.

        A store whose tags have a unique key refuses the second of two that write the same one at once, with an error
        that depends on the database: whoever is refused was too late, and looks again. A store that goes on refusing
        is broken.
        """
        try:
            self._client.set_registered_model_tag(model, key, token)
        except Exception as error:
            refused.append(error)
            if len(refused) > _REFUSALS:
                raise
            return False
        return True


def _quoted(model: str) -> str:
    if "'" in model:
        raise InputError(f"the registry cannot be asked for a name with an apostrophe: {model}")
    return f"'{model}'"


def now() -> str:
    """Return the time in universal time, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _head(alias: str) -> str:
    return f"{TAG}alias.{alias}"


def _entry(alias: str, digest: str) -> str:
    return f"{TAG}release.{alias}.{digest[:32]}"


def _audited(alias: str, model: Any, versions: dict[str, Any]) -> Audited:
    points = model.aliases.get(alias)
    points = None if points is None else str(points)
    head = model.tags.get(_head(alias))
    records, findings = _records(alias, versions)
    if points is None:
        findings.append("the alias is not set" + (", though a release set it" if head else ""))
    if head is None:
        findings.append("no release of this alias is recorded: nobody approved what it points at")
        return Audited(alias, points, None, tuple(findings))
    record = records.get(head)
    if record is None:
        findings.append(f"the record of the last release ({head[:16]}...) is gone or was changed")
        return Audited(alias, points, None, tuple(findings))
    if points is not None and points != record.model_version:
        findings.append(
            f"it points at version {points}; {record.approved_by} approved version {record.model_version} "
            f"on {record.released_at}: the alias was moved by hand"
        )
    version = versions.get(record.model_version)
    if version is None:
        findings.append(f"the approved version {record.model_version} is gone")
    else:
        newest = max((one for one in records.values() if one.model_version == record.model_version), key=_time)
        if newest.digest == record.digest:
            findings += [
                f"the tag {key} of version {record.model_version} is not what was approved"
                for key, value in record.tags.items()
                if version.tags.get(key) != value
            ]
        now_from = (version.source, version.run_id or None)
        if now_from != (record.source, record.source_run):
            findings.append(f"version {record.model_version} is from another source now than when it was approved")
    findings += _chain(record, records)
    return Audited(alias, points, record, tuple(findings))


def _time(record: ReleaseRecord) -> str:
    return record.released_at


def _records(alias: str, versions: dict[str, Any]) -> tuple[dict[str, ReleaseRecord], list[str]]:
    """Return the records of an alias by digest, and what is wrong with others."""
    found: dict[str, ReleaseRecord] = {}
    findings: list[str] = []
    for number, version in sorted(versions.items()):
        for key, content in sorted(version.tags.items()):
            if not key.startswith(f"{TAG}release.{alias}."):
                continue
            try:
                record = ReleaseRecord.model_validate(json.loads(content))
            except (ValueError, ValidationError):
                findings.append(f"a record on version {number} cannot be read")
                continue
            if key != _entry(alias, record.digest) or record.model_version != number or record.alias != alias:
                findings.append(f"a record on version {number} was changed after it was written")
                continue
            found[record.digest] = record
    return found, findings


def _chain(record: ReleaseRecord, records: dict[str, ReleaseRecord]) -> Iterator[str]:
    """Yield what is missing of the releases before a record, and releases that do not lead to it."""
    seen: set[str] = {record.digest}
    while record.previous is not None and record.previous not in seen:
        seen.add(record.previous)
        before = records.get(record.previous)
        if before is None:
            yield f"a record of an earlier release ({record.previous[:16]}...) is gone or was changed"
            return
        record = before
    for digest, other in sorted(records.items(), key=lambda item: item[1].released_at):
        if digest not in seen:
            yield (
                f"the release of version {other.model_version} by {other.approved_by} on {other.released_at} does not "
                "lead to what is recorded as the last one: the record of the alias was set back, or two releases met"
            )
