"""Stain that varies from laboratory to laboratory."""

from __future__ import annotations

import functools

import numpy as np
import torch

from evaluators.robustness.conditions.medical.grey import check_channels
from evaluators.robustness.conditions.medical.painting import Draws
from evaluators.robustness.conditions.pixels import Tensor, like, one_by_one, share

HALF_WIDTH = (0.02, 0.05, 0.10, 0.15, 0.20)
"""How far factor and offset of each stain may lie from 1 and 0. Severity 2 and 5 follow "light" and "strong" of Tellez
et al. (2019), not checked against the paper (unverified); the others are chosen between and below."""

STAINS = ((0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.27, 0.57, 0.78))
"""Optical densities of red, green and blue by haematoxylin, eosin and DAB. Source: Ruifrok and Johnston, Anal. Quant.
Cytol. Histol. 23 (2001) 291."""
DARKEST = 1 / 255
"""A black pixel's share of the light: its density would be infinite."""


@one_by_one
def stain_variation(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Separate haematoxylin, eosin and DAB, change the amount of each, and put them together again.

    Each amount s becomes ``a s + b``, with a uniform in 1 ± σ and b uniform in ± σ, drawn for each sample and stain.

    Source: Tellez et al., Med. Image Anal. 58 (2019) 101544: colour augmentation in HED space.

    Raises
    ------
    ValueError
        If the images are not in colour.
    """
    check_channels(batch, colour=True)
    sigma = HALF_WIDTH[severity - 1]
    pixels = share(batch).clamp(min=DARKEST)
    changes = (Draws(seeds, batch.device).uniform(6) * 2 - 1) * sigma
    density = -torch.log(pixels).permute(0, 2, 3, 1)
    stains = _mixed(density, _matrix(inverse=True))
    changed = stains * (1 + changes[:, None, None, :3]) + changes[:, None, None, 3:]
    light = torch.exp(-_mixed(changed, _matrix(inverse=False)))
    return like(batch, light.permute(0, 3, 1, 2))


def _mixed(values: Tensor, matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    """Multiply (b, h, w, 3) by a matrix from the right, term by term."""
    columns = [sum(values[..., k] * matrix[k][j] for k in range(3)) for j in range(3)]
    return torch.stack(columns, dim=-1)


@functools.lru_cache(maxsize=2)
def _matrix(*, inverse: bool) -> tuple[tuple[float, ...], ...]:
    matrix = np.asarray(STAINS)
    matrix = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return tuple(tuple(map(float, row)) for row in (np.linalg.inv(matrix) if inverse else matrix))
