"""Permutation tests: exact enumerations, SciPy and our own AUROC beside them, and their size in simulations."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from governance.statistics.permutation import permuted_aurocs, permuted_ratios
from governance.statistics.ranking import clustered_auroc
from governance.statistics.studentised import between_patients, rankings, sorted_auroc, within_patients


def ten_patients() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, groups and patients: 10 patients with 1 to 4 samples, 4 of them in group b."""
    stream = np.random.default_rng(4)
    patients = np.repeat(np.arange(10), stream.integers(1, 5, 10))
    return stream.random(patients.size), np.where(patients < 6, "a", "b"), patients


def test_p_value_approaches_that_of_all_assignments():
    outcomes, groups, patients = ten_patients()
    statistic = between_patients(outcomes, np.ones(outcomes.size), patients, 2)
    every = np.array([[int(p in chosen) for p in range(10)] for chosen in combinations(range(10), 4)])
    largest = np.abs(statistic(every)[1]).max(axis=(1, 2))
    observed = np.abs(statistic(np.repeat([0, 1], [6, 4])[None])[1]).max()
    exact = np.mean(largest >= observed - 1e-12)
    found = permuted_ratios(outcomes, np.ones(outcomes.size), groups, patients, permutations=20_000, seed=1)
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000) + 1e-4)
    assert found.values == pytest.approx([outcomes[groups == name].mean() for name in "ab"], abs=1e-12)
    assert found.gap == pytest.approx(abs(found.values[0] - found.values[1]))


def test_p_value_agrees_with_scipys_permutation_test_on_independent_samples():
    stream = np.random.default_rng(9)
    first, second = stream.normal(size=25), stream.normal(0.6, 2, size=14)

    def welch(a, b, axis=-1):
        return np.abs(stats.ttest_ind(a, b, axis=axis, equal_var=False).statistic)

    theirs = stats.permutation_test(
        (first, second), welch, n_resamples=20_000, alternative="greater", vectorized=True, rng=np.random.default_rng(0)
    )
    groups = np.repeat(["a", "b"], [25, 14])
    ours = permuted_ratios(
        np.concatenate([first, second]), np.ones(39), groups, np.arange(39), permutations=20_000, seed=0
    )
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-9)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=6 * np.sqrt(0.25 / 20_000))


