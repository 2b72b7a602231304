"""``governance export`` on a run of a real project: the folder stays sealed, and a changed one is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from governance import api
from governance.cli.commands.export import command
from governance.errors import InputError, TamperError
from governance.exporting import export

POLICY = """policy: bars
version: "1"
rules:
  - {id: ranks, title: Ranks, measure: fairness / auroc on test, bar: {at_least: 0.5}, rationale: a test}
"""


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_age_alone: Callable[[Path], None]) -> Path:
    write_age_alone(tmp_path)
    (tmp_path / "policy.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return api.run("governance.yaml", formats=("json",), audiences=("public",), no_tracking=True).folder.path


def test_the_files_are_written_named_and_sealed(run_folder: Path) -> None:
    arguments = [str(run_folder), "--to", "huggingface", "--hub-dataset", "test=my-lab/nhefs:default:auroc"]
    said = CliRunner().invoke(command, arguments, catch_exceptions=False)
    place = run_folder / "exchange" / "huggingface"
    assert sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()) == [
        ".eval_results/my-lab-nhefs-default.yaml",
        "README.md",
    ]
    assert said.output.count("wrote") == 2
    assert api.verify(run_folder).ok


def test_a_changed_run_is_refused(run_folder: Path) -> None:
    (run_folder / "evidence.json").write_bytes((run_folder / "evidence.json").read_bytes() + b" ")
    with pytest.raises(TamperError):
        export(run_folder, "huggingface")
    assert not (run_folder / "exchange").exists()


def test_an_unknown_format_is_refused(run_folder: Path) -> None:
    with pytest.raises(InputError, match="huggingfce"):
        export(run_folder, "huggingfce")
