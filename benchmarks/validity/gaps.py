"""Gaps between groups: passes at the bar, passes of an adequate model, and false alarms among equal groups."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations, product

import numpy as np
from scipy import stats

from benchmarks.validity.results import LEVEL, Figure, Kind, stream_of
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import cluster_sums, correlation
from governance.statistics.differences import mover_difference
from governance.statistics.proportions import clopper_pearson, clustered_wilson, gating_proportion
from governance.statistics.ranking import clustered_auroc, gating_auroc
from governance.statistics.simultaneous import simultaneous_level

EQUIVALENCE = 0.90
"""Level of the interval of two one-sided 5 % tests."""
DRAWS = 2000
"""Fewer than an evaluator's; every run has its own, so that their noise averages out."""


def independent(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Groups of one sample a patient; a rule passes if every pair's interval lies inside the margin."""
    groups, sizes = ((2, 4), (200,)) if quick else ((2, 4, 8), (100, 200, 500, 2000))
    for k, n, margin, p in product(groups, sizes, (0.05, 0.1), (0.8, 0.95)):
        name = f"{k} groups x {n}, proportion {p}, margin {margin}"
        yield _pass_rate(name, "false pass", simulations, shares=[p - margin, *([p] * (k - 1))], n=n, margin=margin)
        yield _pass_rate(name, "power", simulations, shares=[p] * k, n=n, margin=margin)
    for k, n in ((2, 200), (4, 200)) if quick else ((2, 100), (2, 500), (4, 100), (4, 500), (8, 100)):
        yield _false_alarms(k, n, 0.8, simulations)


def shared(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Two groups within patients, such as two projections: the estimates are correlated."""
    for patients, resemblance, margin in product((100,) if quick else (100, 300), (0.3, 0.7), (0.05, 0.1)):
        cases: tuple[tuple[Kind, float], ...] = (("false pass", 0.85 - margin), ("power", 0.85))
        for kind, low in cases:
            name = f"2 views of {patients} patients, ICC {resemblance}, proportion 0.85, margin {margin}"
            stream, passed = stream_of(name + kind), 0
            codes = np.arange(patients)
            for _ in range(simulations):
                common = np.sqrt(resemblance) * stream.standard_normal(patients)
                right = [
                    common + np.sqrt(1 - resemblance) * stream.standard_normal(patients) < stats.norm.ppf(p)
                    for p in (low, 0.85)
                ]
                bounds = [gating_proportion(one, codes, EQUIVALENCE) for one in right]
                values = [float(one.mean()) for one in right]
                influence = [cluster_sums((one - one.mean()) / patients, codes, patients) for one in right]
                found = mover_difference(
                    values[0], bounds[0], values[1], bounds[1], correlation=correlation(influence[0], influence[1])
                )
                passed += found.low > -margin and found.high < margin
            yield Figure("gap, groups that share patients", name, kind, simulations, passed / simulations)


def rankings(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Gaps of AUROC between groups of different patients."""
    cells = ((2, 60, 240, 0.85, 0.1),) if quick else tuple(product((2, 4), (60, 200), (240,), (0.85,), (0.1,)))
    for k, positives, negatives, value, margin in cells:
        name = f"{k} groups x {positives} + {negatives}, AUROC {value}, margin {margin}"
        labels = np.arange(positives + negatives) < positives
        cases: tuple[tuple[Kind, float], ...] = (("false pass", value - margin), ("power", value))
        for kind, lowest in cases:
            stream, passed = stream_of(name + kind), 0
            for _ in range(simulations):
                found = []
                for truth in [lowest] + [value] * (k - 1):
                    shift = stats.norm.ppf(truth) * np.sqrt(2)
                    scores = stream.standard_normal(labels.size) + shift * labels
                    estimate = clustered_auroc(scores, labels, np.arange(labels.size))
                    found.append((estimate.value, gating_auroc(estimate, EQUIVALENCE)))
                passed += all(_inside(*one, *two, margin) for one, two in combinations(found, 2))
            yield Figure("gap of AUROC", name, kind, simulations, passed / simulations)


def worst(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Simultaneous intervals of equal groups: does that of the group that looks worst hold the truth?"""
    for k, n, p in product((4,) if quick else (2, 4, 8), (200,) if quick else (100, 500), (0.8, 0.9)):
        name = f"worst of {k} groups x {n}, proportion {p}"
        level = simultaneous_level(np.eye(k), LEVEL, seed=0)  # groups without shared patients
        counts = stream_of(name).binomial(n, p, (simulations, k))
        codes = np.arange(n)
        ends = {count: clustered_wilson(codes < count, codes, level) for count in np.unique(counts).tolist()}
        yield _worst(name, simulations, [[ends[count] for count in row] for row in counts.tolist()], counts, p)
    for k, patients in product((3,) if quick else (3, 6), (100,) if quick else (100, 300)):
        yield _worst_shared(k, patients, 0.85, 0.5, simulations)


def _worst_shared(k: int, patients: int, p: float, resemblance: float, simulations: int) -> Figure:
    name = f"worst of {k} views of {patients} patients, ICC {resemblance}, proportion {p}"
    stream, codes, rows, counts = stream_of(name), np.arange(patients), [], []
    for run in range(simulations):
        common = np.sqrt(resemblance) * stream.standard_normal((patients, 1))
        own = np.sqrt(1 - resemblance) * stream.standard_normal((patients, k))
        right = common + own < stats.norm.ppf(p)
        level = simultaneous_level((right - right.mean(axis=0)) / patients, LEVEL, seed=run, draws=DRAWS)
        counts.append(right.sum(axis=0))
        rows.append([clustered_wilson(right[:, view], codes, level) for view in range(k)])
    return _worst(name, simulations, rows, np.array(counts), p)


def _worst(name: str, simulations: int, rows: list[list[Bounds]], counts: np.ndarray, p: float) -> Figure:
    chosen = [row[at] for row, at in zip(rows, counts.argmin(axis=1), strict=True)]
    below = float(np.mean([bounds.low > p for bounds in chosen]))
    above = float(np.mean([bounds.high < p for bounds in chosen]))
    width = float(np.mean([bounds.high - bounds.low for bounds in chosen]))
    return Figure("worst group, simultaneous", name, "joint", simulations, 1 - below - above, below, above, width)


def _pass_rate(name: str, kind: Kind, simulations: int, *, shares: list[float], n: int, margin: float) -> Figure:
    counts = stream_of(name + kind).binomial(n, shares, (simulations, len(shares)))

    @cache
    def inside(one: int, two: int) -> bool:
        return _inside(one / n, _exact(one, n), two / n, _exact(two, n), margin)

    passed = sum(all(inside(*pair) for pair in combinations(row, 2)) for row in np.sort(counts, axis=1).tolist())
    return Figure("gap, groups of other patients", name, kind, simulations, passed / simulations)


def _false_alarms(k: int, n: int, p: float, simulations: int) -> Figure:
    """Share of runs in which any simultaneous interval of a pair of equal groups excludes no difference."""
    name = f"{k} equal groups x {n}, proportion {p}"
    pairs, codes, alarms = list(combinations(range(k), 2)), np.arange(n), 0
    known = cache(lambda count, level: clustered_wilson(codes < count, codes, level))
    for run, row in enumerate(stream_of(name).binomial(n, p, (simulations, k))):
        influence = np.zeros((2 * k, k))  # the influences of a group take two values: weigh them by their numbers
        influence[np.arange(k), np.arange(k)] = (1 - row / n) * np.sqrt(row) / n
        influence[k + np.arange(k), np.arange(k)] = -row / n * np.sqrt(n - row) / n
        contrasts = np.column_stack([influence[:, one] - influence[:, two] for one, two in pairs])
        level = simultaneous_level(contrasts, LEVEL, seed=run, draws=DRAWS)
        bounds = [known(count, level) for count in row.tolist()]
        alarms += any(
            not _holds_zero(mover_difference(row[one] / n, bounds[one], row[two] / n, bounds[two]))
            for one, two in pairs
        )
    return Figure("gap, false alarm among equal groups", name, "false alarm", simulations, alarms / simulations)


def _holds_zero(bounds: Bounds) -> bool:
    return bounds.low <= 0 <= bounds.high


def _inside(first: float, first_bounds: Bounds, second: float, second_bounds: Bounds, margin: float) -> bool:
    found = mover_difference(first, first_bounds, second, second_bounds)
    return found.low > -margin and found.high < margin


@cache
def _exact(count: int, n: int) -> Bounds:
    return clopper_pearson(count, n, EQUIVALENCE)
