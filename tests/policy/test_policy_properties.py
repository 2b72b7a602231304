"""What must hold for every policy and all evidence: nobody gets a release by setting evidence aside."""

from __future__ import annotations

import copy
import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_cases import (
    AGE,
    DIGEST,
    SEX,
    against_clean,
    evidence,
    interval,
    measured,
    missing,
    pairs,
    plan,
    policy,
    rule,
)

from governance.errors import ExitCode
from governance.evidence.model import Condition, Measurement
from governance.policy import Outcome, exit_code, judge_all, policy_digest, summarise
from governance.policy.selecting import Bar
from governance.policy.verdicts.provenance import Circumstances, checked
from governance.policy.verdicts.region import region_of
from governance.policy.waivers import WAIVABLE, Waiver, Waivers

TODAY = dt.date(2026, 11, 25)

PERCENT = st.integers(0, 100).map(lambda n: n / 100)
RATIOS = st.integers(50, 200).map(lambda n: n / 100)
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
    found.append(draw(numbers(estimand="mean", over="sex")))
    for group in SEX:
        found.append(draw(numbers(slice={"sex": group}, metric="selection_rate", direction="none")))
    low, high = sorted((draw(RATIOS), draw(RATIOS)))
    found.append(
        measured(
            (low + high) / 2,
            estimand="ratio",
            metric="selection_rate",
            slice={"sex": SEX[0]},
            reference={"sex": SEX[1]},
            over="sex",
            interval=interval(low, high, 0.9),
            interval_reason=None,
            simultaneous=interval(low * 0.98, high * 1.02, family="all") if draw(st.booleans()) else None,
        )
    )
    found += [draw(numbers(fraction=0.1, seed=seed)) for seed in range(draw(st.integers(0, 4)))]
    for severity in (1, 2, 3):
        value, low, high = draw(ranges())
        found += against_clean((value - 0.5, low - 0.5, high - 0.5), Condition(name="erosion", severity=severity))
    return list({m.id: m for m in found}.values())


def _of(metric: str, **more: Any) -> dict[str, Any]:
    return {"evaluator": "fairness", "metric": metric, "dataset": "test", **more}


NAMED = {"title": "A rule", "rationale": "because"}
EXPRESSIONS = {
    "one": "sens.low >= {b}",
    "either": "sens.low >= {b} || (women.low >= {b} && brier.high <= 1.0 - {b})",
    "counts": "sens.low >= {b} && sens.patients >= 20.0 && sens.events > 5.0",
    "gap": "women.low - men.high >= {b} - 1.0 && men.low - women.high >= {b} - 1.0",
    "mixed": "[sens.low, women.low, men.low].exists(x, x >= {b}) && brier.high <= 1.0 - {b}",
}
"""Expressions that are harder to meet the larger b is."""
CHECKS: tuple[dict[str, Any], ...] = (
    {"device": ["cpu"]},
    {"precision": ["float16"]},
    {"seeds": {"evaluator": "fairness", "at_least": 2}},
    {"measured_within_days": 30},
    {"facts": ["purpose", "users"]},
    {"licence_lineage": "clean"},
    {"dataset_digest": {"test": DIGEST, "train": "e" * 64}},
    {"no_patient_in_both": ["test", "train"]},
)


def expression(name: str, bound: float, **more: Any) -> dict[str, Any]:
    inputs = {
        "sens": _of("sensitivity"),
        "women": _of("sensitivity", slice={"sex": "F"}),
        "men": _of("sensitivity", slice={"sex": "M"}),
        "brier": _of("brier_score"),
    }
    text = EXPRESSIONS[name].format(b=bound)
    used = {key: selector for key, selector in inputs.items() if f"{key}." in text}
    return {**NAMED, "id": f"e-{name}", "expression": text, "inputs": used, "bound": bound, **more}


