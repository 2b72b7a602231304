"""What a policy's rules will ask of the evidence, told to the planner so that it is measured."""

from __future__ import annotations

from governance.harness.protocols import Request
from governance.policy.model import Policy, Rule


def requests(policy: Policy) -> tuple[Request, ...]:
    """Return one request for each thing the rules ask for, sorted, each once: the order of rules plays no part."""
    asked = {_request(rule) for rule in policy.rules}
    return tuple(sorted(asked, key=lambda r: tuple(str(part) for part in vars(r).values())))


def _request(rule: Rule) -> Request:
    selector = rule.measure
    estimand: str = selector.estimand
    if selector.difference or rule.bar.not_worse_than:
        estimand = "difference"
    elif selector.worst:
        estimand = "worst"
    return Request(
        evaluator=selector.evaluator,
        metric=selector.metric,
        dataset=selector.dataset,
        estimand=estimand,
        over=selector.over or selector.across,
        condition=selector.condition,
    )
