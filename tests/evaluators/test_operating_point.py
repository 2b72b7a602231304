"""Thresholds chosen by a rule, against brute force, and how far they move with the patients that they are chosen on."""

from __future__ import annotations

import numpy as np
import pytest
from nhefs_predictions import predictions
from pydantic import ValidationError
from sklearn import metrics as sk

from evaluators.binary import Predictions
from evaluators.grouping import Minimums
from evaluators.operating_point import OperatingPointOptions, chosen_thresholds, operating_point
from evaluators.operating_point_metrics import OPERATING_THRESHOLD
from evaluators.operating_point_resampling import RESAMPLED, resample, sensitivity_analysis
from evaluators.records import Recorder
from governance.spec.model import Settings
from governance.statistics.resampling import cluster_weights

RULES = {
    "youden": {},
    "best_f1": {},
    "sensitivity_at_specificity": {"specificity": 0.8},
    "specificity_at_sensitivity": {"sensitivity": 0.8},
    "cost": {"false_negative_cost": 4.0},
}


def options(rule: str) -> OperatingPointOptions:
    return OperatingPointOptions(choose_on="validation", by=rule, **RULES[rule])


def loaded(mortality, name: str) -> Predictions:
    info = getattr(mortality, name)
    return Predictions.of(predictions(info.frame, mortality.scores[name]), info)


def by_brute_force(rule: str, score: np.ndarray, positive: np.ndarray) -> float:
    """Try every score as a threshold, lowest first, and one above all; keep the first of the best."""
    best, chosen = -np.inf, np.nan
    for threshold in [*np.unique(score), np.nextafter(score.max(), np.inf)]:
        flagged = score >= threshold
        sensitivity, specificity = flagged[positive].mean(), (~flagged[~positive]).mean()
        quality = {
            "youden": sensitivity + specificity,
            "best_f1": 2 * np.sum(positive & flagged) / (flagged.sum() + positive.sum()),
            "sensitivity_at_specificity": sensitivity if specificity >= 0.8 else -1,
            "specificity_at_sensitivity": specificity if sensitivity >= 0.8 else -1,
            "cost": -(4 * np.sum(positive & ~flagged) + np.sum(~positive & flagged)),
        }[rule]
        if quality > best + 1e-12:
            best, chosen = quality, threshold
    return chosen


@pytest.mark.parametrize("rule", RULES)
def test_the_chosen_threshold_is_the_best_of_all(mortality, rule):
    data = loaded(mortality, "validation")
    point = operating_point(options(rule), data)
    assert point.threshold == by_brute_force(rule, data.score, data.positive)
    assert (point.chosen_on, point.n) == ("validation", data.score.size)


@pytest.mark.parametrize("rule", RULES)
def test_resampled_patients_choose_as_if_they_were_the_data(mortality, rule):
    data = loaded(mortality, "validation")
    score = np.round(data.score, 2)  # ties between patients
    weights = next(cluster_weights(data.n_clusters, 20, 3))[:, data.codes]
    chosen = chosen_thresholds(options(rule), score, data.positive, weights)
    for row, threshold in zip(weights.astype(int), chosen, strict=True):
        assert threshold == by_brute_force(rule, np.repeat(score, row), np.repeat(data.positive, row))


def test_a_resample_that_lacks_a_class_has_no_threshold():
    score, positive = np.array([0.1, 0.5, 0.9]), np.array([False, False, True])
    chosen = chosen_thresholds(options("youden"), score, positive, np.array([[1.0, 1, 0], [1, 1, 1], [0, 0, 3]]))
    assert np.isnan(chosen).tolist() == [True, False, True]
    assert chosen[1] == 0.9


