"""Noise of three channels as it is seen in the grey image that is made of them.

MedMNIST-C corrupts grey images in three equal channels and makes them grey again, which averages the noise of the
three. What comes out of a level has one distribution, so it is drawn at once, from a table of its quantiles.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from evaluators.robustness.conditions.pixels import Tensor
from evaluators.robustness.random_numbers import halves, pick

Numbers = NDArray[np.float64]

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in what is seen as grey. Source: ITU-R BT.601, as in Pillow's mode L."""
_QUANTILE_BITS = 12
"""Binary digits of the probability: the table holds 4096 quantiles for each level."""
_STEP = 1 / 9
"""Levels from one point of the distribution to the next. Three roundings to it stay below half a level, and no point
lies in the middle between two levels."""
_POINTS = 4096
"""More than 255 levels have: the sum of three channels does not wrap around."""
_LEVELS = np.arange(256, dtype=np.float64)[:, None]


def _normal(value: Numbers, deviation: float) -> Numbers:
    return np.asarray(stats.norm.cdf((value - _LEVELS) / (255 * deviation)))


def _speckle(value: Numbers, deviation: float) -> Numbers:
    return np.asarray(stats.norm.cdf((value - _LEVELS) / np.maximum(_LEVELS * deviation, 1e-9)))


def _impulse(value: Numbers, share: float) -> Numbers:
    return np.asarray(share / 2 + (1 - share) * (value >= _LEVELS), dtype=np.float64)


def _shot(value: Numbers, photons: float) -> Numbers:
    return np.asarray(stats.poisson.cdf(np.floor(value * photons / 255 + 1e-9), _LEVELS * photons / 255))


_BELOW: Mapping[str, Callable[[Numbers, float], Numbers]] = {
    "gaussian-noise": _normal,
    "speckle-noise": _speckle,
    "impulse-noise": _impulse,
    "shot-noise": _shot,
}
"""Probability that one channel, before it is clipped, is at most a value: (256, n) for (1, n) values."""


def noisy(levels: Tensor, kind: str, strength: float, seeds: Tensor) -> Tensor:
    """Return (b, 1, h, w) uint8 levels with the noise of three channels.

    Parameters
    ----------
    levels
        (b, 1, h, w) uint8.
    kind
        A noise of MedMNIST-C.
    """
    drawn = halves(seeds.to(levels.device), levels[0].numel()) >> (16 - _QUANTILE_BITS)
    places = (levels.to(torch.int32) << _QUANTILE_BITS) + drawn.reshape(levels.shape)
    return pick(_quantiles(kind, strength, str(levels.device)), places)


@functools.lru_cache(maxsize=32)
def _quantiles(kind: str, strength: float, device: str) -> Tensor:
    """Return (256 * 4096,) uint8: quantiles of the grey level that becomes of each level."""
    spectrum = np.ones((256, _POINTS // 2 + 1), dtype=np.complex128)
    for weight in LUMA:
        spectrum *= np.fft.rfft(_weighted(_BELOW[kind], strength, weight), _POINTS)
    below = torch.from_numpy(np.fft.irfft(spectrum, _POINTS).cumsum(axis=1))
    count = 2**_QUANTILE_BITS
    shares = ((torch.arange(count, dtype=torch.float64) + 0.5) / count).expand(256, count).contiguous()
    points = torch.searchsorted(below, shares).to(torch.float64) * _STEP
    return points.round().clamp(0, 255).to(torch.uint8).flatten().to(device)


def _weighted(below: Callable[[Numbers, float], Numbers], strength: float, weight: float) -> Numbers:
    """Return (256, points): the distribution of one clipped channel times its weight, for each level."""
    last = int(np.ceil(255 * weight / _STEP)) + 1
    edges: Numbers = np.asarray((np.arange(-1, last + 1) + 0.5) * _STEP / weight, dtype=np.float64)
    found = below(edges[None, :], strength)
    found = np.where(edges < 0, 0.0, np.where(edges >= 255, 1.0, found))
    return np.asarray(np.diff(found, axis=1))
