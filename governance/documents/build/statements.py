"""What the provider says, what it did not say, and what was not measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from governance.catalogues import fact_keys
from governance.documents import numbers
from governance.documents.blocks import (
    AUDIENCES,
    Audience,
    FactItem,
    Facts,
    Gap,
    Gaps,
    Prose,
    Statement,
    Text,
    without_small_counts,
)
from governance.documents.build.curves import condition_title, most_harmful, under_conditions
from governance.documents.build.first import worst_of
from governance.documents.build.frequencies import natural_metrics
from governance.documents.build.purpose import untested
from governance.documents.build.run import Run
from governance.documents.build.subject_words import fill, lowered
from governance.documents.content import Section
from governance.documents.wording import FINDING, HEADLINE_METRICS, NATURAL
from governance.evidence.model import Measurement
from governance.evidence.wording import slice_words
from governance.policy.model import Outcome
from governance.spec.model import Disclosure


@dataclass(frozen=True)
class Asked:
    """A statement that documents ask for: its label, what it is needed for, and why in plain words."""

    label: str
    needed_for: str
    plain: str


ASKED = {
    "intended_purpose": Asked("Intended purpose", "Annex IV(1)(a)", "what the model is for"),
    "users": Asked("Intended users", "Art. 13(3)(b)(i)", "who is meant to use it"),
    "not_for": Asked("Must not be used for", "Art. 13(3)(b)(iii)", "for whom it must not be used"),
    "provider": Asked("Provider", "Annex IV(1)(a)", "who makes it"),
    "responsible_person": Asked("Responsible person", "Annex IV(2)(g)", "who decides on its release"),
    "contact": Asked("Contact", "Art. 13(3)(a)", "whom to ask"),
    "training_data": Asked("Training data", "Annex IV(2)(d)", "what it learned from"),
    "reference_standard": Asked("Reference standard", "Annex IV(2)(g)", "how the right answers were known"),
    "limitations": Asked("Known limits", "Annex IV(3)", "where it is known to work less well"),
    "human_oversight": Asked("Human oversight", "Annex IV(2)(e), Art. 14", "who watches over it"),
    "when_unsure": Asked("When you are unsure", "Art. 14(4)", "what to do when in doubt"),
    "maintenance": Asked("Maintenance", "Art. 13(3)(e)", "how it is kept up"),
}
"""Statements that every run is asked for; articles are those of Regulation (EU) 2024/1689."""

_NOT_PUBLIC: tuple[Audience, ...] = tuple(a for a in AUDIENCES if a != "public")


def statement(run: Run, key: str) -> Statement:
    """Return a fact's words, or the visible gap."""
    fact = run.facts.get(key)
    if fact is None:
        return Statement(fact=key, text="not provided by the provider")
    return Statement(fact=key, text=fact.statement, disclosure=fact.disclosure)


def item(run: Run, key: str, *, detailed: bool = False, simple: bool = False) -> FactItem:
    """Return a fact as it is printed, or the visible gap, `simple` without the article that it is needed for."""
    fact = run.facts.get(key)
    asked = ASKED.get(key)
    label = asked.label if asked else _label(key)
    if fact is None:
        needed = f"; needed for {asked.needed_for}" if asked and not simple else ""
        return FactItem(label=label, statement=Statement(fact=key, text=f"not provided by the provider{needed}"))
    return FactItem(
        label=label,
        statement=statement(run, key),
        owner=fact.owner,
        date=numbers.day(fact.date),
        review_by=numbers.day(fact.review_by),
        source=fact.source,
        due=run.started is not None and fact.review_by < run.started,
        detailed=detailed,
        disclosure=fact.disclosure,
    )


def _label(key: str) -> str:
    return fact_keys()[key].title if key in fact_keys() else key.replace("_", " ").capitalize()


def _facts(run: Run, *keys: str) -> tuple[Facts, Facts]:
    """Return facts twice: for the public without articles of law, for all others with them."""
    plain, full = (tuple(item(run, key, simple=simple) for key in keys) for simple in (True, False))
    return Facts(items=plain, audiences=("public",)), Facts(items=full, audiences=_NOT_PUBLIC)


def careful(run: Run) -> Section:
    """Return for whom the model must not be used and where it works less well."""
    blocks: list[Facts | Prose] = [*_facts(run, "not_for", "limitations")]
    if by_group := _worst_groups(run):
        blocks.append(Prose(paragraphs=tuple(by_group), style="list"))
    if by_condition := _worst_conditions(run):
        blocks.append(Prose(paragraphs=tuple(by_condition), style="list", audiences=_NOT_PUBLIC))
    return Section(
        id="careful",
        title="When to be careful",
        half=True,
        blocks=tuple(blocks),
        audiences=("public", "clinician", "deployer"),
    )