@st.composite
def circumstances(draw: st.DrawFn) -> dict[str, Any]:
    """What provenance rules are held against: good, bad or not known."""
    lock = copy.deepcopy(plan())
    facts = {
        name: {
            "statement": draw(st.sampled_from(["For adults.", "To be filled in"])),
            "owner": "A. Person",
            "review_by": draw(st.sampled_from(["2027-01-01", "2026-01-01", "soon"])),
        }
        for name in draw(st.sets(st.sampled_from(["purpose", "users"])))
    }
    lock["spec"]["facts"] = facts
    shares = draw(st.sampled_from([None, {}, {"train": 0}, {"train": 3}]))
    if shares is not None:
        lock["datasets"]["test"]["shares"] = shares
    lock["datasets"]["train"]["digest"] = draw(st.sampled_from(["e", "f"])) * 64
    return {
        "plan": lock,
        "measured_on": draw(st.sampled_from([None, *(TODAY - dt.timedelta(days=days) for days in (-1, 0, 31))])),
        "lineage": draw(st.sampled_from([None, (), ("the base is unknown",)])),
    }


GONE = ("facts", "a fact", "shares", "a dataset", "a digest", "day", "lineage")


def without(what: str, about: dict[str, Any]) -> dict[str, Any]:
    """Take away something that provenance rules ask for."""
    less = copy.deepcopy(about)
    lock = less["plan"]
    if what == "facts":
        lock["spec"].pop("facts", None)
    elif what == "a fact":
        lock["spec"]["facts"].pop("users", None)
    elif what == "shares":
        lock["datasets"]["test"].pop("shares", None)
    elif what == "a dataset":
        del lock["datasets"]["train"]
    elif what == "a digest":
        del lock["datasets"]["train"]["digest"]
    else:
        less["measured_on" if what == "day" else "lineage"] = None
    return less


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
        (
            {"evaluator": "robustness", "metric": "auroc", "condition": "erosion"},
            lambda b: {"equivalent_within": b, "to": "clean"},
        ),
        (_of("sensitivity"), lambda b: {"within": [b / 2, 0.5 + b / 2]}),
        (_of("sensitivity", difference="age"), lambda b: {"equivalent_within": b}),
        (_of("sensitivity", mean="sex"), lambda b: {"at_least": b}),
        (_of("selection_rate", ratio="sex"), lambda b: {"at_least": b}),
        (_of("selection_rate", ratio="sex"), lambda b: {"within": [b, 1 / b]}),
    ]
    chosen = draw(st.lists(st.sampled_from(shapes), min_size=1, max_size=5))
    minimum = st.sampled_from([{}, {}, {"patients": 50}, {"events": 20}])
    severity = st.sampled_from(["block", "block", "warn", "info"])
    about_numbers = [
        rule(measure, bar(draw(HUNDREDTHS)), id=f"r{index}", severity=draw(severity), minimum=draw(minimum))
        for index, (measure, bar) in enumerate(chosen)
    ]
    names = st.lists(st.sampled_from(sorted(EXPRESSIONS)), max_size=2, unique=True)
    expressions = [
        expression(name, draw(HUNDREDTHS), severity=draw(severity), minimum=draw(minimum)) for name in draw(names)
    ]
    asked = draw(st.lists(st.sampled_from(CHECKS), max_size=2, unique_by=str))
    checks = [
        {**NAMED, "id": f"p{index}", "severity": draw(severity), "provenance": check}
        for index, check in enumerate(asked)
    ]
    return [*about_numbers, *expressions, *checks]


def written(content: list[dict[str, Any]]) -> Any:
    return policy(*({key: value for key, value in one.items() if key != "bound"} for one in content))


def outcomes(
    content: list[dict[str, Any]], found: list[Measurement], lock: Any = None, **about: Any
) -> dict[str, Outcome]:
    body, lock = evidence(found), lock or plan()
    verdicts = judge_all(written(content), body, lock, None, Circumstances(body, lock, TODAY, **about))
    return {v.rule: v.outcome for v in verdicts}


def stay_blocked(before: dict[str, Outcome], after: dict[str, Outcome]) -> bool:
    return all(outcome is Outcome.PASS or after[name] is not Outcome.PASS for name, outcome in before.items())


