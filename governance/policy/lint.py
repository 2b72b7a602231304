"""What is wrong with a policy although it has the right form: unknown names and bars that make no sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from governance.errors import near_name
from governance.evidence.model import CLEAN, MetricDescriptor
from governance.plugins import EvaluatorDescriptor, installed
from governance.policy.model import Policy, Rule
from governance.policy.questions import BASELINE
from governance.spec.document import Keys
from governance.spec.model import Spec


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where: keys into the policy's content."""

    keys: Keys
    message: str
    hint: str | None = None


def problems(policy: Policy) -> Iterator[Problem]:
    """Yield what is wrong with each rule, in the order of the file."""
    evaluators = installed("evaluators")
    for index, rule in enumerate(policy.rules):
        keys: Keys = ("rules", index)
        evaluator = evaluators.get(rule.measure.evaluator)
        if not isinstance(evaluator, EvaluatorDescriptor):
            name = rule.measure.evaluator
            yield Problem((*keys, "measure", "evaluator"), f"unknown evaluator '{name}'", near_name(name, evaluators))
            continue
        metrics = {metric.name: metric for metric in evaluator.metrics}
        metric = metrics.get(rule.measure.metric)
        if metric is None:
            name = rule.measure.metric
            yield Problem(
                (*keys, "measure", "metric"), f"{evaluator.name} has no metric '{name}'", near_name(name, metrics)
            )
            continue
        for key, message, hint in _bar_problems(rule, metric):
            yield Problem((*keys, "bar", key), message, hint)


def unmeasurable(policy: Policy, spec: Spec) -> Iterator[tuple[str, str]]:
    """Yield (rule id, reason) for each rule that a run of `spec` would leave not measured.

    What a run measures on a policy's request (a condition, a worst group) is not listed.
    """
    for rule in policy.rules:
        selector = rule.measure
        options = spec.evaluate.get(selector.evaluator)
        if options is None:
            yield rule.id, f"the spec does not evaluate {selector.evaluator}"
            continue
        if rule.bar.not_worse_than == BASELINE and not options.get("comparison"):
            yield rule.id, f"evaluate.{selector.evaluator} compares with no baseline; it has no `comparison`"
        dataset = selector.dataset or options.get("on") or options.get("test_on")
        if dataset is None:
            continue
        if dataset not in spec.datasets:
            yield rule.id, f"the spec has no dataset {dataset}"
            continue
        attributes = spec.datasets[dataset].attributes
        asked = [name.strip() for name in (selector.over or selector.across or "").split(" x ") if name.strip()] + list(
            selector.slice
        )
        for name in asked:
            if name not in attributes:
                yield rule.id, f"{dataset} has no attribute {name}"
        if selector.condition not in (None, CLEAN.name, *spec.conditions, *installed("conditions")):
            yield rule.id, f"there is no condition {selector.condition}"
        members = getattr(installed("conditions").get(selector.condition or ""), "members", ())
        if members:
            yield rule.id, f"{selector.condition} is a set; a rule names one of its conditions: {', '.join(members)}"


def _bar_problems(rule: Rule, metric: MetricDescriptor) -> Iterator[tuple[str, str, str | None]]:
    """Yield (key of the bar, message, hint) for a bar that fits neither the metric nor what is measured of it."""
    bar, name = rule.bar, metric.name
    if bar.not_worse_than is not None:
        if bar.not_worse_than == "clean" and rule.measure.condition in (None, bar.not_worse_than):
            yield "not_worse_than", "not_worse_than: clean needs a condition in `measure`", "add `condition: ...`"
        if bar.not_worse_than == "baseline" and rule.measure.condition not in (None, CLEAN.name):
            yield "not_worse_than", "models are compared on clean input only", "leave out `condition`"
        if rule.measure.difference is not None:
            yield "not_worse_than", "not_worse_than cannot be asked of a difference between groups", "use `worst`"
        if metric.direction == "none":
            yield "not_worse_than", f"{name} has no better direction, so nothing is worse", "use `within`"
        yield from _margin_problems("by", bar.by, metric)
    elif rule.measure.difference is not None:
        if bar.at_most is None and not bar.present:
            kind = next(iter(bar.model_dump(exclude_none=True)))
            yield kind, "a difference between groups is held by at_most: its margin", "write `bar: {at_most: 0.05}`"
        yield from _margin_problems("at_most", bar.at_most, metric)
    else:
        yield from _limit_problems(rule, metric)


def _limit_problems(rule: Rule, metric: MetricDescriptor) -> Iterator[tuple[str, str, str | None]]:
    bar, name = rule.bar, metric.name
    if bar.at_least is not None and metric.direction == "lower":
        yield "at_least", f"lower is better for {name}, so at_least would ask for a worse model", "use at_most"
    if bar.at_most is not None and metric.direction == "higher":
        yield "at_most", f"higher is better for {name}, so at_most would ask for a worse model", "use at_least"
    limits: Mapping[str, tuple[float, ...]] = {
        "at_least": () if bar.at_least is None else (bar.at_least,),
        "at_most": () if bar.at_most is None else (bar.at_most,),
        "within": bar.within or (),
    }
    for key, values in limits.items():
        for value in values:
            if (metric.low is not None and value < metric.low) or (metric.high is not None and value > metric.high):
                yield key, f"{value:g} lies outside the range of {name}, {_range(metric)}", None
    never_misses = (bar.at_least is not None and bar.at_least == metric.low) or (
        bar.at_most is not None and bar.at_most == metric.high
    )
    if never_misses:
        key = "at_least" if bar.at_least is not None else "at_most"
        yield key, f"no value of {name} can miss this bar: its range is {_range(metric)}", "use `present: true`"


def _margin_problems(key: str, margin: float | None, metric: MetricDescriptor) -> Iterator[tuple[str, str, str | None]]:
    if margin is None:
        return
    width = metric.high - metric.low if metric.high is not None and metric.low is not None else None
    if margin <= 0 and key == "at_most":
        yield key, f"a margin of {margin:g} can never be kept: no two groups are equal beyond doubt", None
    if width is not None and margin >= width:
        yield key, f"no difference of {metric.name} can be larger than {width:g}", "set a margin that can be missed"


def _range(metric: MetricDescriptor) -> str:
    low = "no lower end" if metric.low is None else f"{metric.low:g}"
    high = "no upper end" if metric.high is None else f"{metric.high:g}"
    return f"{low} to {high}"
