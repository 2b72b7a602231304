"""How well an outlined region fits its reference, one sample at a time: Dice, intersection over union, distances.

Empty masks are where such numbers quietly differ between tools, so the convention is a choice with a name, and the
samples that it concerns are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from governance.statistics.clusters import Floats

Bools = npt.NDArray[np.bool_]
BothEmpty = Literal["full agreement", "left out"]
OneEmpty = Literal["left out", "image diagonal"]


@dataclass(frozen=True)
class Overlap:
    """A measure of each of n samples.

    Attributes
    ----------
    values
        (n,) values; 0 where `defined` is False, never NaN.
    defined
        (n,) bool, whether the sample has a value. Average over these only.
    both_empty, one_empty
        Samples whose masks are both empty, and where only one of them is.
    convention
        What was done with them, in words that can be printed.
    """

    values: Floats
    defined: Bools
    both_empty: int
    one_empty: int
    convention: str


def dice(
    predicted: Sequence[npt.ArrayLike], reference: Sequence[npt.ArrayLike], both_empty: BothEmpty = "full agreement"
) -> Overlap:
    """Dice coefficient of each sample: ``2 |A and B| / (|A| + |B|)``; 0 to 1, higher is better.

    Small regions lose more by the same error at the rim than large ones. Where only one mask is empty it is 0.

    Parameters
    ----------
    predicted, reference
        One bool mask a sample, of two or three dimensions; samples may differ in shape.
    both_empty
        Whether two empty masks count as 1, or have no value.

    Source: Dice, Ecology 26 (1945) 297; Maier-Hein et al., Nat. Methods 21 (2024) 195 (empty masks).

    Raises
    ------
    ValueError
        If there are not as many masks of either kind, or the shapes of a sample differ.
    """
    shared, sizes = _counts(predicted, reference)
    return _ratio(2 * shared, sizes.sum(axis=1), sizes, both_empty)


def intersection_over_union(
    predicted: Sequence[npt.ArrayLike], reference: Sequence[npt.ArrayLike], both_empty: BothEmpty = "full agreement"
) -> Overlap:
    """Jaccard index of each sample: ``|A and B| / |A or B|``; 0 to 1, higher is better. Otherwise as `dice`.

    Source: Jaccard, New Phytol. 11 (1912) 37.
    """
    shared, sizes = _counts(predicted, reference)
    return _ratio(shared, sizes.sum(axis=1) - shared, sizes, both_empty)


def hausdorff_distance_95(
    predicted: Sequence[npt.ArrayLike],
    reference: Sequence[npt.ArrayLike],
    spacing: npt.ArrayLike = 1.0,
    *,
    one_empty: OneEmpty = "left out",
) -> Overlap:
    """95th percentile of the distances between the two surfaces of each sample, in the unit of the spacing.

    The larger one of the two directed percentiles: from the surface of A to the nearest place of that of B, and back.
    0 upwards, lower is better. The surface is the part of a mask that touches the outside by a face; the image's rim
    counts as outside. It does not show a few pixels far away, which the plain Hausdorff distance does.

    Parameters
    ----------
    predicted, reference
        As in `dice`.
    spacing
        Distance of neighbouring places: one number, one for each dimension, or (n, dimensions), one row a sample.
    one_empty
        What to do where only one mask is empty: leave the sample out, which flatters a model that misses whole regions,
        or give it the diagonal of the image. Two empty masks have the distance 0.

    Source: Huttenlocher et al., IEEE Trans. Pattern Anal. Mach. Intell. 15 (1993) 850 (partial distance); Maier-Hein et
    al., Nat. Methods 21 (2024) 195.

    Raises
    ------
    ValueError
        As `dice`, or if the spacing is not above 0 or does not fit.
    """
    values, defined, empty = np.zeros(len(reference)), np.ones(len(reference), dtype=bool), np.zeros(2, dtype=int)
    for index, (one, two) in enumerate(_pairs(predicted, reference)):
        step = _spacing(spacing, index, len(reference), one.ndim)
        if one.any() and two.any():
            values[index] = _surface_distance(one, two, step)
        elif one.any() or two.any():
            empty[1] += 1
            values[index] = float(np.linalg.norm(np.array(one.shape) * step)) if one_empty == "image diagonal" else 0.0
            defined[index] = one_empty == "image diagonal"
        else:
            empty[0] += 1
    convention = f"both masks empty: 0; one empty: {one_empty}"
    return Overlap(values, defined, int(empty[0]), int(empty[1]), convention)


def _ratio(above: Floats, below: Floats, sizes: Floats, both_empty: BothEmpty) -> Overlap:
    neither = (sizes == 0).all(axis=1)
    full = both_empty == "full agreement"
    return Overlap(
        values=np.where(neither, 1.0 if full else 0.0, above / np.where(below > 0, below, 1.0)),
        defined=~neither | full,
        both_empty=int(neither.sum()),
        one_empty=int((sizes == 0).any(axis=1).sum() - neither.sum()),
        convention=f"both masks empty: {'1' if full else 'left out'}; one empty: 0",
    )


def _counts(predicted: Sequence[npt.ArrayLike], reference: Sequence[npt.ArrayLike]) -> tuple[Floats, Floats]:
    """Places shared (n,) and places of either mask (n, 2)."""
    rows = [(np.sum(one & two), one.sum(), two.sum()) for one, two in _pairs(predicted, reference)]
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1:]


def _pairs(predicted: Sequence[npt.ArrayLike], reference: Sequence[npt.ArrayLike]) -> Iterator[tuple[Bools, Bools]]:
    if len(predicted) != len(reference):
        raise ValueError(f"{len(predicted)} predicted masks do not fit {len(reference)} reference masks")
    for index, (one, two) in enumerate(zip(predicted, reference, strict=True)):
        first, second = np.asarray(one).astype(bool), np.asarray(two).astype(bool)
        if first.shape != second.shape or first.ndim not in (2, 3):
            raise ValueError(
                f"sample {index}: masks have two or three dimensions and the same shape, not {first.shape} and "
                f"{second.shape}"
            )
        yield first, second


def _spacing(spacing: npt.ArrayLike, index: int, n: int, dimensions: int) -> Floats:
    given = np.asarray(spacing, dtype=np.float64)
    if given.ndim == 2:
        if len(given) != n:
            raise ValueError(f"{len(given)} spacings do not fit {n} samples")
        given = given[index]
    if given.shape not in ((), (dimensions,)) or not (given > 0).all():
        raise ValueError("a spacing is one number above 0, or one for each dimension of the mask")
    return np.broadcast_to(given, (dimensions,)).astype(np.float64)


def _surface_distance(one: Bools, two: Bools, step: Floats) -> float:
    """Larger of the directed 95th percentiles. Both surfaces lie in the box around the masks; only that is searched."""
    places = np.nonzero(one | two)
    box = tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in places)
    first, second = (_surface(mask[box]) for mask in (one, two))
    there, back = (
        ndimage.distance_transform_edt(~target, sampling=step)[source]
        for source, target in ((first, second), (second, first))
    )
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def _surface(mask: Bools) -> Bools:
    """Places of a mask that touch its outside; the surroundings of the box are outside, as is the image's rim.

    Cropping to a box that holds the mask changes nothing, as what is outside of it is empty.
    """
    found: Bools = mask & ~ndimage.binary_erosion(mask)
    return found
