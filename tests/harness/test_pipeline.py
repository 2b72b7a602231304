"""One pass for all that ask; decoding beside computing; nothing lost by what interrupts it."""

from __future__ import annotations

import os
import subprocess
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

from governance.errors import InputError
from governance.evidence.model import Condition
from governance.harness import batches, environment
from governance.harness.keys import batch_key
from governance.harness.protocols import Need

LOADER = """
import threading

import numpy as np
import pandas as pd

from governance.errors import InputError, Location

DECODED = []          # (first index, samples, thread)
BROKEN = []           # indices that cannot be decoded
BEGUN = threading.Event()


class Data:
    def __init__(self, n):
        generator = np.random.default_rng(5)
        self.images = generator.integers(0, 200, (n, 1, 6, 6), dtype=np.uint8)
        self.table = pd.DataFrame({
            "id": [f"s{i}" for i in range(n)], "patient": [f"p{i}" for i in range(n)], "y": generator.integers(0, 2, n),
            "sex": generator.choice(["F", "M"], n)})

    def decode(self, indices, variant=None):
        DECODED.append((indices[0], len(indices), threading.current_thread().name))
        if indices[0] >= 1024:
            BEGUN.set()
        if set(BROKEN) & set(indices):
            raise InputError("the file is torn", location=Location(f"s{BROKEN[0]}.png"))
        return self.images[np.asarray(indices)]

    def variants(self, name):
        return []


def data(n):
    return Data(n)
"""

SPEC = """
version: 1
subject: {name: small, version: "1", kind: torch, loader: small_network:network, weights: weights.safetensors}
datasets:
  test:
    kind: loader
    loader: recording:data
    options: {n: 2500}
    role: testing
    target: y
    sample_id: id
    cluster: patient
    modality: photograph
    attributes: {sex: {column: sex}}
evaluate:
  robustness: {on: test, conditions: [gaussian-noise], severities: [1], operating_point: {threshold: 0.5}}
settings: {batch_size: 256, threads: 1, replicates: 200}
"""


@pytest.fixture
def recording(image_project, monkeypatch):
    """The image project on a loader that records what it decodes; nothing that was decoded is kept in memory."""
    from governance.datasets.decoded import MemoryBudget
    from governance.spec.references import load_reference

    monkeypatch.setattr(MemoryBudget, "take", lambda self, size: False)
    (image_project.folder / "recording.py").write_text(LOADER)
    image_project.spec.write_text(textwrap.dedent(SPEC))
    module = load_reference("recording:Data", image_project.folder).__init__.__globals__
    image_project.prepare()  # What is decoded for the digest of the content is not what is looked at here.
    module["DECODED"].clear()
    image_project.module = module
    return image_project


def hooked(monkeypatch, hook) -> None:
    """Call `hook(batch)` before the subject predicts."""
    from governance.subjects.tensor_session import TensorSession

    predict = TensorSession.predict
    monkeypatch.setattr(TensorSession, "predict", lambda self, batch: (hook(batch), predict(self, batch))[1])


def collected(recording, monkeypatch, **settings):
    """Return the observation tables by need; the digest of the content is known, so that it decodes nothing."""
    from governance.datasets.decoded import DecodedDataset

    monkeypatch.setattr(DecodedDataset, "content_digest", lambda self, variant=None: "0" * 64)
    return recording.run(settings)


def decoding_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_all_that_is_asked_about_a_batch_is_one_pass_of_the_network(image_project, monkeypatch) -> None:
    from governance.subjects.one_pass import WithEmbedding

    passes = []
    run = WithEmbedding.__call__

    def counted(self, batch, features):
        passes.append(len(batch))
        return run(self, batch, features)

    monkeypatch.setattr(WithEmbedding, "__call__", counted)
    noise = Condition(name="gaussian-noise", severity=1)
    what = ("predict", "embed", "logits")
    needs = [Need.of(name, "test", condition=condition) for condition in (Condition(), noise) for name in what]
    observations = image_project.collect(needs)
    assert passes == [16] * 6 * 2  # 90 samples in batches of 16, under two conditions
    alone = {need.id: observations.table(need) for need in needs}
    for condition in range(2):
        predicted, embedded, logits = (alone[need.id] for need in needs[condition * 3 : condition * 3 + 3])
        raw = np.stack(logits["logits"].to_numpy())
        assert raw.shape == (90, 1)
        np.testing.assert_allclose(predicted["score"], 1 / (1 + np.exp(-raw[:, 0])), atol=1e-12)
        assert np.stack(embedded["embedding"].to_numpy()).shape == (90, 4)
    # Asked one after the other, from an empty cache, they are equal to the last bit.
    for need in needs:
        again = image_project.collect([need]).table(need)
        assert again.equals(alone[need.id])


