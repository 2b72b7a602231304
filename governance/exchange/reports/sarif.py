"""SARIF 2.1.0: a result at the policy's line for every rule that is not met, and the rules with their help.

Fingerprints hold the policy's id, the rule's id and the model's name: they stay the same where lines move, bars or
numbers change, so that a code-scanning service follows one finding through time. Rules that are met give no result:
GitHub would list them as alerts.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from governance.evidence.canonical import digest_json
from governance.exchange.reports import plain_text
from governance.exchange.reports.reported import Reported, Standing, bar_words, standing
from governance.policy.rules import Severity
from governance.policy.wording import SEVERITY_MEANINGS, verdict_word

if TYPE_CHECKING:
    from governance.policy.model import Verdict

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.BLOCK: "error", Severity.WARN: "warning", Severity.INFO: "note"}


def render(reported: Reported) -> bytes:
    """Return the decision as one SARIF run."""
    decision = reported.decision
    by_id = sorted(decision.verdicts, key=lambda verdict: verdict.rule)
    indices = {verdict.rule: index for index, verdict in enumerate(by_id)}
    results = [
        _result(reported, verdict, indices[verdict.rule])
        for verdict in reported.verdicts
        if standing(verdict) is not Standing.MET
    ]
    run = {
        "tool": {
            "driver": {
                "name": "medical-ai-governance",
                "version": version("medical-ai-governance"),
                "rules": [_rule(verdict) for verdict in by_id],
            }
        },
        "automationDetails": {"id": f"governance/{decision.policy}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "exitCode": int(decision.exit_code),
                "exitCodeDescription": decision.summary,
            }
        ],
        "results": results,
        "properties": {
            "policy": decision.policy,
            "policyVersion": decision.policy_version,
            "policyDigest": decision.policy_digest,
            "recordedBeforeRun": decision.recorded_before_run,
            "runId": decision.run_id,
            "evidenceDigest": decision.evidence_digest,
        },
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return (json.dumps(log, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode("utf-8", "replace")


def fingerprint(policy: str, rule: str, subject: str) -> str:
    """Return the digest of what a finding is about, whatever it came to."""
    return digest_json({"policy": policy, "rule": rule, "subject": subject})


def _result(reported: Reported, verdict: Verdict, index: int) -> dict[str, Any]:
    same = fingerprint(reported.decision.policy, verdict.rule, reported.subject)
    found: dict[str, Any] = {
        "ruleId": verdict.rule,
        "ruleIndex": index,
        "kind": "fail",
        "level": LEVELS[verdict.severity],
        "message": {"text": _message(f"{verdict.title}: {verdict_word(verdict.outcome)}. {verdict.sentence}")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(reported.file), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": reported.line(verdict)},
                }
            }
        ],
        "partialFingerprints": {"governanceRule/v1": same, "primaryLocationLineHash": f"{same[:16]}:1"},
        "properties": {"outcome": verdict.outcome.value, "severity": verdict.severity.value},
    }
    if verdict.waiver is not None:
        waiver = verdict.waiver
        ticket = f", {waiver.ticket}" if waiver.ticket else ""
        why = f"{waiver.owner}, {waiver.granted_on} to {waiver.expires_on}{ticket}: {waiver.reason}"
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": plain_text.one_line(why)}]
    elif standing(verdict) is Standing.WAIVED:
        found["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return found


def _rule(verdict: Verdict) -> dict[str, Any]:
    facts = [
        ("Bar", bar_words(verdict.bar)),
        ("Severity", f"{verdict.severity.value}: {SEVERITY_MEANINGS[verdict.severity]}"),
        ("Why this bar", verdict.rationale),
        ("Set by", f"{verdict.set.get('by')} on {verdict.set.get('on')}" if verdict.set else None),
        ("Controls the hazard", verdict.controls),
        ("Supports", ", ".join(verdict.supports) or None),
        ("Inherited from", verdict.origin),
    ]
    written = [(name, plain_text.one_line(text)) for name, text in facts if text]
    title = plain_text.one_line(verdict.title)
    return {
        "id": verdict.rule,
        "name": verdict.rule,
        "shortDescription": {"text": _message(title)},
        "fullDescription": {"text": _message(f"{title}: {bar_words(verdict.bar)}")},
        "help": {
            "text": _message("\n".join(f"{name}: {text}" for name, text in written), lines=True),
            "markdown": "\n".join(f"- **{name}:** {plain_text.markdown(text)}" for name, text in written),
        },
        "defaultConfiguration": {"level": LEVELS[verdict.severity]},
        "properties": {"tags": ["medical-ai", *verdict.supports], "problem.severity": _problem(verdict.severity)},
    }


def _problem(severity: Severity) -> str:
    return {Severity.BLOCK: "error", Severity.WARN: "warning", Severity.INFO: "recommendation"}[severity]


def _message(text: str, *, lines: bool = False) -> str:
    """Return text as a SARIF message: brackets would be a link, braces a placeholder (sections 3.11.5 and 3.11.6)."""
    clean = "\n".join(map(plain_text.one_line, text.splitlines())) if lines else plain_text.one_line(text)
    for letter, written in (("\\", "\\\\"), ("[", "\\["), ("]", "\\]"), ("{", "{{"), ("}", "}}")):
        clean = clean.replace(letter, written)
    return clean
