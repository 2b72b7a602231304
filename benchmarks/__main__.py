"""Run all benchmarks, the short ones first."""

from __future__ import annotations

from benchmarks import demo, startup, verify

for benchmark in (startup, verify, demo):
    benchmark.main()
