"""Noise on pixels.

Severity tables are those of ImageNet-C. They are shares of the full range and are not scaled with the image's size.

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``.
"""

from __future__ import annotations

import functools

import numpy as np
import torch

from evaluators.robustness.conditions.pixels import Tensor, from_levels, in_parts, levels
from evaluators.robustness.random_numbers import HALF, halves, normal, pick

NOISE = (0.08, 0.12, 0.18, 0.26, 0.38)
"""Standard deviation, as a share of the full range."""
PHOTONS = (60, 25, 12, 5, 3)
"""Expected count at full range."""
REPLACED = (0.03, 0.06, 0.09, 0.17, 0.27)
"""Share of values that become 0 or the full range."""
SPECKLE = (0.15, 0.2, 0.35, 0.45, 0.6)
"""Standard deviation, as a share of the pixel's own value."""

_COUNT_BITS = 12
"""Binary digits of the probability in the tables of counts: they hold 4096 quantiles for each level."""


@in_parts
def gaussian_noise(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Add independent normal noise to every pixel and channel, then clip."""
    return from_levels(batch, with_normal_noise(levels(batch), NOISE[severity - 1], seeds))


@in_parts
def speckle_noise(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Add to every pixel and channel independent normal noise in proportion to its value, then clip."""
    return from_levels(batch, with_speckle(levels(batch), SPECKLE[severity - 1], seeds))


@in_parts
def shot_noise(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Replace every pixel and channel by a Poisson count of its expected number of photons, then clip.

    Counts come from a table of 4096 quantiles for each of 256 levels, so images in floating point are read to 8 bits.
    """
    return from_levels(batch, counted(levels(batch), PHOTONS[severity - 1], seeds))


@in_parts
def impulse_noise(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Set a share of all values to 0 or to the full range, each with the same probability (salt and pepper)."""
    return from_levels(batch, salted(levels(batch), REPLACED[severity - 1], seeds))


def with_normal_noise(pixels: Tensor, deviation: float, seeds: Tensor) -> Tensor:
    """Add independent normal noise to levels; the deviation is a share of the full range."""
    return pixels + _noise(pixels, seeds) * (255 * deviation)


def with_speckle(pixels: Tensor, deviation: float, seeds: Tensor) -> Tensor:
    """Add independent normal noise to levels; the deviation is a share of each level."""
    return pixels + pixels * (_noise(pixels, seeds) * deviation)


def counted(pixels: Tensor, photons: int, seeds: Tensor) -> Tensor:
    """Replace levels, read to 8 bits, by Poisson counts of photons, `photons` of them at full range."""
    table = _counts(photons, str(pixels.device))
    drawn = halves(seeds.to(pixels.device), pixels[0].numel()) >> (16 - _COUNT_BITS)
    places = pixels.round().to(torch.int32) * 2**_COUNT_BITS + drawn.reshape(pixels.shape)
    return pick(table, places).to(torch.float32) * (255 / photons)


def salted(pixels: Tensor, share: float, seeds: Tensor) -> Tensor:
    """Set a share of levels to 0 or to 255, each with the same probability."""
    drawn = halves(seeds.to(pixels.device), pixels[0].numel()).reshape(pixels.shape)
    return (pixels + pick(_impulses(round(HALF * share / 2), str(pixels.device)), drawn)).clamp_(0.0, 255.0)


def _noise(pixels: Tensor, seeds: Tensor) -> Tensor:
    return normal(seeds.to(pixels.device), pixels[0].numel()).reshape(pixels.shape)


@functools.lru_cache(maxsize=32)
def _impulses(each: int, device: str) -> Tensor:
    """Return (65536,) float32: what is added to levels, so much that `each` become black and as many white."""
    table = torch.zeros(HALF)
    table[:each], table[HALF - each :] = -255.0, 255.0
    return table.to(device)


@functools.lru_cache(maxsize=32)
def _counts(photons: int, device: str) -> Tensor:
    """Return (256 * 4096,) uint8 or int16: quantiles of the Poisson count for each level, at most `photons`."""
    from scipy.stats import poisson

    quantiles = 2**_COUNT_BITS
    limits = poisson.cdf(np.arange(photons)[None, :], np.arange(256)[:, None] * (photons / 255))
    # Quantile q is the middle of its share of probability, (q + 1/2) / 4096; a count beyond full range is clipped.
    ends = np.clip(np.ceil(limits * quantiles - 0.5), 0, quantiles).astype(np.int64)
    often = np.diff(ends, axis=1, prepend=0, append=quantiles)
    kind = np.uint8 if photons < 256 else np.int16
    table = np.repeat(np.tile(np.arange(photons + 1, dtype=kind), 256), often.ravel())
    return torch.from_numpy(table).to(device)
