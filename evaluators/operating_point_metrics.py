"""What is measured of an operating point itself. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

OPERATING_THRESHOLD = MetricDescriptor(
    name="operating_threshold",
    title="Operating threshold",
    low=0,
    direction="none",
    formula="the threshold that the rule chooses on the dataset it is chosen on",
    explanation="The score from which on a sample is flagged, and how far it moves when other patients choose it.",
    does_not_show="Whether the rule is the right one, or how well the model does at the threshold.",
    source="cluster bootstrap over the patients chosen on: Field and Welsh, J. R. Stat. Soc. B 69 (2007) 369",
)
