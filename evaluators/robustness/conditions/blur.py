"""Blur.

Severity tables are those of ImageNet-C, in pixels of an image whose short side has 224; other sizes scale them
(`pixels.scale`).

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``; motion blur as in the package
imagecorruptions (Michaelis et al., arXiv 1907.07484), which does without ImageMagick.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from numpy.typing import NDArray

from evaluators.robustness.conditions.convolution import (
    convolve,
    gaussian_weights,
    motion_taps,
    padded,
    separable,
    weighted_sum,
)
from evaluators.robustness.conditions.pixels import Tensor, from_levels, in_parts, levels, one_by_one, scale
from evaluators.robustness.conditions.resampling import clipped_zoom
from evaluators.robustness.random_numbers import uniform

BLUR = (1.0, 2.0, 3.0, 4.0, 6.0)
"""Standard deviation."""
DEFOCUS = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
"""Radius of the disk and standard deviation that smooths its edge."""
MOTION = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))
"""Radius (half the length) and standard deviation of the fading."""
ZOOM = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))
"""Factors from 1 up to less than the first number, in steps of the second. They are not scaled."""

_NARROWEST = 0.4
"""No Gaussian is narrower: it would change nothing. CIFAR-10-C, for 32 pixels, begins with the same."""
_AREA_BELOW = 2.0
"""Disks of a smaller radius weigh a pixel by the area that they cover of it."""


@in_parts
def gaussian_blur(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Convolve with a Gaussian, cut off at four standard deviations; the border continues the outermost pixel."""
    sigma = max(BLUR[severity - 1] * scale(batch), _NARROWEST)
    return from_levels(batch, separable(levels(batch), gaussian_weights(sigma)))


@in_parts
def defocus_blur(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Average over a disk with a slightly smoothed edge; the border mirrors the image."""
    radius, edge = DEFOCUS[severity - 1]
    return from_levels(batch, defocused(levels(batch), radius, edge))


def defocused(pixels: Tensor, radius: float, edge: float) -> Tensor:
    """Average levels (b, c, h, w) over a disk.

    Parameters
    ----------
    radius
        In pixels at 224; it is scaled with the image.
    edge
        Standard deviation of the smoothing of the disk's edge, in pixels.
    """
    scaled = radius * scale(pixels)
    if scaled < _AREA_BELOW:
        return convolve(pixels, _covered(scaled))
    if edge >= 0.2:  # a narrower one leaves its neighbours less than 1e-5
        # Smoothing the image instead of the disk is the same sum; quarters of a level keep the next one exact.
        smoothed = separable(pixels, gaussian_weights(edge, 2.0 if radius <= 8 else 4.0), border="reflect")
        pixels = (smoothed * 4).round_() / 4
    return _disk_mean(pixels, scaled)


@one_by_one
def motion_blur(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Add up copies moved along a line at -45 to 45 degrees, fading like half a Gaussian."""
    radius, sigma = MOTION[severity - 1]
    angle = float(uniform(seeds, 1)[0, 0]) * 90 - 45
    return from_levels(batch, moved(levels(batch), radius * scale(batch), sigma * scale(batch), angle))


def moved(pixels: Tensor, radius: float, sigma: float, angle: float) -> Tensor:
    """Return levels (b, c, h, w) blurred along a line, all images in the same direction.

    Parameters
    ----------
    radius, sigma
        Half the length of the line and the standard deviation of the fading, in pixels.
    angle
        In degrees; 0 takes from the right, -90 from above.
    """
    reach = 2 * max(1, round(radius)) + 1
    taps = [(reach + y, reach + x, weight) for y, x, weight in motion_taps(reach, sigma, angle)]
    return weighted_sum(padded(pixels, reach), taps, *pixels.shape[-2:])


@one_by_one
def zoom_blur(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Average the image with enlargements of its middle."""
    whole = batch.dtype == torch.uint8 and batch.device.type == "cpu"
    return from_levels(batch, zoomed(batch if whole else levels(batch), np.arange(1, *ZOOM[severity - 1])))


def zoomed(pixels: Tensor, factors: NDArray[np.float64]) -> Tensor:
    """Average levels (b, c, h, w) with enlargements of their middle, of which the first is by a factor of 1.

    Levels may be given as uint8 on a processor. Each enlargement is then rounded to whole levels, which moves the
    average by about a tenth of one and is three times as fast.
    """
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    total = pixels.to(torch.int16 if pixels.dtype == torch.uint8 else pixels.dtype) * 2  # itself, and the factor 1
    for factor in factors[1:]:
        total += clipped_zoom(pixels, float(factor))
    return (total.to(torch.float32) / (len(factors) + 1)).contiguous()


def _disk_mean(pixels: Tensor, radius: float) -> Tensor:
    """Average levels over the pixels whose centre lies within a radius.

    Row by row a disk is a run of pixels. Runs of growing length are built by adding one pixel at each end, so a disk of
    300 pixels costs some 40 additions.
    """
    height, width = pixels.shape[-2:]
    reach = int(radius)
    widths = [int(math.sqrt(radius**2 - y**2)) for y in range(-reach, reach + 1)]
    surrounded = padded(pixels, reach, "reflect")
    run = surrounded[..., reach : reach + width].clone()
    total = torch.zeros_like(pixels)
    for half in range(reach + 1):
        if half:
            run += surrounded[..., reach - half : reach - half + width]
            run += surrounded[..., reach + half : reach + half + width]
        for row, found in enumerate(widths):
            if found == half:
                total += run[..., row : row + height, :]
    return total / sum(2 * found + 1 for found in widths)


@functools.lru_cache(maxsize=64)
def _covered(radius: float) -> NDArray[np.float64]:
    """Return the share of each pixel that a disk around the middle one covers, from 32 x 32 points in each."""
    reach = math.ceil(radius + 0.5) - 1 or 1
    points = (np.arange((2 * reach + 1) * 32) + 0.5) / 32 - reach - 0.5
    inside = points[:, None] ** 2 + points[None, :] ** 2 <= radius**2
    return np.asarray(inside.reshape(2 * reach + 1, 32, 2 * reach + 1, 32).mean(axis=(1, 3)))
