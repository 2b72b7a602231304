"""The words of verdicts and severities, the same in every document and output."""

from __future__ import annotations

from governance.policy.model import Outcome
from governance.policy.rules import Severity

VERDICT_WORDS: dict[Outcome, str] = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "fail",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.NOT_MEASURED: "not measured",
    Outcome.WAIVED: "waived",
}

VERDICT_MEANINGS: dict[Outcome, str] = {
    Outcome.PASS: "the whole interval is on the right side of the bar",
    Outcome.FAIL: "the whole interval is on the wrong side of the bar",
    Outcome.INCONCLUSIVE: "the interval lies on both sides of the bar, so the data cannot tell",
    Outcome.NOT_MEASURED: "there is no number to decide on, and the reason is given",
    Outcome.WAIVED: "a named person set the rule aside, with a reason and an end date",
}

SEVERITY_MEANINGS: dict[Severity, str] = {
    Severity.BLOCK: "anything but a pass stops the release",
    Severity.WARN: "anything but a pass is printed as a warning",
    Severity.INFO: "shown for information",
}

_COUNTED: dict[Outcome, tuple[str, str]] = {
    Outcome.PASS: ("passed", "passed"),
    Outcome.FAIL: ("failed", "failed"),
    Outcome.INCONCLUSIVE: ("is inconclusive", "are inconclusive"),
    Outcome.NOT_MEASURED: ("is not measured", "are not measured"),
    Outcome.WAIVED: ("is waived", "are waived"),
}


def verdict_word(outcome: Outcome) -> str:
    """Return the word people read for an outcome."""
    return VERDICT_WORDS[outcome]


def counted(outcome: Outcome, count: int) -> str:
    """Return for example ``"1 blocking rule is inconclusive"`` without its noun: ``"1 is inconclusive"``."""
    return f"{count} {_COUNTED[outcome][0 if count == 1 else 1]}"


def plural(count: int, noun: str) -> str:
    """Return ``"1 patient"`` or ``"2 patients"``, with thousands separated."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
