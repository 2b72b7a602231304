"""Replicates of grouped metrics: every one of them equals what scikit-learn computes with the same weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from governance.statistics.grouped import COUNT_METRICS, Counts, GroupedMetrics
from governance.statistics.resampling import bca_interval, cluster_weights, jackknife_weights, percentile_interval

SCIKIT_LEARN = {
    "sensitivity": lambda y, f, s, w: sk.recall_score(y, f, sample_weight=w),
    "specificity": lambda y, f, s, w: sk.recall_score(~y, ~f, sample_weight=w),
    "positive_predictive_value": lambda y, f, s, w: sk.precision_score(y, f, sample_weight=w),
    "negative_predictive_value": lambda y, f, s, w: sk.precision_score(~y, ~f, sample_weight=w),
    "false_positive_rate": lambda y, f, s, w: sk.recall_score(~y, f, sample_weight=w),
    "false_negative_rate": lambda y, f, s, w: sk.recall_score(y, ~f, sample_weight=w),
    "classification_accuracy": lambda y, f, s, w: sk.accuracy_score(y, f, sample_weight=w),
    "balanced_accuracy": lambda y, f, s, w: sk.balanced_accuracy_score(y, f, sample_weight=w),
    "f1_score": lambda y, f, s, w: sk.f1_score(y, f, sample_weight=w),
    "selection_rate": lambda y, f, s, w: np.average(f, weights=w),
    "auroc": lambda y, f, s, w: sk.roc_auc_score(y, s, sample_weight=w),
}


def samples(n: int, patients: int, groups: int, *, decimals: int = 6, within: bool = False, seed: int = 0) -> dict:
    """A table of samples; `within`: a patient's samples lie in several groups."""
    stream = np.random.default_rng(seed)
    patient = np.unique(stream.integers(0, patients, n), return_inverse=True)[1]
    group = stream.integers(0, groups, n) if within else stream.integers(0, groups, patients)[patient]
    label = stream.random(n) < 0.35
    score = np.round(label + stream.normal(size=n), decimals)
    return {"clusters": patient, "groups": group, "labels": label, "flagged": score > 0.6, "scores": score}


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("decimals", [0, 1, 8])
@pytest.mark.parametrize("n", [240, 3000])
def test_every_replicate_equals_scikit_learn(n, decimals, within):
    data = samples(n, n // 4, 3, decimals=decimals, within=within)
    found = GroupedMetrics(**data).bootstrap(5, seed=5, chunk=2)
    weights = np.concatenate(list(cluster_weights(data["clusters"].max() + 1, 5, seed=5)))
    assert set(found.replicates) == set(SCIKIT_LEARN)
    for name, peer in SCIKIT_LEARN.items():
        for row in range(5):
            for column, group in enumerate(found.groups):
                inside = data["groups"] == int(group)
                w = weights[row, data["clusters"][inside]]
                columns = (data[key][inside] for key in ("labels", "flagged", "scores"))
                assert found.replicates[name][row, column] == pytest.approx(peer(*columns, w), abs=1e-9), name


def test_observed_values_are_those_without_weights():
    data = samples(2000, 500, 4)
    found = GroupedMetrics(**data).bootstrap(1, seed=0).observed
    for name, peer in SCIKIT_LEARN.items():
        for group in range(4):
            columns = (data[key][data["groups"] == group] for key in ("labels", "flagged", "scores"))
            assert found[name][group] == pytest.approx(peer(*columns, None), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 150), st.integers(1, 30), st.integers(0, 2), st.integers(0, 2**32 - 1))
def test_ranking_equals_scikit_learn_on_any_small_sample(n, patients, decimals, seed):
    data = samples(n, patients, 1, decimals=decimals, seed=seed)
    weights = next(cluster_weights(data["clusters"].max() + 1, 5, seed=seed))
    found = GroupedMetrics(**data).values(weights)["auroc"][:, 0]
    for row in range(5):
        w = weights[row, data["clusters"]]
        if 0 < w @ data["labels"] < w.sum():
            expected = sk.roc_auc_score(data["labels"], data["scores"], sample_weight=w)
            assert found[row] == pytest.approx(expected, abs=1e-9)
        else:
            assert np.isnan(found[row])


def test_neither_chunks_nor_threads_change_a_number():
    metrics = GroupedMetrics(**samples(1500, 300, 3))
    one = metrics.bootstrap(70, seed=3, chunk=70, threads=1).replicates
    for chunk, threads in ((1, 1), (9, 2), (64, 2)):
        other = metrics.bootstrap(70, seed=3, chunk=chunk, threads=threads).replicates
        assert all(np.array_equal(one[name], other[name]) for name in one)


