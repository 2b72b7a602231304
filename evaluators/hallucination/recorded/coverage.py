"""Findings that answers name, beside those that their references have: coverage and CHAIR.

A reference is the list of findings of a record where it has one, else what the lexicon finds in its text, where that
names any finding at all. A bare "yes" or "no" says nothing about the findings that an answer may name.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluators.estimates import Bools
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.lexicon import ASSERTED, DENIED, OPEN, Lexicon, findings
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.quantity import Quantity, absent, counted_share, share
from governance.datasets.generations.record import GenerationRecord
from governance.evidence.model import Scalar

_COLUMNS = ("named_in_reference", "covered", "asserted", "not_there", "left_open", "denied")


def coverage(records: Records, lexicon: Lexicon | None = None) -> Iterator[Quantity]:
    """Give coverage, CHAIR_i and CHAIR_s for everything and each task type; by default with the lexicon that ships."""
    lexicon = lexicon or findings()
    known, counts = _counts(records, lexicon)
    if not known.any():
        for metric in (own.FINDING_COVERAGE, own.CHAIR_MENTIONS, own.CHAIR_ANSWERS):
            yield absent(metric, "no record has both an answer and a reference that names a finding", records.n)
        return
    column = {name: counts[:, place] for place, name in enumerate(_COLUMNS)}

    def about(inside: Bools) -> dict[str, Scalar]:
        total = counts[inside].sum(axis=0)
        return {
            "lexicon": lexicon.called,
            "records_without_known_findings": int(np.sum(records.answered & ~known)),
            **{name: int(value) for name, value in zip(_COLUMNS, total, strict=True)},
        }

    for name, part in records.parts:
        here = known & part
        if name is not None and not here.any():
            continue
        yield counted_share(
            records,
            own.FINDING_COVERAGE,
            (column["covered"], column["named_in_reference"]),
            here & (column["named_in_reference"] > 0),
            "patients whose reference has a finding",
            parameters=about,
            variant=name,
        )
        yield counted_share(
            records,
            own.CHAIR_MENTIONS,
            (column["not_there"], column["asserted"]),
            here & (column["asserted"] > 0),
            "patients whose answer asserts a finding",
            parameters=about,
            variant=name,
        )
        what = "patients with an answer and a reference"
        yield share(records, own.CHAIR_ANSWERS, column["not_there"] > 0, here, what, parameters=about, variant=name)


def reference_findings(record: GenerationRecord, lexicon: Lexicon) -> dict[str, str] | None:
    """Return what the reference says of findings, or None where it says nothing of any."""
    if record.findings:
        return {name: ASSERTED if there else DENIED for name, there in record.findings.items()}
    return (lexicon.read(record.reference) or None) if record.reference else None


def compare(answer: dict[str, str], reference: dict[str, str]) -> tuple[int, ...]:
    """Count, in the order of `_COLUMNS`.

    Findings that the reference asserts; those of them that the answer asserts; findings that the answer asserts; those
    of them that the reference neither asserts nor leaves open; reference findings that the answer leaves open; and that
    it denies.
    """
    there = {name for name, status in reference.items() if status == ASSERTED}
    maybe = {name for name, status in reference.items() if status == OPEN}
    said = {name for name, status in answer.items() if status == ASSERTED}
    return (
        len(there),
        len(there & said),
        len(said),
        len(said - there - maybe),
        sum(answer.get(name) == OPEN for name in there),
        sum(answer.get(name) == DENIED for name in there),
    )


def _counts(records: Records, lexicon: Lexicon) -> tuple[Bools, np.ndarray[tuple[int, int], np.dtype[np.int64]]]:
    counts = np.zeros((records.n, len(_COLUMNS)), dtype=np.int64)
    known = np.zeros(records.n, dtype=bool)
    for place, record in enumerate(records.records):
        if record is None or record.generation is None:
            continue
        reference = reference_findings(record, lexicon)
        if reference is None:
            continue
        known[place] = True
        counts[place] = compare(lexicon.read(record.generation), reference)
    return known, counts
