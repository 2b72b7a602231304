"""Run the study, or a part of it, and write its table."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from benchmarks.validity import agreement, combined, gaps, pairs, policies, proportions, rankings
from benchmarks.validity.results import Figure
from benchmarks.validity.table import csv_text, from_csv, markdown, summary

Part = Callable[..., Iterator[Figure]]

PARTS: dict[str, Part] = {
    "proportions": proportions.independent,
    "clustered-proportions": proportions.clustered,
    "rankings": rankings.independent,
    "clustered-rankings": rankings.clustered,
    "means": combined.means,
    "shares": combined.shares,
    "curves": combined.curves,
    "agreement": agreement.kappa,
    "corrections": agreement.corrections,
    "gaps": gaps.independent,
    "shared-gaps": gaps.shared,
    "ranking-gaps": gaps.rankings,
    "pairs": pairs.decisions,
    "ranking-pairs": pairs.rankings,
    "model-pairs": pairs.models,
    "ranking-model-pairs": pairs.ranking_models,
    "worst": gaps.worst,
    "policies": policies.policies,
}
SIMULATIONS, QUICK_SIMULATIONS = 5000, 300


def run(parts: Sequence[str], simulations: int, *, quick: bool) -> dict[str, list[Figure]]:
    """Run parts by name, one after the other."""
    found: dict[str, list[Figure]] = {}
    for name in parts:
        started = time.process_time()
        found[name] = list(PARTS[name](simulations, quick=quick))
        broken = sum(figure.verdict == "BREAKS" for figure in found[name])
        seconds = time.process_time() - started
        print(
            f"  {name:<24} {len(found[name]):>4} figures, {broken} break their rule, {seconds:.0f} s of CPU", flush=True
        )
    return found


def main(arguments: Sequence[str] = ("--quick",)) -> int:
    """Run the study as asked; returns 1 if a figure breaks its rule."""
    parser = argparse.ArgumentParser("python -m benchmarks.validity", description=__doc__)
    parser.add_argument("--simulations", type=int, help=f"of a cell; {SIMULATIONS}, with --quick {QUICK_SIMULATIONS}")
    parser.add_argument("--quick", action="store_true", help="few cells and simulations; leaves the table as it is")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; the rest of the table stays")
    chosen = parser.parse_args(arguments)
    simulations = chosen.simulations or (QUICK_SIMULATIONS if chosen.quick else SIMULATIONS)
    print(f"\nValidity, {simulations} simulations a cell")
    found = run(chosen.only or tuple(PARTS), simulations, quick=chosen.quick)
    if not chosen.quick and simulations >= SIMULATIONS:
        _write(found)
    figures = list(chain(*found.values()))
    print(summary(figures))
    return int(any(figure.verdict == "BREAKS" for figure in figures))


def _write(found: dict[str, list[Figure]]) -> None:
    """Put the parts into the table; those that were not run stay, for each cell has its own random numbers."""
    table = Path(__file__).with_name("table.csv")
    before = from_csv(table.read_text(encoding="utf-8")) if table.is_file() else {}
    parts = {name: figures for name in PARTS if (figures := found.get(name, before.get(name)))}
    table.write_text(csv_text(parts), encoding="utf-8")
    table.with_suffix(".md").write_text(markdown(list(chain(*parts.values()))), encoding="utf-8")
