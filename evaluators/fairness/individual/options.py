"""Options and metrics: whether similar patients get similar predictions. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor
from governance.spec.model import Written


class IndividualOptions(Written):
    """Options under ``evaluate: {fairness: {individual: ...}}``."""


METRICS: tuple[MetricDescriptor, ...] = ()
