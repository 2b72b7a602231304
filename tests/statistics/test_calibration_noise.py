"""The null and the bias of a binned calibration error, by simulation and by definition."""

import numpy as np
import pytest

from governance.statistics.calibration import bin_numbers, expected_calibration_error
from governance.statistics.calibration_noise import (
    calibration_test,
    corrected_calibration_error,
    variance_of_bin_means,
)


def patients(stream, n, each, shift=0.0):
    """Scores that are right but for a shift; outcomes of a patient resemble each other."""
    p, clusters = np.repeat(stream.beta(2, 5, n), each), np.repeat(np.arange(n), each)
    luck = np.where(stream.random(n * each) < 0.6, stream.random(n)[clusters], stream.random(n * each))
    return p, luck < np.clip(p + shift, 0, 1), clusters


@pytest.mark.parametrize(("n", "each"), [(150, 1), (60, 5), (150, 4)])
def test_a_calibrated_model_is_rejected_about_as_often_as_promised(n, each):
    stream = np.random.default_rng(0)
    rejected = sum(calibration_test(*patients(stream, n, each), draws=199).p_value <= 0.05 for _ in range(400))
    assert rejected / 400 == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 400))


def test_ignoring_patients_would_reject_a_calibrated_model_too_often():
    stream, rejected = np.random.default_rng(1), 0
    for _ in range(100):
        p, y, _ = patients(stream, 60, 5)
        rejected += calibration_test(p, y, np.arange(p.size), draws=199).p_value <= 0.05
    assert rejected > 40


@pytest.mark.parametrize(("n", "each"), [(1000, 1), (400, 4)])
def test_a_model_that_is_off_is_found(n, each):
    found = calibration_test(*patients(np.random.default_rng(2), n, each, shift=0.1), draws=499)
    assert found.p_value == 1 / 500
    assert found.value > 2 * found.if_calibrated


def test_the_p_value_depends_on_nothing_but_its_seed():
    data = patients(np.random.default_rng(3), 100, 2)
    assert calibration_test(*data, seed=1) == calibration_test(*data, seed=1)
    assert calibration_test(*data, seed=1) != calibration_test(*data, seed=2)


def test_one_patient_with_many_samples_gives_no_test():
    p, y, _ = patients(np.random.default_rng(4), 1, 20)
    with pytest.raises(ValueError, match="two independent clusters"):
        calibration_test(p, y, np.zeros(20))


@pytest.mark.parametrize(("n", "each", "shift"), [(200, 1, 0.1), (1000, 1, 0.05), (100, 5, 0.1), (150, 1, 0.0)])
@pytest.mark.parametrize("binning", ["equal width", "equal mass"])
def test_correction_takes_a_third_of_the_bias_off_or_more(n, each, shift, binning):
    stream = np.random.default_rng(5)
    large = patients(stream, 300_000, 1, shift)
    exact = expected_calibration_error(*large[:2], 10, binning)
    plain, corrected = [], []
    for _ in range(200):
        p, y, clusters = patients(stream, n, each, shift)
        plain.append(expected_calibration_error(p, y, 10, binning))
        corrected.append(corrected_calibration_error(p, y, clusters, 10, binning))
    assert abs(np.mean(corrected) - exact) < 0.65 * abs(np.mean(plain) - exact)


def test_with_very_many_samples_there_is_nothing_to_correct():
    p, y, clusters = patients(np.random.default_rng(6), 200_000, 1, shift=0.2)
    assert corrected_calibration_error(p, y, clusters) == pytest.approx(expected_calibration_error(p, y), abs=1e-4)


def test_variance_of_a_bins_mean_agrees_with_its_definition():
    stream = np.random.default_rng(7)
    p, y, clusters = patients(stream, 40, 3)
    numbers = bin_numbers(p, 10)
    found = variance_of_bin_means(y.astype(float), clusters, numbers)
    alone = variance_of_bin_means(y.astype(float), np.arange(120), numbers)
    for number in np.unique(numbers):
        inside = numbers == number
        mean, n = y[inside].mean(), inside.sum()
        groups = np.unique(clusters[inside])
        sums = np.array([(y[inside & (clusters == group)] - mean).sum() for group in groups])
        expected = groups.size / (groups.size - 1) * (sums**2).sum() / n**2 if groups.size > 1 else 0
        assert found[number] == pytest.approx(expected, abs=1e-12)
        assert alone[number] == pytest.approx(mean * (1 - mean) / (n - 1), abs=1e-12)
