"""A font of five by seven dots, and text painted with it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from evaluators.robustness.conditions.medical.painting import Canvas
from evaluators.robustness.conditions.pixels import Tensor

ROWS, COLUMNS = 7, 5
ADVANCE = COLUMNS + 1
"""Columns from one letter to the next."""
_SUBPIXELS = (-1 / 3, 0.0, 1 / 3)

_GLYPHS = {
    " ": "00 00 00 00 00 00 00",
    "-": "00 00 00 0E 00 00 00",
    ".": "00 00 00 00 00 0C 0C",
    "/": "01 01 02 04 08 10 10",
    ":": "00 0C 0C 00 0C 0C 00",
    "0": "0E 11 13 15 19 11 0E",
    "1": "04 0C 04 04 04 04 0E",
    "2": "0E 11 01 06 08 10 1F",
    "3": "0E 11 01 06 01 11 0E",
    "4": "02 06 0A 12 1F 02 02",
    "5": "1F 10 1E 01 01 11 0E",
    "6": "06 08 10 1E 11 11 0E",
    "7": "1F 01 02 04 08 08 08",
    "8": "0E 11 11 0E 11 11 0E",
    "9": "0E 11 11 0F 01 02 0C",
    "A": "0E 11 11 1F 11 11 11",
    "B": "1E 11 11 1E 11 11 1E",
    "C": "0E 11 10 10 10 11 0E",
    "D": "1E 11 11 11 11 11 1E",
    "E": "1F 10 10 1E 10 10 1F",
    "F": "1F 10 10 1E 10 10 10",
    "G": "0E 11 10 17 11 11 0F",
    "H": "11 11 11 1F 11 11 11",
    "I": "0E 04 04 04 04 04 0E",
    "J": "07 02 02 02 02 12 0C",
    "K": "11 12 14 18 14 12 11",
    "L": "10 10 10 10 10 10 1F",
    "M": "11 1B 15 15 11 11 11",
    "N": "11 19 15 13 11 11 11",
    "O": "0E 11 11 11 11 11 0E",
    "P": "1E 11 11 1E 10 10 10",
    "Q": "0E 11 11 11 15 12 0D",
    "R": "1E 11 11 1E 14 12 11",
    "S": "0F 10 10 0E 01 01 1E",
    "T": "1F 04 04 04 04 04 04",
    "U": "11 11 11 11 11 11 0E",
    "V": "11 11 11 11 11 0A 04",
    "W": "11 11 11 15 15 1B 11",
    "X": "11 11 0A 04 0A 11 11",
    "Y": "11 11 0A 04 04 04 04",
    "Z": "1F 01 02 04 08 10 1F",
}
"""Rows of each letter from above, in hexadecimal; the leftmost dot is the highest of five bits."""

ALPHABET = "".join(_GLYPHS)
"""All letters that can be painted; a letter's code is its place here."""


def codes(text: str) -> list[int]:
    """Return the code of every letter.

    Raises
    ------
    ValueError
        If the font has no such letter.
    """
    return [ALPHABET.index(letter) for letter in text]


def text_width(letters: int | Tensor, height: float | Tensor) -> float | Tensor:
    """Return the pixels that a line of text takes, for letters of that height."""
    return letters * ADVANCE * height / ROWS


def paint_text(
    canvas: Canvas, text: Tensor, top: Tensor, left: Tensor, height: Tensor, *, boldness: float = 1.0
) -> Tensor:
    """Return (b, 1, h, w) in [0, 1]: how much of each pixel a line of text covers on each image.

    Parameters
    ----------
    canvas
        An empty canvas of the batch; the text is painted on it.
    text
        (b, letters) int64 codes; negative ones are empty.
    top, left
        (b, 1) int64.
    height
        (b, 1) float, in pixels.
    boldness
        Multiplies the coverage, which is then clipped: letters smaller than their dots would vanish otherwise.
    """
    dots = _dots(str(text.device))
    most = float(height.max())
    rows, columns = int(most) + 2, int(text_width(text.shape[1], most)) + 2
    step = (ROWS / height)[:, :, None]
    covered = torch.zeros((len(text), rows, columns), dtype=torch.float32, device=text.device)
    for shift_down in _SUBPIXELS:
        y = (torch.arange(rows, device=text.device)[None, :, None] + (0.5 + shift_down)) * step
        for shift_across in _SUBPIXELS:
            x = (torch.arange(columns, device=text.device)[None, None, :] + (0.5 + shift_across)) * step
            place = torch.div(x, ADVANCE, rounding_mode="floor")
            row, column = y.long(), (x - place * ADVANCE).long()
            here = (row < ROWS) & (column < COLUMNS) & (place < text.shape[1])
            letter = text.gather(1, place.long().clamp(max=text.shape[1] - 1).flatten(1))[:, None, :]
            index = (letter.clamp(min=0) * ROWS + row.clamp(max=ROWS - 1)) * COLUMNS + column.clamp(max=COLUMNS - 1)
            covered += dots[index] * (here & (letter >= 0))
    covered = (covered * (boldness / len(_SUBPIXELS) ** 2)).clamp(max=1.0)
    canvas.paint(top, left, covered[:, None], covered > 0)
    return canvas.values


def _dots(device: str) -> Tensor:
    """Return (letters * rows * columns,) float32: 1 for a dot."""
    rows: Sequence[int] = [int(row, 16) for glyph in _GLYPHS.values() for row in glyph.split()]
    bits = [(row >> (COLUMNS - 1 - column)) & 1 for row in rows for column in range(COLUMNS)]
    return torch.tensor(bits, dtype=torch.float32, device=device)
