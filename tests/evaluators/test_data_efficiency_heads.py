"""Heads on features against scikit-learn: the probe, what it chooses, nearest neighbours, and centroids."""

from threading import Event
from time import sleep

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nhefs_predictions import FEATURES, nhefs
from scipy.special import softmax
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evaluators.data_efficiency.logistic import Design, minimise
from evaluators.data_efficiency.neighbours import Centroids, Neighbours
from evaluators.data_efficiency.probe import FOLDS, GRID, Probe
from evaluators.data_efficiency.side_by_side import side_by_side
from evaluators.data_efficiency.subsets import Cohort


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def smoking():
    """Real patients: features, deaths, one sample a patient."""
    raw = nhefs()
    x, y = raw[FEATURES].to_numpy(dtype=float), raw["death"].to_numpy()
    return x, Cohort.of(y, raw["seqn"].astype(int).astype(str).to_numpy())


@pytest.fixture(scope="module")
def wine():
    """Three classes: chemistry of wines, in a mixed order."""
    x, y = load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    x, y = x[order], y[order]
    return x, Cohort.of(y, [f"w{row}" for row in range(len(y))], ("a", "b", "c"))


def objective(model, x, labels):
    """The loss that both minimise, from scikit-learn's coefficients."""
    margins = model.decision_function(x)
    logits = np.column_stack([np.zeros(len(x)), margins]) if margins.ndim == 1 else margins
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(x)), labels]
    return 0.5 * np.square(model.coef_).sum() + model.C * losses.sum()


def minimised(x, labels, c, classes):
    part = torch.from_numpy(x)
    counted, strengths = torch.ones(len(x), 1, dtype=part.dtype), torch.tensor([c], dtype=part.dtype)
    return minimise(Design(part), torch.from_numpy(labels), counted, strengths, classes=classes, tolerance=1e-9)


@pytest.mark.parametrize(("rows", "c"), [(40, 1.0), (320, 1.0), (320, 0.01), (320, 100.0)])
def test_two_classes_reach_the_loss_and_probabilities_of_scikit_learn(smoking, rows, c):
    x, cohort = smoking
    scaler = StandardScaler().fit(x[:rows])
    fitted = LogisticRegression(C=c, tol=1e-12, max_iter=10_000).fit(scaler.transform(x[:rows]), cohort.labels[:rows])
    expected = fitted.predict_proba(scaler.transform(x[800:]))
    found = Probe(c=c).fit_all(x, cohort, [np.arange(rows)], x[800:])[0]
    assert found.scores == pytest.approx(expected, abs=1e-5)
    solution = minimised(scaler.transform(x[:rows]), cohort.labels[:rows], c, 2)
    loss = objective(fitted, scaler.transform(x[:rows]), cohort.labels[:rows])
    assert float(solution.objectives[0]) == pytest.approx(loss, rel=1e-7)


@pytest.mark.parametrize("c", [0.01, 1.0, 10.0])
def test_three_classes_reach_the_loss_and_probabilities_of_scikit_learn(wine, c):
    x, cohort = wine
    scaler = StandardScaler().fit(x[:90])
    fitted = LogisticRegression(C=c, tol=1e-12, max_iter=10_000).fit(scaler.transform(x[:90]), cohort.labels[:90])
    found = Probe(c=c).fit_all(x, cohort, [np.arange(90)], x[90:])[0]
    assert found.scores == pytest.approx(fitted.predict_proba(scaler.transform(x[90:])), abs=1e-5)
    solution = minimised(scaler.transform(x[:90]), cohort.labels[:90], c, 3)
    loss = objective(fitted, scaler.transform(x[:90]), cohort.labels[:90])
    assert float(solution.objectives[0]) == pytest.approx(loss, rel=1e-7)


