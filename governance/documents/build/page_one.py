"""Page one for auditors: which device, whose, under which criteria, on whom, with which result, and what is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from governance.documents import numbers
from governance.documents.blocks import Gaps, Properties, Text
from governance.documents.build.first import least, sorted_verdicts
from governance.documents.build.purpose import purpose_digest
from governance.documents.build.run import NOT_RECORDED, Run
from governance.documents.build.statements import statement
from governance.documents.content import Section
from governance.documents.wording import ORDER, WORDS
from governance.policy.model import Decision
from governance.spec.regulatory import UNKNOWN, Regulatory

Item = tuple[str, Text]

_IDENTIFIED = (
    ("Product", "product_name"),
    ("UDI-DI", "udi_di"),
    ("Basic UDI-DI", "basic_udi_di"),
    ("Manufacturer", "manufacturer"),
    ("Single registration number (SRN)", "srn"),
    ("Authorised representative", "authorised_representative"),
    ("Person responsible for regulatory compliance", "person_responsible"),
    ("Device law", "sector_regime"),
    ("Class", "device_class"),
    ("Classification rule", "device_rule"),
    ("Notified body", "notified_body"),
)
"""Rows and the keys of `regulatory` that fill them."""
_PLACES = (("Sites", ("site", "hospital", "centre")), ("Countries", ("country",)), ("Dates", ("period", "year")))
"""What the test population is described by, and the names of attributes that tell it."""
_DOES_NOT_SHOW = (
    "Anything beyond retrospective technical performance on these data: it is no clinical evaluation, says nothing of "
    "use in care, and does not say that a law or standard is fulfilled"
)


def page_one(run: Run, missing: Section) -> Section:
    """Return the first page of the record for auditors; `missing` is the section that lists what is."""
    regulatory = Regulatory.model_validate(run.lock["spec"].get("regulatory") or {})
    blocks = (
        Properties(items=tuple(_device(run, regulatory))),
        Properties(items=tuple(_criteria(run))),
        Properties(items=tuple(_population(run))),
        Properties(items=tuple(_result(run, missing))),
    )
    return Section(id="page-one", title="At a glance", blocks=blocks, audiences=("auditor",))


def _device(run: Run, stated: Regulatory) -> Iterator[Item]:
    subject = run.subject
    yield "Model", (f"{subject['name']} {subject['version']} ({subject['kind']}, {subject['task']})",)
    yield "Digest of the model", (str(subject.get("digest") or "not recorded"),)
    stated_of = {title: stated.value(key) for title, key in _IDENTIFIED}
    yield from ((title, (value,)) for title, value in stated_of.items() if value != UNKNOWN)
    lacking = [title for title, value in stated_of.items() if value == UNKNOWN]
    if lacking:
        yield "Not provided by the provider", (", ".join(lacking),)
    digest = purpose_digest(run)
    yield "Intended purpose", (statement(run, "intended_purpose"),)
    if digest is not None:
        yield "Digest of the purpose", (digest,)


def _criteria(run: Run) -> Iterator[Item]:
    decision = run.decision
    if decision is None:
        yield "Criteria", ("no decision has been made on these measurements",)
        return
    yield "Criteria", (f"{decision.policy} {decision.policy_version}, digest {numbers.short(decision.policy_digest)}",)
    yield "Set by", (_set_by(decision),)
    recorded = "before the run, by this installation" if decision.recorded_before_run else "not before the run"
    yield "Recorded", (f"{recorded}; time not independently proven (no timestamp token)",)
    for look in decision.looks:
        plan = f" of {look.planned} planned" if look.planned else ""
        yield f"Looks at {look.dataset}", (f"decision {look.number}{plan} about this model",)
    if decision.baseline:
        yield "Held against", (decision.baseline.words,)


def _set_by(decision: Decision) -> str:
    settings = [verdict.set or {} for verdict in decision.verdicts]
    people = Counter(str(one.get("by") or "nobody named") for one in settings)
    days = sorted(str(one["on"]) for one in settings if one.get("on"))
    span = "" if not days else f", on {days[0]}" if days[0] == days[-1] else f", from {days[0]} to {days[-1]}"
    return "; ".join(_rules(who, count) for who, count in people.most_common()) + span if people else "no rules"


def _rules(who: str, count: int) -> str:
    return f"{who} ({count} rule{'' if count == 1 else 's'})"


def _population(run: Run) -> Iterator[Item]:
    for name, dataset in run.datasets.items():
        if dataset.get("role") != "testing":
            continue
        patients = dataset.get("clusters") if dataset.get("clustered") else dataset.get("n")
        cases = f"{numbers.thousands(int(dataset['n']))} cases of " if dataset.get("clustered") else ""
        text = (
            f"{cases}{numbers.thousands(int(patients or 0))} patients, digest {numbers.short(str(dataset['digest']))}"
        )
        yield f"Tested on {dataset.get('title') or name}", (text,)
        known = dataset.get("attributes") or {}
        for title, names in _PLACES:
            attribute = next((one for one in names if one in known), None)
            if attribute is None:
                yield title, (f"not recorded in {name}",)
                continue
            groups = [
                f"{run.group_label(name, attribute, group)} ({counts['clusters']})"
                for group, counts in known[attribute]["groups"].items()
                if group != NOT_RECORDED and counts["clusters"]
            ]
            yield title, (f"{', '.join(groups)} (patients)",)


def _result(run: Run, missing: Section) -> Iterator[Item]:
    if run.decision is not None:
        counts = Counter(WORDS[verdict.outcome.value] for verdict in sorted_verdicts(run))
        said = ", ".join(f"{counts[word]} {word}" for word in ORDER if counts[word])
        yield "Verdicts", (said or "none: no criteria were set",)
        yield "Outcome", (f"{run.decision.summary} (exit code {int(run.decision.exit_code)})",)
    worst = least(run)
    yield "Worst group", worst or ("none is called by the evidence",)
    gaps = next(
        len(block.items) for block in missing.blocks if isinstance(block, Gaps) and "auditor" in block.audiences
    )
    yield (
        "Open gaps",
        (f"{gaps}; listed under \N{LEFT DOUBLE QUOTATION MARK}{missing.title}\N{RIGHT DOUBLE QUOTATION MARK}",),
    )
    yield "Signature", ("none: the field at the end of this document is empty",)
    yield "What this does not show", (_DOES_NOT_SHOW,)
