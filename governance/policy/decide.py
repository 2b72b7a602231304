"""Decide on the evidence of a run under a policy: a verdict for every rule, and the one outcome that follows."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from governance.errors import ExitCode, InputError, Location, TamperError
from governance.evidence.columnar import ColumnarEvidence, read_for_decision
from governance.evidence.comparison import Comparison
from governance.evidence.folder import RunFolder, run_id_of
from governance.evidence.model import Evidence
from governance.policy import ledger
from governance.policy.inventory import Inventory
from governance.policy.lock import LoadedPolicy, recorded_before_run
from governance.policy.model import Decision, Outcome, Policy, Verdict
from governance.policy.questions import Answers
from governance.policy.rules import AnyRule, ExpressionRule, ProvenanceRule, Severity
from governance.policy.verdicts import judge
from governance.policy.verdicts.inputs import judged_expression
from governance.policy.verdicts.provenance import Circumstances, checked
from governance.policy.verdicts.sentence import sentence
from governance.policy.waivers import Waivers, load_waivers
from governance.policy.wording import counted

_SEVERITIES = tuple(Severity)
_EXIT_CODES = {
    Outcome.FAIL: ExitCode.FAILED,
    Outcome.NOT_MEASURED: ExitCode.NOT_MEASURED,
    Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}
_GRAVEST_FIRST = (Outcome.FAIL, Outcome.NOT_MEASURED, Outcome.INCONCLUSIVE)
_NEEDS_A_DAY = ("facts", "measured_within_days")


def decide(
    folder: RunFolder,
    loaded: LoadedPolicy,
    *,
    waivers: Path | None = None,
    lineage: tuple[str, ...] | None = None,
    comparison: Comparison | None = None,
    today: dt.date | None = None,
) -> Decision:
    """Decide on a run's evidence and write ``decisions/<stem>.json``.

    Parameters
    ----------
    waivers
        A file of waivers; see `governance.policy.waivers`.
    lineage
        What keeps the licence from being clean, None where no licence is given.
    comparison
        Paired differences to the run that is the baseline of rules that name one; kept in ``comparisons/<stem>.json``.
    today
        The day of the decision, by default that of now in universal time.

    Raises
    ------
    InputError
        If the evidence or the plan is missing or malformed, or a waiver is wrong.
    TamperError
        If evidence and plan are not of the same run, or the ledger of decisions beside the run is not what was written
        (`governance.policy.ledger`).
    """
    evidence, evidence_digest = read_for_decision(folder)
    plan = read_plan(folder)
    if evidence.provenance.run_id != run_id_of(plan):
        raise TamperError(
            f"the evidence is of run {evidence.provenance.run_id}, the plan beside it determines {run_id_of(plan)}",
            location=Location(str(folder.spec_lock)),
            hint="one of the two was changed or comes from another run; evaluate again",
        )
    policy, today = loaded.policy, today or dt.datetime.now(dt.UTC).date()
    granted = _granted(waivers, policy, evidence, today)
    asked = ledger.looked_at(policy, plan)
    looks, exploratory = ledger.look(
        folder.path.parent,
        ledger.Subject(
            model=str(evidence.provenance.subject.get("name")),
            run_id=evidence.provenance.run_id,
            evidence_digest=evidence_digest,
            policy_digest=loaded.digest,
            planned=policy.looks.planned if policy.looks else None,
            day=today,
            baseline_digest=comparison.baseline.evidence_digest if comparison else None,
        ),
        {name: str(plan["datasets"][name]["digest"]) for name in asked},
    )
    about = Circumstances(evidence, plan, today, measured_on(folder), lineage)
    verdicts = judge_all(policy, evidence, plan, loaded.lines, about, comparison=comparison)
    verdicts, ignored = granted.applied(verdicts) if granted else (verdicts, ())
    needs_a_day = any(
        isinstance(rule, ProvenanceRule) and rule.provenance.kind in _NEEDS_A_DAY for rule in policy.rules
    )
    decision = Decision(
        policy=policy.policy,
        policy_version=policy.version,
        policy_digest=loaded.digest,
        run_id=evidence.provenance.run_id,
        evidence_digest=evidence_digest,
        recorded_before_run=recorded_before_run(folder, loaded.digest),
        verdicts=verdicts,
        exit_code=exit_code(verdicts),
        summary=summarise(verdicts),
        decided_on=today if granted or needs_a_day else None,
        waivers_digest=granted.digest if granted else None,
        ignored_waivers=ignored,
        looks=looks,
        exploratory=exploratory,
        inherited=policy.inherited,
        dropped=policy.dropped,
        baseline=comparison.baseline if comparison else None,
        comparison_digest=comparison.digest if comparison else None,
    )
    if comparison is not None:
        folder.write_json(folder.comparisons / f"{decision.stem}.json", comparison.model_dump(mode="json"))
    folder.write_json(folder.decisions / f"{decision.stem}.json", decision.model_dump(mode="json"))
    return decision


def read_plan(folder: RunFolder) -> dict[str, Any]:
    """Return what a run promised to measure.

    Raises
    ------
    InputError
        If it is missing or is not the plan of a run.
    """
    plan = folder.read_json(folder.spec_lock)
    datasets = plan.get("datasets") if isinstance(plan, dict) else None
    if not isinstance(datasets, dict) or not all(isinstance(dataset, dict) for dataset in datasets.values()):
        raise InputError("this is not the plan of a run", location=Location(str(folder.spec_lock)))
    return dict(plan)


def measured_on(folder: RunFolder) -> dt.date | None:
    """Return the day on which a run ended, None where its folder does not say."""
    if not folder.run_json.exists():
        return None
    content = folder.read_json(folder.run_json)
    try:
        return dt.datetime.fromisoformat(str(content["finished_at"])).date()
    except (KeyError, TypeError, ValueError):
        return None


def _granted(
    path: Path | None, policy: Policy, evidence: Evidence | ColumnarEvidence, today: dt.date
) -> Waivers | None:
    if path is None:
        return None
    subject = evidence.provenance.subject
    return load_waivers(path, policy, model=str(subject.get("name")), version=str(subject.get("version")), today=today)


def judge_all(
    policy: Policy,
    evidence: Evidence | ColumnarEvidence,
    plan: Mapping[str, Any],
    lines: Mapping[str, int] | None = None,
    about: Circumstances | None = None,
    *,
    comparison: Comparison | None = None,
) -> tuple[Verdict, ...]:
    """Return a verdict for every rule, by severity and then by id. Pure: the same input gives the same verdicts.

    Parameters
    ----------
    about
        What rules over provenance are held against; without it those that ask for the day are held against today.
    comparison
        What rules that name a baseline are held against; without it, a model that the run itself compares with.
    """
    about = about or Circumstances(evidence, plan, dt.datetime.now(dt.UTC).date())
    inventory, answers = Inventory(plan, comparison), Answers.in_evidence(evidence, comparison)
    metrics = evidence.descriptors
    lines = lines or {}
    verdicts = []
    for rule in sorted(policy.rules, key=lambda rule: (_SEVERITIES.index(rule.severity), rule.id)):
        if isinstance(rule, ProvenanceRule):
            outcome, text = checked(rule.provenance, about)
            rests_on: tuple[str, ...] = ()
        elif isinstance(rule, ExpressionRule):
            outcome, text, rests_on = judged_expression(rule, policy, inventory, answers)
        else:
            judgement = judge(rule, policy, inventory, answers, metrics)
            outcome, text = judgement.outcome, sentence(rule, judgement, metrics)
            rests_on = tuple(m.id for a in judgement.answers for m in (a.measurement, *a.beside) if m is not None)
        verdicts.append(_verdict(rule, outcome, text, rests_on, lines.get(rule.id)))
    return tuple(verdicts)


def _verdict(rule: AnyRule, outcome: Outcome, text: str, rests_on: Iterable[str], line: int | None) -> Verdict:
    return Verdict(
        rule=rule.id,
        title=rule.title,
        severity=rule.severity,
        outcome=outcome,
        sentence=text,
        measurements=tuple(dict.fromkeys(rests_on)),
        bar=bar_of(rule),
        controls=rule.controls,
        supports=rule.supports,
        rationale=rule.rationale,
        set=rule.set.model_dump(mode="json") if rule.set else None,
        line=line,
        origin=rule.origin,
        overridden=rule.overridden.model_dump(mode="json") if rule.overridden else None,
    )


def bar_of(rule: AnyRule) -> dict[str, Any]:
    """Return what a rule is held against, as in its verdict."""
    if isinstance(rule, ProvenanceRule):
        return {"provenance": rule.provenance.model_dump(mode="json", exclude_none=True)}
    if isinstance(rule, ExpressionRule):
        return {"expression": rule.expression}
    return rule.bar.model_dump(mode="json", exclude_none=True)


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
