"""Trade-offs on real predictions, against brute force, scikit-learn and fairlearn."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame
from fairlearn.postprocessing import ThresholdOptimizer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nhefs_predictions import Recorded, Tables, dataset_info, predictions
from pydantic import ValidationError
from sklearn import metrics as sk
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from evaluators.binary import Predictions
from evaluators.fairness.descriptors import DESCRIPTOR, FairnessOptions
from evaluators.fairness.scene import Scene
from evaluators.fairness.trade_off import group_thresholds, pareto, part
from evaluators.fairness.trade_off.objectives import Objective, Sweep, weighted_auroc
from evaluators.fairness.trade_off.options import DECIDED_BY_CHANCE, GroupThresholds
from evaluators.grouping import Grouping, Minimums
from evaluators.operating_point import operating_point
from evaluators.records import Recorder
from governance.datasets.protocol import NOT_RECORDED
from governance.errors import InputError
from governance.harness.protocols import Need
from governance.statistics.resampling import cluster_weights

AGE = {"kind": "recorded", "predictions": "age.csv", "digest": "unknown"}
CONSTRAINTS = ("equalized_odds", "demographic_parity", "true_positive_rate_parity", "false_positive_rate_parity")
REPLICATES = 200


def options(point=None, **written) -> FairnessOptions:
    return FairnessOptions(
        on="test",
        groups=("sex", "race"),
        operating_point=point or {"choose_on": "validation", "by": "specificity_at_sensitivity", "sensitivity": 0.8},
        trade_off={"thresholds": 21, **written},
    )


def scene(mortality: Recorded, written: FairnessOptions, candidates: dict[str, np.ndarray] | None = None) -> Scene:
    observed = dict(mortality.observations().tables)
    for model in written.trade_off.candidates.values():
        for name, score in (candidates or {}).items():
            observed[model.need(name).id] = predictions(getattr(mortality, name).frame, score)
    observations = Tables(observed)
    data, chosen_from = (
        Predictions.of(observations.table(Need.of("predict", name)), getattr(mortality, name))
        for name in ("test", "validation")
    )
    on = written.operating_point.choose_on
    return Scene(
        context=mortality.context(written, replicates=REPLICATES),
        options=written,
        observations=observations,
        dataset=mortality.test,
        data=data,
        point=operating_point(written.operating_point, chosen_from if on else None),
        chosen_from=chosen_from if on else None,
        recorder=Recorder("fairness", mortality.test, 0.95),
        minimums=Minimums(30, 10),
        groupings=tuple(map(Grouping.parse, written.groups)),
    )


def one(found, metric, **about):
    rows = [m for m in found if m.metric == metric and all(getattr(m, key) == value for key, value in about.items())]
    assert len(rows) == 1, (metric, about, len(rows))
    return rows[0]


def best_of_both(points: np.ndarray) -> list[bool]:
    return [not any((q >= p).all() and (q > p).any() for q in points) for p in points]


def area(points: np.ndarray) -> float:
    """The union of rectangles, cell by cell of the grid that their corners draw."""
    xs, ys = (np.unique([0.0, *points[:, axis]]) for axis in (0, 1))
    return sum(
        (right - left) * (top - bottom)
        for left, right in pairwise(xs)
        for bottom, top in pairwise(ys)
        if any(x >= right and y >= top for x, y in points)
    )


POINTS = st.lists(st.tuples(*[st.integers(0, 6).map(lambda n: n / 6)] * 2), min_size=1, max_size=8).map(np.array)


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no defect."""


@UNHURRIED
@given(POINTS)
def test_front_and_hypervolume_agree_with_brute_force(points):
    assert pareto.front(points).tolist() == best_of_both(points)
    assert pareto.hypervolume(points) == pytest.approx(area(points), abs=1e-9)
    assert pareto.distance_to_best(points, points) == pytest.approx(
        [np.linalg.norm(points.max(axis=0) - p) for p in points], abs=1e-9
    )


