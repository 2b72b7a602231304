"""Individual fairness: consistency against the published formula, and pairs that differ in one attribute alone."""

import numpy as np
import pandas as pd
import pytest
from nhefs_predictions import FEATURES, Tables, dataset_info, nhefs, predictions
from pydantic import ValidationError
from sklearn.neighbors import NearestNeighbors

from evaluators.fairness import DESCRIPTOR, FairnessOptions
from evaluators.fairness.individual.neighbours import Neighbourhoods, nearest_of_others
from evaluators.fairness.individual.options import METRICS, IndividualOptions
from governance.errors import InputError
from governance.evidence.model import CLEAN, Condition
from governance.harness.protocols import Need
from governance.plugins import ConditionDescriptor
from governance.statistics.means import mean_interval

EVALUATOR = DESCRIPTOR.load()
OWN = {metric.name for metric in METRICS}
SWAPPED = Condition(name="sex-swapped")
CONDITIONS = {
    "sex-swapped": ConditionDescriptor(name="sex-swapped", title="The other sex", kind="variant", severities=()),
    "noise": ConditionDescriptor(name="noise", title="Noise", implementation="own:noise"),
}


@pytest.fixture(scope="module")
def features(mortality):
    raw = nhefs().assign(sample_id=lambda frame: frame["seqn"].astype(int).astype(str)).set_index("sample_id")
    values = raw.loc[mortality.test.frame["sample_id"], FEATURES].to_numpy(dtype=np.float32).astype(float)
    return (values - values.mean(axis=0)) / values.std(axis=0)


def context_of(mortality, individual, info=None, **settings):
    options = FairnessOptions(on="test", groups=("sex",), operating_point={"threshold": 0.2}, individual=individual)
    context = mortality.context(options, kind="torch", **settings)
    datasets = {**context.datasets, "test": info or mortality.test}
    return type(context)(**{**context.__dict__, "datasets": datasets, "conditions": CONDITIONS})


def measured(mortality, individual, values=None, changed=None, info=None, score=None):
    info = info or mortality.test
    context = context_of(mortality, individual, info)
    score = mortality.scores["test"] if score is None else score
    observed = {Need.of("predict", "test").id: predictions(info.frame, score)}
    if values is not None:
        table = pd.DataFrame({"sample_id": info.frame["sample_id"], "status": "ok", "reason": ""})
        table["embedding"] = list(values)
        observed[Need.of("embed", "test").id] = table
    if changed is not None:
        observed[Need.of("predict", "test", condition=SWAPPED).id] = changed
    assert {need.id for need in EVALUATOR.needs(context)} <= set(observed)
    return [m for m in EVALUATOR.measure(Tables(observed), context) if m.metric in OWN]


def one(found, metric, cell):
    rows = [m for m in found if m.metric == metric and m.slice == cell]
    assert len(rows) == 1, (metric, cell, len(rows))
    return rows[0]


def published(x, y_hat, k):
    """Consistency as the paper's formula says, written out: the sample itself is no neighbour."""
    total = 0.0
    for i in range(len(x)):
        distance = ((x - x[i]) ** 2).sum(axis=1)
        distance[i] = np.inf
        total += abs(y_hat[i] - y_hat[np.argsort(distance, kind="stable")[:k]].mean())
    return 1 - total / len(x)


def test_consistency_agrees_with_the_published_formula(mortality, features):
    found = measured(mortality, {"neighbours": 5}, features)
    score = mortality.scores["test"]
    decisions, scores = one(found, "neighbour_consistency", {}), one(found, "neighbour_score_consistency", {})
    assert decisions.value == pytest.approx(published(features, (score >= 0.2).astype(float), 5), abs=1e-9)
    assert scores.value == pytest.approx(published(features, score, 5), abs=1e-9)
    for m in (decisions, scores):
        assert m.n == mortality.test.n
        assert m.interval.low < m.value < m.interval.high
        assert "conservative" in m.method.name
    assert decisions.operating_point.threshold == 0.2
    assert scores.operating_point is None


def test_neighbours_agree_with_scikit_learn(features):
    n = len(features)
    found = nearest_of_others(features, np.arange(n), np.arange(n), 7)
    expected = NearestNeighbors(n_neighbors=7).fit(features).kneighbors(return_distance=False)
    same = np.mean([set(a) == set(b) for a, b in zip(found, expected, strict=True)])
    assert same > 0.99, "ties aside"


