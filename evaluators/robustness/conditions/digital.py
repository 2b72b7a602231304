"""Coarse pixels and JPEG.

Severity tables are those of ImageNet-C; they do not depend on the size of an image.

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import torch
from numpy.typing import NDArray

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

    Pillow does it on the processor whatever the device, so that pixels are the same everywhere. Images with neither
    one nor three channels are encoded channel by channel.
    """
    return jpeg(batch, QUALITY[severity - 1])


def jpeg(batch: Tensor, quality: int) -> Tensor:
    """Return images (b, c, h, w) after one generation of JPEG of a quality between 1 and 100."""
    if not len(batch):
        return batch.clone()
    whole = batch if batch.dtype == torch.uint8 else levels(batch).round_().to(torch.uint8)
    whole = whole.cpu()
    in_colour = batch.shape[1] == 3
    images = (whole.permute(0, 2, 3, 1) if in_colour else whole.flatten(0, 1)).contiguous().numpy()
    with ThreadPoolExecutor(max(1, torch.get_num_threads())) as threads:
        decoded = np.stack(list(threads.map(lambda image: _generation(image, quality), images)))
    result = torch.from_numpy(decoded).to(batch.device)
    result = result.permute(0, 3, 1, 2).contiguous() if in_colour else result.reshape(batch.shape)
    return result if batch.dtype == torch.uint8 else from_levels(batch, result.to(torch.float32))


def _generation(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Encode and decode (h, w) or (h, w, 3); Pillow does both while other threads go on."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
