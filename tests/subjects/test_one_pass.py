"""One forward pass a batch, logits, and the entry for attacks, with real networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import transformers
from safetensors.torch import save_file

from governance.errors import InputError
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.tensor_session import TensorSession
from governance.subjects.timm_image import open_timm
from governance.subjects.torch_module import open_torch
from governance.subjects.transformers_classifier import open_transformers

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (4, 3, 64, 64), dtype=np.uint8))


def opened(
    folder: Path, architecture: str = "mobilenetv3_small_050", outputs: int = 2, **subject: object
) -> TensorSession:
    torch.manual_seed(0)
    weights = folder / f"{architecture}.safetensors"
    save_file(timm.create_model(architecture, pretrained=False, num_classes=outputs).state_dict(), weights)
    spec = {"name": "n", "version": "1", "kind": "timm", "task": subject.pop("task", "binary")}
    options = {
        "architecture": architecture,
        "weights": weights.name,
        "input": {"mean": [0.5], "std": [0.25]},
        **subject,
    }
    return open_timm(SubjectSpec.model_validate({**spec, "options": options}), folder, "cpu", Settings())


def counted(network: torch.nn.Module) -> list[int]:
    """Count how often a network's first layer runs."""
    calls: list[int] = []
    first = next(module for module in network.modules() if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)))
    first.register_forward_hook(lambda *_: calls.append(1))
    return calls


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[torch.nn.Module]:
    """The networks that timm makes, last one last."""
    networks: list[torch.nn.Module] = []
    make = timm.create_model

    def create(*given: object, **named: object) -> torch.nn.Module:
        networks.append(make(*given, **named))
        return networks[-1]

    monkeypatch.setattr(timm, "create_model", create)
    return networks


@pytest.mark.parametrize("architecture", ["resnet10t", "mobilenetv3_small_050"])
@pytest.mark.parametrize("order", [("predict", "embed", "logits"), ("logits", "predict", "embed")])
def test_a_timm_network_runs_once_for_all_that_is_asked_of_a_batch(
    tmp_path: Path, made: list[torch.nn.Module], architecture: str, order: tuple[str, ...]
) -> None:
    session = opened(tmp_path, architecture)
    calls = counted(made[-1])
    together = {what: getattr(session, what)(IMAGES) for what in order}
    assert len(calls) == 1
    assert len(together["embed"]) == 4
    # Another object with equal content is another batch; what comes out is equal to the byte.
    alone = {what: getattr(session, what)(IMAGES.clone()) for what in order}
    assert len(calls) == 4
    np.testing.assert_array_equal(together["predict"], alone["predict"])
    np.testing.assert_array_equal(together["embed"], alone["embed"])
    np.testing.assert_array_equal(together["logits"]["logits"], alone["logits"]["logits"])


def test_a_batch_that_was_written_to_is_another_batch(tmp_path: Path) -> None:
    session = opened(tmp_path)
    batch = IMAGES.clone()
    before = session.predict(batch)
    batch[0] = 255 - batch[0]
    after = session.predict(batch)
    assert after[0] != before[0]
    assert after[0] == pytest.approx(session.predict(batch.clone())[0], abs=0)


OWN = """
import torch

class Caught(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.head = torch.nn.Conv2d(3, 5, 3), torch.nn.Linear(5, 1)

    def embed(self, batch):
        return self.trunk(batch).mean((2, 3))

    def forward(self, batch):
        features = self.embed(batch)
        return self.head(features.relu_())  # works in place on what `embed` gave


class Apart(Caught):
    def forward(self, batch):
        return self.head(self.trunk(batch).mean((2, 3)))


class Submodule(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = torch.nn.Conv2d(3, 5, 3), torch.nn.Linear(5, 1)

    def forward(self, batch):
        return self.head(self.embed(batch).mean((2, 3)))
"""


@pytest.mark.parametrize(("name", "passes"), [("Caught", [1, 1]), ("Apart", [2, 2]), ("Submodule", [2, 2])])
def test_features_of_ones_own_module_are_caught_where_its_forward_computes_them(
    tmp_path: Path, monkeypatch, name: str, passes: list[int]
) -> None:
    (tmp_path / "own_networks.py").write_text(OWN)
    made: list[torch.nn.Module] = []
    from governance.subjects import torch_module

    monkeypatch.setattr(
        torch_module, "load_reference", lambda *given: lambda: made.append(_own(tmp_path, name)) or made[-1]
    )
    subject = SubjectSpec(name="n", version="1", kind="torch", options={"loader": f"own_networks:{name}"})
    session = open_torch(subject, tmp_path, "cpu", Settings())
    calls = counted(made[0])
    for order, expected in zip((("embed", "predict"), ("predict", "embed")), passes, strict=True):
        calls.clear()
        batch = IMAGES.clone()
        found = {what: getattr(session, what)(batch) for what in order}
        assert len(calls) == expected
        with torch.inference_mode():
            features = made[0].embed(batch / 255)
            features = features.mean((2, 3)) if features.ndim == 4 else features
            score = torch.sigmoid(made[0](batch / 255).double())[:, 0]
        np.testing.assert_allclose(found["embed"], features, atol=1e-6)
        np.testing.assert_allclose(found["predict"], score, atol=1e-6)
        assert "embed" not in vars(made[0])
    calls.clear()
    session.embed(IMAGES.clone())
    assert len(calls) == 1


def _own(folder: Path, name: str) -> torch.nn.Module:
    space: dict[str, object] = {"__name__": "own_networks"}
    exec(compile((folder / "own_networks.py").read_text(), "own_networks.py", "exec"), space)
    network: torch.nn.Module = space[name]()
    return network


