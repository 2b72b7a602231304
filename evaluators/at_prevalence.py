"""Predictive values and flags per 100 at a prevalence that somebody states, from the rates of both classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from evaluators import families, metrics
from evaluators.at_prevalence_metrics import FLAGS_PER_100, METRICS, PPV_AT
from evaluators.estimates import Estimate, Interval, remembered
from governance.evidence.model import Method, MetricDescriptor
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import correlation
from governance.statistics.differences import mover_difference
from governance.statistics.shift import at_prevalence

RATES = (metrics.SENSITIVITY, metrics.SPECIFICITY, metrics.FALSE_POSITIVE_RATE, metrics.FALSE_NEGATIVE_RATE)
"""What the numbers are made of, in this order."""


def estimates(
    rates: Sequence[Estimate | str], prevalences: Sequence[float]
) -> Iterator[tuple[MetricDescriptor, float, Estimate | str]]:
    """Give each metric of `METRICS` at each prevalence, or the reason why there is none.

    Parameters
    ----------
    rates
        Those of `RATES`, or why there is none.
    prevalences
        In (0, 1).
    """
    reason = next((each for each in rates if isinstance(each, str)), None)
    known = [each for each in rates if isinstance(each, Estimate)]
    for prevalence in prevalences:
        for metric in METRICS:
            yield metric, prevalence, reason or _at(metric, known, prevalence)


def _at(metric: MetricDescriptor, known: list[Estimate], prevalence: float) -> Estimate | str:
    sensitivity, specificity, alarms, misses = known
    if metric is FLAGS_PER_100:
        return _flags(sensitivity, alarms, prevalence)
    if metric is PPV_AT:
        return _predictive_value(alarms, sensitivity, prevalence, metric)
    return _predictive_value(misses, specificity, 1 - prevalence, metric)


def _predictive_value(errors: Estimate, hits: Estimate, share: float, metric: MetricDescriptor) -> Estimate | str:
    if hits.value <= 0:
        return "the model is never right in this class, so nothing follows from its errors"
    odds = families.ratio(errors, hits)

    def of(bounds: Bounds) -> Bounds:
        return Bounds(at_prevalence(share, bounds.high), at_prevalence(share, bounds.low), f"{bounds.method}, by Bayes")

    return _made(
        errors,
        hits,
        value=at_prevalence(share, odds.value),
        bounds=lambda level: of(odds.bounds(level)),
        gating=lambda level: of(odds.gating(level)),
        source=metric.source,
    )


def _flags(sensitivity: Estimate, alarms: Estimate, prevalence: float) -> Estimate:
    weights = (100 * prevalence, 100 * (1 - prevalence))
    shared = 0.0
    if sensitivity.influence is not None and alarms.influence is not None:
        shared = correlation(sensitivity.influence, alarms.influence)

    def of(first: Bounds, second: Bounds) -> Bounds:
        # A sum is the difference to the negative.
        one = Bounds(weights[0] * first.low, weights[0] * first.high, first.method)
        two = Bounds(-weights[1] * second.high, -weights[1] * second.low, second.method)
        values = weights[0] * sensitivity.value, -weights[1] * alarms.value
        return mover_difference(values[0], one, values[1], two, correlation=-shared).clipped(0.0, 100.0)

    return _made(
        sensitivity,
        alarms,
        value=weights[0] * sensitivity.value + weights[1] * alarms.value,
        bounds=lambda level: of(sensitivity.bounds(level), alarms.bounds(level)),
        gating=lambda level: of(
            (sensitivity.gating or sensitivity.bounds)(level), (alarms.gating or alarms.bounds)(level)
        ),
        source="Zou and Donner, Stat. Med. 27 (2008) 1693",
    )


def _made(
    first: Estimate, second: Estimate, *, value: float, bounds: Interval, gating: Interval, source: str | None
) -> Estimate:
    return replace(
        first,
        value=value,
        n=first.n + second.n,
        n_clusters=first.n_clusters + second.n_clusters,
        events=None,
        bounds=remembered(bounds),
        gating=remembered(gating),
        influence=None,
        method=Method(name="from the rates of both classes", parameters={}, source=source),
    )