def _worst_groups(run: Run) -> list[Text]:
    said: list[Text] = []
    for metric in natural_metrics(run):
        for (name, dataset), overall in run.headlines.items():
            if name != metric or overall.status != "measured":
                continue
            for attribute, _, _ in run.groupings(dataset):
                worst = worst_of(run, overall, attribute)
                if worst and worst.value != overall.value and (name in HEADLINE_METRICS or _clearly(worst, overall)):
                    group = run.slice_label(dataset, worst.slice)
                    shown = worst.model_copy(update={"interval": worst.simultaneous or worst.interval})
                    interval = numbers.hundred_interval(shown)
                    sentence = fill(run, NATURAL[metric].heading, dataset, numbers.hundred(worst)[0])
                    tail: Text = ("; it could be ", interval) if interval else ()
                    said.append((f"{group[:1].upper()}{group[1:]} \N{EN DASH} ", *lowered(sentence), *tail, "."))
    return said


def _clearly(worst: Measurement, overall: Measurement) -> bool:
    """Whether a group's interval, which allows for having looked at all groups, leaves out the value for everyone."""
    interval = worst.simultaneous or worst.interval
    return interval is not None and overall.value is not None and not interval.low <= overall.value <= interval.high


def _worst_conditions(run: Run) -> list[Text]:
    for metric in ("auroc", "sensitivity", "accuracy"):
        for dataset in run.datasets:
            found = under_conditions(run, metric, dataset)
            if found:
                worst = most_harmful(found)
                severity = f", severity {worst.condition.severity}" if worst.condition.severity else ""
                return [
                    (
                        f"Input worsened by \N{LEFT DOUBLE QUOTATION MARK}{condition_title(run, worst.condition.name)}"
                        f"\N{RIGHT DOUBLE QUOTATION MARK}{severity}: {run.title_of(metric)} ",
                        numbers.value(worst),
                        ".",
                    )
                ]
    return []


def unsure(run: Run) -> Section:
    """Return what to do when in doubt."""
    return Section(
        id="unsure",
        title="What to do when unsure",
        half=True,
        blocks=_facts(run, "when_unsure", "contact"),
        audiences=("public", "clinician", "deployer"),
    )


def oversight(run: Run) -> Section:
    """Return who watches over the model."""
    return Section(
        id="oversight",
        title="Human oversight",
        half=True,
        blocks=_facts(run, "human_oversight", "users"),
        audiences=("clinician", "deployer"),
    )


def operation(run: Run) -> Section:
    """Return how the model is kept up and what it learned from."""
    return Section(
        id="operation",
        title="Operation and origin",
        blocks=_facts(run, "maintenance", "training_data", "reference_standard"),
        audiences=("deployer",),
    )


def who(run: Run) -> Section:
    """Return who stands behind the model."""
    return Section(
        id="who",
        title="Who stands behind it",
        half=True,
        blocks=_facts(run, "provider", "responsible_person", "contact"),
        audiences=("public", "clinician", "deployer"),
    )


def all_statements(run: Run) -> Section:
    """Return every statement with owner, date and review-by, for auditors."""
    keys = [*ASKED, *(key for key in run.facts if key not in ASKED)]
    return Section(
        id="statements",
        title="Statements by the provider",
        blocks=(Facts(items=tuple(item(run, key, detailed=True) for key in keys)),),
        audiences=("auditor",),
    )


def further(run: Run) -> Section | None:
    """Return statements that no other section asks for. A reader who may not read one does not see that it is there."""
    keys = [key for key in run.facts if key not in ASKED and key != FINDING]
    if not keys:
        return None
    # What only a catalogue asks for stands in its extract, and here for engineers.
    blocks = tuple(
        Facts(
            items=(item(run, key),),
            disclosure=run.facts[key].disclosure,
            audiences=("engineer",) if key in fact_keys() else AUDIENCES,
        )
        for key in keys
    )
    return Section(
        id="more-facts",
        title="Further statements",
        blocks=blocks,
        audiences=tuple(a for a in AUDIENCES if a != "auditor"),
    )


def missing(run: Run) -> Section:
    """Return the gap register."""
    measured = _not_measured(run)
    public = _together(gap.model_copy(update={"why": without_small_counts(gap.why)}) for gap in measured)
    strata = [
        Gap(what=f"Intended purpose: {one.attribute.replace('_', ' ')} {one.group}", why=_sentence(one.why))
        for one in untested(run)
    ]
    said = (*_not_said(run, simple=False), *_due(run), *_together(strata))
    simply = (*_not_said(run, simple=True), *_together(strata))
    blocks = (
        Gaps(items=(*simply, *public), none=_NOTHING_MISSING, audiences=("public",)),
        Gaps(items=(*said, *public), none=_NOTHING_MISSING, audiences=("clinician",)),
        Gaps(items=(*said, *_together(measured)), none=_NOTHING_MISSING, audiences=("deployer", "engineer", "auditor")),
    )
    return Section(id="missing", title="What was not provided or measured", half=True, blocks=blocks)


