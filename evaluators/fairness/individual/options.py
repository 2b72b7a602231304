"""Options and metrics: whether similar patients get similar predictions. Imports nothing heavy."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from governance.evidence.model import MetricDescriptor
from governance.spec.model import Name, Reference, Text, Written

MOST_COMPARED = 5_000
"""Samples whose neighbours are looked for where none are named; more change the interval little and take long."""


class IndividualOptions(Written):
    """Options under ``evaluate: {fairness: {individual: ...}}``.

    Attributes
    ----------
    features
        ``module:function`` of a feature extractor ``f(device) -> object``; the subject's own features without it.
    neighbours
        How many of the nearest samples of other patients a sample is compared with; null to leave that out.
    at_most
        Samples that are compared; patients are drawn by the seed where there are more. All are searched.
    counterfactual_pairs
        Attribute that a variant of the dataset changes, by the name of the variant: the same sample with another value
        of that attribute and nothing else, for example another word in a prompt.
    """

    features: Reference | None = None
    neighbours: int | None = Field(default=5, ge=1, le=1000)
    at_most: int = Field(default=MOST_COMPARED, ge=100)
    counterfactual_pairs: dict[Name, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.neighbours is None and not self.counterfactual_pairs:
            raise ValueError("individual fairness needs `neighbours`, `counterfactual_pairs` or both")
        return self


_ALIKE = (
    "That like patients are treated alike: who is alike is what the features say, and they need not say what matters. "
    "A model that gives everyone the same output is fully consistent."
)
_CONSISTENCY = "Zemel et al., ICML (2013), section 4 (yNN)"

CONSISTENCY = MetricDescriptor(
    name="neighbour_consistency",
    title="Consistency among nearest neighbours (decisions)",
    low=0,
    high=1,
    direction="higher",
    formula=("1 - mean |decision - mean decision of the k nearest samples of other patients|, at the operating point"),
    explanation="How often samples with like features get the same decision; 1 is always.",
    does_not_show=_ALIKE,
    source=_CONSISTENCY,
)
SCORE_CONSISTENCY = MetricDescriptor(
    name="neighbour_score_consistency",
    title="Consistency among nearest neighbours (scores)",
    low=0,
    high=1,
    direction="higher",
    formula="1 - mean |score - mean score of the k nearest samples of other patients|",
    explanation="How close the scores of samples with like features are; 1 is equal.",
    does_not_show=_ALIKE,
    source=_CONSISTENCY,
)

_NOT_CAUSED = (
    "Whether the two versions differ in nothing else, which is up to whoever made them, and attributes that were not "
    "changed. A model can treat pairs alike and groups unequally."
)
_PAIRS = "Kusner et al., NeurIPS (2017); Garg et al., AIES (2019) (counterfactual token fairness)"

FLIP_RATE = MetricDescriptor(
    name="counterfactual_flip_rate",
    title="Decisions changed by an attribute alone",
    low=0,
    high=1,
    direction="lower",
    formula="samples whose decision changes when only the attribute is changed / samples, at the operating point",
    explanation="The share of samples for which the model decides otherwise when only the attribute is changed.",
    does_not_show=_NOT_CAUSED,
    source=_PAIRS,
)
SCORE_CHANGE = MetricDescriptor(
    name="counterfactual_score_change",
    title="Score changed by an attribute alone",
    low=-1,
    high=1,
    direction="none",
    formula="mean (score with the attribute changed - score)",
    explanation="How much the score rises (above 0) or falls when only the attribute is changed.",
    does_not_show=f"Changes in both directions, which cancel; see the absolute change. {_NOT_CAUSED}",
    source=_PAIRS,
)
ABSOLUTE_CHANGE = MetricDescriptor(
    name="counterfactual_absolute_change",
    title="Score changed by an attribute alone, either way",
    low=0,
    high=1,
    direction="lower",
    formula="mean |score with the attribute changed - score|",
    explanation="How far the score moves, up or down, when only the attribute is changed; 0 is not at all.",
    does_not_show=_NOT_CAUSED,
    source=_PAIRS,
)

METRICS: tuple[MetricDescriptor, ...] = (CONSISTENCY, SCORE_CONSISTENCY, FLIP_RATE, SCORE_CHANGE, ABSOLUTE_CHANGE)
