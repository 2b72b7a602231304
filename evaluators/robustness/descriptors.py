"""What the robustness evaluator measures and its options. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from evaluators import metrics
from evaluators.fairness.tasks.mask_metrics import DICE
from evaluators.operating_point import FIXED_HALF, OperatingPointOptions
from evaluators.robustness import parts
from evaluators.robustness.adversarial import metrics as attacks
from evaluators.robustness.adversarial.options import AdversarialOptions
from evaluators.robustness.scores import descriptors as scores
from evaluators.robustness.shift import metrics as populations
from evaluators.robustness.shift.options import ShiftOptions
from evaluators.robustness.uncertainty import metrics as confidence
from evaluators.robustness.uncertainty.options import UncertaintyOptions
from governance.errors import near_name
from governance.plugins import EvaluatorDescriptor
from governance.spec.model import Name, Text, Written

COMPARED: Mapping[str, tuple[str, ...]] = {
    "binary": (scores.CLASSIFICATION_ERROR.name, metrics.SENSITIVITY.name, metrics.AUROC.name),
    "multiclass": (scores.CLASSIFICATION_ERROR.name, scores.BALANCED_ERROR.name),
    "segmentation": (DICE.name,),
}
"""Metrics by which groups are compared under every condition unless the options name others, by task."""


class RobustnessOptions(Written):
    """Options under ``evaluate: {robustness: ...}``.

    Attributes
    ----------
    on
        The dataset that is scored.
    conditions
        Names of installed conditions or sets of them, or of those that the spec registers. At least one, unless a part
        is asked for.
    severities
        Which severities of their scales; all of them where it is not given.
    groups, operating_point
        As for fairness.
    compare
        Metrics of which the worst group, the difference of every pair and the largest gap are given under every
        condition, beside those the policy asks for; by default those of `COMPARED`.
    bins
        Bins of the expected calibration error.
    reference
        The published set whose AlexNet errors the model's are divided by: ``imagenet-c``, or ``medmnist-c`` and the
        set. Without it, ImageNet-C's where all of its conditions were measured at all severities.
    uncertainty
        Whether the model knows when it may be wrong; not measured unless given.
    adversarial
        Whether changes that are made to mislead the model do; not measured unless given.
    shift
        Other populations, compared with the scored one; not measured unless given.
    """

    on: Name
    conditions: tuple[Name, ...] = ()
    severities: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    groups: tuple[Text, ...] = ()
    operating_point: OperatingPointOptions = FIXED_HALF
    compare: tuple[Name, ...] | None = None
    bins: int = Field(default=10, ge=2, le=100)
    reference: Text | None = None
    uncertainty: UncertaintyOptions | None = None
    adversarial: AdversarialOptions | None = None
    shift: ShiftOptions | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        self.operating_point.refuse_scored(self.on)
        if not self.conditions and all(getattr(self, name) is None for name in parts.NAMES):
            raise ValueError("`conditions` names at least one condition")
        if len(set(self.conditions)) != len(self.conditions):
            raise ValueError("a condition is named twice")
        if "clean" in self.conditions:
            raise ValueError("`clean` is always measured; name the conditions to compare with it")
        if self.severities is not None and (not self.severities or len(set(self.severities)) != len(self.severities)):
            raise ValueError("severities must be at least one number, none twice")
        return self

    @model_validator(mode="after")
    def _known(self) -> Self:
        for names, known, what in (
            (self.compare or (), [metric.name for metric in scores.COMPARABLE], "groups cannot be compared by"),
            ((self.reference,) if self.reference else (), scores.REFERENCES, "AlexNet's errors are not known on"),
        ):
            for name in names:
                if name not in known:
                    near = near_name(name, known)
                    raise ValueError(f"{what} '{name}'" + (f"; {near}" if near else f"; known: {', '.join(known)}"))
        return self


DESCRIPTOR = EvaluatorDescriptor(
    name="robustness",
    title="Robustness to altered inputs",
    implementation="evaluators.robustness.evaluator:EVALUATOR",
    options=RobustnessOptions,
    metrics=(*scores.METRICS, *confidence.METRICS, *attacks.METRICS, *populations.METRICS),
)
