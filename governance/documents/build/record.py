"""The record for auditors: which device, which criteria and when they were set, what they support, which data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from governance.documents import numbers
from governance.documents.blocks import (
    AnyBlock,
    Audience,
    Column,
    DataTable,
    Facts,
    Properties,
    Prose,
    Signature,
    Text,
    Trace,
    VerdictList,
)
from governance.documents.build.first import item, sorted_verdicts
from governance.documents.build.run import Run
from governance.documents.build.statements import item as fact_item
from governance.documents.build.statements import statement
from governance.documents.content import Section
from governance.documents.wording import WORDS
from governance.policy.model import Decision

_AUDITOR: tuple[Audience, ...] = ("auditor",)
_ARTICLE = "The bars were chosen by the provider. Regulation (EU) 2024/1689 sets no numerical limit for these metrics."


def identity(run: Run) -> Section:
    """Return who stands behind the model, and which run this is."""
    items: list[tuple[str, Text]] = [
        ("Provider", (statement(run, "provider"),)),
        ("Responsible person", (statement(run, "responsible_person"),)),
        ("Contact", (statement(run, "contact"),)),
        ("Users", (statement(run, "users"),)),
        ("Loosened by the spec", ("; ".join(loosened(run.lock)) or "nothing",)),
        ("Measured on", (numbers.day(run.started) if run.started else "not recorded",)),
        ("Run", (run.folder.run_id,)),
        ("Digest of the evidence", (run.evidence_digest,)),
    ]
    blocks = (Properties(items=tuple(items)),)
    return Section(id="identity", title="Who stands behind it, and this run", blocks=blocks, audiences=_AUDITOR)


def loosened(lock: Mapping[str, Any]) -> list[str]:
    """Return which of the toolkit's safe defaults explicit keys of the spec loosened."""
    subject = (lock.get("spec") or {}).get("subject") or {}
    options = subject.get("options") or {}
    found = (
        ["pickled weights may be read, which can run code (allow_pickle: true)"] if subject.get("allow_pickle") else []
    )
    if options.get("network"):
        place = urlsplit(str(options.get("base_url"))).netloc
        found.append(
            f"questions were sent over the network to {place} (network: true); which weights answered there cannot be "
            "told from here, and they can change without notice"
        )
    return found


def policy(run: Run) -> Section:
    """Return who set which criteria and whether they were recorded before anything was measured."""
    decision = run.decision
    if decision is None:
        blocks: tuple[AnyBlock, ...] = (Prose(paragraphs=(("No decision has been made on these measurements.",),)),)
    else:
        when = (
            "yes: recorded before the run by this installation; not proven to third parties (no timestamp token)"
            if decision.recorded_before_run
            else "no: these criteria were set or changed after the measurements were known"
        )
        counts = ", ".join(
            f"{sum(v.outcome.value == key for v in decision.verdicts)} {word}" for key, word in WORDS.items()
        )
        items: list[tuple[str, Text]] = [
            ("Policy", (f"{decision.policy} {decision.policy_version}",)),
            ("Digest of the policy", (decision.policy_digest,)),
            ("Recorded before the run", (when,)),
            ("Outcome", (f"{decision.summary} (exit code {int(decision.exit_code)})",)),
            ("Verdicts", (counts,)),
            *_built_on(decision),
        ]
        blocks = (Properties(items=tuple(items)), Prose(paragraphs=((_ARTICLE,),), style="note"))
    return Section(id="policy", title="Criteria", blocks=blocks, audiences=_AUDITOR)


