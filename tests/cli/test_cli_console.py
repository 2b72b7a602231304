"""What a run prints: words with a shape, aligned, complete at any width, plain where there is no terminal."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from governance.api import RunResult
from governance.cli.console import SHAPES, print_decision, print_result, print_table, shortest
from governance.cli.progress import TerminalReporter
from governance.errors import ExitCode
from governance.evidence.folder import RunFolder
from governance.policy import Decision, Outcome, Severity, Verdict

SENTENCE = (
    "0.78 (0.62 to 0.89, n=41, 36 suspicious) lies on both sides of 0.75; about 110 more patients would settle it"
)


def verdict(rule: str, severity: str, outcome: str, sentence: str) -> Verdict:
    return Verdict(
        rule=rule,
        title=rule,
        severity=Severity(severity),
        outcome=Outcome(outcome),
        sentence=sentence,
        bar={"at_least": 0.8},
    )


VERDICTS = (
    verdict("sensitivity-overall", "block", "pass", "0.86 (0.82 to 0.90, n=412) clears 0.80"),
    verdict("sensitivity-worst-thickness", "block", "inconclusive", SENTENCE),
    verdict("other-reader", "warn", "fail", "AUROC 0.79 against 0.85 clean: difference -0.06 [margin 0.03]"),
    verdict("calibration", "info", "waived", "waived until 2027-01-01"),
    verdict("worst-site", "block", "not_measured", "fewer than 30 patients"),
)


def decision(**changes: Any) -> Decision:
    content: dict[str, Any] = {
        "policy": "release",
        "policy_version": "1.2",
        "policy_digest": "0" * 64,
        "run_id": "5f1c09a2b7d4",
        "evidence_digest": "1" * 64,
        "recorded_before_run": True,
        "verdicts": VERDICTS,
        "exit_code": ExitCode.NOT_MEASURED,
        "summary": "Not released: 1 blocking rule is not measured.",
    }
    return Decision(**{**content, **changes})


def terminal(width: int, *, encoding: str = "utf-8", colours: bool = False) -> tuple[Console, io.BytesIO]:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    return Console(file=stream, width=width, highlight=False, markup=False, force_terminal=colours or None), raw


def printed(width: int, encoding: str = "utf-8", colours: bool = False, **changes: Any) -> str:
    target, raw = terminal(width, encoding=encoding, colours=colours)
    print_decision(decision(**changes), target=target)
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 132])
def test_every_word_of_every_verdict_is_there_at_any_width(width: int) -> None:
    text = printed(width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert all(line == line.rstrip() for line in text.splitlines())
    words = " ".join(text.split())
    for found in VERDICTS:
        assert found.rule in text
        assert found.outcome.value.replace("_", " ") in text
        for word in found.sentence.split():
            assert word in words


@pytest.mark.parametrize("width", [80, 120])
def test_columns_are_aligned(width: int) -> None:
    lines = [line for line in printed(width).splitlines() if any(found.rule in line for found in VERDICTS)]
    assert (
        len({min(line.lower().find(s) for s in ("block", "warn", "info") if s in line.lower()) for line in lines}) == 1
    )


def test_what_stops_a_release_comes_first_and_blocking_rules_that_stop_are_in_capitals() -> None:
    lines = [line for line in printed(120).splitlines() if any(found.rule in line for found in VERDICTS)]
    assert [line.split()[1] for line in lines] == ["fail", "not", "inconclusive", "waived", "pass"]
    assert [("BLOCK" in line) for line in lines] == [False, True, True, False, False]


def test_the_outcome_ends_with_its_exit_code() -> None:
    assert "Not released: 1 blocking rule is not measured. Exit 4." in " ".join(printed(80).split())


def test_verdicts_are_told_apart_without_colour() -> None:
    assert len({drawn for drawn, _, _ in SHAPES.values()}) == len(SHAPES)
    assert len({spelled for _, spelled, _ in SHAPES.values()}) == len(SHAPES)
    assert set(SHAPES) == {outcome.value for outcome in Outcome}


def test_a_terminal_without_utf_8_gets_letters() -> None:
    text = printed(120, encoding="ascii")
    assert "x fail" in text
    assert "+ pass" in text


def test_only_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" not in printed(120)
    assert "\x1b[" in printed(120, colours=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in printed(120, colours=True)


def test_text_from_files_cannot_steer_the_terminal_or_the_layout() -> None:
    evil = (verdict("rule", "block", "fail", "red \x1b[31m alert\x07 [bold]not markup[/bold]\r\nsecond line"),)
    text = printed(120, verdicts=evil)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]not markup[/bold]" in text


def test_a_policy_without_rules_prints_its_outcome() -> None:
    assert "Reported only. Exit 0." in printed(80, verdicts=(), summary="Reported only.", exit_code=ExitCode.OK)


def test_a_result_says_where_everything_lies(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / ("a-long-folder-name-" * 6) / "5f1c09a2b7d4")
    target, raw = terminal(80)
    result = RunResult(folder, decision(), (folder.documents / "public" / "public.html",), tmp_path / "index.html")
    print_result(result, target=target)
    text = raw.getvalue().decode()
    for path in (folder.path, folder.documents, tmp_path / "index.html"):
        assert any(line.endswith(shortest(path)) for line in text.splitlines()), "a path is never broken"


def test_tables_fold_their_last_column() -> None:
    target, raw = terminal(40)
    print_table(("name", "about"), [("x", "word " * 20)], target=target)
    lines = raw.getvalue().decode().splitlines()
    assert max(map(len, lines)) <= 40
    assert sum(line.count("word") for line in lines) == 20


def test_without_a_terminal_progress_is_one_line_a_stage() -> None:
    target, raw = terminal(80)
    with TerminalReporter(target) as reporter:
        reporter.stage("collect predict on test", 412)
        reporter.advance(256)
        reporter.advance()
        reporter.note("2 images are smaller than 64 pixels")
        reporter.stage("measure", None)
    assert raw.getvalue().decode().splitlines() == [
        "collect predict on test (412 steps) ...",
        "  2 images are smaller than 64 pixels",
        "measure ...",
    ]


def test_in_a_terminal_progress_shows_how_much_is_left() -> None:
    target, raw = terminal(100, colours=True)
    with TerminalReporter(target) as reporter:
        reporter.stage("collect", 4)
        reporter.advance(1)
        time.sleep(0.3)
        reporter.advance(1)
        time.sleep(0.3)
    text = raw.getvalue().decode()
    assert "2/4" in text
    assert re.search(r"\d:\d\d:\d\d", text), "the time that is left"
    assert "collect: " in text
