"""A small project of image files and a network of usual size, collected by the toolkit and by a bare loop."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

IMAGES = 256
SIDE = 224
BATCH = 64
THREADS = 2
CONDITIONS = (("brightness", 3), ("contrast", 1), ("contrast", 3), ("contrast", 5))
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

SPEC = """
version: 1
subject:
  name: bench
  version: "1"
  kind: timm
  architecture: {architecture}
  weights: weights.safetensors
  input: {{channels: 3, mean: [{mean}], std: [{std}]}}
datasets:
  test:
    kind: image-folder
    role: testing
    table: test.csv
    image: file
    target: positive
    cluster: patient
    modality: photograph
    attributes: {{sex: {{column: sex}}}}
evaluate:
  robustness: {{on: test, conditions: [contrast], severities: [1], operating_point: {{threshold: 0.5}}}}
settings: {{device: cpu, batch_size: {batch}, threads: {threads}, replicates: 200}}
"""

Seconds = tuple[float, float]
"""Elapsed, and of the processor over all threads."""


@dataclass(frozen=True)
class Round:
    """Seconds of one round."""

    collection: Seconds
    decoding: Seconds
    conditions: Seconds
    bare: Seconds

    def ratio(self, clock: int) -> float:
        """Return collection less decoding and conditions, over the bare loop."""
        return (self.collection[clock] - self.decoding[clock] - self.conditions[clock]) / self.bare[clock]


def timed(action: Callable[[], object]) -> Seconds:
    """Return how long an action takes."""
    elapsed, processor = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - elapsed, time.process_time() - processor


@dataclass
class Collection:
    """The project, prepared, and what a bare loop needs."""

    folder: Path
    prepared: Any
    network: Any
    ready: list[Any]

    @classmethod
    def make(cls, folder: Path, images: int, architecture: str, threads: int) -> Collection:
        """Write images, table, weights and spec, and plan the run."""
        import timm
        import torch
        from PIL import Image
        from safetensors.torch import save_file

        generator = np.random.default_rng(0)
        for number in range(images):
            coarse = generator.integers(0, 256, (14, 14, 3), dtype=np.uint8)
            image = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            image.save(folder / f"{number:04d}.jpg", quality=90)
        table = {
            "file": [f"{number:04d}.jpg" for number in range(images)],
            "positive": np.arange(images) % 2,
            "patient": np.arange(images),
            "sex": np.where(np.arange(images) % 3 == 0, "F", "M"),
        }
        pd.DataFrame(table).to_csv(folder / "test.csv", index=False)
        torch.manual_seed(0)
        network = timm.create_model(architecture, pretrained=False, num_classes=2).eval().requires_grad_(False)
        save_file(network.state_dict(), folder / "weights.safetensors")
        spec = SPEC.format(
            architecture=architecture,
            batch=BATCH,
            threads=threads,
            mean=", ".join(map(str, MEAN)),
            std=", ".join(map(str, STD)),
        )
        (folder / "governance.yaml").write_text(spec)
        # The first plan digests the pixels; after it the run knows them by size and time, and keeps nothing decoded.
        cls._prepare(folder)
        made = cls(folder, cls._prepare(folder), network, [])
        made._make_ready()
        return made

    @staticmethod
    def _prepare(folder: Path) -> Any:
        from dataclasses import replace

        from governance import harness
        from governance.evidence.model import Condition
        from governance.harness.plan import make_plan
        from governance.harness.progress import SilentReporter
        from governance.harness.protocols import Need
        from governance.spec import load_spec

        prepared = harness.prepare(
            load_spec(folder / "governance.yaml"),
            (),
            runs=folder / "runs",
            cache=folder / "cache",
            reporter=SilentReporter(),
        )
        conditions = [Condition(), *(Condition(name=name, severity=severity) for name, severity in CONDITIONS)]
        plan = make_plan(
            {"benchmark": [Need.of("predict", "test", condition=condition) for condition in conditions]},
            subject=prepared.spec.subject,
            datasets={name: info for name, (_, info) in prepared.datasets.items()},
            conditions=prepared.conditions,
        )
        return replace(prepared, plan=plan)

    def _make_ready(self) -> None:
        """Keep the batches that the bare loop runs on: decoded, under each condition, as 8-bit tensors."""
        self.prepared.make_ready()
        batches = [self._decoded(start) for start in self._starts()]
        self.ready = [*batches, *(self._changed(batch, *what) for what in CONDITIONS for batch in batches)]
        # The same forward passes: images lie in memory as in ours.
        self.layout = self.prepared.subject.open().memory_format
        self.network.to(memory_format=self.layout)

    def _starts(self) -> range:
        return range(0, self.prepared.datasets["test"][1].n, BATCH)

    def _decoded(self, start: int) -> Any:
        import torch

        dataset, info = self.prepared.datasets["test"]
        return torch.from_numpy(dataset.decode(range(start, min(start + BATCH, info.n))))

    def _changed(self, batch: Any, name: str, severity: int) -> Any:
        from governance.harness.conditions import apply_condition, implementation

        function = implementation(self.prepared.conditions[name], self.folder)
        return apply_condition(function, name, batch, severity, list(range(len(batch))))

    def warm_up(self) -> None:
        """Run a batch of either, so that no round pays for first calls."""
        self.prepared.subject.open().predict(self.ready[0])
        self._bare(self.ready[:1])

    def round(self) -> Round:
        """Time everything once."""
        return Round(
            collection=timed(self._collect),
            bare=timed(lambda: self._bare(self.ready)),
            decoding=timed(lambda: [self._decoded(start) for start in self._starts()]),
            conditions=timed(self._conditions),
        )

    def _collect(self) -> None:
        from governance import harness
        from governance.harness.progress import SilentReporter

        shutil.rmtree(self.folder / "cache" / "observations", ignore_errors=True)
        found = harness.collect(self.prepared, SilentReporter())
        if found.counts.cached:
            raise RuntimeError("the cache was not empty")

    def _conditions(self) -> None:
        for batch in self.ready[: len(self._starts())]:
            for name, severity in CONDITIONS:
                self._changed(batch, name, severity)

    def _bare(self, batches: list[Any]) -> None:
        import torch

        mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (MEAN, STD))
        with torch.inference_mode():
            for batch in batches:
                images = ((batch.float() / 255 - mean) / std).contiguous(memory_format=self.layout)
                torch.softmax(self.network(images), dim=1).numpy()
