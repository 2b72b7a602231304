"""What each severity of MedMNIST-C means, for each of its sets. Numbers alone; imports no torch.

All scales are for images of 224 x 224 pixels, and are taken as they are published, also where a step is no step: marks
of `blood` stay three from severity 3 on, and the circle of `derma` is smaller at severity 4 than at 5. Where the
package lists more than five settings, it applies the first five. The three sets of CT slices (`organa`, `organc`,
`organs`) share their scales.

Source: Di Salvo, Doerrich and Ledig, MedMNIST-C (2024), arXiv 2406.17536; the package medmnistc 0.1.0 (Apache-2.0),
``corruptions/registry.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MedmnistSet:
    """One set: the kind of its images, and for each corruption one setting a severity, mildest first.

    Attributes
    ----------
    colour
        Whether its images are in colour. Grey ones are corrupted in three channels and made grey again, as published.
    """

    title: str
    modality: str
    colour: bool
    scales: Mapping[str, tuple[Any, ...]]


TITLES: Mapping[str, str] = {
    "pixelate": "Pixelated",
    "jpeg-compression": "JPEG compression",
    "gaussian-noise": "Gaussian noise",
    "speckle-noise": "Speckle noise",
    "impulse-noise": "Impulse noise",
    "shot-noise": "Shot noise",
    "defocus-blur": "Out of focus",
    "motion-blur": "Motion blur",
    "zoom-blur": "Zoom blur",
    "gaussian-blur": "Gaussian blur",
    "brightness-up": "Brighter",
    "brightness-down": "Darker",
    "contrast-up": "More contrast",
    "contrast-down": "Less contrast",
    "saturate": "More saturated",
    "stain-deposit": "Deposits of stain",
    "bubble": "Bubbles",
    "black-corner": "Black corners",
    "characters": "Characters over the image",
    "gamma-up": "Higher gamma, darker mid-tones",
    "gamma-down": "Lower gamma, lighter mid-tones",
}
"""What each corruption is; the keys are all corruptions there are.

