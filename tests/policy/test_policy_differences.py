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
