"""Further answers to the same question: how scattered they are, how far they support the answer, and what that tells.

Answers count as equal if they name the same choice, say the same of yes and no, or are the same text; equal meaning in
other words needs a model and is not looked for here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from evaluators import estimates
from evaluators.estimates import Bools, Estimate
from evaluators.hallucination.parsing import equivalence_key
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.choices import read_option
from evaluators.hallucination.recorded.observed import YES_NO, Records
from evaluators.hallucination.recorded.quantity import Quantity, absent, average
from evaluators.hallucination.recorded.selfcheck import selfcheck_ngram
from evaluators.hallucination.sampling import answer_shares, entropy
from governance.datasets.generations.record import GenerationRecord
from governance.evidence.model import Method, Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats
from governance.statistics.precision_recall import (
    average_precision,
    average_precision_interval,
    gating_average_precision,
)
from governance.statistics.selective_prediction import RankedErrors, answered_at, selective_risk_interval

EQUIVALENCE = "exact answers: the same choice, the same of yes and no, or the same text"
KEPT = tuple(round(0.1 * tenth, 1) for tenth in range(1, 11))
"""Shares of the answers that are kept, the least uncertain ones."""


def discrete_entropy(record: GenerationRecord) -> float:
    """Entropy in nats of the samples' distinct answers; NaN with fewer than two samples."""
    if len(record.samples) < 2:
        return float("nan")
    return entropy(answer_shares(_keys(record)))


def weighted_entropy(record: GenerationRecord) -> float:
    """Entropy in nats of the samples' likelihoods summed by answer; NaN unless every sample has a log-probability.

    Each likelihood is taken to the power 1 / tokens where every sample says how many it has, and all are scaled to sum
    to 1: ``-sum_k p_k ln p_k``, `p_k` the sum over the samples with answer k.

    Source: Farquhar et al., Nature 630 (2024) 625, methods (Rao-Blackwellised estimate).
    """
    given = [one.log_probability for one in record.samples if one.log_probability is not None]
    if len(record.samples) < 2 or len(given) < len(record.samples):
        return float("nan")
    tokens = [one.tokens for one in record.samples if one.tokens is not None]
    logs = np.array(given) / (np.array(tokens) if len(tokens) == len(given) else 1.0)
    weights = np.exp(logs - logs.max())
    _, codes = np.unique(np.asarray(_keys(record)), return_inverse=True)
    by_answer = np.bincount(codes.reshape(-1), weights=weights)
    return entropy(by_answer[by_answer > 0] / weights.sum())


def _keys(record: GenerationRecord) -> list[str]:
    if record.options:
        read = [read_option(one.text, record.options) for one in record.samples]
        return [
            f"option: {key}" if key is not None else equivalence_key(one.text, YES_NO)
            for key, one in zip(read, record.samples, strict=True)
        ]
    return [equivalence_key(one.text, YES_NO) for one in record.samples]


def consistency(records: Records, ngram: int) -> Iterator[Quantity]:
    """Give entropies and SelfCheck scores, and how well each (and stated confidence) tells wrong answers."""
    found = _uncertainties(records, ngram)
    if not any(np.isfinite(values).any() for values in found.values()):
        reason = "no record has further answers to the same question, a confidence or a log-probability"
        for metric in (own.SEMANTIC_ENTROPY, own.SELFCHECK_MEAN):
            yield absent(metric, reason, records.n)
        return
    parameters: dict[str, dict[str, Scalar]] = {
        own.SEMANTIC_ENTROPY.name: {"equivalence": EQUIVALENCE},
        own.WEIGHTED_ENTROPY.name: {"equivalence": EQUIVALENCE},
        own.SELFCHECK_MEAN.name: {"n": ngram},
        own.SELFCHECK_MAX.name: {"n": ngram},
    }
    most = max((len(record.samples) for record in records.records if record is not None), default=0)
    for metric in (own.SEMANTIC_ENTROPY, own.WEIGHTED_ENTROPY, own.SELFCHECK_MEAN, own.SELFCHECK_MAX):
        values = found[metric.name]
        among = np.isfinite(values)
        if not among.any():
            missing = "two samples with log-probabilities" if metric is own.WEIGHTED_ENTROPY else "further answers"
            yield absent(metric, f"no record has {missing}", records.n)
            continue
        high = float(np.log(most)) if metric in (own.SEMANTIC_ENTROPY, own.WEIGHTED_ENTROPY) else np.inf
        about = partial(_same, parameters[metric.name])
        filled = np.where(among, values, 0.0)
        for name, part in records.parts:
            if name is None or (among & part).any():
                yield average(
                    records, metric, filled, among & part, "patients with further answers", parameters=about, high=high,
                    variant=name,
                )  # fmt: skip
    yield from _detection(records, found)


