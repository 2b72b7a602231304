"""What a rule on several groups, their differences or the clean condition comes to, and the sentence that says so."""

from __future__ import annotations

import pytest
from policy_cases import (
    AGE,
    SEX,
    against_clean,
    interval,
    measured,
    missing,
    pairs,
    per_group,
    plan,
    policy,
    rule,
    verdict,
)

from governance.evidence.model import Condition
from governance.policy import Outcome

WORST_SEX = {"evaluator": "fairness", "metric": "sensitivity", "dataset": "test", "worst": "sex"}
GAP_SEX = {"evaluator": "fairness", "metric": "sensitivity", "dataset": "test", "difference": "sex"}
GAP_AGE = {**GAP_SEX, "difference": "age"}


# The worst of several groups


def test_every_declared_group_must_clear_the_bar() -> None:
    found = per_group("sex", {"F": (0.84, 0.80, 0.88), "M": (0.90, 0.86, 0.93)})
    result = verdict(rule(WORST_SEX, {"at_least": 0.75}), found)
    assert result.outcome is Outcome.PASS
    assert result.sentence == "F: 0.84 (0.80 to 0.88, n=412, 350 events) clears 0.75; so do all 2 groups"
    assert len(result.measurements) == 2


def test_one_inconclusive_group_makes_the_rule_inconclusive() -> None:
    found = per_group("sex", {"F": (0.81, 0.70, 0.88), "M": (0.90, 0.86, 0.93)})
    result = verdict(rule(WORST_SEX, {"at_least": 0.75}), found)
    assert result.outcome is Outcome.INCONCLUSIVE
    assert result.sentence.startswith("F: 0.81 (0.70 to 0.88")
    assert result.sentence.endswith("; of 2 groups: 1 pass, 1 inconclusive")


def test_a_group_below_the_bar_fails_the_rule_even_beside_a_group_that_was_not_measured() -> None:
    found = [*per_group("sex", {"F": (0.60, 0.50, 0.70)}), missing(slice={"sex": "M"})]
    assert verdict(rule(WORST_SEX, {"at_least": 0.75}), found).outcome is Outcome.FAIL


def test_being_the_worst_of_many_is_no_failure_until_the_simultaneous_interval_misses() -> None:
    found = per_group("sex", {"M": (0.90, 0.86, 0.93)})
    worst = measured(0.70, 0.66, 0.74, slice={"sex": "F"})
    rule_of = rule(WORST_SEX, {"at_least": 0.75})
    assert verdict(rule_of, [*found, worst]).outcome is Outcome.FAIL
    wide = measured(
        0.70,
        0.66,
        0.74,
        slice={"sex": "F"},
        estimand="worst",
        over="sex",
        simultaneous=interval(0.64, 0.76, family="2"),
    )
    result = verdict(rule_of, [*found, worst, wide])
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "misses 0.75 by itself, but not once all 2 are counted (0.64 to 0.76)" in result.sentence


def test_a_failure_is_told_by_the_interval_that_it_rests_on() -> None:
    """Were the other one printed, it would reach the bar that is said to be missed."""
    wide, together = interval(0.62, 0.76), interval(0.63, 0.74, family="2")
    worst = measured(0.70, 0.66, 0.74, slice={"sex": "F"}, gating=wide, simultaneous=together)
    found = [*per_group("sex", {"M": (0.90, 0.86, 0.93)}), worst]
    result = verdict(rule(WORST_SEX, {"at_least": 0.75}), found)
    assert result.outcome is Outcome.FAIL
    assert result.sentence.startswith("F: 0.70 (0.63 to 0.74")


@pytest.mark.parametrize("gone", SEX)
def test_a_missing_group_is_not_measured(gone: str) -> None:
    found = per_group("sex", {g: (0.90, 0.86, 0.93) for g in SEX if g != gone})
    result = verdict(rule(WORST_SEX, {"at_least": 0.75}), found)
    assert result.outcome is Outcome.NOT_MEASURED
    assert result.sentence == f"{gone}: not measured: there is no such measurement; of 2 groups: 1 pass, 1 not measured"


def test_the_not_recorded_group_is_judged_only_where_it_is_declared() -> None:
    found = per_group("sex", dict.fromkeys(SEX, (0.9, 0.86, 0.93)))
    one = rule(WORST_SEX, {"at_least": 0.75})
    assert verdict(one, found).outcome is Outcome.PASS
    declared = {"groups": {"sex": [*SEX, "not recorded"]}}
    assert verdict(one, found, **declared).outcome is Outcome.NOT_MEASURED


def test_a_declared_group_that_the_data_lacks_is_not_measured() -> None:
    found = per_group("sex", dict.fromkeys(SEX, (0.9, 0.86, 0.93)))
    result = verdict(rule(WORST_SEX, {"at_least": 0.75}), found, groups={"sex": [*SEX, "X"]})
    assert result.outcome is Outcome.NOT_MEASURED
    assert result.sentence.startswith("X: not measured")


