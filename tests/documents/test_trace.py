"""Every number of every rendered file is traced; a number that was changed, added or moved is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from governance import api
from governance.cli.commands.trace import command
from governance.documents.blocks import AUDIENCES
from governance.documents.rendering import render
from governance.documents.trace import Trace, run_of, trace
from governance.errors import ExitCode, InputError
from governance.evidence.folder import RunFolder

from .sample_run import write

FORMATS = {"html": "html", "markdown": "md", "pdf": "pdf", "docx": "docx", "json": "json"}
POLICY = """
policy: bars
version: "1"
rules:
  - id: ranking
    title: Ranks those who die above those who live
    measure: fairness / auroc on test
    bar: {at_least: 0.6}
    rationale: chance is 0.5
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = write(Path(tmp_path_factory.mktemp("runs")))
    render(folder, formats=tuple(FORMATS))
    return folder


@pytest.fixture
def copied(rendered: RunFolder, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(rendered.path, tmp_path / rendered.run_id)))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, write_age_alone: Callable[[Path], None]) -> RunFolder:
    folder = tmp_path_factory.mktemp("project")
    write_age_alone(folder)
    (folder / "policy.yaml").write_text(POLICY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        path = api.run("governance.yaml", formats=tuple(FORMATS), no_tracking=True).folder.path.resolve()
    return RunFolder(path)


def document(folder: RunFolder, name: str) -> Path:
    (found,) = folder.documents.glob(f"*/{name}")
    return found


def traced(folder: RunFolder, name: str) -> Trace:
    return trace(document(folder, name), folder)


def change(folder: RunFolder, name: str, before: str, after: str) -> Trace:
    path = document(folder, name)
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    return trace(path, folder)


@pytest.mark.parametrize("ending", FORMATS.values())
@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_number_of_a_document_is_explained(rendered: RunFolder, audience: str, ending: str) -> None:
    found = traced(rendered, f"{audience}.{ending}")
    assert [str(finding) for finding in found.findings] == []
    assert found.kinds["measurement"] > 20
    assert found.exit_code is ExitCode.OK


@pytest.mark.slow
@pytest.mark.parametrize("ending", FORMATS.values())
def test_every_number_of_a_real_run_is_explained(real: RunFolder, ending: str) -> None:
    for audience in AUDIENCES:
        found = traced(real, f"{audience}.{ending}")
        assert [str(finding) for finding in found.findings] == []
        assert found.kinds["measurement"] > 10


def test_a_measured_number_names_its_measurement_data_and_run(rendered: RunFolder) -> None:
    found = traced(rendered, "engineer.html")
    evidence = rendered.read_evidence().by_id
    measured = [number for number in found.numbers if number.kind == "measurement" and number.measurement]
    assert measured
    for number in measured:
        m = evidence[str(number.measurement)]
        assert (number.dataset, number.dataset_digest) == (m.dataset, m.dataset_digest)
        assert number.run_id == rendered.run_id
        assert number.about
        assert number.text in number.context


def first_figure(folder: RunFolder, name: str) -> str:
    """A value with two decimals that is printed in a cell of the engineer's tables."""
    numbers = traced(folder, name).numbers
    return next(n.text for n in numbers if n.kind == "measurement" and n.field == "value" and n.text.startswith("0."))


def test_a_digit_changed_on_the_page_is_found_and_said(copied: RunFolder) -> None:
    value = first_figure(copied, "deployer.html")
    wrong = f"{value[:-1]}{(int(value[-1]) + 3) % 10}"
    found = change(copied, "deployer.html", f">{value}<", f">{wrong}<")
    (finding,) = found.findings
    assert finding.fault == "mismatch"
    assert f"says {wrong}" in finding.message
    assert value in finding.message
    assert found.exit_code is ExitCode.FAILED


def test_a_digit_changed_in_markdown_is_found(copied: RunFolder) -> None:
    value = first_figure(copied, "engineer.md")
    wrong = f"{value[:-1]}{(int(value[-1]) + 3) % 10}"
    found = change(copied, "engineer.md", f"| {value} |", f"| {wrong} |")
    assert wrong in {number.text for number in found.numbers if number.kind is None}


def test_a_number_added_to_a_sentence_is_an_orphan(copied: RunFolder) -> None:
    found = change(copied, "clinician.html", "It does not rule out", "It is right for 99 of 100 and does not rule out")
    assert {finding.fault for finding in found.findings} <= {"orphan", "mismatch"}
    assert {"99", "100"} <= {number.text for number in found.numbers if number.kind is None}


def test_a_number_added_in_a_paragraph_of_its_own_is_an_orphan(copied: RunFolder) -> None:
    found = change(copied, "public.html", "</main>", "<p>The model is right in 0.84 of all cases.</p></main>")
    (finding,) = found.findings
    assert finding.fault == "orphan"
    assert finding.message == "nothing explains 0.84"


def test_the_ends_of_an_interval_that_change_places_are_found(copied: RunFolder) -> None:
    path = document(copied, "clinician.md")
    text = path.read_text("utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| ") and " to " in line.split(" | ")[-2])
    interval = row.split(" | ")[-2]
    low, high = interval.split(" to ")
    assert low != high
    path.write_text(text.replace(row, row.replace(interval, f"{high} to {low}"), 1), "utf-8")
    unexplained = {number.text for number in trace(path, copied).numbers if number.kind is None}
    assert {low, high} <= unexplained


