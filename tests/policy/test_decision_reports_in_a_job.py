"""A job in a pipeline, on recorded predictions of real people: exit codes, and the reports that stay behind."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import junitparser
import pytest
from report_cases import HOSTILE, decision, verdict
from rich.console import Console

from governance.cli.console import print_decision
from governance.policy import Outcome

AUROC = "fairness / auroc on test"
HIGH, NEAR, LOW = "{at_least: 0.99}", "{at_least: 0.8}", "{at_least: 0.6}"
ABSENT = ("absent", "{evaluator: robustness, metric: auroc, dataset: test}", "{present: true}", "block")

Job = Callable[..., subprocess.CompletedProcess[str]]


def policy(*rules: tuple[str, str, str, str]) -> str:
    """A policy; each rule is an id, what it measures, its bar and its severity."""
    lines = [
        f"  - {{id: {name}, title: Rule {name}, measure: {measure}, bar: {bar}, severity: {severity}, rationale: test}}"
        for name, measure, bar, severity in rules
    ]
    return "\n".join(["policy: gate", 'version: "1"', "rules:", *lines, ""])


POLICIES = {
    0: policy(("good", AUROC, LOW, "block"), ("soft", AUROC, HIGH, "warn")),
    1: policy(("bad", AUROC, HIGH, "block"), ("near", AUROC, NEAR, "block"), ABSENT),
    3: policy(("near", AUROC, NEAR, "block"), ("good", AUROC, LOW, "block")),
    4: policy(ABSENT, ("near", AUROC, NEAR, "block")),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, write_age_alone: Callable[[Path], None]) -> Path:
    folder = tmp_path_factory.mktemp("job")
    write_age_alone(folder)
    return folder


@pytest.fixture(scope="module")
def job(project: Path) -> Job:
    """Run a script as a job would: nothing in its environment but a path, a home and what GitHub sets."""

    def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        summary = project / "summary.md"
        return subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=project,
            env={
                "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
                "HOME": str(project),
                "GITHUB_ACTIONS": "true",
                "GITHUB_STEP_SUMMARY": str(summary),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


RUN = (
    "governance run governance.yaml --no-tracking --audience auditor --format json --report junit=out/junit.xml "
    "--report sarif=out/governance.sarif --report markdown=out/comment.md --report json=out/decision.json "
    '--report "github=$GITHUB_STEP_SUMMARY" --report github=-'
)


@pytest.fixture(scope="module")
def finished(project: Path, job: Job) -> str:
    """The folder of a run that came to 0 with a warning, from the project."""
    (project / "policy.yaml").write_text(POLICIES[0])
    assert job(f"{RUN} --report json=finished.json").returncode == 0
    return f"runs/{json.loads((project / 'finished.json').read_text())['run_id']}"


@pytest.mark.parametrize("code", POLICIES)
def test_a_job_ends_as_documented_with_readable_reports_of_every_kind(project: Path, job: Job, code: int) -> None:
    (project / "policy.yaml").write_text(POLICIES[code])
    (project / "summary.md").write_text("Another command's words\n")
    done = job(RUN)
    assert done.returncode == code, done.stdout + done.stderr
    annotations = [line for line in done.stdout.splitlines() if line.startswith("::")]
    decision = json.loads((project / "out" / "decision.json").read_text())
    (written,) = project.glob(f"runs/*/decisions/{decision['policy_digest'][:16]}.json")
    assert (project / "out" / "decision.json").read_bytes() == written.read_bytes()
    stopping = {
        v["rule"]: v["outcome"] for v in decision["verdicts"] if v["severity"] == "block" and v["outcome"] != "pass"
    }

    suite = junitparser.JUnitXml.fromfile(str(project / "out" / "junit.xml"))
    assert suite.failures + suite.errors == len(stopping)
    results = json.loads((project / "out" / "governance.sarif").read_text())["runs"][0]["results"]
    assert {one["ruleId"] for one in results if one["level"] == "error"} == set(stopping)
    policy_lines = (project / "policy.yaml").read_text().splitlines()
    for one in results:
        place = one["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "policy.yaml"
        assert f"id: {one['ruleId']}," in policy_lines[place["region"]["startLine"] - 1]
    comment = (project / "out" / "comment.md").read_text()
    assert decision["summary"] in comment
    assert (project / "summary.md").read_text() == f"Another command's words\n{comment}"
    errors = [line for line in annotations if line.startswith("::error file=policy.yaml,line=")]
    assert len(errors) == len(stopping)
    if code == 0:
        assert [line for line in annotations if line.startswith("::warning") and "soft" in line]
        assert "Warnings (1)" in comment


def test_decide_says_what_changed_since_an_earlier_decision(project: Path, job: Job, finished: str) -> None:
    (project / "stricter.yaml").write_text(POLICIES[0].replace(LOW, HIGH))
    done = job(f"governance decide {finished} --policy stricter.yaml --since {finished} --report markdown=-")
    assert done.returncode == 1
    assert "now fails to pass: <code>good</code>, from pass to fail" in done.stdout
    assert "bar changed: <code>good</code>, from at least 0.6 to at least 0.99" in done.stdout
    assert done.stdout.startswith("<!-- governance: gate -->\n## ✗ Not released")
    assert "misses 0.99" in done.stderr


def test_a_report_on_standard_output_can_be_read_by_a_program(project: Path, job: Job, finished: str) -> None:
    for kind in ("json", "sarif"):
        done = job(f"governance decide {finished} --policy policy.yaml --report {kind}=-")
        assert json.loads(done.stdout)
        assert "Exit" in done.stderr


def test_a_report_that_cannot_be_written_ends_with_5_and_hides_neither_outcome_nor_other_reports(
    project: Path, job: Job, finished: str
) -> None:
    (project / "stricter.yaml").write_text(POLICIES[1])
    (project / "file").write_text("")
    done = job(
        f"governance decide {finished} --policy stricter.yaml --report junit=file/junit.xml --report json=after.json"
    )
    assert done.returncode == 5
    assert "Exit 1." in done.stdout
    assert "file/junit.xml" in done.stderr
    assert "Not released" in done.stderr
    assert "(exit 1)" in done.stderr
    assert json.loads((project / "after.json").read_text())["exit_code"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--report junti=a.xml", "did you mean 'junit'"),
        ("--since nowhere --report markdown=-", "there is no decision nowhere"),
        ("--since governance.yaml --report markdown=-", "not a decision"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_decided(
    project: Path, job: Job, words: str, message: str
) -> None:
    before = sorted(os.listdir(project))
    done = job(f"governance run governance.yaml --no-tracking --output other {words}")
    assert done.returncode == 2
    assert message in done.stderr
    assert sorted(os.listdir(project)) == before


def test_errors_command_no_runner(job: Job) -> None:
    done = job("governance check '::error file=x::##[error]y.yaml'")
    assert done.returncode == 2
    assert "y.yaml" in done.stderr
    assert "::" not in done.stderr
    assert "##[" not in done.stderr
    plain = job("governance check '::error file=x::y.yaml'", GITHUB_ACTIONS="false")
    assert "::error file=x::y.yaml" in plain.stderr


@pytest.mark.parametrize("width", [40, 60, 120])
def test_verdicts_in_the_log_command_no_runner(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    out = io.StringIO()
    verdicts = [verdict(f"r{i}", Outcome.FAIL, sentence=f"{text} :::error::x") for i, text in enumerate(HOSTILE)]
    print_decision(decision(verdicts), target=Console(file=out, width=width))
    assert "add-mask" in out.getvalue()
    assert "::" not in out.getvalue()
    assert "##[" not in out.getvalue()


def places(project: Path, name: str) -> set[tuple[str, int]]:
    results = json.loads((project / name).read_text())["runs"][0]["results"]
    found = [one["locations"][0]["physicalLocation"] for one in results]
    return {(one["artifactLocation"]["uri"], one["region"]["startLine"]) for one in found}


def test_findings_point_into_the_repository_never_to_where_the_toolkit_lies(
    project: Path, job: Job, finished: str
) -> None:
    decided = f"governance decide {finished} --report sarif=places.sarif"
    job(f"{decided} --policy four-fifths-us-employment-1978")
    assert places(project, "places.sarif") == {(f"{finished}/policy.lock.json", 1)}

    nested = project / "model a" / "policies"
    nested.mkdir(parents=True)
    (nested / "own.yaml").write_text(POLICIES[1])
    (project / ".git").mkdir()
    try:
        job(f"cd 'model a' && {decided.replace(finished, f'../{finished}')} --policy policies/own.yaml")
        assert {file for file, _ in places(project, "model a/places.sarif")} == {"model%20a/policies/own.yaml"}
    finally:
        (project / ".git").rmdir()

    (project / "built-on.yaml").write_text(
        'policy: own\nversion: "1"\nextends: policy.yaml\nrules:\n'
        f"  - {{id: mine, title: Mine, measure: {AUROC}, bar: {HIGH}, rationale: test}}\n"
    )
    (project / "policy.yaml").write_text(POLICIES[1])
    job(f"{decided} --policy built-on.yaml")
    assert places(project, "places.sarif") == {("built-on.yaml", 1), ("built-on.yaml", 5)}


def test_a_shipped_policy_points_to_the_spec_that_names_it(project: Path, job: Job) -> None:
    (project / "shipped.yaml").write_text(
        (project / "governance.yaml").read_text().replace("policy.yaml", "clinical-imaging-baseline")
    )
    job(RUN.replace("governance.yaml", "shipped.yaml"))
    assert places(project, "out/governance.sarif") == {("shipped.yaml", 1)}


def test_a_later_decision_finds_the_policy_where_it_lay_in_the_checkout(
    project: Path, job: Job, write_age_alone: Callable[[Path], None]
) -> None:
    nested = project / "models" / "age"
    nested.mkdir(parents=True)
    write_age_alone(nested)
    (nested / "policy.yaml").write_text(POLICIES[1])
    (project / ".git").mkdir()
    try:
        job("governance run models/age/governance.yaml --no-tracking --output nested --audience auditor --format json")
        (folder,) = (path.parent for path in project.glob("nested/*/run.json"))
        job(f"cd models && governance decide ../nested/{folder.name} --report sarif=../places.sarif")
    finally:
        (project / ".git").rmdir()
    assert {file for file, _ in places(project, "places.sarif")} == {"models/age/policy.yaml"}
    assert str(project) not in (folder / "run.json").read_text()
