"""Pixels as shares of their range and back.

A batch is (b, c, h, w), uint8, or floating point in [0, 1]; what conditions return has the same shape and type. Results
do not depend on which samples are in a batch.
"""

from __future__ import annotations

from typing import Any

import torch

Tensor = Any
"""A torch.Tensor; torch's own types are not checked here."""


def share(batch: Tensor) -> Tensor:
    """Return pixels as a share of the full range, in float64 where the device has it so that rounding is stable.

    Raises
    ------
    ValueError
        If the batch is floating point and not within [0, 1].
    """
    kind = torch.float32 if batch.device.type == "mps" else torch.float64
    if batch.dtype == torch.uint8:
        return batch.to(kind) / 255
    shares = batch.to(kind)
    if shares.numel() and (float(shares.amin()) < 0 or float(shares.amax()) > 1):
        raise ValueError("images in floating point must lie between 0 and 1 for this condition")
    return shares


def like(batch: Tensor, result: Tensor, *, scaled: bool = True) -> Tensor:
    """Return a result in the type of the batch; shares are clipped to [0, 1] first."""
    if scaled:
        result = result.clamp(0.0, 1.0)
        if batch.dtype == torch.uint8:
            result = torch.round(result * 255)
    return result.to(batch.dtype)
