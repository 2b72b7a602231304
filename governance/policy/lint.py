"""What is wrong with a policy although it has the right form: unknown names and bars that make no sense."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

from governance.errors import near_name
from governance.evidence.model import CLEAN, MetricDescriptor
from governance.plugins import EvaluatorDescriptor, installed
from governance.policy.inventory import BASELINE
from governance.policy.model import Policy
from governance.policy.rules import AnyRule, ExpressionRule, ProvenanceRule, Rule, Severity
from governance.policy.selecting import Selector
from governance.policy.verdicts.expression import expression_problems, rests_on_points
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
    for index, rule in enumerate(policy.rules):
        for problem in rule_problems(rule):
            yield dataclasses.replace(problem, keys=("rules", index, *problem.keys))


def rule_problems(rule: AnyRule) -> Iterator[Problem]:
    """Yield what is wrong with a rule; keys are those inside of the rule."""
    if isinstance(rule, Rule):
        metric = yield from _metric(rule.measure, ("measure",))
        if metric is not None:
            for key, message, hint in _bar_problems(rule, metric):
                yield Problem(("bar", key), message, hint)
    elif isinstance(rule, ExpressionRule):
        for name, selector in rule.inputs.items():
            yield from _metric(selector, ("inputs", name))
            if selector.worst or selector.compared:
                message = "an input of an expression is one number, not one for every group"
                yield Problem(("inputs", name), message, "name one group by `slice`, or write a rule with a bar")
        for message, hint in expression_problems(rule):
            yield Problem(("expression",), message, hint)
        if rests_on_points(rule) and rule.severity is Severity.BLOCK:
            message = "an expression over point values (`value`) ignores how uncertain they are, so it cannot block"
            yield Problem(("expression",), message, "use `low` or `high`, or severity: warn")


def _metric(selector: Selector, keys: Keys) -> Generator[Problem, None, MetricDescriptor | None]:
    """Return the metric that a selector names; what is unknown is a problem, and None."""
    evaluators = installed("evaluators")
    evaluator = evaluators.get(selector.evaluator)
    if not isinstance(evaluator, EvaluatorDescriptor):
        name = selector.evaluator
        yield Problem((*keys, "evaluator"), f"unknown evaluator '{name}'", near_name(name, evaluators))
        return None
    metrics = {metric.name: metric for metric in evaluator.metrics}
    metric = metrics.get(selector.metric)
    if metric is None:
        name = selector.metric
        yield Problem((*keys, "metric"), f"{evaluator.name} has no metric '{name}'", near_name(name, metrics))
    return metric


def described(selector: Selector) -> MetricDescriptor | None:
    """Return the metric that a selector names, None where nothing installed measures it."""
    evaluator = installed("evaluators").get(selector.evaluator)
    metrics = evaluator.metrics if isinstance(evaluator, EvaluatorDescriptor) else ()
    return next((metric for metric in metrics if metric.name == selector.metric), None)


def unmeasurable(policy: Policy, spec: Spec) -> Iterator[tuple[str, str]]:
    """Yield (rule id, reason) for each rule that a run of `spec` would leave not measured.

    What a run measures on a policy's request (a condition, a worst group) is not listed.
    """
    for rule in policy.rules:
        for selector in rule.selectors:
            for reason in _out_of_reach(selector, spec):
                yield rule.id, reason
        if isinstance(rule, Rule):
            options = spec.evaluate.get(rule.measure.evaluator)
            if rule.bar.paired_with == BASELINE and options is not None and not options.get("comparison"):
                where = f"evaluate.{rule.measure.evaluator}"
                yield rule.id, f"{where} has no `comparison` with a baseline; decide with --baseline RUN"
            level = spec.settings.level
            if rule.level is not None and rule.level > level:
                yield rule.id, f"it asks for intervals at {rule.level:g}, the run gives {level:g}; set settings.level"
        if isinstance(rule, ProvenanceRule):
            asked = (*(rule.provenance.dataset_digest or {}), *(rule.provenance.no_patient_in_both or ()))
            for name in asked:
                if name not in spec.datasets:
                    yield rule.id, f"the spec has no dataset {name}"


def _out_of_reach(selector: Selector, spec: Spec) -> Iterator[str]:
    options = spec.evaluate.get(selector.evaluator)
    if options is None:
        yield f"the spec does not evaluate {selector.evaluator}"
        return
    dataset = selector.dataset or options.get("on") or options.get("test_on")
    if dataset is None:
        return
    if dataset not in spec.datasets:
        yield f"the spec has no dataset {dataset}"
        return
    attributes = spec.datasets[dataset].attributes
    asked = [name.strip() for name in (selector.over or selector.across or "").split(" x ") if name.strip()] + list(
        selector.slice
    )
    for name in asked:
        if name not in attributes:
            yield f"{dataset} has no attribute {name}"
    if selector.condition not in (None, CLEAN.name, *spec.conditions, *installed("conditions")):
        yield f"there is no condition {selector.condition}"
    members = getattr(installed("conditions").get(selector.condition or ""), "members", ())
    if members:
        yield f"{selector.condition} is a set; a rule names one of its conditions: {', '.join(members)}"


def _bar_problems(rule: Rule, metric: MetricDescriptor) -> Iterator[tuple[str, str, str | None]]:
    """Yield (key of the bar, message, hint) for a bar that fits neither the metric nor what is measured of it."""
    bar, name = rule.bar, metric.name
    (kind,) = bar.kinds
    if bar.paired_with is not None:
        if bar.paired_with == "clean" and rule.measure.condition in (None, bar.paired_with):
            yield kind, f"{kind}: clean needs a condition in `measure`", "add `condition: ...`"
        if rule.measure.compared is not None:
            yield kind, f"{kind} cannot be asked of pairs of groups", "use `worst`"
        if metric.direction == "none" and bar.not_worse_than is not None:
            yield kind, f"{name} has no better direction, so nothing is worse", "use `within` or equivalent_within"
        yield from _margin_problems("by", bar.by, metric)
        yield from _margin_problems("equivalent_within", bar.equivalent_within, metric)
    elif rule.measure.difference is not None:
        if kind not in ("at_most", "equivalent_within", "present"):
            hint = "write `bar: {equivalent_within: 0.05}`"
            yield kind, "a difference between groups is held by equivalent_within: its margin", hint
        yield from _margin_problems("at_most", bar.at_most, metric)
        yield from _margin_problems("equivalent_within", bar.equivalent_within, metric)
    elif rule.measure.ratio is not None:
        yield from _ratio_problems(rule, metric)
    elif kind == "equivalent_within":
        yield kind, "equivalent_within needs two things to compare", "add `difference: ...` to measure, or `to: clean`"
    else:
        yield from _limit_problems(rule, metric)


def _ratio_problems(rule: Rule, metric: MetricDescriptor) -> Iterator[tuple[str, str, str | None]]:
    bar = rule.bar
    (kind,) = bar.kinds
    if kind not in ("at_least", "within", "present"):
        yield kind, "a ratio of groups is held by at_least (from it to 1 over it) or within", "at_least: 0.8"
    if bar.at_least is not None and not 0 < bar.at_least < 1:
        yield kind, f"a ratio cannot be held to {bar.at_least:g}: no two groups are equal beyond doubt", "0.8, say"
    if metric.low is None or metric.low < 0:
        yield kind, f"{metric.name} can be negative, so a ratio of it means nothing", "use `difference`"


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
    if bar.within is not None and (metric.low, metric.high) == bar.within:
        never_misses = True
    if never_misses:
        (key,) = bar.kinds
        yield key, f"no value of {name} can miss this bar: its range is {_range(metric)}", "use `present: true`"


def _margin_problems(key: str, margin: float | None, metric: MetricDescriptor) -> Iterator[tuple[str, str, str | None]]:
    if margin is None:
        return
    width = metric.high - metric.low if metric.high is not None and metric.low is not None else None
    if margin <= 0 and key in ("at_most", "equivalent_within"):
        yield key, f"a margin of {margin:g} can never be kept: no two groups are equal beyond doubt", None
    if width is not None and margin >= width:
        yield key, f"no difference of {metric.name} can be larger than {width:g}", "set a margin that can be missed"


def _range(metric: MetricDescriptor) -> str:
    low = "no lower end" if metric.low is None else f"{metric.low:g}"
    high = "no upper end" if metric.high is None else f"{metric.high:g}"
    return f"{low} to {high}"
