"""Built-in conditions on batches of images: ``f(batch, severity, seeds) -> batch``, on the device of the batch.

A batch is (b, c, h, w), uint8, or floating point in [0, 1]; the result has the same shape and type. Results do not
depend on which samples are in a batch. Severity tables are those of ImageNet-C, made for 224 x 224 pixels.

Source: Hendrycks and Dietterich, ICLR (2019), and its file ``make_imagenet_c.py``.
"""

from __future__ import annotations

from typing import Any

import torch

from evaluators.robustness.random_numbers import normal

Tensor = Any
"""A torch.Tensor; torch's own types are not checked here."""

NOISE = (0.08, 0.12, 0.18, 0.26, 0.38)
"""Standard deviation, as a share of the full range."""
BLUR = (1.0, 2.0, 3.0, 4.0, 6.0)
"""Standard deviation in pixels."""
BRIGHTER = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Added to the largest channel (the value of HSV), as a share of the full range."""
FLATTER = (0.4, 0.3, 0.2, 0.1, 0.05)
"""Factor on the distance from the image's mean."""
PIXELS = (1, 2, 3, 4, 5)
"""How far an outline moves, in pixels. No published scale is known: one pixel a step."""


def gaussian_noise(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Add independent normal noise to every pixel and channel, then clip."""
    share = _share(batch)
    noise = normal(seeds.to(batch.device), share[0].numel()).reshape(share.shape)
    return _like(batch, share + NOISE[severity - 1] * noise)


def gaussian_blur(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Convolve with a Gaussian, cut off at four standard deviations; the border continues the outermost pixel."""
    sigma = BLUR[severity - 1]
    radius = int(4 * sigma + 0.5)
    share = _share(batch)
    offsets = torch.arange(-radius, radius + 1, dtype=share.dtype, device=share.device)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    weights = weights / weights.sum()
    b, c, h, w = share.shape
    flat = share.reshape(b * c, 1, h, w)
    padded = torch.nn.functional.pad(flat, (radius, radius, radius, radius), mode="replicate")
    # Shifted sums instead of a convolution: the order of additions does not depend on the batch.
    rows = sum(weight * padded[:, :, :, k : k + w] for k, weight in enumerate(weights))
    blurred = sum(weight * rows[:, :, k : k + h, :] for k, weight in enumerate(weights))
    return _like(batch, blurred.reshape(b, c, h, w))


def brightness(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Raise the brightest channel of every pixel and keep hue and saturation; grey images get lighter."""
    share = _share(batch)
    value = share.amax(dim=1, keepdim=True)
    raised = torch.clamp(value + BRIGHTER[severity - 1], max=1.0)
    colour = torch.where(value > 0, share / value.clamp(min=1e-12), torch.ones_like(share))
    return _like(batch, colour * raised)


def contrast(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Draw every channel towards its mean over the image."""
    share = _share(batch)
    mean = share.mean(dim=(2, 3), keepdim=True)
    return _like(batch, (share - mean) * FLATTER[severity - 1] + mean)


def erosion(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Replace every pixel by the smallest one within a square around it: what was drawn shrinks."""
    return _like(batch, -_pooled_maximum(-_numbers(batch), PIXELS[severity - 1]), scaled=False)


def dilation(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Replace every pixel by the largest one within a square around it: what was drawn grows."""
    return _like(batch, _pooled_maximum(_numbers(batch), PIXELS[severity - 1]), scaled=False)


def _pooled_maximum(numbers: Tensor, radius: int) -> Tensor:
    return torch.nn.functional.max_pool2d(numbers, 2 * radius + 1, stride=1, padding=radius)


def _numbers(batch: Tensor) -> Tensor:
    return batch if batch.is_floating_point() else batch.to(torch.float32)


def _share(batch: Tensor) -> Tensor:
    """Return pixels as a share of the full range, in float64 where the device has it so that rounding is stable."""
    kind = torch.float32 if batch.device.type == "mps" else torch.float64
    if batch.dtype == torch.uint8:
        return batch.to(kind) / 255
    share = batch.to(kind)
    if share.numel() and (float(share.amin()) < 0 or float(share.amax()) > 1):
        raise ValueError("images in floating point must lie between 0 and 1 for this condition")
    return share


def _like(batch: Tensor, result: Tensor, *, scaled: bool = True) -> Tensor:
    """Return a result in the type of the batch; shares are clipped to [0, 1] first."""
    if scaled:
        result = result.clamp(0.0, 1.0)
        if batch.dtype == torch.uint8:
            result = torch.round(result * 255)
    return result.to(batch.dtype)
