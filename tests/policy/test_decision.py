"""The record before the run, the decision's file, its exit code and its one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from policy_cases import measured, missing, policy, rule, run_folder

from governance.errors import ExitCode, InputError, TamperError
from governance.evidence.canonical import readable_json
from governance.evidence.folder import RunFolder
from governance.policy import LoadedPolicy, Policy, decide, lock, locked_policy, policy_digest, requests
from governance.policy.model import Decision

CLEARS = measured(0.86, 0.82, 0.90)


def loaded(content: Policy) -> LoadedPolicy:
    return LoadedPolicy(content, policy_digest(content), {one.id: 7 for one in content.rules})


def named(name: str, bar: float, severity: str = "block", metric: str = "sensitivity") -> dict[str, object]:
    return rule(f"fairness / {metric} on test", {"at_least": bar}, id=name, severity=severity)


PASSES, FAILS, UNDECIDED, ABSENT = named("a", 0.8), named("b", 0.95), named("c", 0.85), named("d", 0.8, metric="auroc")


@pytest.mark.parametrize(
    ("rules", "code", "summary"),
    [
        ([], 0, "No bar is set: this policy only reports."),
        ([PASSES], 0, "No blocking rule stands in the way."),
        ([PASSES, {**FAILS, "severity": "warn"}], 0, "No blocking rule stands in the way; 1 warning."),
        ([{**FAILS, "severity": "info"}], 0, "No blocking rule is set."),
        ([PASSES, UNDECIDED], 3, "Not released: 1 blocking rule is inconclusive."),
        ([PASSES, ABSENT, UNDECIDED], 4, "Not released: 1 blocking rule is not measured, 1 is inconclusive."),
        (
            [FAILS, {**FAILS, "id": "e"}, ABSENT],
            1,
            "Not released: 2 blocking rules failed, 1 is not measured.",
        ),
    ],
)
def test_the_outcome_follows_from_the_blocking_rules(
    tmp_path: Path, rules: list[dict[str, object]], code: int, summary: str
) -> None:
    decision = decide(run_folder(tmp_path / "run", [CLEARS]), loaded(policy(*rules)))
    assert decision.exit_code is ExitCode(code)
    assert decision.summary == summary


def test_the_decision_is_written_under_the_digest_of_its_policy(tmp_path: Path) -> None:
    folder, under = run_folder(tmp_path / "run", [CLEARS]), loaded(policy(PASSES, FAILS))
    decision = decide(folder, under)
    path = folder.decisions / f"{under.digest[:16]}.json"
    assert Decision.model_validate_json(path.read_bytes()) == decision
    assert decision.evidence_digest == folder.evidence_digest()
    assert [verdict.line for verdict in decision.verdicts] == [7, 7]
    before = path.read_bytes()
    decide(folder, under)
    assert path.read_bytes() == before


def test_a_policy_that_was_recorded_before_the_run_is_said_to_be(tmp_path: Path) -> None:
    folder, under = RunFolder(tmp_path / "run"), loaded(policy(PASSES))
    assert lock(folder, under)
    run_folder(folder.path, [CLEARS])
    assert decide(folder, under).recorded_before_run


def test_a_policy_that_came_after_the_run_is_not_recorded_any_more(tmp_path: Path) -> None:
    folder, under = run_folder(tmp_path / "run", [CLEARS]), loaded(policy(PASSES))
    assert not lock(folder, under)
    assert not folder.policy_lock.exists()
    assert not decide(folder, under).recorded_before_run


def test_another_policy_does_not_replace_the_one_recorded_first(tmp_path: Path) -> None:
    folder, first, second = RunFolder(tmp_path / "run"), loaded(policy(PASSES)), loaded(policy(FAILS))
    lock(folder, first)
    assert not lock(folder, second)
    run_folder(folder.path, [CLEARS])
    assert not decide(folder, second).recorded_before_run
    assert decide(folder, first).recorded_before_run


def test_the_recorded_policy_comes_back_whole(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    under = loaded(policy(FAILS, PASSES, groups={"sex": ["F", "M"]}, owner={"name": "a", "role": "b"}))
    lock(folder, under)
    again = locked_policy(folder)
    assert (again.digest, dict(again.lines)) == (under.digest, {"a": 7, "b": 7})
    assert policy_digest(again.policy) == under.digest


def test_a_changed_record_is_refused(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    lock(folder, loaded(policy(FAILS)))
    content = json.loads(folder.policy_lock.read_bytes())
    content["policy"]["rules"][0]["bar"]["at_least"] = 0.1
    folder.policy_lock.write_text(json.dumps(content))
    with pytest.raises(InputError, match="does not fit its digest"):
        locked_policy(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"policy": {}, "digest": 1, "lines": []}', "null", "[[["])
def test_a_malformed_record_is_bad_input(tmp_path: Path, text: str) -> None:
    folder = RunFolder(tmp_path)
    folder.policy_lock.write_text(text)
    with pytest.raises(InputError):
        locked_policy(folder)


def test_a_run_without_a_record_asks_for_a_policy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no policy was recorded"):
        locked_policy(RunFolder(tmp_path))


@pytest.mark.parametrize("gone", ["spec.lock.json", "evidence.json"])
def test_a_run_without_plan_or_evidence_is_bad_input(tmp_path: Path, gone: str) -> None:
    folder = run_folder(tmp_path / "run", [CLEARS])
    (folder.path / gone).unlink()
    with pytest.raises(InputError, match=gone):
        decide(folder, loaded(policy(PASSES)))


def test_a_plan_that_was_changed_after_the_run_is_told_from_its_own(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", [CLEARS])
    content = json.loads(folder.spec_lock.read_bytes())
    content["datasets"]["test"]["attributes"] = {}
    folder.spec_lock.write_bytes(readable_json(content))
    with pytest.raises(TamperError, match="the plan beside it determines"):
        decide(folder, loaded(policy(PASSES)))


def test_the_digest_is_of_the_content_only() -> None:
    one = policy(PASSES, {**FAILS, "supports": ["x", "y"]})
    other = policy({**FAILS, "supports": ["y", "x"]}, {**PASSES, "severity": "block", "minimum": {}})
    assert policy_digest(one) == policy_digest(other)
    long = {**PASSES, "measure": {"dataset": "test", "metric": "sensitivity", "evaluator": "fairness"}}
    assert policy_digest(policy(long)) == policy_digest(policy(PASSES))
    assert policy_digest(policy(PASSES)) != policy_digest(policy({**PASSES, "bar": {"at_least": 0.81}}))


def test_requests_say_what_must_be_measured_in_an_order_of_their_own() -> None:
    worst = {"evaluator": "fairness", "metric": "sensitivity", "dataset": "test"}
    reader = {"evaluator": "robustness", "metric": "auroc", "condition": "reader"}
    rules = [
        PASSES,
        rule({**worst, "worst": "sex x age"}, {"at_least": 0.7}, id="w"),
        rule({**worst, "difference": "sex"}, {"at_most": 0.1}, id="g"),
        rule(reader, {"not_worse_than": "clean", "by": 0.03}, id="n"),
        {**PASSES, "id": "again"},
    ]
    asked = requests(policy(*rules))
    assert asked == requests(policy(*reversed(rules)))
    assert [(r.metric, r.estimand, r.over, r.condition) for r in asked] == [
        ("sensitivity", "difference", "sex", None),
        ("sensitivity", "value", None, None),
        ("sensitivity", "worst", "sex x age", None),
        ("auroc", "difference", None, "reader"),
    ]


def test_what_was_not_measured_stays_in_the_decision(tmp_path: Path) -> None:
    decision = decide(run_folder(tmp_path / "run", [missing("no positives")]), loaded(policy(PASSES)))
    assert decision.exit_code is ExitCode.NOT_MEASURED
    assert decision.verdicts[0].sentence == "not measured: no positives"
