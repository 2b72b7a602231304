"""Decode every sample once: keep decoded samples in memory while they fit, and digest their content on the way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from governance.datasets.protocol import Dataset
from governance.errors import GovernanceError, InputError
from governance.evidence.canonical import canonical_json, digest_json
from governance.evidence.folder import write_atomically

if TYPE_CHECKING:
    import pandas as pd

MEMORY_BUDGET = 1 << 30
"""Bytes of decoded samples that are kept in memory over all datasets of a run (1 GiB)."""
CHUNK = 512
"""Samples that are decoded at a time while the content is digested."""
INDEX_VERSION = 1


class MemoryBudget:
    """Bytes that may still be kept."""

    def __init__(self, limit: int = MEMORY_BUDGET) -> None:
        self._left = limit

    def take(self, size: int) -> bool:
        """Reserve `size` bytes; False if they do not fit."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give_back(self, size: int) -> None:
        """Release bytes that were taken."""
        self._left += size


class DecodedDataset:
    """A dataset that checks what it decodes and keeps it in memory while the budget lasts. Itself a `Dataset`.

    Parameters
    ----------
    index
        Folder of the fingerprint index. Where the dataset has a cheap `fingerprint` (sizes and modification times of
        its files) that was seen before, the digest of the content is looked up and nothing is decoded.
    """

    def __init__(self, dataset: Dataset, name: str, budget: MemoryBudget, index: Path | None = None) -> None:
        self._dataset = dataset
        self._name = name
        self._budget = budget
        self._index = index
        self._kept: dict[str | None, Any] = {}
        self._digests: dict[str | None, str] = {}
        self._positions: dict[str, dict[int, int]] = {}
        self.table: pd.DataFrame = dataset.table
        self.concurrent = bool(getattr(dataset, "concurrent", False))
        """Whether several threads may decode at a time: the dataset's own word, an attribute `concurrent`."""

    def variants(self, name: str) -> Sequence[int]:
        """Indices of the samples that have the variant `name`, ascending."""
        return tuple(sorted(int(index) for index in self._dataset.variants(name)))

    def decode(self, indices: Sequence[int], variant: str | None = None) -> Any:
        """Decode the samples at `indices`, from memory where they are kept."""
        kept = self._kept.get(variant)
        if kept is None:
            return self._checked(indices, variant)
        if variant is not None:
            indices = [self._positions[variant][index] for index in indices]
        return [kept[index] for index in indices] if isinstance(kept, list) else kept[np.asarray(indices, dtype=int)]

    def content_digest(self, variant: str | None = None) -> str:
        """SHA-256 of what the samples decode to: item by item, with shape and type, without any path."""
        if variant not in self._digests:
            self._digests[variant] = self._found_digest(variant)
        return self._digests[variant]

    def _found_digest(self, variant: str | None) -> str:
        """Look the digest up by fingerprint, or decode everything once."""
        entry = self._index_entry(variant)
        if entry is not None and entry.is_file():
            try:
                content = json.loads(entry.read_bytes())
                if content["version"] == INDEX_VERSION and len(content["digest"]) == hashlib.sha256().digest_size * 2:
                    return str(content["digest"])
            except (ValueError, KeyError, TypeError, OSError):
                pass  # A damaged entry costs one decoding, which writes it again.
        digest = self._decode_all(variant)
        if entry is not None:
            write_atomically(entry, canonical_json({"version": INDEX_VERSION, "digest": digest}))
        return digest

    def _index_entry(self, variant: str | None) -> Path | None:
        fingerprint = getattr(self._dataset, "fingerprint", None)
        if self._index is None or not isinstance(fingerprint, str) or not fingerprint:
            return None
        return self._index / f"{digest_json([INDEX_VERSION, fingerprint, len(self.table), variant])}.json"

    def _decode_all(self, variant: str | None) -> str:
        digest = hashlib.sha256()
        indices = range(len(self.table)) if variant is None else self.variants(variant)
        digest.update(canonical_json(None if variant is None else list(indices)))
        parts: list[Any] | None = []
        taken = 0
        first: tuple[Any, ...] | None = None
        for chunk in _chunks(indices):
            decoded = self._checked(chunk, variant)
            if isinstance(decoded, list):
                size = sum(_update_item(digest, item) for item in decoded)
            else:
                layout = (decoded.dtype.str, decoded.shape[1:])
                if first is None:
                    digest.update(canonical_json([layout[0], list(layout[1])]))
                elif layout != first:
                    raise InputError(
                        f"dataset '{self._name}': samples from {chunk[0]} on decode to {layout},"
                        f" earlier ones to {first}"
                    )
                first = layout
                digest.update(np.ascontiguousarray(decoded).data)
                size = decoded.nbytes
            if parts is not None and self._budget.take(size):
                parts.append(decoded)
                taken += size
            elif parts is not None:
                self._budget.give_back(taken)
                parts = None
        if parts:
            flat = isinstance(parts[0], list)
            self._kept[variant] = [item for part in parts for item in part] if flat else np.concatenate(parts)
            if variant is not None:
                self._positions[variant] = {index: position for position, index in enumerate(indices)}
        return digest.hexdigest()

    def _checked(self, indices: Sequence[int], variant: str | None) -> Any:
        try:
            decoded = self._dataset.decode(list(indices), variant)
        except GovernanceError:
            raise
        except Exception as error:
            raise InputError(
                f"dataset '{self._name}' cannot decode sample {next(iter(indices), None)} and the"
                f" {max(len(indices) - 1, 0)} after it: {type(error).__name__}: {error}"
            ) from error
        if isinstance(decoded, list):
            for item in decoded:
                complaint = _complaint(item)
                if complaint:
                    raise InputError(f"dataset '{self._name}': {complaint}")
        else:
            decoded = np.asarray(decoded)
            if decoded.dtype == np.float64:
                decoded = decoded.astype(np.float32)
            if decoded.dtype not in (np.uint8, np.float32):
                raise InputError(
                    f"dataset '{self._name}': samples decode to {decoded.dtype}; expected uint8 or float32"
                )
        if len(decoded) != len(indices):
            raise InputError(f"dataset '{self._name}': asked for {len(indices)} samples, decoded {len(decoded)}")
        return decoded


