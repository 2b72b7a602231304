"""Exact AUROCs with clustered intervals from Parquet, ten thousand to ten million samples: time and memory.

Every size runs in a process of its own, whose largest resident memory is its own. Before that, the file is written.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fairness.samples import pieces

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
GROUPS, SAMPLES_PER_PATIENT = 10, 5
MEMORY_GOAL = 4.0
COLUMNS = ("patient", "group", "label", "flagged", "score")


def write(path: Path, samples: int) -> None:
    """Write the samples a million at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    for piece in pieces(samples, samples // SAMPLES_PER_PATIENT, GROUPS):
        table = pa.table({name: getattr(piece, name) for name in COLUMNS})
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=1 << 18)
    if writer is not None:
        writer.close()


def measure(path: Path) -> dict[str, object]:
    """AUROC, sensitivity and specificity of every group with their intervals; seconds after imports, and GiB."""
    import pandas  # noqa: F401 - used while reading, and not to be timed
    import pyarrow.parquet as pq

    from governance.statistics.proportions import clustered_wilson
    from governance.statistics.ranking import auroc_interval, clustered_auroc
    from governance.statistics.streaming import Batch, by_group

    def batches() -> Iterator[Batch]:
        for part in pq.ParquetFile(path).iter_batches(1 << 18, columns=COLUMNS):
            yield Batch(*(part.column(name).to_numpy(zero_copy_only=False) for name in COLUMNS))

    started, values = time.perf_counter(), {}
    for group in by_group(batches()):
        area = clustered_auroc(group.scores, group.labels, group.clusters)
        ends = auroc_interval(area)
        values[group.name] = (area.value, ends.low, ends.high)
        for label in (True, False):
            inside = group.labels == label
            clustered_wilson(group.flagged[inside] == label, group.clusters[inside])
    return {"seconds": time.perf_counter() - started, "gib": resident(), "auroc": values}


def resident() -> float | None:
    """Largest resident memory of this process in GiB so far; None where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 2**20


def difference_from_scikit_learn(path: Path, found: dict[str, list[float]]) -> float:
    """Largest difference of a group's AUROC from `roc_auc_score` on the whole table."""
    import pandas
    from sklearn.metrics import roc_auc_score

    tables = pandas.read_parquet(path).groupby("group")
    return max(abs(roc_auc_score(table["label"], table["score"]) - found[str(name)][0]) for name, table in tables)


def main() -> None:
    """Print the table."""
    print(f"\nExact AUROC, sensitivity and specificity of {GROUPS} groups, clustered intervals, from Parquet")
    print(f"  {'samples':>12} {'patients':>10} {'seconds':>9} {'us a sample':>12} {'GiB':>6}   largest difference from")
    print(f"  {'':>12} {'':>10} {'':>9} {'':>12} {f'< {MEMORY_GOAL:g}':>6}   scikit-learn")
    with tempfile.TemporaryDirectory() as temporary:
        for samples in SIZES:
            path = Path(temporary) / f"{samples}.parquet"
            write(path, samples)
            words = [sys.executable, "-m", "benchmarks.fairness.streaming", str(path)]
            found = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
            took, gib = found["seconds"], found["gib"]
            memory = "-" if gib is None else f"{gib:.2f}"
            difference = difference_from_scikit_learn(path, found["auroc"])
            print(
                f"  {samples:>12,} {samples // SAMPLES_PER_PATIENT:>10,} {took:>9.3f} {took / samples * 1e6:>12.3f} "
                f"{memory:>6}   {difference:.1e}"
            )
            path.unlink()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]))))
    else:
        main()
