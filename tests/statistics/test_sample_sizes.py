"""Planning against simulation, exact power and statsmodels."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import power_proportions_2indep

from governance.statistics.planning import (
    detectable_drop,
    minimum_detectable_difference,
    units_for_bar,
    units_for_equivalence,
)
from governance.statistics.proportions import wilson
from governance.statistics.settling import extra_units


def test_more_data_do_not_help_where_the_estimate_misses_the_bar():
    plan = extra_units(0.78, 0.80, 0.05, 100, at_least=True)
    assert (plan.helps, plan.extra) == (False, None)
    assert extra_units(0.12, 0.10, 0.05, 100, at_least=False).helps is False


def test_a_bar_that_is_cleared_needs_nothing_more():
    assert extra_units(0.90, 0.80, 0.05, 100, at_least=True).extra == 0


def test_the_planned_number_settles_the_bar_if_the_estimate_stays():
    found = wilson(86, 100)
    plan = extra_units(0.86, 0.80, 0.86 - found.low, 100, at_least=True)
    n = 100 + plan.extra
    assert plan.extra > 0
    assert wilson(0.86 * n, n).low == pytest.approx(0.80, abs=0.01)


@pytest.mark.parametrize(("expected", "bar"), [(0.9, 0.8), (0.95, 0.9), (0.7, 0.6), (0.6, 0.5)])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_as_many_units_clear_a_bar_with_the_planned_power(expected, bar, power):
    n = units_for_bar(expected, bar, at_least=True, power=power).n
    counts = np.arange(n + 1)
    clears = np.array([wilson(count, n).low >= bar for count in counts])
    assert stats.binom.pmf(counts, n, expected)[clears].sum() == pytest.approx(power, abs=0.05)


def test_a_ceiling_is_a_floor_seen_from_the_other_side():
    assert units_for_bar(0.1, 0.2, at_least=False) == units_for_bar(0.9, 0.8, at_least=True)


def test_no_number_of_units_helps_an_expectation_that_misses():
    assert units_for_bar(0.8, 0.8, at_least=True).n is None
    assert units_for_bar(0.75, 0.8, at_least=True).helps is False
    assert units_for_equivalence(0.9, 0.8, 0.1).helps is False


def test_patients_of_several_alike_samples_are_worth_less_than_as_many_samples():
    alone = units_for_bar(0.9, 0.8, at_least=True).n
    five = units_for_bar(0.9, 0.8, at_least=True, design_effect=3, samples_per_unit=5).n
    assert alone / 5 < five < alone


@pytest.mark.parametrize(("first", "second", "margin"), [(0.8, 0.8, 0.1), (0.85, 0.82, 0.1), (0.5, 0.5, 0.05)])
def test_as_many_units_show_equivalence_with_the_planned_power(first, second, margin):
    n = units_for_equivalence(first, second, margin).n
    stream = np.random.default_rng(0)
    one, two = stream.binomial(n, first, 20_000) / n, stream.binomial(n, second, 20_000) / n
    error = np.sqrt((one * (1 - one) + two * (1 - two)) / n)
    shown = np.abs(one - two) + stats.norm.ppf(0.95) * error < margin
    assert shown.mean() == pytest.approx(0.8, abs=0.03)


def test_the_minimum_detectable_difference_agrees_with_statsmodels():
    found = minimum_detectable_difference(np.sqrt(2 / 150), error=0.05, power=0.9)
    # The other tail, which statsmodels counts too, is negligible; it solves to about 1e-5.
    expected = NormalIndPower().solve_power(nobs1=150, alpha=0.05, power=0.9, ratio=1)
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("n_reference", "n_group"), [(500, 500), (2000, 100), (300, 60)])
def test_a_detectable_drop_has_the_planned_power_in_statsmodels(n_reference, n_group):
    drop = detectable_drop(0.8, n_reference, n_group)
    found = power_proportions_2indep(
        -drop, 0.8, nobs1=n_group, ratio=n_reference / n_group, alpha=0.05, alternative="two-sided"
    )
    # statsmodels weighs the pooled proportion in the same way; its other tail is negligible.
    assert found.power == pytest.approx(0.8, abs=1e-3)


def test_a_group_of_three_shows_no_drop_at_all():
    assert detectable_drop(0.3, 1000, 3) is None


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: units_for_bar(0.9, 1.0, at_least=True), "0 < bar < 1"),
        (lambda: units_for_bar(0.9, 0.8, at_least=True, design_effect=0.5), "at least 1"),
        (lambda: units_for_equivalence(1.0, 1.0, 0.1), "less extreme"),
        (lambda: units_for_equivalence(0.5, 0.5, 0.0), "above 0"),
        (lambda: minimum_detectable_difference(-1.0), "not negative"),
        (lambda: units_for_bar(0.9, 0.8, at_least=True, power=1.0), "between 0 and 1"),
    ],
)
def test_plans_without_sense_are_refused_with_the_reason(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()
