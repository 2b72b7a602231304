"""What happens to pictures on their way: they are made smaller, saved again and again, and written on."""

from __future__ import annotations

import torch

from evaluators.robustness.conditions.digital import jpeg
from evaluators.robustness.conditions.medical.font import codes, paint_text, text_width
from evaluators.robustness.conditions.medical.painting import Canvas, Draws
from evaluators.robustness.conditions.pixels import Tensor, from_levels, in_parts, levels, one_by_one

REDUCED = (0.75, 0.5, 0.375, 0.25, 0.125)
"""Share of each side that is kept. No published scale is known: chosen."""

GENERATIONS = (1, 2, 4, 7, 10)
"""How often a picture is saved. No published scale is known: chosen."""
QUALITIES = (30, 80)
"""Lowest and highest quality of a saving, as libjpeg counts. Chosen."""

BLOCK = 8
"""Pixels of a block of JPEG along each side."""

LINES = (1, 2, 3, 4, 6)
"""Lines of text. No published scale is known: chosen."""
TEXT_HEIGHT = (0.03, 0.035, 0.04, 0.045, 0.05)
"""Height of the letters, as a share of the image's. No published scale is known: chosen."""
SMALLEST_LETTER = 5.0
"""Pixels."""
TEXT_MARGIN = 0.02
"""Distance from the border, as a share of the side."""
WORDS = ("SUPINE", "PORTABLE", "AP ERECT", "SEMI-ERECT", "LEFT", "RIGHT", "POST OP", "120 KV", "SERIES 2", "ZOOM 1.5")
"""What is written: positions, views and settings, nothing about a person."""


@one_by_one
def down_sampling(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Make the image smaller and as large again as it was, bilinearly, smoothed against aliasing."""
    height, width = batch.shape[-2:]
    share = REDUCED[severity - 1]
    small = (max(1, round(height * share)), max(1, round(width * share)))
    pixels = levels(batch)
    reduced = torch.nn.functional.interpolate(pixels, size=small, mode="bilinear", antialias=True, align_corners=False)
    again = torch.nn.functional.interpolate(reduced, size=(height, width), mode="bilinear", align_corners=False)
    return from_levels(batch, again)


@in_parts
def burnt_in_text(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Write white lines of text into a corner of the image: positions and settings, as scanners do."""
    draws = Draws(seeds, batch.device)
    pixels = levels(batch)
    height, width = batch.shape[-2:]
    letter = max(SMALLEST_LETTER, TEXT_HEIGHT[severity - 1] * height)
    margin, step = round(TEXT_MARGIN * min(height, width)), letter * 1.4
    longest = max(map(len, WORDS))
    words = torch.tensor([codes(word) + [-1] * (longest - len(word)) for word in WORDS], device=batch.device)
    lengths = torch.tensor([len(word) for word in WORDS], device=batch.device)
    below, right = draws.uniform() < 0.5, draws.uniform() < 0.5
    tall = torch.full((len(batch), 1), letter, device=batch.device)
    covered = torch.zeros((len(batch), 1, height, width), device=batch.device)
    first = draws.between(0, len(WORDS) - 1)[:, 0]
    for k in range(LINES[severity - 1]):
        word = (first + k) % len(WORDS)
        room = text_width(lengths[word][:, None], letter)
        left = torch.where(right, width - margin - torch.as_tensor(room), float(margin)).round().long()
        from_edge = margin + k * step
        top = torch.where(below, height - from_edge - letter, torch.full_like(tall, from_edge)).round().long()
        covered = covered.maximum(paint_text(Canvas(batch), words[word], top, left, tall))
    return from_levels(batch, pixels + (255 - pixels) * covered)


def jpeg_generations(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Encode as JPEG and decode, several times, each with its own quality and its blocks at another place.

    Blocks move as they do where a picture is cropped between two savings; without that, a second saving at the same
    quality would change almost nothing.
    """
    count = GENERATIONS[severity - 1]
    low, high = QUALITIES
    drawn = Draws(seeds, batch.device).uniform(3 * count).cpu().reshape(-1, count, 3)
    quality = low + (drawn[..., 0] * (high - low + 1)).int()
    place = (drawn[..., 1:] * BLOCK).int()
    saved = batch if batch.dtype == torch.uint8 else levels(batch).round().to(torch.uint8)
    for k in range(count):
        images = [_saved(image, int(quality[n, k]), *place[n, k].tolist()) for n, image in enumerate(saved.split(1))]
        saved = torch.cat(images) if images else saved
    return from_levels(batch, saved.float())


def _saved(image: Tensor, quality: int, top: int, left: int) -> Tensor:
    """Return (1, c, h, w) after one saving whose blocks begin `top` rows above and `left` columns before the image."""
    height, width = image.shape[-2:]
    around = torch.nn.functional.pad(image.float(), (left, 0, top, 0), mode="replicate").to(torch.uint8)
    return jpeg(around, quality)[..., top : top + height, left : left + width]
