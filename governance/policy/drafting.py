"""Thresholds of other tools as a draft of a policy: what can be carried over as rules, what cannot as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from governance.errors import near_name
from governance.evidence.model import MetricDescriptor
from governance.plugins import EvaluatorDescriptor, installed
from governance.policy.lint import rule_problems
from governance.policy.rules import Rule
from governance.policy.thresholds import KINDS, Threshold
from governance.spec.document import PLACEHOLDER

COUNTERPARTS: Mapping[str, str] = {
    "recall": "sensitivity",
    "recall_score": "sensitivity",
    "precision_score": "positive_predictive_value",
    "precision": "positive_predictive_value",
    "accuracy_score": "classification_accuracy",
    "roc_auc": "auroc",
    "roc_auc_score": "auroc",
    "r2_score": "r_squared",
    "brier_loss": "brier_score",
}
"""Names that MLflow's default evaluator and scikit-learn give to metrics that are measured here, too."""

NONE_ALIKE: Mapping[str, str] = {
    "precision_recall_auc": "MLflow joins the points of the curve by straight lines, which is another number than "
    "average_precision",
    "mean_squared_error": "root_mean_squared_error is on another scale: take the root of the threshold",
    "log_loss": "brier_score and calibration are measured instead",
}
"""Names that have no counterpart, and why."""

_FIRST = "fairness"
"""The evaluator that is taken where several measure a metric: it scores everybody on clean input."""


@dataclass
class Draft:
    """A draft that is being written: the lines of its rules, what could not be carried over, how many rules it has."""

    rules: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    count: int = 0


def draft(thresholds: list[Threshold], kind: str, file: str) -> tuple[str, Draft]:
    """Return a policy as YAML text, and what of it was carried over.

    Parameters
    ----------
    kind
        One of `KINDS`.
    file
        Name of the file that the thresholds stand in; every rationale names it.
    """
    made, ids = Draft(), set[str]()
    origin = f"{_printable(file)} ({KINDS[kind]})"
    for threshold in thresholds:
        for rule, comments in _rules(threshold, made):
            rule["id"] = _unique(str(rule["id"]), ids)
            rule["rationale"] = f"Imported from {origin}; why this number: {PLACEHOLDER}."
            _take(rule, comments, threshold, made)
    lines = [
        f"# A draft from {origin}. Somebody must fill in who answers for it, and why each number is right.",
        "# There a value alone is compared. Here its whole interval must clear the bar: the same number asks for more.",
        *(f"# Not carried over: {text}" for text in made.left_out),
        f"policy: imported-{_slug(file.rpartition('.')[0] or file)}",
        'version: "0"',
        "status: draft",
        f"owner: {{name: {PLACEHOLDER}, role: {PLACEHOLDER}}}",
        "rules:" if made.rules else "rules: []",
        *made.rules,
    ]
    return "\n".join(lines) + "\n", made


def _rules(threshold: Threshold, made: Draft) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Yield a rule for each part of a threshold that has a counterpart, and what to say above it."""
    named = ascii(threshold.metric)
    found = _counterpart(threshold.metric)
    if isinstance(found, str):
        made.left_out.append(f"{named}: {found}")
        return
    evaluator, metric = found
    described = next(one for one in _metrics(evaluator) if one.name == metric)
    better, title = described.direction, described.title
    if better == ("lower" if threshold.greater_is_better else "higher"):
        made.left_out.append(f"{named}: {better} is better for {metric} here, so the bar would ask for a worse model")
        return
    measure = f"{evaluator} / {metric}"
    slug = _slug(threshold.metric)
    if threshold.limit is not None:
        key, words = ("at_least", "at least") if threshold.greater_is_better else ("at_most", "at most")
        said = f"{title} {words} {threshold.limit:g}"
        yield {"id": slug, "title": said, "measure": measure, "bar": {key: threshold.limit}}, []
    if threshold.improvement is not None:
        bar = {"not_worse_than": "baseline", "by": 0.0}
        above = [
            f"{named} asks for an improvement on the baseline by {threshold.improvement:g}. There is no bar for that;",
            "this one asks only that the model is shown not to be worse.",
        ]
        yield {"id": f"{slug}-baseline", "title": f"{title} not worse than the baseline", "measure": measure,
               "bar": bar}, above  # fmt: skip
    if threshold.relative_improvement is not None:
        made.left_out.append(
            f"{named}: min_relative_change {threshold.relative_improvement:g}; no bar is a share of the baseline's "
            "value. `not_worse_than: baseline` takes a margin in the metric's own unit."
        )


def _take(rule: dict[str, Any], comments: list[str], threshold: Threshold, made: Draft) -> None:
    """Write a rule down where a policy may have it; else say what stands in the way."""
    try:
        problem = next(iter(rule_problems(Rule.model_validate(rule))), None)
        message = problem.message if problem else None
    except ValidationError as error:
        message = error.errors()[0]["msg"]
    if message is not None:
        made.left_out.append(f"{threshold.metric!a}: {message}")
        return
    made.count += 1
    made.rules += [f"  # {text}" for text in comments]
    bar = ", ".join(f"{key}: {_plain(value)}" for key, value in rule["bar"].items())
    made.rules += [
        f"  - id: {json.dumps(rule['id'])}",
        f"    title: {json.dumps(rule['title'], ensure_ascii=False)}",
        f"    measure: {rule['measure']}",
        f"    bar: {{{bar}}}",
        f"    rationale: {json.dumps(rule['rationale'], ensure_ascii=False)}",
    ]


def _counterpart(name: str) -> tuple[str, str] | str:
    """Return evaluator and metric for a name that another tool gives, or why there is none."""
    bare = name.removesuffix("/mean").removesuffix("/v1").lower()
    if bare in NONE_ALIKE:
        return NONE_ALIKE[bare]
    metric = COUNTERPARTS.get(bare, bare)
    measuring = {evaluator: {one.name for one in _metrics(evaluator)} for evaluator in installed("evaluators")}
    having = sorted((evaluator for evaluator, names in measuring.items() if metric in names),
                    key=lambda evaluator: (evaluator != _FIRST, evaluator))  # fmt: skip
    if having:
        return having[0], metric
    near = near_name(metric, set().union(*measuring.values()))
    guess = near.partition("?")[0] + "?" if near.startswith("did you mean") else "see `governance list metrics`"
    return f"nothing here measures it under this name; {guess}"


def _metrics(evaluator: str) -> tuple[MetricDescriptor, ...]:
    descriptor = installed("evaluators")[evaluator]
    return tuple(descriptor.metrics) if isinstance(descriptor, EvaluatorDescriptor) else ()


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value!r}"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:60] or "metric"


def _unique(name: str, taken: set[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    taken.add(found)
    return found


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
