"""What a workstation does to a CT slice that is already a picture: another window."""

from __future__ import annotations

from evaluators.robustness.conditions.medical.painting import Draws
from evaluators.robustness.conditions.pixels import Tensor, from_levels, in_parts, levels

SHIFT = (0.04, 0.08, 0.12, 0.18, 0.25)
"""How far the centre of the window moves, as a share of its width. No published scale is known: chosen. A soft-tissue
window of 400 HU moves by 16 to 100 HU."""
WIDTH = (1.05, 1.1, 1.2, 1.35, 1.5)
"""By how much the window is wider or narrower, a factor or its inverse. No published scale is known: chosen."""


@in_parts
def window_shift(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Show a slice in a window whose centre and width are others; which way each goes is drawn for each sample.

    The batch holds shares of the window that the dataset was decoded with. What lay outside of that window is lost and
    stays black or white, as it does for whoever receives such pictures.
    """
    draws = Draws(seeds, batch.device)
    pixels = levels(batch)
    up, wider = ((draws.uniform() < 0.5)[:, :, None, None] for _ in range(2))
    centre = 255 * (0.5 + SHIFT[severity - 1] * (up * 2.0 - 1))
    slope = wider * (1 / WIDTH[severity - 1]) + ~wider * WIDTH[severity - 1]
    return from_levels(batch, (pixels - centre) * slope + 127.5)
