"""Tests of "neither of two ways of deciding is better", on the same samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from evaluators import metrics
from evaluators.binary import Predictions
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.comparison.paired import Arm, denominator, outcome
from governance.evidence.model import MetricDescriptor
from governance.statistics.auroc_comparison import paired_auroc_test
from governance.statistics.paired import clustered_mcnemar
from governance.statistics.ranking import paired_auroc_difference


def tested_change(
    metric: MetricDescriptor, arms: tuple[Arm, Arm], estimate: Estimate, *, data: Predictions, inside: Bools
) -> dict[str, Any]:
    """Return the p-value of "the two are equally good" and the name of its test; nothing where there is none.

    McNemar's exact test by patient, or from the cluster-robust variance where chance decides; for the AUROC the paired
    test; none for balanced accuracy. Not adjusted for the other comparisons.
    """
    first, second = arms
    among = denominator(metric, inside & first.usable & second.usable, data)
    try:
        if metric is metrics.AUROC and first.score is not None and second.score is not None:
            difference = paired_auroc_difference(
                first.score[among], second.score[among], data.positive[among], data.codes[among]
            )
            ranked = paired_auroc_test(difference)
            return _test(ranked.p_value, ranked.method)
        if metric is metrics.BALANCED_ACCURACY or metric is metrics.AUROC:
            return {}
        one, two = outcome(metric, first, data)[among], outcome(metric, second, data)[among]
        if bool(np.isin(np.append(one, two), (0.0, 1.0)).all()):
            paired = clustered_mcnemar(one, two, data.codes[among])
            return _test(paired.p_value, paired.method)
    except ValueError:  # too few patients for a test; the interval says so
        return {}
    return _from_variance(estimate)


def _from_variance(estimate: Estimate) -> dict[str, Any]:
    if estimate.influence is None or estimate.n_clusters < 2:
        return {}
    variance = estimate.n_clusters / (estimate.n_clusters - 1) * float(np.sum(estimate.influence**2))
    if variance <= _ZERO:
        return {}
    p_value = 2 * float(stats.t.sf(abs(estimate.value) / np.sqrt(variance), estimate.n_clusters - 1))
    return _test(p_value, "cluster-robust t of paired differences")


def _test(p_value: float, name: str) -> dict[str, Any]:
    return {"p_value": p_value, "test": f"{name}; not adjusted for other comparisons"}


_ZERO = 1e-18
"""Variances below this are rounding."""
