"""Random fields: fractal clouds and smooth displacements."""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from numpy.typing import NDArray

from evaluators.robustness.conditions.pixels import Tensor
from evaluators.robustness.random_numbers import normal, uniform

_NEGLIGIBLE = 5e-3
"""Waves that a smoothing leaves less of are not computed."""


def plasma(seeds: Tensor, size: int, decay: float) -> Tensor:
    """Return (b, size, size) clouds between 0 and 1, by the diamond-square method on a torus.

    Parameters
    ----------
    size
        A power of two.
    decay
        By how much the disturbance shrinks with every halving of the step; less than 2 gives rougher clouds.

    Source: Fournier, Fussell and Carpenter, Commun. ACM 25 (1982) 371; ImageNet-C's fog.
    """
    disturbance = uniform(seeds, size * size).reshape(-1, size, size) * 2 - 1
    field = torch.zeros_like(disturbance)
    step, amplitude = size, 1.0
    while step >= 2:
        half = step // 2
        corners = field[:, ::step, ::step]
        pairs = corners + corners.roll(-1, dims=1)
        middles = (pairs + pairs.roll(-1, dims=2)) / 4 + amplitude * disturbance[:, half::step, half::step]
        field[:, half::step, half::step] = middles
        across = (middles + middles.roll(1, dims=1)) + (corners + corners.roll(-1, dims=2))
        field[:, ::step, half::step] = across / 4 + amplitude * disturbance[:, ::step, half::step]
        down = (middles + middles.roll(1, dims=2)) + (corners + corners.roll(-1, dims=1))
        field[:, half::step, ::step] = down / 4 + amplitude * disturbance[:, half::step, ::step]
        # Published: a factor times a uniform number between minus and plus the same factor.
        step, amplitude = half, amplitude / decay**2
    field -= field.amin(dim=(1, 2), keepdim=True)
    return field / field.amax(dim=(1, 2), keepdim=True)


def smooth_noise(seeds: Tensor, height: int, width: int, sigma: float, stream: int) -> Tensor:
    """Return (b, height, width): independent noise of variance 1/3, smoothed by a Gaussian cut off at three `sigma`.

    With mirrored borders, smoothing multiplies the coefficients of the discrete cosine transform, and the coefficients
    of noise are noise: only those that smoothing leaves are drawn, and no noise image is made. Call it with one sample
    at a time where values must not depend on the batch.
    """
    down, across = (_smooth_waves(length, sigma, str(seeds.device)) for length in (height, width))
    shape = (-1, down.shape[1], across.shape[1])
    coefficients = normal(seeds, down.shape[1] * across.shape[1], stream).reshape(shape)
    return torch.matmul(torch.matmul(down, coefficients), across.T) / math.sqrt(3)


@functools.lru_cache(maxsize=64)
def _smooth_waves(length: int, sigma: float, device: str) -> Tensor:
    """Return (length, k): the first orthonormal cosine waves, each multiplied by what smoothing leaves of it."""
    radius = max(1, int(3 * sigma + 0.5))
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    waves = np.arange(length)
    left: NDArray[np.float64] = np.cos(np.pi * waves[:, None] * offsets[None, :] / length) @ (weights / weights.sum())
    kept = int(np.flatnonzero(np.abs(left) > _NEGLIGIBLE)[-1]) + 1
    basis = np.cos(np.pi * (np.arange(length)[:, None] + 0.5) * waves[None, :kept] / length) * math.sqrt(2 / length)
    basis[:, 0] /= math.sqrt(2)
    return torch.from_numpy((basis * left[:kept]).astype(np.float32)).to(device)
