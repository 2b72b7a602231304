"""Small real projects: data on disk, a network with safetensors weights, a governance.yaml."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

CODE = """
import os
import time

import torch


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = torch.nn.Conv2d(1, 4, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(4)
        self.head = torch.nn.Linear(4, 1)

    def embed(self, batch):
        return torch.relu(self.norm(self.convolution(batch))).mean((2, 3))

    def forward(self, batch):
        largest = int(os.environ.get("LARGEST_BATCH", "1000000"))
        if len(batch) > largest:
            raise torch.OutOfMemoryError("out of memory")
        time.sleep(float(os.environ.get("SECONDS_A_BATCH", "0")))
        return self.head(self.embed(batch))


def network():
    return Network()


class Extractor:
    digest = "mean of quadrants, version 1"

    def __call__(self, batch):
        return torch.nn.functional.adaptive_avg_pool2d(batch.float(), 2).flatten(1)


def extractor(device):
    return Extractor()
"""

SPEC = """
version: 1
subject:
  name: small
  version: "1"
  kind: torch
  loader: small_network:network
  weights: weights.safetensors
  input: {channels: 1}
datasets:
  test:
    kind: npz
    role: testing
    file: test.npz
    table: test.csv
    target: positive
    sample_id: id
    cluster: patient
    modality: photograph
    attributes:
      sex: {column: sex}
evaluate:
  fairness: {on: test, groups: [sex], operating_point: {threshold: 0.5}}
  robustness:
    on: test
    conditions: [gaussian-noise, contrast]
    severities: [1, 3]
    operating_point: {threshold: 0.5}
settings: {batch_size: 16, threads: 1, replicates: 200}
"""


@dataclass
class Project:
    """A folder with a spec; `run` evaluates it in this process."""

    folder: Path

    @property
    def spec(self) -> Path:
        return self.folder / "governance.yaml"

    def write_images(self, n: int, seed: int = 0) -> None:
        """Write other images in the place of the project's."""
        write_images(self.folder, n, seed)

    def prepare(self, overrides: Mapping[str, Any] | None = None, device: str | None = None, runs: str = "runs") -> Any:
        from governance import harness
        from governance.harness.progress import SilentReporter
        from governance.spec import load_spec

        loaded = load_spec(self.spec, dict(overrides or {}))
        return harness.prepare(
            loaded,
            (),
            device=device,
            runs=self.folder / runs,
            cache=self.folder / "cache",
            reporter=SilentReporter(),
        )

    def collect(self, needs: Sequence[Any], overrides: Mapping[str, Any] | None = None) -> Any:
        """Collect other needs than the spec's evaluations have; return the observations."""
        from dataclasses import replace

        from governance import harness
        from governance.harness.identities import identities
        from governance.harness.plan import make_plan
        from governance.harness.progress import SilentReporter

        prepared = self.prepare(overrides)
        infos = {name: info for name, (_, info) in prepared.datasets.items()}
        plan = make_plan({"own": needs}, subject=prepared.spec.subject, datasets=infos, conditions=prepared.conditions)
        found = identities(
            plan.needs,
            base=prepared.loaded.base,
            device="cpu",
            datasets={name: dataset for name, (dataset, _) in prepared.datasets.items()},
            conditions=prepared.conditions,
            before=prepared.make_ready,
        )
        return harness.collect(replace(prepared, plan=plan, found=found), SilentReporter())

    def run(self, overrides: Mapping[str, Any] | None = None, device: str | None = None, runs: str = "runs") -> Any:
        """Return prepared, observations and evidence."""
        from governance import harness
        from governance.harness.progress import SilentReporter

        prepared = self.prepare(overrides, device, runs)
        observations = harness.collect(prepared, SilentReporter())
        evidence = harness.measure(prepared, observations, SilentReporter())
        return prepared, observations, evidence


def write_images(folder: Path, n: int = 90, seed: int = 0) -> None:
    """Write images whose class shows in a bright square, with two samples a patient."""
    generator = np.random.default_rng(seed)
    positive = generator.integers(0, 2, n)
    images = generator.integers(0, 120, (n, 12, 12), dtype=np.uint8)
    images[positive == 1, 3:8, 3:8] += 60
    np.savez(folder / "test.npz", images=images)
    frame = pd.DataFrame(
        {
            "id": [f"s{index:04d}" for index in range(n)],
            "patient": [f"p{index // 2}" for index in range(n)],
            "positive": positive,
            "sex": generator.choice(["F", "M"], n),
        }
    )
    frame.to_csv(folder / "test.csv", index=False)


def write_network(folder: Path) -> None:
    """Write the network's code and its weights."""
    import torch
    from safetensors.torch import save_file

    (folder / "small_network.py").write_text(CODE)
    space: dict[str, Any] = {}
    exec(compile(CODE, "small_network.py", "exec"), space)
    torch.manual_seed(3)
    save_file(space["network"]().state_dict(), folder / "weights.safetensors")


@pytest.fixture
def image_project(tmp_path: Path) -> Project:
    """A binary image classifier with fairness and robustness."""
    write_images(tmp_path)
    write_network(tmp_path)
    (tmp_path / "governance.yaml").write_text(textwrap.dedent(SPEC))
    return Project(tmp_path)


RECORDED = """
version: 1
subject: {name: recorded-model, version: "1", kind: recorded, predictions: predictions.csv}
datasets:
  test:
    kind: table
    role: testing
    table: test.csv
    target: positive
    sample_id: id
    cluster: patient
    attributes:
      sex: {column: sex}
evaluate:
  fairness: {on: test, groups: [sex], operating_point: {threshold: 0.5}}
settings: {batch_size: 16, threads: 1, replicates: 200}
"""


@pytest.fixture
def recorded_project(tmp_path: Path) -> Project:
    """Predictions that were recorded elsewhere; nothing in it needs torch."""
    generator = np.random.default_rng(1)
    positive = generator.integers(0, 2, 120)
    ids = [f"s{index:04d}" for index in range(120)]
    pd.DataFrame(
        {
            "id": ids,
            "patient": [f"p{index // 2}" for index in range(120)],
            "positive": positive,
            "sex": generator.choice(["F", "M"], 120),
        }
    ).to_csv(tmp_path / "test.csv", index=False)
    score = np.clip(0.5 + 0.2 * (2 * positive - 1) + generator.normal(0, 0.2, 120), 0, 1)
    pd.DataFrame({"sample_id": ids, "score": score}).to_csv(tmp_path / "predictions.csv", index=False)
    (tmp_path / "governance.yaml").write_text(textwrap.dedent(RECORDED))
    return Project(tmp_path)


@pytest.fixture
def python() -> Callable[[], str]:
    """Return the interpreter that the tests run in."""
    return lambda: sys.executable
