"""Coarse pixels and JPEG.

Severity tables are those of ImageNet-C; they do not depend on the size of an image.

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch

from evaluators.robustness.conditions.pixels import Tensor, from_levels, in_parts, levels
from evaluators.robustness.conditions.resampling import box_reduced, repeated

SIDE = (0.6, 0.5, 0.4, 0.3, 0.25)
"""Share of each side that is kept."""
QUALITY = (25, 18, 15, 10, 7)
"""Quality of libjpeg."""


@in_parts
def pixelate(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Reduce the image by averaging areas and enlarge it again by repeating pixels."""
    height, width = batch.shape[-2:]
    kept = SIDE[severity - 1]
    small = box_reduced(levels(batch), max(1, int(height * kept)), max(1, int(width * kept)))
    return repeated(from_levels(batch, small), height, width)


def jpeg_compression(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Encode every image as JPEG with halved colour resolution, and decode it.

    libjpeg does it on the processor whatever the device, so that pixels are the same everywhere. Images with neither
    one nor three channels are encoded channel by channel.
    """
    return jpeg(batch, QUALITY[severity - 1])


def jpeg(batch: Tensor, quality: int) -> Tensor:
    """Return images (b, c, h, w) after one generation of JPEG of a quality between 1 and 100."""
    from torchvision.io import decode_jpeg, encode_jpeg

    def generation(image: Tensor) -> Tensor:
        return decode_jpeg(encode_jpeg(image, quality))

    whole = levels(batch).round_().to(torch.uint8).cpu()
    channels = batch.shape[1]
    images = whole if channels in {1, 3} else whole.flatten(0, 1)[:, None]
    with ThreadPoolExecutor(max(1, torch.get_num_threads())) as threads:
        decoded = torch.stack(list(threads.map(generation, images)))
    return from_levels(batch, decoded.reshape(batch.shape).to(batch.device, torch.float32))
