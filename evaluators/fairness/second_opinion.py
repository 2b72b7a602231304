"""Point estimates computed again by other libraries; a disagreement stops the run."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from evaluators.binary import Predictions
from evaluators.estimates import Bools, Estimate
from governance.evidence.model import MetricDescriptor, OperatingPoint

TOLERANCE = 1e-9
"""Largest difference that rounding explains; a mistake is larger."""


class DisagreementError(RuntimeError):
    """Two implementations of a metric gave different values: a defect in one of them, never a property of the model."""


def check(
    metric: MetricDescriptor, estimate: Estimate, data: Predictions, inside: Bools, point: OperatingPoint
) -> None:
    """Compare an estimate with scikit-learn and fairlearn, where they are installed.

    Raises
    ------
    DisagreementError
        If a value differs by more than `TOLERANCE`, with both values.
    """
    for library, value in _opinions(metric.name, data, inside & data.usable, point).items():
        if not abs(value - estimate.value) <= TOLERANCE:
            raise DisagreementError(
                f"{metric.name}: {estimate.value!r} here, {value!r} by {library}, on {estimate.n} samples"
            )


def _opinions(name: str, data: Predictions, scored: Bools, point: OperatingPoint) -> dict[str, float]:
    positive, score = data.positive[scored].astype(int), data.score[scored]
    flagged = (score >= point.threshold).astype(int)
    found: dict[str, float] = {}
    if find_spec("sklearn"):
        from sklearn import metrics

        if name == "auroc":
            found["scikit-learn"] = float(metrics.roc_auc_score(positive, score))
        elif name in ("sensitivity", "specificity"):
            found["scikit-learn"] = float(
                metrics.recall_score(positive, flagged, pos_label=int(name == "sensitivity"), zero_division=np.nan)
            )
    if find_spec("fairlearn") and name in ("sensitivity", "specificity", "selection_rate"):
        from fairlearn.metrics import MetricFrame, selection_rate, true_negative_rate, true_positive_rate

        function = {
            "sensitivity": true_positive_rate,
            "specificity": true_negative_rate,
            "selection_rate": selection_rate,
        }[name]
        frame = MetricFrame(
            metrics=function, y_true=positive, y_pred=flagged, sensitive_features=np.zeros(flagged.size)
        )
        found["fairlearn"] = float(frame.overall)
    return found
