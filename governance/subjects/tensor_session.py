"""Networks that take a batch of images as a tensor on the device."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from governance.errors import InputError
from governance.subjects.descriptors import InputOptions, NetworkOptions

if TYPE_CHECKING:
    from governance.spec.model import Settings, SubjectSpec

EIGHT_BITS = 255.0


@dataclass(frozen=True)
class TensorSession:
    """A network on a device, with its preprocessing.

    `features`, where there is one, gives the embedding of preprocessed images.
    """

    digest: str
    network: torch.nn.Module
    prepare: Callable[[torch.Tensor], torch.Tensor]
    task: str
    output: str
    device: str
    precision: str
    classes: int | None = None
    features: Callable[[torch.Tensor], torch.Tensor] | None = None
    takes: str = "tensor"

    def predict(self, batch: torch.Tensor) -> np.ndarray | dict[str, np.ndarray]:
        """Return what the task asks for, float64: see `predicted`."""
        with torch.inference_mode(), autocast(self.device, self.precision):
            raw = self.network(self.prepare(batch))
        return predicted(_logits(raw), self.task, self.output, len(batch), self.classes)

    def segment(self, batch: torch.Tensor) -> np.ndarray:
        """Return (n, ...) probabilities that a pixel belongs to the structure, float32.

        Raises
        ------
        InputError
            If the output is not one value, or one for the background and one for the structure, for every pixel.
        """
        with torch.inference_mode(), autocast(self.device, self.precision):
            raw = _logits(self.network(self.prepare(batch))).float()
        if raw.ndim >= 4 and raw.shape[1] == 2:
            raw = torch.softmax(raw, dim=1)[:, 1] if self.output == "logits" else raw[:, 1]
        elif raw.ndim >= 3 and len(raw) == len(batch) and (raw.ndim == 3 or raw.shape[1] == 1):
            raw = raw[:, 0] if raw.ndim > 3 else raw
            raw = torch.sigmoid(raw) if self.output == "logits" else raw
        else:
            raise InputError(
                f"the network gives an output of shape {tuple(raw.shape)} for n={len(batch)};"
                " expected (n, 1, height, width) or (n, 2, height, width)"
            )
        masks: np.ndarray = raw.cpu().numpy()
        return masks

    def embed(self, batch: torch.Tensor) -> np.ndarray:
        """Return (n, d) float32 features before the classifier.

        Raises
        ------
        InputError
            If the network does not say what its features are.
        """
        if self.features is None:
            raise InputError(
                "this network does not say what its features are",
                hint="give it a method `embed(batch)` that returns (n, d), or name an extractor `module:function`",
            )
        with torch.inference_mode(), autocast(self.device, self.precision):
            found = self.features(self.prepare(batch))
        if found.ndim > 2:
            found = found.flatten(2).mean(2)
        features: np.ndarray = found.float().cpu().numpy()
        return features


def autocast(device: str, precision: str) -> Any:
    """Return the context that computes in the precision asked for; nothing to do for float32."""
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(torch.device(device).type, dtype=getattr(torch, precision))


def predicted(
    raw: torch.Tensor, task: str, output: str, n: int, classes: int | None = None
) -> np.ndarray | dict[str, np.ndarray]:
    """Turn a network's output into what the task asks for: `probabilities`, or the ``value`` of a regression.

    Raises
    ------
    InputError
        If the shape does not fit the task.
    """
    if task != "regression":
        return probabilities(raw, task, output, n, classes)
    if raw.numel() != n or raw.shape[0] != n:
        raise InputError(f"the network gives an output of shape {tuple(raw.shape)} for n={n}; expected (n,) or (n, 1)")
    return {"value": raw.detach().double().cpu().numpy().reshape(n)}


def probabilities(raw: torch.Tensor, task: str, output: str, n: int, classes: int | None = None) -> np.ndarray:
    """Turn a network's output into probabilities.

    Parameters
    ----------
    raw
        (n,), (n, 1) or (n, 2) for a binary task, (n, classes) for several classes, (n, labels) for several labels,
        each of which is a question of its own (sigmoid, not softmax).

    Raises
    ------
    InputError
        If the shape does not fit the task.
    """
    raw = raw.detach().double().cpu()
    if raw.ndim == 2 and raw.shape[1] == 1 and task != "multilabel":
        raw = raw[:, 0]
    fits = (raw.ndim == 1 or (raw.ndim == 2 and raw.shape[1] == 2)) if task == "binary" else raw.ndim == 2
    if not fits or len(raw) != n or (task != "binary" and classes is not None and raw.shape[1] != classes):
        expected = "(n,), (n, 1) or (n, 2)" if task == "binary" else f"(n, {classes or 'classes'})"
        raise InputError(f"the network gives an output of shape {tuple(raw.shape)} for n={n}; expected {expected}")
    if output == "logits":
        raw = torch.sigmoid(raw) if raw.ndim == 1 or task == "multilabel" else torch.softmax(raw, dim=1)
    found: np.ndarray = raw.numpy()
    return found[:, 1] if task == "binary" and found.ndim == 2 else found


def preparation(options: NetworkOptions, base: Path, device: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the function from a decoded batch on the device to what the network takes."""
    if options.transform is not None:
        from governance.spec.references import load_reference

        own: Callable[[torch.Tensor], torch.Tensor] = load_reference(options.transform, base)
        return own
    given = options.input or InputOptions()
    return _Scaling(given, _channels(given.mean, device), _channels(given.std, device), options.input is not None)


