"""The collector of other models' predictions, without importing anything heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluators.fairness.comparison.options import BASELINE, OtherModel
from governance.plugins import CollectorDescriptor
from governance.spec.model import Text, Written


def _kind(options: Mapping[str, Any]) -> str:
    return OtherModel.model_validate_json(str(options["model"])).kind


class BaselineOptions(Written):
    """The model as canonical JSON, so that the request for it names its digest."""

    model: Text


COLLECTOR = CollectorDescriptor(
    name=BASELINE,
    title="Predicted probabilities of another model",
    implementation="evaluators.fairness.comparison.collector:BaselineCollector",
    options=BaselineOptions,
    opens=_kind,
    columns={
        "sample_id": "string",
        "status": "ok, rejected or unparsed",
        "reason": "string, empty where ok",
        "score": "float64, probability of the positive class",
    },
)
