"""Options and metrics: the candidate against a baseline on the same samples. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor
from governance.spec.model import Written


class ComparisonOptions(Written):
    """Options under ``evaluate: {fairness: {comparison: ...}}``."""


METRICS: tuple[MetricDescriptor, ...] = ()
