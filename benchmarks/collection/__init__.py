"""What collecting costs beyond the forward passes: beside a bare PyTorch loop of the same passes on ready tensors."""

from __future__ import annotations

from benchmarks.collection.project import CONDITIONS, IMAGES, SIDE, THREADS

GOAL = 1.05
"""Our time, less decoding and conditions, over the bare loop's."""
ROUNDS = 3


def main(images: int = IMAGES, rounds: int = ROUNDS, architecture: str = "resnet18", threads: int = THREADS) -> None:
    """Print the table: medians over rounds in which ours and the bare loop take turns."""
    import statistics
    import tempfile
    from pathlib import Path

    from benchmarks.collection.project import Collection

    with tempfile.TemporaryDirectory() as temporary:
        collection = Collection.make(Path(temporary), images, architecture, threads)
        collection.warm_up()
        taken = [collection.round() for _ in range(rounds)]
    passes = images * (1 + len(CONDITIONS))
    print(f"\nCollection: {architecture}, {passes} forward passes at {SIDE} x {SIDE} ({images} images under clean and")
    print(f"{len(CONDITIONS)} conditions, {threads} threads); medians of {rounds} rounds")
    print(f"  {'':<44} {'elapsed':>11} {'processor':>11}")
    median = {
        name: [statistics.median(getattr(each, name)[clock] for each in taken) for clock in (0, 1)]
        for name in ("collection", "decoding", "conditions", "bare")
    }
    words = {
        "collection": "collection: images in files to tables",
        "decoding": "of it decoding, timed alone",
        "conditions": "of it conditions, timed alone",
        "bare": "bare PyTorch loop on ready tensors",
    }
    for name, (elapsed, processor) in median.items():
        print(f"  {words[name]:<44} {elapsed:>9.2f} s {processor:>9.2f} s")
    ratios = [statistics.median(each.ratio(clock) for each in taken) for clock in (0, 1)]
    print(f"  {'collection less both / bare loop':<44} {ratios[0]:>11.3f} {ratios[1]:>11.3f}   goal {GOAL:g}")
    print("  elapsed: decoding runs beside the network, so that taking it off flatters where cores are idle;")
    print("  processor: seconds of all threads, waiting for each other counts: on a machine that others use, compare")
    print("  it with --threads 1")
