"""Outlines that are drawn less steadily, or in part."""

from __future__ import annotations

import torch

from evaluators.robustness.conditions.medical.painting import Draws
from evaluators.robustness.conditions.outlines import PIXELS
from evaluators.robustness.conditions.pixels import Tensor, one_by_one

KNOTS = 9
"""Knots of the displacement along each side, so that an outline bulges and does not fray. Chosen."""
CELLS = 4
"""Parts of the box around what is drawn, along each side. Chosen."""
DROPPED = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Probability that a part is missing. No published scale is known: chosen."""


@one_by_one
def jitter(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Displace what is drawn smoothly at random, in all planes alike, by at most one to five pixels along each axis.

    Values are moved, never blended. What would come from outside of the image is empty.
    """
    height, width = batch.shape[-2:]
    knots = Draws(seeds, batch.device).uniform(2 * KNOTS**2).reshape(1, 2, KNOTS, KNOTS) * 2 - 1
    field = torch.nn.functional.interpolate(knots, size=(height, width), mode="bicubic", align_corners=True)
    steps = (field.clamp(-1, 1)[0] * PIXELS[severity - 1]).round().long()
    rows = torch.arange(height, device=batch.device)[:, None] + steps[0]
    columns = torch.arange(width, device=batch.device)[None, :] + steps[1]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    moved = batch[:, :, rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
    return moved * inside.to(batch.dtype)


@one_by_one
def dropout(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Empty parts of the box around what is drawn, in all planes alike; one part that holds something always stays."""
    drawn = (batch != 0).flatten(0, 1).any(dim=0)
    if not bool(drawn.any()):
        return batch.clone()
    cells = torch.full(drawn.shape, -1, dtype=torch.long, device=batch.device)
    places = [torch.nonzero(drawn.any(dim=dim)).flatten() for dim in (1, 0)]
    (top, bottom), (left, right) = ((int(p[0]), int(p[-1]) + 1) for p in places)
    down = torch.arange(bottom - top, device=batch.device) * CELLS // (bottom - top)
    across = torch.arange(right - left, device=batch.device) * CELLS // (right - left)
    cells[top:bottom, left:right] = down[:, None] * CELLS + across[None, :]
    chance = Draws(seeds, batch.device).uniform(CELLS**2)[0]
    filled = torch.zeros(CELLS**2, dtype=torch.bool, device=batch.device)
    filled[cells[drawn]] = True
    gone = chance < DROPPED[severity - 1]
    gone[torch.where(filled, chance, -1.0).argmax()] = False
    return batch * ~(gone[cells.clamp(min=0)] & (cells >= 0)).expand_as(batch)
