"""From nothing to a spec that can be checked: init, check, doctor."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from command_line import nothing_written, run

from governance import api
from governance.errors import ExitCode
from governance.scaffold import Kind
from governance.spec import load_spec

FILES = {"governance.yaml", "policy.yaml", "facts.yaml", "hazards.yaml", "regulatory.yaml", "README.md"}


def uncommented(text: str) -> str:
    return re.sub(r"^( *)# ", r"\1", text, flags=re.MULTILINE)


@pytest.mark.parametrize("kind", Kind.__args__)
def test_a_scaffold_lacks_only_what_a_person_must_bring(kind: str, tmp_path: Path) -> None:
    assert run("init", tmp_path / "model", "--kind", kind).code == 0
    assert {path.name for path in (tmp_path / "model").iterdir()} == FILES
    report = api.check(tmp_path / "model" / "governance.yaml")
    for finding in report.findings:
        if finding.level == "problem":
            assert "there is no" in finding.message
            assert "beside the spec" in finding.message
        elif finding.level == "to fill":
            assert "to be filled" in finding.message
    assert report.spec.subject.kind == kind


def test_a_scaffold_is_ready_once_its_files_are_there(tmp_path: Path) -> None:
    run("init", tmp_path)
    rows = "sample_id,patient_id,target,sex,age\na,1,0,F,33\nb,2,1,M,66\n"
    (tmp_path / "test.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "predictions.csv").write_text("sample_id,score\na,0.1\nb,0.9\n", encoding="utf-8")
    outcome = run("check", tmp_path / "governance.yaml")
    assert outcome.code == 0
    assert "Ready: governance run" in outcome.out


def test_statements_that_are_uncommented_load(tmp_path: Path) -> None:
    """Taking the `#` away is all it takes."""
    run("init", tmp_path)
    facts = tmp_path / "facts.yaml"
    head, rest = facts.read_text(encoding="utf-8").split("\n\n", 1)
    facts.write_text(f"{head}\n\n{uncommented(rest)}", encoding="utf-8")
    assert {"intended_purpose", "training_data"} <= set(load_spec(tmp_path / "governance.yaml").spec.facts)


@pytest.mark.parametrize("kind", Kind.__args__)
def test_rules_that_are_uncommented_load_once_they_have_a_number(kind: str, tmp_path: Path) -> None:
    run("init", tmp_path, "--kind", kind)
    policy = tmp_path / "policy.yaml"
    text = policy.read_text(encoding="utf-8")
    begin = text.index("  # - id:")
    policy.write_text(text[:begin] + uncommented(text[begin:]).replace(": N}", ": 0.5}"), encoding="utf-8")
    report = api.check(tmp_path / "governance.yaml")
    assert len(report.policy.policy.rules) > text[:begin].count("- id:")


def test_init_in_a_folder_with_other_files_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a\n", encoding="utf-8")
    assert run("init", tmp_path).code == 0
    assert (tmp_path / "mine.csv").read_text(encoding="utf-8") == "a\n"


def test_check_points_out_statements_that_are_due(tmp_path: Path) -> None:
    run("init", tmp_path)
    fact = "contact: {statement: x, owner: Me, date: 2020-01-01, review_by: 2021-01-01}\n"
    (tmp_path / "facts.yaml").write_text(fact, encoding="utf-8")
    report = api.check(tmp_path / "governance.yaml")
    [due] = [finding for finding in report.findings if "to be reviewed by 2021-01-01" in finding.message]
    assert due.level == "note"
    assert str(due.location).startswith(str(tmp_path / "facts.yaml:1:"))


def test_check_points_out_hazards_and_rules_that_do_not_meet(tmp_path: Path) -> None:
    run("init", tmp_path)
    hazards = tmp_path / "hazards.yaml"
    text = hazards.read_text(encoding="utf-8").replace("H-02:", "H-09:")
    hazards.write_text(text, encoding="utf-8")
    said = [finding.message for finding in api.check(tmp_path / "governance.yaml").findings]
    assert "no rule controls the hazard 'H-09'" in said
    assert any("controls the hazard 'H-02', which the spec does not describe" in message for message in said)


def test_check_imports_own_code_only_when_asked(tmp_path: Path) -> None:
    run("init", tmp_path, "--kind", "torch")
    (tmp_path / "my_model.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('imported').touch()\ndef build(): ...\n", encoding="utf-8"
    )
    spec = tmp_path / "governance.yaml"
    with nothing_written(tmp_path):
        run("check", spec)
    outcome = run("check", spec, "--load")
    assert (tmp_path / "imported").exists()
    assert "my_model:build" in outcome.out


def test_check_with_load_names_code_that_is_missing(tmp_path: Path) -> None:
    run("init", tmp_path, "--kind", "torch")
    outcome = run("check", tmp_path / "governance.yaml", "--load")
    assert outcome.code == 2
    assert "governance.yaml:10:11: there is no module 'my_model'" in outcome.out


def test_doctor_finds_a_working_core_and_a_fix_for_every_gap() -> None:
    checks = api.doctor()
    assert {"Python", "numpy", "evaluators", "fonts", "folder", "torch", "mlflow", "weasyprint", "Pango"} <= {
        check.name for check in checks
    }
    for check in checks:
        assert check.state == "ok" or check.fix, check
    outcome = run("doctor")
    assert outcome.code == (5 if any(check.needed and check.state != "ok" for check in checks) else 0)


def test_doctor_says_when_a_folder_cannot_be_written(tmp_path: Path) -> None:
    [check] = [check for check in api.doctor(folder=tmp_path / "missing") if check.name == "folder"]
    assert (check.state, check.needed) == ("broken", True)
    assert check.fix


def test_doctor_leaves_nothing_behind(tmp_path: Path) -> None:
    api.doctor(folder=tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_doctor_says_when_a_device_is_absent() -> None:
    import torch

    assert run("doctor", "--device", "cpu").code == ExitCode.OK
    absent = [
        name
        for name, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()))
        if not there
    ]
    for name in absent:
        outcome = run("doctor", "--device", name)
        assert outcome.code == ExitCode.COULD_NOT_RUN
        assert f"{name} was asked for" in outcome.out
    assert run("doctor", "--device", "tpu").code == ExitCode.COULD_NOT_RUN