@pytest.fixture(scope="module")
def wide():
    """As many correlated, rectified features as a network gives: enough for float32 on the way."""
    stream = np.random.default_rng(1)
    x = np.maximum(stream.normal(size=(1400, 30)) @ stream.normal(size=(30, 900)) + stream.normal(size=(1400, 900)), 0)
    y = x[:, :20].sum(axis=1) + stream.normal(scale=5, size=1400) > x[:, :20].sum(axis=1).mean()
    x[:300, 5] = 3.7
    return x, Cohort.of(y.astype(float), [f"p{row}" for row in range(1400)])


@pytest.mark.parametrize("rows", [300, 1200])
def test_many_features_reach_the_loss_and_probabilities_of_scikit_learn(wide, rows):
    x, cohort = wide
    scaler = StandardScaler().fit(x[:rows])
    part, labels = scaler.transform(x[:rows]), cohort.labels[:rows]
    fitted = LogisticRegression(tol=1e-9, max_iter=10_000).fit(part, labels)
    parts = [np.arange(300), np.arange(1200)]
    found = dict(zip([300, 1200], Probe(c=1.0).fit_all(x[:1200], cohort, parts, x[1200:]), strict=True))
    assert found[rows].scores == pytest.approx(fitted.predict_proba(scaler.transform(x[1200:])), abs=1e-4)
    solution = minimised(part, labels, 1.0, 2)
    assert float(solution.objectives[0]) == pytest.approx(objective(fitted, part, labels), rel=1e-6)
    weights, intercept = solution.weights[:, 0, 0].numpy(), float(solution.intercepts[0, 0])
    residual = 1 / (1 + np.exp(-(part @ weights + intercept))) - labels
    gradient = np.concatenate([part.T @ residual + weights, [residual.sum()]])
    assert 0.5 * np.sum(gradient**2) <= 1.01e-9 * float(solution.objectives[0])


@given(st.integers(0, 10_000), st.integers(12, 60), st.integers(1, 90), st.sampled_from(GRID))
@settings(deadline=None, max_examples=30)
def test_no_other_weights_have_a_lower_loss(seed, n, d, c):
    stream = np.random.default_rng(seed)
    x, labels = stream.normal(size=(n, d)), np.arange(n) % 2
    solution = minimised(x, labels, c, 2)
    weights, intercept = solution.weights[:, 0, 0].numpy(), float(solution.intercepts[0, 0])
    residual = 1 / (1 + np.exp(-(x @ weights + intercept))) - labels
    gradient = np.concatenate([c * x.T @ residual + weights, [c * residual.sum()]])
    assert 0.5 * np.sum(gradient**2) <= 1e-6 * float(solution.objectives[0])


def test_problems_that_are_solved_together_are_those_that_are_solved_alone(smoking):
    x = StandardScaler().fit_transform(smoking[0][:200])
    labels = torch.from_numpy(smoking[1].labels[:200])
    masks = [torch.arange(200) % 3 != k for k in range(3)]
    part = torch.from_numpy(x)
    counted = torch.stack([mask.to(part.dtype) for mask in masks for _ in GRID], dim=1)
    strengths = torch.tensor(GRID * len(masks), dtype=part.dtype)
    together = minimise(Design(part), labels, counted, strengths, classes=2, tolerance=1e-12)
    for k, mask in enumerate(masks):
        for j, c in enumerate(GRID):
            alone = minimised(x[mask.numpy()], labels[mask].numpy(), c, 2)
            column = k * len(GRID) + j
            assert float(together.objectives[column]) == pytest.approx(float(alone.objectives[0]), rel=1e-7)


def test_the_strength_is_the_one_with_the_lowest_cross_entropy_of_left_out_patients(smoking):
    x, cohort = smoking
    rows = np.arange(160)
    fold = cohort.folds(rows, FOLDS)
    part = StandardScaler().fit_transform(x[rows])
    losses = [
        log_loss(
            cohort.labels[rows],
            cross_val_predict(
                LogisticRegression(C=c, tol=1e-10, max_iter=10_000),
                part,
                cohort.labels[rows],
                cv=PredefinedSplit(fold),
                method="predict_proba",
            ),
        )
        for c in GRID
    ]
    found = Probe().fit_all(x, cohort, [rows], x[800:])[0]
    assert found.choice == f"C={GRID[int(np.argmin(losses))]:g}, chosen in 5 folds of patients"


