"""Speckle of ultrasound: interference of echoes, multiplicative, with grains wider than deep."""

from __future__ import annotations

import torch

from evaluators.robustness.conditions.convolution import gaussian_weights
from evaluators.robustness.conditions.pixels import Tensor, from_levels, levels, one_by_one, scale
from evaluators.robustness.random_numbers import normal

SHARE = (0.15, 0.3, 0.45, 0.6, 0.8)
"""How much of the echo's amplitude is replaced by interference. No published scale is known: chosen; 1 would be fully
developed speckle."""
GRAIN = (0.7, 1.4)
"""Standard deviation of a grain in depth and across, in pixels at 224. No published scale is known: chosen."""
DYNAMIC_RANGE = 60.0
"""Decibels between black and white of the picture, as usual for B-mode. A picture does not tell its own: assumed."""


@one_by_one
def speckle(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Multiply the amplitude behind every pixel by a mean of 1 and Rayleigh noise, and compress it again.

    The picture is read as a logarithm of the amplitude. The noise is the envelope of a complex normal field with grains
    of the size of a point spread function, so it is correlated, unlike the speckle noise of ImageNet-C and MedMNIST-C.

    Source: Wagner, Smith, Sandrik and Lopez, IEEE Trans. Sonics Ultrason. 30 (1983) 156: amplitudes are Rayleigh.
    """
    pixels = levels(batch)
    height, width = pixels.shape[-2:]
    count = height * width
    parts = [
        _grains(normal(seeds.to(batch.device), count, k).reshape(1, 1, height, width), scale(batch)) for k in (0, 1)
    ]
    rayleigh = torch.sqrt(parts[0].square() + parts[1].square())
    weight = SHARE[severity - 1]
    amplitude = (1 - weight) + weight * rayleigh / rayleigh.mean()
    decibels = 20 * torch.log10(amplitude.clamp(min=1e-3))
    return from_levels(batch, pixels + decibels * (255 / DYNAMIC_RANGE))


def _grains(field: Tensor, size: float) -> Tensor:
    for sigma, dim in zip(GRAIN, (-2, -1), strict=True):
        weights = gaussian_weights(sigma * size)
        radius = len(weights) // 2
        before, after = ((radius, radius), (0, 0)) if dim == -1 else ((0, 0), (radius, radius))
        around = torch.nn.functional.pad(field, (*before, *after), mode="circular")
        length = field.shape[dim]
        field = sum(float(weight) * around.narrow(dim, k, length) for k, weight in enumerate(weights))
    return field / field.std()
