"""The whole way through the Python API on recorded predictions of real people: run, track, decide, render, verify."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from governance import api
from governance.errors import CannotRunError, ExitCode, InputError, TamperError
from governance.evidence.folder import RunFolder

FORMATS = ("html", "json")


def rule(bar: str, measure: str = "fairness / auroc on test", severity: str = "block") -> str:
    return f"""
policy: bars
version: "1"
rules:
  - id: one
    title: One bar
    measure: {measure}
    bar: {bar}
    severity: {severity}
    rationale: a test
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_age_alone: Callable[[Path], None]) -> Path:
    write_age_alone(tmp_path)
    (tmp_path / "policy.yaml").write_text(rule("{at_least: 0.6}"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(**options: object) -> api.RunResult:
    return api.run("governance.yaml", formats=FORMATS, **{"no_tracking": True, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (rule("{at_least: 0.6}"), ExitCode.OK),
        (rule("{at_least: 0.99}"), ExitCode.FAILED),
        (rule("{at_least: 0.99}", severity="warn"), ExitCode.OK),
        (rule("{at_least: 0.8}"), ExitCode.INCONCLUSIVE),
        (rule("{present: true}", "{evaluator: robustness, metric: auroc, dataset: test}"), ExitCode.NOT_MEASURED),
    ],
)
def test_each_outcome_has_its_exit_code_and_changing_the_bar_collects_nothing(
    project: Path, policy: str, code: ExitCode
) -> None:
    run()
    (project / "policy.yaml").write_text(policy)
    result = run()
    assert result.exit_code is code
    assert result.decision is not None
    assert api.verify(result.folder.path).ok


def test_a_second_run_is_the_same_run_byte_for_byte(project: Path) -> None:
    first = run()
    before = {
        path.relative_to(first.folder.path): path.read_bytes()
        for path in first.folder.path.rglob("*")
        if path.is_file() and path.name not in {"journal.jsonl", "manifest.json"}
    }
    again = run()
    assert again.folder.path == first.folder.path
    assert {name: (again.folder.path / name).read_bytes() for name in before} == before


def test_the_policy_is_recorded_before_measuring_and_another_one_says_that_it_was_not(project: Path) -> None:
    result = run()
    assert result.decision is not None
    assert result.decision.recorded_before_run
    (project / "later.yaml").write_text(rule("{at_least: 0.99}"))
    later = api.decide(result.folder.path, "later.yaml")
    assert later.exit_code is ExitCode.FAILED
    assert later.decision is not None
    assert not later.decision.recorded_before_run
    page = api.render(result.folder.path, formats=("html",), audiences=("auditor",)).documents[0].read_text()
    assert "misses 0.99" in page
    assert api.verify(result.folder.path).ok


def test_nothing_is_decided_or_rendered_on_files_that_were_changed(project: Path) -> None:
    folder = run().folder
    evidence = bytearray(folder.evidence_json.read_bytes())
    evidence[len(evidence) // 2] ^= 1
    folder.evidence_json.write_bytes(bytes(evidence))
    for command in (api.decide, api.render):
        with pytest.raises(TamperError, match=r"evidence\.json") as caught:
            command(folder.path)
        assert caught.value.exit_code is ExitCode.FAILED


def test_an_unknown_audience_or_format_is_refused_before_anything_is_made(project: Path) -> None:
    for wrong in ({"audiences": ("clinican",)}, {"formats": ("pfd",)}):
        with pytest.raises(InputError, match="did you mean"):
            api.run("governance.yaml", no_tracking=True, **wrong)  # type: ignore[arg-type]
    assert not (project / "runs").exists()


def test_a_tracking_server_that_is_down_ends_the_run_before_collection(project: Path) -> None:
    with pytest.raises(CannotRunError):
        run(no_tracking=False, tracking="http://127.0.0.1:9")
    assert not (project / "runs").exists()


@pytest.mark.slow
def test_a_run_is_one_mlflow_run_however_often_it_is_started(project: Path) -> None:
    result = run(no_tracking=False, tracking="sqlite:///mlflow.db")
    run(no_tracking=False, tracking="sqlite:///mlflow.db")
    import mlflow

    client = mlflow.MlflowClient(tracking_uri="sqlite:///mlflow.db")
    experiments = [e.experiment_id for e in client.search_experiments()]
    (tracked,) = client.search_runs(experiments)
    assert tracked.info.status == "FINISHED"
    ids = json.loads(result.folder.run_json.read_text())["tracking"]
    assert ids["mlflow_run_id"] == tracked.info.run_id
    model = client.get_logged_model(ids["model_id"])
    auroc = [metric for metric in model.metrics or [] if metric.key.endswith("auroc") or metric.key == "auroc"]
    assert auroc
    assert all(metric.dataset_digest for metric in auroc)
    names = {item.path for item in client.list_artifacts(tracked.info.run_id)}
    assert "evidence.json" in names or any("evidence" in name for name in names)


def test_a_second_process_in_the_same_folder_refuses(project: Path) -> None:
    result = run()
    code = (
        "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); "
        "print('held', flush=True); input()"
    )
    lock = result.folder.path.parent / f".{result.folder.run_id}.lock"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CannotRunError, match="another process"):
            api.decide(result.folder.path)
        holder.communicate("\n")
    assert api.decide(result.folder.path).exit_code is ExitCode.OK


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        api.decide(tmp_path)
    assert os.listdir(tmp_path) == []
    assert RunFolder(tmp_path).run_id == tmp_path.name


def test_a_second_run_writes_no_document_again(project: Path) -> None:
    first = run()
    before = {path: path.stat().st_mtime_ns for path in first.documents}
    assert {path: path.stat().st_mtime_ns for path in run().documents} == before
