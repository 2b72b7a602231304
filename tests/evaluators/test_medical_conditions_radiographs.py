"""The set for radiographs on real chest radiographs, from the spec to the measurements, with a network trained on them.

COVID-19 Image Repository, Hannover Medical School (CC BY 3.0). The network tells the projection (AP or PA) of patients
that it has not seen; it is trained here in a few seconds, with the seed fixed.
"""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from evaluators.robustness.condition_sets import members
from governance import api
from governance.evidence.model import Evidence
from governance.plugins import installed

pytestmark = [pytest.mark.slow, pytest.mark.shared_data]

SIDE = 96
NETWORK = '''
import torch


class Small(torch.nn.Module):
    """Four strided convolutions and a mean: (b, 1, 96, 96) to (b, 1)."""

    def __init__(self):
        super().__init__()
        layers, given = [], 1
        for width in (12, 24, 32, 48):
            layers += [torch.nn.Conv2d(given, width, 3, 2, 1), torch.nn.BatchNorm2d(width), torch.nn.ReLU()]
            given = width
        self.body = torch.nn.Sequential(*layers)
        self.head = torch.nn.Linear(given, 1)

    def forward(self, batch):
        return self.head(self.body(batch).mean((2, 3)))


def network():
    return Small()
'''
SPEC = f"""
version: 1
subject:
  name: projection
  version: "1"
  kind: torch
  task: binary
  loader: "small:network"
  weights: weights.safetensors
  input: {{size: {SIDE}, channels: 1, mean: [0.5], std: [0.25]}}
datasets:
  films:
    kind: image-folder
    table: films.csv
    folder: films
    image: image
    size: {SIDE}
    channels: 1
    role: testing
    modality: MODALITY
    target: portable
    sample_id: image
    cluster: patient_id
    attributes: {{sex: sex}}
evaluate:
  robustness:
    on: films
    conditions: [radiograph]
    severities: [1, 5]
    groups: [sex]
    operating_point: {{threshold: 0.5}}
settings: {{device: cpu, threads: 1, minimum_events: 3, minimum_patients: 5}}
"""


@pytest.fixture(scope="module")
def project(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a third of the patients to test on and a network trained on the others."""
    source = shared_data / "hannover-cxr"
    folder = tmp_path_factory.mktemp("films")
    (folder / "small.py").write_text(NETWORK)
    (folder / "films").symlink_to(source)
    table = pd.read_csv(source / "metadata.csv")
    table["portable"] = (table["projection"] == "ap").astype(int)
    patients = np.random.default_rng(4).permutation(np.sort(table["patient_id"].unique()))
    tested = table["patient_id"].isin(patients[::3])
    table[tested].to_csv(folder / "films.csv", index=False)
    save_file(_trained(source, table[~tested]), folder / "weights.safetensors")
    (folder / "governance.yaml").write_text(SPEC.replace("MODALITY", "radiograph"))
    return folder


def _trained(source: Path, table: pd.DataFrame) -> dict[str, torch.Tensor]:
    names: dict[str, object] = {}
    exec(NETWORK, names)
    torch.manual_seed(0)
    network = names["network"]()  # type: ignore[operator]
    films = [np.asarray(Image.open(source / name).convert("L").resize((SIDE, SIDE))) for name in table["image"]]
    inputs = (torch.from_numpy(np.stack(films))[:, None].float() / 255 - 0.5) / 0.25
    target = torch.tensor(table["portable"].to_numpy(), dtype=torch.float32)[:, None]
    steps = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-2)
    for step in range(50):
        chosen = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(step))[:48]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(inputs[chosen]), target[chosen])
        steps.zero_grad()
        loss.backward()
        steps.step()
    return {name: value.contiguous() for name, value in network.state_dict().items()}


@pytest.fixture(scope="module")
def evidence(project: Path) -> Evidence:
    with chdir(project):
        return api.evaluate(project / "governance.yaml", no_tracking=True).folder.read_evidence()


def measured(evidence: Evidence, metric: str, estimand: str = "value") -> dict[tuple[str, int | None], float]:
    """Return the numbers of everyone by condition and severity."""
    return {
        (m.condition.name, m.condition.severity): float(m.value)
        for m in evidence.measurements
        if m.metric == metric and m.estimand == estimand and m.slice == {} and m.value is not None
    }


def test_the_network_has_learnt_something(evidence: Evidence) -> None:
    assert measured(evidence, "auroc")["clean", None] > 0.8


def test_every_condition_of_the_set_is_measured_at_the_severities_asked_for(evidence: Evidence) -> None:
    names = members("radiograph", installed("conditions"))
    assert len(names) == 18
    found = measured(evidence, "auroc")
    assert {(name, level) for name in names for level in (1, 5)} <= set(found)
    assert {condition for condition, _ in found} - {*names, "clean"} == set()


def test_noise_as_strong_as_the_scale_has_it_harms_and_mild_jpeg_does_not(evidence: Evidence) -> None:
    auroc, flipped = measured(evidence, "auroc"), measured(evidence, "flip_rate")
    assert auroc["medmnist-c-chest-shot-noise", 5] < auroc["clean", None] - 0.05
    assert auroc["jpeg-generations", 1] == pytest.approx(auroc["clean", None], abs=0.03)
    assert flipped["medmnist-c-chest-shot-noise", 5] > flipped["medmnist-c-chest-jpeg-compression", 1]


def test_the_change_from_clean_has_an_interval_for_everyone_and_for_each_sex(evidence: Evidence) -> None:
    rows = [
        m
        for m in evidence.measurements
        if m.metric == "flip_rate" and m.condition.name == "medmnist-c-chest-gaussian-noise"
    ]
    slices = {tuple(m.slice.items()) for m in rows if m.condition.severity == 5 and m.interval is not None}
    assert slices == {(), (("sex", "f"),), (("sex", "m"),)}


def test_the_same_set_is_refused_for_films_that_are_said_to_be_something_else(project: Path) -> None:
    from governance.errors import InputError

    other = project / "other.yaml"
    other.write_text(SPEC.replace("MODALITY", "ct"))
    with pytest.raises(InputError, match="'radiograph' makes no sense for the modality 'ct'"):
        api.evaluate(other, no_tracking=True)
