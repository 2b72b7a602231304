"""Rules about the run itself: where it computed, on which data, how old it is, and what was stated beside it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from governance.evidence.columnar import ColumnarEvidence
from governance.evidence.model import Evidence
from governance.policy.model import Outcome
from governance.policy.rules import Check
from governance.policy.wording import plural
from governance.spec.document import PLACEHOLDER

Found = tuple[Outcome, str]


@dataclass(frozen=True)
class Circumstances:
    """What provenance rules are held against.

    Attributes
    ----------
    plan
        Content of `spec.lock.json`.
    today
        The day of the decision.
    measured_on
        The day on which the run ended, None where it is not known.
    lineage
        What keeps the licence from being clean: none where it is, None where no licence is given.
    """

    evidence: Evidence | ColumnarEvidence
    plan: Mapping[str, Any]
    today: dt.date
    measured_on: dt.date | None = None
    lineage: tuple[str, ...] | None = None


def checked(check: Check, about: Circumstances) -> Found:
    """Return what a provenance rule came to, and the sentence that says why; what is not known is not measured."""
    return _CHECKS[check.kind](check, about)


def _among(what: str, found: str, allowed: tuple[str, ...]) -> Found:
    listed = " or ".join(allowed)
    if found in allowed:
        return Outcome.PASS, f"{what} {found}, as asked for"
    return Outcome.FAIL, f"{what} {found}, not {listed}"


def _device(check: Check, about: Circumstances) -> Found:
    return _among("computed on", about.evidence.provenance.device.split(":")[0], check.device or ())


def _precision(check: Check, about: Circumstances) -> Found:
    return _among("computed in", about.evidence.provenance.precision, check.precision or ())


def _seeds(check: Check, about: Circumstances) -> Found:
    asked = check.seeds
    if asked is None:
        raise TypeError("a check of seeds has seeds")
    seeds = about.evidence.seeds(asked.evaluator)
    if not seeds:
        return Outcome.NOT_MEASURED, f"not measured: {asked.evaluator} gave no measurement of a single seed"
    text = f"{asked.evaluator} was repeated with {plural(len(seeds), 'seed')}"
    if len(seeds) >= asked.at_least:
        return Outcome.PASS, f"{text}, at least {asked.at_least}"
    return Outcome.FAIL, f"{text}, fewer than {asked.at_least}"


def _age(check: Check, about: Circumstances) -> Found:
    most = check.measured_within_days or 0
    if about.measured_on is None:
        return Outcome.NOT_MEASURED, "not measured: the run does not say when it ended"
    age = (about.today - about.measured_on).days
    if age < 0:
        return (
            Outcome.NOT_MEASURED,
            f"not measured: the run ended on {about.measured_on}, after the day of the decision",
        )
    text = f"measured on {about.measured_on}, {plural(age, 'day')} before this decision"
    if age <= most:
        return Outcome.PASS, f"{text}, within {most}"
    return Outcome.FAIL, f"{text}, more than {most}"


def _facts(check: Check, about: Circumstances) -> Found:
    stated: Mapping[str, Any] = about.plan.get("spec", {}).get("facts") or {}
    asked = check.facts or ()
    missing = [name for name in asked if name not in stated]
    empty = [name for name in asked if name in stated and PLACEHOLDER in str(stated[name].get("statement", "")).lower()]
    due = [
        f"{name} (by {stated[name].get('owner')}, due {stated[name].get('review_by')})"
        for name in asked
        if name in stated and _due(stated[name], about.today)
    ]
    wrong = [
        f"{what}: {', '.join(names)}"
        for what, names in (("not stated", missing), ("not filled in", empty), ("due for review", due))
        if names
    ]
    if wrong:
        return Outcome.FAIL, f"of {plural(len(asked), 'statement')} asked for, {'; '.join(wrong)}"
    return Outcome.PASS, f"{', '.join(asked)} {'is' if len(asked) == 1 else 'are'} stated and not due for review"


def _due(fact: Mapping[str, Any], today: dt.date) -> bool:
    try:
        return dt.date.fromisoformat(str(fact.get("review_by"))) < today
    except ValueError:
        return True


def _lineage(check: Check, about: Circumstances) -> Found:  # noqa: ARG001
    if about.lineage is None:
        return Outcome.FAIL, "no licence is given"
    if about.lineage:
        return Outcome.FAIL, f"the licence lineage is not clean: {'; '.join(about.lineage)}"
    return Outcome.PASS, "a licence is given, what it builds on is stated, and nothing is left to settle"


def _digests(check: Check, about: Circumstances) -> Found:
    datasets: Mapping[str, Any] = about.plan.get("datasets", {})
    asked = dict(sorted((check.dataset_digest or {}).items()))
    missing = [name for name in asked if name not in datasets]
    if missing:
        return Outcome.NOT_MEASURED, f"not measured: the run had no dataset {', '.join(missing)}"
    other = [name for name, digest in asked.items() if datasets[name].get("digest") != digest]
    if other:
        found = ", ".join(f"{name} has {str(datasets[name].get('digest'))[:12]}" for name in other)
        return Outcome.FAIL, f"measured on other data than declared: {found}"
    return Outcome.PASS, f"the content of {', '.join(asked)} is as declared"


def _overlap(check: Check, about: Circumstances) -> Found:
    asked = check.no_patient_in_both or ()
    datasets: Mapping[str, Any] = about.plan.get("datasets", {})
    missing = [name for name in asked if name not in datasets]
    if missing:
        return Outcome.NOT_MEASURED, f"not measured: the run had no dataset {', '.join(missing)}"
    shared: list[str] = []
    unknown: list[str] = []
    for first, second in itertools.combinations(asked, 2):
        count = (datasets[first].get("shares") or {}).get(second)
        if count is None:
            unknown.append(f"{first} and {second}")
        elif count:
            shared.append(f"{plural(int(count), 'patient')} in {first} and {second}")
    if shared:
        return Outcome.FAIL, f"in two datasets at once: {', '.join(shared)}"
    if unknown:
        return Outcome.NOT_MEASURED, f"not measured: patients cannot be told in {', '.join(unknown)}"
    return Outcome.PASS, f"no patient is in two of {', '.join(asked)}"


_CHECKS: Mapping[str, Callable[[Check, Circumstances], Found]] = {
    "device": _device,
    "precision": _precision,
    "seeds": _seeds,
    "measured_within_days": _age,
    "facts": _facts,
    "licence_lineage": _lineage,
    "dataset_digest": _digests,
    "no_patient_in_both": _overlap,
}
