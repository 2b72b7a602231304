"""The demonstration: three real models end in three decisions, an index page, and pages without a console error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from governance import api
from governance.evidence.folder import RunFolder
from governance.harness.preparation import evaluator_of
from governance.harness.reopened import Reopened, measured_again
from governance.policy import Outcome

pytestmark = pytest.mark.slow

EXAMPLES = {"mortality-risk", "nodule-suspicion", "report-qa"}


def demonstrate(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("governance")
    return subprocess.run(
        [program, "demo", "--folder", folder],
        capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "120"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demonstration, once, with its printed words."""
    folder = tmp_path_factory.mktemp("demo")
    done = demonstrate(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def runs(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "runs").iterdir() if path.is_dir())


def test_three_models_end_in_three_decisions_that_rest_on_measurements(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    seen, codes, outcomes = set(), set(), set()
    for run in runs(folder):
        (decision,) = [json.loads(path.read_text()) for path in (run / "decisions").glob("*.json")]
        ids = {m["id"] for m in json.loads((run / "evidence.json").read_text())["measurements"]}
        seen.add(json.loads((run / "spec.lock.json").read_text())["subject"]["name"])
        codes.add(decision["exit_code"])
        assert decision["recorded_before_run"]
        for verdict in decision["verdicts"]:
            assert verdict["sentence"]
            assert set(verdict["measurements"]) <= ids
            if verdict["outcome"] in {"pass", "fail"}:
                assert verdict["measurements"]
        extracts = list((run / "documents" / "confidential" / "extracts").glob("*.pdf"))
        assert len(list((run / "documents").rglob("*.pdf"))) == 5 + len(extracts)
        assert {"annex-iv", "risk-management", "claim-2024"} <= {path.stem for path in extracts}
        assert api.verify(run).ok
        outcomes |= {verdict["outcome"] for verdict in decision["verdicts"]}
    assert seen == EXAMPLES
    assert outcomes == {outcome.value for outcome in Outcome}, "together the examples show every verdict"
    assert len(codes) == 3, "the examples show different outcomes"


def test_every_number_is_measured_again_from_the_run_folders_alone(demo: tuple[Path, str]) -> None:
    for run in map(RunFolder, runs(demo[0])):
        assert tuple(measured_again(run)) == run.read_evidence().measurements


def test_a_model_differs_from_itself_by_nothing_and_the_interval_says_how_sure_that_is(demo: tuple[Path, str]) -> None:
    for opened in map(Reopened.read, map(RunFolder, runs(demo[0]))):
        for name in opened.spec.evaluate:
            observed = opened.observed(name)
            found = list(evaluator_of(name).compare(observed, observed, "run itself"))
            measured = [m for m in found if m.status == "measured"]
            assert measured, name
            assert all(m.value == 0 for m in measured), name
            assert all(m.interval.low <= 0 <= m.interval.high for m in measured if m.interval), name
            plain = [m for m in measured if not m.slice and m.reference is None]
            everyone = [m.gating or m.interval for m in plain]
            assert any(one.low < 0 < one.high for one in everyone if one), name


def test_a_habit_of_saying_no_is_seen_when_the_question_is_put_otherwise(demo: tuple[Path, str]) -> None:
    (run,) = [run for run in runs(demo[0]) if "report-qa" in (run / "spec.lock.json").read_text()]
    page = (run / "documents" / "public" / "clinician.html").read_text()
    assert "When the question is put otherwise" in page
    assert "The opposite question" in page
    found = json.loads((run / "evidence.json").read_text())["measurements"]
    (same,) = [m for m in found if m["metric"] == "answer_consistency" and not m["slice"]]
    assert same["condition"]["name"] == "negation"
    assert same["n"] == 96


def test_one_flipped_byte_is_named(demo: tuple[Path, str]) -> None:
    run = runs(demo[0])[0]
    for name in ("evidence.json", "manifest.json", "journal.jsonl", "documents/public/clinician.pdf"):
        path = run / name
        whole = path.read_bytes()
        path.write_bytes(whole[:7] + bytes([whole[7] ^ 1]) + whole[8:])
        report = api.verify(run)
        path.write_bytes(whole)
        assert not report.ok
        assert any(name in str(finding) for finding in report.findings), name
    assert api.verify(run).ok


def test_doing_it_again_gives_the_same_evidence_and_collects_nothing(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    before = {run.name: (run / "evidence.json").read_bytes() for run in runs(folder)}
    again = demonstrate(folder)
    assert again.returncode == 0, again.stderr
    assert {run.name: (run / "evidence.json").read_bytes() for run in runs(folder)} == before
    assert again.stdout.count("  0 shards collected") + again.stderr.count("  0 shards collected") == 3


def test_pages_show_no_console_error_on_a_phone_and_on_a_desk(demo: tuple[Path, str]) -> None:
    from playwright.sync_api import sync_playwright

    folder, _ = demo
    pages = [folder / "runs" / "index.html", *sorted((folder / "runs").rglob("documents/*/*.html"))]
    assert len(pages) == 16
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for width in (390, 1200):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            for path in pages:
                page.goto(path.as_uri())
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{path} scrolls sideways at {width}"
        browser.close()
    assert said == []
