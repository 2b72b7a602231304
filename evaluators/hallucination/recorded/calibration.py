"""How well confidence in recorded answers fits: what is stated, what stands in the answer, what likelihoods imply."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from evaluators.estimates import Bools, Estimate
from evaluators.hallucination import confidence_metrics as own
from evaluators.hallucination.confidence import Confidence
from evaluators.hallucination.recorded.choices import read_option
from evaluators.hallucination.recorded.consistency import key_of_answer, keys_of, likelihoods
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.quantity import Quantity, absent
from governance.datasets.generations.record import GenerationRecord
from governance.evidence.model import Scalar

_WRITTEN = re.compile(
    r"\bconfidence\s*[:=]\s*(?P<number>\d{1,3}(?:\.\d{1,6})?)\s*(?P<percent>%?)(?!\w|\.\d)", re.IGNORECASE
)
_MENTIONED = re.compile(r"\bconfidence\b", re.IGNORECASE)
TOKENS, OF_OPTIONS = "tokens", "option_log_probabilities"
"""Further fields of a record: tokens of the answer, and the log-probability of every choice by its key."""
_LONGEST, _LEAST = 10**9, -(10**9)
"""Tokens and a log-probability beyond which a number in a file is a mistake."""
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


def _likelihood_per_token(record: GenerationRecord) -> float | None:
    """Geometric mean of the probabilities of the answer's tokens: long answers are not less sure for their length."""
    tokens = record.extra.get(TOKENS)
    if (
        record.log_probability is None
        or isinstance(tokens, bool)
        or not isinstance(tokens, int)
        or not 1 <= tokens <= _LONGEST
    ):
        return None
    return math.exp(record.log_probability / tokens)


def _probability_of_option(record: GenerationRecord) -> float | None:
    """Probability of the choice that the answer names, among all choices; None unless each has a log-probability."""
    given = record.extra.get(OF_OPTIONS)
    chosen = read_option(record.generation or "", record.options)
    if chosen is None or not isinstance(given, dict) or given.keys() != record.options.keys():
        return None
    if not all(
        isinstance(one, int | float) and not isinstance(one, bool) and _LEAST <= one <= 0 for one in given.values()
    ):
        return None
    largest = max(given.values())
    return float(math.exp(given[chosen] - largest) / sum(math.exp(one - largest) for one in given.values()))


def _is_number(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _weighted_agreement(record: GenerationRecord) -> float | None:
    """Share of the further answers' likelihood, normalised by length, that says what the answer says."""
    weights = likelihoods(record)
    if weights is None:
        return None
    ours = key_of_answer(record)
    same = np.array([key == ours for key in keys_of(record)])
    return float(weights[same].sum() / weights.sum())


def _agreement(record: GenerationRecord) -> float | None:
    """Share of the further answers that say what the answer says."""
    if len(record.samples) < 2:
        return None
    return Counter(keys_of(record))[key_of_answer(record)] / len(record.samples)


WRITTEN = "written in the answer"
KINDS: dict[str, Callable[[GenerationRecord], float | None]] = {
    "stated": lambda record: record.confidence,
    WRITTEN: lambda record: written_confidence(record.generation or ""),
    "likelihood of the answer": _likelihood,
    "likelihood of the answer per token": _likelihood_per_token,
    "probability of the chosen option": _probability_of_option,
    "agreement of further answers": _agreement,
    "agreement of further answers, by likelihood": _weighted_agreement,
}
"""Where a confidence comes from, which is the variant of its measurements."""


def calibration(records: Records, seed: int, replicates: int) -> Iterator[Quantity]:
    """Give, for every kind of confidence that records hold, its errors and how often answers are right at it."""
    right, known = records.correctness
    any_kind, unread = False, _unread(records)
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
        said: dict[str, Scalar] = {}
        if kind == WRITTEN:
            said["answers_whose_confidence_could_not_be_read"] = unread
        for metric, make in (
            (own.CONFIDENCE_ERROR, sure.error),
            (own.CONFIDENCE_BRIER, sure.brier),
            (own.OVERCONFIDENCE, sure.excess),
        ):
            yield Quantity(metric, sure.usable, partial(_saying, make, said), WHAT, about)
        for number, mask, mean in sure.bins():
            point = {**about, "curve": {"bin": number, "confidence": round(mean, 6)}}
            yield Quantity(own.RELIABILITY, mask, sure.share_right, WHAT, point, compared=False)
    if not any_kind:
        reason = "no record has a confidence, a likelihood or further answers"
        if unread:
            reason += f"; of {unread} answers that write of their confidence it could not be read"
        yield absent(own.CONFIDENCE_ERROR, reason, records.n)


def _unread(records: Records) -> int:
    """Answers that write of their confidence, but not so that it can be read."""
    answers = [record.generation for record in records.records if record is not None and record.generation is not None]
    return sum(_MENTIONED.search(text) is not None and written_confidence(text) is None for text in answers)


def _saying(make: Callable[[Bools], Estimate], said: dict[str, Scalar], inside: Bools) -> Estimate:
    found = make(inside)
    return replace(found, method=found.method.model_copy(update={"parameters": {**found.method.parameters, **said}}))
