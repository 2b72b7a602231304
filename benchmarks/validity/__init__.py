"""Do the intervals and the decisions that rest on them hold what they say? Simulations, and the table they gave."""

from benchmarks.validity.study import main

__all__ = ["main"]
