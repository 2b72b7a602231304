"""Run this benchmark alone: `python -m benchmarks.data_efficiency`."""

from benchmarks.data_efficiency import main

main()
