"""Random numbers for a batch of images that depend on each sample's seed alone.

A number is a hash of the sample's seed and the pixel's position, so it is the same in every batch, on every device and
in any order.
"""

from __future__ import annotations

import math
from typing import Any

import torch

Tensor = Any
"""A torch.Tensor; torch's own types are not checked here."""

_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed number
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB


def uniform(seeds: Tensor, count: int, stream: int = 0) -> Tensor:
    """Return (b, count) float64 numbers in (0, 1), float32 where the device has no float64.

    Parameters
    ----------
    seeds
        (b,) int64, one a sample.
    stream
        Another number gives other, independent values for the same seeds.

    Source: SplitMix64, Steele, Lea and Flood, OOPSLA (2014).
    """
    positions = torch.arange(1, count + 1, dtype=torch.int64, device=seeds.device)
    start = _hash(_hash(seeds.to(torch.int64)) + stream * _MIX_1)
    bits = _hash(start[:, None] + positions[None, :] * _GOLDEN)
    kind = torch.float32 if seeds.device.type == "mps" else torch.float64
    digits = 23 if kind == torch.float32 else 52
    return (_shifted(bits, 64 - digits).to(kind) + 0.5) / 2**digits


def normal(seeds: Tensor, count: int, stream: int = 0) -> Tensor:
    """Return (b, count) standard normal numbers; parameters as for `uniform`.

    Source: Box and Muller, Ann. Math. Stat. 29 (1958) 610.
    """
    radius = torch.sqrt(-2 * torch.log(uniform(seeds, count, 2 * stream)))
    return radius * torch.cos(2 * math.pi * uniform(seeds, count, 2 * stream + 1))


def _hash(z: Tensor) -> Tensor:
    """The output function of SplitMix64 on int64, which wraps around."""
    z = z + _GOLDEN
    z = (z ^ _shifted(z, 30)) * _MIX_1
    z = (z ^ _shifted(z, 27)) * _MIX_2
    return z ^ _shifted(z, 31)


def _shifted(z: Tensor, bits: int) -> Tensor:
    """Shift right without copying the sign."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)