def test_a_group_that_is_not_declared_is_named() -> None:
    found = per_group("sex", dict.fromkeys(SEX, (0.9, 0.86, 0.93)))
    assert verdict(rule(WORST_SEX, {"at_least": 0.75}), found, groups={"sex": ["F"]}).sentence.endswith(
        "not declared: M"
    )


def test_an_exempt_group_is_left_out_and_named_with_reason_and_owner() -> None:
    found = [*per_group("sex", {"F": (0.90, 0.86, 0.93)}), missing(slice={"sex": "M"})]
    exempt = {"exempt": {"sex": {"M": {"reason": "no men in the cohort", "owner": "clinical safety"}}}}
    result = verdict(rule(WORST_SEX, {"at_least": 0.75}), found, **exempt)
    assert result.outcome is Outcome.PASS
    assert result.sentence.endswith("; left out: M (no men in the cohort; clinical safety)")


def test_an_exemption_needs_somebody_who_answers_for_it() -> None:
    with pytest.raises(ValueError, match="needs an owner"):
        policy(exempt={"sex": {"M": "no men in the cohort"}})
    policy(exempt={"sex": {"M": "no men in the cohort"}}, owner={"name": "A", "role": "B"})


def test_bands_are_left_out_and_named_in_the_words_of_the_documents() -> None:
    measure = {**WORST_SEX, "worst": "age"}
    found = per_group("age", {"40-60": (0.90, 0.86, 0.93)})
    more = {"exempt": {"age": {"<40": {"reason": "no cases", "owner": "A"}}}, "groups": {"age": ["<40", "40-60"]}}
    sentence = verdict(rule(measure, {"at_least": 0.75}), found, **more).sentence
    assert sentence.endswith(" clears 0.75; left out: under 40 (no cases; A); not declared: 60 and over")


def test_exempting_every_group_measures_nothing() -> None:
    exempt = {"exempt": {"sex": {group: {"reason": "x", "owner": "y"} for group in SEX}}}
    result = verdict(rule(WORST_SEX, {"at_least": 0.75}), [], **exempt)
    assert result.outcome is Outcome.NOT_MEASURED


def test_intersections_are_judged_cell_by_cell() -> None:
    measure = {"evaluator": "fairness", "metric": "sensitivity", "worst": "sex x age"}
    cells = [measured(0.9, 0.86, 0.93, slice={"sex": s, "age": a}) for s in SEX for a in AGE]
    one = rule(measure, {"at_least": 0.75})
    assert verdict(one, cells).outcome is Outcome.PASS
    assert verdict(one, cells[1:]).sentence.startswith("F, under 40: not measured")


# Differences between groups


def test_all_pairs_within_the_margin_pass() -> None:
    result = verdict(rule(GAP_AGE, {"at_most": 0.05}), pairs("age", AGE, -0.02, 0.03))
    assert result.outcome is Outcome.PASS
    assert result.sentence == (
        "under 40 against 40 to under 60: difference 0.00 (−0.02 to 0.03 at 90 %, n=412, 350 events) "
        "lies within ±0.05; "
        "so do all 3 pairs"
    )


def test_equal_groups_in_small_data_are_inconclusive() -> None:
    result = verdict(rule(GAP_SEX, {"at_most": 0.05}), pairs("sex", SEX, -0.09, 0.09, (-0.11, 0.11)))
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "lies partly beyond ±0.05; about " in result.sentence


def test_a_gap_beyond_the_margin_fails_by_the_simultaneous_interval_only() -> None:
    one = rule(GAP_SEX, {"at_most": 0.05})
    assert verdict(one, pairs("sex", SEX, 0.08, 0.20, (0.06, 0.22))).outcome is Outcome.FAIL
    assert verdict(one, pairs("sex", SEX, -0.20, -0.08, (-0.22, -0.06))).outcome is Outcome.FAIL
    assert verdict(one, pairs("sex", SEX, 0.08, 0.20, (0.04, 0.24))).outcome is Outcome.INCONCLUSIVE
    assert verdict(one, pairs("sex", SEX, 0.08, 0.20)).outcome is Outcome.INCONCLUSIVE


def test_a_pair_measured_the_other_way_round_counts() -> None:
    turned = pairs("sex", reversed(SEX), -0.02, 0.03)
    assert verdict(rule(GAP_SEX, {"at_most": 0.05}), turned).outcome is Outcome.PASS


def test_a_missing_pair_is_not_measured() -> None:
    found = pairs("age", AGE, -0.02, 0.03)[:-1]
    result = verdict(rule(GAP_AGE, {"at_most": 0.05}), found)
    assert result.outcome is Outcome.NOT_MEASURED
    assert result.sentence.startswith("40 to under 60 against 60 and over: not measured")


def test_an_interval_narrower_than_90_percent_proves_no_equivalence() -> None:
    found = [m.model_copy(update={"interval": interval(-0.01, 0.01, 0.80)}) for m in pairs("sex", SEX, -0.02, 0.03)]
    assert verdict(rule(GAP_SEX, {"at_most": 0.05}), found).outcome is Outcome.INCONCLUSIVE


