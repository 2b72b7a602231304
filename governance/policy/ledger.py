"""How often decisions were made about a model line on a test set: an append-only file beside the runs.

Every decision about new evidence is a look at the test set. Thresholds, models and bars that were changed after a look
may have been fitted to it, so a later decision is exploratory unless the policy planned for several looks and each
spends its share of the error (Bonferroni: ``0.05 / planned`` each). Source: Dwork et al., Science 349 (2015) 636
(reuse of holdout data).

``ledger.jsonl`` holds one event a line, each with the digest of the one before; ``ledger.head.json`` holds how many
there are and the last digest, so that lines missing at the end are noticed, too. Who deletes both files leaves no
trace here.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from governance.errors import CannotRunError, Location, TamperError
from governance.evidence.canonical import canonical_json, digest_json, readable_json
from governance.evidence.folder import write_atomically
from governance.evidence.model import Frozen
from governance.policy.inventory import Inventory, NotPlannedError
from governance.policy.model import Looked, Policy
from governance.policy.rules import Severity

LEDGER = "ledger.jsonl"
HEAD = "ledger.head.json"
FIRST = "0" * 64
"""What the first event names as the digest of the one before."""

_HINT = "get the file back from a backup; without it, it is not known how often this test set was looked at"


class Look(Frozen):
    """One decision about one test set.

    Attributes
    ----------
    model
        The model line: the subject's name, whatever its version.
    again
        Whether this evidence had been decided on before, under another policy or against another baseline.
    previous, digest
        SHA-256 of the event before, and of all other content of this one.
    """

    version: int = 1
    model: str
    dataset: str
    dataset_digest: str
    run_id: str
    evidence_digest: str
    policy_digest: str
    baseline_digest: str | None = None
    planned: int | None = None
    day: dt.date
    number: int
    again: bool
    previous: str
    digest: str = ""

    def sealed(self) -> Look:
        """Return the event with its digest."""
        content = self.model_dump(mode="json", exclude={"digest"})
        return self.model_copy(update={"digest": digest_json(content)})

    def is_of(self, model: str, dataset_digest: str) -> bool:
        """Say whether it is about this model line on this test set."""
        return (self.model, self.dataset_digest) == (model, dataset_digest)


@dataclass(frozen=True)
class Subject:
    """What is decided on: which model, which evidence, under what, and on which day."""

    model: str
    run_id: str
    evidence_digest: str
    policy_digest: str
    planned: int | None
    day: dt.date
    baseline_digest: str | None = None

    @property
    def key(self) -> tuple[str, str, str | None]:
        """What tells one decision from another."""
        return self.evidence_digest, self.policy_digest, self.baseline_digest


def looked_at(policy: Policy, plan: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the testing datasets that blocking rules rest on, sorted."""
    inventory = Inventory(plan)
    found = set()
    for rule in policy.rules:
        if rule.severity is not Severity.BLOCK:
            continue
        for selector in rule.selectors:
            try:
                found.add(inventory.dataset(selector))
            except NotPlannedError:
                continue
    return tuple(sorted(name for name in found if plan["datasets"][name].get("role") == "testing"))


def look(runs: Path, subject: Subject, datasets: Mapping[str, str]) -> tuple[tuple[Looked, ...], str | None]:
    """Enter a decision about new evidence, and return which look it is and why it is exploratory, if it is.

    A decision that is already entered is found again: it keeps its number, and the file does not change.

    Parameters
    ----------
    runs
        The folder that holds the ledger.
    datasets
        Digest of each dataset that was looked at, by name.

    Raises
    ------
    TamperError
        If the ledger is not what was written; the message names the line.
    CannotRunError
        If it cannot be written.
    """
    if not datasets:
        return (), None
    with _held(runs):
        before = read(runs)
        events = list(before)
        own = [_entered(events, subject, name, digest) for name, digest in sorted(datasets.items())]
        if len(events) > len(before):
            _write(runs, events)
    looks = tuple(Looked(dataset=one.dataset, number=one.number, planned=one.planned) for one in own)
    said = [text for one in own if (text := _why_exploratory(one, events))]
    return looks, "; ".join(dict.fromkeys(said)) or None


