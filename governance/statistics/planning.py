"""How much data a bar or a difference needs, how much more would settle it, and what the data at hand could show.

Planning figures rest on an expected value that will turn out otherwise. Units are what is drawn independently:
patients, not their samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats
from scipy.optimize import brentq

from governance.statistics.bounds import check_level, normal_quantile


@dataclass(frozen=True)
class SampleSize:
    """How many units are needed: `n`, or None where `helps` is False, as no number of them would do."""

    helps: bool
    n: int | None


def units_for_bar(
    expected: float,
    bar: float,
    *,
    at_least: bool,
    level: float = 0.95,
    power: float = 0.8,
    design_effect: float = 1.0,
    samples_per_unit: float = 1.0,
) -> SampleSize:
    """Number of units of which a proportion's interval clears a bar with the probability `power`.

    ``n = D / m ((z sqrt(b (1 - b)) + z' sqrt(p (1 - p))) / (p - b))^2`` units of m samples, with z the two-sided
    quantile of `level` and z' that of `power`. An expected value that misses the bar is not helped by any number.

    Parameters
    ----------
    expected, bar
        The proportion p that is expected, and the bar b, strictly between 0 and 1. An expected value of 0 or 1 is
        allowed.
    design_effect
        D, by how much the variance exceeds that of as many independent samples (`EffectiveSize.design_effect`).

    Source: Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions (2003), section 2.2, without the
    correction for continuity; Kish, Survey Sampling (1965), section 8.2 (design effect).

    Raises
    ------
    ValueError
        If a proportion, level or power lies outside its range, or the design effect or the unit's size is below 1.
    """
    if not 0 < bar < 1 or not 0 <= expected <= 1:
        raise ValueError(f"planning needs 0 < bar < 1 and 0 <= expected <= 1, not {bar} and {expected}")
    if design_effect < 1 or samples_per_unit < 1:
        raise ValueError("a design effect and the samples of a unit are at least 1")
    margin = expected - bar if at_least else bar - expected
    if margin <= _ROUNDING:
        return SampleSize(helps=False, n=None)
    reach = normal_quantile(level) * math.sqrt(bar * (1 - bar)) + _power(power) * math.sqrt(expected * (1 - expected))
    return SampleSize(helps=True, n=_whole(design_effect / samples_per_unit * (reach / margin) ** 2))


def units_for_equivalence(
    first: float,
    second: float,
    margin: float,
    *,
    error: float = 0.05,
    power: float = 0.8,
    design_effect: float = 1.0,
    samples_per_unit: float = 1.0,
) -> SampleSize:
    """Number of units in each of two groups to show by two one-sided tests that proportions differ by less than margin.

    The smallest n for which ``Phi((m - d) / s - z) + Phi((m + d) / s - z) - 1`` reaches the power, with d the expected
    difference, ``s^2 = D / (n m') (p (1 - p) + q (1 - q))`` and z the one-sided quantile of `error`. Proportions that
    are expected to differ by the margin or more are not helped by any number.

    Parameters
    ----------
    first, second
        Expected proportions p and q.
    margin
        Difference that still counts as none.

    Other parameters as in `units_for_bar`. Source: Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657; Chow, Shao
    and Wang, Sample Size Calculations in Clinical Research (2008), section 4.2.
    """
    for proportion in (first, second):
        if not 0 <= proportion <= 1:
            raise ValueError(f"a proportion lies between 0 and 1, not {proportion}")
    if margin <= 0:
        raise ValueError("a margin is above 0")
    difference = abs(first - second)
    if difference >= margin * (1 - _ROUNDING):
        return SampleSize(helps=False, n=None)
    variance = design_effect / samples_per_unit * (first * (1 - first) + second * (1 - second))
    if variance == 0:
        raise ValueError("proportions of exactly 0 or 1 leave nothing to plan with; expect something less extreme")
    quantile = float(stats.norm.ppf(1 - error))

    def lacking(n: float) -> float:
        scale = math.sqrt(variance / n)
        near, far = (float(stats.norm.cdf((margin + sign * difference) / scale - quantile)) for sign in (-1, 1))
        return near + far - 1 - check_level(power)

    upper = 2.0
    while lacking(upper) < 0:
        upper *= 2
    return SampleSize(helps=True, n=_whole(float(brentq(lacking, 1e-6, upper))))


def minimum_detectable_difference(standard_error: float, *, error: float = 0.05, power: float = 0.8) -> float:
    """Difference that a two-sided test finds with the probability `power`, given the standard error of the estimate.

    ``(z_{1 - error / 2} + z_power) SE``. A difference that was not found can be as large as this; it is about the
    data, not about the model.

    Parameters
    ----------
    standard_error
        Of the difference, between patients: the square root of the sum of the squared influences of the difference.

    Source: Bloom, Eval. Rev. 19 (1995) 547.
    """
    if standard_error < 0:
        raise ValueError("a standard error is not negative")
    return (normal_quantile(1 - error) + _power(power)) * standard_error


def detectable_drop(
    reference: float, n_reference: float, n_group: float, *, error: float = 0.05, power: float = 0.8
) -> float | None:
    """How far a group's proportion must lie below a reference to be found with the probability `power`.

    The smallest d with ``d >= z sqrt(v (1 / n + 1 / n')) + z' sqrt(p (1 - p) / n + q (1 - q) / n')``, where q = p - d
    and v is the variance of the pooled proportion. None where even a group at 0 would not be found.

    Parameters
    ----------
    reference
        Proportion p of the reference.
    n_reference, n_group
        Effective numbers of independent samples (`governance.statistics.proportions.effective_size`).

    Source: Fleiss, Levin and Paik (2003), section 4.2, without the correction for continuity.
    """
    if not 0 < reference <= 1 or n_reference <= 0 or n_group <= 0:
        raise ValueError("a detectable drop needs a reference above 0, at most 1, and two groups")
    z, z_power = normal_quantile(1 - error), _power(power)

    def lacking(drop: float) -> float:
        group = reference - drop
        pooled = (n_reference * reference + n_group * group) / (n_reference + n_group)
        under_none = math.sqrt(pooled * (1 - pooled) * (1 / n_reference + 1 / n_group))
        apart = math.sqrt(reference * (1 - reference) / n_reference + max(group * (1 - group), 0.0) / n_group)
        return drop - z * under_none - z_power * apart

    if lacking(reference) < 0:
        return None
    return float(brentq(lacking, 0.0, reference))


_ROUNDING = 1e-9
"""Relative: 0.9 - 0.8 is not exactly 0.1."""


def _power(power: float) -> float:
    return float(stats.norm.ppf(check_level(power)))


def _whole(n: float) -> int:
    """Round up, forgiving what rounding adds to a whole number."""
    return max(2, math.ceil(n - 1e-9))
