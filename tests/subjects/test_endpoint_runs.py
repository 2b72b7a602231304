"""Whole runs against an endpoint: nothing is asked twice, a killed run goes on, and the key is in no file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
from chat_server import ChatServer, message, send, serving

from governance import harness
from governance.checking import check
from governance.documents.build.record import loosened
from governance.harness.progress import SilentReporter
from governance.scaffold import init
from governance.spec import load_spec

KEY = "sk-a-secret-that-nobody-may-see"
SPEC = """
version: 1
subject:
  name: remote
  version: "1"
  kind: endpoint
  task: generate
  base_url: {url}
  model: small
  network: true
  api_key_env: SECRET_OF_THE_TEST
  attempts: 2
  concurrency: 2
datasets:
  questions:
    kind: questions
    file: questions.jsonl
    role: testing
    target: present
    sample_id: item_id
    cluster: patient
    attributes: {{sex: {{column: sex}}}}
evaluate:
  hallucination: {{on: questions, groups: [sex], samples: 2, sampled_items: 5, choices: ["yes", "no"]}}
settings: {{batch_size: 4, threads: 1, replicates: 200, minimum_patients: 2, minimum_events: 2}}
output: {{audiences: [auditor, engineer], formats: [html, markdown, json]}}
"""
N = 24
ASKED = N + 2 * 5
SCRIPT = """
import sys
from pathlib import Path
from governance import harness
from governance.harness.progress import SilentReporter
from governance.spec import load_spec
folder = Path(sys.argv[1])
prepared = harness.prepare(load_spec(folder / "governance.yaml", {}), (), device="cpu", runs=folder / "runs",
                           cache=folder / "cache", reporter=SilentReporter())
harness.collect(prepared, SilentReporter())
assert "torch" not in sys.modules
"""


def answer(body: dict[str, Any]) -> dict[str, Any]:
    return message(f"{'Yes' if 'mass' in body['messages'][-1]['content'] else 'No'}. [{KEY}]")


def project(folder: Path, server: ChatServer) -> Path:
    items = [
        {
            "item_id": f"q{index}",
            "question": f"{index}: is there a {'mass' if index % 2 else 'fracture'}?",
            "present": index % 3 % 2,
            "patient": f"p{index // 2}",
            "sex": "FM"[index // 2 % 2],
        }
        for index in range(N)
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, items)))
    (folder / "governance.yaml").write_text(textwrap.dedent(SPEC.format(url=server.url)))
    return folder / "governance.yaml"


def evaluate(folder: Path, command: str = "evaluate") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "governance.cli.main", command, "governance.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SECRET_OF_THE_TEST": KEY},
    )


def holding(folder: Path, word: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


@pytest.mark.slow
def test_a_run_asks_once_and_leaves_the_key_in_no_file(tmp_path: Path) -> None:
    with serving(answer=answer) as server:
        project(tmp_path, server)
        first = evaluate(tmp_path, "run")
        assert first.returncode == 0, first.stderr
        assert len(server.seen) == ASKED
        assert all(each.headers["authorization"] == f"Bearer {KEY}" for each in server.seen)
        second = evaluate(tmp_path)
        assert second.returncode == 0, second.stderr
        assert len(server.seen) == ASKED
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 15
    assert holding(tmp_path, server.url)
    assert holding(tmp_path, KEY) == []
    assert KEY not in first.stdout + first.stderr + second.stdout + second.stderr
    auditor = next(tmp_path.rglob("auditor.md")).read_text()
    assert f"questions were sent over the network to {urlsplit(server.url).netloc} (network: true)" in auditor

    answered = tmp_path.rglob("observations/generate-*.parquet")
    tables = [pd.read_parquet(path) for path in answered]
    assert sorted(map(len, tables)) == [10, N]
    assert all(table["text"].str.endswith("[[key]]").all() for table in tables)
    assert all((table["served_model"] == "small-2026-11").all() for table in tables)


@pytest.mark.slow
def test_a_killed_run_goes_on_and_a_server_that_is_down_ends_one_with_exit_5(tmp_path: Path) -> None:
    environment = {**os.environ, "SECRET_OF_THE_TEST": KEY}
    script = tmp_path / "collect.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tmp_path)]

    def slow(body: dict[str, Any]) -> dict[str, Any]:
        time.sleep(0.05)
        return answer(body)

    with serving(answer=slow) as server:
        project(tmp_path, server)
        process = subprocess.Popen(command, env=environment)
        while len(server.seen) < 10:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed = len(server.seen)
        assert killed < ASKED
        server.behave = lambda handler, number: send(handler, 503, b'{"error": "down for today"}')
        failed = evaluate(tmp_path)
        assert failed.returncode == 5, failed.stderr
        assert "gave no answer after 2 attempts: status 503: down for today" in " ".join(failed.stderr.split())
        before = len(server.seen)
        server.behave = lambda handler, number: False
        subprocess.run(command, env=environment, check=True)
        # What was under way when it was killed, at most a batch, is asked once more, and nothing else is.
        answered = [*server.seen[:killed], *server.seen[before:]]
        asked = Counter((each.body["messages"][-1]["content"], each.body["seed"]) for each in answered)
        assert len(asked) == ASKED
        assert sum(asked.values()) <= ASKED + 4


def test_only_explicit_keys_are_said_to_loosen_anything() -> None:
    assert loosened({"spec": {"subject": {"allow_pickle": False, "options": {}}}}) == []
    assert loosened({}) == []
    assert "allow_pickle: true" in loosened({"spec": {"subject": {"allow_pickle": True}}})[0]


def test_the_scaffold_for_an_endpoint_lacks_only_the_questions(tmp_path: Path) -> None:
    init(tmp_path, kind="endpoint")
    problems = [finding for finding in check(tmp_path / "governance.yaml").findings if finding.level == "problem"]
    assert ["no questions.jsonl" in finding.message for finding in problems] == [True]


def test_answers_of_all_sorts_fit_into_one_table_and_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_TEST", KEY)

    def mixed(handler: Any, number: int) -> bool:
        index = int(server.seen[number - 1].body["messages"][-1]["content"].split(":")[0])
        if index % 5 == 1:
            return send(handler, 400, b'{"error": {"message": "content filtered", "code": "content_filter"}}')
        content = ["Yes.", "No", "", None, "<b>\u202e\x00 maybe" * 1000][index % 5]
        told = {"choices": [message(content)], **({"usage": {"prompt_tokens": 5}} if index % 2 else {})}
        return send(handler, 200, json.dumps(told).encode())

    with serving(behave=mixed) as server:
        project(tmp_path, server)
        prepared = harness.prepare(
            load_spec(tmp_path / "governance.yaml", {}),
            (),
            device=None,
            runs=tmp_path / "runs",
            cache=tmp_path / "cache",
            reporter=SilentReporter(),
        )
        observations = harness.collect(prepared, SilentReporter())
        evidence = harness.measure(prepared, observations, SilentReporter())
    table = observations.table(prepared.plan.needs[0]).set_index("sample_id")
    status = [table.loc[f"q{index}", "status"] for index in range(10)]
    assert status == ["ok", "rejected", "rejected", "rejected", "ok"] * 2
    assert table.loc["q1", "reason"] == "the server refused the request (status 400): content filtered"
    assert table["prompt_tokens"].dropna().tolist() == [5.0] * sum(i % 2 and i % 5 != 1 for i in range(N))
    unread = next(m for m in evidence.measurements if m.metric == "unparsed_rate" and not m.slice)
    assert unread.value == pytest.approx(sum(i % 5 != 0 for i in range(N)) / N)
