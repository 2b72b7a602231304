"""The numbers that an expression names, found like those of any other rule."""

from __future__ import annotations

from governance.evidence.model import Measurement
from governance.evidence.wording import fixed
from governance.policy.inventory import Inventory, NotPlannedError
from governance.policy.model import Outcome, Policy
from governance.policy.numbers import decimals_for, with_interval
from governance.policy.questions import Answers, asked_by
from governance.policy.rules import ExpressionRule
from governance.policy.selecting import Minimum, Selector
from governance.policy.verdicts.expression import InputNumber, outcome_of
from governance.policy.verdicts.judge import level_asked, shortage, the_one

_ROUNDING = 1e-9
"""A level of 1 - 0.05 / 5 is a little below 0.99 in binary."""


def judged_expression(
    rule: ExpressionRule, policy: Policy, inventory: Inventory, answers: Answers
) -> tuple[Outcome, str, tuple[str, ...]]:
    """Return the outcome of an expression, its sentence with all numbers, and the measurements it rests on.

    An input that was not measured, or is too small, makes the rule not measured: it is not evaluated.
    """
    found: dict[str, InputNumber] = {}
    rests_on: list[str] = []
    for name, selector in sorted(rule.inputs.items()):  # as in the record, where keys have no order
        measurement, reason = _the_input(selector, rule.minimum, policy, inventory, answers)
        if measurement is not None:
            rests_on.append(measurement.id)
        if measurement is None or reason is not None:
            return Outcome.NOT_MEASURED, f"not measured: {name}: {reason}", tuple(rests_on)
        found[name] = InputNumber(measurement, measurement.gating or measurement.interval)
    outcome, reason = outcome_of(rule, found)
    numbers = "; ".join(f"{name} {_number(number)}" for name, number in found.items())
    if reason is not None:
        return outcome, f"not measured: {reason}", tuple(rests_on)
    return outcome, f"{numbers}: {_WORDS[outcome]}", tuple(rests_on)


_WORDS = {
    Outcome.PASS: "the expression holds at the adverse ends of the intervals",
    Outcome.FAIL: "the expression does not hold, not even at the favourable ends of the intervals",
    Outcome.INCONCLUSIVE: "the expression holds at the favourable ends of the intervals only",
}


def _the_input(
    selector: Selector, minimum: Minimum, policy: Policy, inventory: Inventory, answers: Answers
) -> tuple[Measurement | None, str | None]:
    try:
        asked = asked_by(selector, policy, inventory).asked
    except NotPlannedError as error:
        return None, str(error)
    if len(asked) != 1:
        return None, f"{len(asked)} numbers answer it, and it does not say which is meant"
    measurement, reason = the_one(asked[0], inventory, answers)
    if measurement is None:
        return None, reason
    return measurement, shortage(minimum, measurement) or _too_low_a_level(measurement, policy)


def _too_low_a_level(measurement: Measurement, policy: Policy) -> str | None:
    """Say where the interval of an input does not have the level that each planned look needs."""
    interval = measurement.gating or measurement.interval
    needed, who = level_asked(None, policy.looks)
    if interval is None or interval.level >= needed - _ROUNDING:
        return None
    return f"its interval has the level {interval.level:g}, and {who} {needed:g}; set settings.level: {needed:g}"


def _number(number: InputNumber) -> str:
    decimals = decimals_for(number.interval)
    if number.interval is None:
        return f"{fixed(number.measurement.value or 0.0, decimals)} (no interval)"
    return with_interval(number.measurement, decimals, number.interval)
