"""Random numbers for a batch of images that depend on each sample's seed alone.

A number is a hash of the sample's seed and the pixel's position, so it is the same in every batch, on every device and
in any order. What follows from the hash is whole-number arithmetic and tables: no device rounds it differently.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Tensor = Any
"""A torch.Tensor; torch's own types are not checked here."""

_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed number
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB
_SPREAD_1 = 0x21F0AAAD
_SPREAD_2 = 0xD35A2D97 - 2**32
HALF = 2**16
"""How many values `halves` has."""


def words(seeds: Tensor, count: int, stream: int = 0) -> Tensor:
    """Return (b, count) int32 numbers, uniform over all 2**32.

    The seed and the stream become two keys of 32 bits by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). A position
    plus the first key goes through a 32-bit mixer that multiplies and shifts twice (the best known constants of
    C. Wellons' search for such mixers, "hash-prospector"); the second key enters between, so that no two samples share
    a shifted sequence.

    Parameters
    ----------
    seeds
        (b,) int64, one a sample.
    stream
        Another number gives other, independent values for the same seeds.
    """
    # Keys are few: NumPy makes them in a tenth of the time, most of which torch would spend on calls.
    keys = _hash(_hash(seeds.cpu().numpy()) + _wrapped(stream * _MIX_1)).view(np.int32).reshape(-1, 2)
    first, second = torch.from_numpy(keys).to(seeds.device).split(1, dim=1)
    bits = torch.arange(count, dtype=torch.int32, device=seeds.device)[None, :] + first
    bits ^= (bits >> 16) & 0xFFFF
    bits *= _SPREAD_1
    bits ^= (bits >> 15) & 0x1FFFF
    bits += second
    bits *= _SPREAD_2
    bits ^= (bits >> 15) & 0x1FFFF
    return bits


def halves(seeds: Tensor, count: int, stream: int = 0) -> Tensor:
    """Return (b, count) int32 numbers, uniform over 0 to 65535: two out of each word; parameters as for `words`."""
    pairs = words(seeds, (count + 1) // 2, stream).view(torch.int16)[:, :count]
    return pairs.to(torch.int32) + HALF // 2


def uniform(seeds: Tensor, count: int, stream: int = 0) -> Tensor:
    """Return (b, count) float32 numbers in (0, 1), of 23 bits; parameters as for `words`."""
    return (((words(seeds, count, stream) >> 9) & 0x7FFFFF).to(torch.float32) + 0.5) / 2**23


def normal(seeds: Tensor, count: int, stream: int = 0) -> Tensor:
    """Return (b, count) float32 standard normal numbers; parameters as for `words`.

    They are 65536 quantiles of equal probability, from -4.3 to 4.3.
    """
    return pick(normal_quantiles(str(seeds.device)), halves(seeds, count, stream))


def pick(table: Tensor, places: Tensor) -> Tensor:
    """Return the entries of a one-dimensional table at whole-number places of any shape."""
    return table.index_select(0, places.reshape(-1)).reshape(places.shape)


@functools.lru_cache(maxsize=8)
def normal_quantiles(device: str) -> Tensor:
    """Return (65536,) float32: the standard normal quantiles of the middles of as many equal shares."""
    shares = (torch.arange(HALF, dtype=torch.float64) + 0.5) / HALF
    return torch.special.ndtri(shares).to(torch.float32).to(device)


def _wrapped(number: int) -> int:
    """Return a whole number as 64 signed bits, as multiplication in int64 wraps around."""
    return (number + 2**63) % 2**64 - 2**63


def _hash(z: NDArray[np.int64]) -> NDArray[np.int64]:
    """The output function of SplitMix64 on int64, which wraps around."""
    z = z + _GOLDEN
    z = (z ^ _shifted(z, 30)) * _MIX_1
    z = (z ^ _shifted(z, 27)) * _MIX_2
    return z ^ _shifted(z, 31)


def _shifted(z: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Shift right without copying the sign."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)
