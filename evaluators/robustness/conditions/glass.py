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
from evaluators.robustness.random_numbers import halves, uniform

GLASS = ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
"""Standard deviation of the blur, how far pixels come from, and how often all are replaced."""

_SIDE = 384
"""Side of the pane; each image is seen through another part of it."""


@in_parts
def glass_blur(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Blur, replace pixels by near ones, and blur again.

    One after the other, from the last to the first, published pixels take the value of a random neighbour, which may
    have been replaced before. (The code says "swap", but in a NumPy array of colours its second half has no effect.)
    This is carried out once, on a pane of 384 x 384 places; an image takes its pixels from where a random part of the
    pane took its own.
    """
    sigma, farthest, rounds = GLASS[severity - 1]
    weights = gaussian_weights(sigma * scale(batch))
    blurred = separable(levels(batch), weights).round_()
    b, c, h, w = blurred.shape
    pane = _pane(max(1, round(farthest * scale(batch))), rounds, str(batch.device))
    starts = (uniform(seeds.to(batch.device), 2) * _SIDE).to(torch.int64)
    rows, columns = (axis.to(torch.int64) for axis in pixel_grid(batch))
    within_rows = (starts[:, 0, None, None] + rows) % _SIDE
    within_columns = (starts[:, 1, None, None] + columns) % _SIDE
    moves = pane[within_rows, within_columns]
    row = (rows + moves[..., 0]).clamp_(0, h - 1)
    column = (columns + moves[..., 1]).clamp_(0, w - 1)
    places = (row * w + column).reshape(b, 1, h * w).expand(b, c, h * w)
    taken = blurred.reshape(b, c, h * w).gather(2, places).reshape(b, c, h, w)
    return from_levels(batch, separable(taken, weights))


@functools.lru_cache(maxsize=32)
def _pane(farthest: int, rounds: int, device: str) -> Tensor:
    """Return (384, 384, 2) int64: from how many rows below and columns to the right each place takes its pixel.

    Neighbours lie at most `farthest` pixels above or left and one less below or right.
    """
    margin = 4 * farthest * rounds
    side = _SIDE + 2 * margin
    source = list(range(side * side))
    for turn in range(rounds):
        drawn = halves(torch.tensor([turn]), 2 * side * side, stream=farthest)[0]
        offsets = iter((((drawn * (2 * farthest)) >> 16) - farthest).tolist())
        for row in range(side - farthest, farthest, -1):
            for column in range(side - farthest, farthest, -1):
                here = row * side + column
                source[here] = source[here + next(offsets) * side + next(offsets)]
    inner = slice(margin, margin + _SIDE)
    places = torch.tensor(source).reshape(side, side)
    axis = torch.arange(side)
    moves = torch.stack([places // side - axis[:, None], places % side - axis[None, :]], dim=-1)
    return moves[inner, inner].contiguous().to(device)
