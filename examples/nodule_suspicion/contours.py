"""What can happen to drawn contours before the model sees them, and the projection that it sees.

Conditions take and give ``(b, planes, height, width)`` uint8 stacks on the device. A set voxel holds its plane's
thickness. All randomness is a hash of the sample's seed and a position, so that a sample's result does not depend on
the batch it travels in, nor on the device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from governance.plugins import ConditionDescriptor

if TYPE_CHECKING:
    from torch import Tensor

PIXEL_MM = 0.6
"""Side of a pixel; the same as `nodules.SPACING_MM`."""
TENTHS = 10
"""A voxel's value is in tenths of a millimetre; the same as `nodules.TENTHS`."""
FULL_SCALE_MM = 20.0
"""Thickness that becomes 1 in the projection: more than about 95 % of the nodules are deep."""

JITTER_MM = (0.4, 0.8, 1.2, 1.8, 2.5)
"""Largest displacement of the outline along each axis, by severity. Two outlines of one nodule overlap about as
much (mean Dice coefficient of the projections 0.84 in the test split) as an outline and its severity 3 jitter do."""
JITTER_KNOTS = 9
"""Knots of the displacement field along each side: about one every 5 mm, so that the outline bulges, not frays."""
DROPPED = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Probability that a drawn slice is missing, by severity."""
COARSE_PIXELS = (48, 32, 24, 16, 12)
"""Pixels that remain along each side of 64, by severity: 0.8, 1.2, 1.6, 2.4 and 3.2 mm each."""

CONTOUR_JITTER = ConditionDescriptor(
    name="contour-jitter",
    title="Outline displaced smoothly at random",
    implementation="contours:contour_jitter",
    modalities=("contour-stack",),
)
SLICE_DROPOUT = ConditionDescriptor(
    name="slice-dropout",
    title="Drawn slices missing at random",
    implementation="contours:slice_dropout",
    modalities=("contour-stack",),
)
COARSER_GRID = ConditionDescriptor(
    name="coarser-grid",
    title="Outline drawn on a coarser grid",
    implementation="contours:coarser_grid",
    modalities=("contour-stack",),
)
OTHER_READER = ConditionDescriptor(
    name="other-reader",
    title="Another reader's outline of the same nodule",
    modalities=("contour-stack",),
    severities=(),
    kind="variant",
)


def projection(batch: Tensor) -> Tensor:
    """Return the thickness along z, ``(b, 1, height, width)`` float32, 1 for `FULL_SCALE_MM`."""
    import torch

    return batch.sum(1, keepdim=True, dtype=torch.int32).float() / (TENTHS * FULL_SCALE_MM)


def contour_jitter(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Displace each outline by a smooth random field, the same in all planes, of at most `JITTER_MM` along each axis.

    Voxels are moved, never blended, so that a voxel keeps its plane's thickness.
    """
    import torch
    import torch.nn.functional as F  # noqa: N812

    count, planes, height, width = batch.shape
    knots = _uniform(seeds, 2 * JITTER_KNOTS**2, stream=1).reshape(count, 2, JITTER_KNOTS, JITTER_KNOTS) * 2 - 1
    field = F.interpolate(knots, size=(height, width), mode="bicubic", align_corners=True).clamp(-1, 1)
    steps = (field * (JITTER_MM[severity - 1] / PIXEL_MM)).round().long()
    rows = torch.arange(height, device=batch.device)[None, :, None] + steps[:, 0]
    columns = torch.arange(width, device=batch.device)[None, None, :] + steps[:, 1]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    source = (rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)).reshape(count, 1, height * width)
    moved = batch.reshape(count, planes, height * width).gather(2, source.expand(-1, planes, -1))
    return moved.reshape(batch.shape) * inside[:, None].to(batch.dtype)


def slice_dropout(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Leave out each drawn slice with probability `DROPPED`; one slice always stays.

    A slice that a severity leaves out is left out at every higher one, too.
    """
    import torch

    drawn = batch.flatten(2).amax(2) > 0
    chance = _uniform(seeds, batch.shape[1], stream=2)
    last = torch.where(drawn, chance, -torch.ones_like(chance)).argmax(1, keepdim=True)
    stays = (chance >= DROPPED[severity - 1]).scatter(1, last, value=True)
    return batch * stays[:, :, None, None].to(batch.dtype)


def coarser_grid(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:  # noqa: ARG001 - there is nothing random in it
    """Draw the outline again on a grid of `COARSE_PIXELS`: a coarse pixel is set where at least half of it was.

    A slice whose outline is too small to fill half of any coarse pixel keeps the one that it fills most.
    """
    import torch
    import torch.nn.functional as F  # noqa: N812

    thickness = batch.amax((2, 3), keepdim=True)
    covered = F.interpolate((batch > 0).float(), size=(COARSE_PIXELS[severity - 1],) * 2, mode="area")
    enough = torch.clamp(covered.amax((2, 3), keepdim=True), max=0.5)
    coarse = (covered >= enough) & (covered > 0)
    return F.interpolate(coarse.to(batch.dtype), size=batch.shape[2:], mode="nearest") * thickness


def _uniform(seeds: Tensor, count: int, *, stream: int) -> Tensor:
    """Return ``(b, count)`` float32 in [0, 1): a hash of seed, position and stream, equal on every device.

    The mixing steps are those of the 32-bit finaliser "lowbias32" (C. Wellons, hash-prospector), in int64 arithmetic.
    """
    import torch

    mask = 0xFFFFFFFF
    position = torch.arange(count, device=seeds.device, dtype=torch.int64)[None] + stream * 0x10001
    x = _mixed(seeds[:, None] & mask, mask) ^ ((seeds[:, None] >> 32) & mask)
    x = _mixed((x + _mixed(position, mask)) & mask, mask)
    return (x >> 8).float() / 2**24


def _mixed(x: Tensor, mask: int) -> Tensor:
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & mask
    x = ((x ^ (x >> 15)) * 0x846CA68B) & mask
    return x ^ (x >> 16)
