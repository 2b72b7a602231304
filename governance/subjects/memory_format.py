"""The order in which a network's images lie in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from governance.spec.model import Settings


def memory_format(network: torch.nn.Module, settings: Settings, *, known: bool) -> torch.memory_format:
    """Return the memory format to compute in.

    ``auto`` is channels_last for a `known` network (one of a library, which is tested with it) of ordinary
    convolutions, where it is faster. With depthwise convolutions it is slower on the processor; and a network of one's
    own may look at its tensors in a way that only works on contiguous ones.
    """
    if settings.memory_format == "auto":
        convolutions = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
        ordinary = len(convolutions) > 1 and all(module.groups == 1 for module in convolutions)
        return torch.channels_last if known and ordinary else torch.contiguous_format
    return torch.channels_last if settings.memory_format == "channels_last" else torch.contiguous_format


def laid_out(images: torch.Tensor, wanted: torch.memory_format) -> torch.Tensor:
    """Return preprocessed images in the memory format, the same values."""
    return images.contiguous(memory_format=wanted) if images.ndim == 4 else images
