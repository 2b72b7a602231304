"""Policies that extend others: what is taken over, what is changed, and that every change is said and placed."""

from __future__ import annotations

from pathlib import Path

import pytest
from policy_cases import measured, run_folder

from governance.errors import InputError
from governance.policy import decide, load_policy, lock, locked_policy, pack, packs

BASE = """\
policy: base
version: "1.2"
sources: [{title: A study, reference: "doi:10.1000/1", retrieved_on: 2026-11-01}]
parameters:
  least: {value: 0.8, source: a reader study}
  patients: {value: 30, source: the house}
rules:
  - id: finds
    title: Finds them
    measure: fairness / sensitivity on test
    bar: {at_least: $least}
    minimum: {patients: $patients}
    rationale: because
  - id: ranks
    title: Ranks them
    measure: fairness / auroc on test
    bar: {at_least: 0.9}
    rationale: because
"""
CHILD = """\
policy: child
version: "1"
extends: base.yaml
parameters:
  least: {value: 0.85, source: our own study}
overrides:
  - rule: ranks
    change: {bar: {at_least: 0.7}, severity: warn}
    reason: the score is not shown to anybody
    set: {by: clinical safety, on: 2026-11-02}
rules:
  - id: exact
    title: Does not cry wolf
    measure: fairness / specificity on test
    bar: {at_least: 0.5}
    rationale: because
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    path = tmp_path / "child.yaml"
    path.write_text(CHILD)
    return path


def test_rules_are_taken_over_with_where_they_come_from(files: Path) -> None:
    loaded = load_policy(files)
    finds, ranks, exact = loaded.policy.rules
    assert (finds.origin, finds.overridden, finds.bar.at_least) == ("base 1.2", None, 0.85)
    assert (ranks.severity, ranks.bar.at_least, ranks.origin) == ("warn", 0.7, "base 1.2")
    assert ranks.overridden.before == {"bar": {"at_least": 0.9}, "severity": None}
    assert (exact.origin, exact.overridden) == (None, None)
    assert loaded.lines == {"finds": 8, "ranks": 14, "exact": 12}
    assert [(one.policy, one.version) for one in loaded.policy.inherited] == [("base", "1.2")]


def test_a_parameter_says_where_it_was_set_and_what_it_was(files: Path) -> None:
    parameters = load_policy(files).policy.parameters
    least, patients = parameters["least"], parameters["patients"]
    assert (least.value, least.before, least.set_in, least.source) == (0.85, 0.8, "child", "our own study")
    assert (patients.value, patients.before, patients.set_in) == (30, None, "base")


def test_the_digest_follows_the_policy_that_is_extended(files: Path) -> None:
    before = load_policy(files).digest
    base = files.parent / "base.yaml"
    base.write_text(BASE + "# a comment\n")
    assert load_policy(files).digest == before
    base.write_text(BASE.replace("at_least: 0.9", "at_least: 0.91"))
    assert load_policy(files).digest != before


def test_the_record_before_the_run_holds_the_whole_policy(files: Path, tmp_path: Path) -> None:
    from governance.evidence.folder import RunFolder

    folder, loaded = RunFolder(tmp_path / "run"), load_policy(files)
    assert lock(folder, loaded)
    again = locked_policy(folder)
    assert again.digest == loaded.digest
    assert {rule.id: rule for rule in again.policy.rules} == {rule.id: rule for rule in loaded.policy.rules}
    assert again.policy.inherited == loaded.policy.inherited
    assert again.policy.parameters == loaded.policy.parameters


def test_changes_are_in_the_decision(files: Path, tmp_path: Path) -> None:
    files.write_text(CHILD.replace("    change: {bar: {at_least: 0.7}, severity: warn}\n", "    drop: true\n"))
    decision = decide(run_folder(tmp_path / "run", [measured(0.9, 0.87, 0.93)]), load_policy(files))
    assert [(one.rule, one.origin, one.reason) for one in decision.dropped] == [
        ("ranks", "base 1.2", "the score is not shown to anybody")
    ]
    assert [verdict.rule for verdict in decision.verdicts] == ["exact", "finds"]
    assert decision.inherited[0].policy == "base"


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("extends: base.yaml", "extends: bass.yaml", "child.yaml:3:10", "there is no file bass.yaml"),
        ("extends: base.yaml", "extends: report-onyl", "child.yaml:3:10", "did you mean 'report-only'"),
        ("extends: base.yaml", "extends: child.yaml", "child.yaml:3:10", "child.yaml extends itself"),
        ("extends: base.yaml", "extends: [1]", "child.yaml:3:10", "names policies"),
        ("least: {value: 0.85", "leest: {value: 0.85", "child.yaml:5:3", "did you mean 'least'"),
        ("rule: ranks", "rule: rank", "child.yaml:7:11", "did you mean 'ranks'"),
        ("{at_least: 0.7}", "{at_least: 0.9}", "child.yaml:8:19", "the same as in base 1.2"),
        ("{at_least: 0.7}", "{at_most: 0.7}", "child.yaml:8:29", "ask for a worse model"),
        ("{at_least: 0.7}", "{at_leest: 0.7}", "child.yaml:8:20", "did you mean 'at_least'"),
        ("{at_least: 0.7}", "{at_least: 7}", "child.yaml:8:30", "outside the range"),
        ("severity: warn", "severity: wran", "child.yaml:8:46", "did you mean 'warn'"),
        ("    reason: the score is not shown to anybody\n", "", "child.yaml:7:5", "`reason` is missing"),
        ("change: {bar: {at_least: 0.7}, severity: warn}", "drop: false", "child.yaml:8:11", "true"),
        ("- id: exact", "- id: finds", "child.yaml:12:9", "is inherited from base 1.2"),
        ("- id: exact", "- origin: me\n    id: exact", "child.yaml:12:5", "`origin` is set by the toolkit"),
        ("{at_least: 0.5}", "{at_least: $fewest}", "child.yaml:15:21", "there is no parameter 'fewest'"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(files: Path, old: str, new: str, place: str, message: str) -> None:
    assert CHILD.count(old) == 1, old
    files.write_text(CHILD.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_policy(files)
    assert place in str(caught.value)
    assert message in str(caught.value)


def test_what_is_wrong_in_the_extended_policy_is_said_there(files: Path) -> None:
    (files.parent / "base.yaml").write_text(BASE.replace("fairness / auroc", "fairness / auroq"))
    with pytest.raises(InputError, match=r"base\.yaml:16:14: fairness has no metric 'auroq'"):
        load_policy(files)


def test_two_policies_with_a_rule_of_the_same_id_are_not_both_extended(files: Path) -> None:
    (files.parent / "other.yaml").write_text(BASE.replace("policy: base", "policy: other"))
    files.write_text(CHILD.replace("extends: base.yaml", "extends: [base.yaml, other.yaml]"))
    with pytest.raises(InputError, match=r"child\.yaml:3:22: two of the policies have a rule 'finds'"):
        load_policy(files)


@pytest.mark.parametrize("name", sorted(packs()))
def test_every_policy_that_ships_is_recorded_and_read_back_as_it_is(tmp_path: Path, name: str) -> None:
    from governance.evidence.folder import RunFolder

    folder, loaded = RunFolder(tmp_path / "run"), load_policy(pack(name))
    assert lock(folder, loaded)
    again = locked_policy(folder)
    assert again.digest == loaded.digest
    assert again.policy.effective == loaded.policy.effective
