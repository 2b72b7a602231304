"""What changed between two policies, and which way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_cases import measured, policy, rule, verdict

from governance.policy.differences import differences

SENSITIVITY = "fairness / sensitivity on test"


def directions(before: dict[str, Any], after: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    return [(one.what, one.direction) for one in differences(policy(before), policy(after, **more))]


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ({"at_least": 0.8}, {"at_least": 0.9}, "stricter"),
        ({"at_least": 0.8}, {"at_least": 0.7}, "looser"),
        ({"at_most": 0.2}, {"at_most": 0.1}, "stricter"),
        ({"within": [0.1, 0.9]}, {"within": [0.2, 0.8]}, "stricter"),
        ({"within": [0.1, 0.9]}, {"within": [0.0, 1.0]}, "looser"),
        ({"within": [0.1, 0.9]}, {"within": [0.2, 1.0]}, "changed"),
        ({"at_least": 0.8}, {"within": [0.8, 1.0]}, "changed"),
        ({"at_least": 0.8}, {"present": True}, "looser"),
        ({"present": True}, {"within": [0.8, 0.9]}, "stricter"),
    ],
)
def test_a_bar_gets_stricter_or_looser(before: dict[str, Any], after: dict[str, Any], direction: str) -> None:
    assert directions(rule(SENSITIVITY, before), rule(SENSITIVITY, after)) == [("bar", direction)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"severity": "warn"}, {"severity": "block"}, ("severity", "stricter")),
        ({}, {"severity": "info"}, ("severity", "looser")),
        ({}, {"minimum": {"patients": 30}}, ("minimum.patients", "stricter")),
        ({"minimum": {"events": 30}}, {"minimum": {"events": 10}}, ("minimum.events", "looser")),
        ({}, {"level": 0.99}, ("level", "stricter")),
    ],
)
def test_everything_else_that_decides_is_told(before: Any, after: Any, expected: tuple[str, str]) -> None:
    bar = {"at_least": 0.8}
    assert directions(rule(SENSITIVITY, bar, **before), rule(SENSITIVITY, bar, **after)) == [expected]


def test_margins_have_a_direction() -> None:
    pairs = {"evaluator": "fairness", "metric": "auroc", "difference": "sex"}
    wide, narrow = ({"equivalent_within": margin} for margin in (0.1, 0.05))
    assert directions(rule(pairs, wide), rule(pairs, narrow)) == [("bar", "stricter")]
    under = {"evaluator": "robustness", "metric": "auroc", "condition": "noise"}
    loose, tight = ({"not_worse_than": "clean", "by": margin} for margin in (0.1, 0.05))
    assert directions(rule(under, tight), rule(under, loose)) == [("bar", "looser")]


def test_words_are_no_difference_and_rules_come_and_go() -> None:
    one = rule(SENSITIVITY, {"at_least": 0.8})
    assert differences(policy(one), policy({**one, "title": "Other", "rationale": "other"})) == []
    assert [(d.rule, d.direction) for d in differences(policy(one), policy({**one, "id": "s"}))] == [
        ("r", "removed"),
        ("s", "added"),
    ]
    other = directions(one, one, groups={"sex": ["F", "M"]})
    assert other == [("groups of sex", "changed")]


def provenance(**check: Any) -> dict[str, Any]:
    return {"id": "r", "title": "T", "provenance": check, "rationale": "R"}


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ({"measured_within_days": 90}, {"measured_within_days": 30}, "stricter"),
        ({"measured_within_days": 30}, {"measured_within_days": 90}, "looser"),
        ({"device": ["cpu", "cuda"]}, {"device": ["cuda"]}, "stricter"),
        ({"precision": ["float32"]}, {"precision": ["float32", "float16"]}, "looser"),
        ({"facts": ["users"]}, {"facts": ["users", "limitations"]}, "stricter"),
        ({"facts": ["users"]}, {"facts": ["limitations"]}, "changed"),
        ({"no_patient_in_both": ["a", "b", "c"]}, {"no_patient_in_both": ["a", "b"]}, "looser"),
        (
            {"seeds": {"evaluator": "data_efficiency", "at_least": 3}},
            {"seeds": {"evaluator": "data_efficiency", "at_least": 5}},
            "stricter",
        ),
        ({"licence_lineage": "clean"}, {"facts": ["users"]}, "changed"),
    ],
)
def test_what_is_asked_of_a_run_gets_stricter_or_looser(before: Any, after: Any, direction: str) -> None:
    assert directions(provenance(**before), provenance(**after)) == [("provenance", direction)]


def test_a_bar_on_another_measure_is_neither_stricter_nor_looser() -> None:
    other = rule("fairness / specificity on test", {"at_least": 0.9})
    assert directions(rule(SENSITIVITY, {"at_least": 0.8}), other) == [("bar", "changed"), ("measure", "changed")]


def test_an_expression_has_minimums_too() -> None:
    pytest.importorskip("cel_expr_python")
    one = {"id": "r", "title": "T", "expression": "s.low >= 0.8", "inputs": {"s": SENSITIVITY}, "rationale": "R"}
    assert directions({**one, "minimum": {"patients": 50}}, {**one, "minimum": {"patients": 30}}) == [
        ("minimum.patients", "looser")
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"groups": {"sex": ["F"]}}, {"groups": {"sex": ["M", "F"]}}, ("groups of sex", "stricter")),
        ({"groups": {"sex": ["F", "M"]}}, {"groups": {"sex": ["M"]}}, ("groups of sex", "looser")),
        ({"groups": {"sex": ["F", "M"]}}, {"groups": {"sex": ["F", "X"]}}, ("groups of sex", "changed")),
        ({}, {"exempt": {"sex": {"M": "none here"}}}, ("exempt sex M", "looser")),
        ({"exempt": {"sex": {"M": "none here"}}}, {}, ("exempt sex M", "stricter")),
        ({"version": "1"}, {"version": "2"}, ("version", "changed")),
        ({"looks": {"planned": 5}}, {}, ("looks", "changed")),
        (
            {"parameters": {"a": {"value": 1, "source": "x"}}},
            {"parameters": {"a": {"value": 2, "source": "y"}}},
            ("parameter a", "changed"),
        ),
        ({}, {"parameters": {"a": {"value": 2, "source": "y"}}}, ("parameter a", "added")),
    ],
)
def test_what_holds_for_the_whole_policy_is_compared(before: Any, after: Any, expected: tuple[str, str]) -> None:
    owner = {"name": "A", "role": "B"}
    one = rule({"evaluator": "fairness", "metric": "sensitivity", "worst": "sex"}, {"at_least": 0.8})
    found = differences(policy(one, owner=owner, **before), policy(one, owner=owner, **after))
    assert [(difference.what, difference.direction) for difference in found] == [expected]


def test_more_groups_under_a_mean_are_neither_stricter_nor_looser() -> None:
    one = rule({"evaluator": "fairness", "metric": "sensitivity", "mean": "sex"}, {"at_least": 0.8})
    (found,) = differences(policy(one, groups={"sex": ["F"]}), policy(one, groups={"sex": ["F", "M"]}))
    assert found.direction == "changed"


HUNDREDTHS = st.integers(0, 100).map(lambda n: n / 100)


@given(HUNDREDTHS, HUNDREDTHS, st.tuples(HUNDREDTHS, HUNDREDTHS, HUNDREDTHS), st.sampled_from(["at_least", "at_most"]))
@settings(max_examples=80, deadline=None)
def test_what_passes_the_stricter_bar_passes_the_looser_one(
    before: float, after: float, ends: tuple[float, ...], kind: str
) -> None:
    low, value, high = sorted(ends)
    old, new = rule(SENSITIVITY, {kind: before}), rule(SENSITIVITY, {kind: after})
    said = directions(old, new)
    strict, loose = (new, old) if said == [("bar", "stricter")] else (old, new)
    found = [measured(value, low, high)]
    if verdict(strict, found).outcome == "pass":
        assert verdict(loose, found).outcome == "pass"
