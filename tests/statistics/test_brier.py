"""The Brier score against scikit-learn, and its parts against identities, definitions and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from governance.statistics.brier import brier_decomposition, brier_score

STEADY = settings(deadline=None, max_examples=60)
ROWS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40)


@STEADY
@given(ROWS, st.integers(1, 12), st.sampled_from(["equal width", "equal mass"]))
def test_the_score_agrees_with_scikit_learn_and_the_parts_sum_to_it(rows, bins, binning):
    p, y = (np.array(column) for column in zip(*rows, strict=True))
    found = brier_decomposition(p, y, np.arange(p.size), bins, binning)
    assert found.score == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert brier_score(p, y) == found.score
    parts = found.reliability - found.resolution + found.uncertainty + found.within_bins
    assert parts == pytest.approx(found.score, abs=1e-12)
    parts = found.corrected_reliability - found.corrected_resolution + found.corrected_uncertainty + found.within_bins
    assert parts == pytest.approx(found.score, abs=1e-12)


def test_reliability_is_torchmetrics_published_squared_error():
    # Docstring of torchmetrics' binary_calibration_error: two bins, l2 norm, 0.2918.
    found = brier_decomposition([0.25, 0.25, 0.55, 0.75, 0.75], [0, 0, 1, 1, 1], np.arange(5), bins=2)
    assert np.sqrt(found.reliability) == pytest.approx(0.2918, abs=5e-5)


def test_correction_is_the_published_one_where_samples_are_independent():
    stream = np.random.default_rng(0)
    p = stream.integers(0, 10, 300) / 10 + 0.05  # one score a bin
    y = stream.random(300) < p
    found = brier_decomposition(p, y, np.arange(300), 10)
    noise = 0.0
    for value in np.unique(p):
        n, mean = (p == value).sum(), y[p == value].mean()
        noise += n / 300 * mean * (1 - mean) / (n - 1)
    mean = y.mean()
    assert found.within_bins == pytest.approx(0, abs=1e-12)
    assert found.corrected_reliability == pytest.approx(found.reliability - noise, abs=1e-12)
    assert found.corrected_uncertainty == pytest.approx(300 / 299 * mean * (1 - mean), abs=1e-12)


@pytest.mark.parametrize("each", [1, 4])
def test_corrected_parts_are_right_on_average(each):
    stream, values = np.random.default_rng(1), np.array([0.1, 0.3, 0.6])
    truth = np.array([0.15, 0.3, 0.5])  # frequencies behind the three scores, each as frequent
    found = []
    for _ in range(1500):
        which, clusters = np.repeat(stream.integers(0, 3, 40), each), np.repeat(np.arange(40), each)
        luck = np.where(stream.random(40 * each) < 0.7, stream.random(40)[clusters], stream.random(40 * each))
        parts = brier_decomposition(values[which], luck < truth[which], clusters)
        found.append(
            [
                parts.corrected_reliability,
                parts.corrected_resolution,
                parts.corrected_uncertainty,
                parts.reliability,
                parts.resolution,
            ]
        )
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(1500)
    exact = [((values - truth) ** 2).mean(), truth.var(), truth.mean() * (1 - truth.mean())]
    assert mean[:3] == pytest.approx(exact, abs=float(4 * error.max()))
    assert mean[3] > exact[0] + 0.003  # uncorrected, both are too large
    assert mean[4] > exact[1] + 0.003


def test_skill_compares_with_the_prevalence_and_needs_both_classes():
    y = np.arange(40) < 10
    assert brier_decomposition(np.full(40, 0.25), y, np.arange(40)).skill == pytest.approx(0)
    assert brier_decomposition(y.astype(float), y, np.arange(40)).skill == pytest.approx(1)
    with pytest.raises(ValueError, match="positives and negatives"):
        _ = brier_decomposition(np.full(40, 0.25), np.ones(40), np.arange(40)).skill


def test_bins_of_one_patient_are_counted_and_one_patient_alone_is_refused():
    found = brier_decomposition([0.1, 0.1, 0.9, 0.9], [0, 1, 1, 0], [0, 1, 2, 2])
    assert found.uncorrected_bins == 1
    with pytest.raises(ValueError, match="two independent clusters"):
        brier_decomposition([0.1, 0.9], [0, 1], [0, 0])
