"""Collect what the plan needs: what is in the cache is not collected again, and a killed run goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from governance.errors import CannotRunError
from governance.harness.assembly import Pieces, assemble
from governance.harness.batches import Counts, DeviceLoop
from governance.harness.cache import ShardCache
from governance.harness.executor import Executor, LocalExecutor
from governance.harness.journal import Journal
from governance.harness.keys import table_key
from governance.harness.observe import FolderObservations, table_path
from governance.harness.places import located
from governance.harness.plan import levels
from governance.harness.preparation import Prepared
from governance.harness.progress import Reporter
from governance.harness.protocols import BatchCollector, CollectionContext, Collector, Need, Shard


def collect(prepared: Prepared, reporter: Reporter, executor: Executor | None = None) -> FolderObservations:
    """Collect all observation tables of a run into its folder.

    Raises
    ------
    InputError
        If model or data are not what the spec says.
    CannotRunError
        If the disk is full, a folder cannot be written, or memory is too small even for one sample.
    """
    _sweep(prepared)
    work = _Work(prepared, reporter, executor or LocalExecutor())
    with located(prepared.loaded):
        for level in levels(prepared.plan.needs):
            work.do(level)
    counts = work.counts
    work.journal.write("observed", collected=counts.collected, cached=counts.cached)
    reporter.note(f"{counts.collected} shards collected, {counts.cached} were there already")
    return work.observations


def _sweep(prepared: Prepared) -> None:
    """Remove temporary files that a killed run left in the run folder: they never became what they were to be."""
    for path in prepared.folder.path.rglob(".*"):
        if path.is_file():
            path.unlink(missing_ok=True)


class _Work:
    def __init__(self, prepared: Prepared, reporter: Reporter, executor: Executor) -> None:
        self.prepared, self.reporter, self.executor = prepared, reporter, executor
        self.cache = ShardCache(prepared.cache)
        self.journal = Journal(prepared.folder.journal)
        self.counts = Counts()
        self.observations = FolderObservations(prepared.folder, prepared.plan.needs, self.counts)
        self.collectors = {name: _made(descriptor) for name, descriptor in prepared.plan.collectors.items()}
        self.digests: dict[str, str] = {}

    def do(self, needs: Sequence[Need]) -> None:
        """Collect needs that do not build on each other."""
        grouped: dict[tuple[str, str | None], list[Need]] = {}
        for need in needs:
            if isinstance(self.collectors[need.collector], BatchCollector):
                grouped.setdefault((need.dataset, self._variant(need)), []).append(need)
        for (dataset, variant), group in grouped.items():
            loop = DeviceLoop(
                prepared=self.prepared,
                dataset=dataset,
                variant=variant,
                collectors=self.collectors,
                cache=self.cache,
                journal=self.journal,
                executor=self.executor,
                reporter=self.reporter,
                counts=self.counts,
            )
            pieces = loop.run(group)
            for need in group:
                self._assemble(need, pieces[need.id])
        for need in needs:
            if not isinstance(self.collectors[need.collector], BatchCollector):
                self._assemble(need, self._shards(need))

    def _variant(self, need: Need) -> str | None:
        """Return the variant to decode; recorded predictions decode nothing and cover all samples of a condition."""
        if self.prepared.spec.subject.kind == "recorded" and need.collector == "predict":
            return None
        descriptor = self.prepared.conditions.get(need.condition.name)
        return need.condition.name if descriptor is not None and descriptor.kind == "variant" else None

    def _shards(self, need: Need) -> Pieces:
        """Collect the shards of a collector that cuts its own work."""
        collector: Collector = self.collectors[need.collector]
        context = self._context(need)
        key = table_key(need, self.prepared, self.digests, uses_subject=bool(getattr(collector, "uses_subject", True)))

        def one(shard: Shard) -> tuple[str, str]:
            if self.cache.has(key, shard.name):
                self.counts.cached += 1
            else:
                self.prepared.make_ready()
                frame = _checked(collector.collect(need, shard, context), need)
                self.cache.write(key, shard.name, frame)
                self.journal.write("collected", need=need.id, shard=shard.name, rows=len(frame))
                self.counts.collected += 1
            self.reporter.advance()
            return key, shard.name

        shards = collector.shards(need, context)
        self.reporter.stage(f"{need.collector} {need.dataset}", len(shards))
        return list(self.executor.map(one, shards))

    def _context(self, need: Need) -> CollectionContext:
        dataset, info = self.prepared.datasets[need.dataset]
        return CollectionContext(
            dataset=dataset,
            info=info,
            datasets=self.prepared.datasets,
            subject=self.prepared.spec.subject,
            base=self.prepared.loaded.base,
            device=self.prepared.device,
            settings=self.prepared.settings,
            tables=_Tables(self.observations, need),
            open_subject=self.prepared.subject.open,
            conditions=self.prepared.conditions,
        )

    def _assemble(self, need: Need, pieces: Pieces) -> None:
        """Write the table of a need from its shards."""
        if not pieces:
            raise CannotRunError(f"{need.collector} on {need.dataset} had nothing to collect")
        path = table_path(self.prepared.folder, need)
        self.digests[need.id] = assemble(self.cache, pieces, path)
        self.journal.write("table", need=need.id, file=path.name, sha256=self.digests[need.id])


class _Tables(Mapping[str, pd.DataFrame]):
    """The tables that a need builds on, read when they are asked for."""

    def __init__(self, observations: FolderObservations, need: Need) -> None:
        self._observations = observations
        self._needs = {earlier.id: earlier for earlier in need.builds_on}

    def __getitem__(self, need_id: str) -> pd.DataFrame:
        return self._observations.table(self._needs[need_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._needs)

    def __len__(self) -> int:
        return len(self._needs)


def _made(descriptor: Any) -> Any:
    implementation = descriptor.load()
    return implementation() if isinstance(implementation, type) else implementation


def _checked(frame: pd.DataFrame, need: Need) -> pd.DataFrame:
    lacking = [name for name in ("sample_id", "status", "reason") if name not in frame.columns]
    if lacking:
        raise CannotRunError(f"the collector '{need.collector}' left out the column '{lacking[0]}'")
    return frame
