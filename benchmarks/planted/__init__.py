"""Planted defects: how many of them stop a release, and how many clean runs are stopped by mistake.

Everything runs through the API as in CI: evaluate, decide and verify on recorded predictions of real people (NHEFS);
nothing is simulated but the defect. What is not caught is listed by the way in which the defect was hidden.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from governance.statistics.proportions import clopper_pearson

Outcome = tuple[str, str, str | None]
"""Defect, way in which it was hidden, and what stopped the release."""


def outcomes(variants: int, only: str | None = None) -> Iterator[Outcome]:
    """Plant every defect `variants` times, each under its own seed, and yield what came of it."""
    from benchmarks.planted.after_the_run import AFTERWARDS, blocked_run
    from benchmarks.planted.measured import MEASURED

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for defect, plant in MEASURED.items():
            for seed in range(variants if only in (None, defect) else 0):
                yield (defect, *plant(seed, folder / f"{defect}-{seed}"))
        run = blocked_run(folder / "blocked")
        for defect, change in AFTERWARDS.items():
            for seed in range(variants if only in (None, defect) else 0):
                (own := folder / f"{defect}-{seed}").mkdir()
                yield (defect, *change(seed, run, own))


def caught(found: str | None) -> bool:
    """Say whether a defect stopped the release; what a verdict only says in its sentence did not."""
    from benchmarks.planted.measured import ONLY_SAID

    return found is not None and not found.startswith(ONLY_SAID)


def _share(count: int, of: int) -> str:
    bounds = clopper_pearson(count, of)
    return f"{count:>3} of {of:<3} ({100 * bounds.low:.0f} to {100 * bounds.high:.0f} %)"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=100)
    parser.add_argument("--only", help="one defect")
    options = parser.parse_args()
    found: defaultdict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for defect, way, what in outcomes(options.variants, options.only):
        found[defect].append((way, what))
    print("\nPlanted defects: stopped releases, with 95 % Clopper-Pearson intervals")
    for defect, variants in found.items():
        stopped = sum(caught(what) for _, what in variants)
        note = "  (false alarms)" if defect == "clean runs" else ""
        print(f"  {defect:<24} {_share(stopped, len(variants))}{note}")
        ways = dict.fromkeys(way for way, _ in variants)
        for way in ways if len(ways) > 1 else ():
            own = [what for other, what in variants if other == way]
            count = sum(map(caught, own))
            said = sum(what is not None and not caught(what) for what in own)
            print(f"    {way:<46} {count:>3} of {len(own):<3}{f'; said in {said} more' if said else ''}")


if __name__ == "__main__":
    main()
