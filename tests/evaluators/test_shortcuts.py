"""Shortcuts: what features tell of attributes, and performance with an attribute held constant.

Against scikit-learn with sample weights, a brute-force bootstrap over patients, and made features that know an answer.
"""

import numpy as np
import pandas as pd
import pytest
from nhefs_predictions import FEATURES, Tables, dataset_info, nhefs, predictions
from pydantic import ValidationError
from sklearn import metrics as sk
from sklearn.linear_model import Ridge
from sklearn.model_selection import StratifiedGroupKFold

from evaluators.fairness import DESCRIPTOR, FairnessOptions
from evaluators.fairness.shortcuts.options import METRICS, ShortcutOptions
from evaluators.fairness.shortcuts.standardised import effective_patients, standardised_auroc, standardised_share
from evaluators.telling_groups import PENALTIES, cross_validated
from governance.datasets.protocol import NOT_RECORDED
from governance.errors import InputError
from governance.harness.protocols import Need

EVALUATOR = DESCRIPTOR.load()
OWN = {metric.name for metric in METRICS}
SHORTCUTS = {"attributes": ("sex", "age"), "hold_constant": ("sex", "sex x age")}
HELD = ("sensitivity_held_constant", "specificity_held_constant", "auroc_held_constant")


def measured(mortality, values, shortcuts=SHORTCUTS, info=None, score=None, **settings):
    info = info or mortality.test
    options = FairnessOptions(on="test", operating_point={"threshold": 0.2}, shortcuts=shortcuts)
    context = mortality.context(options, kind="torch", **settings)
    context = type(context)(**{**context.__dict__, "datasets": {**context.datasets, "test": info}})
    table = pd.DataFrame({"sample_id": info.frame["sample_id"], "status": "ok", "reason": ""})
    table["embedding"] = list(np.asarray(values, dtype=np.float32))
    observed = {
        Need.of("predict", "test").id: predictions(info.frame, mortality.scores["test"] if score is None else score),
        Need.of("embed", "test").id: table,
    }
    assert {need.id for need in EVALUATOR.needs(context)} <= set(observed)
    return [m for m in EVALUATOR.measure(Tables(observed), context) if m.metric in OWN]


@pytest.fixture(scope="module")
def features(mortality):
    raw = nhefs().assign(sample_id=lambda frame: frame["seqn"].astype(int).astype(str)).set_index("sample_id")
    values = raw.loc[mortality.test.frame["sample_id"], FEATURES].to_numpy(dtype=float)
    return (values - values.mean(axis=0)) / values.std(axis=0)


@pytest.fixture(scope="module")
def found(mortality, features):
    return measured(mortality, features)


def one(found, metric, estimand="value", **about):
    rows = [
        m
        for m in found
        if m.metric == metric and m.estimand == estimand and all(getattr(m, k) == v for k, v in about.items())
    ]
    assert len(rows) == 1, (metric, estimand, about, len(rows))
    return rows[0]


def weights(group, target):
    """P(a) P(y) / P(a, y), by brute force."""
    found = np.zeros(len(target))
    for a in np.unique(group):
        for y in (0, 1):
            cell = (group == a) & (target == y)
            found[cell] = (group == a).mean() * (target == y).mean() / cell.mean()
    return found


def test_sex_that_is_a_feature_is_told_perfectly_and_better_than_the_outcome(found):
    for group in ("female", "male"):
        told = one(found, "attribute_from_features", curve={"attribute": "sex"}, target_class=group)
        assert told.value == pytest.approx(1, abs=1e-3)
        assert told.interval.low < told.value
        excess = one(found, "attribute_over_outcome", curve={"attribute": "sex"}, target_class=group)
        assert excess.interval.low > 0
    outcome = one(found, "outcome_from_features")
    assert 0.7 < outcome.value < 0.95
    assert excess.value == pytest.approx(told.value - outcome.value)


def test_every_measurement_says_how_it_was_made_and_what_it_does_not_show(found):
    assert {m.metric for m in found} == OWN
    told = one(found, "attribute_from_features", curve={"attribute": "age"}, target_class="<40")
    penalties = [float(text) for text in told.method.parameters["penalties"].split(", ")]
    assert len(penalties) == told.method.parameters["folds"] == 5
    assert set(penalties) <= set(PENALTIES)
    for metric in METRICS:
        assert metric.does_not_show


