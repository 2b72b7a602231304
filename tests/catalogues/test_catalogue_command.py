"""`governance catalogue`: readable, exit 0 whatever is missing, 2 for bad input, light, and deaf to hostile text."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from governance.cli.main import COMMANDS, execute
from governance.evidence.folder import RunFolder

from .stating import CLAIMS, change


@dataclass(frozen=True)
class Done:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


def command(*arguments: str | Path) -> Done:
    """Run a command in this process, through everything that `main` wraps around click."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = execute([str(argument) for argument in arguments])
    return Done(int(code), out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def test_it_is_listed_among_the_commands() -> None:
    assert "catalogue" in COMMANDS


def test_the_list_says_how_many_items_are_answered() -> None:
    done = command("catalogue", "list")
    assert done.code == 0
    assert re.search(r"claim_2024 +44 +44 +2026-11-23", done.out)
    rows = {row["id"]: row for row in json.loads(command("catalogue", "list", "--json").out)}
    assert rows["eu_ai_act"]["items"] == 286


def test_a_catalogue_is_shown_with_its_items() -> None:
    done = command("catalogue", "show", "claim_2024")
    assert done.code == 0
    assert "(c) RSNA; own-words short labels only" in done.out
    assert done.out.count("CLAIM-") == 44


def test_an_item_is_shown_with_its_marks_and_what_answers_it() -> None:
    done = command("catalogue", "show", "eu_ai_act", "AIA-ANX4-2g")
    assert done.code == 0
    assert "official_text_2024" in done.out
    assert "reference_standard: What counts as the truth" in done.out
    assert "signed document" in done.out


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("show", "eu_ai_akt"), "eu_ai_act"),
        (("show", "eu_ai_act", "AIA-ANX42g"), "AIA-ANX4-2g"),
        (("coverage", "nowhere"), "not a run folder"),
    ],
)
def test_bad_input_ends_with_two_and_a_near_name(arguments: tuple[str, ...], near: str) -> None:
    done = command("catalogue", *arguments)
    assert done.code == 2
    assert near in done.err


def test_coverage_shows_counts_gaps_and_that_it_is_provisional(sealed: RunFolder) -> None:
    done = command("catalogue", "coverage", sealed.path)
    assert done.code == 0
    assert re.search(r"catalogue +items +evidenced +declared only +not evidenced +not applicable", done.out)
    assert "Provisional, as of 2026-11-23" in done.out
    assert "a document signed by the responsible person" in done.out
    assert "only scores by the FMTI team are valid FMTI scores" in " ".join(done.out.split())


def test_one_catalogue_is_covered_item_by_item(sealed: RunFolder) -> None:
    done = command("catalogue", "coverage", sealed.path, "--catalogue", "eu_ai_act")
    assert done.code == 0
    assert len(set(re.findall(r"^AIA-\S+", done.out, re.MULTILINE))) == 286
    assert "open: from 2026-08-02 or 2028-08-02" in done.out
    found = json.loads(command("catalogue", "coverage", sealed.path, "--catalogue", "eu_ai_act", "--json").out)
    assert [one["catalogue"] for one in found["catalogues"]] == ["eu_ai_act"]
    assert found["catalogues"][0]["gaps"]


def test_coverage_claims_nothing(sealed: RunFolder) -> None:
    for only in ((), ("--catalogue", "eu_ai_act"), ("--catalogue", "onc_hti1_predictive_dsi")):
        done = command("catalogue", "coverage", sealed.path, *only)
        claimed = [line for line in done.out.splitlines() if CLAIMS.search(line)]
        assert not claimed


def test_a_changed_run_is_refused(run: RunFolder) -> None:
    run.evidence_json.write_text(run.evidence_json.read_text() + " ")
    assert command("catalogue", "coverage", run.path).code == 1


def test_hostile_text_steers_no_terminal_and_commands_no_job(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "Eve\x1b[2J\n::error file=x::[bold]gotcha[/bold]"

    def spoil(plan: dict[str, Any]) -> None:
        plan["spec"]["subject"]["version"] = hostile
        for fact in plan["spec"]["facts"].values():
            fact.update(owner=hostile, review_by="2026-01-01")

    change(run, spoil)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for only in ((), ("--catalogue", "eu_ai_act")):
        done = command("catalogue", "coverage", run.path, *only)
        assert done.code == 0
        assert "\x1b" not in done.out
        assert not re.search(r"^\s*::error", done.out, re.MULTILINE)
        assert "[bold]gotcha[/bold]" in re.sub(r"\s+", "", done.out)


def test_it_needs_no_library_that_evaluates(sealed: RunFolder, tmp_path: Path) -> None:
    for name in ("torch", "mlflow", "sklearn", "transformers", "scipy", "pandas"):
        (tmp_path / f"{name}.py").write_text("raise SystemError('imported')\n")
    for arguments in (("coverage", str(sealed.path)), ("show", "eu_ai_act", "AIA-9-8")):
        done = subprocess.run(
            [sys.executable, "-m", "governance.cli.main", "catalogue", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
        assert done.returncode == 0, done.stderr