def unlike_groups(stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Equal means; 60 patients whose 4 samples are nearly alike, and 15 with one sample of little spread."""
    shared = stream.normal(size=60)
    many = np.repeat(shared, 4) + 0.2 * stream.normal(size=240)
    few = 0.3 * stream.normal(size=15)
    return (
        np.concatenate([many, few]),
        np.repeat(["many", "few"], [240, 15]),
        np.concatenate([np.repeat(np.arange(60), 4), 60 + np.arange(15)]),
    )


def plain_p_value(outcomes, groups, patients, stream) -> float:
    """The same test without the standard error, to show what it is for."""
    owner = groups[np.unique(patients, return_index=True)[1]] == "few"
    sums, sizes = np.bincount(patients, outcomes), np.bincount(patients)

    def gap(few):
        return np.abs((few @ sums) / (few @ sizes) - (~few @ sums) / (~few @ sizes))

    return (1 + np.sum(gap(stream.permuted(np.tile(owner, (199, 1)), axis=1)) >= gap(owner))) / 200


def test_size_holds_where_variances_and_group_sizes_differ_and_that_of_a_plain_difference_does_not():
    stream, ours, plain = np.random.default_rng(21), [], []
    for run in range(800):
        outcomes, groups, patients = unlike_groups(stream)
        ours.append(
            permuted_ratios(outcomes, np.ones(255), groups, patients, permutations=199, seed=run).p_value <= 0.05
        )
        plain.append(plain_p_value(outcomes, groups, patients, stream) <= 0.05)
    error = np.sqrt(0.05 * 0.95 / 800)
    assert np.mean(ours) == pytest.approx(0.05, abs=4 * error)
    assert abs(np.mean(plain) - 0.05) > 6 * error


def test_size_holds_within_patients_whose_samples_resemble_each_other():
    stream, rejected = np.random.default_rng(5), []
    patients = np.repeat(np.arange(40), 5)
    groups = np.tile(["a", "b", "b", "b", "b"], 40)
    for run in range(500):
        flagged = stream.random(200) < np.repeat(stream.beta(1, 1, 40), 5)
        test = permuted_ratios(flagged, np.ones(200), groups, patients, permutations=199, seed=run)
        rejected.append(test.p_value <= 0.05)
    assert test.permuted == "samples within patients"
    assert np.mean(rejected) == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 500))


def test_a_difference_within_patients_is_found_although_patients_differ_more():
    stream = np.random.default_rng(5)
    patients, groups = np.repeat(np.arange(40), 4), np.tile(["ap", "pa"], 80)
    outcomes = np.repeat(10 * stream.normal(size=40), 4) + stream.normal(size=160) + (groups == "pa")
    found = permuted_ratios(outcomes, np.ones(160), groups, patients, permutations=999, seed=0)
    assert (found.first, found.second, found.p_value) == ("pa", "ap", 0.001)
    assert stats.ttest_ind(outcomes[groups == "pa"], outcomes[groups == "ap"]).pvalue > 0.1


def test_variance_within_patients_is_that_of_the_paired_differences():
    stream = np.random.default_rng(7)
    patients, owner = np.repeat(np.arange(30), 2), np.tile([0, 1], 30)
    outcomes = stream.normal(size=60)
    expected = stats.ttest_rel(outcomes[1::2], outcomes[::2]).statistic
    found = within_patients(outcomes, np.ones(60), patients, 2)(owner[None])[1][0]
    assert found[1, 0] == pytest.approx(expected, rel=1e-9)
    assert found[0, 1] == pytest.approx(-expected, rel=1e-9)


@pytest.mark.parametrize("decimals", [1, 6])
def test_ranking_agrees_with_obuchowskis_variance(decimals):
    stream = np.random.default_rng(decimals)
    patients = np.sort(stream.integers(0, 60, 300))
    patients = np.unique(patients, return_inverse=True)[1]
    labels = stream.random(300) < 0.4
    scores = np.round(labels + stream.normal(size=300), decimals)
    order = np.argsort(scores, kind="stable")
    rank = np.unique(scores, return_inverse=True)[1][order]
    value, variance, _ = sorted_auroc(rank, labels[order], patients[order], patients.max() + 1)
    expected = clustered_auroc(scores, labels, patients)
    assert (value, variance) == pytest.approx((expected.value, expected.variance), rel=1e-10)
    owner = np.arange(patients.max() + 1) % 3
    values = rankings(scores, labels, patients, 3)(owner[None])[0][0]
    inside = [owner[patients] == group for group in range(3)]
    assert values == pytest.approx([clustered_auroc(scores[i], labels[i], patients[i]).value for i in inside])


def test_size_of_the_ranking_test_holds_where_groups_differ():
    stream, rejected = np.random.default_rng(8), []
    groups, patients = np.repeat(["a", "b"], [40, 160]), np.concatenate([np.arange(40), 40 + np.repeat(range(80), 2)])
    labels = np.concatenate([np.arange(40) % 2 == 0, np.repeat(np.arange(80) % 8 == 0, 2)])
    for run in range(300):
        scores = labels + stream.normal(size=200)
        test = permuted_aurocs(scores, labels, groups, patients, permutations=99, seed=run)
        rejected.append(test.p_value <= 0.05)
    assert np.mean(rejected) == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 300))


def test_a_worse_group_is_found_among_four():
    stream = np.random.default_rng(2)
    groups, patients = np.repeat(list("abcd"), 100), np.arange(400)
    flagged = stream.random(400) < np.where(groups == "c", 0.6, 0.85)
    found = permuted_ratios(flagged, np.ones(400), groups, patients, permutations=999, seed=0)
    assert found.second == "c"
    assert found.p_value < 0.01
    labels = np.tile([True, False], 200)
    scores = np.where(groups == "c", 0, 3) * labels + stream.normal(size=400)
    ranked = permuted_aurocs(scores, labels, groups, patients, permutations=199, seed=0)
    assert (ranked.second, ranked.p_value) == ("c", 0.005)


def test_equal_outcomes_give_no_evidence_and_the_same_seed_the_same_result():
    groups = np.repeat(["a", "b"], 10)
    assert permuted_ratios(np.ones(20), np.ones(20), groups, range(20), permutations=99, seed=0).p_value == 1
    apart = permuted_ratios(groups == "a", np.ones(20), groups, range(20), permutations=999, seed=0)
    assert (apart.p_value, np.isfinite(apart.statistic)) == (0.001, True)
    outcomes, names, patients = ten_patients()
    one, two = (permuted_ratios(outcomes, np.ones(outcomes.size), names, patients, seed=3) for _ in range(2))
    assert one == two


def test_samples_without_a_denominator_are_left_out():
    outcomes, groups, patients = ten_patients()
    padded = permuted_ratios(
        np.append(outcomes, [0, 0]),
        np.append(np.ones(outcomes.size), [0, 0]),
        np.append(groups, ["c", "b"]),
        np.append(patients, [0, 99]),
        seed=3,
    )
    assert padded == permuted_ratios(outcomes, np.ones(outcomes.size), groups, patients, seed=3)


def test_what_cannot_be_permuted_is_refused_with_the_way_out():
    values = np.arange(20.0)
    with pytest.raises(ValueError, match="at least two groups"):
        permuted_ratios(values, np.ones(20), ["a"] * 20, range(20), seed=0)
    with pytest.raises(ValueError, match=r"within 1 of 19 patients.*cluster bootstrap"):
        permuted_ratios(values, np.ones(20), ["a", "b"] * 10, [0, 0, *range(1, 19)], seed=0)
    with pytest.raises(ValueError, match=r"varies within patients.*cluster bootstrap"):
        permuted_aurocs(values, values > 9, ["a", "b"] * 10, np.repeat(range(10), 2), seed=0)
    with pytest.raises(ValueError, match="two patients"):
        permuted_ratios(values, np.ones(20), ["a", *["b"] * 19], range(20), seed=0)
    with pytest.raises(ValueError, match="two patients"):
        permuted_aurocs(values, values > 9, ["a"] * 9 + ["b"] * 11, range(20), seed=0)
