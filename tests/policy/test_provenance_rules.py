"""Rules over where evidence comes from: what is not known is never a pass."""

from __future__ import annotations

import copy
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from policy_cases import DIGEST, evidence, measured, plan, policy, run_folder

from governance.policy import LoadedPolicy, decide, judge_all, policy_digest
from governance.policy.verdicts.provenance import Circumstances

TODAY = dt.date(2026, 11, 25)


def asked(check: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "r", "title": "-", "rationale": "-", "provenance": check, **more}


def outcome(check: dict[str, Any], lock: Any = None, found: Any = (), **about: Any) -> tuple[str, str]:
    body, lock = evidence(found or [measured(0.9, 0.8, 1.0)]), lock or plan()
    (made,) = judge_all(policy(asked(check)), body, lock, None, Circumstances(body, lock, TODAY, **about))
    assert made.bar == {
        "provenance": policy(asked(check)).rules[0].provenance.model_dump(mode="json", exclude_none=True)
    }
    return str(made.outcome), made.sentence


def stated(**facts: Any) -> dict[str, Any]:
    lock = copy.deepcopy(plan())
    lock["spec"]["facts"] = facts
    return lock


def fact(statement: str = "For adults.", review_by: str = "2027-01-01") -> dict[str, Any]:
    return {"statement": statement, "owner": "A. Person", "date": "2026-01-01", "review_by": review_by}


def shares(**counts: Any) -> dict[str, Any]:
    lock = copy.deepcopy(plan())
    lock["datasets"]["test"]["shares"] = counts
    return lock


@pytest.mark.parametrize(
    ("check", "lock", "expected", "said"),
    [
        ({"device": ["cpu", "cuda"]}, None, "pass", "computed on cpu"),
        ({"device": ["cuda"]}, None, "fail", "computed on cpu, not cuda"),
        ({"precision": ["float32"]}, None, "pass", "float32"),
        ({"precision": ["float16", "bfloat16"]}, None, "fail", "float32, not float16 or bfloat16"),
        ({"facts": ["purpose"]}, stated(purpose=fact()), "pass", "purpose is stated"),
        ({"facts": ["purpose", "users"]}, stated(purpose=fact()), "fail", "not stated: users"),
        ({"facts": ["purpose"]}, stated(purpose=fact(review_by="2026-11-25")), "pass", "not due"),
        ({"facts": ["purpose"]}, stated(purpose=fact(review_by="2026-11-24")), "fail", "by A. Person, due 2026-11-24"),
        ({"facts": ["purpose"]}, stated(purpose=fact("To be filled in: who?")), "fail", "not filled in: purpose"),
        ({"dataset_digest": {"test": DIGEST}}, None, "pass", "as declared"),
        ({"dataset_digest": {"test": "0" * 64}}, None, "fail", "test has dddddddddddd"),
        ({"dataset_digest": {"tset": DIGEST}}, None, "not_measured", "no dataset tset"),
        ({"no_patient_in_both": ["test", "train"]}, shares(train=0), "pass", "no patient is in two of test, train"),
        ({"no_patient_in_both": ["test", "train"]}, shares(train=3), "fail", "3 patients in test and train"),
        ({"no_patient_in_both": ["test", "train"]}, None, "not_measured", "cannot be told"),
        ({"no_patient_in_both": ["test", "other"]}, shares(train=0), "not_measured", "no dataset other"),
    ],
)
def test_what_is_asked_of_a_run(check: dict[str, Any], lock: Any, expected: str, said: str) -> None:
    found, sentence = outcome(check, lock)
    assert found == expected
    assert said in sentence


@pytest.mark.parametrize(
    ("measured_on", "expected", "said"),
    [
        (TODAY, "pass", "0 days before"),
        (TODAY - dt.timedelta(days=30), "pass", "within 30"),
        (TODAY - dt.timedelta(days=31), "fail", "more than 30"),
        (TODAY + dt.timedelta(days=1), "not_measured", "after the day of the decision"),
        (None, "not_measured", "does not say when it ended"),
    ],
)
def test_measurements_get_old(measured_on: Any, expected: str, said: str) -> None:
    found, sentence = outcome({"measured_within_days": 30}, measured_on=measured_on)
    assert found == expected
    assert said in sentence


@pytest.mark.parametrize(
    ("lineage", "expected", "said"),
    [
        (None, "fail", "no licence"),
        ((), "pass", "nothing is left to settle"),
        (("base X is unknown",), "fail", "base X is unknown"),
    ],
)
def test_a_licence_must_carry_what_it_builds_on(lineage: Any, expected: str, said: str) -> None:
    found, sentence = outcome({"licence_lineage": "clean"}, lineage=lineage)
    assert (found, said in sentence) == (expected, True)


@pytest.mark.parametrize(("count", "expected"), [(0, "not_measured"), (2, "fail"), (5, "pass")])
def test_seeds_are_counted(count: int, expected: str) -> None:
    found = [measured(0.9, 0.8, 1.0, seed=seed, fraction=0.1) for seed in range(count)]
    assert outcome({"seeds": {"evaluator": "fairness", "at_least": 5}}, None, found)[0] == expected


@pytest.mark.parametrize(
    ("check", "message"),
    [({}, "exactly one"), ({"device": ["cpu"], "facts": ["a"]}, "exactly one"), ({"device": ["tpu"]}, "device")],
)
def test_a_rule_asks_one_known_thing(check: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        policy(asked(check))


def test_the_decision_carries_the_day_where_it_plays_a_part_and_only_there(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", [measured(0.9, 0.8, 1.0)])
    folder.run_json.write_text(json.dumps({"finished_at": "2026-11-20T10:00:00+00:00"}))

    def decided(check: dict[str, Any]) -> Any:
        content = policy(asked(check))
        return decide(folder, LoadedPolicy(content, policy_digest(content), {}), today=TODAY)

    aged = decided({"measured_within_days": 5})
    assert (aged.decided_on, int(aged.exit_code)) == (TODAY, 0)
    assert decided({"device": ["cpu"]}).decided_on is None