def test_a_classifier_of_transformers_runs_once_where_features_come_first(tmp_path: Path, monkeypatch) -> None:
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=64, patch_size=16
    )
    transformers.ViTForImageClassification(config).save_pretrained(tmp_path / "vit")
    subject = SubjectSpec(name="n", version="1", kind="transformers", options={"folder": "vit"})
    session = open_transformers(subject, tmp_path, "cpu", Settings())
    calls: list[int] = []
    run = transformers.ViTForImageClassification.forward

    def forward(self: torch.nn.Module, *given: object, **named: object) -> object:
        calls.append(1)
        return run(self, *given, **named)

    monkeypatch.setattr(transformers.ViTForImageClassification, "forward", forward)
    session.embed(IMAGES)
    together = session.predict(IMAGES)
    assert len(calls) == 1
    np.testing.assert_array_equal(together, session.predict(IMAGES.clone()))


@pytest.mark.parametrize(("task", "outputs"), [("binary", 1), ("binary", 2), ("multiclass", 3), ("multilabel", 3)])
def test_logits_are_the_networks_own_outputs(tmp_path: Path, made, task: str, outputs: int) -> None:
    session = opened(tmp_path, outputs=outputs, task=task)
    columns = session.logits(IMAGES)
    assert set(columns) == {"logits"}
    assert columns["logits"].dtype == np.float64
    with torch.inference_mode():
        expected = made[-1]((IMAGES / 255 - 0.5) / 0.25)
    np.testing.assert_allclose(columns["logits"], expected, atol=1e-5)
    assert columns["logits"].shape == (4, outputs)


def test_a_network_that_gives_probabilities_has_no_logits(tmp_path: Path) -> None:
    session = opened(tmp_path, output="probabilities")
    columns = session.logits(IMAGES)
    assert columns["status"] == ["rejected"] * 4
    assert "declared as probabilities" in columns["reason"][0]
    with pytest.raises(InputError, match="declared as probabilities"):
        session.differentiable(IMAGES)


@pytest.mark.parametrize("scale", [None, 127.5])
def test_attacks_see_the_same_network_with_gradients_to_the_pixels(tmp_path: Path, made, scale: float | None) -> None:
    session = opened(tmp_path, input={"size": 48, "mean": [0.5], "std": [0.25], "scale": scale})
    expected = session.logits(IMAGES)["logits"]
    with torch.inference_mode():
        decoded = IMAGES.clone()  # as a condition leaves it
    np.testing.assert_allclose(session.differentiable(decoded).detach(), expected, atol=1e-5)
    low, high = session.input_range
    assert low <= float((IMAGES / 255).min())
    assert float((IMAGES / 255).max()) <= high
    pixels = (0.1 + 0.8 * IMAGES / 255).requires_grad_()
    target = torch.tensor([0, 1, 0, 1])
    loss = torch.nn.functional.cross_entropy(session.differentiable(pixels), target)
    loss.backward()
    assert all(parameter.grad is None for parameter in made[-1].parameters())
    assert not made[-1].training
    # The loss changes along the gradient by what the gradient foretells.
    step = 1e-3 * pixels.grad / pixels.grad.norm()
    with torch.no_grad():
        ahead, behind = (
            float(torch.nn.functional.cross_entropy(session.differentiable(pixels + way * step), target))
            for way in (1, -1)
        )
    assert (ahead - behind) / 2e-3 == pytest.approx(float(pixels.grad.norm()), rel=0.05)
    with pytest.raises(InputError, match="from 0 to 1, the batch has 0 to 2"):
        session.differentiable(torch.linspace(0, 2, 3 * 64 * 64).reshape(1, 3, 64, 64))


def test_images_in_floating_point_are_attacked_as_they_are(tmp_path: Path) -> None:
    session = opened(tmp_path)
    floating = IMAGES / 255
    expected = session.logits(floating)["logits"]
    found = session.differentiable(floating, decoded=torch.float32)
    np.testing.assert_allclose(found.detach(), expected, atol=1e-5)


def test_a_transform_that_treats_bytes_otherwise_is_refused_for_attacks(tmp_path: Path) -> None:
    (tmp_path / "own_scaling.py").write_text(
        "import torch\n"
        "def by_type(batch):\n    return batch / 255 if batch.dtype == torch.uint8 else batch\n"
        "def alike(batch):\n    return batch.float() / 127.5 - 1\n"
    )
    alike = opened(tmp_path, transform="own_scaling:alike")
    pixels = (IMAGES / 255).requires_grad_()
    logits = alike.differentiable(pixels)
    np.testing.assert_allclose(logits.detach(), alike.logits(IMAGES)["logits"], atol=1e-4)
    logits.sum().backward()
    assert float(pixels.grad.abs().max()) > 0
    with pytest.raises(InputError, match="treats images in floating point otherwise"):
        opened(tmp_path, transform="own_scaling:by_type").differentiable(pixels)


def test_predictions_under_a_condition_do_not_depend_on_the_batch_size(tmp_path: Path) -> None:
    from governance.plugins import find

    session = opened(tmp_path, "resnet18")
    images = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (64, 3, 64, 64), dtype=np.uint8))
    seeds = torch.arange(64) * 7919
    for name in ("gaussian-noise", "defocus-blur", "jpeg-compression"):
        condition = find("conditions", name).load()
        whole = session.predict(condition(images, 3, seeds))
        assert np.ptp(whole) > 1e-2
        for size in (1, 7):
            parts = [
                session.predict(condition(images[at : at + size], 3, seeds[at : at + size]))
                for at in range(0, 64, size)
            ]
            np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-3)
