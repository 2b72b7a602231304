"""Rules on metrics about all groups at once, on another model as the baseline, and on intervals made for verdicts."""

from __future__ import annotations

from policy_cases import interval, measured, rule, verdict

from governance.policy import Outcome

GAP = {"evaluator": "fairness", "metric": "equalized_odds_difference_max", "dataset": "test"}
RATE = "fairness / sensitivity on test"


def test_a_gap_is_found_by_the_grouping_it_is_taken_over() -> None:
    found = [
        measured(0.03, 0.00, 0.08, metric=GAP["metric"], over="sex", direction="lower"),
        measured(0.20, 0.15, 0.28, metric=GAP["metric"], over="age", direction="lower"),
    ]
    assert verdict(rule({**GAP, "across": "sex"}, {"at_most": 0.10}), found).outcome is Outcome.PASS
    assert verdict(rule({**GAP, "across": "age"}, {"at_most": 0.10}), found).outcome is Outcome.FAIL
    assert verdict(rule({**GAP, "across": "race"}, {"at_most": 0.10}), found).outcome is Outcome.NOT_MEASURED


def test_a_gap_never_answers_a_rule_that_names_no_grouping() -> None:
    found = [measured(0.03, 0.00, 0.08, metric=GAP["metric"], over="sex", direction="lower")]
    assert verdict(rule(GAP, {"at_most": 0.10}), found).outcome is Outcome.NOT_MEASURED


def test_a_candidate_is_held_against_the_baseline_and_nothing_else() -> None:
    bar = {"not_worse_than": "baseline", "by": 0.03}
    against_clean = measured(-0.20, -0.25, -0.15, estimand="difference", reference_condition={"name": "clean"})
    near = measured(0.01, -0.02, 0.04, estimand="difference", reference_variant="baseline")
    assert verdict(rule(RATE, bar), [against_clean, near]).outcome is Outcome.PASS
    assert verdict(rule(RATE, bar), [against_clean]).outcome is Outcome.NOT_MEASURED
    worse = measured(-0.10, -0.14, -0.05, estimand="difference", reference_variant="baseline")
    assert verdict(rule(RATE, bar), [worse]).outcome is Outcome.FAIL


def test_a_verdict_rests_on_the_interval_made_for_verdicts() -> None:
    shown = measured(0.86, 0.81, 0.90, gating=interval(0.79, 0.91))
    result = verdict(rule(RATE, {"at_least": 0.80}), [shown])
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "0.79" in result.sentence
