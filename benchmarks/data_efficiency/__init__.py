"""Speed of data efficiency: linear probes for all fractions and seeds, beside scikit-learn in a loop."""

from __future__ import annotations


def main() -> None:
    """Print the table."""
    from benchmarks.data_efficiency import probes

    probes.main()
