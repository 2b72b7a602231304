"""Aliases of a model registry move by a person's decision on a verified run; audits find what else moved them."""

from __future__ import annotations

import concurrent.futures
import importlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import run_server
from postgres import database, programs
from tracking_cases import sealed

from governance import api
from governance.dossier import write_manifest
from governance.errors import CannotRunError, ExitCode, InputError, TamperError
from governance.evidence.canonical import readable_json
from governance.evidence.folder import RunFolder
from governance.policy import Decision
from governance.tracking.registry import Registry

SUBJECT = "a" * 64
WHO = "A. Name, clinical safety"


def client_of(uri: str) -> Any:
    return importlib.import_module("mlflow").MlflowClient(tracking_uri=uri, registry_uri=uri)


def registered(uri: str, model: str = "nodule", versions: int = 2, digest: str | None = SUBJECT) -> Any:
    """A model with versions, each tagged with the digest of the model it is."""
    client = client_of(uri)
    client.create_registered_model(model)
    for _ in range(versions):
        tags = {} if digest is None else {"governance.subject_digest": digest}
        client.create_model_version(model, source="s3://models/nodule", tags=tags)
    return client


def run_folder(path: Path, code: ExitCode = ExitCode.OK, comment: str = "") -> RunFolder:
    """A sealed run with one decision."""
    folder = sealed(path)
    decision = Decision(
        policy="p", policy_version="1", policy_digest="b" * 64, run_id=folder.run_id,
        evidence_digest=folder.evidence_digest(), recorded_before_run=True, verdicts=(), exit_code=code,
        summary=f"No blocking rule stands in the way.{comment}",
    )  # fmt: skip
    folder.decisions.mkdir(exist_ok=True)
    (folder.decisions / f"{'b' * 16}.json").write_bytes(readable_json(decision.model_dump(mode="json")))
    folder.run_json.write_text(json.dumps({"decided_under": "b" * 64, "finished_at": "2026-11-25T00:00:00+00:00"}))
    write_manifest(folder.path)
    return folder


def promoted(uri: str, folder: RunFolder, **more: Any) -> Any:
    about = {"model": "nodule", "version": "1", "alias": "champion", "approved_by": WHO, "tracking": uri, **more}
    return api.promote(folder.path, **about)


def test_a_release_moves_the_alias_and_says_who_when_and_on_what(uri: str, tmp_path: Path) -> None:
    client, folder = registered(uri), run_folder(tmp_path / "run")
    record = promoted(uri, folder, comment="after the board")
    assert str(client.get_model_version_by_alias("nodule", "champion").version) == record.model_version == "1"
    assert (record.approved_by, record.role, record.comment) == ("A. Name", "clinical safety", "after the board")
    assert (record.bound_by, record.previous) == ("digest tag of the version", None)
    tags = client.get_model_version("nodule", "1").tags
    assert tags["governance.evidence_digest"] == folder.evidence_digest()
    assert tags["governance.outcome"] == "No blocking rule stands in the way."
    (found,) = api.audit("nodule", tracking=uri, run_folder=folder.path)
    assert (found.findings, found.record) == ((), record)
    second = promoted(uri, folder, version="2")
    assert second.previous == record.digest
    assert api.audit("nodule", tracking=uri)[0].findings == ()
    assert api.verify(folder.path).ok


@pytest.mark.parametrize("code", [ExitCode.FAILED, ExitCode.INCONCLUSIVE, ExitCode.NOT_MEASURED])
def test_a_decision_that_does_not_allow_it_moves_nothing(uri: str, tmp_path: Path, code: ExitCode) -> None:
    client = registered(uri)
    assert promoted(uri, run_folder(tmp_path / "run", code)) is code
    assert client.get_registered_model("nodule").aliases == {}


def test_a_changed_run_folder_is_refused(uri: str, tmp_path: Path) -> None:
    registered(uri)
    folder = run_folder(tmp_path / "run")
    folder.evidence_json.write_bytes(folder.evidence_json.read_bytes() + b"\n")
    with pytest.raises(TamperError):
        promoted(uri, folder)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"model": "nodules"}, "no model 'nodules'"),
        ({"model": "it's"}, "apostrophe"),
        ({"version": "7"}, "no version 7"),
        ({"approved_by": "A. Name"}, "a name and a role"),
        ({"comment": "x" * 5000}, "too long"),
    ],
)
def test_what_is_wrong_is_said(uri: str, tmp_path: Path, more: dict[str, str], message: str) -> None:
    registered(uri)
    with pytest.raises(InputError, match=message):
        promoted(uri, run_folder(tmp_path / "run"), **more)


