"""Counterfactual versions among recorded answers: records of one pair whose `variant` describes the patient otherwise.

Their variants are named as `evaluators.hallucination.counterfactual.variants` says: ``sex=female``,
``sex=female,age=80``, and ``sex=female,wording=2`` for the same in other words. The record without a variant is the
question as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from evaluators.grouping import Minimums, Slice, members
from evaluators.hallucination.counterfactual.measures import UNREAD, Counterfactuals, Version
from evaluators.hallucination.counterfactual.metrics import FLIP_RATE
from evaluators.hallucination.counterfactual.variants import BARE, name_of, read_name
from evaluators.hallucination.parsing import read_choice
from evaluators.hallucination.recorded.choices import read_option
from evaluators.hallucination.recorded.labels import read_label
from evaluators.hallucination.recorded.observed import YES_NO, Records
from evaluators.hallucination.recorded.quantity import Quantity, absent
from evaluators.records import Recorder
from governance.datasets.generations.record import HUMAN, GenerationRecord
from governance.evidence.model import Measurement


def unnamed(records: Records) -> Iterator[Quantity]:
    """Say so where no record is a counterfactual version; `recorded_counterfactuals` measures those that are."""
    if not any(_name(record) not in (None, BARE) for record in records.records):
        reason = "no record describes the patient of a question otherwise (`variant` such as sex=female)"
        yield absent(FLIP_RATE, reason, records.n)


def recorded_counterfactuals(
    records: Records, recorder: Recorder, minimums: Minimums, cells: Sequence[Slice]
) -> Iterator[Measurement]:
    """Measure all versions of the same items against each other; nothing where there is none."""
    places: dict[str, dict[str, int]] = {}
    for place, record in enumerate(records.records):
        name = _name(record)
        if record is not None and name is not None:
            places.setdefault(record.pair, {}).setdefault(name, place)
    items = [found for found in places.values() if set(found) != {BARE}]
    if not items:
        return
    names = dict.fromkeys(name for found in items for name in found)
    first = np.array([next(iter(found.values())) for found in items])
    versions = {name: _version(records, [found.get(name) for found in items]) for name in names}
    yield from Counterfactuals(
        recorder=recorder,
        minimums=minimums,
        versions=dict(sorted(versions.items())),
        absent=np.array([_asks_about_absent(records.records[place]) for place in first], dtype=bool),
        codes=records.codes[first],
        n_clusters=records.n_clusters,
        cells=[(cell, members(cell, records.dataset)[first]) for cell in cells],
    ).measure()


def _name(record: GenerationRecord | None) -> str | None:
    """Return the name of a record's version, always in the same order; None for what is none."""
    if record is None:
        return None
    if record.is_baseline or record.variant is None:
        return BARE
    read = read_name(record.variant)
    return None if read is None else name_of(dict(sorted(read[0].items())), read[1])


def _version(records: Records, places: Sequence[int | None]) -> Version:
    right, known = records.correctness
    found = [records.records[place] if place is not None else None for place in places]
    readings = [_reading(record) for record in found]
    at = np.array([place if place is not None else -1 for place in places])
    there = at >= 0
    asserts = np.array([reading == _number("yes") for reading in readings], dtype=bool)
    return Version(
        asked=np.array([reading is not None for reading in readings], dtype=bool),
        reading=np.array([UNREAD if reading is None else reading for reading in readings], dtype=np.int64),
        right=there & right[at],
        known=there & known[at],
        asserts_absent=asserts & np.array([_asks_about_absent(record) for record in found], dtype=bool),
        probability=np.full(len(found), np.nan),
    )


def _asks_about_absent(record: GenerationRecord | None) -> bool:
    if record is None or record.options or record.reference is None:
        return False
    return read_choice(record.reference, YES_NO) == "no"


def _reading(record: GenerationRecord | None) -> int | None:
    """Return the number of an answer as it was read; None where there is no answer, or no rule to read it by."""
    if record is None or record.generation is None:
        return None
    if record.options:
        return _number(read_option(record.generation, record.options))
    if record.reference is not None and read_choice(record.reference, YES_NO) is not None:
        return _number(read_choice(record.generation, YES_NO))
    judged = record.judged_by(HUMAN)
    label = read_label(judged.label) if judged is not None else None
    return None if label is None else _number(str(label))


def _number(reading: str | None) -> int:
    """Return a number by which equal readings are equal, in every run alike."""
    return UNREAD if reading is None else int.from_bytes(reading.encode()[:7], "big")
