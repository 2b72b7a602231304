"""Decide on the evidence of a run under a policy: a verdict for every rule, and the one outcome that follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from governance.errors import ExitCode, InputError, Location
from governance.evidence.folder import RunFolder
from governance.evidence.model import Evidence
from governance.policy.inventory import Inventory
from governance.policy.lock import LoadedPolicy, recorded_before_run
from governance.policy.model import Decision, Outcome, Policy, Rule, Severity, Verdict
from governance.policy.questions import Answers
from governance.policy.verdicts import judge
from governance.policy.verdicts.sentence import sentence
from governance.policy.wording import counted

_SEVERITIES = tuple(Severity)
_EXIT_CODES = {
    Outcome.FAIL: ExitCode.FAILED,
    Outcome.NOT_MEASURED: ExitCode.NOT_MEASURED,
    Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}
_GRAVEST_FIRST = (Outcome.FAIL, Outcome.NOT_MEASURED, Outcome.INCONCLUSIVE)


def decide(folder: RunFolder, loaded: LoadedPolicy) -> Decision:
    """Decide on a run's evidence and write ``decisions/<first 16 digits of the policy's digest>.json``.

    Raises
    ------
    InputError
        If the evidence or the plan is missing or malformed, or they are not of the same run.
    """
    evidence = folder.read_evidence()
    plan = folder.read_json(folder.spec_lock)
    if not isinstance(plan, dict) or not isinstance(plan.get("datasets"), dict):
        raise InputError("this is not the plan of a run", location=Location(str(folder.spec_lock)))
    verdicts = judge_all(loaded.policy, evidence, plan, loaded.lines)
    decision = Decision(
        policy=loaded.policy.policy,
        policy_version=loaded.policy.version,
        policy_digest=loaded.digest,
        run_id=evidence.provenance.run_id,
        evidence_digest=folder.evidence_digest(),
        recorded_before_run=recorded_before_run(folder, loaded.digest),
        verdicts=verdicts,
        exit_code=exit_code(verdicts),
        summary=summarise(verdicts),
    )
    folder.write_json(folder.decisions / f"{loaded.digest[:16]}.json", decision.model_dump(mode="json"))
    return decision


def judge_all(
    policy: Policy, evidence: Evidence, plan: Mapping[str, Any], lines: Mapping[str, int] | None = None
) -> tuple[Verdict, ...]:
    """Return a verdict for every rule, by severity and then by id. Pure: the same input gives the same verdicts."""
    inventory, answers, metrics = Inventory(plan), Answers.of(evidence.measurements), evidence.descriptors
    verdicts = []
    for rule in sorted(policy.rules, key=lambda rule: (_SEVERITIES.index(rule.severity), rule.id)):
        judgement = judge(rule, policy, inventory, answers, metrics)
        rests_on = [m.id for a in judgement.answers for m in (a.measurement, *a.beside) if m is not None]
        verdicts.append(
            _verdict(rule, judgement.outcome, sentence(rule, judgement, metrics), rests_on, (lines or {}).get(rule.id))
        )
    return tuple(verdicts)


def _verdict(rule: Rule, outcome: Outcome, text: str, rests_on: Iterable[str], line: int | None) -> Verdict:
    return Verdict(
        rule=rule.id,
        title=rule.title,
        severity=rule.severity,
        outcome=outcome,
        sentence=text,
        measurements=tuple(dict.fromkeys(rests_on)),
        bar=rule.bar.model_dump(mode="json", exclude_none=True),
        controls=rule.controls,
        supports=rule.supports,
        rationale=rule.rationale,
        set=rule.set.model_dump(mode="json") if rule.set else None,
        line=line,
    )


def exit_code(verdicts: Iterable[Verdict]) -> ExitCode:
    """Return the exit code that the blocking rules lead to; warnings and information never stop a release."""
    return ExitCode.worst(
        _EXIT_CODES[verdict.outcome]
        for verdict in verdicts
        if verdict.severity is Severity.BLOCK and verdict.outcome in _EXIT_CODES
    )


def summarise(verdicts: Iterable[Verdict]) -> str:
    """Return the outcome in one sentence."""
    verdicts = tuple(verdicts)
    if not verdicts:
        return "No bar is set: this policy only reports."
    blocking = Counter(v.outcome for v in verdicts if v.severity is Severity.BLOCK)
    stopping = [(outcome, blocking[outcome]) for outcome in _GRAVEST_FIRST if blocking[outcome]]
    if stopping:
        (first, count), *rest = stopping
        noun = "blocking rule" if count == 1 else "blocking rules"
        head = f"{count} {noun} {counted(first, count).split(' ', 1)[1]}"
        return f"Not released: {', '.join([head, *(counted(outcome, n) for outcome, n in rest)])}."
    warnings = sum(v.severity is Severity.WARN and v.outcome in _EXIT_CODES for v in verdicts)
    waived = sum(v.outcome is Outcome.WAIVED for v in verdicts)
    notes = [f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in ((warnings, "warning"), (waived, "waiver")) if n]
    head = "No blocking rule stands in the way" if blocking else "No blocking rule is set"
    return f"{head}{'; ' if notes else ''}{', '.join(notes)}."
