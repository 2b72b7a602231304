"""What the features know of attributes, and performance with an attribute held constant.

Options and metrics; imports nothing heavy.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from evaluators import metrics
from governance.evidence.model import MetricDescriptor
from governance.spec.model import Reference, Text, Written


class ShortcutOptions(Written):
    """Options under ``evaluate: {fairness: {shortcuts: ...}}``.

    Attributes
    ----------
    features
        ``module:function`` of a feature extractor ``f(device) -> object``; the subject's own features without it.
    attributes
        Attributes that are predicted from the features.
    hold_constant
        Attributes, or several joined by " x ", whose link with the condition is removed by weights.
    folds
        Parts of the patients for cross-validation; each is predicted from the others.
    """

    features: Reference | None = None
    attributes: tuple[Text, ...] = ()
    hold_constant: tuple[Text, ...] = ()
    folds: int = Field(default=5, ge=3, le=20)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.attributes and not self.hold_constant:
            raise ValueError("shortcuts are looked for in `attributes`, `hold_constant` or both")
        return self


ENCODED = MetricDescriptor(
    name="attribute_from_features",
    title="Attribute recognisable from the features (AUROC)",
    low=0,
    high=1,
    direction="none",
    formula="AUROC of the group of the attribute against the other groups, from a linear classifier on the features",
    explanation="How well the features tell to which group of an attribute a sample belongs; 0.5 is not at all.",
    does_not_show=(
        "Whether the model uses the attribute: what can be read from its features need not move its output. Nor that "
        "an attribute is absent: another classifier might find what a linear one on these samples does not."
    ),
    source="Glocker et al., EBioMedicine 89 (2023) 104467; LeDell et al., Electron. J. Stat. 9 (2015) 1583",
)
OUTCOME_ENCODED = MetricDescriptor(
    name="outcome_from_features",
    title="Outcome recognisable from the features (AUROC)",
    low=0,
    high=1,
    direction="none",
    formula="AUROC of samples with against samples without the condition, from a linear classifier on the features",
    explanation="How well the same features and the same classifier tell the condition, to compare attributes with.",
    does_not_show="How well the model itself does; the classifier is fitted here, on parts of these samples.",
    source="LeDell et al., Electron. J. Stat. 9 (2015) 1583",
)
EXCESS = MetricDescriptor(
    name="attribute_over_outcome",
    title="Attribute more recognisable than the outcome",
    low=-1,
    high=1,
    direction="lower",
    formula="AUROC of the group of the attribute - AUROC of the condition, from the same features",
    explanation="Above 0 the features tell the attribute better than what the model is for.",
    does_not_show="Whether the model uses the attribute. An attribute that is easier to see is a risk, not a proof.",
    source="Glocker et al., EBioMedicine 89 (2023) 104467",
)

_WEIGHTS = "weights P(attribute) P(condition) / P(attribute, condition) make the attribute independent of the condition"
_NOT_SHOWN = (
    "What the model would do if it had been trained without the link, and links by anything that was not held "
    "constant. Rare combinations get large weights: see the effective number of patients."
)
_SOURCE = "Kamiran and Calders, Knowl. Inf. Syst. 33 (2012) 1 (weights); Makar et al., AISTATS (2022) (shortcuts)"


def _held_constant(metric: MetricDescriptor) -> MetricDescriptor:
    return metric.model_copy(
        update={
            "name": f"{metric.name}_held_constant",
            "title": f"{metric.title}, attribute held constant",
            "formula": f"{metric.formula}; {_WEIGHTS}",
            "explanation": f"{metric.explanation} Here as if the attribute had nothing to do with the condition.",
            "does_not_show": _NOT_SHOWN,
            "source": f"{metric.source}; {_SOURCE}",
        }
    )


SENSITIVITY = _held_constant(metrics.SENSITIVITY)
SPECIFICITY = _held_constant(metrics.SPECIFICITY)
AUROC = _held_constant(metrics.AUROC)

METRICS: tuple[MetricDescriptor, ...] = (ENCODED, OUTCOME_ENCODED, EXCESS, SENSITIVITY, SPECIFICITY, AUROC)