def test_a_dearer_false_negative_never_raises_the_threshold(mortality):
    data = loaded(mortality, "validation")
    costs = [0.25, 0.5, 1, 2, 4, 8, 16, 1000]
    chosen = [
        operating_point(
            OperatingPointOptions(choose_on="validation", by="cost", false_negative_cost=cost), data
        ).threshold
        for cost in costs
    ]
    assert chosen == sorted(chosen, reverse=True)
    assert chosen[0] > chosen[-1]


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ({"choose_on": "validation", "by": "cost"}, "false_negative_cost"),
        ({"choose_on": "validation", "by": "youden", "false_negative_cost": 2}, "false_negative_cost"),
        ({"threshold": 0.5, "false_negative_cost": 2}, "fixed threshold"),
        ({"choose_on": "validation", "by": "cost", "false_negative_cost": 0}, "greater than 0"),
        ({"choose_on": "validation"}, "cost"),
    ],
)
def test_half_written_rules_are_refused(written, word):
    with pytest.raises(ValidationError, match=word):
        OperatingPointOptions(**written)


def test_the_rule_carries_its_parameter():
    assert options("cost").rule == "cost=4"
    assert options("specificity_at_sensitivity").rule == "specificity_at_sensitivity=0.8"


@pytest.fixture(scope="module")
def analysed(mortality):
    data, chosen_from = loaded(mortality, "test"), loaded(mortality, "validation")
    rule = options("specificity_at_sensitivity")
    male = (mortality.test.frame["sex"] == "male").to_numpy()
    everyone = np.ones(male.size, dtype=bool)
    nobody = np.zeros(male.size, dtype=bool)
    cells = [({}, everyone), ({"sex": "male"}, male), ({"sex": "other"}, nobody)]
    found = list(
        sensitivity_analysis(
            rule,
            chosen_from,
            data,
            cells,
            chosen=Recorder("fairness", mortality.validation, 0.95),
            scored=Recorder("fairness", mortality.test, 0.95),
            point=operating_point(rule, chosen_from),
            minimums=Minimums(30, 10),
            settings=Settings(replicates=300),
        )
    )
    return found, resample(rule, chosen_from, data, [everyone, male], replicates=300, seed=0)


def test_metrics_at_resampled_thresholds_are_those_of_the_resampled_samples(mortality, analysed):
    _, found = analysed
    data, male = loaded(mortality, "test"), (mortality.test.frame["sex"] == "male").to_numpy()
    drawn = np.concatenate(list(cluster_weights(data.n_clusters, 300, 1)))[:, data.codes].astype(int)
    for replicate in (0, 150, 299):
        flagged = data.score >= found.thresholds[replicate]
        rows = np.repeat(np.flatnonzero(male), drawn[replicate][male])
        for samples, values in ((np.flatnonzero(male), found.at_thresholds[1]), (rows, found.anew[1])):
            truth, decided = data.positive[samples], flagged[samples]
            expected = [sk.recall_score(truth, decided), sk.recall_score(truth, decided, pos_label=0), decided.mean()]
            assert values[:, replicate] == pytest.approx(expected, abs=1e-9)


def test_the_analysis_says_how_far_threshold_and_groups_move(mortality, analysed):
    measurements, replicates = analysed
    threshold = measurements[0]
    assert (threshold.metric, threshold.dataset) == (OPERATING_THRESHOLD.name, "validation")
    assert threshold.n == mortality.validation.n
    assert threshold.interval.low < threshold.value < threshold.interval.high
    by_metric = {m.metric: m for m in measurements[1:] if m.slice == {"sex": "male"}}
    assert set(by_metric) == {"sensitivity", "specificity", "selection_rate"}
    male = (mortality.test.frame["sex"] == "male").to_numpy()
    found = by_metric["sensitivity"]
    assert (found.variant, found.dataset) == (RESAMPLED, "test")
    assert found.n == int(mortality.test.frame["target"][male].sum())
    assert found.value == pytest.approx(replicates.at_thresholds[1, 0].mean(), abs=1e-12)
    # The choice and the scored patients together move it more than the choice alone.
    alone = found.method.parameters["threshold_alone_high"] - found.method.parameters["threshold_alone_low"]
    assert found.interval.high - found.interval.low > alone > 0
    assert found.method.parameters["patients_chosen_on"] == mortality.validation.n


def test_groups_without_patients_are_named_with_the_reason(analysed):
    empty = [m for m in analysed[0] if m.slice == {"sex": "other"}]
    assert {m.status for m in empty} == {"not_measured"}
    assert len(empty) == 3
    assert all(m.reason for m in empty)
