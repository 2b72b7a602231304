"""Real pixels for tests of conditions: retina and tissue of scikit-image, photographs and digits of scikit-learn."""

from functools import cache

import numpy as np
import torch
from PIL import Image


@cache
def pictures(side=224):
    """A retina, a tissue and a photograph as (3, side, side, 3) uint8."""
    from skimage import data

    return np.stack([_square(image, side) for image in (data.retina(), data.immunohistochemistry(), data.astronaut())])


@cache
def photographs():
    """Parts of scikit-learn's two photographs as (8, 3, 80, 80) uint8."""
    from sklearn.datasets import load_sample_images

    parts = [image[y : y + 80, 100:180] for image in load_sample_images().images for y in (0, 90, 180, 270)]
    return as_batch(np.stack(parts))


@cache
def scanned_digits():
    """Scanned digits as (64, 1, 32, 32) uint8."""
    from sklearn.datasets import load_digits

    images = torch.tensor(load_digits().images[:64] * 255 / 16, dtype=torch.uint8)[:, None]
    return images.repeat_interleave(4, 2).repeat_interleave(4, 3)


def as_batch(images):
    """(n, h, w, c) arrays as a (n, c, h, w) tensor."""
    return torch.tensor(images).permute(0, 3, 1, 2).contiguous()


def as_images(batch):
    """A (n, c, h, w) tensor as (n, h, w, c) arrays."""
    return batch.permute(0, 2, 3, 1).numpy()


def seeds(n, start=0):
    return (torch.arange(n, dtype=torch.int64) + start) * 7919 - 3


def _square(image, side):
    short = min(image.shape[:2])
    top, left = ((length - short) // 2 for length in image.shape[:2])
    part = Image.fromarray(image[top : top + short, left : left + short])
    return np.asarray(part.resize((side, side), Image.Resampling.LANCZOS))
