"""Speed of fairness with uncertainty: clustered replicates beside peers, and ten million samples from Parquet."""

from __future__ import annotations


def main() -> None:
    """Print both tables."""
    from benchmarks.fairness import replicates, streaming

    replicates.main()
    streaming.main()
