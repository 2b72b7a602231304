"""What must hold for every policy and all evidence: nobody gets a release by setting evidence aside."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from policy_cases import AGE, SEX, against_clean, evidence, interval, measured, missing, pairs, plan, policy, rule

from governance.errors import ExitCode
from governance.evidence.model import Condition, Measurement
from governance.policy import Outcome, exit_code, judge_all, policy_digest, summarise

PERCENT = st.integers(0, 100).map(lambda n: n / 100)
HUNDREDTHS = st.integers(1, 99).map(lambda n: n / 100)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[float, float, float]:
    low, value, high = sorted(draw(PERCENT) for _ in range(3))
    return value, low, high


@st.composite
def numbers(draw: st.DrawFn, **fields: Any) -> Measurement:
    """A measurement that may be missing, without interval, exact or with a simultaneous interval."""
    kind = draw(st.sampled_from(["interval", "interval", "interval", "simultaneous", "point", "exact", "missing"]))
    value, low, high = draw(ranges())
    if kind == "missing":
        return missing(**fields)
    if kind in ("point", "exact"):
        return measured(value, **{**fields, "interval_reason": "exact" if kind == "exact" else "none"})
    wide = interval(max(0.0, low - 0.05), min(1.0, high + 0.05), family="all") if kind == "simultaneous" else None
    size = draw(st.integers(1, 500))
    return measured(
        value, low, high, **{**fields, "simultaneous": wide, "n": size, "events": draw(st.integers(0, size))}
    )


@st.composite
def bodies_of_evidence(draw: st.DrawFn) -> list[Measurement]:
    """Everything that the rules below may ask for."""
    found = [draw(numbers()), draw(numbers(metric="brier_score", direction="lower"))]
    found += [draw(numbers(slice={"sex": group})) for group in SEX]
    found += [draw(numbers(slice={"age": group})) for group in AGE]
    worst = draw(st.sampled_from(AGE))
    found.append(draw(numbers(slice={"age": worst}, estimand="worst", over="age")))
    low, high = sorted((draw(PERCENT) - 0.5, draw(PERCENT) - 0.5))
    beyond = (low - 0.02, high + 0.02) if draw(st.booleans()) else None
    found += pairs("age", AGE, low, high, beyond)
    for severity in (1, 2, 3):
        value, low, high = draw(ranges())
        found += against_clean((value - 0.5, low - 0.5, high - 0.5), Condition(name="erosion", severity=severity))
    return list({m.id: m for m in found}.values())


def _of(metric: str, **more: Any) -> dict[str, Any]:
    return {"evaluator": "fairness", "metric": metric, "dataset": "test", **more}


@st.composite
def rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    shapes: list[tuple[dict[str, Any], Any]] = [
        (_of("sensitivity"), lambda b: {"at_least": b}),
        (_of("brier_score"), lambda b: {"at_most": b}),
        (_of("sensitivity"), lambda b: {"within": [0.0, max(b, 0.01)]}),
        (_of("sensitivity", worst="sex"), lambda b: {"at_least": b}),
        (_of("sensitivity", worst="age"), lambda b: {"at_least": b}),
        (_of("sensitivity", difference="age"), lambda b: {"at_most": b}),
        (_of("sensitivity", worst="age"), lambda _: {"present": True}),
        (
            {"evaluator": "robustness", "metric": "auroc", "condition": "erosion"},
            lambda b: {"not_worse_than": "clean", "by": b},
        ),
    ]
    chosen = draw(st.lists(st.sampled_from(shapes), min_size=1, max_size=5))
    minimum = st.sampled_from([{}, {}, {"patients": 50}, {"events": 20}])
    severity = st.sampled_from(["block", "block", "warn", "info"])
    return [
        rule(measure, bar(draw(HUNDREDTHS)), id=f"r{index}", severity=draw(severity), minimum=draw(minimum))
        for index, (measure, bar) in enumerate(chosen)
    ]


def outcomes(content: list[dict[str, Any]], found: list[Measurement], lock: Any = None) -> dict[str, Outcome]:
    return {v.rule: v.outcome for v in judge_all(policy(*content), evidence(found), lock or plan())}


def tightened(one: dict[str, Any], by: float) -> dict[str, Any]:
    bar = dict(one["bar"])
    for key, sign in (("at_least", 1), ("at_most", -1), ("by", -1)):
        if key in bar:
            bar[key] = max(0.0, bar[key] + sign * by)
    if "within" in bar:
        bar["within"] = [bar["within"][0], max(bar["within"][1] - by, 0.001)]
    return {**one, "bar": bar}


@settings(max_examples=150, deadline=None)
@given(rules(), bodies_of_evidence(), HUNDREDTHS)
def test_tightening_a_bar_never_turns_anything_else_into_a_pass(
    content: list[dict[str, Any]], found: list[Measurement], by: float
) -> None:
    before = outcomes(content, found)
    after = outcomes([tightened(one, by) for one in content], found)
    assert {name for name, o in after.items() if o is Outcome.PASS} <= {
        name for name, o in before.items() if o is Outcome.PASS
    }


@settings(max_examples=150, deadline=None)
@given(rules(), bodies_of_evidence(), st.data())
def test_removing_evidence_never_frees_a_blocked_release(
    content: list[dict[str, Any]], found: list[Measurement], data: st.DataObject
) -> None:
    gone = data.draw(st.sets(st.sampled_from(range(len(found))), min_size=1))
    kept = [m for index, m in enumerate(found) if index not in gone]
    before, after = outcomes(content, found), outcomes(content, kept)
    for name, outcome in before.items():
        assert outcome is Outcome.PASS or after[name] is not Outcome.PASS
    whole = judge_all(policy(*content), evidence(found), plan())
    rest = judge_all(policy(*content), evidence(kept), plan())
    assert exit_code(whole) is ExitCode.OK or exit_code(rest) is not ExitCode.OK


@settings(max_examples=100, deadline=None)
@given(rules(), bodies_of_evidence(), st.sampled_from([("sex", g) for g in SEX] + [("age", g) for g in AGE]))
def test_removing_all_evidence_on_a_group_never_frees_a_blocked_release(
    content: list[dict[str, Any]], found: list[Measurement], group: tuple[str, str]
) -> None:
    attribute, name = group
    kept = [m for m in found if name not in (m.slice.get(attribute), (m.reference or {}).get(attribute))]
    before, after = outcomes(content, found), outcomes(content, kept)
    assert all(o is Outcome.PASS or after[rule_id] is not Outcome.PASS for rule_id, o in before.items())


@settings(max_examples=60, deadline=None)
@given(rules(), bodies_of_evidence(), st.sampled_from(["evaluators", "datasets", "conditions"]))
def test_a_plan_that_lacks_what_a_rule_asks_for_never_frees_it(
    content: list[dict[str, Any]], found: list[Measurement], part: str
) -> None:
    lock = copy.deepcopy(plan())
    lock[part] = {}
    before, after = outcomes(content, found), outcomes(content, found, lock)
    assert all(o is Outcome.PASS or after[rule_id] is not Outcome.PASS for rule_id, o in before.items())


@settings(max_examples=80, deadline=None)
@given(rules(), bodies_of_evidence(), st.randoms(use_true_random=False))
def test_the_order_of_rules_and_of_evidence_never_matters(
    content: list[dict[str, Any]], found: list[Measurement], random: Any
) -> None:
    shuffled, turned = list(content), list(found)
    random.shuffle(shuffled)
    random.shuffle(turned)
    one, other = policy(*content), policy(*shuffled)
    assert policy_digest(one) == policy_digest(other)
    verdicts = judge_all(one, evidence(found), plan())
    assert verdicts == judge_all(other, evidence(turned), plan())
    assert summarise(verdicts) == summarise(judge_all(other, evidence(turned), plan()))


@settings(max_examples=150, deadline=None)
@given(rules(), bodies_of_evidence())
def test_every_verdict_is_one_sentence_without_a_trace_of_missing_numbers(
    content: list[dict[str, Any]], found: list[Measurement]
) -> None:
    for verdict in judge_all(policy(*content), evidence(found), plan()):
        assert verdict.sentence
        assert "\n" not in verdict.sentence
        assert not any(word in verdict.sentence for word in ("None", "nan", "inf", "e-0"))
        if verdict.outcome is Outcome.NOT_MEASURED:
            assert "not measured" in verdict.sentence
