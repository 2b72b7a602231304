"""One number for how far the means of groups are apart, with what the groups' own intervals leave possible.

Standard deviations, smallest and largest values of estimated means are biased: means of truly equal groups differ by
chance. Resampling keeps that bias, so its intervals exclude equality far too often. Here the interval is the range of
the number over all means that lie in intervals which hold together (a projection of a simultaneous region): it covers
the truth at least as often as the region does.

Source: Scheffé, The Analysis of Variance (1959), section 3.5 (projection of a simultaneous region).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from evaluators.estimates import Estimate, Interval, remembered
from evaluators.families import joint_level
from governance.evidence.model import Method
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats

CORNERS = 12
"""Most groups for which every corner of the region is tried (4096); beyond, half the range bounds the deviation."""
HALVINGS = 60
"""Halvings of the range in the search for the smallest deviation: to the last digit of a float."""


def equity_scaled(overall: Estimate, groups: Sequence[Estimate], *, level_seed: int) -> Estimate:
    """Return ``overall / (1 + standard deviation of the groups' values)``, the deviation over the number of groups.

    Source: Jin et al., FairMedFM, NeurIPS Datasets and Benchmarks (2024), utils/metrics.py of its repository.
    """

    def bounds(level: float) -> Bounds:
        pointwise, how = joint_level([one.influence for one in (overall, *groups)], level, level_seed)
        whole = overall.bounds(pointwise)
        low, high = _ends(groups, pointwise)
        return Bounds(
            whole.low / (1 + _largest_deviation(low, high)),
            whole.high / (1 + _smallest_deviation(low, high)),
            f"projected from simultaneous intervals of all groups, {how}",
        )

    value = overall.value / (1 + float(np.std([one.value for one in groups])))
    return _estimate(value, overall, groups, bounds, "mean over one plus the deviation of groups")


def skewness(overall: Estimate, groups: Sequence[Estimate], *, level_seed: int) -> Estimate | str:
    """Return ``(1 - lowest) / (1 - highest)`` of the groups' values, or say that the best group has no error.

    Source: Jin et al., FairMedFM, NeurIPS Datasets and Benchmarks (2024), utils/metrics.py of its repository.
    """
    values = [one.value for one in groups]
    if max(values) >= 1:
        return "the best group has no error, so there is no ratio to it"

    def bounds(level: float) -> Bounds:
        pointwise, how = joint_level([one.influence for one in groups], level, level_seed)
        low, high = _ends(groups, pointwise)
        if high.max() >= 1:
            raise ValueError("the best group may have no error, so the ratio has no upper end")
        smallest = max(1.0, (1 - float(high.min())) / (1 - float(low.max())))
        largest = (1 - float(low.min())) / (1 - float(high.max()))
        return Bounds(smallest, largest, f"projected from simultaneous intervals of all groups, {how}")

    return _estimate((1 - min(values)) / (1 - max(values)), overall, groups, bounds, "ratio of the groups' errors")


def _estimate(value: float, overall: Estimate, groups: Sequence[Estimate], bounds: Interval, name: str) -> Estimate:
    return Estimate(
        value=value,
        n=overall.n,
        n_clusters=overall.n_clusters,
        events=None,
        bounds=remembered(bounds),
        method=Method(
            name=name,
            parameters={"groups": len(groups)},
            source="Jin et al., FairMedFM, NeurIPS Datasets and Benchmarks (2024)",
        ),
    )


def _ends(groups: Sequence[Estimate], level: float) -> tuple[Floats, Floats]:
    found = [one.bounds(level) for one in groups]
    return np.array([one.low for one in found]), np.array([one.high for one in found])


def _largest_deviation(low: Floats, high: Floats) -> float:
    """Largest standard deviation of values in intervals; it is convex, so a corner has it."""
    if low.size > CORNERS:
        return float(high.max() - low.min()) / 2  # Popoviciu's bound
    return max(float(np.std(corner)) for corner in product(*zip(low, high, strict=True)))


def _smallest_deviation(low: Floats, high: Floats) -> float:
    """Smallest standard deviation of values in intervals: each value as near to their common mean as it can be.

    The mean of the values nearest to a point falls behind the point as it moves up, so they meet at one point only.
    """
    below, above = float(low.min()), float(high.max())
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        if float(np.clip(middle, low, high).mean()) > middle:
            below = middle
        else:
            above = middle
    return float(np.std(np.clip((below + above) / 2, low, high)))
