"""Blur.

Severity tables are those of ImageNet-C, made for 224 x 224 pixels.

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``.
"""

from __future__ import annotations

import torch

from evaluators.robustness.conditions.pixels import Tensor, like, share

BLUR = (1.0, 2.0, 3.0, 4.0, 6.0)
"""Standard deviation in pixels."""


def gaussian_blur(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Convolve with a Gaussian, cut off at four standard deviations; the border continues the outermost pixel."""
    sigma = BLUR[severity - 1]
    radius = int(4 * sigma + 0.5)
    pixels = share(batch)
    offsets = torch.arange(-radius, radius + 1, dtype=pixels.dtype, device=pixels.device)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    weights = weights / weights.sum()
    b, c, h, w = pixels.shape
    flat = pixels.reshape(b * c, 1, h, w)
    padded = torch.nn.functional.pad(flat, (radius, radius, radius, radius), mode="replicate")
    # Shifted sums instead of a convolution: the order of additions does not depend on the batch.
    rows = sum(weight * padded[:, :, :, k : k + w] for k, weight in enumerate(weights))
    blurred = sum(weight * rows[:, :, k : k + h, :] for k, weight in enumerate(weights))
    return like(batch, blurred.reshape(b, c, h, w))
