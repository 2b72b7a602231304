"""From decoded images to what a network takes, on the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch

from governance.errors import InputError
from governance.subjects.descriptors import InputOptions, NetworkOptions

EIGHT_BITS = 255.0


class Preparation(Protocol):
    """From a decoded batch on the device to what the network takes."""

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        """Prepare a decoded batch."""
        ...

    def of_eight_bits(self, batch: torch.Tensor) -> torch.Tensor:
        """Prepare a batch of 8-bit images whose values, 0 to 255, are held in floating point; gradients flow back.

        Raises
        ------
        InputError
            If it cannot be prepared like the same images in uint8.
        """
        ...


def preparation(options: NetworkOptions, base: Path, device: str) -> Preparation:
    """Return the function from a decoded batch on the device to what the network takes."""
    if options.transform is not None:
        from governance.spec.references import load_reference

        return _OwnTransform(load_reference(options.transform, base), options.transform)
    given = options.input or InputOptions()
    return _Scaling(given, _channels(given.mean, device), _channels(given.std, device), options.input is not None)


def _channels(values: tuple[float, ...] | None, device: str) -> torch.Tensor | None:
    return None if values is None else torch.tensor(values, device=device).view(1, -1, 1, 1)


@dataclass(frozen=True)
class _OwnTransform:
    function: Callable[[torch.Tensor], torch.Tensor]
    name: str
    _compared: list[bool] = field(default_factory=list)

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        return self.function(batch)

    def of_eight_bits(self, batch: torch.Tensor) -> torch.Tensor:
        if not self._compared:
            whole = batch.detach().round().to(torch.uint8)
            if not torch.allclose(self.function(whole).float(), self.function(whole.float()).float(), atol=1e-5):
                raise InputError(
                    f"the transform '{self.name}' treats images in floating point otherwise than the same in uint8",
                    hint="let it do the same for pixel values 0 to 255 in either type, so that gradients can flow",
                )
            self._compared.append(True)
        return self.function(batch)


@dataclass(frozen=True)
class _Scaling:
    options: InputOptions
    mean: torch.Tensor | None
    std: torch.Tensor | None
    check_channels: bool

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        scale = self.options.scale or (EIGHT_BITS if batch.dtype == torch.uint8 else None)
        return self._scaled(batch.float(), scale)

    def of_eight_bits(self, batch: torch.Tensor) -> torch.Tensor:
        return self._scaled(batch, self.options.scale or EIGHT_BITS)

    def _scaled(self, batch: torch.Tensor, scale: float | None) -> torch.Tensor:
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
