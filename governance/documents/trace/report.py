"""What a trace found: every number of a document with what explains it, and what nobody explains."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from governance.documents.trace.phrases import Kind
from governance.documents.trace.tokens import words
from governance.errors import ExitCode
from governance.evidence.wording import MINUS

TRACE_VERSION = 1

Fault = Literal["changed", "another run", "mismatch", "orphan"]


@dataclass(frozen=True)
class Number:
    """A number of a document. `kind` is None where nothing explains it, `instead` is what the run says in its place."""

    text: str
    context: str
    section: str
    kind: Kind | None
    measurement: str | None = None
    field: str | None = None
    about: str | None = None
    dataset: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None
    instead: str | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Finding:
    """Something that must not be: a changed file, a number that the run does not have, one that nothing explains."""

    fault: Fault
    message: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.fault}: {self.message}" + (f"\n  {self.where}" if self.where else "")


@dataclass(frozen=True)
class Trace:
    """All numbers of a document of a run, and all findings, changed files first."""

    document: str
    document_sha256: str
    run_id: str
    evidence_sha256: str
    numbers: tuple[Number, ...]
    changed: tuple[Finding, ...] = ()

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that must not be."""
        found = [_finding(number) for number in self.numbers]
        return (*self.changed, *(one for one in found if one is not None))

    def find(self, text: str) -> tuple[Number, ...]:
        """Return the numbers that are printed like a text; a minus sign may be typed as a hyphen."""
        wanted = words(text.replace(MINUS, "-"))
        return tuple(number for number in self.numbers if words(number.text.replace(MINUS, "-")) == wanted)

    @property
    def exit_code(self) -> ExitCode:
        """0, or 1 where anything was found."""
        return ExitCode.FAILED if self.findings else ExitCode.OK

    @property
    def kinds(self) -> Counter[str]:
        """How many numbers each kind explains."""
        return Counter(number.kind for number in self.numbers if number.kind is not None)

    @property
    def summary(self) -> str:
        """``412 numbers: 398 measured, 14 of other kinds, 0 orphans``."""
        measured = sum(number.kind == "measurement" and number.problem is None for number in self.numbers)
        faults = Counter(finding.fault for finding in self.findings)
        wrong, orphans = faults["mismatch"], faults["orphan"]
        others = len(self.numbers) - measured - wrong - orphans
        counts = [_counted(len(self.numbers), "number") + f": {measured} measured", f"{others} of other kinds"]
        counts += [f"{wrong} that the run does not say"] if wrong else []
        return ", ".join([*counts, _counted(orphans, "orphan")])

    def to_json(self) -> dict[str, Any]:
        """Return the trace as JSON content."""
        return {
            "version": TRACE_VERSION,
            "document": {"name": self.document, "sha256": self.document_sha256},
            "run": {"id": self.run_id, "evidence_sha256": self.evidence_sha256},
            "summary": {"numbers": len(self.numbers), "kinds": dict(sorted(self.kinds.items()))},
            "findings": [asdict(finding) for finding in self.findings],
            "numbers": [asdict(number) for number in self.numbers],
        }


def _finding(number: Number) -> Finding | None:
    where = f"{number.section}: {number.context}" if number.section else number.context
    if number.problem is not None:
        return Finding("mismatch", number.problem, where)
    if number.kind is not None:
        return None
    if number.instead is not None:
        return Finding("mismatch", f"says {number.text}, the run says {number.instead}", where)
    return Finding("orphan", f"nothing explains {number.text}", where)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