def _built_on(decision: Decision) -> list[tuple[str, Text]]:
    """Say what a decision builds on: policies taken over, what was changed, dropped or waived, and earlier looks."""
    found: list[tuple[str, Text]] = [
        ("Extends", (f"{one.policy} {one.version}, digest {one.digest[:16]}",)) for one in decision.inherited
    ]
    found += [
        ("Changed rule", (f"{one.rule} of {one.origin}: {_change(one.overridden)}",))
        for one in decision.verdicts
        if one.overridden
    ]
    found += [
        ("Dropped rule", (f"{one.rule} of {one.origin}: {one.reason} ({one.set.by}, {one.set.on})",))
        for one in decision.dropped
    ]
    found += [
        ("Waiver", (f"{one.rule}, by {one.waiver.owner}, {one.waiver.granted_on} to {one.waiver.expires_on}",))
        for one in decision.verdicts
        if one.waiver
    ]
    found += [("Waiver not used", (f"{one.rule} for {one.model}: {one.why}",)) for one in decision.ignored_waivers]
    if decision.baseline:
        found.append(("Held against", (decision.baseline.words,)))
    for one in decision.looks:
        plan = f", {one.planned} planned" if one.planned else ""
        counted = f"decision {one.number} about this model{plan}; looks before this folder of runs are not known"
        found.append((f"Looks at {one.dataset}", (counted,)))
    if decision.decided_on:
        found.append(("Day of the decision", (str(decision.decided_on),)))
    if decision.exploratory:
        found.append(("Exploratory", (decision.exploratory,)))
    return found


def _change(overridden: Mapping[str, Any]) -> str:
    setting = overridden.get("set") or {}
    before = ", ".join(f"{key} was {value}" for key, value in (overridden.get("before") or {}).items())
    return f"{before}; {overridden.get('reason')} ({setting.get('by')}, {setting.get('on')})"


def rules(run: Run) -> Section | None:
    """Return every rule with its bar, who set it and when, and what it came to."""
    verdicts = sorted_verdicts(run)
    if not verdicts:
        return None
    block = VerdictList(items=tuple(item(v) for v in verdicts), detailed=True)
    return Section(id="rules", title="Every rule", blocks=(block,), audiences=("engineer", "auditor"))


def requirements(run: Run) -> Section | None:
    """Return which requirements the rules say they support."""
    supported: dict[str, list[Any]] = {}
    for verdict in sorted_verdicts(run):
        for requirement in verdict.supports:
            supported.setdefault(requirement, []).append(verdict)
    if not supported:
        return None
    rows: list[tuple[Text, ...]] = [
        ((requirement,), ("; ".join(f"{v.title} ({WORDS[v.outcome.value]})" for v in verdicts),))
        for requirement, verdicts in sorted(supported.items())
    ]
    columns = (Column(title="Requirement", code=True), Column(title="Rules and their verdicts"))
    caption = "A result supports the items named here; it does not show that they are fulfilled."
    blocks = (DataTable(id="requirements-table", caption=(caption,), columns=columns, rows=tuple(rows)),)
    return Section(
        id="requirements", title="Requirements that the measurements support", blocks=blocks, audiences=_AUDITOR
    )


def data(run: Run) -> Section:
    """Return what the numbers rest on: datasets, their groups and digests."""
    columns = (
        Column(title="Dataset"),
        Column(title="Role"),
        Column(title="Cases", numeric=True),
        Column(title="Patients", numeric=True),
        *((Column(title="Positive", numeric=True),) if run.has_positives else ()),
        Column(title="Digest", code=True),
    )
    rows: list[tuple[Text, ...]] = []
    for name, dataset in run.datasets.items():
        title = dataset.get("title")
        patients = dataset.get("clusters") if dataset.get("clustered") else None
        rows.append(
            (
                (f"{name}: {title}" if title else name,),
                (str(dataset.get("role", "")),),
                _count(dataset.get("n")),
                _count(patients) if patients is not None else ("as cases",),
                *((_count(dataset.get("events")),) if run.has_positives else ()),
                (numbers.short(str(dataset.get("digest", ""))),),
            )
        )
    blocks: list[AnyBlock] = [
        DataTable(
            id="datasets",
            caption=("The data of this run, as counted when it was opened.",),
            columns=columns,
            rows=tuple(rows),
        )
    ]
    reasons = dict.fromkeys(str(d["cluster_reason"]) for d in run.datasets.values() if d.get("cluster_reason"))
    if reasons:
        parts = tuple((f"Every case counts as a patient of its own: {reason}",) for reason in reasons)
        blocks.append(Prose(paragraphs=parts, style="note"))
    groups = _inventory(run)
    if groups:
        blocks.append(groups)
    blocks.append(
        Facts(
            items=tuple(fact_item(run, key) for key in ("training_data", "reference_standard")),
            audiences=("clinician", "engineer"),
        )
    )
    return Section(
        id="data", title="Data", blocks=tuple(blocks), audiences=("clinician", "deployer", "engineer", "auditor")
    )


