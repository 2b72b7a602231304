"""Weighted sums of neighbouring pixels that come out the same in any order of addition.

float32 holds whole numbers up to 2**24 exactly. Levels of uint8 images are whole numbers up to 255; weights here are
multiples of 2**-16 that add up to one. So every product and every partial sum is exact, whatever a batch, a thread or
a device adds first. Images in floating point go the same way and differ in the last digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from evaluators.robustness.conditions.pixels import Tensor

BITS = 16
"""Binary digits of a weight behind the point: with 8 of a level they fill the 24 of float32."""

_MANY = 32
"""From so many weights on, a product with a banded matrix is faster than shifted sums."""

_QUARTERS = 4
"""Between two passes levels are kept to a quarter, so that weights of 14 digits stay exact in the second."""


def exact_weights(weights: ArrayLike, bits: int = BITS) -> NDArray[np.float64]:
    """Return weights of any shape as multiples of 2**-bits with a sum of one; the largest takes what is left over."""
    given = np.asarray(weights, dtype=np.float64)
    units = np.rint(given / given.sum() * 2**bits)
    units.flat[int(np.argmax(units))] += 2**bits - units.sum()
    return np.asarray(units / 2**bits)


def gaussian_weights(sigma: float, truncate: float = 4.0) -> NDArray[np.float64]:
    """Return (2 r + 1,) weights of a Gaussian of standard deviation `sigma` pixels, cut off after `truncate` of them.

    r is ``int(truncate * sigma + 0.5)`` as in SciPy, at least 1.
    """
    radius = max(1, int(truncate * sigma + 0.5))
    offsets = np.arange(-radius, radius + 1, dtype=np.float64)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    return np.asarray(weights / weights.sum())


def padded(pixels: Tensor, radius: int, border: str = "replicate") -> Tensor:
    """Return (b, c, h + 2 r, w + 2 r); `border` is ``"replicate"`` or ``"reflect"`` (about the outermost pixel)."""
    if border == "reflect" and radius >= min(pixels.shape[-2:]):
        border = "replicate"
    return torch.nn.functional.pad(pixels, (radius, radius, radius, radius), mode=border)


def weighted_sum(surrounded: Tensor, taps: Sequence[tuple[int, int, float]], height: int, width: int) -> Tensor:
    """Return (b, c, height, width): the sum of a padded image, shifted and weighted.

    Parameters
    ----------
    surrounded
        (b, c, height + ..., width + ...).
    taps
        First row, first column and weight of each summand.
    """
    total: Tensor = None
    for top, left, weight in taps:
        part = surrounded[..., top : top + height, left : left + width]
        if total is None:
            total = part * weight
        else:
            total.add_(part, alpha=weight)
    return total


def convolve(pixels: Tensor, kernel: ArrayLike, border: str = "reflect") -> Tensor:
    """Correlate levels (b, c, h, w) with a small kernel (2 r + 1, 2 r + 1), as `cv2.filter2D` does."""
    weights = exact_weights(kernel)
    height, width = pixels.shape[-2:]
    taps = [(int(y), int(x), float(weights[y, x])) for y, x in np.argwhere(weights)]
    return weighted_sum(padded(pixels, weights.shape[0] // 2, border), taps, height, width)


def separable(pixels: Tensor, weights: ArrayLike, border: str = "replicate") -> Tensor:
    """Convolve levels (b, c, h, w) with symmetric weights (2 r + 1,) down the columns, then along the rows."""
    first, second = exact_weights(weights), exact_weights(weights, BITS - int(math.log2(_QUARTERS)))
    surrounded = padded(pixels, len(first) // 2, border)
    down = (_one_pass(surrounded, first, -2) * _QUARTERS).round_() / _QUARTERS
    return _one_pass(down, second, -1)


def _one_pass(pixels: Tensor, weights: NDArray[np.float64], dim: int) -> Tensor:
    """Convolve along one dimension, which gets shorter by the weights' length less one."""
    length = pixels.shape[dim] - len(weights) + 1
    if len(weights) >= _MANY:
        band = torch.as_tensor(_band(weights, length), device=pixels.device)
        return torch.matmul(band.T, pixels) if dim == -2 else torch.matmul(pixels, band)
    height, width = (length, pixels.shape[-1]) if dim == -2 else (pixels.shape[-2], length)
    taps = [(k, 0, float(w)) if dim == -2 else (0, k, float(w)) for k, w in enumerate(weights) if w]
    return weighted_sum(pixels, taps, height, width)


def _band(weights: NDArray[np.float64], length: int) -> NDArray[np.float32]:
    """Return (length + 2 r, length): each column holds the weights, one row lower than the column before."""
    band = np.zeros((length + len(weights) - 1, length), dtype=np.float32)
    for k, weight in enumerate(weights):
        band[np.arange(length) + k, np.arange(length)] = weight
    return band


def motion_taps(length: int, sigma: float, angle: float) -> list[tuple[int, int, float]]:
    """Return row offset, column offset and weight of each of `length` steps along a line that fades.

    Parameters
    ----------
    length
        Number of steps of one pixel, the first at the pixel itself.
    sigma
        The weights are those of the positive half of a Gaussian of this standard deviation in pixels.
    angle
        In degrees; 0 takes from the right, 90 from below.
    """
    weights = exact_weights(np.exp(-(np.arange(length) ** 2) / (2 * sigma**2)))
    down, right = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    places = [(math.ceil(k * down - 0.5), math.ceil(k * right - 0.5)) for k in range(length)]
    return [(y, x, float(w)) for (y, x), w in zip(places, weights, strict=True) if w]
