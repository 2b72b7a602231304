"""Run all benchmarks, the short ones first."""

from __future__ import annotations

from benchmarks import demo, pdf, startup, validity, verify

for benchmark in (startup, validity, verify, pdf, demo):
    benchmark.main()
