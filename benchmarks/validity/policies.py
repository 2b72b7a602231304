"""A policy of several blocking rules: how often it passes a model that is exactly at one of its bars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from benchmarks.validity.gaps import EQUIVALENCE
from benchmarks.validity.results import LEVEL, Figure, Kind, stream_of
from governance.statistics.differences import mover_difference
from governance.statistics.proportions import gating_proportion
from governance.statistics.ranking import clustered_auroc, gating_auroc

SHIFT, THRESHOLD = 2.0, 0.75
"""Distance of the classes in standard deviations, and the threshold: AUROC .921, sensitivity .894, specificity .773."""
SLACK = 0.08
"""How far an adequate model is above its bars."""
MARGIN, ALLOWED = 0.1, 0.1
RULES = ("AUROC", "sensitivity", "gap of sensitivity")


@dataclass(frozen=True)
class Bars:
    """Bars of the rules, and how far below the others the sensitivity of the last group is."""

    auroc: float
    sensitivity: float
    gap: float = 0.0


def policies(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Yield the share of runs in which each rule passes, and all of them."""
    for groups, positives, negatives in ((2, 150, 600),) if quick else ((2, 150, 600), (4, 150, 600), (2, 600, 2400)):
        auroc, found = float(stats.norm.cdf(SHIFT / np.sqrt(2))), float(stats.norm.cdf(SHIFT - THRESHOLD))
        adequate = Bars(auroc - SLACK, found - SLACK)
        at_the_gap = _with_gap(groups)
        for name, bars, at in (
            ("adequate by 8 points", adequate, ()),
            ("AUROC at its bar", Bars(auroc, found - SLACK), (0,)),
            ("sensitivity at its bar", Bars(auroc - SLACK, found), (1,)),
            ("gap at its bar", at_the_gap, (2,)),
            ("AUROC and sensitivity at their bars", Bars(auroc, found), (0, 1)),
        ):
            cell = f"{groups} groups x {positives} + {negatives}, {name}"
            passed = _passes(cell, bars, (groups, positives, negatives), simulations)
            for rule, rate in zip(RULES, passed.mean(axis=0), strict=True):
                kind: Kind = "false pass" if RULES.index(rule) in at else "power"
                yield Figure("policy, by rule", f"{cell}: {rule}", kind, simulations, float(rate))
            rate = float(passed.all(axis=1).mean())
            kind = "false pass" if at else "power"
            yield Figure("policy, all rules", cell, kind, simulations, rate)


def _with_gap(groups: int) -> Bars:
    """Return bars that the mixture of groups clears, the last group being found less often by the margin."""
    low = _shift_of_last(MARGIN)
    auroc = float(np.mean([stats.norm.cdf(shift / np.sqrt(2)) for shift in [SHIFT] * (groups - 1) + [low]]))
    found = float(np.mean([stats.norm.cdf(shift - THRESHOLD) for shift in [SHIFT] * (groups - 1) + [low]]))
    return Bars(auroc - SLACK, found - SLACK, gap=MARGIN)


def _shift_of_last(gap: float) -> float:
    return THRESHOLD + float(stats.norm.ppf(stats.norm.cdf(SHIFT - THRESHOLD) - gap))


def _passes(name: str, bars: Bars, size: tuple[int, int, int], simulations: int) -> np.ndarray:
    groups, positives, negatives = size
    stream, passed = stream_of(name), np.empty((simulations, len(RULES)), dtype=bool)
    labels = np.arange(positives + negatives) < positives
    group = np.arange(labels.size) % groups
    shift = np.where(group == groups - 1, _shift_of_last(bars.gap), SHIFT) * labels
    for run in range(simulations):
        scores = stream.standard_normal(labels.size) + shift
        flagged = scores >= THRESHOLD
        estimate = clustered_auroc(scores, labels, np.arange(labels.size))
        passed[run, 0] = gating_auroc(estimate, LEVEL).low > bars.auroc
        passed[run, 1] = gating_proportion(flagged[labels], np.arange(positives), LEVEL).low > bars.sensitivity
        found = []
        for one in range(groups):
            right = flagged[labels & (group == one)]
            found.append((float(right.mean()), gating_proportion(right, np.arange(right.size), EQUIVALENCE)))
        between = [mover_difference(*one, *two) for one, two in combinations(found, 2)]
        passed[run, 2] = all(bounds.low > -ALLOWED and bounds.high < ALLOWED for bounds in between)
    return passed
