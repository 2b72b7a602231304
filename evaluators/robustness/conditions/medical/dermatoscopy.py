"""What a dermatoscope adds to a picture: the dark corners outside of its tube, and characters.

Source: the definitions and numbers of MedMNIST-C, arXiv 2406.17536; it writes with OpenCV's Hershey font, we with ours.
"""

from __future__ import annotations

import torch

from evaluators.robustness.conditions.medical.font import codes, paint_text
from evaluators.robustness.conditions.medical.painting import Canvas, Draws
from evaluators.robustness.conditions.pixels import Tensor, scale

MARGIN = 10
"""Distance of characters from the border at 224 pixels."""
ROOM = 8
"""Pixels kept free for each letter to the right of where a word begins, at 224."""
FEWEST_LETTERS = 3
SMALLEST_FONT = 0.14
CAPITAL = 21
"""Height of a capital letter of the Hershey font at scale 1, in pixels."""
BOLD = 1.15
"""Makes the letters cover as much as Hershey letters, whose line is one pixel wide at any size."""


def black_corner(levels: Tensor, share: float, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Blacken what lies outside of a circle around the centre, of a radius in half short sides."""
    height, width = levels.shape[-2:]
    y, x = (torch.arange(n, device=levels.device) - n // 2 for n in (height, width))
    radius = int(min(height // 2, width // 2) * share)
    return levels * ((y * y)[:, None] + (x * x)[None, :] <= radius * radius)


def characters(levels: Tensor, setting: tuple[int, int, float], seeds: Tensor) -> Tensor:
    """Write one or more short words of random letters in random colours at random places."""
    words, letters, largest = setting
    draws, size = Draws(seeds, levels.device), scale(levels)
    height, width = levels.shape[-2:]
    margin, low, high = round(MARGIN * size), round(SMALLEST_FONT * 100), int(largest * 100)
    count = draws.between(1, words)
    alphabet = torch.tensor(codes("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), device=levels.device)
    for k in range(words):
        long = draws.between(min(FEWEST_LETTERS, letters), letters)
        tall = draws.between(low, high) * (CAPITAL * size / 100)
        text = alphabet[draws.between(0, len(alphabet) - 1, letters)]
        shown = (torch.arange(letters, device=levels.device)[None] < long) & (k < count)
        left = draws.between(margin, width - (ROOM * size * long).long())
        bottom = draws.between(margin, height - margin)
        colour = draws.uniform(levels.shape[1])[:, :, None, None] * 255
        covered = paint_text(
            Canvas(levels), torch.where(shown, text, -1), bottom - tall.ceil().long(), left, tall, boldness=BOLD
        )
        levels = levels + (colour - levels) * covered
    return levels
