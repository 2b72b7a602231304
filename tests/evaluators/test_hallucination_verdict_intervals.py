"""Intervals that verdicts on agreement and its like rest on: their error is small, or they are the whole range."""

import numpy as np
import pytest
from recorded_answers import measured, only

from evaluators.hallucination.recorded import metrics
from evaluators.hallucination.recorded.judges import cohen_kappa
from evaluators.hallucination.recorded.quantity import Replicates, of_sums


class Clusters:
    """What a quantity needs of records."""

    dataset = None

    def __init__(self, patients):
        self.codes, self.n_clusters = np.arange(patients), patients


def drawn(stream, patients, accuracy):
    """Confusion counts (patients, 4) of two judges, whose errors a patient's records share."""
    records = stream.integers(1, 8, patients)
    right = stream.beta(4 * accuracy, 4 * (1 - accuracy), patients)
    wrong_ones = stream.binomial(records, 0.3)
    found, kept = stream.binomial(wrong_ones, right), stream.binomial(records - wrong_ones, right)
    return np.stack([found, wrong_ones - found, records - wrong_ones - kept, kept], axis=1).astype(float)


def kappa(sums):
    return cohen_kappa(sums.reshape(*sums.shape[:-1], 2, 2))


def estimate(cells, seed):
    patients = len(cells)
    quantity = of_sums(
        Clusters(patients), metrics.COHEN_KAPPA, cells, kappa, among=np.ones(patients, bool), what="patients",
        replicates=Replicates(patients, 1000, seed), source="-", undefined="undefined",
    )  # fmt: skip
    return quantity.make(np.ones(patients, bool))


@pytest.mark.slow
@pytest.mark.parametrize(("patients", "accuracy"), [(20, 0.75), (50, 0.9), (200, 0.9), (200, 0.97)])
def test_the_error_of_a_verdict_on_kappa_is_small_on_both_sides(patients, accuracy):
    stream = np.random.default_rng(7)
    truth = float(kappa(drawn(stream, 400_000, accuracy).sum(axis=0)))
    above = below = 0
    for seed in range(250):
        try:
            ends = estimate(drawn(stream, patients, accuracy), seed).gating(0.95)
        except ValueError:
            continue
        above, below = above + (ends.low > truth), below + (ends.high < truth)
    # 2.5 % of 250 are 6; 12 or more would come by chance in one of 40 where the error is 2.5 %.
    assert max(above, below) <= 11


def test_where_few_patients_move_the_number_no_verdict_rests_on_it():
    cells = np.tile([3.0, 0.0, 0.0, 7.0], (60, 1))
    cells[:3] = [2.0, 1.0, 1.0, 6.0]
    made = estimate(cells, 0)
    ends = made.gating(0.95)
    assert (ends.low, ends.high) == (-1.0, 1.0)
    assert "the whole range: about" in ends.method
    assert made.bounds(0.95).low > 0.5


def test_shares_of_findings_count_each_finding_and_keep_patients_together():
    items = [
        {"image_id": f"{n // 2}", "generation": "Effusion." if n % 3 else "Normal.", "reference": "Effusion, fracture."}
        for n in range(60)
    ]
    one = only(measured(items), "finding_coverage")
    assert (one.value, one.n, one.events, one.n_clusters) == (pytest.approx(1 / 3), 120, 40, 30)
    assert one.gating.low <= one.interval.low < 1 / 3 < one.interval.high <= one.gating.high
