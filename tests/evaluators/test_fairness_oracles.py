"""Numbers of groups on real predictions against other packages, and mistakes that stop the run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nhefs_predictions import dataset_info, one, predictions
from sklearn.calibration import calibration_curve

from evaluators.binary import Predictions
from evaluators.fairness import DESCRIPTOR, FairnessOptions, second_opinion
from evaluators.fairness.gaps_descriptors import GAP_METRICS
from evaluators.fairness.groups import GroupMeasures
from evaluators.fairness.groups_descriptors import GROUP_METRICS
from evaluators.grouping import Minimums
from governance.evidence.model import OperatingPoint
from governance.harness.protocols import Need
from governance.spec.model import Settings

EVALUATOR = DESCRIPTOR.load()
THRESHOLD = 0.25
NOT_CHECKED_IN_THE_RUN = {
    "prevalence": "a share of labels; tests compare it with a mean",
    "rejected_rate": "a share of rows; tests compare it with a count",
    "calibration_slope": "iterated, and scikit-learn's solvers stop before 1e-9; tests compare it with statsmodels",
    "expected_calibration_error": "scikit-learn puts a score on an edge into the bin below; see the tests",
    "expected_calibration_error_equal_mass": "as the one before",
    "expected_calibration_error_corrected": "no other package corrects by patients",
}


def of(data, point, inside):
    """The estimates of all metrics in a mask."""
    measures = GroupMeasures(
        data,
        point,
        Minimums(30, 10),
        Settings(replicates=200),
        bins=10,
        max_false_positive_rate=0.1,
        threshold_probability=0.2,
    )
    return {metric.name: measures.estimate(metric, inside) for metric in GROUP_METRICS}


@pytest.fixture(scope="module")
def estimates(mortality):
    """The predictions, the operating point, and the estimates of everyone."""
    data = Predictions.of(mortality.observations().table(Need.of("predict", "test")), mortality.test)
    point = OperatingPoint(threshold=THRESHOLD, rule="fixed")
    return data, point, of(data, point, np.ones(mortality.test.n, dtype=bool))


def checked(estimates, **changed):
    data, point, found = estimates
    everyone = np.ones(data.score.size, dtype=bool)
    return second_opinion.check(
        {**found, **changed}, data, everyone, point, max_false_positive_rate=0.1, threshold_probability=0.2
    )


CHECKED = [metric.name for metric in GROUP_METRICS if metric.name not in NOT_CHECKED_IN_THE_RUN]


def test_every_metric_has_a_second_opinion_or_a_reason_why_not(estimates):
    assert set(checked(estimates)) == set(CHECKED)


@pytest.mark.parametrize("metric", CHECKED)
def test_a_mistake_in_any_of_them_stops_the_run(estimates, metric):
    wrong = replace(estimates[2][metric], value=estimates[2][metric].value + 2e-9)
    with pytest.raises(second_opinion.DisagreementError, match=rf"^{metric}: "):
        checked(estimates, **{metric: wrong})


@pytest.mark.parametrize("metric", [metric.name for metric in GAP_METRICS])
def test_a_mistake_in_any_gap_stops_the_run(mortality, estimates, metric):
    data, point, _ = estimates
    male = (mortality.test.frame["sex"] == "male").to_numpy()
    groups = [
        second_opinion.check(
            of(data, point, inside), data, inside, point, max_false_positive_rate=0.1, threshold_probability=0.2
        )
        for inside in (male, ~male)
    ]
    everyone = checked(estimates)
    right = second_opinion._gaps(groups, everyone)[metric]
    second_opinion.check_gaps({metric: right}, groups, everyone, "sex")
    with pytest.raises(second_opinion.DisagreementError, match=f"^{metric} over sex: "):
        second_opinion.check_gaps({metric: right + 2e-9}, groups, everyone, "sex")


def measured(mortality, score=None, **options):
    table = {} if score is None else {"test": predictions(mortality.test.frame, score)}
    context = mortality.context(FairnessOptions(on="test", groups=("sex", "race"), **options))
    return list(EVALUATOR.measure(mortality.observations(**table), context))


@pytest.mark.parametrize("over", ["sex", "race"])
def test_gaps_are_those_of_the_package_fairmedfm_at_its_threshold(mortality, over):
    """Its threshold is the one of best F1 on the scored samples, and a score at it is negative; both are ours here."""
    fairmedfm = pytest.importorskip("fairmedfm")
    from fairmedfm.metrics import find_threshold

    label, score = mortality.test.frame["target"].to_numpy().astype(int), mortality.scores["test"]
    row = fairmedfm.evaluate(label, score, {over: mortality.test.frame[over].to_numpy()}).summary.loc[over]
    threshold = float(np.nextafter(find_threshold(score, label), 1))
    found = measured(mortality, operating_point={"threshold": threshold})
    groups = [m for m in found if m.metric == "classification_accuracy" and m.estimand == "value" and over in m.slice]
    ours = {
        "overall-auc": one(found, "auroc", {}).value,
        "worst-auc": one(found, "auroc", estimand="worst", over=over).value,
        "auc-gap": one(found, "auroc_gap", over=over).value,
        "overall-acc": one(found, "classification_accuracy", {}).value,
        "acc-gap": np.ptp([m.value for m in groups]),
        "eo": one(found, "fairmedfm_eo", over=over).value,
        "eod": one(found, "fairmedfm_eod", over=over).value,
    }
    for name, value in ours.items():
        assert value == pytest.approx(row[name], abs=1e-9), name


def by_scikit_learn(target, score, strategy):
    observed, predicted = calibration_curve(target, score, n_bins=10, strategy=strategy)
    edges = np.linspace(0, 1, 11) if strategy == "uniform" else np.percentile(score, np.linspace(0, 1, 11) * 100)
    sizes = np.bincount(np.searchsorted(edges[1:-1], score), minlength=10)
    return np.average(np.abs(observed - predicted), weights=sizes[sizes > 0])


@pytest.mark.parametrize("cell", [{}, {"sex": "female"}, {"race": "white"}])
def test_the_calibration_error_is_that_of_scikit_learns_curve(mortality, cell):
    expected = by_scikit_learn(*part(mortality, cell), "uniform")
    assert one(measured(mortality), "expected_calibration_error", cell).value == pytest.approx(expected, abs=1e-9)


def test_the_calibration_error_in_bins_of_equal_size_is_that_of_scikit_learns_curve(mortality):
    """Of 648 samples no decile is a score. One that is belongs to the bin above, in scikit-learn to the one below."""
    frame, score = mortality.test.frame.iloc[:648], mortality.scores["test"][:648]
    context = mortality.context(FairnessOptions(on="test"))
    context = replace(context, datasets={**context.datasets, "test": dataset_info(frame, "test")})
    found = list(EVALUATOR.measure(mortality.observations(test=predictions(frame, score)), context))
    expected = by_scikit_learn(frame["target"].to_numpy(), score, "quantile")
    measured_here = one(found, "expected_calibration_error_equal_mass", {})
    assert measured_here.value == pytest.approx(expected, abs=1e-9)


def part(mortality, cell):
    frame = mortality.test.frame
    inside = np.logical_and.reduce([frame[key] == value for key, value in cell.items()] or [np.ones(len(frame), bool)])
    return frame["target"].to_numpy()[inside], mortality.scores["test"][inside]


def test_fairmedfm_has_another_calibration_error_since_its_bins_span_the_scores_that_occur(mortality):
    pytest.importorskip("fairmedfm")
    from fairmedfm.metrics import expected_calibration_error

    target, score = mortality.test.frame["target"].to_numpy(), mortality.scores["test"]
    ours = one(measured(mortality), "expected_calibration_error", {}).value
    assert abs(ours - expected_calibration_error(score, target)) > 1e-4
    stretched = (score - score.min()) / (score.max() - score.min())
    ours = one(measured(mortality, stretched), "expected_calibration_error", {}).value
    assert ours == pytest.approx(expected_calibration_error(stretched, target), abs=1e-9)


@pytest.mark.parametrize("cell", [{}, {"sex": "female"}])
def test_the_brier_score_says_what_it_is_made_of(mortality, cell):
    found = one(measured(mortality), "brier_score", cell)
    parts = found.method.parameters
    total = parts["reliability"] - parts["resolution"] + parts["uncertainty"] + parts["within_bins"]
    assert found.value == pytest.approx(total, abs=1e-12)
    target, score = part(mortality, cell)
    observed, predicted = calibration_curve(target, score, n_bins=10)
    sizes = np.histogram(score, np.linspace(0, 1, 11))[0]
    expected = np.average((observed - predicted) ** 2, weights=sizes[sizes > 0])
    assert parts["reliability"] == pytest.approx(expected, abs=1e-9)
    assert parts["uncertainty"] == pytest.approx(target.mean() * (1 - target.mean()), abs=1e-12)
