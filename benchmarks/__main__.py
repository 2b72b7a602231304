"""Run all benchmarks, the short ones first."""

from __future__ import annotations

from benchmarks import (
    collection,
    data_efficiency,
    decisions,
    demo,
    hallucination,
    pdf,
    planted,
    robustness,
    startup,
    validity,
    verify,
)

SHORT = (startup, validity, verify, pdf, decisions, collection, data_efficiency, robustness, hallucination)
for benchmark in (*SHORT, planted, demo):
    benchmark.main()
