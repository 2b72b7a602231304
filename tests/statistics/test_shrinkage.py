"""Shrunken cells against independent sampling and integration, a published example and simulation."""

import numpy as np
import pytest
from scipy import stats

from governance.statistics.shrinkage import shrunken_means, shrunken_shares

EFFECTS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
ERRORS = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
"""The eight schools of Rubin, J. Educ. Stat. 6 (1981) 377."""


def by_sampling(successes, sizes, draws=400_000):
    """Posterior of each cell by importance sampling from the priors, with SciPy's beta-binomial."""
    stream = np.random.default_rng(0)
    mean, spread = stream.random(draws), stream.random(draws)
    precision = 1 / spread**2 - 1
    a, b = precision * mean, precision * (1 - mean)
    likelihood = sum(stats.betabinom.logpmf(s, n, a, b) for s, n in zip(successes, sizes, strict=True))
    weight = np.exp(likelihood - likelihood.max())
    rows = stream.choice(draws, 40_000, p=weight / weight.sum())
    cells = [stream.beta(a[rows] + s, b[rows] + n - s) for s, n in zip(successes, sizes, strict=True)]
    return np.array(cells)


@pytest.mark.parametrize(
    ("successes", "sizes"),
    [([10, 20, 30, 40], [20, 40, 50, 60]), ([20, 20, 19, 20], [20] * 4), ([2, 30, 45], [12, 40, 50])],
)
def test_shrunken_shares_agree_with_sampling(successes, sizes):
    found, cells = shrunken_shares(successes, sizes), by_sampling(successes, sizes)
    low, high = np.quantile(cells, [0.025, 0.975], axis=1)
    assert found.value == pytest.approx(cells.mean(axis=1), abs=0.003)
    assert found.low == pytest.approx(low, abs=0.012)
    assert found.high == pytest.approx(high, abs=0.012)
    assert found.raw == pytest.approx(np.array(successes) / sizes)


def test_eight_schools_agree_with_sampling_of_the_model():
    stream, found = np.random.default_rng(1), shrunken_means(EFFECTS, ERRORS**2)
    between, mean, keep = 10.0, 8.0, []
    for step in range(40_000):  # a Gibbs sampler: cells, then their mean, then the spread under its flat prior
        precision = 1 / between**2 + 1 / ERRORS**2
        cells = stream.normal((mean / between**2 + EFFECTS / ERRORS**2) / precision, 1 / np.sqrt(precision))
        mean = stream.normal(cells.mean(), between / np.sqrt(8))
        between = np.sqrt(np.sum((cells - mean) ** 2) / stream.chisquare(7))
        if step >= 1000:
            keep.append([*cells, mean, between])
    keep = np.array(keep)
    assert found.value == pytest.approx(keep[:, :8].mean(axis=0), abs=0.4)
    low, high = np.quantile(keep[:, :8], [0.025, 0.975], axis=0)
    assert found.low == pytest.approx(low, abs=1.2)
    assert found.high == pytest.approx(high, abs=1.2)
    assert found.mean == pytest.approx(keep[:, 8].mean(), abs=0.4)
    assert found.between == pytest.approx(keep[:, 9].mean(), abs=0.5)


def test_cells_that_clearly_differ_stay_where_they_are_and_alike_ones_move():
    apart = shrunken_means([0.2, 0.5, 0.8, 0.9], [1e-6] * 4)
    assert apart.value == pytest.approx(apart.raw, abs=1e-3)
    alike = shrunken_means([0.50, 0.51, 0.49, 0.50], [0.01] * 4)
    assert np.ptp(alike.value) < 0.5 * np.ptp(alike.raw)


@pytest.mark.parametrize(("cells", "size", "between"), [(6, 20, 0.05), (12, 50, 0.02), (12, 50, 0.1)])
def test_intervals_cover_on_average_and_errors_become_smaller(cells, size, between):
    stream, mean = np.random.default_rng(2), 0.85
    precision = mean * (1 - mean) / between**2 - 1
    covered, raw, shrunken = [], [], []
    for _ in range(60):
        truth = stream.beta(precision * mean, precision * (1 - mean), cells)
        sizes = stream.integers(size // 2, 2 * size, cells)
        found = shrunken_shares(stream.binomial(sizes, truth), sizes)
        covered.append(np.mean((found.low <= truth) & (truth <= found.high)))
        raw.append(np.mean((found.raw - truth) ** 2))
        shrunken.append(np.mean((found.value - truth) ** 2))
    assert 0.92 <= np.mean(covered) <= 0.985
    assert np.mean(shrunken) < np.mean(raw)


def test_normal_intervals_cover_on_average():
    stream, covered = np.random.default_rng(3), []
    for _ in range(150):
        truth, variance = stream.normal(0, 0.5, 8), stream.uniform(0.05, 0.5, 8)
        found = shrunken_means(stream.normal(truth, np.sqrt(variance)), variance)
        covered.append(np.mean((found.low <= truth) & (truth <= found.high)))
    assert 0.92 <= np.mean(covered) <= 0.985


def test_a_small_perfect_cell_is_drawn_down_and_a_large_one_hardly():
    found = shrunken_shares([3, 300, 60, 70], [3, 300, 100, 100])
    assert found.value[0] < 0.95
    assert found.value[1] > 0.98
    assert found.weight[0] < found.weight[2] < found.weight[1]


def test_fractions_of_samples_are_allowed_and_less_data_make_wider_intervals():
    whole = shrunken_shares([30, 40, 45], [50, 50, 50])
    worth = shrunken_shares([12.6, 16.8, 18.9], [21.0, 21.0, 21.0])
    assert ((worth.high - worth.low) > (whole.high - whole.low)).all()


def test_cells_without_a_single_event_have_a_width():
    found = shrunken_shares([0, 0, 0], [10, 20, 30])
    assert (found.low < 0.005).all()
    assert (found.high > 0.02).all()
    assert found.high[0] > found.high[2]


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: shrunken_shares([1, 2], [3, 4]), "at least 3 cells"),
        (lambda: shrunken_shares([1, 2, 5], [3, 4, 4]), "successes <= size"),
        (lambda: shrunken_means([1, 2], [1, 1]), "at least 3 cells"),
        (lambda: shrunken_means([1, 2, 3], [1, 0, 1]), "above 0"),
    ],
)
def test_cells_that_cannot_be_shrunk_are_refused_with_the_reason(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()
