"""Speed of measuring recorded answers, and of SelfCheckGPT with unigrams beside its package."""

from __future__ import annotations


def main() -> None:
    """Print the table."""
    from benchmarks.hallucination import recorded

    recorded.main()