def test_too_few_patients_to_choose_among_are_said(smoking):
    x, cohort = smoking
    rows = np.array([np.flatnonzero(cohort.labels == 0)[0], np.flatnonzero(cohort.labels == 1)[0]])
    assert Probe().fit_all(x, cohort, [rows], x[:5])[0].choice == "C=1, too few patients to choose"
    assert Neighbours().fit_all(x, cohort, [rows], x[:5])[0].choice == "k=1, too few patients to choose"


def test_equal_parts_are_the_same_probe_and_the_same_again(smoking):
    x, cohort = smoking
    rows = np.arange(120)
    one, two = Probe().fit_all(x, cohort, [rows, rows.copy()], x[800:])
    assert one is two
    assert np.array_equal(one.scores, Probe().fit_all(x, cohort, [rows], x[800:])[0].scores)


def test_parts_that_are_fitted_side_by_side_are_those_that_are_fitted_in_turn(wide):
    """Whichever thread takes a part, and whoever needs an inverse first: the same bytes."""
    x, cohort = wide
    parts = [np.array(cohort.share(percent, seed).rows) for percent in (20, 60, 100) for seed in range(3)]
    in_turn = Probe(c=1.0).fit_all(x, cohort, parts, x[:50])
    torch.set_num_threads(3)
    for _ in range(3):
        together = Probe(c=1.0).fit_all(x, cohort, parts, x[:50])
        assert torch.get_num_threads() == 3
        for one, other in zip(in_turn, together, strict=True):
            assert one.scores == pytest.approx(other.scores, abs=1e-5)
    again = Probe(c=1.0).fit_all(x, cohort, parts, x[:50])
    assert all(np.array_equal(one.scores, other.scores) for one, other in zip(together, again, strict=True))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_an_error_in_one_part_stops_the_others(workers):
    begun, failed = [], Event()

    def work(size):
        begun.append(size)
        if size == 7:
            failed.set()
            raise ValueError("part 7")
        failed.wait(10)
        sleep(0.01)
        return -size

    sizes = [*range(6), 8, 7, 9]
    assert side_by_side(lambda size: -size, sizes, int, workers) == [-size for size in sizes]
    with pytest.raises(ValueError, match="part 7"):
        side_by_side(work, [7] + [1] * 1000, int, workers)
    assert len(begun) < 1001


def test_the_probe_takes_more_features_than_samples_and_constant_ones():
    stream = np.random.default_rng(0)
    x = np.c_[stream.normal(size=(30, 200)), np.full(30, 7.0)]
    cohort = Cohort.of(np.arange(30) % 2, [f"p{row}" for row in range(30)])
    test = np.c_[stream.normal(size=(5, 200)), np.full(5, 9.0)]
    scores = Probe(c=1.0).fit_all(x, cohort, [np.arange(30)], test)[0].scores
    without = Probe(c=1.0).fit_all(x[:, :-1], cohort, [np.arange(30)], test[:, :-1])[0].scores
    assert scores == pytest.approx(without, abs=1e-6)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("k", [1, 5, 40])
@pytest.mark.parametrize("data", ["smoking", "wine"])
def test_neighbours_vote_as_in_scikit_learn(data, k, distance, request):
    x, cohort = request.getfixturevalue(data)
    # A little noise, so that no two patients are equally near: ties have no right order.
    x = x + np.random.default_rng(1).normal(scale=1e-3, size=x.shape)
    rows, tests = np.arange(0, 100), x[100:160]
    fitted = KNeighborsClassifier(k, metric=distance).fit(x[rows], cohort.labels[rows])
    found = Neighbours(k, distance).fit_all(x, cohort, [rows], tests)[0]
    assert found.scores == pytest.approx(fitted.predict_proba(tests), abs=1e-12)