@UNHURRIED
@given(POINTS, st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_another_choice_never_makes_the_hypervolume_smaller(points, more):
    assert pareto.hypervolume(np.vstack([points, more])) >= pareto.hypervolume(points) - 1e-12


def test_a_choice_without_a_value_is_not_on_the_front():
    assert pareto.front(np.array([[np.nan, 1.0], [0.2, 0.3]])).tolist() == [False, True]


METRICS = {
    "sensitivity": sk.recall_score,
    "specificity": lambda y, p, **w: sk.recall_score(y, p, pos_label=0, **w),
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "selection_rate": lambda y, p, sample_weight=None: np.average(p, weights=sample_weight),
}


@pytest.mark.parametrize("name", METRICS)
def test_resampled_metrics_of_all_thresholds_agree_with_scikit_learn(mortality, name):
    staged = scene(mortality, options())
    male = (mortality.test.frame["sex"] == "male").to_numpy()
    thresholds = np.array([0.05, 0.2, 0.4])
    reached = np.searchsorted(thresholds, staged.data.score, side="right")
    sweep = Sweep.of(
        reached, staged.data.positive, staged.data.codes, [np.ones_like(male), male], choices=3, clusters=651
    )
    weights = np.concatenate([np.ones((1, 651)), next(cluster_weights(651, 3, 5))])
    values = sweep.by_slice(Objective.of(name if name != "selection_rate" else "selection_rate_gap").metric, weights)
    for row, weight in enumerate(weights[:, staged.data.codes]):
        for column, mask in enumerate((np.ones_like(male), male)):
            for choice, threshold in enumerate(thresholds):
                expected = METRICS[name](
                    staged.data.positive[mask], staged.data.score[mask] >= threshold, sample_weight=weight[mask]
                )
                assert values[row, column, choice] == pytest.approx(expected, abs=1e-9)


def test_weighted_auroc_agrees_with_scikit_learn(mortality):
    truth, score = mortality.test.frame["target"].to_numpy() == 1, np.round(mortality.scores["test"], 2)
    weights = next(cluster_weights(651, 4, 2))
    expected = [sk.roc_auc_score(truth, score, sample_weight=row) for row in weights]
    assert weighted_auroc(score, truth, weights) == pytest.approx(expected, abs=1e-9)
    assert np.isnan(weighted_auroc(score, np.ones_like(truth), weights)).all()


@pytest.fixture(scope="module")
def found(mortality):
    written = options(
        between=["accuracy", "sensitivity_gap"],
        group_thresholds={"constraint": "equalized_odds", "over": "sex", "choose_on": "validation"},
    )
    return list(part.measure(scene(mortality, written)))


def test_every_question_is_asked_once_and_every_metric_is_described(found):
    assert len({m.id for m in found}) == len(found)
    assert {m.metric for m in found} <= {metric.name for metric in DESCRIPTOR.metrics}


def test_the_curve_holds_both_objectives_at_every_threshold_and_marks_the_front(mortality, found):
    truth, score, sex = mortality.test.frame["target"], mortality.scores["test"], mortality.test.frame["sex"]
    points = []
    marked = []
    for m in (m for m in found if m.curve and m.metric == "classification_accuracy"):
        flagged = score >= m.curve["threshold"]
        accuracy = sk.accuracy_score(truth, flagged)
        gap = MetricFrame(metrics=sk.recall_score, y_true=truth, y_pred=flagged, sensitive_features=sex).difference()
        assert m.value == pytest.approx(accuracy, abs=1e-9)
        other = one(found, "sensitivity", curve=m.curve)
        assert other.value == pytest.approx(gap, abs=1e-9)
        assert (other.estimand, other.over, other.operating_rule) == ("difference", "sex", "swept")
        points.append((accuracy, 1 - gap))
        marked.append(m.method.parameters["on_front"])
    assert len(points) == 21
    assert marked == best_of_both(np.array(points))
    measured = one(found, "hypervolume", variant="thresholds")
    assert measured.value == pytest.approx(area(np.array(points)), abs=1e-9)
    assert measured.interval.low < measured.value < measured.interval.high


def test_the_distance_is_that_of_the_operating_point_from_the_best_of_each(mortality, found):
    staged = scene(mortality, options())
    best = [
        max(m.value for m in found if m.curve and m.metric == "classification_accuracy"),
        1 - min(m.value for m in found if m.curve and m.metric == "sensitivity"),
    ]
    flagged = staged.data.score >= staged.point.threshold
    gap = MetricFrame(
        metrics=sk.recall_score,
        y_true=staged.data.positive,
        y_pred=flagged,
        sensitive_features=mortality.test.frame["sex"],
    ).difference()
    own = [sk.accuracy_score(staged.data.positive, flagged), 1 - gap]
    measured = one(found, "distance_to_optimum", variant="thresholds")
    assert measured.value == pytest.approx(np.hypot(*np.maximum(np.subtract(best, own), 0)), abs=1e-9)
    assert measured.operating_rule == staged.point.rule


def test_the_minimax_threshold_is_chosen_on_validation_and_judged_on_test(mortality, found):
    frame, score = mortality.validation.frame, mortality.scores["validation"]
    worst = {
        threshold: MetricFrame(
            metrics=sk.balanced_accuracy_score,
            y_true=frame["target"],
            y_pred=score >= threshold,
            sensitive_features=frame["sex"],
        ).group_min()
        for threshold in np.unique(score)
    }
    chosen = one(found, "balanced_accuracy", variant="minimax threshold", slice={"sex": "male"}, estimand="value")
    best = max(worst.values())
    assert chosen.operating_point.threshold == min(t for t, value in worst.items() if value >= best - 1e-12)
    assert chosen.operating_point.chosen_on == "validation"
    male = (mortality.test.frame["sex"] == "male").to_numpy()
    flagged = mortality.scores["test"] >= chosen.operating_point.threshold
    expected = sk.balanced_accuracy_score(mortality.test.frame["target"][male], flagged[male])
    assert chosen.value == pytest.approx(expected, abs=1e-9)


class Scores(BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return X[:, 0]

    def __sklearn_is_fitted__(self):
        return True


def optimised(mortality, constraint, objective="balanced_accuracy_score"):
    optimizer = ThresholdOptimizer(
        estimator=Scores(), constraints=constraint, objective=objective, prefit=True, predict_method="predict"
    )
    frame = mortality.validation.frame
    return optimizer.fit(mortality.scores["validation"][:, None], frame["target"], sensitive_features=frame["sex"])


def group_arm(mortality, constraint, objective="balanced_accuracy"):
    """Probabilities of being flagged on both datasets, as our rules give them."""
    written = GroupThresholds(constraint=constraint, over="sex", choose_on="validation", objective=objective)
    numbers = {name: (getattr(mortality, name).frame["sex"] == "male").to_numpy(int) for name in ("test", "validation")}
    positive = mortality.validation.frame["target"].to_numpy() == 1
    rules = group_thresholds.fit(written, mortality.scores["validation"], positive, numbers["validation"])
    return {
        name: np.where(
            numbers[name] == 1,
            rules[1].probability(mortality.scores[name]),
            rules[0].probability(mortality.scores[name]),
        )
        for name in numbers
    }


@pytest.mark.parametrize("objective", ["balanced_accuracy", "accuracy"])
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_probabilities_are_those_of_fairlearn(mortality, constraint, objective):
    optimizer = optimised(mortality, constraint, f"{objective}_score")
    for name, probability in group_arm(mortality, constraint, objective).items():
        expected = optimizer._pmf_predict(
            mortality.scores[name][:, None], sensitive_features=getattr(mortality, name).frame["sex"]
        )[:, 1]
        assert probability == pytest.approx(expected, abs=1e-9)


def test_many_seeded_draws_of_fairlearn_average_to_the_expected_decisions(mortality):
    optimizer = optimised(mortality, "equalized_odds")
    scores, sex = mortality.scores["test"][:, None], mortality.test.frame["sex"]
    draws = np.mean([optimizer.predict(scores, sensitive_features=sex, random_state=seed) for seed in range(400)], 0)
    probability = group_arm(mortality, "equalized_odds")["test"]
    assert draws.mean() == pytest.approx(probability.mean(), abs=0.005)
    assert np.abs(draws - probability).max() < 0.15


def test_the_constraint_holds_where_the_thresholds_were_chosen(mortality):
    flagged = group_arm(mortality, "equalized_odds")["validation"]
    frame = mortality.validation.frame
    for outcome in (0, 1):
        rates = [flagged[(frame["sex"] == sex) & (frame["target"] == outcome)].mean() for sex in ("male", "female")]
        assert rates[0] == pytest.approx(rates[1], abs=1e-9)


def test_group_thresholds_are_judged_on_the_scored_samples_and_paired_with_one_threshold(mortality, found):
    probability = group_arm(mortality, "equalized_odds")["test"]
    truth, male = mortality.test.frame["target"].to_numpy() == 1, (mortality.test.frame["sex"] == "male").to_numpy()
    own = one(found, "sensitivity", variant="group thresholds", slice={"sex": "male"}, estimand="value")
    assert own.value == pytest.approx(probability[male & truth].mean(), abs=1e-9)
    staged = scene(mortality, options())
    youden = operating_point(
        options(point={"choose_on": "validation", "by": "youden"}).operating_point, staged.chosen_from
    )
    for name, threshold in (
        ("operating point", staged.point.threshold),
        ("one threshold, same objective", youden.threshold),
    ):
        change = one(
            found, "specificity", variant="group thresholds", slice={"sex": "male"}, reference_variant=name,
            estimand="difference",
        )  # fmt: skip
        single = staged.data.score >= threshold
        among = male & ~truth
        assert change.value == pytest.approx((single[among] - probability[among]).mean(), abs=1e-9)
        assert change.interval.low < change.value < change.interval.high
    gap = one(found, "sensitivity_gap_change", variant="group thresholds", reference_variant="operating point")
    single = staged.data.score >= staged.point.threshold
    gaps = [d[male & truth].mean() - d[~male & truth].mean() for d in (probability, single.astype(float))]
    assert gap.slice == {"sex": "male"}
    assert gap.value == pytest.approx(gaps[0] - gaps[1], abs=1e-9)


def test_what_is_left_to_chance_is_measured_and_the_rule_of_a_group_stands_beside_it(mortality, found):
    probability = group_arm(mortality, "equalized_odds")["test"]
    everyone = one(found, "decided_by_chance", slice={})
    assert everyone.value == pytest.approx(np.mean(2 * probability * (1 - probability)), abs=1e-9)
    assert everyone.method.parameters["samples_with_a_draw"] == np.sum((probability > 0) & (probability < 1))
    group = one(found, "decided_by_chance", slice={"sex": "female"})
    assert "flagged above" in group.method.parameters["rule"]
    assert "question for people" in DECIDED_BY_CHANCE.does_not_show


def test_people_whose_group_has_no_threshold_keep_the_one_for_everyone(mortality):
    frame = mortality.test.frame.copy()
    frame.loc[:49, "sex"] = NOT_RECORDED
    groups = {"sex": ("female", "male", NOT_RECORDED), "race": mortality.test.attributes["race"].groups}
    changed = Recorded(
        dataset_info(frame, "test", groups=groups, clustered=True), mortality.validation, mortality.scores
    )
    written = options(group_thresholds={"constraint": "demographic_parity", "over": "sex", "choose_on": "validation"})
    found = list(part.measure(scene(changed, written)))
    everyone = one(found, "decided_by_chance", slice={}).method.parameters
    assert everyone["samples_at_one_threshold"] == 50
    own = one(found, "selection_rate", variant="group thresholds", slice={"sex": NOT_RECORDED}, estimand="value")
    assert own.value == pytest.approx(np.mean(mortality.scores["test"][:50] >= everyone["one_threshold"]), abs=1e-9)


def test_one_group_alone_has_no_thresholds_by_group(mortality):
    frame = mortality.validation.frame.assign(sex="male")
    alone = Recorded(
        mortality.test, dataset_info(frame, "validation", "validation", groups={"sex": ("male",)}), mortality.scores
    )
    written = options(group_thresholds={"constraint": "equalized_odds", "over": "sex", "choose_on": "validation"})
    measured = one(list(part.measure(scene(alone, written))), "decided_by_chance")
    assert measured.status == "not_measured"
    assert "fewer than two groups" in measured.reason


@pytest.fixture(scope="module")
def age_alone(mortality) -> dict[str, np.ndarray]:
    bands = {"<40": 0, "40-60": 1, ">=60": 2}
    columns = {
        name: getattr(mortality, name).frame["age"].map(bands).to_numpy(float)[:, None]
        for name in ("test", "validation")
    }
    fitted = LogisticRegression().fit(columns["validation"], mortality.validation.frame["target"])
    return {name: fitted.predict_proba(column)[:, 1] for name, column in columns.items()}


@pytest.fixture(scope="module")
def among_models(mortality, age_alone):
    written = options(between=["auroc", "worst_sensitivity"], candidates={"age": AGE})
    return list(part.measure(scene(mortality, written, age_alone)))


def test_models_are_compared_by_both_objectives_and_by_the_auroc_of_every_group(mortality, age_alone, among_models):
    truth, sex = mortality.test.frame["target"], mortality.test.frame["sex"]
    scores = {"subject": mortality.scores["test"], "candidate age": age_alone["test"]}
    points, by_group = [], []
    for name, score in scores.items():
        auroc = one(among_models, "auroc", variant=name)
        assert auroc.value == pytest.approx(sk.roc_auc_score(truth, score), abs=1e-9)
        worst = one(among_models, "sensitivity", variant=name, estimand="value", over="sex")
        flagged = score >= worst.operating_point.threshold
        frame = MetricFrame(metrics=sk.recall_score, y_true=truth, y_pred=flagged, sensitive_features=sex)
        assert worst.value == pytest.approx(frame.group_min(), abs=1e-9)
        assert worst.slice == {"sex": frame.by_group.idxmin()}
        points.append((auroc.value, worst.value))
        ranked = MetricFrame(metrics=sk.roc_auc_score, y_true=truth, y_pred=score, sensitive_features=sex)
        by_group.append(ranked.by_group.to_numpy())
    for name, own, best in zip(scores, by_group, best_of_both(np.array(points)), strict=True):
        distance = one(among_models, "distance_to_optimum", variant=name)
        assert distance.value == pytest.approx(np.linalg.norm(np.max(by_group, axis=0) - own), abs=1e-9)
        share = one(among_models, "pareto_front_share", variant=name)
        assert share.method.parameters["on_front"] == best
        assert 0 <= share.value <= 1
        assert share.interval is None
        assert share.interval_reason
    hypervolume = one(among_models, "hypervolume", variant="models")
    assert hypervolume.value == pytest.approx(area(np.array(points)), abs=1e-9)
    curve = one(among_models, "hypervolume", variant="thresholds")
    assert "same at every threshold" in curve.reason


def test_minimax_chooses_the_model_on_validation_and_judges_it_on_test(mortality, age_alone, among_models):
    worst = {}
    for name, scores in (("subject", mortality.scores), ("candidate age", age_alone)):
        frame = mortality.validation.frame
        worst[name] = MetricFrame(
            metrics=sk.roc_auc_score,
            y_true=frame["target"],
            y_pred=scores["validation"],
            sensitive_features=frame["sex"],
        ).group_min()
    chosen = one(among_models, "auroc", variant="minimax choice")
    name = chosen.method.parameters["chosen"]
    assert name == max(worst, key=worst.get)
    for model, value in worst.items():
        assert chosen.method.parameters[f"worst_group_there: {model}"] == pytest.approx(value, abs=1e-9)
    scores = {"subject": mortality.scores, "candidate age": age_alone}[name]["test"]
    frame = mortality.test.frame
    here = MetricFrame(metrics=sk.roc_auc_score, y_true=frame["target"], y_pred=scores, sensitive_features=frame["sex"])
    assert chosen.value == pytest.approx(here.group_min(), abs=1e-9)


def test_without_a_dataset_to_choose_on_nothing_is_chosen(mortality):
    found = list(part.measure(scene(mortality, options(point={"threshold": 0.2}))))
    assert "not scored" in one(found, "balanced_accuracy", variant="minimax threshold").reason
    assert not [m for m in found if m.metric == "operating_threshold"]


def test_nothing_is_chosen_on_the_samples_that_are_scored(mortality):
    for written in (
        options(choose_on="test"),
        options(group_thresholds={"constraint": "equalized_odds", "over": "sex", "choose_on": "test"}),
    ):
        with pytest.raises(InputError, match="scored"):
            list(part.needs(mortality.context(written), written))


def test_needs_cover_subject_and_candidates_on_every_dataset(mortality):
    written = options(candidates={"age": AGE})
    asked = [(need.collector, need.dataset) for need in part.needs(mortality.context(written), written)]
    assert asked == [("predict", "validation"), ("baseline", "test"), ("baseline", "validation")]


def test_a_trade_off_needs_two_objectives():
    with pytest.raises(ValidationError, match="two different"):
        options(between=["auroc", "auroc"])
