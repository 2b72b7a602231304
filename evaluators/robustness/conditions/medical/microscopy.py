"""What lies on a slide beside the tissue: deposits of stain and bubbles. Sizes grow with the image's short side.

Source: the definitions and numbers of MedMNIST-C, arXiv 2406.17536; its marks are pictures of ink, ours are drawn.
"""

from __future__ import annotations

import functools

import torch

from evaluators.robustness.conditions.medical.painting import Canvas, Draws, offsets
from evaluators.robustness.conditions.pixels import Tensor, scale

MARK = (24, 24, 24, 24, 32)
"""Side of the box around a mark at 224 pixels, by severity."""
MARGIN = 10
"""Distance of a mark's box from the image's border, at 224 pixels."""
RADIUS = (0.86, 0.86, 0.86, 0.86, 0.805)
"""Mean radius of a mark, as a share of half its box, so that it covers as much of the box as the published marks do:
62 %, and 54 % of the larger box."""
RAGGED = 14
"""Waves along the outline of a mark; the longer a wave, the higher."""

FEWEST_BUBBLES = 7
SMALLEST_BUBBLE = 3
RIM = 2
"""Width of a bubble's rim in pixels at 224."""
INSIDE, ON_THE_RIM = 100 / 255, 130 / 255
"""How much of a bubble is white."""


def stain_deposit(levels: Tensor, most: int, seeds: Tensor, severity: int) -> Tensor:
    """Blacken one to `most` marks of irregular shape."""
    draws, size = Draws(seeds, levels.device), scale(levels)
    side = max(3, round(MARK[severity - 1] * size))
    margin = round(MARGIN * size)
    ink = Canvas(levels)
    marks = draws.between(1, most)
    for k in range(most):
        top, left = (draws.between(margin, length - side - margin) for length in levels.shape[-2:])
        shape = _mark(side, RADIUS[severity - 1], draws.uniform(2 * RAGGED) * 2 - 1)
        ink.paint(top, left, torch.ones_like(shape)[:, None], shape & (k < marks)[:, :, None])
    return levels * (1 - ink.values)


def bubble(levels: Tensor, setting: tuple[int, int], seeds: Tensor) -> Tensor:
    """Lay at least seven half-transparent white discs with brighter rims over the image; later ones cover earlier."""
    largest, most = setting
    draws, size = Draws(seeds, levels.device), scale(levels)
    height, width = levels.shape[-2:]
    rim = max(1, round(RIM * size))
    reach = max(1, round(largest * size)) + rim
    down, across = offsets(2 * reach + 1, levels.device)
    distance = (down * down + across * across)[None]
    white = Canvas(levels)
    bubbles = draws.between(min(FEWEST_BUBBLES, most), most)
    for k in range(most):
        radius = draws.between(max(1, round(SMALLEST_BUBBLE * size)), reach - rim)
        y, x = (draws.between(radius, length - 1 - radius) for length in (height, width))
        within = ((radius + 0.5) ** 2)[:, :, None]
        around = ((radius + rim + 0.5) ** 2)[:, :, None]
        alpha = torch.where(distance <= within, INSIDE, ON_THE_RIM)[:, None]
        white.paint(y - reach, x - reach, alpha, (distance <= around) & (k < bubbles)[:, :, None])
    return levels + (255 - levels) * white.values


def _mark(side: int, radius: float, waves: Tensor) -> Tensor:
    """Return (b, side, side) bool: a disc whose radius goes up and down with the angle by (b, 2 RAGGED) amplitudes."""
    distance, basis = _around(side)
    distance, basis = distance.to(waves.device), basis.to(waves.device)
    reach = torch.full_like(distance, radius).expand(len(waves), side, side)
    for k in range(2 * RAGGED):
        reach = reach + basis[k] * waves[:, k, None, None]
    return distance <= reach


@functools.lru_cache(maxsize=32)
def _around(side: int) -> tuple[Tensor, Tensor]:
    """Return the distance from the centre in half sides, and for each wave its height at the angle of a pixel."""
    steps = (torch.arange(side, dtype=torch.float64) - (side - 1) / 2) / (side / 2)
    angle = torch.atan2(steps[:, None], steps[None, :])
    distance = torch.sqrt(steps[:, None] ** 2 + steps[None, :] ** 2)
    waves = [turn(k * angle) * 0.22 / k**0.9 for k in range(2, RAGGED + 2) for turn in (torch.cos, torch.sin)]
    return distance.float(), torch.stack(waves).float()
