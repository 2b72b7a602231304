"""Memory format and compilation change how a network computes, and hardly what it gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from governance.errors import CannotRunError, ExitCode
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.tensor_session import TensorSession
from governance.subjects.timm_image import open_timm
from governance.subjects.torch_module import open_torch

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (4, 3, 64, 64), dtype=np.uint8))


def of_timm(folder: Path, architecture: str, **settings: object) -> TensorSession:
    torch.manual_seed(0)
    weights = folder / f"{architecture}.safetensors"
    save_file(timm.create_model(architecture, pretrained=False, num_classes=2).state_dict(), weights)
    options = {"architecture": architecture, "weights": weights.name}
    subject = SubjectSpec(name="n", version="1", kind="timm", options=options)
    return open_timm(subject, folder, "cpu", Settings.model_validate(settings))


def of_ones_own(folder: Path, **settings: object) -> TensorSession:
    (folder / "viewing.py").write_text(
        "import torch\n"
        "class Viewing(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.one, self.two = torch.nn.Conv2d(3, 4, 3), torch.nn.Conv2d(4, 4, 3)\n"
        "        self.head = torch.nn.Linear(4 * 60 * 60, 2)\n"
        "    def embed(self, batch):\n"
        "        found = self.two(self.one(batch).relu())\n"
        "        return found.view(len(batch), -1)  # works on contiguous tensors alone\n"
        "    def forward(self, batch):\n"
        "        return self.head(self.embed(batch))\n"
    )
    subject = SubjectSpec(name="n", version="1", kind="torch", options={"loader": "viewing:Viewing"})
    return open_torch(subject, folder, "cpu", Settings.model_validate(settings))


@pytest.mark.parametrize(
    ("architecture", "wanted"),
    [
        ("test_resnet", torch.channels_last),  # ordinary convolutions
        ("test_efficientnet", torch.contiguous_format),  # depthwise convolutions
        ("test_vit", torch.contiguous_format),  # no more than one convolution
    ],
)
def test_the_memory_format_is_chosen_by_the_network_and_changes_no_prediction(
    tmp_path: Path, architecture: str, wanted: torch.memory_format
) -> None:
    size = IMAGES if architecture != "test_vit" else torch.nn.functional.interpolate(IMAGES.float(), 160).byte()
    automatic = of_timm(tmp_path, architecture)
    assert automatic.memory_format == wanted
    plain = of_timm(tmp_path, architecture, memory_format="contiguous")
    other = of_timm(tmp_path, architecture, memory_format="channels_last")
    assert (plain.memory_format, other.memory_format) == (torch.contiguous_format, torch.channels_last)
    np.testing.assert_allclose(other.predict(size), plain.predict(size), atol=1e-5)
    np.testing.assert_allclose(other.embed(size), plain.embed(size), atol=1e-4)
    np.testing.assert_array_equal(
        automatic.predict(size), (other if wanted == torch.channels_last else plain).predict(size)
    )


def test_a_network_of_ones_own_is_given_contiguous_images_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert np.isfinite(of_ones_own(tmp_path).predict(IMAGES)).all()
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        of_ones_own(tmp_path, memory_format="channels_last").predict(IMAGES)


@pytest.fixture
def afresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile without what was compiled before."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))
    torch._dynamo.reset()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["timm", "torch"])
def test_a_compiled_network_gives_the_same_whoever_asks_first(tmp_path: Path, afresh: None, kind: str) -> None:
    def opened(compiled: bool) -> TensorSession:
        if kind == "timm":
            return of_timm(tmp_path, "test_resnet", compile=compiled)
        return of_ones_own(tmp_path, compile=compiled)

    eager, compiled = opened(False), opened(True)
    batch = IMAGES.clone()
    features, together = compiled.embed(batch), compiled.predict(batch)
    np.testing.assert_allclose(together, eager.predict(IMAGES), atol=1e-5)
    np.testing.assert_allclose(features, eager.embed(IMAGES), atol=1e-3)
    np.testing.assert_array_equal(together, compiled.predict(IMAGES.clone()))
    np.testing.assert_array_equal(features, compiled.embed(IMAGES.clone()))
    pixels = (IMAGES / 255).requires_grad_()
    compiled.differentiable(pixels).sum().backward()
    assert float(pixels.grad.abs().max()) > 0


def test_without_a_compiler_it_is_said_what_is_missing(tmp_path: Path, afresh: None, monkeypatch) -> None:
    from torch._inductor import config

    monkeypatch.setattr(config.cpp, "cxx", (str(tmp_path / "absent"),))
    session = of_ones_own(tmp_path, compile=True)
    with pytest.raises(CannotRunError, match=r"torch\.compile cannot build the network") as raised:
        session.predict(IMAGES)
    assert raised.value.exit_code == ExitCode.COULD_NOT_RUN
    assert "set settings.compile: false" in str(raised.value.hint)