def test_features_that_know_nothing_tell_nothing(mortality):
    noise = np.random.default_rng(2).normal(size=(mortality.test.n, 60))
    found = measured(mortality, noise, {"attributes": ("sex",)})
    for m in (one(found, "outcome_from_features"), one(found, "attribute_from_features", target_class="male")):
        assert m.interval.low < 0.5 < m.interval.high


def test_features_that_are_all_alike_give_a_reason_and_those_that_hardly_vary_tell_nothing(mortality):
    alike = np.ones((mortality.test.n, 4))
    found = measured(mortality, alike, {"attributes": ("sex",)})
    assert {m.reason for m in found} == {"all samples have the same features"}
    alike[3] = 2
    told = one(measured(mortality, alike, {"attributes": ("sex",)}), "attribute_from_features", target_class="male")
    assert told.value == pytest.approx(0.5, abs=0.01)


def test_patients_never_help_to_predict_themselves():
    """Each patient has a fingerprint and an attribute at random: only leakage could tell the attribute."""
    generator = np.random.default_rng(4)
    patients = np.repeat(np.arange(120), 5)
    fingerprint = generator.normal(size=(120, 200))[patients] + 0.01 * generator.normal(size=(600, 200))
    attribute = generator.integers(0, 2, 120)[patients]
    scores = cross_validated(fingerprint, attribute, patients, folds=5, seed=0).scores[:, 1]
    assert abs(sk.roc_auc_score(attribute, scores) - 0.5) < 0.15
    leaking = cross_validated(fingerprint, attribute, np.arange(600), folds=5, seed=0).scores[:, 1]
    assert sk.roc_auc_score(attribute, leaking) > 0.95


@pytest.mark.parametrize("d", [12, 150])
def test_predictions_are_those_of_scikit_learn_with_the_penalty_chosen_inside(d):
    """The sums over folds give the same models as ridge regressions fitted on the rows, with more or fewer features."""
    generator = np.random.default_rng(6)
    patients = np.repeat(np.arange(30), 3)
    groups = generator.integers(0, 3, 90)
    x = generator.normal(size=(90, d)) + groups[:, None] * (np.arange(d) < 2)
    found = cross_validated(x, groups, patients, folds=3, seed=1)
    target = np.eye(3)[groups]
    splits = [test for _, test in StratifiedGroupKFold(3, shuffle=True, random_state=1).split(x, groups, patients)]

    def fitted(without, penalty):
        kept = np.setdiff1d(np.arange(90), np.concatenate([splits[i] for i in without]))
        variance = np.sum((x[kept] - x[kept].mean(axis=0)) ** 2)
        return Ridge(alpha=penalty * variance / min(d, 89), solver="svd").fit(x[kept], target[kept])

    def quality(fold, other, penalty):
        raw, truth = fitted((fold, other), penalty).predict(x[splits[other]]), target[splits[other]]
        return np.mean([sk.roc_auc_score(truth[:, g], raw[:, g]) for g in range(3)])

    for fold in range(3):
        others = [other for other in range(3) if other != fold]
        qualities = [np.mean([quality(fold, other, penalty) for other in others]) for penalty in PENALTIES]
        best = [p for p, q in zip(PENALTIES, qualities, strict=True) if q >= max(qualities) - 1e-12][-1]
        assert found.penalties[fold] == best
        raw = fitted((fold,), best).predict(x[splits[fold]])
        ranks = pd.DataFrame(raw).rank().to_numpy()
        np.testing.assert_allclose(found.scores[splits[fold]], (ranks - 0.5) / len(splits[fold]), atol=1e-12)


