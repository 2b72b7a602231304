"""Several datasets one after the other, as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from governance.datasets.protocol import Dataset


@dataclass(frozen=True)
class Joined:
    """Datasets of the same kind of samples behind one another; see `governance.datasets.protocol.Dataset`."""

    parts: tuple[Dataset, ...]
    table: pd.DataFrame

    @classmethod
    def of(cls, parts: Sequence[Dataset]) -> Dataset:
        """Join datasets; a single one is itself."""
        if len(parts) == 1:
            return parts[0]
        return cls(tuple(parts), pd.concat([part.table for part in parts], ignore_index=True))

    def decode(self, indices: Sequence[int], variant: str | None = None) -> Any:
        """Decode samples of any of the datasets, in the order asked for."""
        wanted = np.asarray(indices, dtype=np.int64)
        starts = np.cumsum([0, *(len(part.table) for part in self.parts)])
        owner = np.searchsorted(starts, wanted, side="right") - 1
        pieces: list[Any] = [None] * wanted.size
        for number, part in enumerate(self.parts):
            positions = np.flatnonzero(owner == number)
            if positions.size:
                decoded = part.decode([int(i) for i in wanted[positions] - starts[number]], variant)
                for position, sample in zip(positions, decoded, strict=True):
                    pieces[position] = sample
        return pieces if pieces and isinstance(pieces[0], dict) else np.stack(pieces)

    def variants(self, name: str) -> Sequence[int]:
        """Return the samples that have a variant."""
        starts = np.cumsum([0, *(len(part.table) for part in self.parts)])
        return [int(starts[n]) + int(i) for n, part in enumerate(self.parts) for i in part.variants(name)]