def test_the_version_must_be_the_model_that_was_evaluated(uri: str, tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run")
    registered(uri, "other", digest="c" * 64)
    with pytest.raises(InputError, match="is another model than the one that was evaluated"):
        promoted(uri, folder, model="other", same_model=True)
    registered(uri, digest=None)
    with pytest.raises(InputError, match="it is not known that version 1"):
        promoted(uri, folder)
    assert promoted(uri, folder, same_model=True).bound_by == "statement of the approver"


def test_the_audit_catches_whatever_was_done_by_hand(uri: str, tmp_path: Path) -> None:
    client, folder = registered(uri, versions=3), run_folder(tmp_path / "run")
    record = promoted(uri, folder)

    def said() -> str:
        return " ".join(api.audit("nodule", tracking=uri)[0].findings)

    client.set_registered_model_alias("nodule", "champion", "3")
    assert "it points at version 3; A. Name approved version 1" in said()
    assert "moved by hand" in said()
    client.set_registered_model_alias("nodule", "champion", "1")
    assert said() == ""
    client.set_model_version_tag("nodule", "1", "governance.outcome", "Fine.")
    assert "the tag governance.outcome of version 1 is not what was approved" in said()
    client.set_model_version_tag("nodule", "1", "governance.outcome", record.outcome)
    (key,) = [key for key in client.get_model_version("nodule", "1").tags if key.startswith("governance.release.")]
    content = client.get_model_version("nodule", "1").tags[key]
    client.set_model_version_tag("nodule", "1", key, content.replace("A. Name", "B. Name"))
    assert "was changed after it was written" in said()
    client.delete_model_version_tag("nodule", "1", key)
    assert "is gone or was changed" in said()
    client.set_registered_model_alias("nodule", "prod", "2")
    by_alias = {one.alias: one.findings for one in api.audit("nodule", tracking=uri)}
    assert "nobody approved what it points at" in by_alias["prod"][0]
    client.delete_registered_model_alias("nodule", "champion")
    assert "the alias is not set, though a release set it" in said()


def test_going_back_to_an_earlier_version_by_hand_is_caught(uri: str, tmp_path: Path) -> None:
    client, folder = registered(uri), run_folder(tmp_path / "run")
    promoted(uri, folder)
    promoted(uri, folder, version="2")
    client.set_registered_model_alias("nodule", "champion", "1")
    assert "moved by hand" in " ".join(api.audit("nodule", tracking=uri)[0].findings)


def test_setting_back_the_alias_with_its_record_is_caught(uri: str, tmp_path: Path) -> None:
    client, folder = registered(uri), run_folder(tmp_path / "run")
    first = promoted(uri, folder)
    promoted(uri, folder, version="2")
    client.set_registered_model_alias("nodule", "champion", "1")
    client.set_registered_model_tag("nodule", "governance.alias.champion", first.digest)
    said = " ".join(api.audit("nodule", tracking=uri)[0].findings)
    assert "the release of version 2 by A. Name" in said
    assert "was set back" in said


def test_another_source_under_the_approved_version_is_caught(uri: str, tmp_path: Path) -> None:
    registered(uri)
    promoted(uri, run_folder(tmp_path / "run"))
    with sqlite3.connect(uri.removeprefix("sqlite:///")) as store:
        store.execute("UPDATE model_versions SET source = 's3://elsewhere', storage_location = 's3://elsewhere'")
    assert "is from another source now" in " ".join(api.audit("nodule", tracking=uri)[0].findings)


def test_a_run_without_a_manifest_is_refused_whatever_its_decision_says(uri: str, tmp_path: Path) -> None:
    client, folder = registered(uri), run_folder(tmp_path / "run")
    folder.manifest.unlink()
    with pytest.raises(TamperError, match="has no manifest"):
        promoted(uri, folder)
    assert client.get_registered_model("nodule").aliases == {}


@pytest.mark.parametrize("alias", ["latest", "v1", "a b", "x.y", ""])
def test_what_cannot_be_an_alias_is_refused_before_anything_is_written(uri: str, tmp_path: Path, alias: str) -> None:
    client = registered(uri)
    with pytest.raises(InputError, match="cannot be an alias"):
        promoted(uri, run_folder(tmp_path / "run"), alias=alias)
    assert not any("release" in key for key in client.get_model_version("nodule", "1").tags)


def test_a_run_that_is_not_the_approved_one_is_told(uri: str, tmp_path: Path) -> None:
    registered(uri)
    promoted(uri, run_folder(tmp_path / "run"))
    other = run_folder(tmp_path / "other", comment=" Really.")
    (found,) = api.audit("nodule", tracking=uri, run_folder=other.path)
    assert "the run folder does not hold the decision that was approved" in found.findings


def test_a_registry_that_does_not_answer_could_not_be_used(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run")
    with pytest.raises(CannotRunError) as caught:
        promoted("http://user:secret@127.0.0.1:9", folder)
    assert "secret" not in str(caught.value)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "governance.cli.main", *map(str, arguments)],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip


def test_without_a_version_the_newest_that_is_the_evaluated_model_is_released(uri: str, tmp_path: Path) -> None:
    client, folder = registered(uri), run_folder(tmp_path / "run")
    client.create_model_version("nodule", source="s3://models/other", tags={"governance.subject_digest": "c" * 64})
    assert promoted(uri, folder, version=None).model_version == "2"
    client.create_registered_model("untagged")
    client.create_model_version("untagged", source="s3://models/other")
    with pytest.raises(InputError, match="no version of 'untagged' is tagged as the model that was evaluated"):
        promoted(uri, folder, model="untagged", version=None)


def test_the_model_of_a_tracked_run_is_registered_once(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_age_alone: Callable[[Path], None]
) -> None:
    write_age_alone(tmp_path)
    (tmp_path / "policy.yaml").write_text('policy: none\nversion: "1"\n')
    monkeypatch.chdir(tmp_path)
    folder = api.run("governance.yaml", formats=("json",), tracking=uri).folder
    about = {"model": "age", "alias": "champion", "approved_by": WHO, "register": True, "tracking": uri}
    first, second = api.promote(folder.path, **about), api.promote(folder.path, **about)
    assert (first.model_version, second.model_version) == ("1", "1")
    (version,) = client_of(uri).search_model_versions("name='age'")
    known = json.loads(folder.run_json.read_text())["tracking"]
    assert (version.run_id, version.source) == (known["mlflow_run_id"], f"models:/{known['model_id']}")
    assert version.tags["governance.subject_digest"] == folder.read_evidence().provenance.subject["digest"]
    assert api.audit("age", tracking=uri)[0].findings == ()
    with pytest.raises(InputError, match="is not tracked in this registry"):
        promoted(uri, run_folder(tmp_path / "untracked"), model="age", version=None, register=True)


def test_the_command_shows_what_is_let_through_before_it_says_that_it_was(uri: str, tmp_path: Path) -> None:
    registered(uri)
    folder = run_folder(tmp_path / "run")
    done = command(
        "promote", folder.path, "--model", "nodule", "--alias", "champion", "--approved-by", WHO, "--tracking", uri
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.index("No blocking rule stands in the way. Exit 0.") < done.stdout.index("is now 'champion'")
    both = command("promote", folder.path, "--model", "nodule", "--version", 1, "--register", "--approved-by", WHO)
    assert (both.returncode, "give one of the two" in both.stderr) == (2, True)


def held_by_one_at_a_time(uri: str, threads: int = 8, rounds: int = 3) -> None:
    """Threads that reach for one lock at the same moment all get it, and never two at once."""
    start, inside, met = threading.Barrier(threads), threading.Semaphore(1), []

    def reach(_: int) -> None:
        registry = Registry(uri)
        for _ in range(rounds):
            start.wait(60)
            with registry._held("nodule", "contested"):
                met.append(inside.acquire(blocking=False))
                time.sleep(0.05)
                inside.release()

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(reach, range(threads)))
    assert met == [True] * threads * rounds


@pytest.mark.slow
@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
def test_eight_releases_at_once_on_a_server_with_postgresql_leave_one_story(tmp_path_factory: Any) -> None:
    pytest.importorskip("psycopg2")
    folder = tmp_path_factory.mktemp("registry")
    with database() as store, run_server(folder, store) as uri:
        client = registered(uri, versions=8)
        runs = [run_folder(folder / f"run{number}", comment=f" Run {number}.") for number in range(8)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(
                pool.map(
                    lambda number: command(
                        "promote", runs[number].path, "--model", "nodule", "--version", number + 1,
                        "--approved-by", f"Person {number}, lead", "--tracking", uri,
                    ),
                    range(8),
                )
            )  # fmt: skip
        assert [one.returncode for one in done] == [0] * 8, [one.stderr for one in done]
        (found,) = api.audit("nodule", tracking=uri)
        assert found.findings == ()
        chain, record = 1, found.record
        tags = {
            key: value
            for version in client.search_model_versions("name='nodule'")
            for key, value in version.tags.items()
            if key.startswith("governance.release.champion.")
        }
        records = {key.rsplit(".", 1)[1]: json.loads(value) for key, value in tags.items()}
        while record["previous"] if isinstance(record, dict) else record.previous:
            previous = record["previous"] if isinstance(record, dict) else record.previous
            record, chain = records[previous[:32]], chain + 1
        assert (len(tags), chain) == (8, 8), "no release is lost, each names the one before it"
        held_by_one_at_a_time(uri)
        client.set_registered_model_alias("nodule", "champion", str(1 + int(found.model_version) % 8))
        caught = command("audit", "--model", "nodule", "--tracking", uri)
        assert (caught.returncode, "moved by hand" in caught.stdout) == (1, True)