def test_a_network_that_gives_probabilities_has_every_logit_rejected_with_the_reason(image_project) -> None:
    text = image_project.spec.read_text()
    image_project.spec.write_text(text.replace("kind: torch", "kind: torch\n  output: probabilities"))
    need = Need.of("logits", "test")
    table = image_project.collect([need]).table(need)
    assert set(table["status"]) == {"rejected"}
    assert table["reason"].str.contains("declared as probabilities").all()


def test_how_the_network_computes_is_part_of_what_is_remembered(image_project) -> None:
    image_project.run()
    prepared, other, _ = image_project.run({"settings.memory_format": "channels_last"})
    assert prepared.lock["settings"]["memory_format"] == "channels_last"
    assert other.counts.collected == 5
    plain, compiled = image_project.prepare(), image_project.prepare({"settings.compile": True})
    need = Need.of("predict", "test")
    assert batch_key(need, plain, 16, 1024) != batch_key(need, compiled, 16, 1024)
    assert compiled.lock["settings"]["compile"] is True
    assert set(compiled.lock["libraries"]) - set(plain.lock["libraries"]) == set(environment.compiler())


def test_the_next_shard_is_decoded_while_the_network_computes(recording, monkeypatch) -> None:
    waited: list[bool] = []
    hooked(monkeypatch, lambda batch: waited or waited.append(recording.module["BEGUN"].wait(60)))
    collected(recording, monkeypatch)
    assert waited == [True], "the second shard was not begun while the first was computed"
    decoded = [entry for entry in recording.module["DECODED"] if entry[1] > 1]
    assert {name.rpartition("_")[0] for _, _, name in decoded} == {"decode"}
    assert sorted(start for start, _, _ in decoded) == list(range(0, 2500, 256)), "each sample is decoded once"
    assert decoding_threads() == []


@pytest.mark.parametrize("concurrent", [True, False])
def test_several_threads_decode_what_says_that_they_may(recording, monkeypatch, concurrent: bool) -> None:
    data = recording.module["Data"]
    _, observations, _ = collected(recording, monkeypatch)
    expected = observations.table(Need.of("predict", "test"))
    (recording.folder / "cache").rename(recording.folder / "before")
    together, decode, most = threading.Barrier(2), data.decode, []
    inside: list[int] = []

    def counted(self, indices, variant=None):
        inside.append(1)
        most.append(len(inside))
        if concurrent and len(indices) == 256 and indices[0] < 512:
            together.wait(60)  # only ends when two threads are here
        found = decode(self, indices, variant)
        inside.pop()
        return found

    monkeypatch.setattr(data, "decode", counted)
    monkeypatch.setattr(data, "concurrent", concurrent, raising=False)
    _, observations, _ = collected(recording, monkeypatch)
    assert (max(most) > 1) is concurrent
    assert observations.table(Need.of("predict", "test")).equals(expected)


