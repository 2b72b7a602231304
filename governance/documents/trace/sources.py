"""What the files of a run say in words: the phrases that explain the numbers of plain text in its documents."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from governance.documents import numbers
from governance.documents.blocks import without_small_counts
from governance.documents.build.run import Run
from governance.documents.masking import MEANS
from governance.documents.trace.phrases import Kind, Phrases, fixed_words
from governance.evidence.canonical import digest_json
from governance.evidence.model import Interval, Measurement
from governance.evidence.wording import written
from governance.policy.model import Decision

_OF_THE_SPEC: Mapping[str, Kind] = {
    "subject": "identity",
    "facts": "statement",
    "hazards": "statement",
    "datasets": "data",
    "licence": "licence",
}
"""What the parts of a spec explain; all others are settings."""


def phrases_of(run: Run) -> Phrases:
    """Return the phrases of a run's files, of the most telling kind first."""
    found = Phrases()
    _identity(run, found)
    _facts(run, found)
    _data(run, found)
    _decision(run, found)
    for m in (*run.evidence.measurements, *(run.comparison.measurements if run.comparison else ())):
        _measurement(m, found)
    _lacking(run, found)
    _levels(run, found)
    for metric in run.evidence.metrics:
        words = (metric.title, metric.explanation, metric.formula, metric.does_not_show, metric.source)
        found.add_all(words, "definition")
    if run.licence is not None:
        found.add_all(texts(run.licence.model_dump(mode="json")), "licence")
    for part, content in run.lock.get("spec", {}).items():
        found.add_all(texts(content), _OF_THE_SPEC.get(part, "settings"))
    found.add_all(texts(run.lock.get("datasets")), "data")
    _settings(run, found)
    found.add_all((*fixed_words(), MEANS), "wording")
    return found


def texts(content: Any) -> Iterator[str]:
    """Yield every text of a file's content."""
    if isinstance(content, str):
        yield content
        yield from _days(content)
    elif isinstance(content, Mapping):
        for value in content.values():
            yield from texts(value)
    elif isinstance(content, (list, tuple)):
        for value in content:
            yield from texts(value)


def _days(text: str) -> Iterator[str]:
    """Yield a date as documents print it."""
    try:
        yield numbers.day(dt.date.fromisoformat(text[:10]))
    except ValueError:
        return


def _named(content: Any) -> Iterator[str]:
    """Yield every name with its number or text: ``bootstrap replicates 2000``."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            if isinstance(value, (str, int, float, list, tuple)) and not isinstance(value, bool):
                yield f"{str(key).replace('_', ' ')} {value}"
            yield from _named(value)


def _identity(run: Run, found: Phrases) -> None:
    subject = run.subject
    found.add(f"{subject['name']} {subject['version']}", "identity")
    found.add(f"{subject['name']} {subject['version']} {subject.get('kind')} {subject.get('task')}", "identity")
    digests = [run.folder.run_id, run.evidence_digest, str(subject.get("digest") or "")]
    digests += [str(dataset.get("digest") or "") for dataset in run.datasets.values()]
    if run.decision:
        digests.append(run.decision.policy_digest)
    for digest in filter(None, digests):
        found.add(digest, "identity")
        found.add(f"run {digest}", "identity")
        for before in ("run", "evidence", "digest", "byte"):
            found.add(f"{before} {numbers.short(digest)}", "identity")
    if run.started:
        found.add(numbers.day(run.started), "identity")
    found.add(f"version {run.lock.get('toolkit', '')}", "identity")


def _facts(run: Run, found: Phrases) -> None:
    for fact in run.facts.values():
        words = (fact.statement, fact.owner, fact.source or "", numbers.day(fact.date), numbers.day(fact.review_by))
        found.add_all(words, "statement")
        said = {
            "statement": fact.statement,
            "strata": {k: list(v) for k, v in (getattr(fact, "strata", {}) or {}).items()},
        }
        digest = digest_json(said)
        found.add_all((digest, f"digest {numbers.short(digest)}"), "identity")
    for key, hazard in run.hazards.items():
        found.add(key, "statement")
        found.add_all(texts(hazard.model_dump(mode="json")), "statement")
        found.add_all((f"{key} {word}" for word in ("pass", "fail")), "statement")


def _data(run: Run, found: Phrases) -> None:
    for name, dataset in run.datasets.items():
        counts = {"cases": dataset.get("n"), "patients": dataset.get("clusters")}
        found.add_all((f"{count} {what}" for what, count in counts.items() if count is not None), "data")
        found.add(f"{dataset.get('events')} of them positive", "data")
        for attribute, title, groups in run.groupings(name):
            found.add(title, "data")
            for group in groups:
                label = run.group_label(name, attribute, group)
                found.add_all((label, f"smallest group {label}", f"{title} {label}"), "data")
                entry = dataset["attributes"][attribute]["groups"].get(group) or {}
                found.add_all((f"{label} {entry[what]}" for what in ("n", "clusters") if what in entry), "data")


def _decision(run: Run, found: Phrases) -> None:
    decision = run.decision
    if decision is None:
        return
    found.add(f"{decision.policy} {decision.policy_version}", "policy")
    found.add(f"exit code {int(decision.exit_code)}", "policy")
    counts = Counter(verdict.outcome.value.replace("_", " ") for verdict in decision.verdicts)
    words = ("pass", "fail", "inconclusive", "not measured", "waived")
    found.add_all((f"{counts[word]} {word}" for word in words), "policy")
    for verdict in decision.verdicts:
        found.add_all(_bars(verdict.bar), "policy")
        found.add(without_small_counts(verdict.sentence), "policy")
        setting = verdict.set or {}
        found.add(" on ".join(str(setting[key]) for key in ("by", "on") if setting.get(key)), "policy")
        found.add(f"controls {verdict.controls}", "policy")
    found.add_all(texts(decision.model_dump(mode="json")), "policy")
    found.add_all(_named(decision.model_dump(mode="json")), "policy")
    _set_by(decision, found)
    for look in decision.looks:
        found.add(f"decision {look.number} about this model", "policy")
        found.add(f"{look.planned} planned", "policy")
    if run.policy_lock:
        found.add_all(texts(run.policy_lock), "policy")


def _set_by(decision: Decision, found: Phrases) -> None:
    """Add who set how many rules, and from when to when."""
    settings = [verdict.set or {} for verdict in decision.verdicts]
    for who, count in Counter(str(one.get("by") or "nobody named") for one in settings).items():
        days = sorted(str(one["on"]) for one in settings if str(one.get("by")) == who and one.get("on"))
        found.add(f"{who} {count} rules", "count")
        found.add(f"{who} {count} rule", "count")
        for day in days:
            found.add_all((f"{word} {day}" for word in ("on", "from", "to")), "policy")


def _bars(bar: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ways in which the numbers of a bar are written beside a word."""
    for value in bar.values():
        for number in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                shown = written(number)
                yield from (f"{word} {shown}" for word in ("bar", "least", "most", "within", "and", "by"))
                yield f"within \N{PLUS-MINUS SIGN}{shown}"


