"""Cells of an intersection drawn towards what they have in common, beside their raw values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evaluators import metrics
from evaluators.binary import THRESHOLD_METRICS
from evaluators.comparisons import Compared
from evaluators.estimates import Estimate
from evaluators.grouping import Slice
from governance.evidence.model import Measurement, Method
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats
from governance.statistics.shrinkage import Shrunken, shrunken_means, shrunken_shares

SHRUNKEN = "shrunken"
"""Variant of the value of a cell."""

_SHARES = tuple(metric.name for metric in (*THRESHOLD_METRICS, metrics.PREVALENCE, metrics.REJECTED_RATE))
_LOGIT = (metrics.AUROC.name,)
_SOURCE = "Gelman et al., Bayesian Data Analysis (2013), chapter 5; Griffin and Krutchkoff, Biometrics 27 (1971) 425"


def shrunken(compared: Compared) -> Iterator[Measurement]:
    """Give every cell of an intersection that has a value shrunken too, or the reason why it is not."""
    recorder, metric = compared.recorder, compared.metric
    if compared.reason is not None:
        return
    usable, reasons = [], {}
    for cell in compared.cells:
        estimate = compared.by_slice[frozenset(cell.items())]
        if isinstance(estimate, str):
            continue
        problem = _unusable(metric.name, estimate)
        if problem is not None:
            reasons[frozenset(cell.items())] = problem
        else:
            usable.append((cell, estimate))
    try:
        drawn = _draw(metric.name, usable, recorder.level)
    except ValueError as error:
        reasons |= {frozenset(cell.items()): str(error) for cell, _ in usable}
        drawn = None
    found = {frozenset(cell.items()): (at, estimate) for at, (cell, estimate) in enumerate(usable)}
    for cell, _ in compared.usable():
        key = frozenset(cell.items())
        about: dict[str, Any] = {"slice": cell, "over": compared.grouping.over, "variant": SHRUNKEN}
        if drawn is None or key in reasons:
            yield recorder.not_measured(metric, reasons[key], **about)
        else:
            at, estimate = found[key]
            yield recorder.measured(metric, _estimate(estimate, drawn, at), **about)


def _estimate(raw: Estimate, drawn: Shrunken, at: int) -> Estimate:
    ends = Bounds(float(drawn.low[at]), float(drawn.high[at]), drawn.method)
    return replace(
        raw,
        value=float(drawn.value[at]),
        events=None,
        bounds=lambda _level: ends,
        gating=None,
        influence=None,
        method=Method(
            name=drawn.method,
            parameters={
                "raw": raw.value,
                "weight_of_raw": float(drawn.weight[at]),
                "cells": drawn.value.size,
                "mean_of_cells": drawn.mean,
                "spread_between_cells": drawn.between,
            },
            source=_SOURCE,
        ),
    )


def _unusable(metric: str, estimate: Estimate) -> str | None:
    """Return why a cell cannot take part, or None."""
    if metric in _SHARES:
        return None
    if estimate.influence is None:
        return "its variance between patients is not known"
    if (metric in _LOGIT and not 0 < estimate.value < 1) or _variance(estimate) <= 0:
        return "a cell in which nothing varies has no known variance"
    return None


def _draw(metric: str, cells: Sequence[tuple[Slice, Estimate]], level: float) -> Shrunken:
    values = np.array([estimate.value for _, estimate in cells])
    if metric in _SHARES:
        sizes = np.array([float(estimate.method.parameters["effective_n"]) for _, estimate in cells])
        return shrunken_shares(values * sizes, sizes, level)
    variances = np.array([_variance(estimate) for _, estimate in cells])
    if metric not in _LOGIT:
        return shrunken_means(values, variances, level)
    made = shrunken_means(np.log(values / (1 - values)), variances / (values * (1 - values)) ** 2, level)
    mean = float(_expit(np.array(made.mean)))
    return replace(
        made,
        raw=values,
        value=_expit(made.value),
        low=_expit(made.low),
        high=_expit(made.high),
        mean=mean,
        between=made.between * mean * (1 - mean),
        method=f"{made.method}, on the logit scale",
    )


def _variance(estimate: Estimate) -> float:
    if estimate.influence is None or estimate.n_clusters < 2:
        return 0.0
    return float(estimate.n_clusters / (estimate.n_clusters - 1) * np.sum(estimate.influence**2))


def _expit(x: Floats) -> Floats:
    found: Floats = 0.5 * (1 + np.tanh(x / 2))
    return found
