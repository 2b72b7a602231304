"""Real pixels for tests of conditions: parts of the two photographs that scikit-learn ships."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.datasets import load_sample_images

CHINA, FLOWER = load_sample_images().images


def patches(side: int = 32, count: int = 64) -> torch.Tensor:
    """Return (count, 3, side, side) uint8, evenly spread over both photographs."""
    places = [(y, x) for y in range(0, CHINA.shape[0] - side, 48) for x in range(0, CHINA.shape[1] - side, 48)]
    places = places[:: max(1, 2 * len(places) // count)]
    found = [image[y : y + side, x : x + side] for y, x in places for image in (CHINA, FLOWER)][:count]
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).contiguous()


def grey(batch: torch.Tensor) -> torch.Tensor:
    """Return (b, 1, h, w) uint8."""
    weights = torch.tensor([0.299, 0.587, 0.114])[None, :, None, None]
    return (batch * weights).sum(1, keepdim=True).round().to(torch.uint8)


def large(*, in_grey: bool = False) -> torch.Tensor:
    """Return (2, 1 or 3, 224, 224) uint8."""
    found = np.stack([CHINA[100:324, 100:324], FLOWER[100:324, 200:424]])
    batch = torch.from_numpy(found).permute(0, 3, 1, 2).contiguous()
    return grey(batch) if in_grey else batch


def drawn(count: int = 8, side: int = 64) -> torch.Tensor:
    """Return (count, 3, side, side) uint8 stacks of what is brighter than its image's mean, inside a frame."""
    stacks = patches(side, count).float()
    found = (stacks > stacks.mean((2, 3), keepdim=True)) * 12
    found[:, :, :6], found[:, :, -6:], found[..., :6], found[..., -6:] = 0, 0, 0, 0
    return found.to(torch.uint8)


def seeds(count: int) -> torch.Tensor:
    """Return (count,) int64."""
    return torch.arange(count, dtype=torch.int64) * 7919 - 3
