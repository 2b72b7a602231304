"""Choices by two objectives, both better when higher: front, hypervolume, distance to the best of each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from governance.statistics.clusters import Floats

Bools = npt.NDArray[np.bool_]


def front(points: Floats) -> Bools:
    """Return (..., p) bool: which of (..., p, 2) points no other is as good as in both objectives and better in one.

    Equal points are all on the front, or none of them is. A point with NaN is not.

    Source: Zitzler and Thiele, IEEE Trans. Evol. Comput. 3 (1999) 257, section II.
    """
    one, other = points[..., :, None, :], points[..., None, :, :]
    beaten = ((other >= one).all(axis=-1) & (other > one).any(axis=-1)).any(axis=-1)
    return np.asarray(~beaten & np.isfinite(points).all(axis=-1), dtype=np.bool_)


def hypervolume(points: Floats) -> Floats:
    """Return (...) areas of what (..., p, 2) points dominate above (0, 0); NaN where a point has NaN.

    Source: Zitzler and Thiele, IEEE Trans. Evol. Comput. 3 (1999) 257.
    """
    order = np.argsort(-points[..., 0], axis=-1, kind="stable")
    first = np.take_along_axis(points[..., 0], order, axis=-1)
    second = np.maximum.accumulate(np.take_along_axis(points[..., 1], order, axis=-1), axis=-1)
    following = np.concatenate([first[..., 1:], np.zeros_like(first[..., :1])], axis=-1)
    area: Floats = np.sum((first - following) * second, axis=-1)
    return area


def distance_to_best(points: Floats, among: Floats) -> Floats:
    """Return (..., p) distances of (..., p, d) points from the best value of each objective in (..., q, d) points.

    Source: Zong, Yang and Hospedales, ICLR (2023).
    """
    best = among.max(axis=-2, keepdims=True)
    distance: Floats = np.sqrt(np.sum((best - points) ** 2, axis=-1))
    return distance
