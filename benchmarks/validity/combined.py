"""Intervals of means of bounded values, of numbers made of several shares, and of parts of curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from scipy import integrate, stats

from benchmarks.validity.results import LEVEL, Figure, Floats, of_intervals, stream_of
from governance.statistics.bounds import Bounds
from governance.statistics.confusion import (
    RatioEstimate,
    balanced_accuracy,
    f1_score,
    gating_ratio,
    net_benefit,
    ratio_interval,
)
from governance.statistics.means import clustered_mean, gating_mean, mean_interval
from governance.statistics.precision_recall import (
    RankingEstimate,
    average_precision,
    average_precision_interval,
    gating_average_precision,
    gating_partial_auroc,
    partial_auroc,
    partial_auroc_interval,
)

PREVALENCE = 0.3
THRESHOLD_PROBABILITY = 0.2
FALSE_POSITIVES = 0.1
"""Largest false-positive rate of the partial AUROC."""


def means(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Overlaps of masks: a beta distribution, of which some are 0 because the object was not found at all."""
    sizes = ((50, 1),) if quick else ((30, 1), (100, 1), (500, 1), (50, 4))
    for (patients, each), (missed, shape) in product(sizes, ((0.0, (8, 2)), (0.03, (18, 2)), (0.15, (8, 2)))):
        name = f"{patients} patients x {each}, mean {shape[0] / sum(shape):.1f} but {missed:.0%} at 0"
        stream, codes = stream_of(name), np.repeat(np.arange(patients), each)
        shown, gating = np.empty((simulations, 2)), np.empty((simulations, 2))
        for run in range(simulations):
            # Half of the patients of several samples have equal ones.
            together = (stream.random(patients) < (0.5 if each > 1 else 0.0))[codes]
            alike, own = (stream.beta(*shape, size) for size in (patients, codes.size))
            found = np.where(together, stream.random(patients)[codes], stream.random(codes.size)) >= missed
            values = np.where(together, alike[codes], own) * found
            usual = mean_interval(clustered_mean(values, codes), LEVEL, low=0, high=1)
            cautious = gating_mean(values, codes, LEVEL)
            shown[run], gating[run] = (usual.low, usual.high), (cautious.low, cautious.high)
        yield from _figures("mean of bounded values", name, shown, gating, (1 - missed) * shape[0] / sum(shape))


def shares(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Balanced accuracy, F1 and net benefit at a sensitivity and a specificity."""
    sizes = ((100, 1),) if quick else ((100, 1), (400, 1), (100, 4))
    weight = THRESHOLD_PROBABILITY / (1 - THRESHOLD_PROBABILITY)
    for (patients, each), (sensitivity, specificity) in product(sizes, ((0.85, 0.8), (0.97, 0.95))):
        name = f"{patients} patients x {each}, sensitivity {sensitivity}, specificity {specificity}"
        found, false = PREVALENCE * sensitivity, (1 - PREVALENCE) * (1 - specificity)
        metrics: dict[str, tuple[Callable[..., RatioEstimate], tuple[float, ...], float]] = {
            "balanced accuracy": (balanced_accuracy, (), (sensitivity + specificity) / 2),
            "F1": (f1_score, (), 2 * found / (PREVALENCE + found + false)),
            "net benefit": (net_benefit, (THRESHOLD_PROBABILITY,), found - weight * false),
        }
        stream, codes = stream_of(name), np.repeat(np.arange(patients), each)
        ends = {metric: (np.empty((simulations, 2)), np.empty((simulations, 2))) for metric in metrics}
        for run in range(simulations):
            # Half of the patients of several samples have the outcome, and are decided about, as a whole.
            together = (stream.random(patients) < (0.5 if each > 1 else 0.0))[codes]
            drawn = [np.where(together, stream.random(patients)[codes], stream.random(codes.size)) for _ in range(2)]
            positive = drawn[0] < PREVALENCE
            flagged = drawn[1] < np.where(positive, sensitivity, 1 - specificity)
            for metric, (make, parameters, _) in metrics.items():
                estimate = make(flagged, positive, codes, *parameters)
                _keep(ends[metric], run, ratio_interval(estimate, LEVEL), gating_ratio(estimate, LEVEL))
        for metric, (_, _, truth) in metrics.items():
            yield from _figures(metric, name, *ends[metric], truth)


def curves(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Average precision and partial AUROC of normal scores."""
    sizes = ((60, 240),) if quick else ((30, 300), (100, 300), (300, 300))
    for (positives, negatives), shift in product(sizes, (1.0, 2.0, 3.0)):
        name = f"{positives} + {negatives} patients, classes {shift} standard deviations apart"
        stream, labels = stream_of(name), np.arange(positives + negatives) < positives
        codes = np.arange(labels.size)
        precision, partial = ((np.empty((simulations, 2)), np.empty((simulations, 2))) for _ in range(2))
        for run in range(simulations):
            scores = stream.standard_normal(labels.size) + shift * labels
            whole: RankingEstimate = average_precision(scores, labels, codes)
            part = partial_auroc(scores, labels, codes, FALSE_POSITIVES)
            usual = average_precision_interval(whole, LEVEL)
            _keep(precision, run, usual, gating_average_precision(whole, LEVEL))
            _keep(partial, run, partial_auroc_interval(part, LEVEL), gating_partial_auroc(part, LEVEL))
        yield from _figures("average precision", name, *precision, _average_precision(shift, positives / labels.size))
        yield from _figures("partial AUROC", name, *partial, _partial_auroc(shift))


def _average_precision(shift: float, prevalence: float) -> float:
    """Average precision of infinitely many samples: the mean precision at the score of a positive."""

    def at(score: float) -> float:
        true, false = prevalence * stats.norm.sf(score - shift), (1 - prevalence) * stats.norm.sf(score)
        return float(stats.norm.pdf(score - shift) * true / (true + false))

    return float(integrate.quad(at, shift - 8, shift + 8, limit=200)[0])


def _partial_auroc(shift: float) -> float:
    f = FALSE_POSITIVES
    area = integrate.quad(lambda rate: stats.norm.sf(stats.norm.isf(rate) - shift), 0, f, limit=200)[0]
    return float((1 + (area - f**2 / 2) / (f - f**2 / 2)) / 2)


def _keep(ends: tuple[Floats, Floats], run: int, shown: Bounds, gating: Bounds) -> None:
    ends[0][run], ends[1][run] = (shown.low, shown.high), (gating.low, gating.high)


def _figures(family: str, name: str, shown: Floats, gating: Floats, truth: float) -> Iterator[Figure]:
    """The usual interval, which is shown, stands there for comparison: no rule asks for its coverage."""
    yield of_intervals(family, name, "usual", shown, truth)
    yield of_intervals(family, name, "gating", gating, truth)
