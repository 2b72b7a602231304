"""Several models over several datasets against SciPy and published figures."""

import numpy as np
import pytest
from scipy import stats

from governance.statistics.several import critical_difference, friedman, nemenyi

RANKS = ["2134", "2134", "2143", "3142", "3142", "3241", "3241", "3412", "3421", "4231", "4231", "4312", "4321"]
"""With one more row, (4, 1, 2.5, 2.5), a table whose average ranks are those of Demšar (2006), section 3.2.2."""


def demsar():
    return np.array([[float(rank) for rank in row] for row in RANKS] + [[4.0, 1.0, 2.5, 2.5]])


def test_friedman_agrees_with_scipy_ties_included():
    stream = np.random.default_rng(0)
    for models in (3, 5, 8):
        values = np.round(stream.random((12, models)), 1)
        found = friedman(values)
        expected = stats.friedmanchisquare(*values.T)
        assert found.statistic == pytest.approx(expected.statistic, abs=1e-9)
        assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)


def test_average_ranks_give_the_published_statistics():
    found = friedman(demsar(), higher_is_better=False)
    assert found.average_ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    untied = found.statistic * (1 - (2**3 - 2) / (14 * 4 * (4**2 - 1)))  # the publication does not correct for ties
    assert untied == pytest.approx(9.28, abs=0.005)
    assert 13 * untied / (14 * 3 - untied) == pytest.approx(3.69, abs=0.005)
    assert found.f_statistic == pytest.approx(13 * found.statistic / (14 * 3 - found.statistic), abs=1e-12)
    assert found.f_p_value == pytest.approx(stats.f.sf(found.f_statistic, 3, 39), abs=1e-12)


def test_critical_difference_is_the_published_one():
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


def test_a_pair_at_the_critical_difference_has_the_p_value_of_the_level():
    found = friedman(demsar(), higher_is_better=False)
    p_values = nemenyi(found)
    apart = np.abs(found.average_ranks[:, None] - found.average_ranks[None, :])
    assert np.array_equal(p_values <= 0.05, apart >= critical_difference(4, 14))
    assert np.diag(p_values) == pytest.approx(np.ones(4))
    assert p_values == pytest.approx(p_values.T)


def test_the_direction_of_the_metric_decides_who_is_first():
    values = np.array([[0.9, 0.8, 0.7], [0.8, 0.7, 0.75], [0.95, 0.9, 0.2]])
    assert np.argmin(friedman(values).average_ranks) == 0
    assert np.argmax(friedman(values, higher_is_better=False).average_ranks) == 0


def test_datasets_that_all_rank_alike_leave_no_doubt_in_f():
    found = friedman(np.tile([0.9, 0.8, 0.7], (5, 1)))
    assert (found.f_statistic, found.f_p_value) == (np.inf, 0.0)
    assert found.p_value == pytest.approx(stats.chi2.sf(10, 2))


def test_nemenyi_seldom_separates_models_that_are_alike():
    stream, separated = np.random.default_rng(1), 0
    for _ in range(200):
        ranks = friedman(stream.random((15, 5))).average_ranks
        separated += np.ptp(ranks) > critical_difference(5, 15)
    assert separated / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((5, 2)), "three models"),
        (np.zeros((5, 3)), "tie on every dataset"),
        ([[0.1, 0.2, np.nan], [0.1, 0.2, 0.3]], "every dataset"),
    ],
)
def test_tables_without_ranks_are_refused_with_the_reason(values, reason):
    with pytest.raises(ValueError, match=reason):
        friedman(values)
