"""Estimates of how far predicted numbers lie from the truth, by their influence values.

Each of these numbers is a smooth function of means. Its (n,) influence values, summed within patients, give its
variance; positive numbers whose error grows with their size (squared errors, their share of the variation) get their
interval on the logarithm.

Source: Liang and Zeger, Biometrika 73 (1986) 13 (clusters); Hampel, J. Am. Stat. Assoc. 69 (1974) 383 (influence).
"""

from __future__ import annotations

import math

import numpy as np

from evaluators.estimates import Estimate, Interval, remembered
from governance.evidence.model import Method, Scalar
from governance.statistics.bounds import Bounds, t_quantile
from governance.statistics.clusters import Floats, Integers, cluster_sums

WIDTH = 1.96
"""Standard deviations between the mean error and a limit of agreement: 95 % of a normal distribution."""


def root_mean_squared_error(
    errors: Floats, codes: Integers, n_clusters: int, parameters: dict[str, Scalar]
) -> Estimate:
    """Estimate ``sqrt(mean errors^2)`` of (n,) errors, with an interval on the logarithm."""
    squared = np.square(errors)
    value = math.sqrt(float(squared.mean()))
    influence = (squared - squared.mean()) / errors.size / (2 * value) if value > 0 else np.zeros(errors.size)
    return _estimate(value, influence, codes, n_clusters, parameters, on="log", name="root of a clustered mean")


def r_squared(
    predictions: Floats, target: Floats, codes: Integers, n_clusters: int, parameters: dict[str, Scalar]
) -> Estimate | str:
    """Estimate the explained share ``1 - SSE / SST``; the interval is that of ``SSE / SST`` on the logarithm."""
    squared, around = np.square(predictions - target), np.square(target - target.mean())
    if around.sum() <= 0:
        return "all targets of the group are equal: there is no variation to explain"
    left = float(squared.sum() / around.sum())
    influence = -(squared - left * around) / around.sum()
    return _estimate(1 - left, influence, codes, n_clusters, parameters, on="log of 1 - value", name="ratio of sums")


def calibration_slope(
    predictions: Floats, target: Floats, codes: Integers, n_clusters: int, parameters: dict[str, Scalar]
) -> Estimate | str:
    """Estimate the least-squares slope of targets on predictions, with its clustered sandwich variance."""
    x = predictions - predictions.mean()
    if float(x @ x) <= 0:
        return "all predictions of the group are equal: there is no slope"
    slope = float(x @ target / (x @ x))
    residuals = target - target.mean() - slope * x
    return _estimate(
        slope, x * residuals / (x @ x), codes, n_clusters, parameters, on="value", name="least squares, sandwich"
    )


def limit_of_agreement(
    errors: Floats, codes: Integers, n_clusters: int, parameters: dict[str, Scalar], *, sign: int
) -> Estimate | str:
    """Estimate ``mean + sign * 1.96 s`` of (n,) errors, s with n - 1.

    The variance comes from the influence of the mean and of s, so it needs no normal errors and allows several samples
    a patient; for independent normal errors it is Bland and Altman's ``(1 / n + 1.96^2 / 2(n - 1)) s^2``.
    """
    if errors.size < 2:
        return "a standard deviation needs at least two samples"
    around = errors - errors.mean()
    spread = math.sqrt(float(around @ around) / (errors.size - 1))
    of_spread = (np.square(around) - np.mean(np.square(around))) / (2 * spread) if spread > 0 else np.zeros(errors.size)
    influence = (around + sign * WIDTH * of_spread) / errors.size
    value = float(errors.mean()) + sign * WIDTH * spread
    return _estimate(value, influence, codes, n_clusters, parameters, on="value", name="mean and standard deviation")


def _estimate(
    value: float,
    influence: Floats,
    codes: Integers,
    n_clusters: int,
    parameters: dict[str, Scalar],
    *,
    on: str,
    name: str,
) -> Estimate:
    sums = cluster_sums(influence, codes, n_clusters)
    present = int(np.count_nonzero(np.bincount(codes, minlength=n_clusters)))
    return Estimate(
        value=value,
        n=influence.size,
        n_clusters=present,
        events=None,
        bounds=remembered(_bounds(value, sums, present, on)),
        method=Method(
            name=name, parameters={**parameters, "scale": on}, source="Liang and Zeger, Biometrika 73 (1986) 13"
        ),
        influence=sums,
    )


def _bounds(value: float, influence: Floats, n_clusters: int, on: str) -> Interval:
    def bounds(level: float) -> Bounds:
        if n_clusters < 2:
            raise ValueError("an interval needs at least two independent clusters")
        deviation = math.sqrt(n_clusters / (n_clusters - 1) * float(influence @ influence))
        if deviation <= 0:
            raise ValueError("nothing varies between patients, so there is no interval")
        half = t_quantile(level, n_clusters - 1) * deviation
        method = f"cluster-robust Student's t, {on}"
        if on == "value":
            return Bounds(value - half, value + half, method)
        positive = value if on == "log" else 1 - value
        low, high = positive * math.exp(-half / positive), positive * math.exp(half / positive)
        return Bounds(low, high, method) if on == "log" else Bounds(1 - high, 1 - low, method)

    return bounds
