"""The samples of a shard: decoded ahead in threads of their own, on the device once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from governance.datasets.protocol import Dataset

if TYPE_CHECKING:
    import torch

GROUP_SAMPLES = 64
"""About how many samples are decoded at a time, so that the device can begin before a shard is decoded as a whole."""

WORKERS = min(4, max(2, (os.cpu_count() or 1) // 2))
"""Threads that decode a dataset which several may decode at a time; what they give does not depend on their number."""


@dataclass
class Decoder:
    """Decodes shards of one dataset, or of one variant of it, in the background.

    What is decoded ahead is one shard: with the one that is computed on, memory holds two, however long the dataset is.
    """

    dataset: Dataset
    variant: str | None
    device: str
    batch_size: int
    _ahead: dict[str, Samples] = field(default_factory=dict)
    _pool: ThreadPoolExecutor | None = None

    def begin(self, indices: Sequence[int], ids: Sequence[str]) -> None:
        """Begin to decode a shard that comes next."""
        if ids[0] not in self._ahead:
            self._ahead[ids[0]] = self._samples(indices, ids)

    def take(self, indices: Sequence[int], ids: Sequence[str]) -> Samples:
        """Return the samples of a shard; those that are not decoded yet are waited for when they are asked for."""
        return self._ahead.pop(ids[0], None) or self._samples(indices, ids)

    def close(self) -> None:
        """Decode nothing more, and wait until nothing is being decoded."""
        self._ahead.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _samples(self, indices: Sequence[int], ids: Sequence[str]) -> Samples:
        workers = WORKERS if getattr(self.dataset, "concurrent", False) else 1
        self._pool = pool = self._pool or ThreadPoolExecutor(workers, thread_name_prefix="decode")
        length = self.batch_size * max(1, GROUP_SAMPLES // self.batch_size)
        groups = [indices[start : start + length] for start in range(0, len(indices), length)]
        return Samples(ids, [pool.submit(self._decode, group) for group in groups], length, self.device)

    def _decode(self, indices: Sequence[int]) -> Any:
        decoded = self.dataset.decode(indices, self.variant)
        if self.device != "cuda" or isinstance(decoded, list):
            return decoded
        return _tensor(decoded).pin_memory()  # From pinned memory a copy runs beside what the device computes.


@dataclass
class Samples:
    """The samples of a shard, in groups of `length` as they are decoded; no groups where nothing is to be decoded."""

    ids: Sequence[str]
    groups: Sequence[Future[Any]] = ()
    length: int = 1
    device: str = "cpu"
    _on_device: dict[int, torch.Tensor] = field(default_factory=dict)

    def items(self, rows: Sequence[int]) -> list[Any]:
        """Return decoded items."""
        return [self.groups[row // self.length].result()[row % self.length] for row in rows]

    @property
    def holds_items(self) -> bool:
        """Whether the samples are items (texts) and not an array."""
        return isinstance(self.groups[0].result(), list)

    def array(self, rows: Sequence[int]) -> np.ndarray:
        """Return decoded samples as a new array in memory."""
        return np.stack([np.asarray(self.groups[row // self.length].result()[row % self.length]) for row in rows])

    def on_device(self, start: int, stop: int, size: int) -> torch.Tensor:
        """Return rows from `start` to before `stop`, and the first of them again until there are `size`.

        The tensor may be a view of what later batches are taken from: who writes to it makes a copy first.
        """
        import torch

        parts = []
        for group in range(start // self.length, (stop - 1) // self.length + 1):
            first = group * self.length
            parts.append(self._group(group)[max(start - first, 0) : stop - first])
        padding = size - (stop - start)
        if padding > 0:
            parts.append(parts[0][:1].expand(padding, *parts[0].shape[1:]))
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _group(self, group: int) -> torch.Tensor:
        if group not in self._on_device:
            decoded = self.groups[group].result()
            whole = _tensor(decoded) if isinstance(decoded, np.ndarray) else decoded
            self._on_device[group] = whole.to(self.device, non_blocking=True)
        return self._on_device[group]


def _tensor(decoded: np.ndarray) -> torch.Tensor:
    import torch

    return torch.from_numpy(np.require(decoded, requirements=["C", "W"]))