def _same(parameters: dict[str, Scalar], inside: Bools) -> dict[str, Scalar]:  # noqa: ARG001
    return parameters


def _uncertainties(records: Records, ngram: int) -> dict[str, Floats]:
    """Return (n,) uncertainties by name, NaN where a record has none."""
    n = records.n
    found = {name: np.full(n, np.nan) for name in (
        own.SEMANTIC_ENTROPY.name, own.WEIGHTED_ENTROPY.name, own.SELFCHECK_MEAN.name, own.SELFCHECK_MAX.name,
        "stated_confidence", "log_probability",
    )}  # fmt: skip
    for place, record in enumerate(records.records):
        if record is None:
            continue
        if record.samples:
            found[own.SEMANTIC_ENTROPY.name][place] = discrete_entropy(record)
            found[own.WEIGHTED_ENTROPY.name][place] = weighted_entropy(record)
            checked = (
                selfcheck_ngram(record.generation, [one.text for one in record.samples], ngram)
                if record.generation is not None
                else None
            )
            if checked is not None:
                found[own.SELFCHECK_MEAN.name][place], found[own.SELFCHECK_MAX.name][place] = checked
        if record.generation is not None and record.confidence is not None:
            found["stated_confidence"][place] = 1.0 - record.confidence
        if record.generation is not None and record.log_probability is not None:
            found["log_probability"][place] = -record.log_probability
    return found


def _detection(records: Records, found: dict[str, Floats]) -> Iterator[Quantity]:
    right, known = records.correctness
    for name, values in found.items():
        among = np.isfinite(values) & known
        if not np.isfinite(values).any():
            continue
        if not among.any():
            reason = "of no such answer it is known whether it is right"
            yield absent(own.DETECTION_AUROC, reason, records.n, variant=name)
            continue
        scores = np.where(np.isfinite(values), values, 0.0)
        what = "patients with an answer of which it is known whether it is right"
        about = {"variant": name}
        make = partial(_auroc, records, scores, ~right)
        yield Quantity(own.DETECTION_AUROC, among, make, what, about)
        precision = partial(_average_precision, records, scores, ~right)
        yield Quantity(own.DETECTION_PRECISION, among, precision, what, about, compared=False)
        for kept in KEPT:
            accuracy = partial(_accuracy, records, scores, right, kept)
            place = {**about, "curve": {"kept": kept}}
            yield Quantity(own.ACCURACY_WHEN_REJECTING, among, accuracy, what, place, compared=False)


def _both(wrong: Bools, inside: Bools) -> None:
    if not wrong[inside].any() or wrong[inside].all():
        raise ValueError("all answers are right" if not wrong[inside].any() else "all answers are wrong")


def _auroc(records: Records, scores: Floats, wrong: Bools, inside: Bools) -> Estimate:
    _both(wrong, inside)
    return estimates.ranking(scores, wrong, inside, records.codes, parameters={}, n_clusters=records.n_clusters)


def _average_precision(records: Records, scores: Floats, wrong: Bools, inside: Bools) -> Estimate:
    _both(wrong, inside)
    found = average_precision(scores[inside], wrong[inside], records.codes[inside])
    return Estimate(
        value=found.value,
        n=found.n,
        n_clusters=found.n_clusters,
        events=int(wrong[inside].sum()),
        bounds=estimates.remembered(partial(average_precision_interval, found)),
        method=Method(
            name="average precision with clustered variance",
            parameters={"share_wrong": round(found.prevalence, 6)},
            source="Boyd, Eng and Page, ECML PKDD (2013) 451",
        ),
        gating=estimates.remembered(partial(gating_average_precision, found)),
    )


def _accuracy(records: Records, scores: Floats, right: Bools, kept: float, inside: Bools) -> Estimate:
    ranked = RankedErrors.of(-scores[inside], ~right[inside], records.codes[inside])
    answered = answered_at(ranked, kept)
    errors, codes = ranked.error[answered.answered], ranked.codes[answered.answered]

    def bounds(level: float, *, gating: bool = False) -> Bounds:
        ends = selective_risk_interval(errors, codes, answered.widening, level, gating=gating)
        return Bounds(1 - ends.high, 1 - ends.low, ends.method)

    return Estimate(
        value=float(1 - errors.mean()),
        n=int(errors.size),
        n_clusters=int(np.unique(codes).size),
        events=int(np.sum(~errors)),
        bounds=estimates.remembered(bounds),
        method=Method(
            name="share among the least uncertain",
            parameters={"kept": round(answered.coverage, 6)},
            source="Geifman and El-Yaniv, NeurIPS (2017), section 2",
        ),
        gating=estimates.remembered(partial(bounds, gating=True)),
    )
