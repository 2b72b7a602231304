"""Predicted weights of real people: agreement with scikit-learn and statsmodels, and intervals with repeated people."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as statsmodels
from scipy import stats
from sklearn import metrics as sklearn
from task_predictions import Case

from evaluators.fairness.tasks import deviations
from evaluators.fairness.tasks.task import task_of
from governance.errors import InputError


@pytest.fixture(scope="module")
def measured(weights: Case):
    return weights.measure(["sex", "race"])


def arrays(case: Case, sex: str | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    frame = case.info.frame
    inside = np.ones(len(frame), bool) if sex is None else (frame["sex"] == sex).to_numpy()
    return (
        case.table["value"].to_numpy()[inside],
        frame["target"].to_numpy()[inside],
        frame["cluster"].to_numpy()[inside],
    )


@pytest.mark.parametrize("sex", [None, "female", "male"])
def test_values_agree_with_independent_implementations(weights: Case, measured, sex) -> None:
    predictions, target, _ = arrays(weights, sex)
    cell, errors = {} if sex is None else {"sex": sex}, predictions - target
    fitted = stats.linregress(predictions, target)
    for metric, value in (
        ("mean_absolute_error", sklearn.mean_absolute_error(target, predictions)),
        ("root_mean_squared_error", sklearn.root_mean_squared_error(target, predictions)),
        ("r_squared", sklearn.r2_score(target, predictions)),
        ("mean_error", errors.mean()),
        ("linear_calibration_slope", fitted.slope),
        ("lower_limit_of_agreement", errors.mean() - 1.96 * np.std(errors, ddof=1)),
        ("upper_limit_of_agreement", errors.mean() + 1.96 * np.std(errors, ddof=1)),
    ):
        assert measured.value(metric, slice=cell) == pytest.approx(value, abs=1e-9), metric


def test_the_interval_of_the_slope_is_that_of_a_clustered_sandwich(weights: Case, measured) -> None:
    predictions, target, people = arrays(weights)
    fitted = statsmodels.OLS(target, statsmodels.add_constant(predictions)).fit(
        cov_type="cluster", cov_kwds={"groups": np.unique(people, return_inverse=True)[1], "use_correction": False}
    )
    count = np.unique(people).size
    error = fitted.bse[1] * np.sqrt(count / (count - 1))
    half = stats.t.ppf(0.975, count - 1) * error
    interval = measured.one("linear_calibration_slope").interval
    assert (interval.low, interval.high) == pytest.approx((fitted.params[1] - half, fitted.params[1] + half), abs=1e-9)
    assert measured.one("linear_calibration_slope").n_clusters == count < len(people)


def test_the_interval_of_the_mean_error_is_that_of_a_mean_with_clusters(weights: Case, measured) -> None:
    predictions, target, people = arrays(weights)
    fitted = statsmodels.OLS(predictions - target, np.ones(target.size)).fit(
        cov_type="cluster", cov_kwds={"groups": np.unique(people, return_inverse=True)[1], "use_correction": False}
    )
    count = np.unique(people).size
    half = stats.t.ppf(0.975, count - 1) * fitted.bse[0] * np.sqrt(count / (count - 1))
    interval = measured.one("mean_error").interval
    assert (interval.low, interval.high) == pytest.approx((fitted.params[0] - half, fitted.params[0] + half), abs=1e-9)


def statistics(predictions: np.ndarray, target: np.ndarray) -> dict[str, float]:
    errors = predictions - target
    return {
        "root_mean_squared_error": sklearn.root_mean_squared_error(target, predictions),
        "r_squared": sklearn.r2_score(target, predictions),
        "upper_limit_of_agreement": errors.mean() + 1.96 * np.std(errors, ddof=1),
    }


@pytest.mark.parametrize("metric", ["root_mean_squared_error", "r_squared", "upper_limit_of_agreement"])
def test_intervals_are_about_those_of_a_bootstrap_over_people(weights: Case, measured, metric) -> None:
    predictions, target, people = arrays(weights)
    codes, generator = np.unique(people, return_inverse=True)[1], np.random.default_rng(1)
    rows = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    values = []
    for _ in range(600):
        drawn = np.concatenate([rows[code] for code in generator.integers(0, len(rows), len(rows))])
        values.append(statistics(predictions[drawn], target[drawn])[metric])
    low, high = np.quantile(values, [0.025, 0.975])
    interval = measured.one(metric).interval
    assert interval.high - interval.low == pytest.approx(high - low, rel=0.2)
    assert abs(interval.low - low) < 0.25 * (high - low)
    assert abs(interval.high - high) < 0.25 * (high - low)


def test_limits_of_agreement_of_normal_errors_have_the_error_of_bland_and_altman() -> None:
    errors = np.random.default_rng(0).normal(3, 2, 20000)
    found = deviations.limit_of_agreement(errors, np.arange(errors.size), errors.size, {}, sign=1)
    spread = np.std(errors, ddof=1)
    expected = spread * np.sqrt(1 / errors.size + 1.96**2 / (2 * (errors.size - 1)))
    ends = found.bounds(0.95)
    assert (ends.high - ends.low) / 2 / 1.96 == pytest.approx(expected, rel=0.02)


def test_worst_groups_have_the_largest_error_and_differences_are_not_cut_at_one(weights: Case, measured) -> None:
    errors = {sex: measured.value("mean_absolute_error", slice={"sex": sex}) for sex in ("female", "male")}
    worst = measured.one(
        "mean_absolute_error", estimand="worst", over="sex", slice={"sex": max(errors, key=errors.get)}
    )
    assert worst.value == max(errors.values())
    far = weights.table.assign(value=weights.table["value"] + 50 * (weights.info.frame["sex"] == "male"))
    difference = weights.measure(["sex"], table=far).one("mean_error", estimand="difference", slice={"sex": "male"})
    assert 40 < difference.interval.low < difference.value < difference.interval.high < 60


def test_predictions_that_are_all_right_or_all_equal_have_no_false_interval(weights: Case) -> None:
    target = weights.info.frame["target"].to_numpy()
    exact = weights.measure(table=weights.table.assign(value=target))
    error = exact.one("root_mean_squared_error")
    assert error.value == 0
    assert error.interval is None
    assert "nothing varies" in error.interval_reason
    flat = weights.measure(table=weights.table.assign(value=70.0))
    assert flat.one("linear_calibration_slope").reason == "all predictions of the group are equal: there is no slope"


def test_a_group_below_the_minimum_is_shown_with_n_and_no_value(weights: Case) -> None:
    measured = weights.measure(["race"], settings={"minimum_patients": 400})
    few = measured.one("mean_absolute_error", slice={"race": "black or other"})
    assert few.status == "not_measured"
    assert few.n == (weights.info.frame["race"] == "black or other").sum()
    assert "too few patients" in few.reason


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"operating_point": {"threshold": 60 / 100}}, "a regression gives numbers and decides nothing"),
        ({"individual": {}}, "individual: it is measured for binary classifiers"),
        ({"tasks": {"top": [2]}}, "tasks.top: a regression task has no use for it"),
    ],
)
def test_options_without_a_use_are_refused(weights: Case, options, message) -> None:
    context = weights.context(**options)
    with pytest.raises(InputError, match=message):
        list(task_of(context).needs(context, context.options))


def test_scores_in_the_place_of_values_are_refused(weights: Case) -> None:
    with pytest.raises(InputError, match="the model gives no column `value`"):
        weights.measure(table=weights.table.rename(columns={"value": "score"}))