def _count(number: int | None) -> Text:
    return ("not applicable" if number is None else numbers.thousands(number),)


def _inventory(run: Run) -> DataTable | None:
    rows: list[tuple[Text, ...]] = []
    for name in run.datasets:
        for attribute, title, names in run.groupings(name):
            found = run.datasets[name]["attributes"][attribute]["groups"]
            for group in names:
                entry = found.get(group) or {}
                label = run.group_label(name, attribute, group)
                rows.append(
                    (
                        (name,),
                        (title,),
                        (label,),
                        _count(entry.get("n")),
                        _count(entry.get("clusters")),
                        *((_count(entry.get("events")),) if run.has_positives else ()),
                    )
                )
    if not rows:
        return None
    columns = (
        Column(title="Dataset"),
        Column(title="Attribute"),
        Column(title="Group"),
        Column(title="Cases", numeric=True),
        Column(title="Patients", numeric=True),
        *((Column(title="Positive", numeric=True),) if run.has_positives else ()),
    )
    return DataTable(
        id="inventory",
        caption=("Groups in the data.",),
        columns=columns,
        rows=tuple(rows),
        audiences=("engineer", "auditor"),
    )


def hazards(run: Run) -> Section:
    """Return what could go wrong for whom, which rules control it, and what risk remains."""
    outcomes = {v.rule: WORDS[v.outcome.value] for v in sorted_verdicts(run)}
    rows: list[tuple[Text, ...]] = []
    for key, hazard in run.hazards.items():
        controls = ", ".join(f"{rule} ({outcomes.get(rule, 'no such rule in the policy')})" for rule in hazard.controls)
        rows.append(
            (
                (key,),
                (f"{hazard.hazard}. {hazard.situation}" if hazard.situation else hazard.hazard,),
                (f"{hazard.harm} ({hazard.who}; {hazard.severity})",),
                (controls or "none",),
                (hazard.residual_risk or "not provided by the provider; needed for Art. 9(5)",),
                (hazard.accepted_by or "nobody named",),
            )
        )
    if not rows:
        gap = ("No hazards were provided by the provider; needed for Annex IV(5).",)
        return Section(
            id="hazards", title="Hazards", blocks=(Prose(paragraphs=(gap,)),), audiences=("deployer", "auditor")
        )
    columns = tuple(
        Column(title=title, code=title == "Id")
        for title in ("Id", "Hazard", "Harm", "Controlled by", "Risk that remains", "Accepted by")
    )
    block = DataTable(
        id="hazards-table", caption=("Hazards that the provider named.",), columns=columns, rows=tuple(rows)
    )
    return Section(id="hazards", title="Hazards", blocks=(block,), audiences=("deployer", "auditor"))


def trace(_run: Run) -> Section:
    """Return the place where the trace of the printed numbers goes; it is filled when a reader is chosen."""
    return Section(id="trace", title="Where each number comes from", blocks=(Trace(),), audiences=_AUDITOR)


def signature(run: Run) -> Section:
    """Return an empty signature field."""
    block = Signature(
        purpose="I have read this record and the measurements that it refers to (Annex IV(2)(g)).",
        name=(statement(run, "responsible_person"),),
    )
    return Section(id="signature", title="Signature", blocks=(block,), audiences=_AUDITOR)
