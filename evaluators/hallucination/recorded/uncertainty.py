"""One uncertainty of every answer, whatever it comes from: its mean, and how well it tells wrong answers from right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from evaluators import estimates
from evaluators.estimates import Bools, Estimate
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.quantity import Quantity, absent, average
from governance.evidence.model import Method, MetricDescriptor, Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats
from governance.statistics.precision_recall import (
    average_precision,
    average_precision_interval,
    gating_average_precision,
)
from governance.statistics.selective_prediction import RankedErrors, answered_at, selective_risk_interval

KEPT = tuple(round(0.1 * tenth, 1) for tenth in range(1, 11))
"""Shares of the answers that are kept, the least uncertain ones."""


@dataclass(frozen=True)
class Uncertainty:
    """How uncertain every answer is.

    Attributes
    ----------
    name
        Under which it is named where it tells wrong answers from right ones.
    values
        (n,) the larger the more uncertain; NaN where a record has none.
    metric
        Its mean over records; None where that is no number of its own.
    missing
        What no record has where all values are NaN; None where nothing is said then.
    high
        Upper end of the mean's range.
    judge
        Who was asked, where somebody was.
    parameters
        What the method says of it; `counts` adds what depends on the records of a group.
    """

    name: str
    values: Floats
    metric: MetricDescriptor | None = None
    missing: str | None = None
    high: float = np.inf
    judge: str | None = None
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    counts: Callable[[Bools], dict[str, Scalar]] | None = None

    def mean(self, records: Records) -> Iterator[Quantity]:
        """Give the mean, of everything and of each task type and split."""
        if self.metric is None:
            return
        among = np.isfinite(self.values)
        if not among.any():
            if self.missing is not None:
                about = {} if self.judge is None else {"judge": self.judge}
                yield absent(self.metric, f"no record has {self.missing}", records.n, **about)
            return
        filled = np.where(among, self.values, 0.0)
        for name, part in records.parts:
            if name is None or (among & part).any():
                yield average(
                    records, self.metric, filled, among & part, "patients with further answers",
                    parameters=self._about, high=self.high, variant=name, judge=self.judge,
                )  # fmt: skip

    def detection(self, records: Records) -> Iterator[Quantity]:
        """Give AUROC, average precision and the accuracy among the least uncertain answers."""
        right, known = records.correctness
        among = np.isfinite(self.values) & known
        if not np.isfinite(self.values).any():
            return
        if not among.any():
            reason = "of no such answer it is known whether it is right"
            yield absent(own.DETECTION_AUROC, reason, records.n, variant=self.name)
            return
        scores = np.where(np.isfinite(self.values), self.values, 0.0)
        what = "patients with an answer of which it is known whether it is right"
        about = {"variant": self.name}
        who = self.parameters if self.judge is not None else {}
        yield Quantity(own.DETECTION_AUROC, among, partial(_auroc, records, scores, ~right, who=who), what, about)
        precision = partial(_average_precision, records, scores, ~right, who=who)
        yield Quantity(own.DETECTION_PRECISION, among, precision, what, about, compared=False)
        for kept in KEPT:
            accuracy = partial(_accuracy, records, scores, right, kept, who=who)
            place = {**about, "curve": {"kept": kept}}
            yield Quantity(own.ACCURACY_WHEN_REJECTING, among, accuracy, what, place, compared=False)

    def _about(self, inside: Bools) -> dict[str, Scalar]:
        return {**self.parameters, **(self.counts(inside) if self.counts else {})}


def _both(wrong: Bools, inside: Bools) -> None:
    if not wrong[inside].any() or wrong[inside].all():
        raise ValueError("all answers are right" if not wrong[inside].any() else "all answers are wrong")


def _auroc(records: Records, scores: Floats, wrong: Bools, inside: Bools, *, who: Mapping[str, Scalar]) -> Estimate:
    _both(wrong, inside)
    return estimates.ranking(scores, wrong, inside, records.codes, parameters=dict(who), n_clusters=records.n_clusters)


def _average_precision(
    records: Records, scores: Floats, wrong: Bools, inside: Bools, *, who: Mapping[str, Scalar]
) -> Estimate:
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
            parameters={**who, "share_wrong": round(found.prevalence, 6)},
            source="Boyd, Eng and Page, ECML PKDD (2013) 451",
        ),
        gating=estimates.remembered(partial(gating_average_precision, found)),
    )


def _accuracy(
    records: Records, scores: Floats, right: Bools, kept: float, inside: Bools, *, who: Mapping[str, Scalar]
) -> Estimate:
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
            parameters={**who, "kept": round(answered.coverage, 6)},
            source="Geifman and El-Yaniv, NeurIPS (2017), section 2",
        ),
        gating=estimates.remembered(partial(bounds, gating=True)),
    )
