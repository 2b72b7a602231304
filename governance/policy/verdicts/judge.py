"""The one function that decides a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from governance.evidence.model import Interval, Measurement, MetricDescriptor
from governance.policy.inventory import Inventory, NotPlannedError
from governance.policy.model import Looks, Outcome, Policy
from governance.policy.questions import Answers, Question, Questions, questions
from governance.policy.rules import Rule, Severity
from governance.policy.selecting import Minimum
from governance.policy.verdicts.region import Region, region_of

_EXACT = "exact"
_EQUIVALENCE_LEVEL = 0.90
"""Two one-sided 5 % tests are one 90 % interval (Schuirmann 1987)."""
_ROUNDING = 1e-9
"""A level of 1 - 2 * 0.05 is a little below 0.90 in binary."""
_ADDS_UP = 1e-6

_GRAVEST_FIRST = (Outcome.FAIL, Outcome.NOT_MEASURED, Outcome.INCONCLUSIVE, Outcome.PASS)


@dataclass(frozen=True)
class Answer:
    """What one question of a rule came to.

    `inside` is the interval that a pass would rest on, `outside` the one that a fail would (see `Region.where`); both
    None for exact and point values. `reason` says why there is no number, or why the number is not enough.
    """

    question: Question
    outcome: Outcome
    measurement: Measurement | None = None
    inside: Interval | None = None
    outside: Interval | None = None
    reason: str | None = None
    beside: tuple[Measurement, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """What a rule came to, question by question, for the sentence that explains it."""

    outcome: Outcome
    answers: tuple[Answer, ...]
    region: Region
    asked: Questions | None = None
    reason: str | None = None

    @property
    def gravest(self) -> Answer:
        """The answer that the outcome rests on: of those with that outcome, the one furthest beyond the bar."""
        same = [answer for answer in self.answers if answer.outcome is self.outcome]
        return max(same, key=self._shortfall)

    def _shortfall(self, answer: Answer) -> float:
        value = answer.measurement.value if answer.measurement else None
        return self.region.shortfall(value) if value is not None else 0.0


def judge(
    rule: Rule, policy: Policy, inventory: Inventory, answers: Answers, metrics: Mapping[str, MetricDescriptor]
) -> Judgement:
    """Decide one rule: fail if any question fails, else not measured, else inconclusive, and pass only if all pass."""
    descriptor = metrics.get(rule.measure.metric)
    direction = descriptor.direction if descriptor else "none"
    region = region_of(
        rule.bar,
        direction=direction,
        is_difference=rule.measure.difference is not None,
        is_ratio=rule.measure.ratio is not None,
    )
    try:
        if rule.bar.not_worse_than is not None and direction == "none":
            raise NotPlannedError(f"the evidence does not say which direction of {rule.measure.metric} is better")
        asked = questions(rule, policy, inventory)
    except NotPlannedError as reason:
        return Judgement(Outcome.NOT_MEASURED, (), region, reason=str(reason))
    judged = tuple(_answer(rule, question, region, inventory, answers, looks=policy.looks) for question in asked.asked)
    outcome = min((answer.outcome for answer in judged), key=_GRAVEST_FIRST.index)
    return Judgement(outcome, judged, region, asked)


def _answer(
    rule: Rule, question: Question, region: Region, inventory: Inventory, answers: Answers, *, looks: Looks | None
) -> Answer:
    measurement, reason = the_one(question, inventory, answers)
    if measurement is None:
        return Answer(question, Outcome.NOT_MEASURED, reason=reason)
    beside = _beside(question, measurement, inventory, answers)
    if reason := _too_small(rule, question, measurement, inventory, answers):
        return Answer(question, Outcome.NOT_MEASURED, measurement, reason=reason, beside=beside)
    if rule.bar.present:
        return Answer(question, Outcome.PASS, measurement, measurement.interval, measurement.interval, beside=beside)
    inside, outside = _intervals(rule, question, measurement, answers)
    if reason := _too_wide_a_level(rule.level, looks, question, inside):
        return Answer(question, Outcome.NOT_MEASURED, measurement, reason=reason, beside=beside)
    if inside is None:
        return _on_the_point(rule, question, measurement, region, beside)
    return Answer(question, region.where(inside, outside), measurement, inside, outside, beside=beside)


def the_one(question: Question, inventory: Inventory, answers: Answers) -> tuple[Measurement | None, str | None]:
    """Return the measurement that answers a question, or the reason why none does."""
    found = answers.all(question)
    if not found:
        return None, _why_absent(question, inventory)
    if len(found) > 1:
        return None, f"{len(found)} measurements answer the rule, and it does not say which is meant"
    measurement = found[0]
    if measurement.dataset_digest != inventory.dataset_digest(question.dataset):
        return None, f"it was measured on other data than the {question.dataset} of this run"
    if measurement.status == "not_measured":
        return None, measurement.reason
    return measurement, None


def _why_absent(question: Question, inventory: Inventory) -> str:
    if question.reference_variant is None:
        return "there is no such measurement"
    if inventory.comparison is None:
        return "the run was compared with no baseline; decide with --baseline RUN"
    return "there is no paired difference of this number"


def _too_wide_a_level(
    level: float | None, looks: Looks | None, question: Question, inside: Interval | None
) -> str | None:
    """Say where an interval does not have the level that is asked for; two one-sided tests have twice the error."""
    if inside is None:
        return None
    needed, who = level_asked(level, looks)
    least = 2 * needed - 1 if question.reference is not None else needed
    if inside.level >= least - _ROUNDING:
        return None
    asked = f"its interval has the level {inside.level:g}, and {who} {least:g}"
    return f"{asked}; set settings.level: {needed:g} and run again"


def level_asked(level: float | None, looks: Looks | None) -> tuple[float, str]:
    """Return the level that a rule needs, 0 where none, and who asks for it: the rule or the plan of looks."""
    if looks is not None and looks.level > (level or 0.0):
        return looks.level, f"each of {looks.planned} planned looks needs"
    return level or 0.0, "the rule asks for"


def _intervals(
    rule: Rule, question: Question, measurement: Measurement, answers: Answers
) -> tuple[Interval | None, Interval | None]:
    """Return the interval a pass rests on and the one a fail rests on (None: it cannot fail)."""
    inside = measurement.gating or measurement.interval
    if question.reference is not None:
        if inside is not None and inside.level < _EQUIVALENCE_LEVEL - _ROUNDING:
            inside = None
        return inside, measurement.simultaneous
    if rule.measure.worst:
        return inside, measurement.simultaneous or _of_the_worst(rule, question, answers) or inside
    return inside, inside


def _of_the_worst(rule: Rule, question: Question, answers: Answers) -> Interval | None:
    """Return the simultaneous interval of the measurement that names this group the worst, where there is one."""
    named = answers.by_key.get(question.but(estimand="worst").key) or ()
    return next((m.simultaneous for m in named if m.over == rule.measure.worst and m.simultaneous), None)


def _on_the_point(
    rule: Rule, question: Question, measurement: Measurement, region: Region, beside: tuple[Measurement, ...]
) -> Answer:
    """Judge a number without an interval: exact numbers as they are, others only where nothing is blocked by them."""
    exact = (measurement.interval_reason or "").startswith(_EXACT)
    value = measurement.value
    if value is None or (rule.severity is Severity.BLOCK and not exact):
        why = measurement.interval_reason or "its interval is not usable for this comparison"
        reason = f"a blocking rule does not rest on a number without an interval ({why})"
        return Answer(question, Outcome.INCONCLUSIVE, measurement, reason=reason, beside=beside)
    point = Interval(low=value, high=value, level=_EQUIVALENCE_LEVEL, method="point value")
    return Answer(question, region.where(point, point), measurement, beside=beside)


def _too_small(
    rule: Rule, question: Question, measurement: Measurement, inventory: Inventory, answers: Answers
) -> str | None:
    """Say where a number, or a group of a difference, rests on fewer patients or events than the rule asks for."""
    minimum = rule.minimum
    if minimum.patients is None and minimum.events is None:
        return None
    if question.reference is None:
        return shortage(minimum, measurement)
    for group in (question.slice, question.reference):
        own = question.but(estimand=rule.measure.estimand, slice=group, reference=None)
        alone, _ = the_one(own, inventory, answers)
        label = inventory.words(question.dataset, group)
        if alone is None:
            return f"the size of {label} is not known"
        if short := shortage(minimum, alone):
            return f"{label} {short}"
    return None


def shortage(minimum: Minimum, measurement: Measurement) -> str | None:
    """Say where a number rests on fewer patients or events than a minimum, None where it does not."""
    patients = measurement.n_clusters if measurement.n_clusters is not None else measurement.n
    for have, least, noun in (
        (patients, minimum.patients, "patients"),
        (measurement.cases, minimum.events, "cases" if measurement.is_proportion else "events"),
    ):
        if least is not None and have is None:
            return f"rests on an unknown number of {noun}; the rule asks for {least}"
        if least is not None and have is not None and have < least:
            return f"rests on {have} {noun}; the rule asks for {least}"
    return None


def _beside(
    question: Question, difference: Measurement, inventory: Inventory, answers: Answers
) -> tuple[Measurement, ...]:
    """Return the two numbers that a difference to the clean condition stands for.

    Only where they are of the same samples, so that they add up: not every sample has every variant.
    """
    if question.reference_condition is None:
        return ()
    plain = question.but(estimand="value", reference_condition=None)
    now, _ = the_one(plain, inventory, answers)
    clean, _ = the_one(plain.but(condition=question.reference_condition), inventory, answers)
    if now is None or clean is None or None in (now.value, clean.value, difference.value):
        return ()
    adds_up = abs((now.value or 0.0) - (clean.value or 0.0) - (difference.value or 0.0)) < _ADDS_UP
    return (now, clean) if adds_up else ()
