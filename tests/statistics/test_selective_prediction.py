"""Areas under risk-coverage curves against brute force, derivatives against the jackknife, intervals by simulation."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_curve

from governance.statistics.detection import passing_at
from governance.statistics.selective_prediction import (
    RankedErrors,
    answered_at,
    area_interval,
    coverage_at_risk,
    coverage_at_risk_interval,
    excess_risk_coverage_area,
    gating_area,
    least_area,
    risk_coverage_area,
    selective_risk_interval,
)


def ranked(confidence, error, clusters=None):
    return RankedErrors.of(confidence, error, np.arange(len(confidence)) if clusters is None else clusters)


def logistic(rng, patients, each=1, *, offset=-1.5, slope=1.0, alike=0.0):
    """Confidence and errors of patients whose samples resemble each other."""
    mix = np.sqrt(alike), np.sqrt(1 - alike)
    patient = np.repeat(np.arange(patients), each)
    confidence = mix[0] * rng.normal(size=patients)[patient] + mix[1] * rng.normal(size=patient.size)
    score = offset - slope * confidence + mix[0] * rng.normal(size=patients)[patient]
    return confidence, rng.random(patient.size) < 1 / (1 + np.exp(-score)), patient


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=7), st.randoms())
def test_the_area_is_the_mean_risk_over_all_coverages_and_all_orders_of_ties(samples, random):
    confidence, error = (np.array(part, dtype=float) for part in zip(*samples, strict=True))
    means = []
    for order in permutations(range(len(samples))):
        by_confidence = sorted(order, key=lambda index: -confidence[index])
        means.append(np.mean(np.cumsum(error[by_confidence]) / np.arange(1, len(samples) + 1)))
    assert risk_coverage_area(ranked(confidence, error)).value == pytest.approx(np.mean(means), abs=1e-12)


def test_the_area_fits_the_published_example_of_torch_uncertainty():
    """Its AURC is the trapezoid of the same risks over coverages 1/n to 1: 0.0833 in its documentation (0.13)."""
    found = ranked([0.7, 0.6, 0.8], [False, True, False])
    risks = found.curve()[1]
    n = found.n
    trapezoid = (n * risk_coverage_area(found).value - (risks[0] + risks[-1]) / 2) / (n - 1)
    assert trapezoid == pytest.approx(0.0833, abs=5e-5)


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_the_excess_is_none_for_perfect_confidence_and_never_negative(n, errors, seed):
    wrong = np.arange(n) < min(errors, n)
    errors_last = ranked(np.arange(n, dtype=float), wrong)
    assert excess_risk_coverage_area(errors_last).value == pytest.approx(0.0, abs=1e-12)
    shuffled = np.random.default_rng(seed).permutation(n).astype(float)
    assert excess_risk_coverage_area(ranked(shuffled, wrong)).value >= 0


def test_the_least_area_is_the_form_of_the_source_for_many_samples():
    risk = 0.13
    assert least_area(13_000, 100_000) == pytest.approx(risk + (1 - risk) * np.log(1 - risk), abs=1e-5)


def test_confidence_that_says_nothing_has_the_error_rate_as_its_area():
    found = risk_coverage_area(ranked(np.ones(50), np.arange(50) < 9))
    assert found.value == pytest.approx(9 / 50, abs=1e-12)


@pytest.mark.parametrize("function", [risk_coverage_area, excess_risk_coverage_area])
def test_the_variance_agrees_with_the_jackknife_over_patients(function):
    confidence, error, patient = logistic(np.random.default_rng(4), 120, 2, alike=0.4)
    confidence = confidence.round(1)
    found = function(ranked(confidence, error, patient))
    left_out = []
    for one in range(120):
        keep = patient != one
        left_out.append(function(ranked(confidence[keep], error[keep], patient[keep])).value)
    spread = np.sqrt(119 / 120 * np.sum((np.array(left_out) - np.mean(left_out)) ** 2))
    assert np.sqrt(found.variance) == pytest.approx(spread, rel=0.05)
    assert np.corrcoef(found.influence, -np.array(left_out))[0, 1] > 0.99
    assert found.influence.sum() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("errors", [0, 1, 39, 40])
def test_with_hardly_an_error_or_right_answer_the_interval_keeps_a_width(errors):
    found = risk_coverage_area(ranked(np.arange(40.0), np.arange(40) < errors))
    ends = area_interval(found)
    assert ends.low <= found.value <= ends.high
    assert ends.high - ends.low > 0.05


def test_a_single_patient_has_no_interval():
    found = risk_coverage_area(ranked([1.0, 2.0], [True, False], ["a", "a"]))
    with pytest.raises(ValueError, match="two independent clusters"):
        area_interval(found)


def test_the_most_confident_share_is_answered_and_equal_confidence_together():
    part = answered_at(ranked([5, 4, 3, 3, 1], [False, True, False, True, True]), 0.5)
    assert part.answered.tolist() == [True, True, True, True, False]
    assert (part.threshold, part.coverage) == (3, 0.8)


def test_a_group_is_answered_at_the_confidence_of_everyone():
    confidence, error, _ = logistic(np.random.default_rng(0), 400)
    group = np.arange(400) % 4 == 0
    whole, part = answered_at(ranked(confidence, error), 0.7), answered_at(ranked(confidence, error), 0.7, group)
    assert whole.threshold == part.threshold
    assert np.array_equal(whole.answered, part.answered)


def test_the_threshold_found_on_the_same_samples_makes_the_interval_wider():
    confidence, error, patient = logistic(np.random.default_rng(1), 2000, slope=2.5)
    part = answered_at(ranked(confidence, error, patient), 0.6)
    assert part.widening > 1.02
    wrong, codes = error[part.answered], patient[part.answered]
    plain, wide = (selective_risk_interval(wrong, codes, by) for by in (1.0, part.widening))
    assert wide.low < plain.low < plain.high < wide.high
    assert answered_at(ranked(confidence, error, patient), 1.0).widening == 1.0


def test_the_coverage_at_a_risk_is_the_largest_that_keeps_to_it():
    found = ranked(np.arange(10)[::-1], [0, 0, 0, 1, 0, 0, 0, 0, 1, 1])
    assert coverage_at_risk(found, 0.125) == 0.8
    assert coverage_at_risk(found, 0.3) == 1.0
    assert coverage_at_risk(ranked([2, 1], [True, True]), 0.5) == 0.0


def test_the_interval_of_a_coverage_holds_the_coverage():
    confidence, error, patient = logistic(np.random.default_rng(2), 300)
    found = ranked(confidence, error, patient)
    ends = coverage_at_risk_interval(found, 0.1)
    assert 0 <= ends.low <= coverage_at_risk(found, 0.1) <= ends.high <= 1
    for errors, value in ((np.zeros(300), 1.0), (np.ones(300), 0.0)):
        certain = ranked(confidence, errors)
        ends = coverage_at_risk_interval(certain, 0.1)
        assert coverage_at_risk(certain, 0.1) == value
        assert 0 < ends.high - ends.low < 0.2


@pytest.mark.parametrize("clusters", [1, 3])
def test_what_passes_at_95_percent_agrees_with_scikit_learn(clusters):
    rng = np.random.default_rng(3)
    values = np.r_[rng.normal(1, 1, 300), rng.normal(0, 1, 201)].round(2)
    foreign = np.r_[np.zeros(300), np.ones(201)] == 1
    rates = roc_curve(~foreign, values, drop_intermediate=False)
    expected = rates[0][np.argmax(rates[1] >= 0.95)]
    found = passing_at(values, foreign, np.arange(501) // clusters)
    assert found.value == pytest.approx(expected, abs=1e-12)
    ends = found.interval()
    assert ends.low < found.value < ends.high


def test_few_samples_of_ones_own_leave_the_threshold_open_below():
    values = np.r_[np.arange(40.0), np.full(40, -1.0)]
    found = passing_at(values, np.arange(80) >= 40, np.arange(80))
    assert found.value == 0
    assert found.interval().high == 1.0


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="equally long"):
        RankedErrors.of([1.0], [True, False], [0, 1])
    with pytest.raises(ValueError, match="not a number"):
        RankedErrors.of([np.nan], [True], [0])
    with pytest.raises(ValueError, match="coverage"):
        answered_at(ranked([1.0], [True]), 0.0)
    with pytest.raises(ValueError, match="of one's own and others"):
        passing_at([1.0], [True], [0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("patients", "each", "offset", "slope", "alike"),
    [(60, 1, -1.5, 1.0, 0.0), (100, 1, -2.5, 1.5, 0.0), (100, 3, -2.5, 1.5, 0.5), (400, 1, -4.0, 1.5, 0.0)],
)
def test_intervals_cover_the_truth_about_as_often_as_they_say(patients, each, offset, slope, alike):
    rng = np.random.default_rng(1)
    shape = {"offset": offset, "slope": slope, "alike": alike}
    everyone = ranked(*logistic(rng, 300_000 // each, each, **shape))
    truth = {
        "area": risk_coverage_area(everyone).value,
        "excess": excess_risk_coverage_area(everyone).value,
        "risk": float(everyone.error[answered_at(everyone, 0.8).answered].mean()),
    }
    draws = 400
    missed = dict.fromkeys((*truth, "gating area below", "gating excess below"), 0)
    for _ in range(draws):
        found = ranked(*logistic(rng, patients, each, **shape))
        area, excess, part = risk_coverage_area(found), excess_risk_coverage_area(found), answered_at(found, 0.8)
        inside = part.answered
        ends = {
            "area": area_interval(area),
            "excess": area_interval(excess),
            "risk": selective_risk_interval(found.error[inside], found.codes[inside], part.widening),
        }
        for name, bounds in ends.items():
            missed[name] += not bounds.low <= truth[name] <= bounds.high
        missed["gating area below"] += truth["area"] > gating_area(area).high
        missed["gating excess below"] += truth["excess"] > gating_area(excess).high
    # 400 draws of a rate of 0.05 stay below 0.09, of 0.025 below 0.05, in 999 of 1000 simulations.
    assert all(missed[name] / draws < 0.09 for name in truth), missed
    assert all(missed[name] / draws < 0.05 for name in missed if name.startswith("gating")), missed


@pytest.mark.slow
@pytest.mark.parametrize(("patients", "each", "alike"), [(150, 1, 0.0), (60, 3, 0.4)])
def test_the_interval_of_a_coverage_holds_the_truth_about_as_often_as_it_says(patients, each, alike):
    rng, draws, missed = np.random.default_rng(5), 150, 0
    everyone = ranked(*logistic(rng, 200_000, each, alike=alike))
    risk = (everyone.risk + float(everyone.error[answered_at(everyone, 0.8).answered].mean())) / 2
    truth = coverage_at_risk(everyone, risk)
    for _ in range(draws):
        ends = coverage_at_risk_interval(ranked(*logistic(rng, patients, each, alike=alike)), risk)
        missed += not ends.low <= truth <= ends.high
    assert missed / draws < 0.12  # a rate of 0.05 stays below in 999 of 1000 simulations


@pytest.mark.slow
@pytest.mark.parametrize(("own", "others", "apart"), [(100, 100, 1.0), (60, 200, 1.5), (300, 60, 2.0), (200, 200, 3.0)])
def test_the_interval_of_what_passes_covers_the_truth_with_few_samples_of_either_kind(own, others, apart):
    rng, draws = np.random.default_rng(2), 400
    truth = stats.norm.sf(stats.norm.ppf(0.05) + apart)
    missed = 0
    for _ in range(draws):
        values = np.r_[rng.normal(size=own), rng.normal(size=others) - apart]
        ends = passing_at(values, np.arange(own + others) >= own, np.arange(own + others)).interval()
        missed += not ends.low <= truth <= ends.high
    assert missed / draws < 0.09
