"""Run all benchmarks, the short ones first."""

from __future__ import annotations

from benchmarks import collection, data_efficiency, demo, hallucination, pdf, robustness, startup, validity, verify

for benchmark in (startup, validity, verify, pdf, collection, data_efficiency, robustness, hallucination, demo):
    benchmark.main()
