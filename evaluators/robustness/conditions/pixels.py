"""Pixels as shares or as levels of their range and back.

A batch is (b, c, h, w), uint8, or floating point in [0, 1]; what conditions return has the same shape and type. Results
do not depend on which samples are in a batch: operations are elementwise, or add numbers that float32 holds exactly
(see `convolution`), or take one image at a time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

Tensor = Any
"""A torch.Tensor; torch's own types are not checked here."""

Condition = Callable[[Tensor, int, Tensor], Tensor]
"""``f(batch, severity, seeds) -> batch``."""

PUBLISHED_SIDE = 224
"""Pixels of an image's side for which ImageNet-C gives its radii and widths."""

SMALLEST_SCALE = 0.25
"""Below 56 pixels nothing gets smaller: a kernel narrower than a pixel would change nothing."""

_CACHED = 2**18
"""Values that a processor's cache holds in float32 beside their intermediate results."""
_HELD = 2**27
"""Values that an accelerator works on at once."""


def share(batch: Tensor) -> Tensor:
    """Return pixels as a share of the full range, in float32.

    Raises
    ------
    ValueError
        If the batch is floating point and not within [0, 1].
    """
    if batch.dtype == torch.uint8:
        return batch.to(torch.float32) / 255
    return _checked(batch).to(torch.float32)


def levels(batch: Tensor) -> Tensor:
    """Return pixels in [0, 255] in float32: whole numbers for uint8.

    Raises
    ------
    ValueError
        If the batch is floating point and not within [0, 1].
    """
    if batch.dtype == torch.uint8:
        return batch.to(torch.float32)
    return _checked(batch).to(torch.float32) * 255


def like(batch: Tensor, result: Tensor, *, scaled: bool = True) -> Tensor:
    """Return a result in the type of the batch; shares are clipped to [0, 1] first and rounded to the nearest level."""
    if scaled:
        result = result.clamp(0.0, 1.0)
        if batch.dtype == torch.uint8:
            result = torch.round(result * 255)
    return _converted(result, batch.dtype)


def from_levels(batch: Tensor, result: Tensor) -> Tensor:
    """Return levels in the type of the batch; they are clipped to [0, 255] first and rounded for uint8."""
    result = result.clamp(0.0, 255.0)
    return _converted(result.round_() if batch.dtype == torch.uint8 else result / 255, batch.dtype)


def luminance(pixels: Tensor) -> Tensor:
    """Return (b, 1, h, w): the grey value of (b, c, h, w) by ITU-R BT.601; grey images are returned as they are."""
    if pixels.shape[1] != 3:
        return pixels.mean(dim=1, keepdim=True) if pixels.shape[1] > 1 else pixels
    red, green, blue = pixels.split(1, dim=1)
    return (red * 0.299 + green * 0.587) + blue * 0.114


def scale(batch: Tensor) -> float:
    """Return by how much radii and widths made for 224 pixels grow: the short side over 224, at least a quarter."""
    return float(max(min(batch.shape[-2:]) / PUBLISHED_SIDE, SMALLEST_SCALE))


def in_parts(condition: Condition) -> Condition:
    """Let a condition work on as many images at once as fit a processor's cache; the pixels stay the same.

    Ten passes over one image in the cache cost less than one pass over a batch that has to be fetched from memory.
    """

    @functools.wraps(condition)
    def parted(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
        held = _CACHED if batch.device.type == "cpu" else _HELD
        if not len(batch):
            return batch.clone()
        size = max(1, held // max(1, batch[0].numel()))
        if len(batch) <= size:
            return condition(batch, severity, seeds)
        result = torch.empty_like(batch, memory_format=torch.contiguous_format)
        for start in range(0, len(batch), size):
            part = slice(start, start + size)
            result[part] = condition(batch[part], severity, seeds[part])
        return result

    return parted


def one_by_one(condition: Condition) -> Condition:
    """Let a condition see a single image at a time, so that no operation in it can depend on the batch."""

    @functools.wraps(condition)
    def alone(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
        if not len(batch):
            return batch.clone()
        if len(batch) == 1:
            return condition(batch, severity, seeds)
        result = torch.empty_like(batch, memory_format=torch.contiguous_format)
        for place in range(len(batch)):
            part = slice(place, place + 1)
            result[part] = condition(batch[part], severity, seeds[part])
        return result

    return alone


def _converted(result: Tensor, kind: Any) -> Tensor:
    """Convert to a type; to uint8 by way of int16, for which processors have fast instructions."""
    return result.to(torch.int16).to(kind) if kind == torch.uint8 and result.is_floating_point() else result.to(kind)


def _checked(batch: Tensor) -> Tensor:
    if batch.numel() and (float(batch.amin()) < 0 or float(batch.amax()) > 1):
        raise ValueError("images in floating point must lie between 0 and 1 for this condition")
    return batch
