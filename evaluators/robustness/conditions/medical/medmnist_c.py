"""The corruptions of MedMNIST-C, each at the severities of one of its sets.

A condition of the set ``chest`` is found here by the name ``chest__gaussian_noise``, and so on for all of
`medmnist_c_scales`. Radii and sizes in pixels are those of images whose short side has 224 pixels; other sizes scale
them (`pixels.scale`).

Source: Di Salvo, Doerrich and Ledig, MedMNIST-C (2024), arXiv 2406.17536; the package medmnistc 0.1.0 (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch

from evaluators.robustness.conditions import noise
from evaluators.robustness.conditions.digital import jpeg
from evaluators.robustness.conditions.medical import blur, dermatoscopy, grey_noise, microscopy, tones
from evaluators.robustness.conditions.medical.grey import check_channels, is_grey
from evaluators.robustness.conditions.medical.medmnist_c_scales import SETS
from evaluators.robustness.conditions.pixels import Condition, Tensor, from_levels, in_parts, levels, one_by_one
from evaluators.robustness.conditions.resampling import box_reduced, repeated

Corruption = Callable[[Tensor, Any, Tensor], Tensor]
"""``f(levels, setting, seeds) -> levels``."""


def _pixelated(pixels: Tensor, kept: float, seeds: Tensor) -> Tensor:  # noqa: ARG001
    """Reduce by averaging areas and enlarge again by repeating pixels."""
    height, width = pixels.shape[-2:]
    return repeated(box_reduced(pixels, max(1, int(height * kept)), max(1, int(width * kept))), height, width)


_NOISES: Mapping[str, Corruption] = {
    "gaussian-noise": noise.with_normal_noise,
    "speckle-noise": noise.with_speckle,
    "impulse-noise": noise.salted,
    "shot-noise": noise.counted,
}
_OTHERS: Mapping[str, Corruption] = {
    "pixelate": _pixelated,
    "gaussian-blur": blur.gaussian,
    "defocus-blur": blur.defocus,
    "brightness-up": tones.brightness,
    "brightness-down": tones.brightness,
    "contrast-up": tones.contrast,
    "contrast-down": tones.contrast,
    "gamma-up": tones.gamma,
    "gamma-down": tones.gamma,
    "saturate": tones.saturate,
    "bubble": microscopy.bubble,
    "black-corner": dermatoscopy.black_corner,
    "characters": dermatoscopy.characters,
}
_ALONE: Mapping[str, Corruption] = {
    "motion-blur": blur.motion,
    "zoom-blur": blur.zoom,
}
"""Applied to one image at a time."""


def __getattr__(name: str) -> Condition:
    """Return the condition of a set and a corruption by ``set__corruption``; an implementation is named so."""
    of_set, _, corruption = name.partition("__")
    corruption = corruption.replace("_", "-")
    if of_set not in SETS or corruption not in SETS[of_set].scales:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return condition(of_set, corruption)


@cache
def condition(of_set: str, corruption: str) -> Condition:
    """Return ``f(batch, severity, seeds) -> batch`` for a set of MedMNIST-C and one of its corruptions.

    Raises
    ------
    KeyError
        If the set does not have that corruption.
    """
    found = SETS[of_set]
    scale = found.scales[corruption]
    if corruption in _NOISES:
        return in_parts(_noisy(corruption, scale, colour=found.colour))
    if corruption == "jpeg-compression":
        return _compressed(scale)
    if corruption == "stain-deposit":
        return in_parts(_marked(scale))
    if corruption in _ALONE:
        return one_by_one(_corrupted(_ALONE[corruption], scale))
    return in_parts(_corrupted(_OTHERS[corruption], scale))


def _noisy(corruption: str, scale: tuple[Any, ...], *, colour: bool) -> Condition:
    def noisy(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
        check_channels(batch)
        setting = scale[severity - 1]
        if not colour and batch.dtype == torch.uint8 and batch.shape[1] == 1:
            return grey_noise.noisy(batch, corruption, float(setting), seeds)
        pixels = levels(batch)
        grey = is_grey(pixels)
        if colour or not bool(grey.any()):
            return from_levels(batch, _NOISES[corruption](pixels, setting, seeds))
        one = pixels[:, :1].round().to(torch.uint8)  # read to 8 bits
        seen = grey_noise.noisy(one, corruption, float(setting), seeds).to(pixels.dtype).expand_as(pixels)
        if not bool(grey.all()):
            seen = torch.where(grey, seen, _NOISES[corruption](pixels, setting, seeds))
        return from_levels(batch, seen)

    return noisy


def _corrupted(corrupt: Corruption, scale: tuple[Any, ...]) -> Condition:
    def corrupted(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
        return from_levels(batch, corrupt(levels(batch), scale[severity - 1], seeds))

    return corrupted


def _compressed(scale: tuple[Any, ...]) -> Condition:
    def compressed(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001
        return jpeg(batch, scale[severity - 1])

    return compressed


def _marked(scale: tuple[Any, ...]) -> Condition:
    def marked(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
        return from_levels(batch, microscopy.stain_deposit(levels(batch), scale[severity - 1], seeds, severity))

    return marked