def test_numbers_of_another_row_explain_nothing(copied: RunFolder) -> None:
    path = document(copied, "clinician.md")
    lines = path.read_text("utf-8").splitlines()
    rows = [i for i, line in enumerate(lines) if line.startswith("| ") and line.count(" to ") == 1]
    first, second = (lines[i].split(" | ") for i in rows[1:3])
    lines[rows[1]] = " | ".join([first[0], *second[1:]])
    lines[rows[2]] = " | ".join([second[0], *first[1:]])
    path.write_text("\n".join(lines) + "\n", "utf-8")
    assert trace(path, copied).exit_code is ExitCode.FAILED


@pytest.mark.parametrize("ending", ["html", "md", "json"])
def test_a_measurement_that_changed_after_rendering_is_found(copied: RunFolder, ending: str) -> None:
    evidence = json.loads(copied.evidence_json.read_text("utf-8"))
    m = next(m for m in evidence["measurements"] if m["status"] == "measured" and m["metric"] == "sensitivity")
    m["value"] = round(m["value"] - 0.31, 6)
    copied.evidence_json.write_text(json.dumps(evidence), "utf-8")
    found = traced(copied, f"engineer.{ending}")
    assert any(finding.fault == "changed" and "evidence.json" in finding.message for finding in found.findings)
    assert any(finding.fault == "mismatch" for finding in found.findings)


def test_a_changed_leaf_of_the_data_file_is_found(copied: RunFolder) -> None:
    path = document(copied, "engineer.json")
    content = json.loads(path.read_text("utf-8"))
    content["headline"][0] = "Of 1000 people, the model finds "
    path.write_text(json.dumps(content), "utf-8")
    assert "1000" in {number.text for number in trace(path, copied).numbers if number.kind is None}


@pytest.mark.parametrize("ending", FORMATS.values())
def test_a_document_of_another_run_is_found(copied: RunFolder, real: RunFolder, ending: str) -> None:
    shutil.copy(document(real, f"clinician.{ending}"), document(copied, f"clinician.{ending}"))
    found = traced(copied, f"clinician.{ending}")
    assert any(finding.fault == "another run" for finding in found.findings)
    assert found.exit_code is ExitCode.FAILED


def run_command(*arguments: str) -> ExitCode:
    return ExitCode(command.main(args=list(arguments), prog_name="trace", standalone_mode=False))


def test_the_command_counts_and_ends_with_the_summary(real: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(str(document(real, "public.html"))) is ExitCode.OK
    last = capsys.readouterr().out.splitlines()[-1]
    assert "measured" in last
    assert last.endswith("0 orphans. Exit 0.")


def test_the_command_says_that_a_file_was_changed(
    real: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RunFolder(Path(shutil.copytree(real.path, tmp_path / real.run_id)))
    path = document(folder, "public.html")
    path.write_bytes(path.read_bytes() + b"\n")
    assert run_command(str(path)) is ExitCode.FAILED
    assert "changed: documents/public/public.html" in capsys.readouterr().out


def test_the_command_prints_each_number_as_json(real: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(str(document(real, "public.html")), "--json") is ExitCode.OK
    content = json.loads(capsys.readouterr().out)
    assert content["run"]["id"] == real.run_id
    assert content["findings"] == []
    assert {"text", "context", "kind", "measurement", "about", "dataset", "dataset_digest", "run_id"} <= set(
        content["numbers"][0]
    )


def test_one_number_can_be_asked_for(real: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    path = document(real, "clinician.md")
    number = next(n for n in trace(path, real).numbers if n.kind == "measurement" and n.field == "value")
    assert run_command(str(path), "--number", number.text) is ExitCode.OK
    said = capsys.readouterr().out
    assert str(number.measurement) in said
    assert str(number.dataset_digest) in said


@pytest.mark.parametrize("name", ["auditor.txt", "notes.html"])
def test_what_is_no_document_of_a_run_is_bad_input(copied: RunFolder, name: str) -> None:
    path = copied.documents / "confidential" / name
    path.write_text("0.84", "utf-8")
    with pytest.raises(InputError):
        trace(path, copied)


def test_a_file_outside_of_a_run_needs_its_run_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not lie in a run folder"):
        run_of(tmp_path / "auditor.html")


@pytest.mark.parametrize("ending", ["pdf", "json"])
def test_a_file_that_is_not_what_its_name_says_is_bad_input(copied: RunFolder, ending: str) -> None:
    path = document(copied, f"auditor.{ending}")
    path.write_bytes(b"neither")
    with pytest.raises(InputError):
        trace(path, copied)