def test_no_more_than_two_shards_are_decoded_ahead(recording, monkeypatch) -> None:
    furthest: list[int] = []
    seen: list[int] = []

    def look(batch) -> None:
        seen.append(len(batch))
        done = 1024 * (sum(seen) // (2 * 1024))  # under two conditions
        furthest.append(max(start + n for start, n, _ in recording.module["DECODED"]) - done)

    hooked(monkeypatch, look)
    collected(recording, monkeypatch)
    assert max(furthest) <= 2 * 1024


def test_what_cannot_be_decoded_ends_the_run_with_the_loaders_own_words(recording, monkeypatch) -> None:
    recording.module["BROKEN"].append(1500)
    with pytest.raises(InputError, match="the file is torn") as raised:
        collected(recording, monkeypatch)
    assert str(raised.value.location) == "s1500.png"
    assert decoding_threads() == []
    # The shard before it is there when the file is mended.
    recording.module["BROKEN"].clear()
    _, observations, _ = collected(recording, monkeypatch)
    assert (observations.counts.collected, observations.counts.cached) == (4, 2)


def test_an_interrupted_run_stops_decoding_and_resumes_to_the_same_bytes(recording, monkeypatch) -> None:
    import shutil

    first, _, _ = collected(recording, monkeypatch)
    expected = first.folder.evidence_json.read_bytes()
    shutil.rmtree(recording.folder / "cache")
    shutil.rmtree(first.folder.path)
    batches_seen: list[int] = []

    def stop(batch) -> None:
        batches_seen.append(len(batch))
        if len(batches_seen) == 11:  # in the second shard
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        hooked(patched, stop)
        with pytest.raises(KeyboardInterrupt):
            collected(recording, patched)
    assert decoding_threads() == []
    second, observations, _ = collected(recording, monkeypatch)
    assert observations.counts.cached == 2
    assert second.folder.path == first.folder.path
    assert second.folder.evidence_json.read_bytes() == expected


def test_shards_of_large_samples_are_shorter_and_give_the_same(recording, monkeypatch) -> None:
    _, observations, _ = collected(recording, monkeypatch)
    assert observations.counts.collected == 2 * 3
    whole = observations.table(Need.of("predict", "test"))
    monkeypatch.setattr(batches, "SHARD_BYTES", 600 * 36)  # 600 images of 6 x 6 bytes: two batches of 256
    _, observations, _ = collected(recording, monkeypatch)
    assert observations.counts.collected == 2 * 5
    np.testing.assert_allclose(observations.table(Need.of("predict", "test"))["score"], whole["score"], atol=1e-6)


MEMORY = """
import resource
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from governance import harness
from governance.datasets.decoded import MemoryBudget
from governance.harness.progress import SilentReporter
from governance.spec import load_spec

MemoryBudget.__init__.__defaults__ = (4 << 20,)
folder, n, quiet = Path(sys.argv[1]), int(sys.argv[2]), SilentReporter()
loaded = load_spec(folder / "governance.yaml", {"datasets.test.options.n": n, "settings.batch_size": 512})
prepared = harness.prepare(loaded, (), runs=folder / "runs", cache=folder / "cache", reporter=quiet)
found = harness.collect(prepared, quiet)
assert found.counts.collected == -(-n // 1024), found.counts
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

LARGE = """
import numpy as np
import pandas as pd


class Data:
    def __init__(self, n):
        self.table = pd.DataFrame({"id": np.arange(n).astype(str), "y": np.arange(n) % 2, "sex": "F"})

    def decode(self, indices, variant=None):
        images = np.zeros((len(indices), 3, 32, 32), dtype=np.uint8)
        images[:] = (np.asarray(indices) % 251)[:, None, None, None]
        return images

    def variants(self, name):
        return []


class Mean(__import__("torch").nn.Module):
    def forward(self, batch):
        return batch.mean((1, 2, 3))


def data(n):
    return Data(n)
"""

LARGE_SPEC = """
version: 1
subject: {name: mean, version: "1", kind: torch, loader: large:Mean}
datasets:
  test:
    kind: loader
    loader: large:data
    options: {n: 1}
    role: testing
    target: y
    sample_id: id
    cluster: none
    cluster_reason: made
    attributes: {sex: {column: sex}}
evaluate:
  fairness: {on: test, groups: [sex], operating_point: {threshold: 0.5}}
settings: {threads: 1}
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_samples(tmp_path: Path, python) -> None:
    """Ten times the samples, 280 MB more of pixels; what grows is the table of ids and scores alone."""
    (tmp_path / "large.py").write_text(LARGE)
    (tmp_path / "governance.yaml").write_text(LARGE_SPEC)
    (tmp_path / "run.py").write_text(MEMORY)
    peaks = []
    for n in (10_000, 100_000):
        done = subprocess.run(
            [python(), str(tmp_path / "run.py"), str(tmp_path), str(n)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "2"},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        peaks.append(int(done.stdout.split()[-1]) * 1024)  # Linux counts in kilobytes
    pixels = 90_000 * 3 * 32 * 32
    assert peaks[1] - peaks[0] < pixels / 3, [peak / 1e6 for peak in peaks]
