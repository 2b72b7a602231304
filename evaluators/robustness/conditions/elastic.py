"""Elastic deformation.

Severities are those of ImageNet-C, given there for 244 pixels and used for 224; other sizes scale them. As published,
severities 1 and 2 move and shear the whole image, 3 to 5 ripple it: the scale is no order by amount of change.

Source: Hendrycks and Dietterich, ICLR (2019), ``make_imagenet_c.py``; Simard, Steinkraus and Platt, ICDAR (2003).
"""

from __future__ import annotations

from evaluators.robustness.conditions.fields import smooth_noise
from evaluators.robustness.conditions.pixels import Tensor, from_levels, levels, one_by_one, scale
from evaluators.robustness.conditions.resampling import pixel_grid, warped
from evaluators.robustness.random_numbers import uniform

ELASTIC = (
    (244 * 2, 244 * 0.7, 244 * 0.1),
    (244 * 2, 244 * 0.08, 244 * 0.2),
    (244 * 0.05, 244 * 0.01, 244 * 0.02),
    (244 * 0.07, 244 * 0.01, 244 * 0.02),
    (244 * 0.12, 244 * 0.01, 244 * 0.02),
)
"""Factor on smoothed noise, standard deviation of the smoothing, and most that a corner of the affine map moves."""


@one_by_one
def elastic_transform(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Warp by a random affine map and by smoothed random displacements; outside, the image is mirrored.

    Both are done in one step, so the image is interpolated once; the publication interpolates twice.
    """
    strength, sigma, corner = (value * scale(batch) for value in ELASTIC[severity - 1])
    # Smoothing a field of larger pixels by as many of them: per pixel the noise averages out with sigma.
    drawn = seeds.to(batch.device)
    height, width = batch.shape[-2:]
    down = smooth_noise(drawn, height, width, sigma, stream=0)[0] * (strength * scale(batch))
    right = smooth_noise(drawn, height, width, sigma, stream=1)[0] * (strength * scale(batch))
    rows, columns = pixel_grid(batch)
    across = _affine(uniform(seeds, 6, stream=2)[0].tolist(), height, width, corner)
    moved_rows, moved_columns = rows + down, columns + right
    from_columns = (moved_columns * across[0] + moved_rows * across[1]) + across[2]
    from_rows = (moved_columns * across[3] + moved_rows * across[4]) + across[5]
    return from_levels(batch, warped(levels(batch), from_rows[None], from_columns[None]))


def _affine(drawn: list[float], height: int, width: int, most: float) -> list[float]:
    """Return the six numbers of the map from new (column, row) to old, by three corners of a square that move."""
    import numpy as np

    middle = np.array([width // 2, height // 2], dtype=np.float64)
    side = min(height, width) // 3
    corners = middle + side * np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    moved = corners + (np.array(drawn).reshape(3, 2) * 2 - 1) * most
    # Where a new point lies among the moved corners, the old one lies among the given corners.
    homogeneous = np.hstack([moved, np.ones((3, 1))])
    found = np.linalg.solve(homogeneous, corners)
    return [float(value) for value in found.T.ravel()]
