"""A whole run that attacks a small network, measures its confidence, and decides on both by group."""

import json

import numpy as np
import pandas as pd
import pytest
from attacked_digits import FITTED, images, ten_classes
from safetensors.torch import save_file
from sklearn.datasets import load_digits

from governance import api

MAX = "max-probability"
CODE = """
import torch


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(8, 16, 3, padding=1), torch.nn.ReLU(),
            torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(256, 10),
        )

    def embed(self, batch):
        return self.layers[:-1](batch)

    def forward(self, batch):
        return self.layers[-1](self.embed(batch))


def network():
    return Network()
"""
SPEC = """
version: 1
subject:
  name: digits
  version: "1"
  kind: torch
  task: multiclass
  loader: small_digits:network
  weights: weights.safetensors
  input: {channels: 1}
datasets:
  test:
    kind: npz
    role: testing
    file: test.npz
    images: images
    table: test.csv
    target: digit
    sample_id: id
    cluster: patient
    modality: photograph
    attributes: {ink: ink}
  train:
    kind: npz
    role: training
    file: train.npz
    images: images
    table: train.csv
    target: digit
    sample_id: id
    cluster: none
    cluster_reason: one image a writer
    modality: photograph
evaluate:
  robustness:
    on: test
    groups: [ink]
    severities: [5]
    adversarial: {eps: [0.06], attacks: [pgd, square], steps: 8, queries: 20}
    uncertainty:
      scores: [max-probability, energy, mahalanobis]
      train_on: train
      out_of_distribution: [gaussian-noise]
policy: policy.yaml
settings: {batch_size: 64, threads: 1, replicates: 200}
"""
POLICY = """
policy: attacks
version: "1"
owner: {name: A Person, role: engineer}
rules:
  - id: attacked-groups
    title: Every group keeps enough right answers under attack
    measure: {evaluator: robustness, metric: robust_accuracy, variant: linf 0.06, worst: ink}
    bar: {at_least: 0.99}
    rationale: Somebody may change images.
    set: {by: engineering, on: 2026-01-01}
  - id: knows-errors
    title: Answers at 90 % are right
    measure: {evaluator: robustness, metric: selective_risk, variant: "max-probability, 90 % answered"}
    bar: {at_most: 0.2}
    rationale: Only confident answers are shown.
    set: {by: engineering, on: 2026-01-01}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    several = ten_classes()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small_digits.py").write_text(CODE)
    (tmp_path / "governance.yaml").write_text(SPEC)
    (tmp_path / "policy.yaml").write_text(POLICY)
    state = {name: tensor.contiguous() for name, tensor in several.network.state_dict().items()}
    save_file(state, tmp_path / "weights.safetensors")
    np.savez(tmp_path / "test.npz", images=several.images)
    np.savez(tmp_path / "train.npz", images=images()[FITTED])
    digits = load_digits().target[FITTED]
    pd.DataFrame({"id": [f"t{row}" for row in range(len(digits))], "digit": digits}).to_csv("train.csv", index=False)
    frame = several.info.frame.rename(columns={"sample_id": "id", "cluster": "patient", "target": "digit"})
    frame.assign(digit=frame["digit"].astype(int)).to_csv(tmp_path / "test.csv", index=False)
    return tmp_path


def test_a_run_attacks_judges_by_group_and_collects_nothing_again(project):
    result = api.run("governance.yaml", formats=("json", "html"), no_tracking=True)
    decision = json.loads(next(result.folder.path.glob("decisions/*.json")).read_text())
    verdicts = {verdict["rule"]: verdict["outcome"] for verdict in decision["verdicts"]}
    assert verdicts == {"attacked-groups": "fail", "knows-errors": "pass"}
    lock = json.loads((result.folder.path / "spec.lock.json").read_text())
    needs = [need for need in lock["needs"] if need["collector"] == "attack"]
    assert [need["options"]["attack"] for need in needs] == ["pgd", "square"]
    assert all(need["options"]["library"].startswith("adversarial-robustness-toolbox 1.") for need in needs)
    evidence = json.loads(result.folder.evidence_json.read_bytes())["measurements"]
    told = {m["variant"]: m["value"] for m in evidence if m["metric"] == "out_of_distribution_auroc" and not m["slice"]}
    assert set(told) == {f"{score}, against gaussian-noise severity 5" for score in (MAX, "energy", "mahalanobis")}
    assert max(told.values()) > 0.6
    pages = {path.stem: path.read_text() for path in result.folder.path.glob("documents/*/*.html")}
    for name in ("deployer", "engineer", "auditor"):
        assert "Robustness to these attacks is not a guarantee" in pages[name]
        assert "If only the most confident 80" in pages[name]
        assert "errors among the answered" in pages[name]
    assert "Under attack" not in pages["public"] + pages["clinician"]
    again = api.run("governance.yaml", formats=("json",), no_tracking=True)
    events = [json.loads(line) for line in (again.folder.path / "journal.jsonl").read_text().splitlines()]
    assert [event for event in events if event["event"] == "observed"][-1]["collected"] == 0
