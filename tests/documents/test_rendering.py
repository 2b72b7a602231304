from __future__ import annotations

import os
from pathlib import Path

import pytest

from governance.documents import pdf, render, render_index
from governance.documents.rendering import INPUTS
from governance.evidence.folder import RunFolder

from .sample_run import write

QUICK = ["html", "markdown", "json"]


class Notes:
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.steps = 0

    def stage(self, name: str, total: int | None) -> None: ...

    def advance(self, n: int = 1) -> None:
        self.steps += n

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_documents_lie_in_the_folder_of_their_disclosure(tmp_path: Path) -> None:
    folder = write(tmp_path)
    made = {path.relative_to(folder.documents).as_posix() for path in render(folder, formats=["json"])}
    assert made == {
        "public/public.json",
        "public/clinician.json",
        "customer/deployer.json",
        "confidential/engineer.json",
        "confidential/auditor.json",
    }


def test_equal_runs_give_equal_bytes(tmp_path: Path) -> None:
    one, two = (render(write(tmp_path / name), formats=QUICK) for name in ("a", "b"))
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


def test_a_second_rendering_keeps_the_files(tmp_path: Path) -> None:
    folder = write(tmp_path)
    made = render(folder, formats=QUICK)
    for path in made:
        os.utime(path, (1, 1))
    assert render(folder, formats=QUICK) == made
    assert {path.stat().st_mtime for path in made} == {1.0}


def test_a_changed_file_and_changed_inputs_are_made_again(tmp_path: Path) -> None:
    folder = write(tmp_path)
    first, second, *_ = render(folder, formats=["html"])
    before = first.read_bytes()
    first.write_bytes(before + b" ")
    os.utime(second, (1, 1))
    render(folder, formats=["html"])
    assert first.read_bytes() == before
    assert second.stat().st_mtime == 1.0
    folder.write_json(folder.run_json, {"started_at": "2026-11-15T00:00:00+00:00"})
    render(folder, formats=["html"])
    assert b"15 Nov 2026" in second.read_bytes()


def test_a_damaged_list_of_inputs_is_no_reason_to_fail(tmp_path: Path) -> None:
    folder = write(tmp_path)
    render(folder, formats=["json"], audiences=["public"])
    (folder.documents / INPUTS).write_text("{")
    assert len(render(folder, formats=["json"], audiences=["public"])) == 1


def test_without_pango_everything_but_the_pdfs_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "find_library", lambda name: None)
    reporter = Notes()
    made = render(write(tmp_path), audiences=["public"], reporter=reporter)
    assert sorted(path.suffix for path in made) == [".html", ".json", ".md"]
    assert reporter.notes == [
        "PDFs were not made: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
    ]
    assert reporter.steps == 4


def test_the_index_lists_runs_with_their_outcome_and_does_not_stop_at_a_broken_one(tmp_path: Path) -> None:
    folder = write(tmp_path)
    render(folder, formats=["html"])
    broken = RunFolder(tmp_path / "0000broken")
    broken.path.mkdir()
    broken.spec_lock.write_text("{")
    source = render_index(tmp_path).read_text("utf-8")
    assert "nodule-suspicion 2.3.0" in source
    assert f'href="{folder.run_id}/documents/public/clinician.html"' in source
    assert "1 fail · 1 inconclusive · 1 not measured · 2 pass" in source
    assert "14 Nov 2026" in source
    assert "0000broken" in source


def test_the_index_of_no_runs_is_a_page(tmp_path: Path) -> None:
    assert "0 runs" in render_index(tmp_path).read_text("utf-8")
