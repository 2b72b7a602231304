"""The corruptions of MedMNIST-C change real pixels as the package medmnistc 0.1.0 does.

The package needs system ImageMagick even to be imported, so what it does was computed once, by
``python -m benchmarks.robustness.medmnistc_reference`` with ImageMagick 6.9.11, OpenCV 5.0, Pillow 13.0 and NumPy 2.4.
It cuts levels off where we round them, so its means lie up to half a level below ours.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from medical_pixels import large, seeds

from benchmarks.robustness.medmnistc_reference import photographs
from benchmarks.robustness.pixel_statistics import NAMES, statistics
from evaluators.robustness.conditions.medical.medmnist_c import condition
from evaluators.robustness.conditions.medical.medmnist_c_scales import SETS

REPEATS = {"bubble": 8, "stain-deposit": 8, "characters": 8, "motion-blur": 4}
"""How often each of the two photographs is corrupted; the others hardly differ from one time to the next."""
MARKS = ("bubble", "stain-deposit", "characters")
"""Things painted at random places, in random number and size: their averages vary."""
DOUBTFUL = {("derma", "defocus-blur"): 1.2, ("retina", "defocus-blur"): 1.2}
"""Their kernel of the largest disk adds up to 1.013 for want of room at its edge, so their mean is higher."""


@cache
def reference() -> dict[str, dict[str, list[list[float]]]]:
    return json.loads(Path(__file__).with_name("medmnistc_statistics.json").read_text())


def different():
    """Yield a set and a corruption for each different scale."""
    seen = set()
    for of_set, found in SETS.items():
        for corruption, scale in found.scales.items():
            if (corruption, scale, found.colour) not in seen:
                seen.add((corruption, scale, found.colour))
                yield of_set, corruption


@pytest.mark.parametrize(("of_set", "corruption"), list(different()))
def test_mean_variance_change_similarity_and_spectrum_are_those_of_the_package(of_set, corruption):
    batch = large(in_grey=not SETS[of_set].colour).repeat(REPEATS.get(corruption, 1), 1, 1, 1)
    for severity in (1, 5):
        changed = condition(of_set, corruption)(batch, severity, seeds(len(batch)) * 31 + severity)
        pairs = [[image.permute(1, 2, 0).numpy() for image in pair] for pair in zip(batch, changed, strict=True)]
        ours = dict(zip(NAMES, np.mean([statistics(*pair) for pair in pairs], axis=0), strict=True))
        theirs = dict(zip(NAMES, reference()[of_set][corruption][severity - 1], strict=True))
        marks = corruption in MARKS
        assert ours["mean"] == pytest.approx(theirs["mean"], abs=DOUBTFUL.get((of_set, corruption), 1.0))
        assert ours["deviation"] == pytest.approx(theirs["deviation"], rel=0.015)
        assert ours["change"] == pytest.approx(theirs["change"], rel=0.3 if marks else 0.05, abs=0.02 if marks else 0.5)
        assert ours["ssim"] == pytest.approx(theirs["ssim"], abs=0.01 if marks or corruption != "motion-blur" else 0.04)
        for ring in ("low", "middle", "high"):
            assert ours[ring] == pytest.approx(theirs[ring], abs=0.08 if corruption == "motion-blur" else 0.03), ring


def test_the_reference_has_every_set_and_severity_and_the_same_photographs():
    assert {*reference(), "organc", "organs"} == set(SETS)
    for of_set, corruptions in reference().items():
        assert list(corruptions) == list(SETS[of_set].scales)
        assert all(np.isfinite(rows).all() and np.shape(rows) == (5, 7) for rows in corruptions.values())
    for one, other in zip(large(), photographs(grey=False), strict=True):
        assert torch.equal(one, torch.from_numpy(other).permute(2, 0, 1))
