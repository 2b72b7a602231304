"""Waivers: named, limited in time and scope, and never silent."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from policy_cases import measured, policy, rule, run_folder

from governance.errors import ExitCode, InputError
from governance.evidence.canonical import readable_json
from governance.policy import LoadedPolicy, decide, load_waivers, policy_digest

TODAY = dt.date(2026, 11, 25)
WAIVERS = """\
version: 1
waivers:
  - rule: finds
    reason: Site B has a second reader until the retraining is done.
    owner: A. Person, clinical safety
    ticket: RISK-12
    granted_on: 2026-10-01
    expires_on: 2027-03-31
    model: nodules
    versions: ["1.0"]
"""
FINDS = rule("fairness / sensitivity on test", {"at_least": 0.9}, id="finds")
RANKS = rule("fairness / auroc on test", {"at_least": 0.9}, id="ranks")
POLICY = policy(FINDS, RANKS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "waivers.yaml"
    path.write_text(WAIVERS)
    return path


def load(path: Path, model: str = "nodules", version: str = "1.0"):
    return load_waivers(path, POLICY, model=model, version=version, today=TODAY)


def decision(file: Path, path: Path, value: float, today: dt.date = TODAY):
    folder = run_folder(path, [measured(value, value - 0.02, value + 0.02), measured(0.95, 0.93, 0.97, metric="auroc")])
    content = folder.read_json(folder.evidence_json)
    content["provenance"]["subject"] = {"name": "nodules", "version": "1.0"}
    folder.evidence_json.write_bytes(readable_json(content))
    return decide(folder, LoadedPolicy(POLICY, policy_digest(POLICY), {}), waivers=file, today=today)


@pytest.mark.parametrize(("value", "without"), [(0.8, "fail"), (0.91, "inconclusive")])
def test_a_used_waiver_frees_the_release_and_says_who_until_when_and_what_it_hides(
    file: Path, tmp_path: Path, value: float, without: str
) -> None:
    made = decision(file, tmp_path / "run", value)
    waived = made.verdicts[0]
    assert made.exit_code is ExitCode.OK
    assert made.summary == "No blocking rule stands in the way; 1 waiver."
    assert (waived.outcome, waived.waiver.without, waived.waiver.owner) == (
        "waived",
        without,
        "A. Person, clinical safety",
    )
    for said in ("A. Person, clinical safety", "until 2027-03-31", "RISK-12", f"Without the waiver: {without}", "0.90"):
        assert said in waived.sentence
    assert made.decided_on == TODAY
    assert len(made.waivers_digest) == 64


def test_a_waiver_of_a_rule_that_passes_is_listed_as_not_used(file: Path, tmp_path: Path) -> None:
    made = decision(file, tmp_path / "run", 0.95)
    assert made.verdicts[0].outcome == "pass"
    assert [(one.rule, one.why) for one in made.ignored_waivers] == [("finds", "the rule passed without it")]


@pytest.mark.parametrize(
    ("model", "version", "why"),
    [
        ("other", "1.0", "it is for nodules, not for other"),
        ("nodules", "1.1", "it is for version 1.0, not for 1.1"),
    ],
)
def test_waivers_for_another_model_are_listed_and_ignored(file: Path, model: str, version: str, why: str) -> None:
    file.write_text(WAIVERS.replace("rule: finds", "rule: unknown-here").replace("2027-03-31", "2026-10-02"))
    found = load(file, model, version)
    assert dict(found.in_force) == {}
    assert [one.why for one in found.ignored] == [why]


def test_it_holds_on_its_last_day_and_not_on_the_next(file: Path, tmp_path: Path) -> None:
    last = dt.date(2027, 3, 31)
    assert decision(file, tmp_path / "run", 0.8, last).exit_code is ExitCode.OK
    with pytest.raises(InputError, match=r"waivers\.yaml:8:17: the waiver of 'finds' expired on 2027-03-31"):
        decision(file, tmp_path / "run", 0.8, last + dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("rule: finds", "rule: find", "3:11", "did you mean 'finds'"),
        ("2026-10-01", "2026-12-01", "7:17", "yet to come"),
        ("2027-03-31", "2027-12-31", "3:5", "at most a year"),
        ("    expires_on: 2027-03-31\n", "", "3:5", "`expires_on` is missing"),
        ("    owner: A. Person, clinical safety\n", "", "3:5", "`owner` is missing"),
        ("    reason: Site B has a second reader until the retraining is done.\n", "", "3:5", "`reason` is missing"),
        ("2027-03-31", "soon", "8:17", "date"),
        ('["1.0"]\n', '["1.0"]\n' + WAIVERS.split("waivers:\n")[1], "11:11", "two waivers are for the rule 'finds'"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(file: Path, old: str, new: str, place: str, message: str) -> None:
    assert WAIVERS.count(old) == 1, old
    file.write_text(WAIVERS.replace(old, new))
    with pytest.raises(InputError) as caught:
        load(file)
    assert f"waivers.yaml:{place}: " in str(caught.value)
    assert message in str(caught.value)
