"""What every report shows: the decision, the file its rules were written in, and how each verdict stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from governance.exchange.reports.changes import Changes
from governance.policy.model import Outcome
from governance.policy.rules import Severity

if TYPE_CHECKING:
    from governance.policy.model import Decision, Verdict


class Standing(StrEnum):
    """What a verdict means for the release, gravest first."""

    STOPS = "stops"
    WARNS = "warns"
    TOLD = "told"
    WAIVED = "waived"
    MET = "met"


_BY_SEVERITY = {Severity.BLOCK: Standing.STOPS, Severity.WARN: Standing.WARNS, Severity.INFO: Standing.TOLD}
_GRAVEST_FIRST = (Outcome.FAIL, Outcome.NOT_MEASURED, Outcome.INCONCLUSIVE, Outcome.WAIVED, Outcome.PASS)


def standing(verdict: Verdict) -> Standing:
    """Return what a verdict means for the release: only a blocking rule that is neither met nor waived stops it."""
    if verdict.outcome is Outcome.PASS:
        return Standing.MET
    if verdict.outcome is Outcome.WAIVED:
        return Standing.WAIVED
    return _BY_SEVERITY[verdict.severity]


@dataclass(frozen=True)
class Reported:
    """A decision and what its reports say beside it.

    Attributes
    ----------
    file
        The file that findings point to, from the root of the repository, with forward slashes.
    has_lines
        Whether the lines of verdicts are lines of that file; otherwise findings point to its first line.
    subject, subject_version
        The model; empty where the run does not say.
    changes
        What changed since an earlier decision; None where there is none to compare with.
    """

    decision: Decision
    file: str
    has_lines: bool = True
    subject: str = ""
    subject_version: str = ""
    changes: Changes | None = None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts, what stops the release first, then by outcome and id."""
        order = list(Standing)
        return tuple(
            sorted(
                self.decision.verdicts,
                key=lambda verdict: (
                    order.index(standing(verdict)),
                    _GRAVEST_FIRST.index(verdict.outcome),
                    verdict.rule,
                ),
            )
        )

    def line(self, verdict: Verdict) -> int:
        """Return the line of a rule in `file`; the first one for a rule that was written in another file."""
        own = self.has_lines and verdict.origin is None and verdict.line is not None
        return max(verdict.line or 1, 1) if own else 1


def bar_words(bar: Mapping[str, Any]) -> str:
    """Return a bar in words: ``at least 0.8``, ``within 0.8 to 1.25``."""
    return ", ".join(f"{key.replace('_', ' ')} {_value(value)}".strip() for key, value in bar.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return bar_words(value)
    if isinstance(value, (list, tuple)):
        numbers = len(value) == 2 and all(isinstance(part, (int, float)) for part in value)
        return (" to " if numbers else ", ").join(_value(part) for part in value)
    if value is True:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
