"""What the embeddings know of attributes, and performance with an attribute held constant.

Options and metrics; imports nothing heavy.
"""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor
from governance.spec.model import Written


class ShortcutOptions(Written):
    """Options under ``evaluate: {fairness: {shortcuts: ...}}``."""


METRICS: tuple[MetricDescriptor, ...] = ()
