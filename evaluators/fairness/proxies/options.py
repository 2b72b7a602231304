"""Options and metrics: groups found in embeddings, where demographics are not known. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor
from governance.spec.model import Written


class ProxyOptions(Written):
    """Options under ``evaluate: {fairness: {proxies: ...}}``."""


METRICS: tuple[MetricDescriptor, ...] = ()
