"""The cluster bootstrap of studentised differences between groups that share patients."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from governance.statistics.group_bootstrap import bootstrapped_aurocs, bootstrapped_ratios
from governance.statistics.permutation import permutable, permuted_ratios


def shared_patients(stream, patients, *, share=0.15, rate=0.8, resemblance=0.5, lower=0.0):
    """Outcomes of patients with one to three samples, a few of whom have samples in both groups."""
    size = stream.integers(1, 4, patients)
    patient = np.repeat(np.arange(patients), size)
    group = np.where(
        stream.random(patient.size) < share, 1 - patient % 2, patient % 2
    )  # most samples lie in the group of their patient
    alike = np.sqrt(resemblance) * stream.standard_normal(patients)[patient]
    latent = alike + np.sqrt(1 - resemblance) * stream.standard_normal(patient.size)
    return (latent < stats.norm.ppf(rate - lower * group)).astype(float), group, patient


def test_the_statistic_is_that_of_the_permutation_test_within_patients():
    """Where every patient has samples in both groups, both tests divide by the variance of the same differences."""
    stream = np.random.default_rng(1)
    patient, group = np.repeat(np.arange(40), 4), np.tile(["a", "b", "a", "b"], 40)
    values = stream.random(160) + (group == "a") * 0.05
    ours = bootstrapped_ratios(values, np.ones(160), group, patient, replicates=99, seed=0)
    permuted = permuted_ratios(values, np.ones(160), group, patient, permutations=99, seed=0)
    assert ours.statistic == pytest.approx(permuted.statistic, abs=1e-9)
    assert ours.values == pytest.approx(permuted.values, abs=1e-12)
    assert (ours.first, ours.second) == (permuted.first, permuted.second)
    assert ours.gap == pytest.approx(permuted.gap, abs=1e-12)
    assert ours.n_clusters == 40


def test_the_p_value_of_a_ratio_is_that_of_samples_drawn_patient_by_patient():
    """By hand: copies of drawn patients are patients of their own, and each replicate is measured anew."""
    stream = np.random.default_rng(8)
    outcome, group, patient = shared_patients(stream, 50, lower=0.05)

    def measured(outcome, group, patient):
        rates = [outcome[group == g].mean() for g in (0, 1)]
        sums = np.zeros((2, patient.max() + 1))
        for g, rate in enumerate(rates):
            inside = group == g
            np.add.at(sums[g], patient[inside], (outcome[inside] - rate) / inside.sum())
        return rates[0] - rates[1], np.sqrt(50 / 49 * np.sum((sums[0] - sums[1]) ** 2))

    difference, error = measured(outcome, group, patient)
    rows = [np.flatnonzero(patient == one) for one in range(50)]
    found = []
    for _ in range(2000):
        drawn = [rows[one] for one in stream.integers(0, 50, 50)]
        copies = np.repeat(np.arange(50), [len(row) for row in drawn])
        at = np.concatenate(drawn)
        again, its_error = measured(outcome[at], group[at], copies)
        found.append(abs(again - difference) / its_error)
    expected = np.mean(np.array(found) >= abs(difference) / error)
    ours = bootstrapped_ratios(outcome, np.ones(outcome.size), group, patient, replicates=4000, seed=2)
    assert ours.statistic == pytest.approx(abs(difference) / error, abs=1e-9)
    assert 0.02 < expected < 0.9
    assert ours.p_value == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 1300))


def test_the_statistic_of_a_ranking_agrees_with_pair_by_pair_placements():
    stream = np.random.default_rng(3)
    patient = np.repeat(np.arange(30), 4)
    group, labels = np.tile([0, 0, 1, 1], 30), np.tile([True, False, True, False], 30)
    scores = np.round(labels + stream.normal(size=120) + stream.normal(size=30)[patient], 1)
    influence, values = np.zeros((2, 30)), []
    for g in (0, 1):
        positives, negatives = (np.flatnonzero((group == g) & (labels == label)) for label in (True, False))
        wins = (scores[positives, None] > scores[negatives]) + 0.5 * (scores[positives, None] == scores[negatives])
        values.append(wins.mean())
        np.add.at(influence[g], patient[positives], (wins.mean(axis=1) - wins.mean()) / positives.size)
        np.add.at(influence[g], patient[negatives], (wins.mean(axis=0) - wins.mean()) / negatives.size)
    error = np.sqrt(30 / 29 * np.sum((influence[0] - influence[1]) ** 2))
    ours = bootstrapped_aurocs(scores, labels, group, patient, replicates=99, seed=0)
    assert ours.statistic == pytest.approx(abs(values[0] - values[1]) / error, abs=1e-9)
    expected = [roc_auc_score(labels[group == g], scores[group == g]) for g in (0, 1)]
    assert ours.values == pytest.approx(expected, abs=1e-12)


def test_size_holds_where_few_patients_have_samples_of_both_groups():
    stream = np.random.default_rng(5)
    by_patient, by_sample = [], []
    for seed in range(120):
        outcome, group, patient = shared_patients(stream, 80, resemblance=0.95)
        assert permutable(group, patient) is None
        by_patient.append(bootstrapped_ratios(outcome, outcome * 0 + 1, group, patient, replicates=99, seed=seed))
        samples = np.arange(outcome.size)
        by_sample.append(bootstrapped_ratios(outcome, outcome * 0 + 1, group, samples, replicates=99, seed=seed))
    size, ignored = (np.mean([test.p_value <= 0.05 for test in tests]) for tests in (by_patient, by_sample))
    assert size < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 120)
    assert ignored > 0.09, "samples taken for patients reject too often"


def test_size_holds_for_a_ranking_of_groups_that_share_patients():
    stream, rejected = np.random.default_rng(6), 0
    for seed in range(80):
        labels, group, patient = shared_patients(stream, 100, rate=0.6)
        scores = labels + stream.normal(size=labels.size) + 0.7 * stream.normal(size=100)[patient]
        rejected += bootstrapped_aurocs(scores, labels, group, patient, replicates=99, seed=seed).p_value <= 0.05
    assert rejected / 80 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 80)


def test_a_group_that_does_worse_is_found():
    stream = np.random.default_rng(7)
    outcome, group, patient = shared_patients(stream, 300, lower=0.25)
    found = bootstrapped_ratios(outcome, np.ones(outcome.size), np.array(["x", "y"])[group], patient, seed=0)
    assert found.p_value < 0.002
    assert (found.first, found.second) == ("x", "y")
    assert found.method == "studentised cluster bootstrap, 4,999 replicates of patients"
    scores = np.where(group == 1, 0.2, 1.5) * outcome + stream.normal(size=outcome.size)
    ranked = bootstrapped_aurocs(scores, outcome, group, patient, replicates=999, seed=0)
    assert ranked.p_value < 0.01
    assert (ranked.first, ranked.second) == ("0", "1")


def test_equal_groups_give_no_evidence_and_the_same_seed_the_same_result():
    patient, group = np.arange(40) // 2, np.arange(40) % 2
    same = np.tile([1.0, 1.0, 0.0, 0.0], 10)
    found = bootstrapped_ratios(same, np.ones(40), group, patient, replicates=199, seed=0)
    assert (found.statistic, found.p_value) == (0.0, 1.0)
    outcome, group, patient = shared_patients(np.random.default_rng(9), 60)
    first, again, other = (
        bootstrapped_ratios(outcome, outcome * 0 + 1, group, patient, replicates=499, seed=seed) for seed in (4, 4, 5)
    )
    assert first == again
    assert first.p_value != other.p_value


def test_outcomes_that_never_vary_are_compared_as_if_one_unit_did():
    """All of one group right, all of the other wrong: no variance, and yet a difference beyond doubt."""
    patient, group = np.arange(80) // 2, np.arange(80) // 40
    found = bootstrapped_ratios(1.0 - group, np.ones(80), group, patient, replicates=199, seed=0)
    assert np.isfinite(found.statistic)
    assert found.p_value == pytest.approx(1 / 200)


def test_what_cannot_be_tested_is_refused_with_the_reason():
    ones = np.ones(6)
    with pytest.raises(ValueError, match="at least two groups"):
        bootstrapped_ratios(ones, ones, ["a"] * 6, range(6), seed=0)
    with pytest.raises(ValueError, match="at least two patients"):
        bootstrapped_ratios(ones, ones, list("aaaaab"), range(6), seed=0)
    with pytest.raises(ValueError, match="at least two patients"):
        bootstrapped_aurocs(range(6), [1, 0, 0, 1, 0, 1], list("aaabbb"), [0, 1, 2, 3, 4, 5], seed=0)
    with pytest.raises(ValueError, match="at least 99 replicates"):
        bootstrapped_ratios(ones, ones, list("aaabbb"), range(6), replicates=10, seed=0)
