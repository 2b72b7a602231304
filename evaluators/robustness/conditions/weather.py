"""Snow, frost and fog.

Severities are those of ImageNet-C, in pixels of an image whose short side has 224; other sizes scale them.

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``.
"""

from __future__ import annotations

import math

import torch

from evaluators.robustness.conditions.blur import moved
from evaluators.robustness.conditions.fields import plasma
from evaluators.robustness.conditions.frost_textures import TEXTURES, texture
from evaluators.robustness.conditions.pixels import (
    Tensor,
    from_levels,
    in_parts,
    levels,
    luminance,
    one_by_one,
    scale,
)
from evaluators.robustness.conditions.resampling import enlarged
from evaluators.robustness.random_numbers import normal, uniform

SNOW = (
    (0.1, 0.3, 3.0, 0.5, 10, 4, 0.8),
    (0.2, 0.3, 2.0, 0.5, 12, 4, 0.7),
    (0.55, 0.3, 4.0, 0.9, 12, 8, 0.7),
    (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
    (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
)
"""Mean and deviation of noise, size of a flake, threshold, radius and deviation of motion, share of the image."""
FROST = ((1.0, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))
"""Shares of the image and of the frost."""
FOG = ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4))
"""Thickness in units of the full range, and how fast the disturbance of the clouds decays."""


@one_by_one
def snow(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Whiten the image and add flakes that fall, and the same flakes turned by half a turn."""
    mean, deviation, size, threshold, radius, sigma, kept = SNOW[severity - 1]
    pixels = levels(batch)
    height, width = pixels.shape[-2:]
    factor = max(1.0, size * scale(batch))
    rows, columns = math.ceil(height / factor), math.ceil(width / factor)
    drawn = normal(seeds.to(batch.device), rows * columns).reshape(1, 1, rows, columns)
    layer = enlarged(drawn * (255 * deviation) + 255 * mean, factor)
    layer = torch.where(layer < 255 * threshold, 0.0, layer).clamp_(max=255).round_()
    angle = -135 + 90 * float(uniform(seeds, 1, stream=2)[0, 0])
    flakes = moved(layer, radius * scale(batch), sigma * scale(batch), angle)[..., :height, :width].round_()
    lighter = torch.maximum(pixels, luminance(pixels) * 1.5 + 127.5)
    return from_levels(batch, (pixels * kept + lighter * (1 - kept)) + (flakes + flakes.flip(-2, -1)))


@in_parts
def fog(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Add clouds and bring the brightest value back to where it was."""
    thickness, decay = FOG[severity - 1]
    pixels = levels(batch)
    height, width = pixels.shape[-2:]
    size = 2 ** max(1, (max(height, width) - 1).bit_length())
    clouds = plasma(seeds.to(batch.device), size, decay)[:, None, :height, :width] * (255 * thickness)
    brightest = pixels.amax(dim=(1, 2, 3), keepdim=True)
    return from_levels(batch, (pixels + clouds) * (brightest / (brightest + 255 * thickness)))


@in_parts
def frost(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Darken the image and add a part of one of four pictures of ice crystals.

    The published pictures are photographs; these are drawn (`frost_textures`), with their colours and contrasts.
    """
    kept, added = FROST[severity - 1]
    pixels = levels(batch)
    height, width = pixels.shape[-2:]
    drawn = uniform(seeds, 3).tolist()
    parts = []
    for which, top, left in drawn:
        # Five draws of ImageNet-C reach four pictures, because one of them is there twice.
        picture = texture(TEXTURES[int(which * len(TEXTURES))], scale(batch), str(batch.device))
        side = picture.shape[-1]
        rows = (torch.arange(height, device=batch.device) + int(top * side)) % side
        columns = (torch.arange(width, device=batch.device) + int(left * side)) % side
        parts.append(picture.index_select(-2, rows).index_select(-1, columns))
    ice = torch.stack(parts).to(torch.float32)
    ice = luminance(ice) if pixels.shape[1] != 3 else ice
    return from_levels(batch, pixels * kept + ice * added)
