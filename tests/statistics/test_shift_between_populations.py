"""What moved between two populations, against other implementations, resampling and equal populations."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable

from governance.statistics.shift import (
    adjusted_difference,
    at_prevalence,
    estimated_prevalence,
    stratified_permutation,
    stratified_ranking,
)


@pytest.fixture(scope="module")
def populations():
    """400 samples of 200 patients in two populations and three strata, the outcome more common in the second."""
    stream = np.random.default_rng(11)
    patient = np.repeat(np.arange(200), 2)
    second = (patient % 2).astype(bool)
    stratum = stream.integers(0, 3, 200)[patient]
    chance = 0.2 + 0.15 * stratum + 0.1 * second
    outcome = (stream.random(400) < chance).astype(float)
    score = stream.normal(outcome + 0.3 * second, 1)
    return patient, second, stratum, outcome, score


def test_adjusted_difference_is_the_mantel_haenszel_risk_difference(populations):
    _, second, stratum, outcome, _ = populations
    found = adjusted_difference(outcome, second, stratum, np.arange(400))
    top = weights = 0.0
    for number in range(3):
        one, two = (outcome[(stratum == number) & part] for part in (~second, second))
        weight = one.size * two.size / (one.size + two.size)
        top, weights = top + weight * (two.mean() - one.mean()), weights + weight
    assert found.value == pytest.approx(top / weights, abs=1e-12)
    assert found.patients == (200, 200)


def test_variance_of_one_stratum_is_that_of_welch(populations):
    _, second, _, _, score = populations
    found = adjusted_difference(score, second, np.zeros(400), np.arange(400))
    welch = stats.ttest_ind(score[second], score[~second], equal_var=False)
    assert found.p_value() == pytest.approx(welch.pvalue, rel=1e-9)
    interval = welch.confidence_interval(0.95)
    bounds = found.interval(0.95)
    assert (bounds.low, bounds.high) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_interval_of_clustered_strata_agrees_with_resampling_patients(populations):
    patient, second, stratum, outcome, _ = populations
    found = adjusted_difference(outcome, second, stratum, patient)
    assert found.patients == (100, 100)
    stream, values = np.random.default_rng(3), []
    sides = [np.unique(patient[part]) for part in (~second, second)]
    rows_of = [np.flatnonzero(patient == number) for number in range(200)]
    for _ in range(400):
        drawn = np.concatenate([stream.choice(side, side.size) for side in sides])
        rows = np.concatenate([rows_of[number] for number in drawn])
        names = np.repeat(np.arange(drawn.size), 2)
        values.append(adjusted_difference(outcome[rows], second[rows], stratum[rows], names).value)
    assert np.sqrt(found.variance) == pytest.approx(np.std(values, ddof=1), rel=0.12)


def test_p_value_of_independent_samples_is_near_that_of_the_mantel_haenszel_test(populations):
    _, second, stratum, outcome, _ = populations
    tables = [
        [
            [np.sum((outcome == y) & (second == s) & (stratum == number)) for y in (1.0, 0.0)]
            for s in (True, False)
        ]
        for number in range(3)
    ]  # fmt: skip
    one = [np.asarray(tables[0])]
    expected = StratifiedTable(one).test_null_odds(correction=False).pvalue
    inside = stratum == 0
    found = stratified_permutation(outcome[inside], second[inside], stratum[inside], np.arange(inside.sum()))
    assert found.p_value == pytest.approx(expected, abs=0.05)
    assert found.strata == 1


def test_equal_populations_are_called_different_as_often_as_the_level_says():
    stream, alarms = np.random.default_rng(5), 0
    for number in range(400):
        patient = np.repeat(np.arange(60), 3)
        second, stratum = (patient < 25), patient % 2
        own = stream.normal(0, 1.5, 60)[patient]
        outcome = (stream.random(180) < 1 / (1 + np.exp(-own - stratum))).astype(float)
        test = stratified_permutation(outcome, second, stratum, patient, permutations=199, seed=number)
        alarms += test.p_value <= 0.05
    assert alarms <= stats.binom.ppf(0.999, 400, 0.05)
    assert alarms >= stats.binom.ppf(0.001, 400, 0.05)


def test_opposite_changes_in_two_groups_are_found_though_their_mean_is_none():
    stream = np.random.default_rng(8)
    second, stratum = np.tile([False, True], 400), np.repeat([0, 1], 400)
    outcome = (stream.random(800) < np.where(second == (stratum == 0), 0.6, 0.4)).astype(float)
    assert stratified_permutation(outcome, second, stratum, np.arange(800)).p_value < 0.01
    assert adjusted_difference(outcome, second, stratum, np.arange(800)).p_value() > 0.05


def test_stratified_ranking_is_the_weighted_mean_of_rank_sums(populations):
    _, second, stratum, _, score = populations
    found, used = stratified_ranking(score, second, stratum, np.arange(400))
    top = total = 0.0
    for number in range(3):
        one, two = (score[(stratum == number) & part] for part in (~second, second))
        weight = one.size * two.size / (one.size + two.size + 1)
        u = stats.mannwhitneyu(two, one).statistic
        top, total = top + weight * u / (one.size * two.size), total + weight
    assert used == 3
    assert found.value == pytest.approx(top / total, abs=1e-12)
    assert found.interval(0.95).low < found.value < found.interval(0.95).high


def test_strata_of_one_population_do_not_count():
    second = np.array([False] * 6 + [True] * 4)
    stratum = np.array([0] * 4 + [1] * 2 + [0] * 4)
    score = np.arange(10.0)
    assert stratified_ranking(score, second, stratum, np.arange(10))[1] == 1
    with pytest.raises(ValueError, match="two patients of each population"):
        stratified_ranking(score, second, np.where(second, 2, 0), np.arange(10))
    with pytest.raises(ValueError, match="samples of both populations"):
        adjusted_difference(score, second, np.where(second, 2, 0), np.arange(10))
    with pytest.raises(ValueError, match="two patients of each population"):
        stratified_permutation(score, second, np.where(second, 2, 0), np.arange(10))


def test_outcomes_that_never_vary_have_no_interval():
    found = adjusted_difference(np.ones(10), np.arange(10) < 5, np.zeros(10), np.arange(10))
    with pytest.raises(ValueError, match="nothing varies"):
        found.interval()
    with pytest.raises(ValueError, match="nothing varies"):
        found.p_value()


def test_prevalence_without_labels_is_rogan_and_gladens():
    stream = np.random.default_rng(2)
    covered = 0
    for _ in range(300):
        flagged = stream.random(300) < 0.3 * 0.8 + 0.7 * 0.1
        right, wrong = stream.random(200) < 0.8, stream.random(200) < 0.1
        of = [np.where(np.isin(np.arange(400) // 200, side), 1.0, 0.0) for side in (0, 1)]
        sensitivity = of[0] * (np.concatenate([right, wrong]) - right.mean()) / 200
        alarms = of[1] * (np.concatenate([right, wrong]) - wrong.mean()) / 200
        found = estimated_prevalence(
            (flagged.mean(), (flagged - flagged.mean()) / 300),
            (right.mean(), sensitivity),
            (wrong.mean(), alarms),
            patients=(300, 400),
        )
        assert found.value == pytest.approx((flagged.mean() - wrong.mean()) / (right.mean() - wrong.mean()), abs=1e-12)
        bounds = found.interval(0.95)
        covered += bounds.low <= 0.3 <= bounds.high
    assert covered >= stats.binom.ppf(0.001, 300, 0.95)
    assert covered < 300
    with pytest.raises(ValueError, match="no more often"):
        estimated_prevalence((0.5, flagged * 0.0), (0.4, sensitivity), (0.4, alarms), patients=(300, 400))


@pytest.mark.parametrize(("prevalence", "sensitivity", "specificity"), [(0.01, 0.9, 0.95), (0.3, 0.6, 0.8)])
def test_predictive_values_at_a_prevalence_are_bayes(prevalence, sensitivity, specificity):
    positive = sensitivity * prevalence / (sensitivity * prevalence + (1 - specificity) * (1 - prevalence))
    negative = specificity * (1 - prevalence) / (specificity * (1 - prevalence) + (1 - sensitivity) * prevalence)
    assert at_prevalence(prevalence, (1 - specificity) / sensitivity) == pytest.approx(positive, abs=1e-15)
    assert at_prevalence(1 - prevalence, (1 - sensitivity) / specificity) == pytest.approx(negative, abs=1e-15)
    assert at_prevalence(0.0, 1.0) == 0.0
