"""Means over classes or labels of numbers that have intervals of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluators.estimates import Estimate, Interval, remembered
from governance.evidence.model import Method, Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import correlation


def average(parts: Sequence[Estimate], *, n: int, n_clusters: int, parameters: dict[str, Scalar]) -> Estimate:
    """Return the mean of several estimates on the same patients, each with the same weight.

    The interval is recovered from those of the parts (MOVER): with d_i the distance from part i to its lower end,
    ``low = mean - sqrt(sum_ij r_ij d_i d_j) / k``, r the correlation of parts that share patients; likewise above. So
    it keeps a width where every part is at 0 or 1.

    Source: Zou, Huang and Zhang, Comput. Stat. Data Anal. 53 (2009) 1080 (linear functions); Zou and Donner, Stat. Med.
    27 (2008) 1693 (correlated).
    """
    values = np.array([part.value for part in parts])
    shared = _correlations(parts)

    def of(ends: Sequence[Interval]) -> Interval:
        def bounds(level: float) -> Bounds:
            found = [end(level) for end in ends]
            down = values - np.array([one.low for one in found])
            up = np.array([one.high for one in found]) - values
            low, high = (float(np.sqrt(max(d @ shared @ d, 0.0)) / len(parts)) for d in (down, up))
            middle = float(values.mean())
            return Bounds(middle - low, middle + high, f"MOVER on {found[0].method}")

        return remembered(bounds)

    influences = [part.influence for part in parts if part.influence is not None]
    return Estimate(
        value=float(values.mean()),
        n=n,
        n_clusters=n_clusters,
        events=None,
        bounds=of([part.bounds for part in parts]),
        method=Method(
            name="mean of parts, each with its own interval",
            parameters={**parameters, "parts": len(parts)},
            source="Zou, Huang and Zhang, Comput. Stat. Data Anal. 53 (2009) 1080",
        ),
        influence=np.mean(influences, axis=0) if len(influences) == len(parts) else None,
        gating=of([part.gating or part.bounds for part in parts]),
    )


def _correlations(parts: Sequence[Estimate]) -> np.ndarray:
    """Return (k, k); 1 on the diagonal also for a part that does not vary."""
    shared = np.eye(len(parts))
    for i, one in enumerate(parts):
        for j in range(i):
            other = parts[j]
            if one.influence is not None and other.influence is not None:
                shared[i, j] = shared[j, i] = correlation(one.influence, other.influence)
    return shared
