"""The mean AUROC over fits: its two sources of uncertainty."""

import numpy as np
import pytest
from scipy.stats import norm

from governance.statistics.ranking import auroc, clustered_auroc, paired_auroc_difference
from governance.statistics.repeated import repeated_auroc, repeated_difference, repeated_interval

LABEL = np.arange(120) < 50


def fits(stream, k, noise=0.5, shift=1.0):
    common = stream.normal(LABEL * shift, 1)
    return [common + stream.normal(0, noise, LABEL.size) for _ in range(k)]


def test_equal_fits_leave_the_variance_between_patients_alone():
    score = fits(np.random.default_rng(0), 1)[0]
    found = repeated_auroc([score] * 4, LABEL, np.arange(120))
    assert found.value == auroc(score, LABEL)
    assert found.from_samples == pytest.approx(clustered_auroc(score, LABEL, np.arange(120)).variance, abs=1e-12)
    assert found.from_fits == 0


def test_fits_that_differ_add_the_variance_of_their_mean():
    scores = fits(np.random.default_rng(1), 5)
    found = repeated_auroc(scores, LABEL, np.arange(120))
    values = [auroc(score, LABEL) for score in scores]
    assert found.value == pytest.approx(np.mean(values))
    assert found.from_fits == pytest.approx(np.var(values, ddof=1) / 5)


def test_a_difference_of_one_fit_each_is_the_paired_difference():
    stream = np.random.default_rng(2)
    first, second = fits(stream, 2)
    found = repeated_difference([first], [second], LABEL, np.arange(120))
    paired = paired_auroc_difference(first, second, LABEL, np.arange(120))
    assert (found.value, found.from_samples) == pytest.approx((paired.value, paired.variance), abs=1e-12)


def test_one_fit_has_no_interval():
    found = repeated_auroc(fits(np.random.default_rng(3), 1), LABEL, np.arange(120))
    with pytest.raises(ValueError, match="at least two seeds"):
        repeated_interval(found)


def test_perfect_fits_keep_a_width():
    found = repeated_interval(repeated_auroc([LABEL * 1.0, LABEL * 2.0], LABEL, np.arange(120)))
    assert found.high == 1
    assert found.low == pytest.approx(0.025 ** (1 / 50))


def test_a_comparison_of_different_numbers_of_fits_is_refused():
    scores = fits(np.random.default_rng(4), 3)
    with pytest.raises(ValueError, match="same seeds"):
        repeated_difference(scores, scores[:2], LABEL, np.arange(120))


def test_the_interval_covers_the_mean_over_patients_and_fits():
    """Scores carry the patient's own noise (shared by all fits) and the fit's shift of the classes."""
    runs, k, covered, ignoring_fits = 700, 4, 0, 0
    stream = np.random.default_rng(5)
    shifts = stream.normal(1.0, 0.35, (runs, k))
    truth = np.mean(norm.cdf(stream.normal(1.0, 0.35, 200_000) / np.sqrt(2)))
    for run in range(runs):
        noise = stream.normal(size=LABEL.size)
        found = repeated_auroc([noise + LABEL * shift for shift in shifts[run]], LABEL, np.arange(120))
        interval = repeated_interval(found)
        covered += interval.low <= truth <= interval.high
        half = 1.96 * np.sqrt(found.from_samples)
        ignoring_fits += found.value - half <= truth <= found.value + half
    assert 0.925 <= covered / runs <= 0.99
    assert ignoring_fits / runs < 0.90
