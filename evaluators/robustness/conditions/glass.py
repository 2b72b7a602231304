"""Glass blur.

Severities are those of ImageNet-C, in pixels of an image whose short side has 224; other sizes scale them.

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``.
"""

from __future__ import annotations

import functools

import torch

from evaluators.robustness.conditions.convolution import gaussian_weights, separable
from evaluators.robustness.conditions.pixels import Tensor, from_levels, in_parts, levels, scale
from evaluators.robustness.conditions.resampling import pixel_grid
from evaluators.robustness.random_numbers import HALF, halves, pick

GLASS = ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
"""Standard deviation of the blur, farthest swap, and how often all pixels are swapped."""

_SIDE = 160
"""Side of the image on which the swaps are tried out."""


@in_parts
def glass_blur(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Blur, let pixels change places with near ones, and blur again.

    The published swaps follow one another, each pixel with a random neighbour, in a fixed order over the image. They
    are carried out once, on an image of 160 x 160 places; every pixel then is taken from where one of those came from,
    chosen at random. So displacements have the published distribution, each by itself, and a batch is one look-up.
    """
    sigma, farthest, rounds = GLASS[severity - 1]
    weights = gaussian_weights(sigma * scale(batch))
    blurred = separable(levels(batch), weights).round_()
    b, c, h, w = blurred.shape
    table = _displacements(max(1, round(farthest * scale(batch))), rounds, str(batch.device))
    drawn = pick(table, halves(seeds.to(batch.device), h * w)).reshape(b, h, w)
    rows, columns = (axis.to(torch.int32) for axis in pixel_grid(batch))
    # A table entry holds both displacements, each plus 128, in one number.
    row = (rows + ((drawn >> 8) - 128)).clamp_(0, h - 1)
    column = (columns + ((drawn & 255) - 128)).clamp_(0, w - 1)
    places = (row * w + column).to(torch.int64).reshape(b, 1, h * w).expand(b, c, h * w)
    shuffled = blurred.reshape(b, c, h * w).gather(2, places).reshape(b, c, h, w)
    return from_levels(batch, separable(shuffled, weights))


@functools.lru_cache(maxsize=32)
def _displacements(farthest: int, rounds: int, device: str) -> Tensor:
    """Return (65536,) int32: from how far below and right pixels come, as 256 (rows + 128) + columns + 128.

    Swaps reach from `farthest` pixels above and left to one less below and right.
    """
    steps = (_SIDE - 2 * farthest) ** 2 * 2
    source = list(range(_SIDE * _SIDE))
    for turn in range(rounds):
        drawn = halves(torch.tensor([turn]), steps, stream=farthest)[0]
        offsets = iter((((drawn * (2 * farthest)) >> 16) - farthest).tolist())
        for row in range(_SIDE - farthest, farthest, -1):
            for column in range(_SIDE - farthest, farthest, -1):
                here = row * _SIDE + column
                there = here + next(offsets) * _SIDE + next(offsets)
                source[here], source[there] = source[there], source[here]
    edge = min(_SIDE // 4, 8 * farthest)
    inner = slice(edge, _SIDE - edge)
    places = torch.tensor(source, dtype=torch.int32).reshape(_SIDE, _SIDE)
    axis = torch.arange(_SIDE, dtype=torch.int32)
    rows = (places // _SIDE - axis[:, None])[inner, inner].clamp(-127, 127)
    columns = (places % _SIDE - axis[None, :])[inner, inner].clamp(-127, 127)
    found = (((rows + 128) << 8) + columns + 128).reshape(-1)
    return found[(torch.arange(HALF) * len(found)) >> 16].to(device)
