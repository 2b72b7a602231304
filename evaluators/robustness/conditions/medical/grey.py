"""Which images are grey, and how many channels they have."""

from __future__ import annotations

from evaluators.robustness.conditions.pixels import Tensor


def is_grey(pixels: Tensor) -> Tensor:
    """Return (b, 1, 1, 1) bool: whether all channels of a sample are equal."""
    return (pixels == pixels[:, :1]).flatten(1).all(dim=1)[:, None, None, None]


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
