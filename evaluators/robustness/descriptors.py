"""What the robustness evaluator measures and its options. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from evaluators import metrics
from evaluators.operating_point import FIXED_HALF, OperatingPointOptions
from governance.plugins import EvaluatorDescriptor
from governance.spec.model import Name, Text, Written


class RobustnessOptions(Written):
    """Options under ``evaluate: {robustness: ...}``.

    Attributes
    ----------
    on
        The dataset that is scored.
    conditions
        Names of installed conditions, or of those that the spec registers.
    severities
        Which severities of their scales; all of them where it is not given.
    groups, operating_point
        As for fairness.
    """

    on: Name
    conditions: tuple[Name, ...] = Field(min_length=1)
    severities: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    groups: tuple[Text, ...] = ()
    operating_point: OperatingPointOptions = FIXED_HALF

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        self.operating_point.refuse_scored(self.on)
        if len(set(self.conditions)) != len(self.conditions):
            raise ValueError("a condition is named twice")
        if "clean" in self.conditions:
            raise ValueError("`clean` is always measured; name the conditions to compare with it")
        if self.severities is not None and (not self.severities or len(set(self.severities)) != len(self.severities)):
            raise ValueError("severities must be at least one number, none twice")
        return self


DESCRIPTOR = EvaluatorDescriptor(
    name="robustness",
    title="Robustness to altered inputs",
    implementation="evaluators.robustness.evaluator:EVALUATOR",
    options=RobustnessOptions,
    metrics=(metrics.AUROC, metrics.SENSITIVITY, metrics.SPECIFICITY, metrics.FLIP_RATE, metrics.REJECTED_RATE),
)
