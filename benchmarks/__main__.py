"""Run all benchmarks, the short ones first."""

from __future__ import annotations

from benchmarks import demo, pdf, startup, verify

for benchmark in (startup, verify, pdf, demo):
    benchmark.main()
