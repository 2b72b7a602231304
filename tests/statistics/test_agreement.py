"""Agreement of groupings against scikit-learn and SciPy, and its intervals by simulation."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats.contingency import association
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from governance.statistics.agreement import (
    adjusted_mutual_information,
    adjusted_rand_index,
    agreement,
    counts,
    cramers_v,
)

STEADY = settings(deadline=None, max_examples=80)
ROWS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc")), min_size=2, max_size=60)
MEASURES = ["adjusted Rand index", "adjusted mutual information", "Cramér's V", "Cramér's V, bias-corrected"]


def patients(stream, n, each, strength):
    """A grouping that follows an attribute of the patient as often as `strength` says, and the attribute."""
    group, attribute = stream.integers(0, 5, n), stream.integers(0, 2, n)
    attribute = np.where(stream.random(n) < strength, group % 2, attribute)
    clusters = np.repeat(np.arange(n), each)
    found = np.where(stream.random(n * each) < 0.2, stream.integers(0, 5, n * each), group[clusters])
    return found, attribute[clusters], clusters


@STEADY
@given(ROWS)
def test_values_agree_with_scikit_learn_and_scipy(rows):
    first, second = (np.array(column) for column in zip(*rows, strict=True))
    assume(np.unique(first).size > 1 and np.unique(second).size > 1)
    table = counts(first, second)
    assert adjusted_rand_index(table) == pytest.approx(adjusted_rand_score(first, second), abs=1e-9)
    assert adjusted_mutual_information(table) == pytest.approx(adjusted_mutual_info_score(first, second), abs=1e-9)
    assert cramers_v(table) == pytest.approx(association(table.astype(int), method="cramer"), abs=1e-9)


def test_large_tables_agree_too():
    first, second, _ = patients(np.random.default_rng(0), 5000, 4, 0.3)
    table = counts(first, second)
    assert adjusted_rand_index(table) == pytest.approx(adjusted_rand_score(first, second), abs=1e-9)
    assert adjusted_mutual_information(table) == pytest.approx(adjusted_mutual_info_score(first, second), abs=1e-9)


def test_bias_correction_by_hand_and_for_unrelated_groupings():
    # 2 x 2 with 40 samples: phi^2 = 0.16; less 1/39; each side 2 - 1/39.
    table = np.array([[14.0, 6.0], [6.0, 14.0]])
    assert cramers_v(table) == pytest.approx(0.4)
    assert cramers_v(table, corrected=True) == pytest.approx(np.sqrt((0.16 - 1 / 39) / (1 - 1 / 39)))
    stream, plain, corrected = np.random.default_rng(1), [], []
    for _ in range(300):
        table = counts(stream.integers(0, 5, 100), stream.integers(0, 3, 100))
        plain.append(cramers_v(table))
        corrected.append(cramers_v(table, corrected=True))
    assert np.mean(corrected) < 0.5 * np.mean(plain)


@pytest.mark.parametrize("measure", MEASURES)
def test_values_of_estimates_are_those_of_the_table_and_lie_in_their_interval(measure):
    first, second, clusters = patients(np.random.default_rng(2), 150, 3, 0.5)
    found, table = agreement(first, second, clusters, measure, replicates=400), counts(first, second)
    expected = {
        "adjusted Rand index": adjusted_rand_index(table),
        "adjusted mutual information": adjusted_mutual_information(table),
        "Cramér's V": cramers_v(table),
        "Cramér's V, bias-corrected": cramers_v(table, corrected=True),
    }[measure]
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.bounds.low < found.value < found.bounds.high <= 1
    assert (found.n, found.n_clusters) == (450, 150)


@pytest.mark.parametrize("measure", ["adjusted Rand index", "Cramér's V"])
@pytest.mark.parametrize(("each", "strength"), [(4, 0.0), (4, 0.6), (1, 0.2)])
def test_intervals_seldom_lie_above_the_truth_and_seldom_miss_it(measure, each, strength):
    stream = np.random.default_rng(3)
    table = counts(*patients(stream, 200_000, each, strength)[:2])
    exact = adjusted_rand_index(table) if measure == "adjusted Rand index" else cramers_v(table)
    above = below = 0
    for _ in range(150):
        found = agreement(*patients(stream, 100, each, strength), measure, replicates=200).bounds
        above += found.low > exact
        below += found.high < exact
    bound = 0.025 + 3 * np.sqrt(0.025 * 0.975 / 150)
    assert above / 150 <= bound
    assert below / 150 <= bound


def test_alike_samples_of_a_patient_make_the_interval_wider():
    first, second, clusters = patients(np.random.default_rng(4), 100, 6, 0.5)
    right = agreement(first, second, clusters, "adjusted Rand index", replicates=400).bounds
    naive = agreement(first, second, np.arange(600), "adjusted Rand index", replicates=400).bounds
    assert right.high - right.low > 1.3 * (naive.high - naive.low)


def test_the_same_grouping_agrees_with_itself_whichever_patients_are_drawn():
    groups = np.arange(60) % 3
    table = counts(groups, groups)
    assert adjusted_rand_index(table) == 1
    assert cramers_v(table) == pytest.approx(1)
    with pytest.raises(ValueError, match="interval is not known"):
        agreement(groups, groups, np.arange(60), "adjusted Rand index", replicates=50)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: counts([1, 1, 1], [1, 2, 3]), "single group"),
        (lambda: counts([1, 2], [1, 2, 3]), "equally long"),
        (lambda: agreement([1, 2], [1, 2], [0, 0], "Cramér's V"), "two independent clusters"),
        (lambda: agreement([1, 2], [1, 2], [0], "Cramér's V"), "as many as samples"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()