def equals_scikit_learn(found: dict, row: int, data: dict, weights: np.ndarray) -> bool:
    columns = (data["labels"], data["flagged"], data["scores"], weights)
    return all(found[name][row, 0] == pytest.approx(peer(*columns), abs=1e-9) for name, peer in SCIKIT_LEARN.items())


def test_sums_beyond_what_single_precision_holds_are_exact():
    data = samples(9000, 3000, 1, seed=1)
    data["clusters"] = np.where(np.arange(9000) < 6000, 0, np.arange(9000))
    found = GroupedMetrics(**data).bootstrap(40, seed=0).replicates
    codes = np.unique(data["clusters"], return_inverse=True)[1]
    weights = next(cluster_weights(3001, 40, seed=0))
    assert all(equals_scikit_learn(found, row, data, weights[row, codes]) for row in range(40))


def test_weights_may_be_large_and_need_not_be_whole():
    data = samples(500, 100, 1, seed=1)
    metrics = GroupedMetrics(**data)
    weights = np.random.default_rng(0).random((3, metrics.n_clusters)) * np.array([[1], [1e-3], [1e7]])
    found = metrics.values(weights)
    assert all(equals_scikit_learn(found, row, data, weights[row, data["clusters"]]) for row in range(3))


def test_a_group_without_one_class_has_no_value_and_leaves_the_others_alone():
    data = samples(400, 100, 2)
    data["labels"] = data["labels"] & (data["groups"] == 0)
    found = GroupedMetrics(**data).bootstrap(20, seed=0)
    assert np.isnan(found.replicates["auroc"][:, 1]).all()
    assert np.isnan(found.replicates["sensitivity"][:, 1]).all()
    assert np.isfinite(found.replicates["auroc"][:, 0]).all()
    with pytest.raises(ValueError, match="lack a value"):
        percentile_interval(found.replicates["auroc"][:, 1])


def test_spread_of_clustered_replicates_is_that_of_the_patients():
    stream = np.random.default_rng(1)
    patient = np.repeat(np.arange(400), 5)
    flagged = stream.random(2000) < np.repeat(stream.beta(0.5, 0.5, 400), 5)
    found = GroupedMetrics(patient, np.zeros(2000), np.ones(2000), flagged=flagged).bootstrap(3000, seed=0)
    shares = flagged.reshape(400, 5).mean(axis=1)
    assert found.replicates["sensitivity"].std() == pytest.approx(shares.std() / np.sqrt(400), rel=0.05)


def test_strata_and_the_jackknife_use_the_same_engine():
    data = samples(900, 300, 2)
    metrics = GroupedMetrics(**data)
    strata = np.array([data["groups"][data["clusters"] == p][0] for p in range(metrics.n_clusters)])
    found = metrics.bootstrap(500, seed=2, strata=strata)
    direct = metrics.values(np.concatenate(list(cluster_weights(metrics.n_clusters, 500, 2, strata=strata))))
    assert np.array_equal(found.replicates["auroc"], direct["auroc"])
    without = np.concatenate([metrics.values(w)["auroc"][:, 0] for w in jackknife_weights(metrics.n_clusters)])
    ends = bca_interval(found.replicates["auroc"][:, 0], found.observed["auroc"][0], without)
    assert ends.low < found.observed["auroc"][0] < ends.high


def test_only_what_is_asked_for_is_computed():
    data = samples(100, 50, 2)
    youden = {"youden": lambda c: c.tp / (c.tp + c.fn) + c.tn / (c.tn + c.fp) - 1}
    scores = data.pop("scores")
    assert set(GroupedMetrics(**data, metrics=youden).bootstrap(2, seed=0).replicates) == {"youden"}
    data.pop("flagged")
    assert set(GroupedMetrics(**data, scores=scores).bootstrap(2, seed=0).replicates) == {"auroc"}
    counts = Counts(*(np.array([float(x)]) for x in (3, 1, 2, 4)))
    assert {name: metric(counts)[0] for name, metric in COUNT_METRICS.items()}["selection_rate"] == 0.5


def test_what_does_not_fit_is_refused():
    data = samples(50, 20, 2)
    with pytest.raises(ValueError, match="equally long"):
        GroupedMetrics(data["clusters"][:-1], data["groups"], data["labels"])
    with pytest.raises(ValueError, match="49 decisions or scores do not fit 50"):
        GroupedMetrics(**{**data, "scores": data["scores"][1:]})
    with pytest.raises(ValueError, match="not a finite"):
        GroupedMetrics(**{**data, "scores": np.full(50, np.nan)})
    with pytest.raises(ValueError, match="weights are rows x"):
        GroupedMetrics(**data).values(np.ones((2, 3)))
