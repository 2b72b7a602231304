"""Assemble the content of a run from its parts. Which reader sees which part, and where, is not decided here."""

from __future__ import annotations

from collections.abc import Mapping

from governance.documents import numbers
from governance.documents.blocks import TraceRow
from governance.documents.build import (
    asked_otherwise,
    attacks,
    confidence,
    coverage,
    curves,
    earlier_run,
    engineering,
    first,
    frequencies,
    groups,
    label_efficiency,
    licence,
    page_one,
    populations,
    record,
    robustness,
    statements,
)
from governance.documents.build.fairness import baseline, gaps, intersections, proxies, shortcuts, similar, threshold
from governance.documents.build.fairness import trade_offs as trades
from governance.documents.build.run import Run
from governance.documents.content import Content, Identity


def build(run: Run) -> Content:
    """Return everything that may be said about a run."""
    missing = statements.missing(run)
    made = (
        page_one.page_one(run, missing),
        first.first(run),
        frequencies.hundred(run),
        groups.groups(run),
        intersections.intersections(run),
        gaps.gaps(run),
        threshold.threshold(run),
        baseline.baseline(run),
        earlier_run.earlier_run(run),
        trades.trade_offs(run),
        proxies.proxies(run),
        shortcuts.shortcuts(run),
        similar.similar(run),
        robustness.conditions(run),
        populations.populations(run),
        asked_otherwise.asked_otherwise(run),
        confidence.confidence(run),
        attacks.attacks(run),
        curves.calibration(run),
        label_efficiency.efficiency(run),
        statements.careful(run),
        statements.unsure(run),
        statements.oversight(run),
        statements.operation(run),
        statements.who(run),
        missing,
        statements.further(run),
        statements.all_statements(run),
        record.identity(run),
        record.policy(run),
        record.rules(run),
        record.requirements(run),
        coverage.coverage(run),
        record.data(run),
        record.hazards(run),
        licence.licence(run),
        record.trace(run),
        record.signature(run),
        engineering.key(run),
        engineering.settings(run),
        engineering.reproduce(run),
        engineering.measurements(run),
        engineering.definitions(run),
        engineering.methods(run),
        engineering.words(run),
    )
    return Content(
        identity=identity_of(run),
        headline=first.headline(run),
        least=first.least(run),
        sections=tuple(section for section in made if section is not None),
    )


def identity_of(run: Run) -> Identity:
    """Return which run of which model a document is about."""
    decision = run.decision
    policy = None
    if decision is not None:
        when = "recorded before the run" if decision.recorded_before_run else "not recorded before the run"
        policy = f"{decision.policy} {decision.policy_version}, {when}"
    return Identity(
        subject=str(run.subject["name"]),
        version=str(run.subject["version"]),
        subject_digest=str(run.subject.get("digest") or ""),
        provider=(statements.statement(run, "provider"),) if "provider" in run.facts else ("provider not named",),
        measured=numbers.day(run.started) if run.started else None,
        run_id=run.folder.run_id,
        evidence_digest=run.evidence_digest,
        policy=policy,
    )


def what_each_is_about(run: Run) -> Mapping[str, TraceRow]:
    """Return for each measurement id what it is about, for the trace."""
    return {
        m.id: TraceRow(
            texts=(),
            measurement=m.id,
            about=f"{run.title_of(m.metric)}, {m.estimand}; {engineering.about(run, m)}",
            dataset_digest=m.dataset_digest,
        )
        for m in (*run.evidence.measurements, *(run.comparison.measurements if run.comparison else ()))
    }
