"""Changes of the same samples: shares of wrong decisions, and AUROCs, before and after."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy import stats

from benchmarks.validity.results import LEVEL, Figure, Floats, of_intervals, stream_of
from governance.statistics.differences import gating_paired_difference, paired_difference
from governance.statistics.ranking import gating_paired_auroc, paired_auroc_difference, paired_auroc_interval

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


def _change(kind: str, amount: float) -> float:
    clean = float(stats.norm.cdf(SHIFT / np.sqrt(2)))
    if kind == "lost":
        return amount * (0.5 - clean)
    return float(stats.norm.cdf(SHIFT / np.sqrt(2 + 2 * amount**2))) - clean


def _figures(family: str, name: str, shown: Floats, gating: Floats, truth: float) -> Iterator[Figure]:
    """The usual interval, which is shown, stands there for comparison: no rule asks for its coverage."""
    yield of_intervals(family, name, "usual", shown, truth)
    yield of_intervals(family, name, "gating", gating, truth)
