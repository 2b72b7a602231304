"""Further answers to the same question: how scattered they are, how far they support the answer, and what that tells.

Answers count as equal if they name the same choice, say the same of yes and no, or are the same text; equal meaning in
other words is what judges tell (`evaluators.hallucination.recorded.judged`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from evaluators.hallucination.parsing import equivalence_key
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.choices import read_option
from evaluators.hallucination.recorded.observed import YES_NO, Records
from evaluators.hallucination.recorded.quantity import Quantity, absent
from evaluators.hallucination.recorded.selfcheck import selfcheck_ngram
from evaluators.hallucination.recorded.uncertainty import Uncertainty
from evaluators.hallucination.sampling import answer_shares, entropy
from governance.datasets.generations.record import GenerationRecord
from governance.evidence.model import MetricDescriptor
from governance.statistics.clusters import Floats

EQUIVALENCE = "exact answers: the same choice, the same of yes and no, or the same text"


def discrete_entropy(record: GenerationRecord) -> float:
    """Entropy in nats of the samples' distinct answers; NaN with fewer than two samples."""
    if len(record.samples) < 2:
        return float("nan")
    return entropy(answer_shares(keys_of(record)))


def weighted_entropy(record: GenerationRecord) -> float:
    """Entropy in nats of the samples' likelihoods summed by answer; NaN unless every sample has a log-probability.

    Each likelihood is taken to the power 1 / tokens where every sample says how many it has, and all are scaled to sum
    to 1: ``-sum_k p_k ln p_k``, `p_k` the sum over the samples with answer k.

    Source: Farquhar et al., Nature 630 (2024) 625, methods (Rao-Blackwellised estimate).
    """
    weights = likelihoods(record)
    if weights is None:
        return float("nan")
    _, codes = np.unique(np.asarray(keys_of(record)), return_inverse=True)
    by_answer = np.bincount(codes.reshape(-1), weights=weights)
    return entropy(by_answer[by_answer > 0] / weights.sum())


def likelihoods(record: GenerationRecord) -> Floats | None:
    """Return (samples,) likelihoods up to a factor, normalised by length; None unless every sample has one."""
    given = [one.log_probability for one in record.samples if one.log_probability is not None]
    if len(record.samples) < 2 or len(given) < len(record.samples):
        return None
    tokens = [one.tokens for one in record.samples if one.tokens is not None]
    logs = np.array(given) / (np.array(tokens) if len(tokens) == len(given) else 1.0)
    weights: Floats = np.exp(logs - logs.max())
    return weights


def keys_of(record: GenerationRecord) -> list[str]:
    """Return what each further answer says; equal ones have equal keys."""
    if record.options:
        read = [read_option(one.text, record.options) for one in record.samples]
        return [
            f"option: {key}" if key is not None else equivalence_key(one.text, YES_NO)
            for key, one in zip(read, record.samples, strict=True)
        ]
    return [equivalence_key(one.text, YES_NO) for one in record.samples]


def key_of_answer(record: GenerationRecord) -> str:
    """Return what the answer itself says, as `keys_of` does."""
    text = record.generation or ""
    read = read_option(text, record.options) if record.options else None
    return f"option: {read}" if read is not None else equivalence_key(text, YES_NO)


def consistency(records: Records, ngram: int, judged: Sequence[Uncertainty] = ()) -> Iterator[Quantity]:
    """Give how uncertain answers are by their own words and by what judges say, and what that tells.

    Parameters
    ----------
    judged
        Uncertainties that judges gave.
    """
    own_words = uncertainties(records, ngram)
    if not judged and not any(np.isfinite(one.values).any() for one in own_words):
        reason = "no record has further answers to the same question, a confidence or a log-probability"
        for metric in (own.SEMANTIC_ENTROPY, own.SELFCHECK_MEAN):
            yield absent(metric, reason, records.n)
        return
    for one in (*own_words, *judged):
        yield from one.mean(records)
    for one in (*own_words, *judged):
        yield from one.detection(records)


def uncertainties(records: Records, ngram: int) -> tuple[Uncertainty, ...]:
    """Return the uncertainties that need no model."""
    n = records.n
    discrete, weighted, mean, most, stated, logs = (np.full(n, np.nan) for _ in range(6))
    for place, record in enumerate(records.records):
        if record is None:
            continue
        if record.samples:
            discrete[place] = discrete_entropy(record)
            weighted[place] = weighted_entropy(record)
            checked = (
                selfcheck_ngram(record.generation, [one.text for one in record.samples], ngram)
                if record.generation is not None
                else None
            )
            if checked is not None:
                mean[place], most[place] = checked
        if record.generation is not None and record.confidence is not None:
            stated[place] = 1.0 - record.confidence
        if record.generation is not None and record.log_probability is not None:
            logs[place] = -record.log_probability
    largest = max((len(record.samples) for record in records.records if record is not None), default=0)
    scattered = {"high": float(np.log(largest)) if largest > 1 else 0.0, "parameters": {"equivalence": EQUIVALENCE}}
    further, likely = "further answers", "two samples with log-probabilities"

    def found(metric: MetricDescriptor, values: Floats, missing: str, **more: Any) -> Uncertainty:
        return Uncertainty(metric.name, values, metric, missing, **more)

    return (
        found(own.SEMANTIC_ENTROPY, discrete, further, **scattered),
        found(own.WEIGHTED_ENTROPY, weighted, likely, **scattered),
        found(own.SELFCHECK_MEAN, mean, further, parameters={"n": ngram}),
        found(own.SELFCHECK_MAX, most, further, parameters={"n": ngram}),
        Uncertainty("stated_confidence", stated),
        Uncertainty("log_probability", logs),
    )
