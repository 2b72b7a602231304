"""How well confidence in recorded answers fits: what is stated, what stands in the answer, what likelihoods imply."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from evaluators.hallucination import confidence_metrics as own
from evaluators.hallucination.confidence import Confidence
from evaluators.hallucination.recorded.consistency import key_of_answer, keys_of
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.quantity import Quantity, absent
from governance.datasets.generations.record import GenerationRecord

_WRITTEN = re.compile(
    r"\bconfidence\s*[:=]\s*(?P<number>\d{1,3}(?:\.\d{1,6})?)\s*(?P<percent>%?)(?!\w|\.\d)", re.IGNORECASE
)
WHAT = "patients with an answer and a confidence of which it is known whether it is right"


def written_confidence(text: str) -> float | None:
    """Read a confidence that stands in an answer as ``Confidence: 80%`` or ``Confidence: 0.8``; 0 to 1.

    None where there is none, it lies outside of the range, a number above 1 has no percent sign, or two differ: what is
    not clear is not guessed.
    """
    found: set[float] = set()
    for match in _WRITTEN.finditer(text):
        number = float(match["number"])
        value = number / 100 if match["percent"] else number
        if not 0 <= value <= 1:
            return None
        found.add(value)
    return found.pop() if len(found) == 1 else None


def _likelihood(record: GenerationRecord) -> float | None:
    return None if record.log_probability is None else math.exp(record.log_probability)


def _agreement(record: GenerationRecord) -> float | None:
    """Share of the further answers that say what the answer says."""
    if len(record.samples) < 2:
        return None
    return Counter(keys_of(record))[key_of_answer(record)] / len(record.samples)


KINDS: dict[str, Callable[[GenerationRecord], float | None]] = {
    "stated": lambda record: record.confidence,
    "written in the answer": lambda record: written_confidence(record.generation or ""),
    "likelihood of the answer": _likelihood,
    "agreement of further answers": _agreement,
}
"""Where a confidence comes from, which is the variant of its measurements."""


def calibration(records: Records, seed: int, replicates: int) -> Iterator[Quantity]:
    """Give, for every kind of confidence that records hold, its errors and how often answers are right at it."""
    right, known = records.correctness
    any_kind = False
    for kind, read in KINDS.items():
        values = np.full(records.n, np.nan)
        for place, record in enumerate(records.records):
            if record is not None and record.generation is not None:
                found = read(record)
                values[place] = np.nan if found is None else found
        if not np.isfinite(values).any():
            continue
        any_kind = True
        sure = Confidence(values, right, known, records.codes, records.n_clusters, seed, replicates)
        if not sure.usable.any():
            reason = "of no answer with such a confidence it is known whether it is right"
            yield absent(own.CONFIDENCE_ERROR, reason, records.n, variant=kind)
            continue
        about = {"variant": kind}
        yield Quantity(own.CONFIDENCE_ERROR, sure.usable, sure.error, WHAT, about)
        yield Quantity(own.CONFIDENCE_BRIER, sure.usable, sure.brier, WHAT, about)
        yield Quantity(own.OVERCONFIDENCE, sure.usable, sure.excess, WHAT, about)
        for number, mask, mean in sure.bins():
            point = {**about, "curve": {"bin": number, "confidence": round(mean, 6)}}
            yield Quantity(own.RELIABILITY, mask, sure.share_right, WHAT, point, compared=False)
    if not any_kind:
        yield absent(own.CONFIDENCE_ERROR, "no record has a confidence, a likelihood or further answers", records.n)
