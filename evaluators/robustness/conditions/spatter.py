"""Drops of water and mud on the lens.

Severities are those of ImageNet-C. Drops are made for an image whose short side has 224 pixels and enlarged or reduced.

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``.
"""

from __future__ import annotations

import torch

from evaluators.robustness.conditions.convolution import gaussian_weights, padded, separable, weighted_sum
from evaluators.robustness.conditions.pixels import Tensor, from_levels, levels, luminance, one_by_one, scale
from evaluators.robustness.random_numbers import normal

SPATTER = (
    (0.65, 0.3, 4.0, 0.69, 0.6, False),
    (0.65, 0.3, 3.0, 0.68, 0.6, False),
    (0.65, 0.3, 2.0, 0.68, 0.5, False),
    (0.65, 0.3, 1.0, 0.65, 1.5, True),
    (0.67, 0.4, 1.0, 0.65, 1.5, True),
)
"""Mean, deviation and smoothing of noise, threshold, opacity of water or smoothing of mud, and whether it is mud."""
WATER = (175.0, 238.0, 238.0)
MUD = (63.0, 42.0, 20.0)
_FARTHEST = 20
"""Distances from the edge of a drop count up to so many pixels."""
_FINE = 64
"""Parts of a level in which smoothed noise is kept."""
_LIGHT = ((-2.0, -1.0, 0.0), (-1.0, 1.0, 1.0), (0.0, 1.0, 2.0))
"""Light from above and left on the thickness of a drop."""


@one_by_one
def spatter(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Add drops of water (severities 1 to 3) or cover the image with mud (4 and 5)."""
    mean, deviation, sigma, threshold, last, is_mud = SPATTER[severity - 1]
    pixels = levels(batch)
    sides = batch.shape[-2:]
    height, width = (max(8, round(side / scale(batch))) for side in sides)
    drawn = normal(seeds.to(batch.device), height * width).reshape(1, 1, height, width)
    layer = separable((drawn * deviation + mean) * (255 * _FINE), gaussian_weights(sigma)) / (255 * _FINE)
    if is_mud:
        covered = separable((layer > threshold) * 255.0, gaussian_weights(last)) / 255
        opacity = torch.where(covered < 0.8, 0.0, covered)
    else:
        layer = torch.where(layer < threshold, 0.0, (layer * 255).floor_().clamp_(max=255))
        opacity = layer * _thickness(layer > 0)
        opacity = opacity * (last / opacity.amax().clamp(min=1e-6))
    if (height, width) != tuple(sides):
        opacity = torch.nn.functional.interpolate(opacity, size=tuple(sides), mode="bilinear", align_corners=False)
    colour = torch.tensor(MUD if is_mud else WATER, device=batch.device)[None, :, None, None]
    colour = luminance(colour) if pixels.shape[1] != 3 else colour
    if is_mud:
        return from_levels(batch, pixels * (1 - opacity) + colour * opacity)
    return from_levels(batch, pixels + colour * opacity)


def _thickness(drops: Tensor) -> Tensor:
    """Return (1, 1, h, w): distances from the edges of drops, spread evenly over 0 to 255, lit and smoothed."""
    distance = _mean_of_nine(_distance_to_edge(drops)).floor_()
    flat = _lit(_equalized(distance)).round_().clamp_(0, 255)
    return _mean_of_nine(flat).round_()


def _distance_to_edge(drops: Tensor) -> Tensor:
    """Return the distance of each pixel to the nearest edge of a drop, at most 20.

    The edge lies on the left or upper one of two pixels that differ, where Canny's method puts it.
    """
    height, width = drops.shape[-2:]
    edge = torch.zeros_like(drops)
    edge[..., :-1] |= drops[..., :-1] ^ drops[..., 1:]
    edge[..., :-1, :] |= drops[..., :-1, :] ^ drops[..., 1:, :]
    far = torch.where(edge, 0.0, float(_FARTHEST**2))
    # The squared distance is the smallest of those along the column, after those along the row.
    for dim, length in ((-1, width), (-2, height)):
        nearest = far.clone()
        for step in range(1, min(_FARTHEST, length - 1) + 1):
            kept = length - step
            for place, other in ((step, 0), (0, step)):
                reached = nearest.narrow(dim, place, kept)
                reached.copy_(torch.minimum(reached, far.narrow(dim, other, kept) + float(step**2)))
        far = nearest
    return far.sqrt().clamp_(max=float(_FARTHEST))


def _equalized(distance: Tensor) -> Tensor:
    """Spread whole numbers from 0 to 20 so that as many pixels lie in every range, as `cv2.equalizeHist` does."""
    steps = torch.arange(_FARTHEST + 1, device=distance.device)
    up_to = (distance.reshape(-1, 1) <= steps).sum(dim=0)
    first = up_to[up_to > 0][0]
    spread = (up_to - first).to(torch.float32) * 255 / (distance.numel() - first).clamp(min=1)
    return spread.round_().clamp_(min=0)[distance.to(torch.int64)]


def _lit(thickness: Tensor) -> Tensor:
    height, width = thickness.shape[-2:]
    taps = [(y, x, weight) for y, row in enumerate(_LIGHT) for x, weight in enumerate(row) if weight]
    return weighted_sum(padded(thickness, 1, "reflect"), taps, height, width)


def _mean_of_nine(pixels: Tensor) -> Tensor:
    height, width = pixels.shape[-2:]
    taps = [(y, x, 1.0) for y in range(3) for x in range(3)]
    return weighted_sum(padded(pixels, 1, "reflect"), taps, height, width) / 9
