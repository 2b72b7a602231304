"""Changes of the same samples, before and after or by two models: shares of decisions, and AUROCs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy import stats

from benchmarks.validity.results import LEVEL, Figure, Floats, of_intervals, stream_of
from governance.statistics.clusters import Integers, cluster_sums
from governance.statistics.differences import (
    correlation_on_same_samples,
    gating_paired_difference,
    mover_difference,
    paired_difference,
)
from governance.statistics.proportions import clustered_wilson, gating_proportion
from governance.statistics.ranking import (
    auroc_interval,
    clustered_auroc,
    gating_auroc,
    gating_paired_auroc,
    paired_auroc_difference,
    paired_auroc_interval,
)

SHIFT = 2.0
"""Distance of the classes before the change: AUROC 0.921."""


def decisions(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Samples that turn wrong and samples that turn right; with several a patient, half of them turn together."""
    sizes = ((100, 1),) if quick else ((50, 1), (100, 1), (300, 1), (1000, 1), (50, 4))
    for (patients, each), (down, up) in product(sizes, ((0.05, 0.0), (0.05, 0.02), (0.3, 0.3))):
        name = f"{patients} patients x {each}, {down:.0%} turn wrong, {up:.0%} right"
        stream, codes = stream_of(name), np.repeat(np.arange(patients), each)
        shown, gating, nothing = np.empty((simulations, 2)), np.empty((simulations, 2)), np.zeros(codes.size)
        for run in range(simulations):
            together = (stream.random(patients) < (0.5 if each > 1 else 0.0))[codes]
            chance = np.where(together, stream.random(patients)[codes], stream.random(codes.size))
            change = np.where(chance < down, -1.0, np.where(chance > 1 - up, 1.0, 0.0))
            _, usual = paired_difference(change, nothing, codes, LEVEL)
            cautious = gating_paired_difference(change, nothing, codes, LEVEL)
            shown[run], gating[run] = (usual.low, usual.high), (cautious.low, cautious.high)
        yield from _figures("paired change of decisions", name, shown, gating, up - down)


def rankings(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Scores to which noise is added, and scores of which some positives lose their rank altogether."""
    for (positives, negatives), (kind, amount) in product(
        ((30, 100),) if quick else ((30, 300), (100, 300), (300, 300)), (("noise", 0.5), ("lost", 0.03), ("lost", 0.08))
    ):
        name = f"{positives} + {negatives} patients, " + (
            f"noise of {amount} standard deviations" if kind == "noise" else f"{amount:.0%} of positives lost"
        )
        stream, labels = stream_of(name), np.arange(positives + negatives) < positives
        shown, gating = np.empty((simulations, 2)), np.empty((simulations, 2))
        for run in range(simulations):
            before = stream.standard_normal(labels.size) + SHIFT * labels
            after = before + amount * stream.standard_normal(labels.size)
            if kind == "lost":
                lost = labels & (stream.random(labels.size) < amount)
                after = np.where(lost, stream.standard_normal(labels.size), before)
            difference = paired_auroc_difference(after, before, labels, np.arange(labels.size))
            usual, cautious = paired_auroc_interval(difference, LEVEL), gating_paired_auroc(difference, LEVEL)
            shown[run], gating[run] = (usual.low, usual.high), (cautious.low, cautious.high)
        yield from _figures("paired change of AUROC", name, shown, gating, _change(kind, amount))


def models(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Shares of two models on the same samples, by the interval that any metric of theirs gets (`evaluators.against`).

    `gained` is only right by the first, `lost` only by the second; with several samples a patient, half of the patients
    turn as a whole.
    """
    sizes = ((100, 1),) if quick else ((30, 1), (100, 1), (300, 1), (1000, 1), (50, 4))
    changes = ((0.02, 0.0), (0.1, 0.0), (0.05, 0.05), (0.02, 0.1), (0.15, 0.1))
    for (patients, each), right, (gained, lost) in product(sizes, (0.5, 0.75), changes):
        name = f"{patients} patients x {each}, both right {right:.0%}, {gained:.0%} gained, {lost:.0%} lost"
        stream, codes = stream_of(name), np.repeat(np.arange(patients), each)
        shown, gating = np.empty((simulations, 2)), np.empty((simulations, 2))
        for run in range(simulations):
            together = (stream.random(patients) < (0.5 if each > 1 else 0.0))[codes]
            chance = np.where(together, stream.random(patients)[codes], stream.random(codes.size))
            first = (chance < right + gained).astype(np.float64)
            second = ((chance < right) | ((chance >= right + gained) & (chance < right + gained + lost))).astype(float)
            pair = [(clustered_wilson(x, codes, LEVEL), gating_proportion(x, codes, LEVEL)) for x in (first, second)]
            shared = correlation_on_same_samples(_influence(first, codes), _influence(second, codes))
            for ends, kept in zip(zip(*pair, strict=True), (shown, gating), strict=True):
                found = mover_difference(first.mean(), ends[0], second.mean(), ends[1], correlation=shared)
                kept[run] = found.low, found.high
        yield from _figures("difference of two models", name, shown, gating, gained - lost)


def ranking_models(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """AUROCs of two models whose scores share some of their noise, by the interval that any metric gets."""
    sizes = ((30, 100),) if quick else ((30, 300), (100, 300))
    for (positives, negatives), shared_noise in product(sizes, (0.5, 0.9, 0.99)):
        name = f"{positives} + {negatives} patients, {shared_noise:.0%} of the noise shared"
        stream, labels = stream_of(name), np.arange(positives + negatives) < positives
        shown, gating, codes = np.empty((simulations, 2)), np.empty((simulations, 2)), np.arange(labels.size)
        for run in range(simulations):
            common = np.sqrt(shared_noise) * stream.standard_normal(labels.size) + SHIFT * labels
            own = np.sqrt(1 - shared_noise) * stream.standard_normal((2, labels.size))
            pair = [clustered_auroc(common + noise, labels, codes) for noise in own]
            correlated = correlation_on_same_samples(pair[0].influence, pair[1].influence)
            for interval, kept in ((auroc_interval, shown), (gating_auroc, gating)):
                ends = [interval(one, LEVEL) for one in pair]
                found = mover_difference(pair[0].value, ends[0], pair[1].value, ends[1], correlation=correlated)
                kept[run] = found.low, found.high
        yield from _figures("difference of the AUROC of two models", name, shown, gating, 0.0)


def _influence(values: Floats, codes: Integers) -> Floats:
    return cluster_sums((values - values.mean()) / values.size, codes)


def _change(kind: str, amount: float) -> float:
    clean = float(stats.norm.cdf(SHIFT / np.sqrt(2)))
    if kind == "lost":
        return amount * (0.5 - clean)
    return float(stats.norm.cdf(SHIFT / np.sqrt(2 + 2 * amount**2))) - clean


def _figures(family: str, name: str, shown: Floats, gating: Floats, truth: float) -> Iterator[Figure]:
    """The usual interval, which is shown, stands there for comparison: no rule asks for its coverage."""
    yield of_intervals(family, name, "usual", shown, truth)
    yield of_intervals(family, name, "gating", gating, truth)
