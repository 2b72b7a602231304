"""Pictures of frost, drawn.

ImageNet-C overlays photographs of frost whose licence is not known, so none is shipped. Here needles with side branches
grow around random points over clouds, on a torus so that any part can be cut out. Mean and standard deviation of each
colour are those of the photographs; shapes are not.

Source of the colours and contrasts: measured over the five pictures that ImageNet-C draws from, of which two are equal.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from evaluators.robustness.conditions.fields import plasma
from evaluators.robustness.conditions.pixels import Tensor
from evaluators.robustness.random_numbers import uniform

SIDE = 512
"""Pixels of a picture's side, made for images whose short side has 224."""
_ARMS = 6
_PER_PIXEL = 2.0
"""Points drawn for each pixel of a needle."""


@dataclass(frozen=True)
class Texture:
    """One picture.

    Attributes
    ----------
    seed
        Of all its random numbers.
    mean, deviation
        Of red, green and blue, 0 to 255.
    crystals
        How many stars of needles.
    length
        Of the longest needle, in pixels.
    branches
        Length of side branches as a share of the needle beyond them.
    clouds
        Share of the variance that slow clouds have.
    relief
        How much needles are lit from one side, as on thick ice, rather than bright as on a dark pane; a share.
    """

    seed: int
    mean: tuple[int, int, int]
    deviation: tuple[int, int, int]
    crystals: int
    length: float
    branches: float
    clouds: float
    relief: float


_PALE = Texture(2, (201, 205, 214), (21, 22, 23), 900, 34, 0.25, 0.25, relief=0.6)
TEXTURES = (
    Texture(1, (78, 149, 166), (27, 16, 15), 1500, 24, 0.2, 0.55, relief=0.6),
    _PALE,
    _PALE,
    Texture(4, (138, 153, 165), (28, 28, 30), 2600, 14, 0.35, 0.12, relief=0.7),
    Texture(5, (112, 123, 135), (44, 43, 42), 420, 44, 0.45, 0.25, relief=0.45),
)
"""The pictures with equal probability."""


@functools.lru_cache(maxsize=16)
def texture(picture: Texture, scale: float, device: str) -> Tensor:
    """Return (3, side, side) uint8, `scale` times as large as for an image of 224 pixels."""
    drawn = torch.from_numpy(_drawn(picture))
    side = max(1, round(SIDE * scale))
    if side != SIDE:
        drawn = torch.nn.functional.interpolate(
            drawn[None], size=(side, side), mode="bilinear", align_corners=False, antialias=True
        )[0]
    return drawn.round().clamp(0, 255).to(torch.uint8).to(device)


@functools.lru_cache(maxsize=8)
def _drawn(picture: Texture) -> NDArray[np.float32]:
    """Return (3, 512, 512) levels."""
    from scipy.ndimage import gaussian_filter

    needles = gaussian_filter(_needles(picture), 0.7, mode="wrap")
    lit = _standard(needles - np.roll(needles, (1, 1), axis=(0, 1)))
    needles = picture.relief * lit + (1 - picture.relief) * _standard(needles)
    clouds = plasma(torch.tensor([picture.seed]), SIDE, 1.6)[0].numpy()
    mixed = np.sqrt(1 - picture.clouds) * _standard(needles) + np.sqrt(picture.clouds) * _standard(clouds)
    field = _standard(np.clip(_standard(mixed), -2.6, 3.2))
    mean, deviation = (
        np.array(values, dtype=np.float64)[:, None, None] for values in (picture.mean, picture.deviation)
    )
    return np.asarray(mean + deviation * field).astype(np.float32)


def _needles(picture: Texture) -> NDArray[np.float64]:
    """Return (512, 512): how bright the brightest needle through each pixel is."""
    canvas = np.zeros(SIDE * SIDE)
    drawn = uniform(torch.arange(picture.crystals) + 1000 * picture.seed, 4 + 2 * _ARMS).double().numpy()
    origin, turn, shine = drawn[:, :2] * SIDE, drawn[:, 2] * 2 * np.pi, 0.4 + 0.6 * drawn[:, 3]
    lengths = picture.length * (0.2 + 0.8 * drawn[:, 4 : 4 + _ARMS] ** 2)
    angles = turn[:, None] + (np.arange(_ARMS) + 0.8 * drawn[:, 4 + _ARMS :]) * (2 * np.pi / _ARMS)
    starts = np.repeat(origin[:, None, :], _ARMS, axis=1)
    _draw(canvas, starts, angles, lengths, np.repeat(shine[:, None], _ARMS, axis=1))
    for along in np.arange(0.15, 0.95, 0.1):
        directions = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
        feet = starts + directions * (along * lengths)[..., None]
        for side in (-1, 1):
            _draw(canvas, feet, angles + side * 0.9, picture.branches * (1 - along) * lengths, 0.8 * shine[:, None])
    return canvas.reshape(SIDE, SIDE)


def _draw(
    canvas: NDArray[np.float64],
    starts: NDArray[np.float64],
    angles: NDArray[np.float64],
    lengths: NDArray[np.float64],
    shine: NDArray[np.float64],
) -> None:
    """Draw lines (n, arms) that fade towards their ends, keeping whatever is brighter."""
    steps = max(2, int(float(lengths.max()) * _PER_PIXEL))
    part = np.linspace(0, 1, steps)
    reach = lengths[..., None] * part
    rows = np.rint(starts[..., 0, None] + np.sin(angles)[..., None] * reach).astype(np.int64) % SIDE
    columns = np.rint(starts[..., 1, None] + np.cos(angles)[..., None] * reach).astype(np.int64) % SIDE
    np.maximum.at(canvas, rows * SIDE + columns, shine[..., None] * (1 - 0.7 * part))


def _standard(field: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float64)
