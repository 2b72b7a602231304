"""Small networks that were trained on real handwritten digits, and what attacks on them observe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from nhefs_predictions import Tables, dataset_info
from sklearn.datasets import load_digits

from evaluators.robustness import DESCRIPTOR, RobustnessOptions
from evaluators.robustness.adversarial.collector import AttackCollector
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement
from governance.harness.protocols import CollectionContext, EvaluationContext
from governance.harness.rows import rows_of
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.descriptors import NetworkOptions
from governance.subjects.tensor_session import TensorSession, session_of

EVALUATOR = DESCRIPTOR.load()
FITTED, SCORED = slice(0, 1200), slice(1200, 1400)
SMALL, LARGE = 0.06, 0.15


class Network(torch.nn.Module):
    """A small network; `sharpness` multiplies the logits, which changes no decision but can hide all gradients."""

    def __init__(self, outputs: int, sharpness: float = 1.0) -> None:
        super().__init__()
        self.sharpness = sharpness
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.Conv2d(8, 16, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Flatten(),
            torch.nn.Linear(256, outputs),
        )

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return self.layers(batch) * self.sharpness


def trained(outputs: int, target: np.ndarray, images: np.ndarray) -> Network:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # threads of networks this small only wait for each other
    network = Network(outputs)
    optimiser = torch.optim.Adam(network.parameters(), 4e-3)
    pixels = torch.tensor(images[FITTED] / np.float32(255))
    truth = torch.tensor(target[FITTED])
    for _ in range(12):
        for rows in torch.randperm(len(pixels)).split(64):
            optimiser.zero_grad()
            found = network(pixels[rows])
            loss = (
                torch.nn.functional.cross_entropy(found, truth[rows])
                if outputs > 1
                else torch.nn.functional.binary_cross_entropy_with_logits(found[:, 0], truth[rows].float())
            )
            loss.backward()
            optimiser.step()
    return network


@dataclass
class Case:
    """A subject and the images that it is attacked on."""

    task: str
    info: DatasetInfo
    images: np.ndarray
    network: Network
    kind: str = "torch"
    device: str = "cpu"

    @property
    def subject(self) -> SubjectSpec:
        return SubjectSpec(name="digits", version="1", kind=self.kind, task=self.task)

    def session(self) -> TensorSession:
        return session_of(
            self.network,
            NetworkOptions.model_validate({"input": {"channels": 1}}),
            subject=self.subject,
            base=Path(),
            device=self.device,
            settings=Settings(),
            digest="d",
            run=None,
        )

    def context(self, adversarial: dict[str, Any], batch_size: int = 100, **options: Any) -> EvaluationContext:
        written = {"on": "test", "groups": ["ink"], "adversarial": adversarial, **options}
        return EvaluationContext(
            options=RobustnessOptions.model_validate(written),
            subject=self.subject,
            datasets={"test": self.info},
            settings=Settings(replicates=200, batch_size=batch_size),
        )

    def observe(self, context: EvaluationContext) -> Tables:
        """Let the collectors observe all that the evaluator needs."""
        session, collector, tables = self.session(), AttackCollector(), {}
        collection = CollectionContext(
            dataset=SimpleNamespace(decode=lambda rows, variant=None: self.images[list(rows)]),
            info=self.info,
            datasets={},
            subject=self.subject,
            base=Path(),
            device=self.device,
            settings=context.settings,
            tables={},
            open_subject=lambda: session,
        )
        for need in EVALUATOR.needs(context):
            if need.collector == "predict":
                found = session.predict(torch.tensor(self.images, device=self.device))
                columns = {"score": found} if found.ndim == 1 else {"scores": found}
                tables[need.id] = rows_of(columns, self.info.frame["sample_id"].tolist())
            else:
                shards = collector.shards(need, collection)
                tables[need.id] = pd.concat([collector.collect(need, shard, collection) for shard in shards])
        return Tables(tables)

    def measure(self, adversarial: dict[str, Any], **options: Any) -> list[Measurement]:
        context = self.context(adversarial, **options)
        return list(EVALUATOR.measure(self.observe(context), context))


def case_of(task: str, target: np.ndarray, images: np.ndarray, network: Network, classes: tuple[str, ...]) -> Case:
    ink = images[SCORED].reshape(len(images[SCORED]), -1).sum(axis=1)
    names = [f"d{row:04d}" for row in range(len(ink))]
    frame = pd.DataFrame(
        {
            "sample_id": names,
            "cluster": [f"p{row // 2}" for row in range(len(ink))],
            "target": target[SCORED].astype(float),
            "ink": np.where(ink > np.median(ink), "dark", "light"),
        }
    )
    info = replace(dataset_info(frame, "test"), modality="photograph", classes=classes)
    return Case(task, info, images[SCORED], network)


@cache
def images() -> np.ndarray:
    """(n, 1, 8, 8) uint8 of all digits."""
    return np.round(load_digits().images / 16 * 255).astype(np.uint8)[:, None]


@cache
def ten_classes() -> Case:
    target = load_digits().target
    return case_of("multiclass", target, images(), trained(10, target, images()), tuple("0123456789"))


@cache
def two_classes() -> Case:
    target = (load_digits().target >= 5).astype(np.int64)
    return case_of("binary", target, images(), trained(1, target, images()), ("below five", "five or more"))