def test_samples_of_the_same_patient_are_no_neighbours():
    generator = np.random.default_rng(0)
    patients = np.repeat(np.arange(40), 4)
    x = np.repeat(generator.normal(size=(40, 3)), 4, axis=0) + 1e-3 * generator.normal(size=(160, 3))
    found = nearest_of_others(x, patients, np.arange(160), 5)
    assert (patients[found] != patients[:, None]).all()
    for i in range(0, 160, 17):
        distance = ((x - x[i]) ** 2).sum(axis=1)
        distance[patients == patients[i]] = np.inf
        assert set(found[i]) == set(np.argsort(distance)[:5])
        assert list(distance[found[i]]) == sorted(distance[found[i]])


def test_a_group_is_the_mean_over_its_own_samples_among_everyones_neighbours(mortality, features):
    found = measured(mortality, {"neighbours": 3}, features)
    parts = [one(found, "neighbour_score_consistency", {"sex": sex}) for sex in ("female", "male")]
    whole = one(found, "neighbour_score_consistency", {})
    assert sum(m.n for m in parts) == whole.n
    assert sum(m.n * m.value for m in parts) == pytest.approx(whole.n * whole.value)


def test_the_variance_is_the_jackknife_that_leaves_out_every_patient():
    generator = np.random.default_rng(1)
    patients = np.repeat(np.arange(25), [1, 2, 3, 4, 2] * 5)
    x = generator.normal(size=(60, 2))
    outputs = (generator.random(60) < 0.4).astype(float)
    inside = generator.random(60) < 0.7

    def brute(kept):
        rows = np.flatnonzero(kept)
        codes = np.unique(patients[rows], return_inverse=True)[1]
        near = nearest_of_others(x[rows], codes, np.arange(rows.size), 4)
        values = 1 - np.abs(outputs[rows] - outputs[rows][near].mean(axis=1))
        return values[inside[rows]].mean()

    mean, influence = Neighbourhoods.of(x, patients, np.arange(60), 4).consistency(outputs).mean(inside)
    assert mean.value == pytest.approx(brute(np.ones(60, bool)))
    without = np.array([brute(patients != patient) for patient in range(25)])
    assert mean.variance == pytest.approx(24 / 25 * np.sum((without - without.mean()) ** 2))
    np.testing.assert_allclose(influence, 24 / 25 * (without.mean() - without), atol=1e-12)


def test_the_interval_covers_at_least_as_often_as_it_says():
    generator = np.random.default_rng(2)
    ends = []
    for _ in range(150):
        patients = np.repeat(np.arange(60), 2)
        x = np.repeat(generator.normal(size=(60, 4)), 2, axis=0) + 0.4 * generator.normal(size=(120, 4))
        outputs = (x[:, 0] + np.repeat(generator.normal(size=60), 2) > 0).astype(float)
        mean, _ = Neighbourhoods.of(x, patients, np.arange(120), 5).consistency(outputs).mean(np.ones(120, bool))
        bounds = mean_interval(mean, 0.95, low=0, high=1)
        ends.append((mean.value, bounds.low, bounds.high))
    value, low, high = np.array(ends).T
    assert np.mean((low <= value.mean()) & (value.mean() <= high)) >= 0.95


def test_equal_outputs_are_fully_consistent_and_the_interval_keeps_a_width(mortality, features):
    found = measured(mortality, {"neighbours": 5}, features, score=np.full(mortality.test.n, 0.7))
    m = one(found, "neighbour_consistency", {})
    assert m.value == 1
    assert m.interval.low < 1


def test_many_samples_are_compared_by_patients_drawn_by_the_seed(mortality, features):
    patients = np.arange(mortality.test.n) // 2
    info = dataset_info(mortality.test.frame.assign(cluster=patients.astype(str)), "test")
    found = measured(mortality, {"neighbours": 5, "at_most": 150}, features, info=info)
    m = one(found, "neighbour_score_consistency", {})
    assert m.n == m.method.parameters["compared"]
    assert m.n in (149, 150), "whole patients of two samples, one of them of a single one"
    assert m.n_clusters == 75
    assert m.method.parameters["searched"] == mortality.test.n
    whole = one(measured(mortality, {"neighbours": 5}, features, info=info), "neighbour_score_consistency", {})
    assert m.interval.low < whole.value < m.interval.high


