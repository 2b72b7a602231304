"""Fixtures of the evaluators' tests."""

from nhefs_predictions import mortality
from task_predictions import digit_case, digits, findings, weights

__all__ = ["digit_case", "digits", "findings", "mortality", "weights"]