@pytest.mark.parametrize("over", ["sex", "sex x race"])
def test_values_with_an_attribute_held_constant_agree_with_scikit_learn_under_the_weights(mortality, features, over):
    found = measured(mortality, features, {"hold_constant": (over,)}, minimum_events=2)
    frame, score = mortality.test.frame, mortality.scores["test"]
    group = frame[over.split(" x ")].agg("/".join, axis=1).to_numpy()
    target = frame["target"].to_numpy().astype(int)
    weight = weights(group, target)
    expected = {
        "sensitivity_held_constant": sk.recall_score(target, score >= 0.2, sample_weight=weight),
        "specificity_held_constant": sk.recall_score(target, score >= 0.2, pos_label=0, sample_weight=weight),
        "auroc_held_constant": sk.roc_auc_score(target, score, sample_weight=weight),
    }
    plain = {
        "sensitivity_held_constant": sk.recall_score(target, score >= 0.2),
        "specificity_held_constant": sk.recall_score(target, score >= 0.2, pos_label=0),
        "auroc_held_constant": sk.roc_auc_score(target, score),
    }
    for name, value in expected.items():
        m = one(found, name, curve={"attribute": over})
        assert m.value == pytest.approx(value, abs=1e-9)
        assert m.interval.low < m.value < m.interval.high
        assert m.gating.high - m.gating.low > 0
        change = one(found, name, "difference", curve={"attribute": over})
        assert change.value == pytest.approx(value - plain[name], abs=1e-9)
        assert change.interval.low <= change.value <= change.interval.high


def linked(generator, patients=200, samples=3):
    """Several samples a patient; the score follows an attribute that is linked to the condition."""
    codes = np.repeat(np.arange(patients), samples)
    own = np.repeat(generator.normal(size=patients), samples)
    attribute = (own + generator.normal(size=codes.size) > 0).astype(np.int64)
    positive = generator.random(codes.size) < np.where(attribute == 1, 0.75, 0.25)
    noise = np.repeat(generator.normal(size=patients), samples) + generator.normal(size=codes.size)
    return 0.7 * positive + 1.5 * attribute + noise, positive, attribute, codes


def all_three(score, positive, attribute, codes):
    among, n = np.ones(len(score), dtype=bool), int(codes.max()) + 1
    return (
        standardised_share(score >= 1, positive, among, attribute, codes, n_clusters=n),
        standardised_share(score < 1, ~positive, among, attribute, codes, n_clusters=n),
        standardised_auroc(score, positive, among, attribute, codes, n_clusters=n),
    )


def test_variances_agree_with_a_brute_force_bootstrap_that_estimates_the_weights_again():
    generator = np.random.default_rng(8)
    data = linked(generator)
    found = all_three(*data)
    replicates = []
    for _ in range(400):
        rows = (generator.integers(0, 200, 200)[:, None] * 3 + np.arange(3)).ravel()
        score, positive, attribute, _ = (part[rows] for part in data)
        replicates.append([each.value for each in all_three(score, positive, attribute, np.repeat(np.arange(200), 3))])
    errors = np.std(replicates, axis=0, ddof=1)
    np.testing.assert_allclose([np.sqrt(each.variance) for each in found], errors, rtol=0.15)


def test_intervals_cover_the_value_among_very_many_patients():
    generator = np.random.default_rng(9)
    truth = [each.value for each in all_three(*linked(generator, 60_000))]
    missed = np.zeros((3, 2))
    for _ in range(200):
        for number, each in enumerate(all_three(*linked(generator, 80))):
            for kind, bounds in enumerate((each.interval(0.95), each.gating(0.95))):
                missed[number, kind] += not bounds.low <= truth[number] <= bounds.high
    assert (missed[:, 0] <= 20).all(), "10 of 200 are expected; 20 or more happen once in 400 times"
    assert (missed[:, 1] <= 14).all()


def test_a_score_that_only_follows_the_attribute_is_at_chance_once_that_is_held_constant():
    generator = np.random.default_rng(10)
    _, positive, attribute, codes = linked(generator, 600)
    score = attribute + generator.normal(size=len(codes))
    held = all_three(score, positive, attribute, codes)[2]
    assert sk.roc_auc_score(positive, score) > 0.6
    assert held.interval(0.95).low < 0.5 < held.interval(0.95).high


