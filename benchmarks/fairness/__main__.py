"""Run this benchmark alone: `python -m benchmarks.fairness`."""

from benchmarks.fairness import main

main()
