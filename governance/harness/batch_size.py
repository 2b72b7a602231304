"""`settings.batch_size: auto`: measured once on a device, remembered, and then a number like any other.

A run's id is the digest of its lock, and the batch size is part of the lock; equal inputs must stay the same run. So
the size that was measured is kept in the cache folder, under a key of all that it rests on: the subject's digest, the
device's name, the shape and type of a sample, precision, threads, memory format, compilation and library versions. A
second run looks it up and measures nothing, and a spec that says the number itself is the same run. In an empty cache,
or on another machine, it is measured again and may come out otherwise, and then the run has another id: whoever needs
the same id everywhere writes down the number that was found, which the lock and the run's messages show.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from governance.datasets.protocol import Dataset
from governance.errors import CannotRunError
from governance.evidence.canonical import canonical_json, digest_json
from governance.evidence.folder import write_atomically
from governance.harness.device import PROCESSOR_BOUND, free_memory, is_out_of_memory
from governance.spec.model import Settings

if TYPE_CHECKING:
    from governance.harness.identities import Subject
    from governance.harness.plan import Plan
    from governance.harness.progress import Reporter

LADDER = (8, 16, 32, 64, 128, 256, 512)
"""Sizes that are tried, small ones first."""
ENOUGH = 0.95
"""The smallest size that reaches this share of the highest throughput is taken: more only needs memory."""
LONGEST_BATCH = 1.0
"""Seconds a batch may take for a larger one to be tried."""
LONG_ENOUGH = 0.1
"""Seconds of passes that are timed for each size, after one pass that is not."""
_VERSION = 1
_NOT_TENSORS = PROCESSOR_BOUND | {"generate", "vision-language"}


def measured_batch_size(
    subject: Subject,
    plan: Plan,
    datasets: Mapping[str, Dataset],
    *,
    surroundings: Mapping[str, Any],
    cache: Path,
    reporter: Reporter,
) -> int:
    """Return the batch size for the subject on this device: remembered, or measured on the first samples.

    Throughput is measured over `LADDER` with the real network and the largest samples that the plan asks about. What
    takes no tensors keeps the default.

    Parameters
    ----------
    surroundings
        ``processor`` and ``libraries`` as in the lock, and the ``settings`` of the run.

    Raises
    ------
    CannotRunError
        If the device's memory is too small even for the smallest size.
    InputError
        If the model refuses the samples.
    """
    settings: Settings = surroundings["settings"]
    default: int = Settings.model_fields["batch_size"].default
    names = sorted({need.dataset for need in plan.needs})
    first = {name: datasets[name].decode(range(1)) for name in names if subject.kind not in _NOT_TENSORS}
    arrays = {name: sample for name, sample in first.items() if not isinstance(sample, list)}
    if not arrays:
        return default
    name = max(arrays, key=lambda each: (arrays[each].nbytes, each))
    sizes = _sizes(len(datasets[name].table))
    key = digest_json(
        {
            "version": _VERSION,
            "subject": subject.digest,
            "sample": [arrays[name].dtype.str, list(arrays[name].shape[1:])],
            "sizes": sizes,
            "processor": surroundings["processor"],
            "libraries": dict(surroundings["libraries"]),
            "settings": [
                settings.device,
                settings.precision,
                settings.threads,
                settings.memory_format,
                settings.compile,
            ],
        }
    )
    memory = cache / "batch-sizes" / f"{key}.json"
    remembered = _remembered(memory)
    if remembered is not None:
        return remembered
    session = subject.open()
    if session.takes != "tensor":
        return default
    reporter.stage("measure the batch size", len(sizes))
    samples = datasets[name].decode(range(min(len(datasets[name].table), sizes[-1], LADDER[3])))
    rates = _throughput(session, samples, sizes, settings.device, reporter)
    if not rates:
        raise CannotRunError(
            f"the memory of the device '{settings.device}' is too small for {sizes[0]} samples at a time",
            hint="set settings.batch_size to a smaller number, use --device cpu, or a smaller precision",
        )
    size = best(rates)
    reporter.note(f"batches of {size}: {rates[size]:.0f} samples a second")
    write_atomically(memory, canonical_json({"version": _VERSION, "batch_size": size}))
    return size


def best(rates: Mapping[int, float]) -> int:
    """Return the smallest size that is nearly as fast as the fastest (`ENOUGH`); `rates` are samples a second."""
    return min(size for size, rate in rates.items() if rate >= ENOUGH * max(rates.values()))


def _sizes(n: int) -> Sequence[int]:
    """Sizes to try: none but the first is larger than the dataset."""
    return [LADDER[0], *(size for size in LADDER[1:] if size <= n)]


def _remembered(memory: Path) -> int | None:
    try:
        content = json.loads(memory.read_bytes())
        size = content["batch_size"] if content["version"] == _VERSION else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # A damaged entry costs one measurement, which writes it again.
    return size if isinstance(size, int) and not isinstance(size, bool) and size >= 1 else None


def _throughput(
    session: Any, samples: np.ndarray, sizes: Sequence[int], device: str, reporter: Reporter
) -> dict[int, float]:
    """Return samples a second for each size that fits into memory."""
    import torch

    observe = session.segment if session.task == "segmentation" else session.predict
    rates: dict[int, float] = {}
    for size in sizes:
        rows = np.arange(size) % len(samples)
        try:
            batch = torch.from_numpy(samples[rows]).to(device)
            observe(batch)
            seconds: list[float] = []
            while len(seconds) < 2 or sum(seconds) < LONG_ENOUGH:
                again = batch.clone()  # Another object: of the same one the session knows the answer.
                started = time.perf_counter()
                observe(again)
                seconds.append(time.perf_counter() - started)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            break
        rates[size] = size / min(seconds)
        reporter.advance()
        if min(seconds) > LONGEST_BATCH:
            break
    free_memory(device)
    return rates