def _channels(values: tuple[float, ...] | None, device: str) -> torch.Tensor | None:
    return None if values is None else torch.tensor(values, device=device).view(1, -1, 1, 1)


@dataclass(frozen=True)
class _Scaling:
    options: InputOptions
    mean: torch.Tensor | None
    std: torch.Tensor | None
    check_channels: bool

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        scale = self.options.scale or (EIGHT_BITS if batch.dtype == torch.uint8 else None)
        batch = batch.float()
        if scale is not None:
            batch = batch / scale
        if batch.ndim != 4:
            return batch
        size = self.options.size
        if size is not None and tuple(batch.shape[2:]) != (size, size):
            batch = torch.nn.functional.interpolate(
                batch, size=(size, size), mode="bilinear", antialias=True, align_corners=False
            )
        if self.check_channels and batch.shape[1] != self.options.channels:
            if batch.shape[1] != 1:
                raise InputError(
                    f"the images have {batch.shape[1]} channels, the network takes {self.options.channels}",
                    hint="set `channels` of the dataset, or `input.channels` of the subject",
                )
            batch = batch.expand(-1, self.options.channels, -1, -1)
        if self.mean is not None:
            batch = batch - self.mean
        return batch if self.std is None else batch / self.std


def _logits(raw: Any) -> torch.Tensor:
    raw = getattr(raw, "logits", raw)
    if not isinstance(raw, torch.Tensor):
        raise InputError(f"the network returns a {type(raw).__name__}, not a tensor")
    return raw


def class_count(options: NetworkOptions) -> int | None:
    """Return how many classes the spec says there are, None where it does not."""
    if options.classes is None or isinstance(options.classes, int):
        return options.classes
    return len(options.classes)


def session_of(
    network: torch.nn.Module,
    options: NetworkOptions,
    *,
    subject: SubjectSpec,
    base: Path,
    device: str,
    settings: Settings,
    digest: str,
    features: Callable[[torch.Tensor], torch.Tensor] | None,
) -> TensorSession:
    """Put a network on the device, switched to evaluation, with its preprocessing."""
    return TensorSession(
        digest=digest,
        network=network.to(device).eval().requires_grad_(False),
        prepare=preparation(options, base, device),
        task=subject.task,
        output=options.output,
        device=device,
        precision=settings.precision,
        classes=class_count(options),
        features=features,
    )
