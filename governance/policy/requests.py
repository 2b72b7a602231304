"""What a policy's rules will ask of the evidence, told to the planner so that it is measured."""

from __future__ import annotations

from governance.harness.protocols import Request
from governance.policy.model import Policy
from governance.policy.rules import Rule
from governance.policy.selecting import SEEDS, Selector


def requests(policy: Policy) -> tuple[Request, ...]:
    """Return one request for each thing the rules ask for, sorted, each once: the order of rules plays no part."""
    asked = {
        _request(selector, paired=isinstance(rule, Rule) and rule.bar.paired_with is not None)
        for rule in policy.rules
        for selector in rule.selectors
    }
    return tuple(sorted(asked, key=lambda r: tuple(str(part) for part in vars(r).values())))


def _request(selector: Selector, *, paired: bool) -> Request:
    estimand: str = selector.estimand
    if selector.difference or paired:
        estimand = "difference"
    elif selector.ratio:
        estimand = "ratio"
    elif selector.worst:
        estimand = "worst"
    elif selector.mean not in (None, SEEDS):
        estimand = "mean"
    return Request(
        evaluator=selector.evaluator,
        metric=selector.metric,
        dataset=selector.dataset,
        estimand=estimand,
        over=selector.over or selector.across,
        condition=selector.condition,
    )
