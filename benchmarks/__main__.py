"""Run all benchmarks, the short ones first."""

from __future__ import annotations

from benchmarks import data_efficiency, demo, pdf, startup, validity, verify

for benchmark in (startup, validity, verify, pdf, data_efficiency, demo):
    benchmark.main()
