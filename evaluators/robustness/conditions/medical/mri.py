"""What a scanner does to magnetic resonance images: uneven coils, ghosts, and a patient who moves.

An image is read as the magnitude of one slice, its rows along the phase encoding. No published scale of severities is
known for any of the three: the strengths are chosen around the defaults of the package TorchIO.

Source: Pérez-García, Sparks and Ourselin, Comput. Methods Programs Biomed. 208 (2021) 106236, and there.
"""

from __future__ import annotations

import itertools
import math

import torch

from evaluators.robustness.conditions.medical.geometry import seen
from evaluators.robustness.conditions.medical.painting import Draws
from evaluators.robustness.conditions.pixels import Tensor, from_levels, levels, one_by_one

COEFFICIENT = (0.15, 0.3, 0.5, 0.75, 1.0)
"""Largest coefficient of the field's polynomial; 0.5 is TorchIO's default."""
ORDER = 3
"""Order of the polynomial, TorchIO's default."""
GHOST = (0.15, 0.3, 0.5, 0.75, 1.0)
"""How much of the signal the affected lines lose; TorchIO draws from 0.5 to 1."""
GHOSTS = (4, 8)
"""Fewest and most ghosts; TorchIO draws from 4 to 10."""
DEGREES = (1.0, 2.0, 3.5, 5.0, 8.0)
"""Largest rotation of a movement; TorchIO's default is 10."""
TRANSLATION = (0.005, 0.01, 0.02, 0.03, 0.05)
"""Largest shift of a movement, as a share of the side; TorchIO's default is 10 mm, about 0.05 of a head."""
MOVEMENTS = (2, 3, 4, 6, 8)
"""How often the patient moves during the scan; TorchIO's default is 2."""
AROUND_MIDDLE = 0.25
"""Share of the raw data's lines, around the middle, at which a movement may happen: elsewhere it hardly shows."""


@one_by_one
def bias_field(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Multiply by the exponential of a random polynomial of the position, scaled so that its mean is 1.

    Source: Van Leemput, Maes, Vandermeulen and Suetens, IEEE Trans. Med. Imaging 18 (1999) 885: the model of the field.
    """
    pixels = levels(batch)
    y, x = (torch.linspace(-1, 1, n, device=batch.device) for n in pixels.shape[-2:])
    powers = [(i, j) for i in range(ORDER + 1) for j in range(ORDER + 1 - i) if i + j]
    drawn = (Draws(seeds, batch.device).uniform(len(powers)) * 2 - 1)[0] * COEFFICIENT[severity - 1]
    exponent = sum(c * y[:, None] ** i * x[None, :] ** j for c, (i, j) in zip(drawn, powers, strict=True))
    field = torch.exp(exponent)
    return from_levels(batch, pixels * (field / field.mean()))


@one_by_one
def ghosting(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Weaken every n-th line of the raw data, but for the middle one: n - 1 faint copies appear along the rows' axis.

    Computed as a sum of shifted images, which is the same: the copies lie height / n pixels apart.
    """
    draws = Draws(seeds, batch.device)
    pixels = levels(batch)
    count = int(draws.between(*GHOSTS)[0, 0])
    height = pixels.shape[-2]
    copies = sum(pixels.roll(round(k * height / count), dims=-2) for k in range(count))
    lost = copies / count - pixels.mean(dim=-2, keepdim=True)
    return from_levels(batch, (pixels - GHOST[severity - 1] * lost).abs())


@one_by_one
def motion(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Take the lines of the raw data from before and after each movement, one after the other.

    The head turns and shifts in the plane; the position that filled the middle of the raw data is the one that is
    kept, so the image does not move as a whole.

    Source: Shaw, Sudre, Ourselin and Cardoso, Proc. MIDL (2019) 427.
    """
    draws = Draws(seeds, batch.device)
    pixels = levels(batch)
    height = pixels.shape[-2]
    drawn = draws.uniform(MOVEMENTS[severity - 1])[0]
    times = sorted(0.5 + AROUND_MIDDLE * (float(number) - 0.5) for number in drawn)
    ends = [0, *(round(t * height) for t in times), height]
    middle = height // 2
    raw = torch.zeros(pixels.shape, dtype=torch.complex64, device=batch.device)
    for first, last in itertools.pairwise(ends):
        turn, down, across = ((draws.uniform(3) * 2 - 1)[0]).tolist()
        if last <= first:
            continue
        moved = pixels
        if not first <= middle < last:
            moved = seen(
                pixels,
                angle=math.radians(turn * DEGREES[severity - 1]),
                shift=(down * TRANSLATION[severity - 1], across * TRANSLATION[severity - 1]),
            )
        lines = torch.fft.fftshift(torch.fft.fft2(moved), dim=(-2, -1))
        raw[..., first:last, :] = lines[..., first:last, :]
    return from_levels(batch, torch.fft.ifft2(torch.fft.ifftshift(raw, dim=(-2, -1))).abs())