def test_without_a_link_the_weights_change_little_and_each_patient_counts_fully():
    generator = np.random.default_rng(11)
    codes = np.arange(2000)
    attribute, positive = generator.integers(0, 2, 2000), generator.random(2000) < 0.4
    found = all_three(generator.normal(size=2000) + positive, positive, attribute, codes)[0]
    assert found.effective_patients > 0.98 * positive.sum()
    assert effective_patients(np.array([1.0, 1.0, 2.0]), np.array([0, 0, 1])) == pytest.approx(2)
    assert effective_patients(np.array([1.0, 0.0]), np.array([0, 1])) == pytest.approx(1)


def test_a_perfect_classifier_keeps_a_width():
    generator = np.random.default_rng(12)
    _, positive, attribute, codes = linked(generator, 60)
    for each in all_three(positive * 2.0, positive, attribute, codes):
        assert each.value == 1
        assert each.interval(0.95).low < 1
        assert each.gating(0.95).low < 1


def test_a_combination_that_does_not_occur_cannot_be_held_constant(mortality, features):
    frame = mortality.test.frame
    group = np.where((frame["target"] == 1) | (frame["sex"] == "male"), "a", "b")
    info = dataset_info(frame.assign(scanner=group), "test")
    found = measured(mortality, features, {"hold_constant": ("scanner",)}, info=info)
    for name in ("sensitivity_held_constant", "auroc_held_constant"):
        for estimand in ("value", "difference"):
            reason = one(found, name, estimand).reason
            assert "there are no patients with the condition and scanner b" in reason
    assert one(found, "specificity_held_constant").status == "measured"


def test_a_group_without_the_class_is_refused_by_the_estimators():
    groups, positive = np.array([0, 0, 1, 1]), np.array([True, False, False, False])
    everyone, score = np.ones(4, dtype=bool), np.arange(4.0)
    with pytest.raises(ValueError, match="a group has no sample of this class"):
        standardised_share(everyone, positive, everyone, groups, np.arange(4), n_clusters=4)
    with pytest.raises(ValueError, match="a group has no sample of this class"):
        standardised_auroc(score, positive, everyone, groups, np.arange(4), n_clusters=4)


def test_a_rare_group_has_a_reason_and_no_value(mortality, features):
    found = measured(mortality, features, {"attributes": ("site",), "hold_constant": ("site",)}, info=dataset_info(
        mortality.test.frame.assign(site=["rare"] * 4 + ["usual"] * (mortality.test.n - 4)), "test"
    ))  # fmt: skip
    rare = one(found, "attribute_from_features", target_class="rare")
    assert rare.reason == "too few patients of this group: 4, at least 10 are needed"
    assert all(one(found, name).status == "not_measured" for name in HELD)


def test_samples_without_the_attribute_are_left_out_and_counted(mortality, features):
    frame = mortality.test.frame.copy()
    frame.loc[:59, "sex"] = NOT_RECORDED
    found = measured(mortality, features, {"attributes": ("sex",), "hold_constant": ("sex",)},
                     info=dataset_info(frame, "test"))  # fmt: skip
    told = one(found, "attribute_from_features", target_class="male")
    assert (told.n, told.method.parameters["left_out"]) == (mortality.test.n - 60, 60)
    held = one(found, "auroc_held_constant")
    assert (held.n, held.method.parameters["not_recorded_left_out"]) == (mortality.test.n - 60, 60)
    assert {m.target_class for m in found if m.metric == "attribute_from_features"} == {"female", "male"}


def test_equal_input_gives_equal_evidence(mortality, features, found):
    again = measured(mortality, features)
    assert [m.model_dump_json() for m in again] == [m.model_dump_json() for m in found]


@pytest.mark.parametrize(
    ("shortcuts", "message"), [({}, "looked for in"), ({"attributes": ("sex",), "folds": 2}, "greater than or equal")]
)
def test_options_that_cannot_be_meant_are_refused(shortcuts, message):
    with pytest.raises(ValidationError, match=message):
        ShortcutOptions(**shortcuts)


@pytest.mark.parametrize("key", ["attributes", "hold_constant"])
def test_attributes_that_the_dataset_lacks_are_refused(mortality, key):
    options = FairnessOptions(on="test", shortcuts={key: ("sec",)})
    with pytest.raises(InputError, match=f"shortcuts.{key}.*no attribute 'sec'") as refused:
        list(EVALUATOR.needs(mortality.context(options, kind="torch")))
    assert "sex" in str(refused.value.hint)