What the settings are: pixelate, share of the side that is kept; jpeg-compression, quality; gaussian- and
speckle-noise, standard deviation; impulse-noise, share of values; shot-noise, photons at white; defocus-blur, (radius,
deviation of the edge); motion-blur, (radius, deviation); zoom-blur, (end of the factors from 1 on, step);
gaussian-blur, side of the kernel; brightness, contrast and gamma, factor or exponent; saturate, added saturation;
stain-deposit, most marks; bubble, (largest radius, most bubbles); black-corner, radius as a share of half the side;
characters, (most words, most letters, largest scale of the font).
"""

_PIXELATE_STRONG = (0.30, 0.25, 0.20, 0.15, 0.10)
_JPEG = (50, 30, 15, 10, 7)
_NOISE_STRONG = (0.04, 0.08, 0.12, 0.18, 0.26)
_NOISE_EVEN = (0.04, 0.08, 0.12, 0.16, 0.20)
_SPECKLE_STRONG = (0.05, 0.15, 0.20, 0.35, 0.45)
_SPECKLE_EVEN = (0.10, 0.15, 0.20, 0.25, 0.30)
_IMPULSE_STRONG = (0.01, 0.03, 0.06, 0.09, 0.17)
_SHOT_STRONG = (60, 25, 18, 10, 5)
_DEFOCUS = ((4, 0.1), (5, 0.2), (6, 0.3), (7, 0.4), (8, 0.5))
_UP = (1.1, 1.2, 1.3, 1.4, 1.5)
_DOWN = (0.9, 0.8, 0.7, 0.6, 0.5)
_MORE_CONTRAST = (1.1, 1.2, 1.3, 1.4, 1.6)
_LESS_CONTRAST = (0.9, 0.8, 0.7, 0.6, 0.4)
_GAMMA_DOWN = (0.9, 0.8, 0.7, 0.6, 0.4)

_ORGAN: Mapping[str, tuple[Any, ...]] = {
    "pixelate": (0.7, 0.6, 0.5, 0.40, 0.35),
    "jpeg-compression": _JPEG,
    "gaussian-noise": _NOISE_EVEN,
    "speckle-noise": (0.05, 0.10, 0.20, 0.30, 0.40),
    "impulse-noise": (0.01, 0.02, 0.03, 0.05, 0.08),
    "shot-noise": (200, 100, 50, 25, 15),
    "gaussian-blur": (11, 13, 15, 17, 21),
    "brightness-up": (1.2, 1.3, 1.4, 1.5, 1.6),
    "brightness-down": (0.8, 0.75, 0.7, 0.65, 0.60),
    "contrast-up": (1.3, 1.4, 1.6, 1.7, 1.8),
    "contrast-down": (0.8, 0.7, 0.6, 0.55, 0.5),
    "gamma-up": (1.3, 1.4, 1.6, 1.8, 2.0),
    "gamma-down": _GAMMA_DOWN,
}

SETS: Mapping[str, MedmnistSet] = {
    "path": MedmnistSet(
        title="PathMNIST, colorectal histology",
        modality="histology",
        colour=True,
        scales={
            "pixelate": (0.8, 0.6, 0.40, 0.30, 0.25),
            "jpeg-compression": _JPEG,
            "defocus-blur": ((3, 0.1), (4, 0.1), (5, 0.2), (6, 0.2), (7, 0.3)),
            "motion-blur": ((5, 5), (10, 5), (15, 5), (15, 8), (15, 12)),
            "brightness-up": (1.1, 1.15, 1.2, 1.22, 1.25),
            "brightness-down": (0.85, 0.80, 0.75, 0.72, 0.70),
            "contrast-up": _MORE_CONTRAST,
            "contrast-down": (0.8, 0.7, 0.6, 0.55, 0.5),
            "saturate": (0.05, 0.10, 0.15, 0.20, 0.25),
            "stain-deposit": (1, 2, 3, 4, 5),
            "bubble": ((7, 15), (10, 15), (12, 15), (15, 20), (17, 25)),
        },
    ),
    "blood": MedmnistSet(
        title="BloodMNIST, microscopy of blood cells",
        modality="microscopy",
        colour=True,
        scales={
            "pixelate": (0.6, 0.5, 0.40, 0.30, 0.25),
            "jpeg-compression": _JPEG,
            "defocus-blur": ((2, 0.01), (3, 0.1), (4, 0.1), (5, 0.1), (6, 0.1)),
            "motion-blur": ((3, 3), (5, 5), (10, 5), (10, 7), (10, 9)),
            "brightness-up": (1.1, 1.2, 1.3, 1.35, 1.4),
            "brightness-down": _DOWN,
            "contrast-up": (1.1, 1.15, 1.2, 1.25, 1.3),
            "contrast-down": _DOWN,
            "saturate": (0.05, 0.10, 0.15, 0.17, 0.20),
            "stain-deposit": (1, 2, 3, 3, 3),
            "bubble": ((5, 10), (7, 10), (10, 10), (12, 12), (15, 12)),
        },
    ),
    "derma": MedmnistSet(
        title="DermaMNIST, dermatoscopy",
        modality="dermatoscopy",
        colour=True,
        scales={
            "pixelate": (0.7, 0.5, 0.40, 0.30, 0.25),
            "jpeg-compression": (30, 20, 15, 10, 7),
            "gaussian-noise": _NOISE_STRONG,
            "speckle-noise": _SPECKLE_STRONG,
            "impulse-noise": _IMPULSE_STRONG,
            "shot-noise": _SHOT_STRONG,
            "defocus-blur": _DEFOCUS,
            "motion-blur": ((10, 5), (15, 5), (15, 8), (15, 12), (20, 15)),
            "zoom-blur": ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
            "brightness-up": _UP,
            "brightness-down": _DOWN,
            "contrast-up": _MORE_CONTRAST,
            "contrast-down": (0.8, 0.7, 0.6, 0.5, 0.4),
            "black-corner": (1.10, 1.05, 1.00, 0.90, 0.95),
            "characters": ((1, 6, 0.14), (2, 7, 0.15), (3, 8, 0.16), (4, 9, 0.17), (6, 10, 0.18)),
        },
    ),
    "retina": MedmnistSet(
        title="RetinaMNIST, fundus photographs",
        modality="fundus",
        colour=True,
        scales={
            "pixelate": (0.8, 0.60, 0.50, 0.40, 0.35),
            "jpeg-compression": (30, 25, 20, 10, 5),
            "gaussian-noise": _NOISE_EVEN,
            "speckle-noise": _SPECKLE_EVEN,
            "defocus-blur": _DEFOCUS,
            "motion-blur": ((8, 5), (15, 5), (15, 8), (15, 12), (20, 15)),
            "brightness-down": _DOWN,
            "contrast-down": _LESS_CONTRAST,
        },
    ),
    "tissue": MedmnistSet(
        title="TissueMNIST, microscopy of kidney cortex",
        modality="microscopy",
        colour=False,
        scales={
            "pixelate": (0.40, 0.30, 0.20, 0.15, 0.10),
            "jpeg-compression": (25, 20, 15, 10, 7),
            "impulse-noise": (0.01, 0.015, 0.02, 0.025, 0.03),
            "gaussian-blur": (13, 15, 17, 21, 25),
            "brightness-up": (1.3, 1.4, 1.5, 1.6, 1.7),
            "brightness-down": (0.8, 0.7, 0.6, 0.5, 0.4),
            "contrast-up": _MORE_CONTRAST,
            "contrast-down": _LESS_CONTRAST,
        },
    ),
    "oct": MedmnistSet(
        title="OCTMNIST, optical coherence tomography",
        modality="oct",
        colour=False,
        scales={
            "pixelate": _PIXELATE_STRONG,
            "jpeg-compression": (30, 15, 10, 7, 5),
            "speckle-noise": (0.15, 0.30, 0.40, 0.50, 0.60),
            "defocus-blur": ((0.5, 0.6), (1, 0.5), (1.5, 0.1), (2.0, 0.5), (2.5, 0.1)),
            "motion-blur": ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
            "contrast-down": (0.6, 0.4, 0.3, 0.2, 0.15),
        },
    ),
    "breast": MedmnistSet(
        title="BreastMNIST, breast ultrasound",
        modality="ultrasound",
        colour=False,
        scales={
            "pixelate": _PIXELATE_STRONG,
            "jpeg-compression": _JPEG,
            "speckle-noise": _SPECKLE_EVEN,
            "motion-blur": ((5, 5), (9, 7), (9, 10), (13, 10), (17, 12)),
            "brightness-up": (1.4, 1.5, 1.6, 1.8, 2.0),
            "brightness-down": (0.55, 0.5, 0.45, 0.4, 0.3),
            "contrast-down": _LESS_CONTRAST,
        },
    ),
    "chest": MedmnistSet(
        title="ChestMNIST, chest radiographs",
        modality="radiograph",
        colour=False,
        scales={
            "pixelate": _PIXELATE_STRONG,
            "jpeg-compression": _JPEG,
            "gaussian-noise": _NOISE_STRONG,
            "speckle-noise": _SPECKLE_STRONG,
            "impulse-noise": _IMPULSE_STRONG,
            "shot-noise": _SHOT_STRONG,
            "gaussian-blur": (3, 5, 7, 9, 11),
            "brightness-up": _UP,
            "brightness-down": _DOWN,
            "contrast-up": _MORE_CONTRAST,
            "contrast-down": _LESS_CONTRAST,
            "gamma-up": _MORE_CONTRAST,
            "gamma-down": _GAMMA_DOWN,
        },
    ),
    "pneumonia": MedmnistSet(
        title="PneumoniaMNIST, children's chest radiographs",
        modality="radiograph",
        colour=False,
        scales={
            "pixelate": (0.8, 0.7, 0.6, 0.5, 0.40),
            "jpeg-compression": _JPEG,
            "gaussian-noise": (0.04, 0.05, 0.06, 0.07, 0.08),
            "speckle-noise": (0.05, 0.07, 0.10, 0.15, 0.20),
            "impulse-noise": (0.005, 0.01, 0.013, 0.017, 0.02),
            "shot-noise": (300, 200, 150, 100, 80),
            "gaussian-blur": (3, 5, 7, 9, 11),
            "brightness-up": _UP,
            "brightness-down": _DOWN,
            "contrast-up": _MORE_CONTRAST,
            "contrast-down": _LESS_CONTRAST,
            "gamma-up": _MORE_CONTRAST,
            "gamma-down": _GAMMA_DOWN,
        },
    ),
    "organa": MedmnistSet(title="OrganAMNIST, axial slices of CT", modality="ct", colour=False, scales=_ORGAN),
    "organc": MedmnistSet(title="OrganCMNIST, coronal slices of CT", modality="ct", colour=False, scales=_ORGAN),
    "organs": MedmnistSet(title="OrganSMNIST, sagittal slices of CT", modality="ct", colour=False, scales=_ORGAN),
}
"""The twelve sets by their names, without ``mnist``."""