def _update_item(digest: Any, item: dict[str, Any]) -> int:
    """Digest an item: what is plain JSON, then each array with its name, type and shape."""
    arrays = {name: value for name, value in item.items() if isinstance(value, np.ndarray)}
    try:
        data = canonical_json({name: value for name, value in item.items() if name not in arrays})
    except (TypeError, ValueError) as error:
        raise InputError(f"a decoded item is not plain JSON content: {error}") from error
    digest.update(len(data).to_bytes(8, "big") + data)
    size = len(data)
    for name, array in sorted(arrays.items()):
        # A list where every item begins with an object: no array can pass for an item.
        head = canonical_json([name, array.dtype.str, list(array.shape)])
        digest.update(len(head).to_bytes(8, "big") + head)
        digest.update(np.ascontiguousarray(array).data)
        size += len(head) + array.nbytes
    return size


def _complaint(item: Any) -> str | None:
    """Return what is wrong with a decoded item: it needs a prompt, and its image must be one."""
    if not isinstance(item, dict) or not isinstance(item.get("prompt"), str):
        return "decoded items must be dicts with a text `prompt`"
    for name, value in item.items():
        if isinstance(value, np.ndarray) and value.dtype.kind not in "biuf":
            return f"the array `{name}` of a decoded item holds {value.dtype}, not numbers"
    image = item.get("image")
    if image is None or isinstance(image, str):
        return None
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        has = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        return f"the `image` of a decoded item must be an array of uint8, (height, width, 3), not {has}"
    return None if image.size else "the `image` of a decoded item has no pixel"


def _chunks(indices: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(indices), CHUNK):
        yield indices[start : start + CHUNK]
