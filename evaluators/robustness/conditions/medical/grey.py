"""Grey images among three channels."""

from __future__ import annotations

from collections.abc import Callable

import torch

from evaluators.robustness.conditions.pixels import Tensor, luminance


def is_grey(pixels: Tensor) -> Tensor:
    """Return (b, 1, 1, 1) bool: whether all channels of a sample are equal."""
    return (pixels == pixels[:, :1]).flatten(1).all(dim=1)[:, None, None, None]


def in_three_channels(levels: Tensor, corrupt: Callable[[Tensor], Tensor]) -> Tensor:
    """Corrupt three channels of a grey image, each on its own, and make one grey image of them again.

    That is how MedMNIST-C treats its grey sets: noise of three channels is averaged, so less of it is seen. A sample in
    colour keeps its colours.

    Parameters
    ----------
    levels
        (b, 1 or 3, h, w) in [0, 255].
    corrupt
        Takes (b, 3, h, w) levels and gives the same.
    """
    check_channels(levels)
    changed = corrupt(levels.expand(-1, 3, -1, -1)).clamp(0.0, 255.0)
    grey = luminance(changed)
    return grey if levels.shape[1] == 1 else torch.where(is_grey(levels), grey, changed)


def check_channels(pixels: Tensor, *, colour: bool = False) -> None:
    """Refuse what has neither one nor three channels, or what is not in colour where colour is needed.

    Raises
    ------
    ValueError
        If the number of channels is another.
    """
    if pixels.shape[1] not in ((3,) if colour else (1, 3)):
        needed = "three channels (red, green, blue)" if colour else "one or three channels"
        raise ValueError(f"this condition takes images of {needed}; these have {pixels.shape[1]}")
