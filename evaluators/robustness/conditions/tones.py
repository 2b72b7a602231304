"""Brightness, contrast and saturation.

Severity tables are those of ImageNet-C; they do not depend on the size of an image.

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``.
"""

from __future__ import annotations

import torch

from evaluators.robustness.conditions.pixels import Tensor, from_levels, in_parts, levels

BRIGHTER = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Added to the largest channel (the value of HSV), as a share of the full range."""
FLATTER = (0.4, 0.3, 0.2, 0.1, 0.05)
"""Factor on the distance from the image's mean."""
SATURATION = ((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2))
"""Factor on the saturation of HSV and what is added to it."""


@in_parts
def brightness(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Raise the brightest channel of every pixel and keep hue and saturation; grey images get lighter."""
    pixels = levels(batch)
    if pixels.shape[1] == 1:
        return from_levels(batch, pixels + 255 * BRIGHTER[severity - 1])
    value = pixels.amax(dim=1, keepdim=True)
    raised = (value + 255 * BRIGHTER[severity - 1]).clamp_(max=255.0)
    return from_levels(batch, torch.where(value > 0, pixels * (raised / value), raised))


@in_parts
def contrast(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Draw every channel towards its mean over the image."""
    pixels = levels(batch)
    mean = channel_mean(pixels)
    return from_levels(batch, (pixels - mean) * FLATTER[severity - 1] + mean)


@in_parts
def saturate(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Change the saturation of HSV and keep hue and value.

    Images without three channels have no saturation and stay as they are.

    From severity 4 on grey pixels of a colour image turn reddish, because their hue counts as 0, as published.
    """
    if batch.shape[1] != 3:
        return batch.clone()
    return from_levels(batch, saturated(levels(batch), *SATURATION[severity - 1]))


def saturated(pixels: Tensor, factor: float, more: float) -> Tensor:
    """Multiply the saturation of levels (b, 3, h, w) and add to it; hue and value stay."""
    value = pixels.amax(dim=1, keepdim=True)
    spread = value - pixels.amin(dim=1, keepdim=True)
    saturation = spread / value.clamp(min=1.0 / 255)
    wanted = (saturation * factor + more).clamp_(max=1.0)
    below = torch.where(spread > 0, (value - pixels) / spread, _red(pixels))
    return value - below * (wanted * value)


def channel_mean(pixels: Tensor) -> Tensor:
    """Return (b, c, 1, 1): the mean of each channel; whole levels add up exactly, in any order."""
    kind = torch.float32 if pixels.device.type == "mps" else torch.float64
    total = pixels.sum(dim=(2, 3), keepdim=True, dtype=kind)
    return (total / (pixels.shape[2] * pixels.shape[3])).to(pixels.dtype)


def _red(pixels: Tensor) -> Tensor:
    """Return how far each channel of the hue 0 lies below the value, as a share of the saturation: 0, 1, 1."""
    return torch.tensor([0.0, 1.0, 1.0], device=pixels.device)[None, :, None, None]
