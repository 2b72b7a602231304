"""Tests of whether two AUROCs differ: on the same samples, and on samples of different patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from governance.statistics.ranking import ClusteredAUROC, PairedDifference

_ZERO = 1e-18
"""As in `governance.statistics.ranking`: smaller variances are rounding."""


@dataclass(frozen=True)
class AUROCTest:
    """Result of a two-sided test that two AUROCs are equal.

    Attributes
    ----------
    statistic
        Difference over its standard error; infinite where the error is 0 and the difference is not.
    freedom
        Degrees of freedom of Student's t; None for an exact test.
    """

    difference: float
    statistic: float
    freedom: float | None
    p_value: float
    method: str


def paired_auroc_test(difference: PairedDifference) -> AUROCTest:
    """Test that two AUROCs on the same samples are equal: ``t = d / sqrt(variance)``.

    t has the clusters of the class with fewer of them, less one, as degrees of freedom; DeLong's normal distribution is
    the limit for many. Where no placement varies (all pairs moved alike) it is the sign test on the pairs that share no
    patient. It does not show that a difference is too small to matter; that takes an interval and a margin.

    Source: DeLong et al., Biometrics 44 (1988) 837; Obuchowski, Biometrics 53 (1997) 567 (clusters).

    Raises
    ------
    ValueError
        If a class comes from fewer than two clusters.
    """
    if difference.variance is None:
        raise ValueError("a test of AUROCs needs positives and negatives of at least two clusters each")
    if difference.variance <= _ZERO:
        return _unvaried(difference.value, difference.disjoint_pairs)
    freedom = min(difference.positive_clusters, difference.negative_clusters) - 1
    return _student(difference.value, difference.variance, freedom, "paired DeLong-Obuchowski test")


def unpaired_auroc_test(first: ClusteredAUROC, second: ClusteredAUROC) -> AUROCTest:
    """Test that the AUROCs of two groups without shared patients are equal.

    ``t = (A - B) / sqrt(Var A + Var B)`` with Satterthwaite's degrees of freedom. Where neither varies it is the sign
    test on the pairs of the smaller group that share no patient.

    Source: Hanley and McNeil, Radiology 143 (1982) 29 (difference); DeLong et al. (1988) and Obuchowski (1997)
    (variances); Satterthwaite, Biometrics Bull. 2 (1946) 110.

    Raises
    ------
    ValueError
        If a class of a group comes from fewer than two clusters.
    """
    if first.variance is None or second.variance is None:
        raise ValueError("a test of AUROCs needs positives and negatives of at least two clusters each")
    value, variance = first.value - second.value, first.variance + second.variance
    if variance <= _ZERO:
        return _unvaried(value, min(first.disjoint_pairs, second.disjoint_pairs))
    freedom = [min(one.positive_clusters, one.negative_clusters) - 1 for one in (first, second)]
    together = variance**2 / (first.variance**2 / freedom[0] + second.variance**2 / freedom[1])
    return _student(value, variance, together, "unpaired DeLong-Obuchowski test")


def _student(value: float, variance: float, freedom: float, method: str) -> AUROCTest:
    statistic = value / float(np.sqrt(variance))
    p_value = 2 * float(special.stdtr(freedom, -abs(statistic)))
    return AUROCTest(value, statistic, freedom, p_value, f"{method}, Student's t")


def _unvaried(value: float, pairs: int) -> AUROCTest:
    if value == 0:
        return AUROCTest(value, 0.0, None, 1.0, "no pair differs")
    p_value = min(1.0, 2 * 0.5**pairs)
    return AUROCTest(
        value, float(np.copysign(np.inf, value)), None, p_value, "sign test on pairs that share no patient"
    )
