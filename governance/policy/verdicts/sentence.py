"""One sentence with numbers for every verdict: what was found, against which bar, and what would settle it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from governance.evidence.model import Interval, MetricDescriptor
from governance.evidence.wording import fixed
from governance.policy.model import Outcome
from governance.policy.numbers import decimals_for, with_interval
from governance.policy.rules import Rule
from governance.policy.settle import what_would_settle
from governance.policy.verdicts.bar_words import Words, words_of
from governance.policy.verdicts.judge import Answer, Judgement
from governance.policy.wording import VERDICT_WORDS


def sentence(rule: Rule, judgement: Judgement, metrics: Mapping[str, MetricDescriptor]) -> str:
    """Explain a judgement by the answer that it rests on, and count the others."""
    if judgement.reason is not None or not judgement.answers:
        return f"not measured: {judgement.reason}"
    answer = judgement.gravest
    label = f"{answer.question.label}: " if answer.question.label else ""
    return f"{label}{_finding(rule, judgement, answer, metrics)}{_others(rule, judgement)}{_left_out(judgement)}"


def _finding(rule: Rule, judgement: Judgement, answer: Answer, metrics: Mapping[str, MetricDescriptor]) -> str:
    words = words_of(rule)
    if answer.outcome is Outcome.NOT_MEASURED or answer.measurement is None:
        return f"not measured: {answer.reason}"
    number = _number(judgement, answer, metrics)
    if answer.reason is not None:
        return f"{number}: {answer.reason}"
    if answer.outcome is Outcome.PASS:
        return f"{number} {words.passed}"
    if answer.outcome is Outcome.FAIL:
        return f"{number} {words.failed}"
    return f"{number} {_undecided(judgement, answer, words)}"


def _undecided(judgement: Judgement, answer: Answer, words: Words) -> str:
    """Say where an inconclusive number lies, and what would settle it."""
    region, inside, outside = judgement.region, answer.inside, answer.outside
    if inside is None or answer.measurement is None:
        return words.undecided
    if region.where(inside, inside) is Outcome.FAIL:
        counted = ""
        if outside is not None:
            decimals = decimals_for(outside)
            counted = f" ({fixed(outside.low, decimals)} to {fixed(outside.high, decimals)})"
        return f"{words.failed} by itself, but not once all {len(judgement.answers)} are counted{counted}"
    settle = what_would_settle(answer.measurement, inside, region.lower, region.upper, target=words.target)
    return f"{words.undecided}; {settle}"


def _rested_on(answer: Answer) -> Interval | None:
    """Return the interval that the answer was read from, so that none is printed that contradicts it."""
    return answer.outside if answer.outcome is Outcome.FAIL and answer.outside is not None else answer.inside


def _number(judgement: Judgement, answer: Answer, metrics: Mapping[str, MetricDescriptor]) -> str:
    measurement, interval = answer.measurement, _rested_on(answer)
    if measurement is None:
        return ""
    limits = [limit for limit in (judgement.region.lower, judgement.region.upper) if limit is not None]
    ends = [measurement.value or 0.0] + ([interval.low, interval.high] if interval is not None else [])
    decimals = decimals_for(interval, [(end, limit) for end in ends for limit in limits])
    if answer.beside:
        now, clean = answer.beside
        plain = decimals_for(now.interval)
        title = metrics[now.metric].title if now.metric in metrics else now.metric
        before = f"{title} {with_interval(now, plain, counts=False)} against {fixed(clean.value or 0.0, plain)} clean"
        return f"{before}: difference {with_interval(measurement, decimals, interval)}"
    text = with_interval(measurement, decimals, interval)
    if interval is None and measurement.interval_reason and not measurement.interval_reason.startswith("exact"):
        text = f"point value {text}"
    to = " to the baseline" if answer.question.reference_variant else ""
    named = {"difference": f"difference{to} ", "ratio": "ratio ", "mean": "mean " if answer.question.over else ""}
    return f"{named.get(answer.question.estimand, '')}{text}"


def _others(rule: Rule, judgement: Judgement) -> str:
    """Say how the rule's other questions came out, where there are any."""
    answers = judgement.answers
    if len(answers) == 1:
        return ""
    noun = "cases"
    if len({answer.question.condition for answer in answers}) == 1:
        noun = "pairs" if rule.measure.compared else "groups"
    elif rule.measure.over is None:
        noun = "severities"
    outcomes = Counter(answer.outcome for answer in answers)
    if judgement.outcome is Outcome.PASS:
        return f"; so do all {len(answers)} {noun}"
    counts = ", ".join(f"{outcomes[one]} {VERDICT_WORDS[one]}" for one in Outcome if outcomes[one])
    return f"; of {len(answers)} {noun}: {counts}"


def _left_out(judgement: Judgement) -> str:
    """Name the groups that were not judged, and why."""
    groups = judgement.asked.groups if judgement.asked else None
    if groups is None:
        return ""
    text = "".join(
        f"; left out: {label} ({exemption.reason}{'; ' + exemption.owner if exemption.owner else ''})"
        for label, exemption in groups.exempt
    )
    return text + (f"; not declared: {', '.join(groups.undeclared)}" if groups.undeclared else "")
