"""What a corruption does to pixels, in few numbers: mean, variance, change, structural similarity, spectrum."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Image = NDArray[np.uint8]
NAMES = ("mean", "deviation", "change", "ssim", "low", "middle", "high")
"""Of levels: mean, standard deviation, mean absolute change; SSIM with the clean image; and the logarithm of the mean
power in three rings of the spectrum, each an octave from the highest frequency downwards."""


def statistics(clean: Image, changed: Image) -> NDArray[np.float64]:
    """Return the seven numbers of `NAMES` for a corrupted image.

    Parameters
    ----------
    clean, changed
        (h, w) or (h, w, 3) uint8, square.
    """
    one, two = (image.astype(np.float64).reshape(*image.shape[:2], -1) for image in (clean, changed))
    grey = two.mean(axis=2)
    bands = [np.log10(ring) for ring in _rings(grey)]
    return np.array([two.mean(), two.std(), np.abs(two - one).mean(), _ssim(one.mean(axis=2), grey), *bands])


def _rings(grey: NDArray[np.float64]) -> list[float]:
    power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2 / grey.size
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(grey.shape[1]), np.fft.fftfreq(grey.shape[0])))
    edges = (0.0625, 0.125, 0.25, 0.5)
    rings = itertools.pairwise(edges)
    return [float(power[(frequency >= low) & (frequency < high)].mean() + 1e-3) for low, high in rings]


def _ssim(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """Wang, Bovik, Sheikh and Simoncelli, IEEE Trans. Image Process. 13 (2004) 600, with a Gaussian of 1.5 pixels."""

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(ndimage.gaussian_filter(values, 1.5))

    a, b = mean(one), mean(two)
    variances = mean(one * one) - a * a + mean(two * two) - b * b
    covariance = mean(one * two) - a * b
    luminance = (2 * a * b + 6.5025) / (a * a + b * b + 6.5025)
    return float((luminance * (2 * covariance + 58.5225) / (variances + 58.5225)).mean())
