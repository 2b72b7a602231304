"""Compute once what the package medmnistc does to real pixels, as the reference of tests/evaluators.

    pip install medmnistc==0.1.0      # in an environment of its own, beside system ImageMagick
    python -m benchmarks.robustness.medmnistc_reference tests/evaluators/medmnistc_statistics.json

Needed of this project are only `pixel_statistics` and numbers. Two photographs of scikit-learn stand for all images;
each setting is applied `REPEATS` times to each, and the numbers are averaged.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from benchmarks.robustness.pixel_statistics import statistics

REPEATS = 8
SIDE = 224
RENAMED = {"gamma_corr_up": "gamma-up", "gamma_corr_down": "gamma-down"}


def photographs(*, grey: bool) -> list[np.ndarray]:
    """Return two (224, 224[, 3]) uint8 images."""
    china, flower = load_sample_images().images
    parts = [Image.fromarray(part) for part in (china[100:324, 100:324], flower[100:324, 200:424])]
    return [np.array(part.convert("L" if grey else "RGB")) for part in parts]


def main(target: Path) -> None:
    """Write the numbers of every set, corruption and severity."""
    np.fromstring = np.frombuffer  # gone from NumPy; the package still asks for it
    from medmnistc.corruptions.registry import CORRUPTIONS_DS, DATASET_RGB

    found: dict[str, dict[str, list[list[float]]]] = {}
    for of_set, corruptions in CORRUPTIONS_DS.items():
        name, grey = of_set.removesuffix("mnist"), not DATASET_RGB[of_set]
        if name in {"organc", "organs"}:
            continue  # the same settings as organa
        found[name] = {}
        for key, corruption in corruptions.items():
            random.seed(1)
            np.random.seed(1)
            corruption.rng = np.random.default_rng(1)
            corruption._inks = {size: np.asarray(ink, np.uint8) for size, ink in corruption.inks.items()}
            title = RENAMED.get(key, key.replace("_", "-"))
            found[name][title] = [_numbers(corruption, severity, grey=grey) for severity in range(5)]
            print(name, title, found[name][title][2], flush=True)
    target.write_text(json.dumps(found, indent=None, separators=(",", ":")).replace("]],", "]],\n") + "\n")


def _numbers(corruption: object, severity: int, *, grey: bool) -> list[float]:
    rows = []
    for clean in photographs(grey=grey):
        for _ in range(REPEATS):
            changed = corruption.apply(Image.fromarray(clean).convert("RGB"), severity)  # type: ignore[attr-defined]
            image = Image.fromarray(np.asarray(changed))
            rows.append(statistics(clean, np.array(image.convert("L") if grey else image)))
    return [round(float(number), 4) for number in np.mean(rows, axis=0)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
