"""Fixtures of the evaluators' tests."""

from nhefs_predictions import mortality

__all__ = ["mortality"]
