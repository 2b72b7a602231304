"""The first screen: what the model is for, whether the criteria were met, and who decides."""

from __future__ import annotations

from collections import Counter
from typing import Any

from governance.documents import numbers
from governance.documents.blocks import (
    Answer,
    Audience,
    Block,
    Figure,
    Prose,
    Statement,
    Text,
    VerdictItem,
    VerdictList,
    Word,
    without_small_counts,
)
from governance.documents.build.bars import bar_text
from governance.documents.build.purpose import verbatim
from governance.documents.build.run import Run
from governance.documents.build.subject_words import fill, finding_heading, short_value
from governance.documents.content import Section
from governance.documents.wording import COMPANIONS, HEADLINE_METRICS, NATURAL, ORDER, WORDS
from governance.evidence.model import Measurement
from governance.policy.model import Decision, Outcome, Verdict
from governance.policy.rules import Severity

_PASSES_SPELT_OUT = 3
_PLAIN = {
    "pass": "The measurements clear the bar that the provider set.",
    "fail": "The measurements miss the bar that the provider set.",
    "inconclusive": "The measurements could lie on either side of the bar; more data would be needed to tell.",
    "waived": "A named person accepted this with a reason.",
}


_BLOCKED = {
    Outcome.FAIL: "The measurements did not meet all of the provider's criteria.",
    Outcome.NOT_MEASURED: "Not all of the provider's criteria could be measured.",
    Outcome.INCONCLUSIVE: "The measurements do not settle all of the provider's criteria.",
}


def headline(run: Run) -> Text:
    """Return the finding that heads every document, with its counterpart: what it costs or what it misses."""
    lead = _headline_measurement(run)
    if lead is None:
        return (f"{run.subject['name']} {run.subject['version']}: no headline figure was measured",)
    text = finding_heading(run, lead)
    other, phrase = COMPANIONS.get(lead.metric, ("", ""))
    companion = run.headlines.get((other, lead.dataset))
    if companion is None or companion.status != "measured":
        return text
    return (*text, *fill(run, phrase, lead.dataset, numbers.hundred(companion)[0]))


def least(run: Run) -> Text:
    """Return for which group the headline is worst, where the evidence calls one; the line under the heading."""
    lead = _headline_measurement(run)
    worst = worst_of(run, lead) if lead else None
    if worst is None:
        return ()
    extreme = "Highest" if worst.direction == "lower" else "Lowest"
    shown = worst.model_copy(update={"interval": worst.simultaneous or worst.interval})
    interval = numbers.hundred_interval(shown) if worst.metric in NATURAL else numbers.interval(shown)
    where = run.slice_label(worst.dataset, worst.slice)
    return (f"{extreme} for {where}: ", *short_value(run, worst), *((", could be ", interval) if interval else ()))


def worst_of(run: Run, measurement: Measurement, over: str | None = None) -> Measurement | None:
    """Return the worst group that the evidence calls for a metric, over one attribute or over any."""
    called = [
        m
        for m in run.find(estimand="worst", evaluator=measurement.evaluator, metric=measurement.metric)
        if m.target_class == measurement.target_class and m.variant is None
        if m.status == "measured" and m.dataset == measurement.dataset and m.condition.is_clean
        if over is None or m.over == over
    ]
    if not called:
        return None
    sign = -1 if measurement.direction == "lower" else 1
    return min(called, key=lambda m: (sign * (m.value or 0.0), m.over or ""))


def first(run: Run) -> Section:
    """Return the first section of every document."""
    blocks: list[Any] = []
    purpose = run.facts.get("intended_purpose")
    if purpose is not None:
        said = Statement(fact="intended_purpose", text=purpose.statement, disclosure=purpose.disclosure)
        blocks.append(Prose(paragraphs=((said,),), style="lead"))
        blocks += [note] if (note := verbatim(run)) else []
    else:
        blocks.append(
            Prose(
                paragraphs=(("What the model is for was not provided by the provider; needed for Annex IV(1)(a).",),),
                style="lead",
            )
        )
    blocks.append(answer(run))
    blocks.extend(_verdicts(run))
    return Section(id="first", title=None, blocks=tuple(blocks))


def answer(run: Run) -> Answer:
    """Return the answer to "did the measurements meet the provider's own criteria?"."""
    word, statement = answer_word(run.decision)
    return Answer(word=word, statement=(statement,), detail=(*_counts(run.decision), *_who_decides(run)))


