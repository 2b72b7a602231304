"""What a rule on one number comes to, and the sentence that says so."""

from __future__ import annotations

from typing import Any

import pytest
from policy_cases import DIGEST, interval, measured, missing, rule, verdict

from governance.policy import Outcome

SENSITIVITY = "fairness / sensitivity on test"


# One number


def test_a_lower_bound_that_clears_the_bar_passes() -> None:
    result = verdict(rule(SENSITIVITY, {"at_least": 0.80}), [measured(0.86, 0.82, 0.90)])
    assert result.outcome is Outcome.PASS
    assert result.sentence == "0.86 (0.82 to 0.90, n=412, 350 events) clears 0.80"


def test_a_lower_bound_exactly_on_the_bar_passes() -> None:
    assert verdict(rule(SENSITIVITY, {"at_least": 0.82}), [measured(0.86, 0.82, 0.90)]).outcome is Outcome.PASS


def test_an_interval_wholly_below_the_bar_fails() -> None:
    result = verdict(rule(SENSITIVITY, {"at_least": 0.80}), [measured(0.70, 0.65, 0.74)])
    assert result.outcome is Outcome.FAIL
    assert result.sentence == "0.70 (0.65 to 0.74, n=412, 350 events) misses 0.80"


def test_an_estimate_above_the_bar_with_a_bound_below_is_inconclusive_and_more_patients_would_settle_it() -> None:
    result = verdict(rule(SENSITIVITY, {"at_least": 0.75}), [measured(0.81, 0.70, 0.89, n=41, events=36)])
    assert result.outcome is Outcome.INCONCLUSIVE
    # half-width 0.11, distance 0.06: 41 (0.11 / 0.06)^2 = 137.8, so 97 more
    assert result.sentence == (
        "0.81 (0.70 to 0.89, n=41, 36 events) lies on both sides of 0.75; "
        "about 97 more such patients would settle it if the estimate stays"
    )


def test_patients_are_counted_by_cluster() -> None:
    found = measured(0.81, 0.70, 0.89, n=410, n_clusters=41, events=36)
    sentence = verdict(rule(SENSITIVITY, {"at_least": 0.75}), [found]).sentence
    assert "n=410, 41 patients, 36 events" in sentence
    assert "about 97 more such patients" in sentence


def test_an_estimate_that_misses_the_bar_is_not_helped_by_more_data() -> None:
    result = verdict(rule(SENSITIVITY, {"at_least": 0.75}), [measured(0.74, 0.62, 0.89)])
    assert result.outcome is Outcome.INCONCLUSIVE
    assert result.sentence.endswith("; more data will not help while the estimate itself misses the bar")


def test_an_estimate_very_close_to_the_bar_asks_for_no_absurd_number() -> None:
    result = verdict(rule(SENSITIVITY, {"at_least": 0.75}), [measured(0.7501, 0.62, 0.89)])
    assert result.sentence.endswith("; the estimate is so close to the bar that more data will hardly settle it")


def test_a_printed_bound_never_contradicts_its_verdict() -> None:
    sentence = verdict(rule(SENSITIVITY, {"at_least": 0.80}), [measured(0.86, 0.7996, 0.90)]).sentence
    assert sentence.startswith("0.8600 (0.7996 to 0.9000,")


@pytest.mark.parametrize(
    ("numbers", "outcome"),
    [
        ((0.08, 0.06, 0.10), Outcome.PASS),
        ((0.12, 0.11, 0.14), Outcome.FAIL),
        ((0.09, 0.07, 0.12), Outcome.INCONCLUSIVE),
    ],
)
def test_at_most_looks_at_the_upper_bound(numbers: tuple[float, float, float], outcome: Outcome) -> None:
    found = measured(*numbers, metric="brier_score", direction="lower")
    assert verdict(rule("fairness / brier_score", {"at_most": 0.10}), [found]).outcome is outcome


@pytest.mark.parametrize(
    ("numbers", "outcome"),
    [((1.0, 0.9, 1.1), Outcome.PASS), ((1.4, 1.3, 1.5), Outcome.FAIL), ((1.1, 0.95, 1.25), Outcome.INCONCLUSIVE)],
)
def test_within_needs_the_whole_interval(numbers: tuple[float, float, float], outcome: Outcome) -> None:
    found = measured(*numbers, metric="calibration_slope", direction="none")
    assert verdict(rule("fairness / calibration_slope", {"within": [0.8, 1.2]}), [found]).outcome is outcome


def test_a_one_sided_interval_is_open_on_its_other_side() -> None:
    upper = measured(0.9, interval=interval(0.8, 0.95, side="upper"), interval_reason=None)
    assert verdict(rule(SENSITIVITY, {"at_least": 0.75}), [upper]).outcome is Outcome.INCONCLUSIVE


def test_a_blocking_rule_does_not_rest_on_a_number_without_an_interval() -> None:
    result = verdict(rule(SENSITIVITY, {"at_least": 0.75}), [measured(0.99)])
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "without an interval (not computed)" in result.sentence


def test_a_warning_may_rest_on_a_point_value_and_says_so() -> None:
    result = verdict(rule(SENSITIVITY, {"at_least": 0.75}, severity="warn"), [measured(0.70)])
    assert result.outcome is Outcome.FAIL
    assert result.sentence == "point value 0.70 (n=412, 350 events) misses 0.75"


