"""Brightness, contrast, gamma and saturation by a given amount, on levels; what they return is not clipped."""

from __future__ import annotations

import torch

from evaluators.robustness.conditions.medical.grey import check_channels
from evaluators.robustness.conditions.pixels import Tensor, luminance
from evaluators.robustness.conditions.tones import channel_mean, saturated
from evaluators.robustness.random_numbers import pick


def brightness(levels: Tensor, factor: float, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Multiply every value. Source: as Pillow's ``ImageEnhance.Brightness``, which MedMNIST-C uses."""
    return levels * factor


def contrast(levels: Tensor, factor: float, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Multiply the distance from the image's mean grey. Source: as Pillow's ``ImageEnhance.Contrast``."""
    check_channels(levels)
    mean = luminance(channel_mean(levels))
    return mean + (levels - mean) * factor


def gamma(levels: Tensor, exponent: float, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Raise every value to a power: above 1 mid-tones get darker, below 1 lighter."""
    steps = levels.round()
    if bool((steps == levels).all()):
        # A table of the 256 levels: the power of a number may differ in its last digit with its place in memory.
        table = (torch.arange(256, dtype=torch.float64) / 255) ** exponent * 255
        return pick(table.to(dtype=levels.dtype, device=levels.device), steps.to(torch.int32))
    return (levels / 255) ** exponent * 255


def saturate(levels: Tensor, added: float, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Add to the saturation of HSV and keep hue and value; what is grey becomes red, the hue of no hue.

    Raises
    ------
    ValueError
        If the images are not in colour.
    """
    check_channels(levels, colour=True)
    return saturated(levels, 1.0, added)
