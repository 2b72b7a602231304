"""Images read at other places: enlarged, reduced, warped."""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from numpy.typing import NDArray

from evaluators.robustness.conditions.convolution import exact_weights
from evaluators.robustness.conditions.pixels import Tensor


def clipped_zoom(pixels: Tensor, factor: float) -> Tensor:
    """Enlarge the middle of (b, c, h, w) to the whole, bilinearly, first and last pixels staying in place.

    Equal to `scipy.ndimage.zoom` of order 1 on the middle part. Call it with one image at a time where pixels must not
    depend on the batch.
    """
    height, width = pixels.shape[-2:]
    rows, columns = math.ceil(height / factor), math.ceil(width / factor)
    top, left = (height - rows) // 2, (width - columns) // 2
    middle = pixels[..., top : top + rows, left : left + columns]
    return enlarged(middle, factor)[..., :height, :width]


def enlarged(pixels: Tensor, factor: float) -> Tensor:
    """Enlarge (b, c, h, w) bilinearly to the rounded multiple of its sides, first and last pixels staying in place."""
    size = (round(pixels.shape[-2] * factor), round(pixels.shape[-1] * factor))
    return torch.nn.functional.interpolate(pixels, size=size, mode="bilinear", align_corners=True)


def box_reduced(pixels: Tensor, height: int, width: int) -> Tensor:
    """Reduce levels (b, c, h, w) to a smaller size, each new pixel the mean of those whose centre it covers.

    Rows first are reduced along their length and rounded to whole levels, then columns, as Pillow does (``BOX``).
    """
    device = pixels.device
    across = torch.as_tensor(_box(pixels.shape[-1], width), device=device)
    down = torch.as_tensor(_box(pixels.shape[-2], height), device=device)
    rows = torch.matmul(pixels, across.T).add_(0.5).floor_()  # a half goes up, as in Pillow
    return torch.matmul(down, rows).add_(0.5).floor_()


def repeated(pixels: Tensor, height: int, width: int) -> Tensor:
    """Enlarge (b, c, h, w) by repeating the nearest pixel."""
    device = pixels.device
    rows = torch.as_tensor(_nearest(pixels.shape[-2], height), device=device)
    columns = torch.as_tensor(_nearest(pixels.shape[-1], width), device=device)
    return pixels.index_select(-1, columns).index_select(-2, rows)


@functools.lru_cache(maxsize=64)
def _box(given: int, wanted: int) -> NDArray[np.float32]:
    """Return (wanted, given): how much of each given pixel goes into each wanted one; rows add up to one."""
    centres = (np.arange(wanted) + 0.5) * given / wanted
    reach = max(1.0, given / wanted) / 2
    first, end = (np.clip((centres + side * reach + 0.5).astype(np.int64), 0, given)[:, None] for side in (-1, 1))
    inside = (np.arange(given) >= first) & (np.arange(given) < end)
    return np.stack([exact_weights(row) for row in inside]).astype(np.float32)


def _nearest(given: int, wanted: int) -> NDArray[np.int64]:
    return ((2 * np.arange(wanted) + 1) * given // (2 * wanted)).astype(np.int64)


def warped(pixels: Tensor, rows: Tensor, columns: Tensor, outside: str = "reflection") -> Tensor:
    """Read (b, c, h, w) bilinearly at other places.

    Parameters
    ----------
    rows, columns
        (b, h', w') in pixels: from where each new pixel is read.
    outside
        ``"reflection"`` about the outermost pixels, ``"border"``, which continues them, or ``"zeros"``.
    """
    height, width = pixels.shape[-2:]
    grid = torch.stack([columns * (2 / max(1, width - 1)) - 1, rows * (2 / max(1, height - 1)) - 1], dim=-1)
    return torch.nn.functional.grid_sample(pixels, grid, mode="bilinear", padding_mode=outside, align_corners=True)


def pixel_grid(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the row (h, 1) and the column (1, w) of every pixel, in float32."""
    height, width = pixels.shape[-2:]
    rows = torch.arange(height, dtype=torch.float32, device=pixels.device)[:, None]
    columns = torch.arange(width, dtype=torch.float32, device=pixels.device)[None, :]
    return rows, columns