def answer_word(decision: Decision | None) -> tuple[Word, str]:
    """Return the verdict's word and the sentence that answers whether the provider's criteria were met."""
    if decision is None:
        return "not measured", "No decision has been made on these measurements."
    if not decision.verdicts:
        return "not measured", "The provider set no criteria: the measurements are reported without a verdict."
    blocking = {verdict.outcome for verdict in decision.verdicts if verdict.severity is Severity.BLOCK}
    others = {verdict.outcome for verdict in decision.verdicts if verdict.severity is not Severity.BLOCK}
    for outcome, statement in _BLOCKED.items():
        if outcome in blocking:
            return WORDS[outcome.value], statement
    if Outcome.WAIVED in blocking | others:
        return "waived", "The measurements met the provider's criteria, apart from those that somebody waived."
    if others - {Outcome.PASS}:
        return "pass", "The measurements met the provider's blocking criteria, but not all of the others."
    return "pass", "The measurements met all of the provider's criteria."


def _counts(decision: Decision | None) -> Text:
    if decision is None or not decision.verdicts:
        return ()
    counts = Counter(WORDS[verdict.outcome.value] for verdict in decision.verdicts)
    one = {"fail": "failed", "inconclusive": "is inconclusive", "not measured": "was not measured"}
    many = {"fail": "failed", "inconclusive": "are inconclusive", "not measured": "were not measured"}
    one |= {"waived": "was waived", "pass": "passed"}
    many |= {"waived": "were waived", "pass": "passed"}
    parts: list[str] = []
    for word in ORDER:
        if number := counts[word]:
            noun = "" if parts else (" criterion" if number == 1 else " criteria")
            parts.append(f"{numbers.in_words(number)}{noun} {(one if number == 1 else many)[word]}")
    sentence = ", ".join(parts)
    return (f"{sentence[0].upper()}{sentence[1:]}. ",)


def _who_decides(run: Run) -> Text:
    person = run.facts.get("responsible_person")
    if person is None:
        return ("Release is the decision of the responsible person, whom the provider has not named.",)
    said = Statement(fact="responsible_person", text=person.statement, disclosure=person.disclosure)
    return ("Release is the decision of the responsible person (", said, "), who has not signed.")


def _headline_measurement(run: Run) -> Measurement | None:
    for metric in HEADLINE_METRICS:
        for (name, _), measurement in run.headlines.items():
            if name == metric and measurement.status == "measured":
                return measurement
    return next((m for m in run.headlines.values() if m.status == "measured"), None)


def sorted_verdicts(run: Run) -> list[Verdict]:
    """Return the verdicts, those that need attention first, blocking ones before the others."""
    if run.decision is None:
        return []
    severities = list(Severity)
    return sorted(
        run.decision.verdicts, key=lambda v: (ORDER.index(WORDS[v.outcome.value]), severities.index(v.severity))
    )


def item(verdict: Verdict, *, simple: bool = False, public: bool = False) -> VerdictItem:
    """Return a verdict as it is printed; `simple` without technical numbers, `public` without how few."""
    sentence = _PLAIN.get(verdict.outcome.value, verdict.sentence) if simple else verdict.sentence
    if simple or public:
        sentence = without_small_counts(sentence)
    setting = verdict.set or {}
    who = " on ".join(str(setting[key]) for key in ("by", "on") if setting.get(key))
    return VerdictItem(
        word=WORDS[verdict.outcome.value],
        severity=verdict.severity.value,
        rule=verdict.rule,
        title=verdict.title,
        sentence=Figure(measurements=verdict.measurements, text=sentence),
        bar=bar_text(verdict.bar),
        rationale=verdict.rationale,
        set_by=who or None,
        controls=verdict.controls,
        supports=verdict.supports,
    )


_READERS: tuple[tuple[Audience, ...], ...] = (("public",), ("clinician",), ("deployer", "engineer", "auditor"))


def _verdicts(run: Run) -> list[Block]:
    verdicts = sorted_verdicts(run)
    if not verdicts:
        return []
    attention = [v for v in verdicts if v.outcome is not Outcome.PASS]
    passed = [v for v in verdicts if v.outcome is Outcome.PASS]
    room = len(passed) if len(verdicts) <= 2 * _PASSES_SPELT_OUT else max(0, _PASSES_SPELT_OUT - len(attention))
    lists: list[Block] = []
    for readers in _READERS:
        simple, public = readers == ("public",), readers == ("clinician",)
        lists.append(
            VerdictList(
                items=tuple(item(v, simple=simple, public=public) for v in [*attention, *passed[:room]]),
                also_passed=tuple(v.title for v in passed[room:]),
                audiences=readers,
            )
        )
    return lists
