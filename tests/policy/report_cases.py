"""Decisions for tests of reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from governance.exchange.reports import Reported
from governance.policy import Decision, Outcome, Severity, Verdict, exit_code, summarise
from governance.policy.model import UsedWaiver

WAIVER = UsedWaiver(
    reason="the scanner is replaced",
    owner="Dr A. Name",
    ticket="QM-17",
    granted_on=dt.date(2026, 11, 1),
    expires_on=dt.date(2027, 1, 31),
    without=Outcome.FAIL,
)


def verdict(rule: str, outcome: Outcome, severity: Severity = Severity.BLOCK, **more: Any) -> Verdict:
    fields: dict[str, Any] = {
        "rule": rule,
        "title": f"Title of {rule}",
        "severity": severity,
        "outcome": outcome,
        "sentence": f"0.81 (0.76 to 0.85, n=412) for {rule}",
        "bar": {"at_least": 0.8},
        "line": 7,
        "waiver": WAIVER if outcome is Outcome.WAIVED else None,
    }
    return Verdict(**{**fields, **more})


def decision(verdicts: Iterable[Verdict], **more: Any) -> Decision:
    verdicts = tuple(verdicts)
    fields: dict[str, Any] = {
        "policy": "imaging",
        "policy_version": "1.2",
        "policy_digest": "a" * 64,
        "run_id": "5f1c09aa0b2d",
        "evidence_digest": "b" * 64,
        "recorded_before_run": True,
        "verdicts": verdicts,
        "exit_code": exit_code(verdicts),
        "summary": summarise(verdicts),
    }
    return Decision(**{**fields, **more})


EVERY = tuple(
    verdict(f"{severity.value}-{outcome.value}", outcome, severity) for severity in Severity for outcome in Outcome
)
"""A verdict of every outcome and severity."""


def reported(verdicts: Iterable[Verdict] = EVERY, **more: Any) -> Reported:
    about = {
        key: more.pop(key) for key in ("file", "has_lines", "subject", "subject_version", "changes") if key in more
    }
    fields: dict[str, Any] = {"file": "policies/imaging.yaml", "subject": "nodule", "subject_version": "3", **about}
    return Reported(decision(verdicts, **more), **fields)


HOSTILE = (
    "::error file=a.py::x",
    "\n::add-mask::a\r\n::stop-commands::token",
    "##[error]x",
    "%0A::warning::x",
    "a | b | c\n| d | e |",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1)) ![x](http://tracker.example/x.png)",
    "@everyone #1 https://evil.example www.evil.example",
    "`code` **bold** ~~gone~~ </details></table>",
    "]]> <!-- --> &lt;b&gt; \x00\x1b[31m \u202e\ud7ff \ufffe",
    "# heading",
    "--- ",
    "{0} [link](1) \\",
)
"""What a model's answer, a group's name or a spec could hold."""
