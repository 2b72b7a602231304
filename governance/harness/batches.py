"""The device loop: each shard is decoded once, moved to the device once, and serves all that asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from governance.errors import CannotRunError
from governance.evidence.model import Condition
from governance.harness.cache import ShardCache
from governance.harness.conditions import apply_condition, condition_seeds, implementation
from governance.harness.device import free_memory, is_out_of_memory
from governance.harness.executor import Executor
from governance.harness.journal import Journal
from governance.harness.keys import batch_key
from governance.harness.preparation import Prepared
from governance.harness.progress import Reporter
from governance.harness.protocols import BatchCollector, Need
from governance.harness.rows import rows_of
from governance.subjects.protocol import Sample, Session

if TYPE_CHECKING:
    import torch

SHARD_SAMPLES = 1024
"""About how many samples a shard holds: what a kill can lose. Always a whole number of batches."""


@dataclass
class Counts:
    """How many shards were collected, and how many were there already."""

    collected: int = 0
    cached: int = 0


@dataclass
class DeviceLoop:
    """Collects the batch needs of one dataset, or of one variant of it."""

    prepared: Prepared
    dataset: str
    variant: str | None
    collectors: Mapping[str, BatchCollector]
    cache: ShardCache
    journal: Journal
    executor: Executor
    reporter: Reporter
    counts: Counts
    _functions: dict[str, Callable[..., Any]] = field(default_factory=dict)
    _sizes: dict[Condition, int] = field(default_factory=dict)

    def run(self, needs: Sequence[Need]) -> dict[str, list[tuple[str, str]]]:
        """Collect what is missing; return the cache's keys and shards of each need, in order.

        Running out of the accelerator's memory halves the batch size of that condition and restarts it.
        """
        waiting = list(needs)
        self.reporter.stage(f"observe {self.dataset}", len(waiting) * len(list(self._shards())))
        done: dict[str, list[tuple[str, str]]] = {}
        while waiting:
            full: dict[Condition, int] = {}
            pieces: dict[str, list[tuple[str, str]]] = {need.id: [] for need in waiting}
            for name, keys, failed in self.executor.map(partial(self._shard, waiting, full), self._shards()):
                full.update(failed)
                for need_id, key in keys.items():
                    pieces[need_id].append((key, name))
            for need in waiting:
                if need.condition not in full:
                    done[need.id] = pieces[need.id]
            for condition, size in full.items():
                self._halve(condition, size)
            waiting = [need for need in waiting if need.condition in full]
        return done

    def _indices(self) -> Sequence[int]:
        dataset, info = self.prepared.datasets[self.dataset]
        return range(info.n) if self.variant is None else dataset.variants(self.variant)

    def _shards(self) -> Iterator[tuple[str, Sequence[int]]]:
        indices, batch = self._indices(), self.prepared.settings.batch_size
        length = batch * max(1, SHARD_SAMPLES // batch)
        for start in range(0, len(indices), length):
            yield f"{start:08d}", indices[start : start + length]

    def _size(self, condition: Condition) -> int:
        """Return the batch size of a condition: the lock's, or the smaller one that memory forced before."""
        if condition not in self._sizes:
            size = min(self.prepared.settings.batch_size, max(1, len(self._indices())))
            for event in self.journal.events("smaller batches"):
                if event.get("dataset") == self.dataset and event.get("condition") == condition.model_dump(mode="json"):
                    size = min(size, int(event["batch_size"]))
            self._sizes[condition] = size
        return self._sizes[condition]

    def _halve(self, condition: Condition, size: int) -> None:
        if size <= 1:
            raise CannotRunError(
                f"the memory of the device '{self.prepared.device}' is too small for one sample under {condition}",
                hint="use --device cpu, or a smaller precision",
            )
        smaller = self._sizes[condition] = (size + 1) // 2
        self.journal.write(
            "smaller batches", dataset=self.dataset, condition=condition.model_dump(mode="json"), batch_size=smaller
        )
        self.reporter.note(f"out of memory: {condition} on {self.dataset} starts again with batches of {smaller}")

    def _shard(
        self, needs: Sequence[Need], full: Mapping[Condition, int], shard: tuple[str, Sequence[int]]
    ) -> tuple[str, dict[str, str], dict[Condition, int]]:
        name, indices = shard
        sizes = {need.condition: self._size(need.condition) for need in needs}
        keys = {need.id: batch_key(need, self.prepared, sizes[need.condition]) for need in needs}
        missing = [need for need in needs if need.condition not in full and not self.cache.has(keys[need.id], name)]
        there = len(needs) - len(missing) - sum(need.condition in full for need in needs)
        self.counts.cached += there
        self.reporter.advance(there)
        failed: dict[Condition, int] = {}
        if missing:
            self.prepared.make_ready()
            samples = _Samples(self, indices)
            for condition in dict.fromkeys(need.condition for need in missing):
                asking = [need for need in missing if need.condition == condition]
                try:
                    frames = self._observe(asking, samples, sizes[condition])
                except Exception as error:
                    if not is_out_of_memory(error):
                        raise
                    frames, failed[condition] = {}, sizes[condition]
                if condition in failed:
                    free_memory(self.prepared.device)
                for need in asking if frames else []:
                    self.cache.write(keys[need.id], name, frames[need.id])
                    self.journal.write("collected", need=need.id, shard=name, rows=len(frames[need.id]))
                    self.counts.collected += 1
                    self.reporter.advance()
        return name, keys, failed

    def _observe(self, needs: Sequence[Need], samples: _Samples, size: int) -> dict[str, pd.DataFrame]:
        """Observe one condition of one shard for all needs that asked, batch after batch."""
        parts: dict[str, list[pd.DataFrame]] = {need.id: [] for need in needs}
        sessions = {need.id: self._session(need) for need in needs}
        for start in range(0, len(samples.ids), size):
            rows = list(range(start, min(start + size, len(samples.ids))))
            padded = rows + [rows[0]] * (size - len(rows))
            batches: dict[str, Any] = {}
            # Features first: a pass that gives them gives the outputs as well.
            for need in sorted(needs, key=lambda need: need.collector != "embed"):
                takes = sessions[need.id].takes
                if takes not in batches:
                    batches[takes] = self._batch(takes, need, samples, padded)
                columns = self.collectors[need.collector].observe(batches[takes], sessions[need.id], dict(need.options))
                parts[need.id].append(rows_of(columns, [samples.ids[row] for row in rows]))
        return {need_id: pd.concat(frames, ignore_index=True) for need_id, frames in parts.items()}

    def _session(self, need: Need) -> Session:
        extractor = dict(need.options).get("extractor")
        return self.prepared.found.extractors[extractor] if extractor else self.prepared.subject.open()

    def _batch(self, takes: str, need: Need, samples: _Samples, rows: Sequence[int]) -> Any:
        if takes == "samples":
            return [
                Sample(
                    sample_id=samples.ids[row],
                    dataset=self.dataset,
                    condition=need.condition.name,
                    severity=need.condition.severity,
                )
                for row in rows
            ]
        descriptor = self.prepared.conditions.get(need.condition.name)
        changes = descriptor is not None and descriptor.kind == "batch"
        if isinstance(samples.decoded, list):
            items = [samples.decoded[row] for row in rows]
            return self._changed_items(need, items, samples, rows) if changes else items
        if takes == "array" and not changes:
            return samples.decoded[rows]
        batch = samples.on_device()[rows]
        if changes and descriptor is not None:
            seeds = condition_seeds(need, [samples.ids[row] for row in rows], self.prepared.settings.seed)
            function = self._function(need.condition.name)
            batch = apply_condition(function, descriptor.name, batch, need.condition.severity, seeds)
        return batch.cpu().numpy() if takes == "array" else batch

    def _changed_items(self, need: Need, items: list[Any], samples: _Samples, rows: Sequence[int]) -> list[Any]:
        """Apply a condition to texts: its function takes and gives a list of items."""
        seeds = condition_seeds(need, [samples.ids[row] for row in rows], self.prepared.settings.seed)
        changed = self._function(need.condition.name)(items, need.condition.severity, seeds)
        return list(changed)

    def _function(self, name: str) -> Callable[..., Any]:
        if name not in self._functions:
            self._functions[name] = implementation(self.prepared.conditions[name], self.prepared.loaded.base)
        return self._functions[name]


class _Samples:
    """The samples of a shard: decoded at most once, on the device at most once."""

    def __init__(self, loop: DeviceLoop, indices: Sequence[int]) -> None:
        self._loop, self._indices = loop, list(indices)
        self._dataset, info = loop.prepared.datasets[loop.dataset]
        self.ids: list[str] = info.frame["sample_id"].iloc[self._indices].tolist()
        self._decoded: Any = None
        self._tensor: torch.Tensor | None = None

    @property
    def decoded(self) -> Any:
        """Decoded samples: an array or a list of items."""
        if self._decoded is None:
            self._decoded = self._dataset.decode(self._indices, self._loop.variant)
        return self._decoded

    def on_device(self) -> torch.Tensor:
        """Return the samples as one tensor on the device."""
        if self._tensor is None:
            import torch

            self._tensor = torch.from_numpy(np.require(self.decoded, requirements=["C", "W"])).to(
                self._loop.prepared.device
            )
        return self._tensor
