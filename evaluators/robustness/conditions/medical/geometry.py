"""An image seen turned, nearer, or a little beside."""

from __future__ import annotations

import math

from evaluators.robustness.conditions.medical.painting import Draws
from evaluators.robustness.conditions.pixels import Tensor, from_levels, levels, one_by_one
from evaluators.robustness.conditions.resampling import pixel_grid, warped

DEGREES = (2.0, 4.0, 7.0, 10.0, 15.0)
"""Angle to the left or to the right. No published scale is known: chosen."""
KEPT = (0.95, 0.9, 0.85, 0.775, 0.7)
"""Share of each side that stays in view. No published scale is known: chosen."""


@one_by_one
def rotation(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Turn the image about its centre; at the corners the outermost pixels continue."""
    left = float(Draws(seeds, batch.device).uniform()[0, 0]) < 0.5
    angle = math.radians(DEGREES[severity - 1] if left else -DEGREES[severity - 1])
    return from_levels(batch, seen(levels(batch), angle=angle, outside="border"))


@one_by_one
def crop(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Cut out a part at a random place near the centre and enlarge it to the whole."""
    kept = KEPT[severity - 1]
    down, across = ((Draws(seeds, batch.device).uniform(2) - 0.5) * (1 - kept))[0].tolist()
    return from_levels(batch, seen(levels(batch), zoom=1 / kept, shift=(down, across), outside="border"))


def seen(
    pixels: Tensor,
    *,
    angle: float = 0.0,
    zoom: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
    outside: str = "zeros",
) -> Tensor:
    """Read (1, c, h, w) bilinearly at turned, nearer and shifted places.

    Parameters
    ----------
    angle
        In radians; positive turns the image to the left.
    zoom
        Above 1 enlarges.
    shift
        Down and across, as a share of the sides: where in the image the new centre lies.
    outside
        ``"zeros"`` or ``"border"``: black, or the outermost pixels.
    """
    height, width = pixels.shape[-2:]
    rows, columns = pixel_grid(pixels)
    y, x = rows - (height - 1) / 2, columns - (width - 1) / 2
    cos, sin = math.cos(angle) / zoom, math.sin(angle) / zoom
    from_rows = cos * y + sin * x + (height - 1) / 2 + shift[0] * height
    from_columns = cos * x - sin * y + (width - 1) / 2 + shift[1] * width
    return warped(pixels, from_rows[None], from_columns[None], outside)
