"""From spec to evidence: what is collected, what is not collected again, and that equal runs are equal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from governance.errors import CannotRunError, ExitCode, InputError
from governance.evidence.canonical import digest_json
from governance.harness.protocols import Need

RUN = """
import sys
from pathlib import Path
from governance import harness
from governance.harness.progress import SilentReporter
from governance.spec import load_spec

folder = Path(sys.argv[1])
quiet = SilentReporter()
prepared = harness.prepare(
    load_spec(folder / "governance.yaml"), (), runs=folder / "runs", cache=folder / "cache", reporter=quiet
)
harness.measure(prepared, harness.collect(prepared, quiet), quiet)
"""


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a run but its journal, which holds times."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "journal.jsonl")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_run_leaves_lock_tables_evidence_and_its_twin(image_project) -> None:
    prepared, observations, evidence = image_project.run()
    folder = prepared.folder
    lock = folder.read_json(folder.spec_lock)
    assert folder.run_id == digest_json(lock)[:12]
    assert lock["subject"]["digest"] == prepared.subject.digest
    assert lock["settings"]["device"] == "cpu"
    assert lock["datasets"]["test"]["n"] == 90
    assert lock["datasets"]["test"]["clusters"] == 45
    groups = lock["datasets"]["test"]["attributes"]["sex"]
    assert sum(group["n"] for group in groups["groups"].values()) == 90
    assert groups["order"] == ["F", "M"]
    assert {path.name.rsplit("-", 1)[0] for path in folder.observations.iterdir()} == {
        "predict-test-clean",
        "predict-test-gaussian_noise-1",
        "predict-test-gaussian_noise-3",
        "predict-test-contrast-1",
        "predict-test-contrast-3",
        "samples-test",
    }
    assert observations.counts.collected == 5
    assert folder.read_evidence() == evidence
    twin = pq.read_table(folder.evidence_parquet)
    assert twin.schema.metadata[b"evidence_json_sha256"].decode() == folder.evidence_digest()
    assert twin.column("id").to_pylist() == [measurement.id for measurement in evidence.measurements]
    assert twin.column("value").to_pylist() == [measurement.value for measurement in evidence.measurements]


def test_scores_are_those_of_the_network_itself(image_project) -> None:
    import torch
    from safetensors.torch import load_file

    from governance.spec.references import load_reference

    prepared, observations, _ = image_project.run()
    table = observations.table(Need.of("predict", "test"))
    network = load_reference("small_network:network", image_project.folder)().eval()
    network.load_state_dict(load_file(image_project.folder / "weights.safetensors"))
    images = np.load(image_project.folder / "test.npz")["images"]
    with torch.inference_mode():
        expected = torch.sigmoid(network(torch.from_numpy(images)[:, None].float() / 255))[:, 0].numpy()
    np.testing.assert_allclose(table["score"], expected, atol=1e-6)
    assert table["sample_id"].tolist() == pd.read_csv(image_project.folder / "test.csv")["id"].tolist()
    assert prepared.device == "cpu"


def test_a_second_run_collects_nothing_and_writes_the_same_bytes(image_project) -> None:
    first, observations, _ = image_project.run()
    before = contents(first.folder.path)
    assert observations.counts.collected == 5
    second, again, _ = image_project.run()
    assert (again.counts.collected, again.counts.cached) == (0, 5)
    assert second.folder.path == first.folder.path
    assert before == contents(second.folder.path)


def test_a_changed_statistic_group_or_threshold_collects_nothing(image_project) -> None:
    first, _, _ = image_project.run()
    text = image_project.spec.read_text()
    image_project.spec.write_text(
        text.replace("replicates: 200", "replicates: 300")
        .replace("threshold: 0.5", "threshold: 0.4")
        .replace("{column: sex}", "{column: sex, labels: {F: women, M: men}}")
    )
    second, again, _ = image_project.run()
    assert second.folder.path != first.folder.path
    assert again.counts.collected == 0


@pytest.mark.parametrize(
    ("old", "new", "collected"),
    [
        ("self.head = ", "self.head  = ", 5),  # the network's own code
        ("severities: [1, 3]", "severities: [1, 2, 3]", 2),
        ("seed_is_not_written", "", 4),  # settings.seed, see below: the clean condition has nothing random
    ],
)
def test_only_what_changed_is_collected_again(image_project, old: str, new: str, collected: int) -> None:
    image_project.run()
    for file in (image_project.spec, image_project.folder / "small_network.py"):
        file.write_text(file.read_text().replace(old, new))
    _, again, _ = image_project.run({"settings.seed": 1} if old.startswith("seed") else None)
    assert again.counts.collected == collected


def test_changed_weights_or_pixels_are_observed_again(image_project) -> None:
    from safetensors.torch import load_file, save_file

    image_project.run()
    weights = load_file(image_project.folder / "weights.safetensors")
    weights["head.bias"] += 1
    save_file(weights, image_project.folder / "weights.safetensors")
    assert image_project.run()[1].counts.collected == 5
    images = np.load(image_project.folder / "test.npz")["images"]
    images[7, 0, 0] += 1
    np.savez(image_project.folder / "test.npz", images=images)
    assert image_project.run()[1].counts.collected == 5


def test_a_damaged_shard_is_noticed_and_collected_again(image_project) -> None:
    first, _, _ = image_project.run()
    evidence = first.folder.evidence_json.read_bytes()
    shards = sorted((image_project.folder / "cache" / "observations").rglob("*.parquet"))
    data = bytearray(shards[0].read_bytes())
    data[len(data) // 2] ^= 1
    shards[0].write_bytes(data)
    shards[1].write_bytes(b"")
    shards[2].with_suffix(".sha256").unlink()
    second, again, _ = image_project.run()
    assert again.counts.collected == 3
    assert second.folder.evidence_json.read_bytes() == evidence


def test_what_a_kill_left_half_written_is_swept_away(image_project) -> None:
    folder = image_project.prepare().folder
    folder.observations.mkdir()
    for left in (folder.path / ".evidence.json.x1", folder.observations / ".predict.parquet.x2"):
        left.write_bytes(b"{")
    image_project.run()
    assert not [path for path in folder.path.rglob(".*") if path.is_file()]


def test_what_is_left_to_do_does_not_change_what_comes_out(image_project, tmp_path: Path) -> None:
    """Several shards, some of them lost: the rest are observed in other company than in the undisturbed run."""
    image_project.write_images(n=200)
    first, _, _ = image_project.run({"settings.batch_size": 64})
    before = first.folder.evidence_json.read_bytes()
    shards = sorted((image_project.folder / "cache" / "observations").rglob("*.parquet"))
    for shard in shards[::2]:
        shard.unlink()
    second, again, _ = image_project.run({"settings.batch_size": 64})
    assert again.counts.collected == len(shards[::2])
    assert second.folder.evidence_json.read_bytes() == before


def test_each_samples_noise_is_its_own_whatever_the_batch(image_project) -> None:
    """Same samples in batches of another size: clean scores and noisy scores agree to rounding."""
    tables = []
    for size in (16, 90, 7):
        _, observations, _ = image_project.run({"settings.batch_size": size})
        need = next(
            need
            for need in image_project.prepare({"settings.batch_size": size}).plan.needs
            if need.condition.name == "gaussian-noise" and need.condition.severity == 3
        )
        tables.append(observations.table(need)["score"].to_numpy())
    np.testing.assert_allclose(tables[0], tables[1], atol=1e-6)
    np.testing.assert_allclose(tables[0], tables[2], atol=1e-6)


def test_the_order_of_keys_in_the_spec_changes_nothing(image_project) -> None:
    first, _, _ = image_project.run()
    before = first.folder.evidence_json.read_bytes()
    head, _, rest = image_project.spec.read_text().partition("evaluate:\n")
    evaluate, _, settings = rest.partition("settings:")
    lines = evaluate.splitlines(keepends=True)
    swapped = "".join(lines[1:]) + lines[0]
    image_project.spec.write_text(f"{head}evaluate:\n{swapped}settings:{settings}")
    second, _, _ = image_project.run()
    assert second.folder.path == first.folder.path
    assert second.folder.evidence_json.read_bytes() == before


def test_running_out_of_memory_halves_the_batches_and_ends_the_same(image_project, monkeypatch) -> None:
    _, undisturbed, _ = image_project.run()
    expected = undisturbed.table(Need.of("predict", "test"))
    shutil.rmtree(image_project.folder / "cache")
    monkeypatch.setenv("LARGEST_BATCH", "5")
    prepared, observations, _ = image_project.run()
    journal = [json.loads(line) for line in prepared.folder.journal.read_text().splitlines()]
    sizes = [event["batch_size"] for event in journal if event["event"] == "smaller batches"]
    assert sorted(set(sizes)) == [4, 8]
    table = observations.table(Need.of("predict", "test"))
    np.testing.assert_allclose(table["score"], expected["score"], atol=1e-6)
    # A resumed run starts with the smaller batches and finds all that was collected with them.
    assert image_project.run()[1].counts.collected == 0


def test_memory_too_small_for_one_sample_is_an_error_of_the_environment(image_project, monkeypatch) -> None:
    monkeypatch.setenv("LARGEST_BATCH", "0")
    with pytest.raises(CannotRunError, match="too small for one sample") as raised:
        image_project.run()
    assert raised.value.exit_code == ExitCode.COULD_NOT_RUN


def collected_lines(folder: Path) -> int:
    journals = list(folder.glob("runs/*/journal.jsonl"))
    return journals[0].read_text().count('"collected", "need"') if journals else 0


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bytes(image_project, python, tmp_path: Path) -> None:
    image_project.write_images(n=2200)
    image_project.spec.write_text(image_project.spec.read_text().replace("batch_size: 16", "batch_size: 512"))
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(image_project.folder, undisturbed, ignore=shutil.ignore_patterns("undisturbed"))
    script = tmp_path / "run.py"
    script.write_text(RUN)
    slow = {**os.environ, "SECONDS_A_BATCH": "0.05"}
    for stop in (0, 1, 6, 13):
        process = subprocess.Popen([python(), str(script), str(image_project.folder)], env=slow)
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if stop == 0 and list(image_project.folder.glob("runs/*/spec.lock.json")):
                break
            if stop and collected_lines(image_project.folder) >= stop:
                break
            time.sleep(0.005)
        assert process.poll() is None, "the run ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not list(image_project.folder.glob("runs/*/evidence.json"))
    before = collected_lines(image_project.folder)
    assert before >= 13
    for folder in (image_project.folder, undisturbed):
        subprocess.run([python(), str(script), str(folder)], check=True)
    runs = [next(folder.glob("runs/*")) for folder in (image_project.folder, undisturbed)]
    assert runs[0].name == runs[1].name
    assert "evidence.json" in contents(runs[0])
    assert contents(runs[0]) == contents(runs[1])
    # Fifteen shards in all: a kill loses at most the shard that was being collected.
    assert collected_lines(image_project.folder) <= 15 + 4


def test_an_unknown_module_of_own_code_is_said_with_the_file(image_project) -> None:
    image_project.spec.write_text(image_project.spec.read_text().replace("small_network:network", "smal_network:net"))
    with pytest.raises(InputError) as raised:
        image_project.run()
    assert "smal_network" in str(raised.value)
    assert raised.value.exit_code == ExitCode.BAD_INPUT
