"""Expressions over measurements: typed, bounded, and as uncertain as what they rest on."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_cases import evidence, measured, missing, plan, policy, rule, verdict

from governance.policy import judge_all
from governance.policy.lint import problems

pytest.importorskip("cel_expr_python")
INPUTS = {"sens": "fairness / sensitivity on test", "rank": "fairness / auroc on test"}
EITHER = "sens.low >= 0.8 || (sens.low >= 0.7 && rank.low >= 0.9)"


def expression(text: str, inputs: Any = None, **more: Any) -> dict[str, Any]:
    return {"id": "e", "title": "-", "rationale": "-", "expression": text, "inputs": inputs or INPUTS, **more}


def outcome(text: str, *found: Any, **more: Any) -> Any:
    return verdict(expression(text, **more), found)


def numbers(sens: tuple[float, float, float], rank: tuple[float, float, float]) -> list[Any]:
    return [measured(*sens), measured(*rank, metric="auroc")]


@pytest.mark.parametrize(
    ("sens", "rank", "expected"),
    [
        ((0.9, 0.85, 0.95), (0.8, 0.7, 0.9), "pass"),
        ((0.8, 0.75, 0.85), (0.95, 0.93, 0.97), "pass"),
        ((0.8, 0.75, 0.85), (0.8, 0.75, 0.85), "inconclusive"),
        ((0.74, 0.69, 0.79), (0.95, 0.93, 0.97), "inconclusive"),
        ((0.74, 0.71, 0.79), (0.8, 0.75, 0.85), "fail"),
        ((0.6, 0.5, 0.65), (0.95, 0.93, 0.97), "fail"),
    ],
)
def test_it_passes_at_the_adverse_ends_and_fails_only_beyond_the_favourable_ones(
    sens: tuple[float, float, float], rank: tuple[float, float, float], expected: str
) -> None:
    made = outcome(EITHER, *numbers(sens, rank))
    assert made.outcome == expected
    assert f"{sens[0]:.2f}" in made.sentence
    assert len(made.measurements) == 2
    assert made.bar == {"expression": EITHER}


@given(st.tuples(*[st.integers(0, 100).map(lambda n: n / 100)] * 3), st.integers(1, 99).map(lambda n: n / 100))
@settings(max_examples=60, deadline=None)
def test_a_bar_written_as_an_expression_gives_the_verdict_of_the_bar(ends: tuple[float, ...], bar: float) -> None:
    low, value, high = sorted(ends)
    found = [measured(value, low, high)]
    as_bar = verdict(rule("fairness / sensitivity on test", {"at_least": bar}), found)
    as_expression = outcome(f"sens.low >= {bar}", *found, inputs={"sens": INPUTS["sens"]})
    assert as_expression.outcome == as_bar.outcome


def test_an_input_that_is_missing_or_too_small_leaves_the_rule_not_measured() -> None:
    sens = measured(0.9, 0.85, 0.95)
    assert outcome(EITHER, sens).outcome == "not_measured"
    made = outcome(EITHER, sens, missing(metric="auroc"))
    assert (made.outcome, made.sentence) == ("not_measured", "not measured: rank: 12 patients, fewer than 30")
    small = outcome("sens.low > 0.5", sens, inputs={"sens": INPUTS["sens"]}, minimum={"patients": 1000})
    assert small.outcome == "not_measured"
    assert "412 patients; the rule asks for 1000" in small.sentence


def test_an_input_without_an_interval_has_no_ends() -> None:
    made = outcome("sens.low > 0.5", measured(0.9), inputs={"sens": INPUTS["sens"]})
    assert made.outcome == "not_measured"
    assert "low" in made.sentence
    point = outcome("sens.value > 0.5", measured(0.9), inputs={"sens": INPUTS["sens"]}, severity="warn")
    assert point.outcome == "pass"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sens.low >", "cannot be read"),
        ("sens.low", "must be true or false"),
        ("sens.low > 'a'", "cannot be read"),
        ("sens.lov > 0.5 && rank.low > 0.1", "did you mean 'low'"),
        ("other.low > 0.5", "cannot be read"),
        ("sens.low > 0.5", "does not name its input 'rank'"),
        ("sens.value > 0.5 && rank.low > 0.1", "cannot block"),
        ("sens.low > 0.5 && rank.low > 0.1 && " + "true && " * 200 + "true", "at most 1,000"),
        ("os.system('x') && sens.low > rank.low", "cannot be read"),
        ("(" * 400 + "sens.low > rank.low" + ")" * 400, "cannot be read"),
    ],
)
def test_what_is_wrong_with_an_expression_is_said_before_anything_runs(text: str, message: str) -> None:
    said = [f"{one.message} {one.hint}" for one in problems(policy(expression(text)))]
    assert any(message in one for one in said), said


def test_no_expression_takes_long() -> None:
    numbers = "[" + ",".join(map(str, range(40))) + "]"
    deep = numbers
    for depth in range(5):
        deep = f"{numbers}.map(x{depth}, {deep}.size())"
    text = f"{deep}.size() > 0 && sens.low > rank.low"
    started = time.perf_counter()
    (made,) = judge_all(
        policy(expression(text)), evidence([measured(0.9, 0.8, 1.0), measured(0.9, 0.8, 1.0, metric="auroc")]), plan()
    )
    assert time.perf_counter() - started < 5
    assert made.outcome == "not_measured"
    assert "could not be evaluated" in made.sentence
