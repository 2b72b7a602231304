"""Options and metrics of tasks other than binary classification. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from evaluators.fairness.tasks.class_metrics import CLASS_METRICS
from evaluators.fairness.tasks.mask_metrics import MASK_METRICS
from evaluators.fairness.tasks.number_metrics import NUMBER_METRICS
from evaluators.operating_point import OperatingPointOptions
from governance.evidence.model import MetricDescriptor
from governance.spec.model import Text, Written


class TaskOptions(Written):
    """Options under ``evaluate: {fairness: {tasks: ...}}``.

    Attributes
    ----------
    top
        Multiclass: for each k, the share of samples whose class is among the k highest scores.
    operating_points
        Multilabel: the operating point of a label; other labels have the evaluation's own.
    spacing
        Segmentation by a model: millimetres between the centres of neighbouring pixels, one number an axis of the mask;
        without it there is no distance in millimetres.
    """

    top: tuple[Annotated[int, Field(ge=2)], ...] = ()
    operating_points: dict[Text, OperatingPointOptions] = Field(default_factory=dict)
    spacing: tuple[Annotated[float, Field(gt=0)], ...] | None = Field(default=None, min_length=2, max_length=3)


METRICS: tuple[MetricDescriptor, ...] = (*CLASS_METRICS, *NUMBER_METRICS, *MASK_METRICS)
