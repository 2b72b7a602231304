"""A policy is tried on runs whose verdicts are known; whatever is wrong with the trials is said, never a traceback."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import pytest
from policy_cases import measured, missing, run_folder

from governance.errors import GovernanceError, InputError
from governance.evidence.folder import RunFolder
from governance.policy import load_policy
from governance.policy.naming import policy_or_decision
from governance.policy.trials import Tried, tried

TODAY = dt.date(2026, 11, 25)
POLICY = """\
policy: p
version: "1"
rules:
  - {id: bar, title: T, measure: fairness / sensitivity on test, bar: {at_least: 0.9}, rationale: R}
  - {id: recent, title: T, provenance: {measured_within_days: 30}, rationale: R}
"""
TRIALS = """\
version: 1
trials:
  - {run: good, expect: {bar: pass}}
  - {run: bad, expect: {bar: {verdict: fail, says: 0.90}}}
  - {run: open, title: Too few to tell, expect: {bar: inconclusive}}
  - {run: empty, expect: {bar: not_measured}}
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "trials.yaml").write_text(TRIALS)
    for name, found in {
        "good": measured(0.95, 0.92, 0.97),
        "bad": measured(0.7, 0.6, 0.8),
        "open": measured(0.9, 0.8, 0.95),
        "empty": missing(),
    }.items():
        run_folder(tmp_path / name, [found])
    return tmp_path


def results(folder: Path, today: dt.date = TODAY) -> list[Tried]:
    return list(tried(load_policy(folder / "policy.yaml"), folder / "trials.yaml", today))


def test_every_verdict_can_be_expected(here: Path) -> None:
    found = results(here)
    assert [one.found for one in found] == ["pass", "fail", "inconclusive", "not_measured"]
    assert all(one.as_expected for one in found)
    assert found[2].trial == "Too few to tell"


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("{bar: pass}", "{bar: fail}", 0),
        ("says: 0.90", "says: 0.99", 1),
        ("{bar: inconclusive}", "{bar: not_measured}", 2),
        ("{bar: not_measured}", "{bar: waived}", 3),
    ],
)
def test_another_verdict_or_another_sentence_is_told(here: Path, old: str, new: str, wrong: int) -> None:
    (here / "trials.yaml").write_text(TRIALS.replace(old, new))
    assert [index for index, one in enumerate(results(here)) if not one.as_expected] == [wrong]


def test_the_day_of_a_trial_can_be_set(here: Path) -> None:
    run = RunFolder(here / "good")
    run.write_json(run.run_json, {"finished_at": "2026-01-10T10:00:00+00:00"})
    trial = "{run: good, on: 2026-01-20, expect: {recent: pass}}"
    (here / "trials.yaml").write_text(f"version: 1\ntrials: [{trial}]")
    assert results(here)[0].as_expected
    (here / "trials.yaml").write_text(f"version: 1\ntrials: [{trial.replace('2026-01-20', '2026-03-20')}]")
    assert not results(here)[0].as_expected


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("{bar: pass}", "{baar: pass}", "3:26", "did you mean 'bar'"),
        ("{bar: pass}", "{bar: passed}", "3:31", "did you mean 'pass'"),
        ("run: good", "run: goood", "3:11", "there is no run in goood"),
        ("run: good", 'run: "\\0"', "3:11", "there is no run"),
        ("run: good", f"run: {'x' * 5000}", "3:11", "there is no run"),
        ("{bar: pass}", "{}", "3:25", "at least"),
        ("version: 1", "version: 2", "1:10", "1"),
        ("{run: good, ", "{run: good, one: 1, ", "3:17", "unknown key `one`"),
    ],
)
def test_what_is_wrong_with_trials_is_said_where_it_stands(
    here: Path, old: str, new: str, place: str, message: str
) -> None:
    (here / "trials.yaml").write_text(TRIALS.replace(old, new))
    with pytest.raises(InputError) as caught:
        results(here)
    assert f"trials.yaml:{place}: " in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize("content", ["", "[]", "3", "{}", '{"datasets": []}', '{"datasets": {"test": 3}}', "{" * 3000])
@pytest.mark.parametrize("name", ["spec.lock.json", "evidence.json", "run.json"])
def test_a_run_that_is_spoilt_is_bad_input(here: Path, name: str, content: str) -> None:
    (here / "good" / name).write_text(content)
    try:
        results(here)
    except GovernanceError as error:
        assert error.location is not None or error.hint  # noqa: PT017 - a run.json may say nothing of a day
    else:
        assert name == "run.json"


def test_mutated_trials_are_tried_or_refused(here: Path) -> None:
    rng = random.Random(17)
    pieces = ["", " ", "\n", ":", "- ", "{", "}", '"', "&a ", "*a", "0", "../", "é", "null", "pass", "\t", "bar", "\0"]
    tried_out = 0
    for _ in range(120):
        text = TRIALS
        start = rng.randrange(len(text))
        text = text[:start] + rng.choice(pieces) + text[start + rng.choice([0, 0, 1, 2, 9]) :]
        (here / "trials.yaml").write_text(text)
        try:
            results(here)
            tried_out += 1
        except InputError as error:
            assert error.location is not None  # noqa: PT017 - both ways out are right
    assert 3 < tried_out < 117


def test_a_spoilt_decision_is_bad_input(here: Path) -> None:
    from governance.policy import decide

    run = run_folder(here / "runs" / "one", [measured(0.95, 0.92, 0.97)])
    decide(run, load_policy(here / "policy.yaml"))
    (path,) = run.decisions.iterdir()
    content: dict[str, Any] = json.loads(path.read_text())
    assert policy_or_decision(str(path)).verdicts[0].rule == "bar"  # type: ignore[union-attr]
    for spoilt in ("", "[]", "null", "{}", "[" * 5000, json.dumps({**content, "verdicts": 3}), path.read_text()[:-20]):
        path.write_text(spoilt)
        with pytest.raises(InputError, match="this is not a decision"):
            policy_or_decision(str(path))
    with pytest.raises(InputError):
        policy_or_decision("x" * 5000 + ".json")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="this is not a decision"):
        policy_or_decision(str(path))
