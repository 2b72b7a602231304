"""A run folder is one MLflow run, with its model, data, numbers and files, in a real store."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tracking_cases import DIGEST, MEASUREMENTS, lock, measured, sealed, spec

from governance.errors import CannotRunError, ExitCode
from governance.evidence.folder import RunFolder
from governance.tracking import NullTracker, open_tracker
from governance.tracking.connection import without_credentials
from governance.tracking.headline import headlines

POLICY = "b" * 64


@dataclass(frozen=True)
class Outcome:
    summary: str = "No blocking rule stands in the way."
    exit_code: int = 0
    policy_digest: str = POLICY


def client_of(uri: str) -> Any:
    return importlib.import_module("mlflow").MlflowClient(tracking_uri=uri)


def run_once(uri: str, folder: RunFolder, decision: Outcome | None = None) -> dict[str, str]:
    tracker = open_tracker(spec(), uri)
    with tracker.started(folder, lock(), POLICY) as tracked:
        tracked.log(folder, decision or Outcome())
        return dict(tracked.ids)


def artifacts(client: Any, run_id: str, path: str | None = None) -> set[str]:
    found: set[str] = set()
    for item in client.list_artifacts(run_id, path):
        found |= artifacts(client, run_id, item.path) if item.is_dir else {item.path}
    return found


@pytest.mark.parametrize("kind", ["sqlite", "server"])
def test_a_run_shows_model_data_numbers_and_files(
    kind: str, uri: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    where = uri if kind == "sqlite" else request.getfixturevalue("server")
    ids = run_once(where, sealed(tmp_path / "runs" / "5f1c09aa0b2d"))
    client = client_of(where)
    run = client.get_run(ids["mlflow_run_id"])

    assert run.info.status == "FINISHED"
    assert run.data.tags["governance.run_id"] == "5f1c09aa0b2d"
    assert run.data.tags["governance.policy_digest"] == POLICY
    assert run.data.tags["governance.outcome"] == Outcome.summary
    assert run.data.params["subject_digest"] == "a" * 64
    assert run.data.params["batch_size"] == "256"
    assert run.data.metrics["fairness/sensitivity"] == 0.8
    assert run.data.metrics["fairness/sensitivity_low"] == pytest.approx(0.7)
    assert run.data.metrics["fairness/sensitivity_n"] == 412
    assert run.data.metrics["fairness/sensitivity/worst age"] == 0.7
    steps = client.get_metric_history(ids["mlflow_run_id"], "robustness/auroc/erosion")
    assert [(point.step, round(point.value, 2)) for point in steps] == [(1, 0.75), (2, 0.7), (3, 0.65)]

    (dataset,) = [one for one in run.inputs.dataset_inputs if one.dataset.name == "test"]
    assert dataset.dataset.digest == DIGEST[:36]
    assert {tag.key: tag.value for tag in dataset.tags}["digest"] == DIGEST

    model = client.get_logged_model(ids["model_id"])
    assert model.source_run_id == ids["mlflow_run_id"]
    assert model.tags["governance.subject_digest"] == "a" * 64
    assert str(model.status) == "READY"
    (value,) = [m for m in model.metrics if m.key == "fairness/sensitivity"]
    assert (value.value, value.dataset_name, value.dataset_digest) == (0.8, "test", DIGEST[:36])

    found = artifacts(client, ids["mlflow_run_id"])
    assert {"evidence.json", "spec.lock.json", "manifest.json", "documents/public/clinician.html"} <= found
    assert not any("observations" in path for path in found)


def test_the_policy_digest_is_there_before_anything_is_measured(uri: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "aaaabbbbcccc")
    with open_tracker(spec(), uri).started(folder, lock(), POLICY) as tracked:
        client, run_id = client_of(uri), tracked.ids["mlflow_run_id"]
        run = client.get_run(run_id)
        assert run.info.status == "RUNNING"
        assert run.data.tags["governance.policy_digest"] == POLICY
        assert run.data.metrics == {}
        assert not folder.path.exists()
        seen_at = int(time.time() * 1000)
        time.sleep(0.01)
        sealed(folder.path)
        tracked.log(folder, Outcome())
    times = [point.timestamp for point in client.get_metric_history(run_id, "fairness/sensitivity")]
    assert times, "numbers were logged"
    assert run.info.start_time <= seen_at < min(times)


def test_the_same_folder_reopens_the_same_run_and_logs_nothing_twice(uri: str, tmp_path: Path) -> None:
    folder = sealed(tmp_path / "runs" / "5f1c09aa0b2d")
    first = run_once(uri, folder)
    client = client_of(uri)
    before = client.get_run(first["mlflow_run_id"])
    folder.run_json.write_text("{}")  # may differ between equal runs
    importlib.import_module("governance.dossier").write_manifest(folder)
    assert run_once(uri, folder) == first
    after = client.get_run(first["mlflow_run_id"])
    assert after.to_dictionary() == before.to_dictionary()
    assert len(client.get_metric_history(first["mlflow_run_id"], "fairness/sensitivity")) == 1
    assert len(client.search_runs([first["experiment_id"]])) == 1
    assert len(client.search_logged_models([first["experiment_id"]])) == 1


def test_a_new_document_is_logged_to_the_same_run_without_its_numbers_again(uri: str, tmp_path: Path) -> None:
    folder = sealed(tmp_path / "runs" / "5f1c09aa0b2d")
    first = run_once(uri, folder)
    (folder.documents / "public" / "engineer.html").write_text("<p>0.80</p>")
    importlib.import_module("governance.dossier").write_manifest(folder)
    other = Outcome("Not released: 1 blocking rule failed.", 1, "c" * 64)
    assert run_once(uri, folder, other) == first
    client = client_of(uri)
    run = client.get_run(first["mlflow_run_id"])
    assert run.info.status == "FINISHED"
    assert "documents/public/engineer.html" in artifacts(client, first["mlflow_run_id"])
    assert len(client.get_metric_history(first["mlflow_run_id"], "fairness/sensitivity")) == 1
    assert run.data.tags["governance.outcome"] == other.summary
    assert run.data.tags["governance.decided_under"] == "c" * 64
    assert run.data.tags["governance.policy_digest"] == POLICY, "what was recorded before the run stays"


def test_an_error_marks_the_run_failed_and_the_next_start_reopens_it(uri: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "5f1c09aa0b2d")
    with (
        pytest.raises(ValueError, match="broken"),
        open_tracker(spec(), uri).started(folder, lock(), POLICY) as tracked,
    ):
        raise ValueError("broken")
    client = client_of(uri)
    assert client.get_run(tracked.ids["mlflow_run_id"]).info.status == "FAILED"
    again = run_once(uri, sealed(folder.path))
    assert again == tracked.ids
    assert client.get_run(again["mlflow_run_id"]).info.status == "FINISHED"


def test_an_interrupted_run_is_marked_killed(uri: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "5f1c09aa0b2d")
    with pytest.raises(KeyboardInterrupt), open_tracker(spec(), uri).started(folder, lock(), POLICY) as tracked:
        raise KeyboardInterrupt
    assert client_of(uri).get_run(tracked.ids["mlflow_run_id"]).info.status == "KILLED"


@pytest.mark.slow
def test_a_run_killed_by_the_system_is_still_running_and_is_reopened(uri: str, tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "from tracking_cases import lock, spec; from governance.evidence.folder import RunFolder;"
        "from governance.tracking import open_tracker;"
        "context = open_tracker(spec(), sys.argv[2]).started(RunFolder(Path(sys.argv[3])), lock(), 'b' * 64);"
        "print(context.__enter__().ids['mlflow_run_id'], flush=True); os.kill(os.getpid(), 9)"
    )
    folder = tmp_path / "runs" / "5f1c09aa0b2d"
    command = [sys.executable, "-c", code, str(Path(__file__).parent), uri, str(folder)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -9
    run_id = killed.stdout.strip()
    client = client_of(uri)
    assert client.get_run(run_id).info.status == "RUNNING"
    assert run_once(uri, sealed(folder))["mlflow_run_id"] == run_id
    assert client.get_run(run_id).info.status == "FINISHED"


def test_the_default_store_is_a_database_in_the_current_directory(uri: str, tmp_path: Path) -> None:
    ids = run_once("", sealed(tmp_path / "runs" / "5f1c09aa0b2d"))
    assert ids["uri"] == "sqlite:///mlflow.db"
    assert client_of(uri).get_run(ids["mlflow_run_id"]).info.status == "FINISHED"


def test_the_spec_names_store_and_experiment(uri: str) -> None:
    tracker = open_tracker(spec(uri=uri, experiment="nodules"))
    assert (tracker.uri, tracker.experiment) == (uri, "nodules")  # type: ignore[attr-defined]
    assert client_of(uri).get_experiment_by_name("nodules") is not None


def test_a_tracked_run_leaves_the_process_as_it_was(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = importlib.import_module("mlflow")
    before = {name: value for name, value in os.environ.items() if "MLFLOW" in name}
    was_set = mlflow.is_tracking_uri_set()
    run_once(uri, sealed(tmp_path / "runs" / "5f1c09aa0b2d"))
    assert {name: value for name, value in os.environ.items() if "MLFLOW" in name} == before
    assert mlflow.is_tracking_uri_set() == was_set
    assert mlflow.active_run() is None


@pytest.mark.parametrize(
    "broken",
    [
        "http://127.0.0.1:9",
        "http://user:hunter2@127.0.0.1:9",
        "sqlite:///mlflow.db/below-a-file.db",
        "postgresql://user:hunter2@127.0.0.1:9/mlflow",
        "bogus://somewhere",
        "file:./mlruns",
    ],
)
def test_a_store_that_does_not_answer_stops_the_run_before_it_begins(broken: str, uri: str) -> None:
    with pytest.raises(CannotRunError) as caught:
        open_tracker(spec(), broken)
    assert caught.value.exit_code is ExitCode.COULD_NOT_RUN
    assert "hunter2" not in str(caught.value)
    assert "--no-tracking" in str(caught.value)


def test_a_server_that_accepts_and_never_answers_is_given_up(uri: str) -> None:
    socket = importlib.import_module("socket")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(CannotRunError):
            open_tracker(spec(), f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_a_deleted_experiment_is_named(uri: str) -> None:
    client = client_of(uri)
    client.delete_experiment(client.create_experiment("gone"))
    with pytest.raises(CannotRunError, match="'gone' was deleted"):
        open_tracker(spec(experiment="gone"), uri)


def test_credentials_are_never_shown() -> None:
    text = "postgresql://me:hunter2@host/db?password=hunter2&sslmode=on and http://token@host"
    assert "hunter2" not in without_credentials(text)
    assert "token@" not in without_credentials(text)
    assert "sslmode=on" in without_credentials(text)


def test_no_tracking_tracks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tracker = open_tracker(spec(), "http://127.0.0.1:9", enabled=False)
    assert isinstance(tracker, NullTracker)
    with tracker.started(RunFolder(tmp_path / "x"), lock(), POLICY) as tracked:
        tracked.log(RunFolder(tmp_path / "x"), None)
    assert tracked.ids == {}
    assert list(tmp_path.iterdir()) == []


def test_opening_no_tracker_imports_no_mlflow() -> None:
    code = "import sys; import governance.tracking; print('mlflow' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_equal_names_on_two_datasets_are_told_apart(tmp_path: Path) -> None:
    other = measured(0.6, dataset="external")
    keys = {one.key for one in headlines(sealed(tmp_path / "run", (*MEASUREMENTS, other)).read_evidence())}
    assert {"fairness/sensitivity/test", "fairness/sensitivity/external"} <= keys
    assert "fairness/sensitivity" not in keys
