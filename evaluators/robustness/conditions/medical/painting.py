"""Small things painted on a batch of images, each at a place of its own."""

from __future__ import annotations

import torch

from evaluators.robustness.conditions.pixels import Tensor
from evaluators.robustness.random_numbers import uniform


class Draws:
    """Random whole numbers of a batch, from each sample's seed alone; each call gives new ones."""

    def __init__(self, seeds: Tensor, device: torch.device) -> None:
        self._seeds = seeds.to(device)
        self._stream = 0

    def uniform(self, count: int = 1) -> Tensor:
        """Return (b, count) float32 numbers in (0, 1)."""
        self._stream += 1
        return uniform(self._seeds, count, self._stream)

    def between(self, low: Tensor | int, high: Tensor | int, count: int = 1) -> Tensor:
        """Return (b, count) int64 numbers from low to high, both included; low where high is below it.

        Parameters
        ----------
        low, high
            Numbers, or (b, 1) or (b, count) tensors.
        """
        many = (torch.as_tensor(high) - torch.as_tensor(low) + 1).clamp(min=1)
        return torch.as_tensor(low, device=self._seeds.device) + (
            self.uniform(count) * many.to(self._seeds.device)
        ).long().minimum(many.to(self._seeds.device) - 1)


class Canvas:
    """(b, h * w) numbers over the images, to which patches are painted in turn; the last one painted stays."""

    def __init__(self, batch: Tensor, channels: int = 1) -> None:
        self.height, self.width = batch.shape[-2:]
        # One place more than pixels: what falls outside of a patch or of the image is painted there.
        shape = (len(batch), channels, self.height * self.width + 1)
        self._values = torch.zeros(shape, dtype=torch.float32, device=batch.device)

    def paint(self, top: Tensor, left: Tensor, values: Tensor, where: Tensor) -> None:
        """Paint one patch on every image.

        Parameters
        ----------
        top, left
            (b, 1) int64; a patch may reach over the border.
        values
            (b, channels, rows, columns), or what expands to it.
        where
            (b, rows, columns) bool: which of its pixels are painted.
        """
        rows, columns = where.shape[1:]
        y = top[:, :, None] + torch.arange(rows, device=where.device)[None, :, None]
        x = left[:, :, None] + torch.arange(columns, device=where.device)[None, None, :]
        inside = where & (y >= 0) & (y < self.height) & (x >= 0) & (x < self.width)
        places = torch.where(inside, y * self.width + x, self.height * self.width).flatten(1)[:, None, :]
        channels = self._values.shape[1]
        values = values.expand(len(where), channels, rows, columns).to(torch.float32).flatten(2)
        self._values.scatter_(2, places.expand(-1, channels, -1), values)

    @property
    def values(self) -> Tensor:
        """What was painted: (b, channels, h, w)."""
        return self._values[:, :, :-1].unflatten(2, (self.height, self.width))


def offsets(side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return rows (side, 1) and columns (1, side) of a patch, counted from its centre, float32."""
    steps = torch.arange(side, dtype=torch.float32, device=device) - (side - 1) / 2
    return steps[:, None], steps[None, :]
