"""ImageNet-C at 224 x 224 x 3 beside the package imagecorruptions, in the same run."""

from __future__ import annotations

import functools

import numpy as np
import torch

from benchmarks.robustness import published
from benchmarks.robustness.imagenet_c_sheet import pictures
from benchmarks.robustness.speed import THREADS, Row, print_ratios, seconds_per_image
from evaluators.robustness.condition_descriptors import imagenet_c

BATCH, PEER_IMAGES = 16, 2
SEVERITIES = (1, 2, 3, 4, 5)


def main() -> None:
    """Print one row for each of the fifteen corruptions and the four extras."""
    try:
        package = published.load()
    except ModuleNotFoundError as missing:
        print(f"\nImageNet-C: {missing}")
        return
    torch.set_num_threads(THREADS)
    batch = torch.cat(pictures()).repeat(BATCH // 2, 1, 1, 1)
    images = list(batch[:PEER_IMAGES].permute(0, 2, 3, 1).contiguous().numpy())
    rows = [_row(descriptor.name, descriptor.load(), batch, images, package) for descriptor in imagenet_c.ALL]
    scored = {descriptor.name for descriptor in imagenet_c.SCORED}
    print_ratios(
        f"ImageNet-C, batches of {BATCH} x 224 x 224 x 3 on {THREADS} threads",
        "imagecorruptions",
        [row for row in rows if row.what in scored],
    )
    print_ratios("The four extras", "imagecorruptions", [row for row in rows if row.what not in scored])


def _row(name: str, condition: object, batch: torch.Tensor, images: list[np.ndarray], package: object) -> Row:
    seeds = torch.arange(len(batch))
    own = [seconds_per_image(functools.partial(condition, batch, level, seeds), len(batch)) for level in SEVERITIES]
    try:
        peer = [
            seconds_per_image(lambda level=level: _by_one(package, images, name, level), len(images))
            for level in SEVERITIES
        ]
    except (TypeError, AttributeError) as error:
        return Row(name, float(np.mean(own)), None, str(error).split(";")[0][:60])
    return Row(name, float(np.mean(own)), float(np.mean(peer)))


def _by_one(package: object, images: list[np.ndarray], name: str, severity: int) -> None:
    for image in images:
        package.corrupt(image, corruption_name=name.replace("-", "_"), severity=severity)


if __name__ == "__main__":
    main()
