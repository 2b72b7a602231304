"""The chest set of MedMNIST-C at 224 x 224 beside the package medmnistc, in the same run.

The package wants scikit-image 0.23.2 and system ImageMagick. Neither is needed for this set, so it is installed alone,
``pip install --no-deps medmnistc==0.1.0``, and a stand-in for ImageMagick's binding lets it be imported.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import types
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.robustness.imagenet_c_sheet import pictures
from benchmarks.robustness.speed import THREADS, Row, print_ratios, seconds_per_image
from evaluators.robustness.conditions.medical.medmnist_c import condition
from evaluators.robustness.conditions.medical.medmnist_c_scales import SETS

BATCH, PEER_IMAGES = 32, 2
SEVERITIES = (1, 2, 3, 4, 5)
NAMES = {"gamma-up": "gamma_corr_up", "gamma-down": "gamma_corr_down"}


def registry() -> Any:
    """Return the package's table of corruptions by set.

    Raises
    ------
    ModuleNotFoundError
        If it is not installed.
    """
    if importlib.util.find_spec("medmnistc") is None:
        raise ModuleNotFoundError("medmnistc is not installed: pip install --no-deps medmnistc==0.1.0")
    modules = {name: types.ModuleType(name) for name in ("wand", "wand.image", "wand.api")}
    modules["wand.image"].Image = object  # type: ignore[attr-defined]
    modules["wand.api"].library = None  # type: ignore[attr-defined]
    absent = {name: module for name, module in modules.items() if name not in sys.modules}
    sys.modules.update(absent)
    try:
        return importlib.import_module("medmnistc.corruptions.registry").CORRUPTIONS_DS
    finally:
        for name in absent:  # nobody else shall find the stand-ins
            del sys.modules[name]


def main() -> None:
    """Print one row for each of the thirteen corruptions of the chest set."""
    try:
        peer = registry()["chestmnist"]
    except ModuleNotFoundError as missing:
        print(f"\nMedMNIST-C: {missing}")
        return
    torch.set_num_threads(THREADS)
    batch = torch.cat(pictures()).float().mean(1, keepdim=True).to(torch.uint8).repeat(BATCH // 2, 1, 1, 1)
    images = [Image.fromarray(image[0].numpy()) for image in batch[:PEER_IMAGES]]
    rows = [_row(name, batch, images, peer[NAMES.get(name, name.replace("-", "_"))]) for name in SETS["chest"].scales]
    title = f"MedMNIST-C, chest, batches of {BATCH} x 224 x 224 in grey on {THREADS} threads"
    print_ratios(title, "medmnistc", rows)


def _row(name: str, batch: torch.Tensor, images: list[Image.Image], peer: Any) -> Row:
    peer.rng = np.random.default_rng(1)  # without it the impulse noise of the package fails
    seeds, ours = torch.arange(len(batch)), condition("chest", name)
    own = [seconds_per_image(functools.partial(ours, batch, level, seeds), len(batch)) for level in SEVERITIES]
    theirs = [seconds_per_image(functools.partial(_by_one, peer, images, level), len(images)) for level in SEVERITIES]
    return Row(name, float(np.mean(own)), float(np.mean(theirs)))


def _by_one(peer: Any, images: list[Image.Image], severity: int) -> None:
    """Corrupt as the package's own maker of sets does: in three channels, then grey again."""
    for image in images:
        Image.fromarray(peer.apply(image.convert("RGB"), severity - 1)).convert("L")


if __name__ == "__main__":
    main()