_NAMED_CELLS = 12
"""Combinations of groups that a gap names; more are counted."""
_TOGETHER = 8
"""Groups that a gap names where several lack the same; more are counted."""
_NAMED = 3
"""Metrics that a gap names; more are counted."""
_NOTHING_MISSING = "Everything that was asked for was provided and measured."


def _not_said(run: Run, *, simple: bool) -> list[Gap]:
    gaps = []
    for key, asked in ASKED.items():
        if key not in run.facts:
            why = (
                f"The provider did not say {asked.plain}."
                if simple
                else f"Not provided by the provider; needed for {asked.needed_for}."
            )
            gaps.append(Gap(what=asked.label, why=why, owner=None if simple else "not named"))
    return gaps


def _due(run: Run) -> list[Gap]:
    gaps = []
    for key, fact in run.facts.items():
        if run.started is not None and fact.review_by < run.started:
            label = ASKED[key].label if key in ASKED else _label(key)
            why = f"Due for review since {numbers.day(fact.review_by)}."
            gaps.append(Gap(what=label, why=why, owner=fact.owner, disclosure=fact.disclosure))
    return gaps


def _not_measured(run: Run) -> list[Gap]:
    """Return one gap for each thing that has no number, however many metrics it lacks and for whatever reasons."""
    gaps: list[Gap] = []
    ruled: set[str] = set()
    if run.decision:
        for verdict in run.decision.verdicts:
            if verdict.outcome is Outcome.NOT_MEASURED:
                gaps.append(Gap(what=verdict.title, why=_sentence(verdict.sentence)))
                ruled.update(verdict.measurements)
    lacking: dict[str, dict[str, list[str]]] = {}
    cells: dict[str, None] = {}
    for m in run.evidence.measurements:
        if m.status == "measured" or m.id in ruled or m.estimand == "difference" or (m.slice and m.variant):
            continue
        if len(m.slice) > 1:
            groups = {name: m.slice[name] for name in run.crossings.get(frozenset(m.slice), "").split(" x ") if name}
            cells[slice_words(run.lock, m.dataset, groups or m.slice)] = None
            continue
        what = [run.slice_label(m.dataset, m.slice)] if m.slice else []
        what += [condition_title(run, m.condition.name)] if not m.condition.is_clean else []
        # A variant may be the name of another metric, whose errors this one counts.
        what += [run.title_of(m.variant)] if m.variant else []
        title = run.title_of(m.metric)
        names = lacking.setdefault("; ".join(what) or title, {}).setdefault(m.reason or "no reason was recorded", [])
        if what and title not in names:
            names.append(title)
    for what_, reasons in lacking.items():
        why = "; ".join(f"{_named(names)}{reason}" for reason, names in reasons.items())
        gaps.append(Gap(what=f"{what_[:1].upper()}{what_[1:]}", why=_sentence(why)))
    if cells:
        named = f": {'; '.join(cells)}" if len(cells) <= _NAMED_CELLS else ""
        many = f"{numbers.in_words(len(cells))} combination{'' if len(cells) == 1 else 's'} of groups"
        why = f"{many} without some or all numbers, mostly because too few patients are in them{named}"
        gaps.append(Gap(what="Where groups meet", why=_sentence(why)))
    return gaps


def _together(gaps: Iterable[Gap]) -> list[Gap]:
    """Return gaps with those in one that are there for the same reason."""
    alike: dict[tuple[str, str | None, Disclosure], list[str]] = {}
    for gap in gaps:
        alike.setdefault((gap.why, gap.owner, gap.disclosure), []).append(gap.what)
    found = []
    for (why, owner, disclosure), things in alike.items():
        named = " \N{MIDDLE DOT} ".join(things[:_TOGETHER])
        more = f", and {len(things) - _TOGETHER} more" if len(things) > _TOGETHER else ""
        found.append(Gap(what=f"{named}{more}", why=why, owner=owner, disclosure=disclosure))
    return found


def _named(metrics: list[str]) -> str:
    """Return which metrics a gap is about: by name where they are few."""
    if not metrics:
        return ""
    if len(metrics) > _NAMED:
        return f"{numbers.in_words(len(metrics))} metrics: "
    return f"{', '.join(metrics)}: "


def _sentence(text: str) -> str:
    text = f"{text[:1].upper()}{text[1:]}".strip()
    return text if text.endswith(".") else f"{text}."