def tightened(one: dict[str, Any], by: float) -> dict[str, Any]:
    if "expression" in one:
        name = one["id"].removeprefix("e-")
        return {**one, "expression": EXPRESSIONS[name].format(b=min(1.0, one["bound"] + by))}
    if "provenance" in one:
        return one
    bar = dict(one["bar"])
    for key, sign in (("at_least", 1), ("at_most", -1), ("by", -1)):
        if key in bar:
            bar[key] = max(0.0, bar[key] + sign * by)
    if "equivalent_within" in bar:
        bar["equivalent_within"] = max(0.001, bar["equivalent_within"] - by)
    if "within" in bar:
        low, high = bar["within"]
        bar["within"] = [low + by * (high - low) / 3, high - by * (high - low) / 3]
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
    whole = judge_all(written(content), evidence(found), plan())
    rest = judge_all(written(content), evidence(kept), plan())
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


@settings(max_examples=150, deadline=None)
@given(rules(), bodies_of_evidence(), circumstances(), st.data())
def test_taking_away_what_is_known_of_a_run_never_frees_it(
    content: list[dict[str, Any]], found: list[Measurement], about: dict[str, Any], data: st.DataObject
) -> None:
    less = without(data.draw(st.sampled_from(GONE)), about)
    before, after = (
        outcomes(content, found, one["plan"], measured_on=one["measured_on"], lineage=one["lineage"])
        for one in (about, less)
    )
    assert stay_blocked(before, after)


def test_no_provenance_rule_passes_once_something_is_taken_away() -> None:
    def fact(statement: str, review_by: str) -> dict[str, str]:
        return {"statement": statement, "owner": "A. Person", "review_by": review_by}

    facts = [
        fact("For adults.", "2027-01-01"),
        fact("To be filled in", "2027-01-01"),
        fact("For adults.", "2026-01-01"),
    ]
    stated = [{"purpose": facts[0], "users": one} for one in facts] + [{"purpose": one} for one in facts]
    days = [None, TODAY, TODAY - dt.timedelta(31), TODAY + dt.timedelta(1)]
    body, passed = evidence([measured(0.9, 0.8, 1.0)]), set()
    asked = [policy({**NAMED, "id": "p", "provenance": check}).rules[0].provenance for check in CHECKS]
    for said, shared, digest, day, lineage in itertools.product(
        stated, [None, 0, 3], ["e" * 64, "f" * 64], days, [None, (), ("the base is unknown",)]
    ):
        about = {"plan": copy.deepcopy(plan()), "measured_on": day, "lineage": lineage}
        about["plan"]["spec"]["facts"] = said
        about["plan"]["datasets"]["train"]["digest"] = digest
        if shared is not None:
            about["plan"]["datasets"]["test"]["shares"] = {"train": shared}
        worlds = [about, *(without(what, about) for what in GONE)]
        for check in asked:
            whole, *rest = (checked(check, Circumstances(body, today=TODAY, **world))[0] for world in worlds)
            assert whole is Outcome.PASS or Outcome.PASS not in rest, (check, about)
            if whole is Outcome.PASS:
                passed.add(check.kind)
    assert passed == {
        "device",
        "measured_within_days",
        "facts",
        "licence_lineage",
        "dataset_digest",
        "no_patient_in_both",
    }


BARS: tuple[Any, ...] = (
    lambda b: {"at_least": b},
    lambda b: {"at_most": 1 - b},
    lambda b: {"within": [b / 2, 1.01 - b / 2]},
    lambda b: {"equivalent_within": 1 - b},
    lambda b: {"not_worse_than": "clean", "by": 1 - b},
    lambda b: {"equivalent_within": 1 - b, "to": "baseline"},
)
"""Bars that are harder to clear the larger b is."""


