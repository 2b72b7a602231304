"""Outlines that are drawn smaller or larger."""

from __future__ import annotations

import torch

from evaluators.robustness.conditions.pixels import Tensor, like

PIXELS = (1, 2, 3, 4, 5)
"""How far an outline moves, in pixels. No published scale is known: one pixel a step."""


def erosion(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Replace every pixel by the smallest one within a square around it: what was drawn shrinks."""
    return like(batch, -_pooled_maximum(-_numbers(batch), PIXELS[severity - 1]), scaled=False)


def dilation(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Replace every pixel by the largest one within a square around it: what was drawn grows."""
    return like(batch, _pooled_maximum(_numbers(batch), PIXELS[severity - 1]), scaled=False)


def _pooled_maximum(numbers: Tensor, radius: int) -> Tensor:
    return torch.nn.functional.max_pool2d(numbers, 2 * radius + 1, stride=1, padding=radius)


def _numbers(batch: Tensor) -> Tensor:
    return batch if batch.is_floating_point() else batch.to(torch.float32)