def _measurement(m: Measurement, found: Phrases) -> None:
    method = m.method
    said = [m.reason, m.interval_reason, m.test, m.variant, m.reference_variant, m.judge, method.name, method.source]
    said += [f"{name.replace('_', ' ')} {value}" for name, value in method.parameters.items()]
    said += [f"{value} {name.replace('_', ' ')}" for name, value in method.parameters.items()]
    said += [f"{value} without a value" for name, value in method.parameters.items() if name == "groups_without_value"]
    for slice_ in (m.slice, m.reference or {}):
        for attribute, group in slice_.items():
            said += [f"{attribute.replace('_', ' ')} {group}", f"{attribute.replace('_', ' ').split()[-1]} {group}"]
    said += [str(value) for value in method.parameters.values() if isinstance(value, str)]
    for interval in (m.interval, m.gating, m.simultaneous):
        said += [interval.method, interval.family] if interval else []
    for condition in (m.condition, m.reference_condition):
        if condition is not None and condition.severity is not None:
            said += [f"severity {condition.severity}", str(condition)]
    said += [f"seed {m.seed}"] if m.seed is not None else []
    said += [f"class {m.target_class}"] if m.target_class else []
    if m.fraction is not None:
        share = numbers.percent(m.fraction)
        said += [f"{share} of labels", f"with {share} of the labels", f"with {share}"]
    for name, value in m.curve.items():
        said.append(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}")
    found.add_all((text for text in said if text), "measurement")
    found.add_all((without_small_counts(text) for text in (m.reason, m.interval_reason) if text), "measurement")


def _lacking(run: Run, found: Phrases) -> None:
    """Add how many metrics lack a number for the same reason, of the same people under the same condition."""
    lacking: dict[tuple[str, ...], set[str]] = {}
    for m in run.evidence.measurements:
        if m.status != "measured" and m.reason:
            about = (run.slice_label(m.dataset, m.slice), str(m.condition), m.variant or "", m.reason)
            lacking.setdefault(about, set()).add(m.metric)
    for (*_, reason), metrics in lacking.items():
        for said in (reason, without_small_counts(reason)):
            found.add(f"{len(metrics)} metrics: {said}", "count")


def _levels(run: Run, found: Phrases) -> None:
    """Add how the levels of the intervals are said."""
    levels = {float(run.settings.get("level", 0.95))}
    for m in run.evidence.measurements:
        levels |= {one.level for one in (m.interval, m.gating, m.simultaneous) if isinstance(one, Interval)}
    for level in levels:
        shown = numbers.percent(level)
        phrases = (f"{shown} interval", f"{shown} intervals", f"{shown} level", f"intervals {shown}")
        found.add_all(phrases, "settings")


def _settings(run: Run, found: Phrases) -> None:
    found.add_all(_named(run.settings), "settings")
    found.add_all(_named(run.lock.get("libraries") or {}), "settings")
    for kind in ("evaluators", "collectors"):
        for name, version in (run.lock.get(kind) or {}).items():
            found.add(f"{kind[:-1]} {name} version {version}", "settings")
    found.add(f"toolkit {run.lock.get('toolkit')}", "settings")
    found.add(f"processor {run.lock.get('processor')}", "settings")
    found.add_all(texts(run.settings), "settings")
    for evaluator, count in Counter(m.evaluator for m in run.evidence.measurements).items():
        found.add(f"{evaluator.replace('_', ' ')}: {numbers.thousands(count)} measurements", "measurement")
