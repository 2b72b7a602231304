"""JUnit XML: a test case for every rule, so that any CI server lists them.

A case fails or is in error exactly where its rule stops the release, so that counting them gives the exit code's
answer. What only warns, and what a waiver sets aside, is a skipped case with its sentence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from governance.exchange.reports.reported import Reported, Standing, bar_words, standing
from governance.policy.model import Outcome

if TYPE_CHECKING:
    from governance.policy.model import Verdict

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Everything but the characters of XML 1.0, section 2.2."""


def render(reported: Reported) -> bytes:
    """Return the decision as one test suite; its name is the policy's id and version."""
    decision = reported.decision
    verdicts = reported.verdicts
    elements = [_case(decision.policy, verdict) for verdict in verdicts]
    counts = {
        "tests": len(elements),
        "failures": sum(case.find("failure") is not None for case in elements),
        "errors": sum(case.find("error") is not None for case in elements),
    }
    totals = {name: str(count) for name, count in counts.items()}
    skipped = str(sum(case.find("skipped") is not None for case in elements))
    suites = ElementTree.Element("testsuites", {"name": "governance", **totals, "time": "0"})
    name = _xml(f"{decision.policy} {decision.policy_version}")
    suite = ElementTree.SubElement(suites, "testsuite", {"name": name, **totals, "skipped": skipped, "time": "0"})
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in _properties(reported).items():
        ElementTree.SubElement(properties, "property", {"name": key, "value": _xml(value)})
    suite.extend(elements)
    summary = ElementTree.SubElement(suite, "system-out")
    summary.text = _xml(decision.summary)
    ElementTree.indent(suites)
    written: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _properties(reported: Reported) -> dict[str, str]:
    decision = reported.decision
    found = {
        "policy": decision.policy,
        "policy_version": decision.policy_version,
        "policy_digest": decision.policy_digest,
        "recorded_before_run": str(decision.recorded_before_run).lower(),
        "run_id": decision.run_id,
        "evidence_digest": decision.evidence_digest,
        "exit_code": str(int(decision.exit_code)),
        "model": reported.subject,
        "model_version": reported.subject_version,
    }
    return {key: value for key, value in found.items() if value}


def _case(policy: str, verdict: Verdict) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"classname": _xml(policy), "name": _xml(verdict.rule), "time": "0"})
    stands, word = standing(verdict), verdict.outcome.value
    sentence = _xml(verdict.sentence)
    if stands is Standing.STOPS:
        tag = "error" if verdict.outcome is Outcome.NOT_MEASURED else "failure"
        told = ElementTree.SubElement(case, tag, {"type": word, "message": sentence})
        told.text = _xml(_account(verdict))
    elif stands is Standing.MET:
        ElementTree.SubElement(case, "system-out").text = _xml(_account(verdict))
    else:
        kind = word if stands is Standing.WAIVED else f"{verdict.severity.value}: {word}"
        lead = "" if stands is Standing.WAIVED else "does not stop the release: "
        told = ElementTree.SubElement(case, "skipped", {"type": kind, "message": f"{lead}{sentence}"})
        told.text = _xml(_account(verdict))
    return case


def _account(verdict: Verdict) -> str:
    lines = [verdict.title, f"bar: {bar_words(verdict.bar)}", f"severity: {verdict.severity.value}", verdict.sentence]
    if verdict.rationale:
        lines.append(f"why this bar: {verdict.rationale}")
    if verdict.controls:
        lines.append(f"controls the hazard {verdict.controls}")
    return "\n".join(lines)


def _xml(text: str) -> str:
    return _NOT_IN_XML.sub("�", text)