@pytest.mark.parametrize("bar", BARS)
@pytest.mark.parametrize("compared", [(False, False), (True, False), (False, True)])
@settings(max_examples=120, deadline=None)
@given(
    bounds=st.tuples(HUNDREDTHS, HUNDREDTHS),
    ends=st.tuples(*[st.integers(-60, 140).map(lambda n: n / 100)] * 4),
    side=st.sampled_from(["two", "two", "lower", "upper"]),
    direction=st.sampled_from(["higher", "lower", "none"]),
)
def test_what_clears_a_bar_clears_every_easier_one(
    bar: Any, bounds: tuple[float, float], ends: tuple[float, ...], side: Any, direction: Any, compared: Any
) -> None:
    easier, harder = (
        region_of(Bar(**bar(b)), direction=direction, is_difference=compared[0], is_ratio=compared[1])
        for b in sorted(bounds)
    )
    outer, low, high, other = sorted(ends)
    inside, outside = interval(low, high, side=side), interval(outer, other, family="all", side=side)
    if harder.where(inside, outside) is Outcome.PASS:
        assert easier.where(inside, outside) is Outcome.PASS
    if easier.where(inside, outside) is Outcome.FAIL:
        assert harder.where(inside, outside) is not Outcome.PASS


def turned_about(content: Any, random: Any) -> Any:
    """Put the keys of every mapping into another order."""
    if isinstance(content, dict):
        keys = list(content)
        random.shuffle(keys)
        return {key: turned_about(content[key], random) for key in keys}
    return [turned_about(item, random) for item in content] if isinstance(content, list) else content


@settings(max_examples=120, deadline=None)
@given(rules(), bodies_of_evidence(), circumstances(), st.randoms(use_true_random=False))
def test_the_order_of_rules_keys_inputs_and_evidence_never_matters(
    content: list[dict[str, Any]], found: list[Measurement], about: dict[str, Any], random: Any
) -> None:
    shuffled, turned = list(content), list(found)
    random.shuffle(shuffled)
    random.shuffle(turned)
    one, other = written(content), written(turned_about(shuffled, random))
    assert policy_digest(one) == policy_digest(other)
    verdicts, again = (
        judge_all(bars, body, lock, None, Circumstances(body, lock, TODAY, about["measured_on"], about["lineage"]))
        for bars, body, lock in (
            (one, evidence(found), about["plan"]),
            (other, evidence(turned), turned_about(about["plan"], random)),
        )
    )
    assert verdicts == again
    assert summarise(verdicts) == summarise(again)


@settings(max_examples=100, deadline=None)
@given(rules(), bodies_of_evidence(), st.data())
def test_a_waiver_sets_its_own_rule_aside_and_nothing_else(
    content: list[dict[str, Any]], found: list[Measurement], data: st.DataObject
) -> None:
    verdicts = judge_all(written(content), evidence(found), plan())
    names = data.draw(st.sets(st.sampled_from([v.rule for v in verdicts])))
    granted = {
        name: Waiver(
            rule=name, reason="-", owner="A. Person", granted_on=TODAY, expires_on=TODAY + dt.timedelta(9), model="m"
        )
        for name in names
    }
    after, unused = Waivers(granted, (), "0" * 64).applied(verdicts)
    for before, now in zip(verdicts, after, strict=True):
        if before.rule in names and before.outcome in WAIVABLE:
            assert (now.rule, now.outcome, now.waiver.without) == (before.rule, Outcome.WAIVED, before.outcome)
            assert before.sentence in now.sentence
            assert now.measurements == before.measurements
        else:
            assert now == before
    assert {one.rule for one in unused} == {v.rule for v in verdicts if v.rule in names and v.outcome is Outcome.PASS}


@settings(max_examples=150, deadline=None)
@given(rules(), bodies_of_evidence())
def test_every_verdict_is_one_sentence_without_a_trace_of_missing_numbers(
    content: list[dict[str, Any]], found: list[Measurement]
) -> None:
    for verdict in judge_all(written(content), evidence(found), plan()):
        assert verdict.sentence
        assert "\n" not in verdict.sentence
        assert not any(word in verdict.sentence for word in ("None", "nan", "inf", "e-0"))
        if verdict.outcome is Outcome.NOT_MEASURED:
            assert "not measured" in verdict.sentence