def test_an_exact_number_is_compared_as_it_is() -> None:
    exact = measured(0.02, metric="rejected_rate", direction="lower", interval_reason="exact")
    assert verdict(rule("fairness / rejected_rate", {"at_most": 0.05}), [exact]).outcome is Outcome.PASS
    assert verdict(rule("fairness / rejected_rate", {"at_most": 0.01}), [exact]).outcome is Outcome.FAIL


def test_present_asks_only_that_it_was_measured() -> None:
    assert verdict(rule(SENSITIVITY, {"present": True}), [measured(0.1)]).outcome is Outcome.PASS
    assert verdict(rule(SENSITIVITY, {"present": True}), [missing()]).outcome is Outcome.NOT_MEASURED


# Not measured


def test_what_was_not_measured_keeps_its_reason() -> None:
    result = verdict(rule(SENSITIVITY, {"at_least": 0.75}), [missing("no positives")])
    assert result.outcome is Outcome.NOT_MEASURED
    assert result.sentence == "not measured: no positives"


@pytest.mark.parametrize(
    ("measure", "reason"),
    [
        ("hallucination / accuracy on test", "the evaluator hallucination was not run"),
        ("fairness / sensitivity on other", "the dataset other was not part of the run"),
        ("fairness / sensitivity on test", "there is no such measurement"),
        (
            {"evaluator": "robustness", "metric": "auroc", "condition": "dilation"},
            "the condition dilation was not run",
        ),
        (
            {"evaluator": "fairness", "metric": "sensitivity", "worst": "site"},
            "test has no attribute site",
        ),
    ],
)
def test_what_the_plan_lacks_is_not_measured(measure: Any, reason: str) -> None:
    result = verdict(rule(measure, {"at_least": 0.75}), [])
    assert result.outcome is Outcome.NOT_MEASURED
    assert result.sentence == f"not measured: {reason}"


def test_a_number_from_other_data_is_no_evidence() -> None:
    result = verdict(rule(SENSITIVITY, {"at_least": 0.75}), [measured(0.9, 0.85, 0.95, dataset_digest="0" * 64)])
    assert result.outcome is Outcome.NOT_MEASURED
    assert "other data" in result.sentence


def test_two_answers_to_one_rule_are_none() -> None:
    found = [measured(0.9, 0.85, 0.95, operating_rule=name) for name in ("youden", "fixed")]
    result = verdict(rule(SENSITIVITY, {"at_least": 0.75}), found)
    assert result.outcome is Outcome.NOT_MEASURED


def test_points_of_curves_and_single_seeds_answer_no_rule() -> None:
    found = [measured(0.9, 0.85, 0.95, curve={"bin": 1}), measured(0.9, 0.85, 0.95, seed=1)]
    assert verdict(rule(SENSITIVITY, {"at_least": 0.75}), found).outcome is Outcome.NOT_MEASURED


def test_a_fraction_of_the_training_labels_asks_for_the_mean_over_seeds() -> None:
    measure = {"evaluator": "fairness", "metric": "auroc", "variant": "frozen", "fraction": 0.1}
    found = measured(0.9, 0.85, 0.95, metric="auroc", estimand="mean", variant="frozen", fraction=0.1)
    assert verdict(rule(measure, {"at_least": 0.75}), [found]).outcome is Outcome.PASS


@pytest.mark.parametrize(("minimum", "word"), [({"patients": 50}, "41 patients"), ({"events": 37}, "36 events")])
def test_too_few_patients_or_events_are_not_measured(minimum: dict[str, int], word: str) -> None:
    found = measured(0.9, 0.85, 0.95, n=410, n_clusters=41, events=36)
    result = verdict(rule(SENSITIVITY, {"at_least": 0.75}, minimum=minimum), [found])
    assert result.outcome is Outcome.NOT_MEASURED
    assert word in result.sentence


def test_every_verdict_says_what_it_rests_on() -> None:
    found = measured(0.86, 0.82, 0.90)
    one = rule(
        SENSITIVITY, {"at_least": 0.80}, controls="H-01", supports=["AIA-ANX4-2g"], set={"by": "x", "on": "2026-10-02"}
    )
    result = verdict(one, [found])
    assert result.measurements == (found.id,)
    assert result.bar == {"at_least": 0.80}
    assert (result.controls, result.supports) == ("H-01", ("AIA-ANX4-2g",))
    assert result.set == {"by": "x", "on": "2026-10-02"}
    assert found.dataset_digest == DIGEST


def test_a_minimum_of_events_counts_everybody_whom_a_proportion_could_have_found() -> None:
    """A model that finds few must fail, not slip away as `not measured` because it found few."""
    found = measured(0.1, 0.06, 0.17, n=120, n_clusters=120, events=12)
    assert found.is_proportion
    assert found.cases == 120
    result = verdict(rule(SENSITIVITY, {"at_least": 0.75}, minimum={"events": 100}), [found])
    assert result.outcome is Outcome.FAIL
    assert result.sentence == "0.10 (0.06 to 0.17, 12 of 120) misses 0.75"
