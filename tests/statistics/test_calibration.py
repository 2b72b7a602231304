"""Calibration against torchmetrics' published example, statsmodels and simulation."""

import itertools

import numpy as np
import pytest
import statsmodels.api as sm

from governance.statistics.calibration import (
    bin_numbers,
    calibration_error_interval,
    calibration_in_the_large,
    error_if_calibrated,
    expected_calibration_error,
    in_the_large_interval,
    intercept_interval,
    recalibration,
    slope_interval,
)


def draw(n, seed=0):
    stream = np.random.default_rng(seed)
    p = stream.beta(2, 5, n)
    return p, stream.random(n) < p, stream


def test_expected_calibration_error_gives_torchmetrics_published_example():
    # Docstring of torchmetrics' binary_calibration_error: two bins, l1 norm, 0.2900.
    found = expected_calibration_error([0.25, 0.25, 0.55, 0.75, 0.75], [0, 0, 1, 1, 1], bins=2)
    assert found == pytest.approx(0.29, abs=1e-12)


def test_expected_calibration_error_agrees_with_its_definition():
    p, y, _ = draw(500)
    edges, total = np.linspace(0, 1, 11), 0.0
    for low, high in itertools.pairwise(edges):
        inside = (p >= low) & ((p < high) | (high == 1))
        if inside.any():
            total += inside.mean() * abs(y[inside].mean() - p[inside].mean())
    assert expected_calibration_error(p, y, 10) == pytest.approx(total, abs=1e-12)


def test_a_score_of_one_belongs_to_the_last_bin():
    assert list(bin_numbers([0.0, 0.1, 0.95, 1.0], 10)) == [0, 1, 9, 9]


def test_equal_mass_bins_hold_about_as_many_and_keep_ties_together():
    p = draw(1000)[0]
    assert np.bincount(bin_numbers(p, 10, "equal mass")).min() >= 99
    assert np.unique(bin_numbers(np.r_[np.zeros(50), np.linspace(0.5, 1, 50)], 10, "equal mass")[:50]).size == 1


@pytest.mark.parametrize(("n", "expected"), [(100, 0.085), (1000, 0.028)])
def test_error_if_calibrated_shows_the_known_bias_of_small_samples(n, expected):
    # Mean over 500 calibrated samples of Beta(2, 5) scores, computed elsewhere: 0.085 at n = 100, 0.028 at n = 1,000.
    found = np.mean([error_if_calibrated(draw(n, seed)[0], 10, seed=seed, draws=50) for seed in range(20)])
    assert found == pytest.approx(expected, rel=0.06)


def test_error_if_calibrated_does_not_depend_on_anything_but_its_seed():
    p = draw(300)[0]
    assert error_if_calibrated(p, seed=3) == error_if_calibrated(p, seed=3)
    assert error_if_calibrated(p, seed=3) != error_if_calibrated(p, seed=4)


def test_slope_and_its_variance_agree_with_statsmodels():
    p, y, stream = draw(600, 1)
    clusters = stream.integers(0, 80, 600)
    x = np.log(p / (1 - p))
    fit = sm.Logit(y.astype(float), sm.add_constant(x)).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": clusters}, tol=1e-12, method="newton"
    )
    found = recalibration(p, y, clusters)
    assert (found.intercept, found.slope) == pytest.approx(tuple(fit.params), abs=1e-9)
    assert found.variance == pytest.approx(float(fit.cov_params()[1, 1]), rel=1e-7)
    assert found.intercept_variance == pytest.approx(float(fit.cov_params()[0, 0]), rel=1e-7)
    assert found.clipped == 0
    ends = intercept_interval(found)
    assert (ends.low + ends.high) / 2 == pytest.approx(found.intercept, abs=1e-12)


def test_calibration_in_the_large_agrees_with_statsmodels():
    p, y, stream = draw(600, 1)
    clusters = stream.integers(0, 80, 600)
    offset = np.log(p / (1 - p)) - 0.3
    model = sm.GLM(y.astype(float), np.ones(600), family=sm.families.Binomial(), offset=offset)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": clusters}, tol=1e-14)
    found = calibration_in_the_large(1 / (1 + np.exp(-offset)), y, clusters)
    assert found.intercept == pytest.approx(float(fit.params[0]), abs=1e-9)
    assert found.variance == pytest.approx(float(fit.cov_params()[0, 0]), rel=1e-7)
    ends = in_the_large_interval(found)
    assert ends.low < 0.3 < ends.high


def test_calibration_in_the_large_needs_two_classes_and_its_interval_two_patients():
    with pytest.raises(ValueError, match="positives and negatives"):
        calibration_in_the_large([0.2, 0.3], [1, 1], [0, 1])
    with pytest.raises(ValueError, match="two independent clusters"):
        in_the_large_interval(calibration_in_the_large([0.2, 0.3], [0, 1], [0, 0]))


def test_overconfident_scores_have_a_slope_below_one():
    p, y, _ = draw(4000, 2)
    logit = np.log(p / (1 - p))
    overconfident = 1 / (1 + np.exp(-2 * logit))
    found = slope_interval(recalibration(overconfident, y, np.arange(4000)))
    assert found.low < 0.5 < found.high
    assert found.high < 0.7


@pytest.mark.parametrize(
    ("scores", "labels", "reason"),
    [
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], "separate"),
        ([0.3] * 4, [0, 1, 0, 1], "differ"),
        ([0.1, 0.2, 0.3, 0.4], [0, 0, 0, 0], "positives and negatives"),
    ],
)
def test_a_slope_that_is_not_determined_is_refused_with_the_reason(scores, labels, reason):
    with pytest.raises(ValueError, match=reason):
        recalibration(scores, labels, np.arange(4))


def test_scores_of_zero_and_one_are_moved_and_counted():
    stream = np.random.default_rng(3)
    p = np.r_[0.0, 1.0, stream.random(98)]
    y = np.r_[0, 1, stream.random(98) < p[2:]]
    assert recalibration(p, y, np.arange(100)).clipped == 2


def test_the_interval_of_a_calibrated_models_error_seldom_starts_above_zero():
    """Truth 0: an interval that starts above it would fail a model that is right."""
    starts_above = 0
    for seed in range(60):
        p, y, _ = draw(150, seed)
        found = calibration_error_interval(p, y, np.arange(150), replicates=300, seed=seed)
        starts_above += found.low > 0
        assert found.low <= expected_calibration_error(p, y) <= found.high
    assert starts_above <= 4


def test_a_badly_calibrated_model_is_told_from_a_calibrated_one():
    p, y, _ = draw(1500, 7)
    found = calibration_error_interval(np.clip(p + 0.25, 0, 1), y, np.arange(1500), replicates=500)
    assert found.low > 0.15
