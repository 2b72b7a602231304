"""Intervals of proportions against statsmodels and SciPy, their properties, and their coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from governance.statistics.bounds import unseen_share
from governance.statistics.proportions import (
    clopper_pearson,
    clustered_wilson,
    effective_size,
    gating_proportion,
    wilson,
)

STEADY = settings(deadline=None, max_examples=60)

COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@STEADY
@given(COUNTS, LEVELS)
def test_wilson_and_clopper_pearson_agree_with_statsmodels(counts, level):
    successes, n = counts
    for ours, theirs in ((wilson, "wilson"), (clopper_pearson, "beta")):
        found = ours(successes, n, level)
        low, high = proportion_confint(successes, n, 1 - level, method=theirs)
        assert found.low == pytest.approx(float(np.nan_to_num(low, nan=0.0)), abs=1e-9)
        assert found.high == pytest.approx(float(np.nan_to_num(high, nan=1.0)), abs=1e-9)


def test_clopper_pearson_agrees_with_scipy():
    found = clopper_pearson(7, 20)
    exact = stats.binomtest(7, 20).proportion_ci(0.95, method="exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_wilson_gives_the_published_example_of_newcombe():
    # Newcombe (1998), Stat. Med. 17, 857: 81 of 263 gives 0.2553 to 0.3662.
    found = wilson(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


@STEADY
@given(COUNTS, LEVELS)
def test_an_interval_holds_its_estimate_and_keeps_a_width(counts, level):
    successes, n = counts
    for method in (wilson, clopper_pearson):
        found = method(successes, n, level)
        assert 0 <= found.low <= successes / n <= found.high <= 1
        assert found.high - found.low > 0


@STEADY
@given(COUNTS)
def test_a_higher_level_gives_a_wider_interval(counts):
    narrow, wide = wilson(*counts, 0.9), wilson(*counts, 0.99)
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


@STEADY
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 7)), min_size=2, max_size=60).filter(
        lambda rows: len({cluster for _, cluster in rows}) >= 2
    )
)
def test_a_clustered_interval_is_inside_the_unit_interval_and_never_without_width(rows):
    outcome, clusters = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    for method in (clustered_wilson, gating_proportion):
        found = method(outcome, clusters)
        assert 0 <= found.low <= outcome.mean() <= found.high <= 1
        assert found.high - found.low > 1e-6


def test_with_one_sample_a_patient_the_intervals_are_wilson_and_clopper_pearson():
    outcome = np.arange(40) % 3 == 0
    assert clustered_wilson(outcome, np.arange(40)) == wilson(outcome.sum(), 40)
    assert gating_proportion(outcome, np.arange(40)) == clopper_pearson(outcome.sum(), 40)


def test_with_fewer_than_five_misses_the_interval_shown_is_the_conservative_one():
    outcome = np.arange(200) >= 4
    assert clustered_wilson(outcome, np.arange(200)) == clopper_pearson(196, 200)
    assert clustered_wilson(np.arange(200) >= 5, np.arange(200)) == wilson(195, 200)


def test_copies_of_a_patients_sample_add_no_information():
    outcome = np.random.default_rng(0).random(50) < 0.7
    once = effective_size(outcome, np.arange(50))
    tenfold = effective_size(np.repeat(outcome, 10), np.repeat(np.arange(50), 10))
    assert tenfold.n == pytest.approx(once.n, rel=0.03)


def test_where_all_samples_are_right_each_patient_counts_once():
    found = gating_proportion(np.ones(100), np.repeat(np.arange(20), 5))
    independent = clopper_pearson(20, 20)
    assert (found.low, found.high) == pytest.approx((independent.low, independent.high), abs=1e-12)
    assert clustered_wilson(np.ones(100), np.repeat(np.arange(20), 5)) == found


def test_without_misses_a_large_patient_makes_the_sample_worth_less():
    equal = gating_proportion(np.ones(100), np.repeat(np.arange(20), 5))
    unequal = gating_proportion(np.ones(100), np.r_[np.zeros(81, dtype=int), np.arange(1, 20)])
    assert unequal.low < equal.low


def test_clusters_that_cancel_count_at_most_twice_their_samples_and_never_more_for_a_verdict():
    outcome, clusters = np.tile([0, 1], 30), np.repeat(np.arange(30), 2)
    assert effective_size(outcome, clusters).n == 120
    verdict, independent = gating_proportion(outcome, clusters), clopper_pearson(30, 60)
    assert verdict.low < independent.low
    assert verdict.high > independent.high


def test_the_gating_interval_lies_between_samples_that_are_independent_and_patients_that_count_once():
    clusters = np.repeat(np.arange(60), 5)
    outcome = np.arange(300) % 15 != 0  # one miss in every third patient
    found = gating_proportion(outcome, clusters)
    assert clopper_pearson(0.9333 * 60, 60).low < found.low < clopper_pearson(280, 300).low


def test_the_order_of_the_samples_makes_no_difference():
    stream = np.random.default_rng(1)
    outcome, clusters = stream.random(90) < 0.6, stream.integers(0, 25, 90)
    order = stream.permutation(90)
    first, second = clustered_wilson(outcome, clusters), clustered_wilson(outcome[order], clusters[order])
    assert (first.low, first.high) == pytest.approx((second.low, second.high), abs=1e-12)


def test_one_patient_gives_no_interval():
    with pytest.raises(ValueError, match="two independent clusters"):
        clustered_wilson([1, 0, 1], ["a", "a", "a"])


def test_impossible_counts_are_refused():
    for successes, n in ((3, 2), (-1, 2), (0, 0)):
        with pytest.raises(ValueError, match="0 <= successes <= n"):
            wilson(successes, n)


def test_rule_of_three():
    # Hanley and Lippman-Hand (1983): about 3/n at one-sided 95 %, that is two-sided 90 %.
    assert unseen_share(100, 0.90) == pytest.approx(0.0295, abs=5e-4)


def test_wilson_covers_and_a_wrong_interval_would_be_noticed():
    """Exact coverage (no simulation) averaged over true proportions; the Wald interval fails the same bar."""
    n, truths = 40, np.linspace(0.05, 0.95, 91)
    counts = np.arange(n + 1)
    ends = np.array([(wilson(k, n).low, wilson(k, n).high) for k in counts])
    wald = 1.959964 * np.sqrt(counts / n * (1 - counts / n) / n)
    wald_ends = np.column_stack([counts / n - wald, counts / n + wald])

    def coverage(bounds):
        inside = (bounds[:, :1] <= truths) & (truths <= bounds[:, 1:])
        return (stats.binom.pmf(counts[:, None], n, truths) * inside).sum(axis=0)

    assert 0.945 < coverage(ends).mean() < 0.965
    assert coverage(wald_ends).mean() < 0.93


def test_clopper_pearson_errs_at_most_two_and_a_half_percent_on_either_side():
    n, truths = 30, np.linspace(0.01, 0.99, 197)
    counts = np.arange(n + 1)
    ends = np.array([(clopper_pearson(k, n).low, clopper_pearson(k, n).high) for k in counts])
    mass = stats.binom.pmf(counts[:, None], n, truths)
    assert (mass * (ends[:, :1] > truths)).sum(axis=0).max() <= 0.025 + 1e-9
    assert (mass * (ends[:, 1:] < truths)).sum(axis=0).max() <= 0.025 + 1e-9


@pytest.mark.parametrize(("patients", "images"), [(30, 5), (100, 4)])
def test_the_clustered_interval_covers_where_the_independent_one_does_not(patients, images):
    """Outcomes share a patient's own probability, Beta(2.4, 0.6): mean 0.8, correlation 1/4 between two images."""
    stream, runs = np.random.default_rng(20), 1500
    truth = 0.8
    own = stream.beta(2.4, 0.6, (runs, patients, 1))
    outcome = stream.random((runs, patients, images)) < own
    clusters = np.repeat(np.arange(patients), images)
    clustered = naive = 0
    for row in outcome.reshape(runs, -1):
        found, plain = clustered_wilson(row, clusters), wilson(row.sum(), row.size)
        clustered += found.low <= truth <= found.high
        naive += plain.low <= truth <= plain.high
    assert 0.935 <= clustered / runs <= 0.98
    assert naive / runs < 0.92
