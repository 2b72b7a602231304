"""The collector of other models' predictions, without importing anything heavy."""

from __future__ import annotations

from evaluators.fairness.comparison.options import BASELINE
from governance.plugins import CollectorDescriptor
from governance.spec.model import Text, Written


class BaselineOptions(Written):
    """The model as canonical JSON, so that the request for it names its digest."""

    model: Text


COLLECTOR = CollectorDescriptor(
    name=BASELINE,
    title="Predicted probabilities of another model",
    implementation="evaluators.fairness.comparison.collector:BaselineCollector",
    options=BaselineOptions,
    columns={
        "sample_id": "string",
        "status": "ok, rejected or unparsed",
        "reason": "string, empty where ok",
        "score": "float64, probability of the positive class",
    },
)
