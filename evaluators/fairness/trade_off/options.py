"""Options and metrics: what group thresholds, or other models, would buy and cost. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor
from governance.spec.model import Written


class TradeOffOptions(Written):
    """Options under ``evaluate: {fairness: {trade_off: ...}}``."""


METRICS: tuple[MetricDescriptor, ...] = ()
