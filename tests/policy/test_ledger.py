"""How often a test set was looked at for a model line: counted once per decision, and noticed when it was changed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from policy_cases import DIGEST, interval, measured, plan, policy, rule, run_folder

from governance.errors import ExitCode, TamperError
from governance.evidence.canonical import readable_json
from governance.evidence.folder import RunFolder, run_id_of
from governance.policy import Decision, LoadedPolicy, Outcome, Policy, decide, policy_digest
from governance.policy.ledger import HEAD, LEDGER, read

PLANNED = {"looks": {"planned": 5}}


def bars(at_least: float = 0.8, severity: str = "block", **more: Any) -> Policy:
    return policy(rule("fairness / sensitivity on test", {"at_least": at_least}, severity=severity), **more)


def run(path: Path, value: float = 0.86, *, model: str = "nodules", level: float = 0.95, lock: Any = None) -> RunFolder:
    """A run of one model; another value is other evidence."""
    around = interval(value - 0.03, value + 0.03, level)
    folder = run_folder(path, [measured(value, interval=around, interval_reason=None)], lock)
    content = json.loads(folder.evidence_json.read_bytes())
    content["provenance"]["subject"] = {"name": model, "version": "1"}
    folder.evidence_json.write_bytes(readable_json(content))
    return folder


def decided(folder: RunFolder, under: Policy) -> Decision:
    return decide(folder, LoadedPolicy(under, policy_digest(under), {}))


def numbers(decision: Decision) -> list[tuple[str, int]]:
    return [(look.dataset, look.number) for look in decision.looks]


def test_every_decision_about_new_evidence_is_a_look_and_later_ones_are_exploratory(tmp_path: Path) -> None:
    first, second, third = (
        decided(run(tmp_path / name, v), bars()) for name, v in zip("abc", (0.86, 0.87, 0.9), strict=True)
    )
    assert [numbers(one) for one in (first, second, third)] == [[("test", n)] for n in (1, 2, 3)]
    assert first.exploratory is None
    assert second.exploratory is not None
    assert third.exploratory == (
        "the 3rd decision about nodules on this test set (test); thresholds and models may have been fitted to it"
    )
    assert [(event.run_id, event.again) for event in read(tmp_path)] == [(run_id_of(plan()), False)] * 3


def test_the_same_decision_again_is_no_look_and_has_the_same_bytes(tmp_path: Path) -> None:
    folder = run(tmp_path / "a")
    decided(folder, bars())
    (path,) = folder.decisions.iterdir()
    before, ledger = path.read_bytes(), (tmp_path / LEDGER).read_bytes()
    decided(run(tmp_path / "b", 0.9), bars())
    longer = (tmp_path / LEDGER).read_bytes()
    decided(folder, bars())
    assert path.read_bytes() == before
    assert (tmp_path / LEDGER).read_bytes() == longer
    assert longer.startswith(ledger), "what was entered stays"


def test_the_same_evidence_under_another_policy_is_a_look_and_marked_as_decided_again(tmp_path: Path) -> None:
    folder = run(tmp_path / "a")
    decided(folder, bars())
    again = decided(folder, bars(0.7))
    assert numbers(again) == [("test", 2)]
    assert "on evidence that had been decided on before" in str(again.exploratory)
    assert [event.again for event in read(tmp_path)] == [False, True]


def test_another_model_line_and_other_data_have_looks_of_their_own(tmp_path: Path) -> None:
    decided(run(tmp_path / "a"), bars())
    other = decided(run(tmp_path / "b", model="contours"), bars())
    assert (numbers(other), other.exploratory) == ([("test", 1)], None)
    lock = plan()
    lock["datasets"]["test"]["digest"] = "f" * 64
    fresh = decided(run(tmp_path / "c", lock=lock), bars())
    assert (numbers(fresh), fresh.exploratory) == ([("test", 1)], None)


def test_a_test_set_under_another_name_is_the_same_test_set(tmp_path: Path) -> None:
    decided(run(tmp_path / "a"), bars())
    lock = plan()
    lock["datasets"]["holdout"] = lock["datasets"].pop("test")
    renamed = policy(rule("fairness / sensitivity on holdout", {"at_least": 0.8}))
    assert lock["datasets"]["holdout"]["digest"] == DIGEST
    assert numbers(decided(run(tmp_path / "b", lock=lock), renamed)) == [("holdout", 2)]


@pytest.mark.parametrize(
    "under",
    [policy(), bars(severity="warn"), policy(rule("fairness / sensitivity on train", {"at_least": 0.8}))],
    ids=["report only", "warns only", "rests on training data"],
)
def test_what_no_blocking_rule_on_testing_data_rests_on_is_not_counted(tmp_path: Path, under: Policy) -> None:
    decision = decided(run(tmp_path / "a"), under)
    assert (decision.looks, decision.exploratory) == ((), None)
    assert not (tmp_path / LEDGER).exists()


def test_planned_looks_spend_their_share_and_confirm_until_the_plan_is_used_up(tmp_path: Path) -> None:
    under = bars(looks={"planned": 2})
    found = [decided(run(tmp_path / f"{v}", v, level=0.975), under) for v in (0.86, 0.87, 0.88)]
    assert [one.verdicts[0].outcome for one in found] == [Outcome.PASS] * 3
    assert [one.exploratory for one in found] == [
        None,
        None,
        "the 3rd decision about nodules on this test set (test); 2 were planned",
    ]
    assert [(look.number, look.planned) for look in found[1].looks] == [(2, 2)]


def test_an_interval_of_the_usual_level_is_not_enough_for_a_planned_look(tmp_path: Path) -> None:
    decision = decided(run(tmp_path / "a"), bars(**PLANNED))
    assert decision.exit_code is ExitCode.NOT_MEASURED
    assert "each of 5 planned looks needs 0.99; set settings.level: 0.99" in decision.verdicts[0].sentence
    assert decided(run(tmp_path / "b", level=0.99), bars(**PLANNED)).exit_code is ExitCode.OK


@pytest.mark.parametrize(("level", "outcome"), [(0.95, Outcome.NOT_MEASURED), (0.99, Outcome.PASS)])
def test_expressions_need_the_level_of_a_planned_look_too(tmp_path: Path, level: float, outcome: Outcome) -> None:
    one = {"id": "e", "title": "An expression", "expression": "s.low >= 0.8", "rationale": "because"}
    under = policy({**one, "inputs": {"s": "fairness / sensitivity on test"}}, **PLANNED)
    assert decided(run(tmp_path / "a", level=level), under).verdicts[0].outcome is outcome


def test_a_plan_that_was_made_after_a_look_confirms_nothing(tmp_path: Path) -> None:
    decided(run(tmp_path / "a"), bars())
    late = decided(run(tmp_path / "b", 0.9, level=0.99), bars(**PLANNED))
    assert "not all earlier ones were planned as one of 5" in str(late.exploratory)


def lines_of(runs: Path) -> list[bytes]:
    return (runs / LEDGER).read_bytes().splitlines(keepends=True)


def changed(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"number":2', b'"number":1'), lines[2]]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (changed, 2),
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: [lines[0], lines[2], lines[1]], 2),
        (lambda lines: lines[1:], 1),
        (lambda lines: lines[:2], 3),
        (lambda lines: [], 1),
        (lambda lines: [*lines[:2], lines[2][:40]], 3),
        (lambda lines: [*lines[:2], b"[]\n", lines[2]], 3),
        (lambda lines: [*lines, lines[2]], 4),
    ],
    ids=["changed", "removed", "moved", "first gone", "last gone", "emptied", "cut", "foreign", "twice"],
)
def test_a_ledger_that_is_not_what_was_written_stops_the_decision_and_names_the_line(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], line: int
) -> None:
    for name, value in zip("abc", (0.86, 0.87, 0.88), strict=True):
        decided(run(tmp_path / name, value), bars())
    (tmp_path / LEDGER).write_bytes(b"".join(change(lines_of(tmp_path))))
    with pytest.raises(TamperError, match=rf"{LEDGER}:{line}: ") as caught:
        decided(run(tmp_path / "d", 0.9), bars())
    assert caught.value.exit_code is ExitCode.FAILED
    assert not (tmp_path / "d" / "decisions").exists()


def test_a_whole_other_ledger_with_fitting_digests_is_noticed(tmp_path: Path) -> None:
    for name, value in zip("ab", (0.86, 0.87), strict=True):
        decided(run(tmp_path / "runs" / name, value), bars())
        decided(run(tmp_path / "other" / name, value + 0.01), bars())
    (tmp_path / "runs" / LEDGER).write_bytes((tmp_path / "other" / LEDGER).read_bytes())
    with pytest.raises(TamperError, match=rf"{LEDGER}:2: this is not the event"):
        read(tmp_path / "runs")


def test_a_missing_ledger_is_noticed_by_its_head_and_without_either_counting_begins_anew(tmp_path: Path) -> None:
    decided(run(tmp_path / "a"), bars())
    (tmp_path / LEDGER).unlink()
    with pytest.raises(TamperError, match="the ledger is missing"):
        decided(run(tmp_path / "b", 0.9), bars())
    (tmp_path / HEAD).unlink()
    assert numbers(decided(run(tmp_path / "b", 0.9), bars())) == [("test", 1)]


def test_a_process_that_ended_before_it_wrote_the_head_loses_nothing(tmp_path: Path) -> None:
    decided(run(tmp_path / "a"), bars())
    head = (tmp_path / HEAD).read_bytes()
    decided(run(tmp_path / "b", 0.9), bars())
    (tmp_path / HEAD).write_bytes(head)
    assert numbers(decided(run(tmp_path / "c", 0.91), bars())) == [("test", 3)]


def test_decisions_of_several_processes_at_once_are_each_entered_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "from test_ledger import bars, decided, run; runs, which = Path(sys.argv[2]), int(sys.argv[3]);"
        "[decided(run(runs / f'{which}-{i}', 0.8 + which / 100 + i / 1000), bars()) for i in range(8)]"
    )
    command = [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path)]
    started = [subprocess.Popen([*command, str(which)]) for which in range(3)]
    assert [process.wait(120) for process in started] == [0, 0, 0]
    assert [event.number for event in read(tmp_path)] == list(range(1, 25))
