"""Time commands and print a table: ours, the peer, and the ratio."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One comparison; `peer` is None where nothing comparable exists. Seconds are medians of wall-clock time."""

    what: str
    ours: float
    peer_name: str | None = None
    peer: float | None = None
    limit: float | None = None


def median_seconds(action: Callable[[], object], repeats: int = 5) -> float:
    """Return the median wall-clock seconds of `repeats` calls."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def command(*words: str) -> Callable[[], object]:
    """Return a call that runs a command to its end and raises if it fails."""
    return lambda: subprocess.run(words, check=True, capture_output=True)


def print_table(title: str, rows: Sequence[Row]) -> None:
    """Print rows as an aligned table."""
    print(f"\n{title}")
    print(f"  {'what':<44} {'ours':>10} {'goal':>8}   peer")
    for row in rows:
        goal = f"{row.limit:g} s" if row.limit is not None else "-"
        peer = ""
        if row.peer is not None:
            peer = f"{row.peer_name}: {row.peer:.3f} s, ours / peer = {row.ours / row.peer:.2f}"
        print(f"  {row.what:<44} {row.ours:>8.3f} s {goal:>8}   {peer}")
