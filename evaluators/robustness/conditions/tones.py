"""Brightness and contrast.

Severity tables are those of ImageNet-C, made for 224 x 224 pixels.

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``.
"""

from __future__ import annotations

import torch

from evaluators.robustness.conditions.pixels import Tensor, like, share

BRIGHTER = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Added to the largest channel (the value of HSV), as a share of the full range."""
FLATTER = (0.4, 0.3, 0.2, 0.1, 0.05)
"""Factor on the distance from the image's mean."""


def brightness(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Raise the brightest channel of every pixel and keep hue and saturation; grey images get lighter."""
    pixels = share(batch)
    value = pixels.amax(dim=1, keepdim=True)
    raised = torch.clamp(value + BRIGHTER[severity - 1], max=1.0)
    colour = torch.where(value > 0, pixels / value.clamp(min=1e-12), torch.ones_like(pixels))
    return like(batch, colour * raised)


def contrast(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Draw every channel towards its mean over the image."""
    pixels = share(batch)
    mean = pixels.mean(dim=(2, 3), keepdim=True)
    return like(batch, (pixels - mean) * FLATTER[severity - 1] + mean)
