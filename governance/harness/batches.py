"""The device loop: each shard is decoded once, moved to the device once, and serves all that asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import pandas as pd

from governance.errors import CannotRunError
from governance.evidence.model import Condition
from governance.harness.cache import ShardCache
from governance.harness.columns import columns_of
from governance.harness.conditions import apply_condition, changed_items, condition_seeds, implementation
from governance.harness.device import free_memory, is_out_of_memory
from governance.harness.executor import Executor
from governance.harness.journal import Journal
from governance.harness.keys import batch_key
from governance.harness.preparation import Prepared
from governance.harness.progress import Reporter
from governance.harness.protocols import BatchCollector, Need
from governance.harness.rows import joined, rows_of
from governance.harness.samples import Decoder, Samples
from governance.subjects.protocol import Sample, Session

SHARD_SAMPLES = 1024
"""About how many samples a shard holds: what a kill can lose. Always a whole number of batches."""
SHARD_BYTES = 1 << 28
"""About how many bytes of decoded samples a shard holds (256 MiB), but at least one batch; memory holds two shards."""


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
        try:
            return self._run(list(needs))
        finally:
            self._decoder.close()

    def _run(self, waiting: list[Need]) -> dict[str, list[tuple[str, str]]]:
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

    @cached_property
    def _decoder(self) -> Decoder:
        dataset, _ = self.prepared.datasets[self.dataset]
        return Decoder(dataset, self.variant, self.prepared.device, self.prepared.settings.batch_size)

    @cached_property
    def _indices(self) -> Sequence[int]:
        dataset, info = self.prepared.datasets[self.dataset]
        return range(info.n) if self.variant is None else dataset.variants(self.variant)

    @cached_property
    def _ids(self) -> list[str]:
        ids: list[str] = self.prepared.datasets[self.dataset][1].frame["sample_id"].iloc[list(self._indices)].tolist()
        return ids

    @cached_property
    def _length(self) -> int:
        """Samples of a shard: fewer where samples are large. It depends on the data and the batch size alone."""
        batch, dataset = self.prepared.settings.batch_size, self.prepared.datasets[self.dataset][0]
        samples = SHARD_SAMPLES
        if self._indices and not self._decodes_nothing:
            first = dataset.decode(self._indices[:1], self.variant)
            samples = samples if isinstance(first, list) else min(samples, SHARD_BYTES // max(1, first.nbytes))
        return batch * max(1, samples // batch)

    @property
    def _decodes_nothing(self) -> bool:
        return self.prepared.spec.subject.kind == "recorded"

    def _shards(self) -> Iterator[tuple[str, int, int]]:
        for start in range(0, len(self._indices), self._length):
            yield self._shard_at(start)

    def _shard_at(self, start: int) -> tuple[str, int, int]:
        return f"{start:08d}", start, min(start + self._length, len(self._indices))

    def _size(self, condition: Condition) -> int:
        """Return the batch size of a condition: the lock's, or the smaller one that memory forced before."""
        if condition not in self._sizes:
            size = min(self.prepared.settings.batch_size, max(1, len(self._indices)))
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
        self, needs: Sequence[Need], full: Mapping[Condition, int], shard: tuple[str, int, int]
    ) -> tuple[str, dict[str, str], dict[Condition, int]]:
        name, start, stop = shard
        sizes = {need.condition: self._size(need.condition) for need in needs}
        keys = {need.id: batch_key(need, self.prepared, sizes[need.condition], self._length) for need in needs}
        missing = [need for need in needs if need.condition not in full and not self.cache.has(keys[need.id], name)]
        there = len(needs) - len(missing) - sum(need.condition in full for need in needs)
        self.counts.cached += there
        self.reporter.advance(there)
        failed: dict[Condition, int] = {}
        if missing:
            self.prepared.make_ready()
            samples = self._samples(missing, keys, start, stop)
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

    def _samples(self, missing: Sequence[Need], keys: Mapping[str, str], start: int, stop: int) -> Samples:
        """Return the samples of a shard, and begin to decode the next one where something of it is missing."""
        if all(self._session(need).takes == "samples" for need in missing):
            return Samples(self._ids[start:stop])
        samples = self._decoder.take(self._indices[start:stop], self._ids[start:stop])
        if stop < len(self._indices):
            name, first, last = self._shard_at(stop)
            if not all(self.cache.exists(keys[need.id], name) for need in missing):
                self._decoder.begin(self._indices[first:last], self._ids[first:last])
        return samples

    def _observe(self, needs: Sequence[Need], samples: Samples, size: int) -> dict[str, pd.DataFrame]:
        """Observe one condition of one shard for all needs that asked, batch after batch."""
        parts: dict[str, list[Mapping[str, Any]]] = {need.id: [] for need in needs}
        sessions = {need.id: self._session(need) for need in needs}
        # Features first: a pass that gives them gives the outputs as well.
        ordered = sorted(needs, key=lambda need: need.collector != "embed")
        for start in range(0, len(samples.ids), size):
            rows = range(start, min(start + size, len(samples.ids)))
            batches: dict[str, Any] = {}
            for need in ordered:
                takes = sessions[need.id].takes
                if takes not in batches:
                    batches[takes] = self._batch(takes, need, samples, rows, size)
                columns = self.collectors[need.collector].observe(batches[takes], sessions[need.id], dict(need.options))
                parts[need.id].append({name: values[: len(rows)] for name, values in columns.items()})
                if start == 0:
                    rows_of(columns, samples.ids[: len(rows)])  # What is wrong is said before a shard was computed.
        return {need_id: rows_of(joined(columns), samples.ids) for need_id, columns in parts.items()}

    def _session(self, need: Need) -> Session:
        extractor = dict(need.options).get("extractor")
        return self.prepared.found.extractors[extractor] if extractor else self.prepared.subject.open()

    def _batch(self, takes: str, need: Need, samples: Samples, rows: range, size: int) -> Any:
        """Return a batch as a session takes it, under the need's condition. The last batch is filled up to `size`."""
        padded = [*rows] + [rows.start] * (size - len(rows))
        if takes == "samples":
            return [
                Sample(
                    sample_id=samples.ids[row],
                    dataset=self.dataset,
                    condition=need.condition.name,
                    severity=need.condition.severity,
                )
                for row in padded
            ]
        descriptor = self.prepared.conditions.get(need.condition.name)
        changes = descriptor is not None and descriptor.kind == "batch"
        seeds = (
            condition_seeds(need, [samples.ids[row] for row in padded], self.prepared.settings.seed) if changes else []
        )
        if samples.holds_items:
            items = samples.items(padded)
            return changed_items(self._function(need.condition.name), need, items, seeds) if changes else items
        if takes == "array" and not changes:
            return samples.array(padded)
        batch = samples.on_device(rows.start, rows.stop, size)
        if changes:
            batch = apply_condition(
                self._function(need.condition.name), need.condition.name, batch, need.condition.severity, seeds
            )
        else:
            batch = batch.clone()  # A preprocessing that works in place must not reach what others are given.
        return batch.cpu().numpy() if takes == "array" else batch

    def _function(self, name: str) -> Callable[..., Any]:
        if name not in self._functions:
            descriptor = self.prepared.conditions[name]
            function = implementation(descriptor, self.prepared.loaded.base)
            if descriptor.by_columns:
                dataset = self.prepared.datasets[self.dataset][0]
                function = partial(function, columns=columns_of(dataset, self.dataset))
            self._functions[name] = function
        return self._functions[name]
