"""The blurs of MedMNIST-C on levels; radii in pixels at 224, scaled with the image's short side."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from evaluators.robustness.conditions.blur import defocused, moved, zoomed
from evaluators.robustness.conditions.convolution import convolve, gaussian_weights, separable
from evaluators.robustness.conditions.pixels import Tensor, scale
from evaluators.robustness.random_numbers import uniform

_SMALL = 3
"""Disks of a smaller radius are few pixels, whose weights the smoothing of the edge decides: taken as published, and
not made smaller for smaller images, where nothing would be left of them."""


def gaussian(levels: Tensor, side: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Convolve with a Gaussian on a kernel of odd side; its deviation follows from the side, as in OpenCV."""
    sigma = (0.3 * ((side - 1) / 2 - 1) + 0.8) * scale(levels)
    return separable(levels, gaussian_weights(sigma, truncate=(side - 1) / 2 * scale(levels) / sigma), border="reflect")


def defocus(levels: Tensor, setting: tuple[float, float], seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Average over a disk with a smoothed edge; the border mirrors the image."""
    radius, edge = setting
    if radius < _SMALL:
        return convolve(levels, _small_disk(radius * max(1.0, scale(levels)), edge))
    return defocused(levels, radius, edge)


def motion(levels: Tensor, setting: tuple[float, float], seeds: Tensor) -> Tensor:
    """Add up copies moved along a line at -45 to 45 degrees, fading like half a Gaussian. One image at a time."""
    radius, sigma = setting
    angle = float(uniform(seeds, 1)[0, 0]) * 90 - 45
    return moved(levels, radius * scale(levels), sigma * scale(levels), angle)


def zoom(levels: Tensor, setting: tuple[float, float], seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Average the image with enlargements of its middle. One image at a time."""
    end, step = setting
    return zoomed(levels, np.arange(1, end, step))


@functools.lru_cache(maxsize=64)
def _small_disk(radius: float, edge: float) -> NDArray[np.float64]:
    """Return the kernel of a disk of whole pixels, smoothed by a Gaussian on three by three."""
    reach = int(radius) + 1
    steps = np.arange(-reach, reach + 1)
    disk = ((steps[:, None] ** 2 + steps[None, :] ** 2) <= radius**2).astype(np.float64)
    line = np.exp(-0.5 * (np.arange(-1, 2) / edge) ** 2)
    smooth = np.outer(line, line) / line.sum() ** 2
    around = np.pad(disk / disk.sum(), 1)
    side = len(steps)
    return np.asarray(sum(smooth[y, x] * around[y : y + side, x : x + side] for y in range(3) for x in range(3)))