def read(runs: Path) -> tuple[Look, ...]:
    """Read the ledger of a folder of runs, and check it; one that is not there is empty.

    Raises
    ------
    TamperError
        If a line is not what was written, or lines are missing.
    """
    path, head = runs / LEDGER, _head(runs)
    if not path.exists():
        if head is not None:
            raise TamperError(f"the ledger is missing; {HEAD} counts {head[0]} events", location=_at(path), hint=_HINT)
        return ()
    events: list[Look] = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
        events.append(_checked(line, events, path, number))
    if not path.read_bytes().endswith(b"\n"):
        raise TamperError("the ledger breaks off within a line", location=_at(path, len(events) + 1), hint=_HINT)
    if head is not None:
        count, digest = head
        # The ledger is written before its head: a process that ended between the two left one decision more.
        if count > len(events):
            text = f"the ledger ends here; {HEAD} counts {count} events"
            raise TamperError(text, location=_at(path, len(events) + 1), hint=_HINT)
        if count and events[count - 1].digest != digest:
            raise TamperError("this is not the event that was entered", location=_at(path, count), hint=_HINT)
    return tuple(events)


def _checked(line: bytes, events: Sequence[Look], path: Path, number: int) -> Look:
    place = _at(path, number)
    try:
        event = Look.model_validate_json(line)
    except ValidationError as error:
        raise TamperError("this is not an event of the ledger", location=place, hint=_HINT) from error
    if event.sealed().digest != event.digest:
        raise TamperError("the event does not fit its digest; it was changed", location=place, hint=_HINT)
    if event.previous != (events[-1].digest if events else FIRST):
        raise TamperError(
            "the event does not follow the one before; one was removed, added or moved", location=place, hint=_HINT
        )
    return event


def _entered(events: list[Look], subject: Subject, dataset: str, digest: str) -> Look:
    """Return the event of a decision about one dataset; a new one is put at the end."""
    line = [event for event in events if event.is_of(subject.model, digest)]
    for event in line:
        if (event.evidence_digest, event.policy_digest, event.baseline_digest) == subject.key:
            return event
    event = Look(
        model=subject.model,
        dataset=dataset,
        dataset_digest=digest,
        run_id=subject.run_id,
        evidence_digest=subject.evidence_digest,
        policy_digest=subject.policy_digest,
        baseline_digest=subject.baseline_digest,
        planned=subject.planned,
        day=subject.day,
        number=len(line) + 1,
        again=any(one.evidence_digest == subject.evidence_digest for one in line),
        previous=events[-1].digest if events else FIRST,
    ).sealed()
    events.append(event)
    return event


def _why_exploratory(own: Look, events: Sequence[Look]) -> str | None:
    """Say why a look does not confirm anything; only what was entered before it plays a part."""
    before = [one for one in events if one.is_of(own.model, own.dataset_digest) and one.number < own.number]
    if not before:
        return None
    again = ", on evidence that had been decided on before" if own.again else ""
    text = f"the {_ordinal(own.number)} decision about {own.model} on this test set ({own.dataset}){again}"
    if own.planned is None:
        return f"{text}; thresholds and models may have been fitted to it"
    if any(one.planned != own.planned for one in before):
        return f"{text}; not all earlier ones were planned as one of {own.planned}, so the error is already spent"
    return f"{text}; {own.planned} were planned" if own.number > own.planned else None


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _head(runs: Path) -> tuple[int, str] | None:
    path = runs / HEAD
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_bytes())
        return int(content["events"]), str(content["digest"])
    except (ValueError, KeyError, TypeError) as error:
        raise TamperError("this is not the head of a ledger", location=_at(path), hint=_HINT) from error


def _write(runs: Path, events: Sequence[Look]) -> None:
    lines = b"".join(canonical_json(event.model_dump(mode="json")) + b"\n" for event in events)
    write_atomically(runs / LEDGER, lines)
    write_atomically(runs / HEAD, readable_json({"events": len(events), "digest": events[-1].digest}))


@contextmanager
def _held(runs: Path) -> Iterator[None]:
    """Hold the ledger: decisions in several processes enter one after the other."""
    try:
        stream = (runs / f".{LEDGER}.lock").open("w")
    except OSError as error:
        raise CannotRunError(
            f"cannot write the ledger of decisions in {runs}: {error.strerror}",
            hint="a decision is entered there; make the folder writable",
        ) from error
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _at(path: Path, line: int | None = None) -> Location:
    return Location(str(path), line)
