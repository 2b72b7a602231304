"""Weighted sums of numbers about the same patients: means over conditions, areas, quotients by AlexNet's errors.

The same patients are in every condition, so errors under two conditions are far from independent, and the variance of
their mean must not be that of independent numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evaluators.estimates import Estimate, Interval, remembered
from governance.evidence.model import Method, Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats

SOURCE = "Zou, Huang and Zhang, Comput. Stat. Data Anal. 53 (2009) 1080 (linear functions)"


def weighted_sum(
    parts: Sequence[Estimate],
    weights: Sequence[float],
    *,
    name: str,
    parameters: Mapping[str, Scalar],
    source: str = SOURCE,
    low: float = -np.inf,
    high: float = np.inf,
) -> Estimate:
    """Return ``sum_k weights_k parts_k`` of estimates about the same patients.

    The interval is recovered from those of the parts (MOVER): with d_k the distance of part k to its lower end,
    ``low = sum - sqrt(sum_jk w_j w_k r_jk d_j d_k)``, likewise above; r is the correlation that follows from the
    influence of every patient on both parts. Where a part does not vary at all, its correlation is not known and counts
    as 1, the widest.

    Parameters
    ----------
    weights
        None negative.
    low, high
        Range of the sum.

    Source: Zou, Huang and Zhang, Comput. Stat. Data Anal. 53 (2009) 1080; Zou and Donner, Stat. Med. 27 (2008) 1693
    (correlated).

    Raises
    ------
    ValueError
        If there is no part, or a weight is negative: ends of differences are those of paired parts, not of this sum.
    """
    w = np.asarray(weights, dtype=np.float64)
    if not parts or w.shape != (len(parts),) or w.min() < 0:
        raise ValueError("a weighted sum needs parts, each with a weight that is not negative")
    values = np.array([part.value for part in parts])
    value, shared = float(w @ values), correlations(parts)

    def of(ends: Sequence[Interval]) -> Interval:
        def bounds(level: float) -> Bounds:
            found = [end(level) for end in ends]
            down = w * (values - np.array([one.low for one in found]))
            up = w * (np.array([one.high for one in found]) - values)
            below, above = (float(np.sqrt(max(d @ shared @ d, 0.0))) for d in (down, up))
            return Bounds(value - below, value + above, f"MOVER on {found[0].method}").clipped(low, high)

        return remembered(bounds)

    influence = None
    if all(part.influence is not None for part in parts):
        influence = np.zeros_like(parts[0].influence)
        for weight, part in zip(w, parts, strict=True):
            influence += weight * np.asarray(part.influence)
    return Estimate(
        value=value,
        n=max(part.n for part in parts),
        n_clusters=max(part.n_clusters for part in parts),
        events=None,
        bounds=of([part.bounds for part in parts]),
        method=Method(name=name, parameters={**parameters, "inputs": len(parts)}, source=source),
        influence=influence,
        gating=of([part.gating or part.bounds for part in parts]),
    )


def correlations(parts: Sequence[Estimate]) -> Floats:
    """Return (k, k) correlations of estimates by the influence of every cluster; 1 where that says nothing."""
    known = [part.influence for part in parts]
    if any(influence is None for influence in known):
        return np.ones((len(parts), len(parts)))
    stacked = np.stack([np.asarray(influence) for influence in known])
    size = np.sqrt(np.sum(stacked**2, axis=1))
    varies = size > 0
    scaled = stacked / np.where(varies, size, 1.0)[:, None]
    found: Floats = np.clip(scaled @ scaled.T, -1.0, 1.0)
    found[~varies, :] = found[:, ~varies] = 1.0
    np.fill_diagonal(found, 1.0)
    return found