def test_features_that_are_all_alike_make_no_neighbours(mortality, features):
    found = measured(mortality, {"neighbours": 5}, np.ones_like(features))
    assert {m.reason for m in found} == {"all samples have the same features"}


def test_too_few_other_patients_give_a_reason(mortality, features):
    info = dataset_info(mortality.test.frame.assign(cluster=["one"] * (mortality.test.n - 3) + list("abc")), "test")
    found = measured(mortality, {"neighbours": 5}, features, info=info)
    assert "only 3 samples of other patients" in one(found, "neighbour_consistency", {}).reason


def swapped(mortality, change, rows=slice(None)):
    score = np.clip(mortality.scores["test"] + change, 0, 1)
    return predictions(mortality.test.frame, score).iloc[rows]


PAIRS = {"neighbours": None, "counterfactual_pairs": {"sex-swapped": "sex"}}


def test_pairs_give_flips_and_changes_by_the_own_group_of_the_attribute(mortality):
    sex = mortality.test.frame["sex"].to_numpy()
    change = np.where(sex == "male", -0.05, 0.08) * np.random.default_rng(3).random(len(sex))
    table = swapped(mortality, change)
    found = measured(mortality, PAIRS, changed=table)
    before, after = mortality.scores["test"], table["score"].to_numpy()
    for cell in ({}, {"sex": "male"}, {"sex": "female"}):
        inside = np.ones(len(sex), bool) if not cell else sex == cell["sex"]
        expected = {
            "counterfactual_flip_rate": np.mean((before >= 0.2)[inside] != (after >= 0.2)[inside]),
            "counterfactual_score_change": np.mean((after - before)[inside]),
            "counterfactual_absolute_change": np.mean(np.abs(after - before)[inside]),
        }
        for name, value in expected.items():
            m = one(found, name, cell)
            assert m.value == pytest.approx(value, abs=1e-9)
            assert m.interval.low < m.value < m.interval.high
            assert (m.condition, m.reference_condition) == (SWAPPED, CLEAN)
            assert m.method.parameters["changed"] == "sex"
    assert one(found, "counterfactual_score_change", {"sex": "male"}).interval.high < 0
    assert one(found, "counterfactual_score_change", {"sex": "female"}).interval.low > 0


def test_a_model_that_ignores_the_attribute_flips_nothing_but_that_is_never_certain(mortality):
    found = measured(mortality, PAIRS, changed=swapped(mortality, 0.0))
    for name in ("counterfactual_flip_rate", "counterfactual_absolute_change"):
        m = one(found, name, {})
        assert m.value == 0
        assert m.interval.high > 0


def test_only_samples_that_have_the_other_version_are_compared(mortality):
    table = swapped(mortality, 0.05, slice(0, 200))
    table.loc[:9, ["status", "reason", "score"]] = ["rejected", "unreadable", np.nan]
    m = one(measured(mortality, PAIRS, changed=table), "counterfactual_flip_rate", {})
    assert m.n == 190
    assert m.method.parameters["left_out"] == 10


def test_equal_input_gives_equal_evidence(mortality, features):
    table = swapped(mortality, 0.03)
    both = {**PAIRS, "neighbours": 5}
    first, again = (measured(mortality, both, features, table) for _ in range(2))
    assert {m.metric for m in first} == OWN
    assert [m.model_dump_json() for m in first] == [m.model_dump_json() for m in again]


@pytest.mark.parametrize(
    ("name", "message"), [("sex-swap", "unknown condition 'sex-swap'"), ("noise", "changes inputs on the device")]
)
def test_pairs_need_a_variant_of_the_dataset(mortality, name, message):
    context = context_of(mortality, {"counterfactual_pairs": {name: "sex"}})
    with pytest.raises(InputError, match=message):
        list(EVALUATOR.needs(context))


def test_something_must_be_asked_for():
    with pytest.raises(ValidationError, match="`neighbours`, `counterfactual_pairs` or both"):
        IndividualOptions(neighbours=None)