def test_the_number_of_neighbours_is_chosen_among_left_out_patients(wine):
    x, cohort = wine
    rows = np.arange(120)
    fold = cohort.folds(rows, FOLDS)
    truth = np.eye(3)[cohort.labels[rows]]
    losses = {}
    for k in (1, 3, 5, 9, 15, 25, 51):
        votes = cross_val_predict(
            KNeighborsClassifier(k), x[rows], cohort.labels[rows], cv=PredefinedSplit(fold), method="predict_proba"
        )
        losses[k] = np.square(votes - truth).sum()
    best = min(losses, key=losses.get)
    found = Neighbours(None, "euclidean").fit_all(x, cohort, [rows], x[120:])[0]
    assert found.choice == f"k={best}, chosen in 5 folds of patients"


@pytest.mark.parametrize("data", ["smoking", "wine"])
def test_centroids_decide_as_in_scikit_learn_and_rank_by_the_distance(data, request):
    x, cohort = request.getfixturevalue(data)
    rows, tests = np.arange(60), x[60:170]
    fitted = NearestCentroid().fit(x[rows], cohort.labels[rows])
    found = Centroids().fit_all(x, cohort, [rows], tests)[0].scores
    assert np.array_equal(found.argmax(axis=1), fitted.predict(tests))
    far = np.square(tests[:, None] - fitted.centroids_[None]).sum(axis=2)
    pairs = np.square(fitted.centroids_[:, None] - fitted.centroids_[None]).sum(axis=2)
    scale = pairs[np.triu_indices(len(pairs), 1)].mean()
    assert found == pytest.approx(softmax(-far / scale, axis=1), abs=1e-9)


PATIENTS = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 2)), min_size=6, max_size=80)


@given(PATIENTS, st.integers(2, 6))
@settings(deadline=None)
def test_folds_never_split_a_patient_and_leave_every_class_outside(rows, most):
    clusters, labels = [f"p{patient}" for patient, _ in rows], [label for _, label in rows]
    cohort = Cohort.of(labels, clusters, ("a", "b", "c"))
    everything = np.arange(len(rows))
    fold = cohort.folds(everything, most)
    if fold is None:
        return
    for patient in set(clusters):
        assert len({int(f) for f, c in zip(fold, clusters, strict=True) if c == patient}) == 1
    for k in range(int(fold.max()) + 1):
        assert (fold == k).any()
        assert set(np.array(labels)[fold != k]) == set(labels)


@given(PATIENTS, st.integers(0, 5))
@settings(deadline=None)
def test_fewer_shots_are_among_more_and_a_class_with_too_few_patients_is_named(rows, seed):
    clusters, labels = [f"p{patient}" for patient, _ in rows], [label for _, label in rows]
    cohort = Cohort.of(labels, clusters, ("a", "b", "c"))
    one, two = cohort.shots(1, seed), cohort.shots(2, seed)
    if two.reason is None:
        assert set(one.rows) <= set(two.rows)
        assert two.patients == 2 * len(np.unique(cohort.strata))
    elif one.reason is None:
        assert "2 are needed" in two.reason


def test_a_pipeline_of_scikit_learn_gives_the_probe_that_was_chosen(smoking):
    x, cohort = smoking
    found = Probe().fit_all(x, cohort, [np.arange(300)], x[800:])[0]
    c = float(found.choice.split("=")[1].split(",")[0])
    fitted = make_pipeline(StandardScaler(), LogisticRegression(C=c, tol=1e-12, max_iter=10_000))
    fitted.fit(x[:300], cohort.labels[:300])
    assert found.scores == pytest.approx(fitted.predict_proba(x[800:]), abs=1e-5)
