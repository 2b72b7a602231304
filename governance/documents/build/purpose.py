"""The intended purpose: the provider's words, verbatim and with their digest, and whom of it nobody tested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from governance.documents import numbers
from governance.documents.blocks import Prose
from governance.documents.build.run import Run
from governance.evidence.canonical import digest_json
from governance.spec.cross_references import PURPOSE

_TESTING = "testing"


@dataclass(frozen=True)
class Untested:
    """A group that the intended purpose covers and no testing dataset shows enough of, and why."""

    attribute: str
    group: str
    why: str


def purpose_digest(run: Run) -> str | None:
    """Return the SHA-256 of the purpose and its strata, None where no purpose is stated."""
    fact = run.facts.get(PURPOSE)
    if fact is None:
        return None
    return digest_json({"statement": fact.statement, "strata": {k: list(v) for k, v in fact.strata.items()}})


def verbatim(run: Run) -> Prose | None:
    """Return the note that stands below the purpose in every document."""
    digest = purpose_digest(run)
    if digest is None:
        return None
    said = f"The intended purpose in the provider's own words; digest {numbers.short(digest)}."
    return Prose(paragraphs=((said,),), style="note")


def untested(run: Run) -> Iterator[Untested]:
    """Yield the strata of the purpose that were not tested, by attribute.

    A stratum is tested where a testing dataset has at least as many patients of it as the run asks for, and at least
    one number of it was measured.
    """
    fact = run.facts.get(PURPOSE)
    least = int(run.settings.get("minimum_patients") or 0)
    for attribute, groups in (fact.strata if fact else {}).items():
        for group in groups:
            why = _why_untested(run, attribute, group, least)
            if why is not None:
                yield Untested(attribute, group, why)


def _why_untested(run: Run, attribute: str, group: str, least: int) -> str | None:
    reasons = []
    for name, dataset in run.datasets.items():
        if dataset.get("role") != _TESTING:
            continue
        known = (dataset.get("attributes") or {}).get(attribute)
        if known is None:
            reasons.append(f"{name} does not record {attribute.replace('_', ' ')}")
            continue
        patients = (known["groups"].get(group) or {}).get("clusters")
        if not patients:
            reasons.append(f"{name} has nobody of it")
        elif patients < least:
            reasons.append(f"{name} has fewer than {least} patients of it")
        elif not run.find(dataset=name, slice={attribute: group}, status="measured"):
            reasons.append(f"nothing was measured of it in {name}")
        else:
            return None
    return "; ".join(reasons) or "the run has no testing dataset"
