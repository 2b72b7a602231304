"""Noise on pixels.

Severity tables are those of ImageNet-C, made for 224 x 224 pixels.

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``.
"""

from __future__ import annotations

from evaluators.robustness.conditions.pixels import Tensor, like, share
from evaluators.robustness.random_numbers import normal

NOISE = (0.08, 0.12, 0.18, 0.26, 0.38)
"""Standard deviation, as a share of the full range."""


def gaussian_noise(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Add independent normal noise to every pixel and channel, then clip."""
    pixels = share(batch)
    noise = normal(seeds.to(batch.device), pixels[0].numel()).reshape(pixels.shape)
    return like(batch, pixels + NOISE[severity - 1] * noise)
