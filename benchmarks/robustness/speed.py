"""Images per second of conditions: ours on a batch, the peer one by one, and the ratio."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.timing import median_seconds

THREADS = 2
"""Processor cores that both sides may use."""
REPEATS = 3


@dataclass(frozen=True)
class Row:
    """One condition, all severities: seconds per image and severity; `peer` is None where the package fails."""

    what: str
    ours: float
    peer: float | None
    note: str = ""


def seconds_per_image(action: Callable[[], object], images: int) -> float:
    """Return the median seconds of a call, after one to warm up, by the number of images that it works on."""
    action()
    return median_seconds(action, REPEATS) / images


def print_ratios(title: str, peer_name: str, rows: Sequence[Row]) -> None:
    """Print images per second, ratios, their geometric mean, and the ratio of the total time of what both can do."""
    print(f"\n{title}", flush=True)
    print(f"  {'condition':<20} {'ours':>12} {peer_name:>18} {'ratio':>8}")
    for row in rows:
        peer = "fails" if row.peer is None else f"{1 / row.peer:.0f} images/s"
        ratio = "" if row.peer is None else f"{row.peer / row.ours:.1f}"
        print(f"  {row.what:<20} {1 / row.ours:>5.0f} images/s {peer:>16} {ratio:>8}  {row.note}")
    both = [(row.ours, row.peer) for row in rows if row.peer is not None]
    ours, peers = (sum(side) for side in zip(*both, strict=True))
    mean = statistics.geometric_mean(peer / own for own, peer in both)
    print(f"  {'all that both can do':<20} {ours * 1e3:.1f} ms, {peer_name} {peers * 1e3:.1f} ms an image and severity")
    print(f"  total time, peer / ours = {peers / ours:.1f}; geometric mean of ratios = {mean:.1f}; goal 10")
    print(f"  were the peer run on {THREADS} cores without loss: {peers / ours / THREADS:.1f}")