def test_a_single_group_has_no_difference() -> None:
    result = verdict(rule(GAP_SEX, {"at_most": 0.05}), pairs("sex", SEX, -0.02, 0.03), groups={"sex": ["F"]})
    assert result.outcome is Outcome.NOT_MEASURED


def test_the_minimum_holds_for_both_groups_of_a_difference() -> None:
    gaps = pairs("sex", SEX, -0.02, 0.03)
    sizes = [measured(0.9, 0.86, 0.93, slice={"sex": g}, n=n) for g, n in zip(SEX, (100, 20), strict=True)]
    one = rule(GAP_SEX, {"at_most": 0.05}, minimum={"patients": 30})
    result = verdict(one, [*gaps, *sizes])
    assert result.outcome is Outcome.NOT_MEASURED
    assert "M rests on 20 patients; the rule asks for 30" in result.sentence
    assert verdict(one, gaps).outcome is Outcome.NOT_MEASURED


def test_a_group_that_is_too_small_is_named_in_the_words_of_the_documents() -> None:
    gaps = pairs("age", AGE, -0.02, 0.03)
    sizes = [measured(0.9, 0.86, 0.93, slice={"age": g}, n=20 if g == ">=60" else 100) for g in AGE]
    result = verdict(rule(GAP_AGE, {"at_most": 0.05}, minimum={"patients": 30}), [*gaps, *sizes])
    assert "60 and over rests on 20 patients; the rule asks for 30" in result.sentence


# Against the clean condition

READER = {"evaluator": "robustness", "metric": "auroc", "condition": "reader"}
EROSION = {**READER, "condition": "erosion"}
NOT_WORSE = {"not_worse_than": "clean", "by": 0.03}


@pytest.mark.parametrize(
    ("difference", "outcome", "words"),
    [
        ((-0.01, -0.02, 0.00), Outcome.PASS, "stays within the margin 0.03"),
        ((-0.06, -0.08, -0.04), Outcome.FAIL, "is beyond the margin 0.03"),
        ((-0.02, -0.05, 0.01), Outcome.INCONCLUSIVE, "lies on both sides of the margin 0.03; about "),
    ],
)
def test_a_paired_loss_is_held_against_the_margin(
    difference: tuple[float, float, float], outcome: Outcome, words: str
) -> None:
    result = verdict(rule(READER, NOT_WORSE), against_clean(difference, Condition(name="reader")))
    assert result.outcome is outcome
    assert words in result.sentence
    assert result.sentence.startswith("AUROC 0.")
    assert " against 0.85 clean: difference −0.0" in result.sentence


def test_a_metric_where_lower_is_better_gets_worse_by_rising() -> None:
    measure = {**READER, "metric": "brier_score"}
    rises = against_clean((0.06, 0.04, 0.08), Condition(name="reader"), metric="brier_score")
    falls = against_clean((-0.06, -0.08, -0.04), Condition(name="reader"), metric="brier_score")
    assert verdict(rule(measure, NOT_WORSE), rises).outcome is Outcome.FAIL
    assert verdict(rule(measure, NOT_WORSE), falls).outcome is Outcome.PASS


def test_without_a_severity_every_planned_severity_must_hold() -> None:
    found = [
        m
        for severity in (1, 2, 3)
        for m in against_clean((-0.01, -0.02, 0.00), Condition(name="erosion", severity=severity))
    ]
    one = rule(EROSION, NOT_WORSE)
    assert verdict(one, found).outcome is Outcome.PASS
    without = [m for m in found if m.condition.severity != 3]
    assert (
        verdict(one, without).sentence
        == "severity 3: not measured: there is no such measurement; of 3 severities: 2 pass, 1 not measured"
    )


def test_the_severities_that_a_run_was_asked_for_are_the_planned_ones() -> None:
    lock = plan()
    lock["spec"]["evaluate"]["robustness"]["severities"] = [1]
    found = against_clean((-0.01, -0.02, 0.00), Condition(name="erosion", severity=1))
    assert verdict(rule(EROSION, NOT_WORSE), found, lock).outcome is Outcome.PASS


def test_the_worst_group_under_a_condition() -> None:
    found = [
        m for group in SEX for m in against_clean((-0.01, -0.02, 0.0), Condition(name="reader"), slice={"sex": group})
    ]
    one = rule({**READER, "worst": "sex"}, NOT_WORSE)
    assert verdict(one, found).outcome is Outcome.PASS
    assert verdict(one, [m for m in found if m.slice != {"sex": "M"}]).outcome is Outcome.NOT_MEASURED


def test_evidence_that_does_not_describe_its_metric_cannot_say_what_is_worse() -> None:
    found = against_clean((-0.01, -0.02, 0.0), Condition(name="reader"), metric="unheard_of")
    assert verdict(rule({**READER, "metric": "unheard_of"}, NOT_WORSE), found).outcome is Outcome.NOT_MEASURED
