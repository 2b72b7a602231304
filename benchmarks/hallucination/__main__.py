"""Run the benchmark."""

from benchmarks.hallucination import main

main()
