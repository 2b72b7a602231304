"""Options and metrics: what group thresholds, or other models, would buy and cost. Imports nothing heavy."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from evaluators.fairness.comparison.options import OtherModel
from evaluators.operating_point_metrics import OPERATING_THRESHOLD
from governance.evidence.model import MetricDescriptor
from governance.spec.model import DatasetName, Grouping, Name, Written

ObjectiveName = Literal[
    "accuracy",
    "balanced_accuracy",
    "sensitivity",
    "specificity",
    "auroc",
    "worst_accuracy",
    "worst_balanced_accuracy",
    "worst_sensitivity",
    "worst_specificity",
    "worst_auroc",
    "accuracy_gap",
    "balanced_accuracy_gap",
    "sensitivity_gap",
    "specificity_gap",
    "selection_rate_gap",
    "auroc_gap",
]
"""What may be traded: a metric for everyone, that of the worst group, or its largest difference between groups."""

Constraint = Literal["demographic_parity", "equalized_odds", "true_positive_rate_parity", "false_positive_rate_parity"]


class GroupThresholds(Written):
    """What thresholds of their own for groups would buy and cost: a description, not a recommendation.

    Different thresholds for different groups may be unlawful or unwanted; that is a question for people.

    Attributes
    ----------
    constraint
        What the thresholds make equal between the groups of `over`, on the samples that they are chosen on.
    choose_on
        The dataset that they are chosen on, never the scored one.
    objective
        What they maximise under the constraint.
    """

    constraint: Constraint
    over: Grouping
    choose_on: DatasetName
    objective: Literal["balanced_accuracy", "accuracy"] = "balanced_accuracy"


class TradeOffOptions(Written):
    """Options under ``evaluate: {fairness: {trade_off: ...}}``.

    Attributes
    ----------
    between
        The two objectives that are traded.
    over
        The groups of worst groups and gaps; the first of `groups` unless given.
    thresholds
        How many thresholds are looked at, at quantiles of the scores.
    choose_on
        Where the minimax choice is made; where the operating point is chosen, unless given.
    candidates
        Other models or checkpoints to choose among, by name.
    """

    between: tuple[ObjectiveName, ObjectiveName] = ("balanced_accuracy", "worst_sensitivity")
    over: Grouping | None = None
    thresholds: int = Field(default=101, ge=2, le=1001)
    choose_on: DatasetName | None = None
    group_thresholds: GroupThresholds | None = None
    candidates: dict[Name, OtherModel] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.between[0] == self.between[1]:
            raise ValueError("a trade-off is between two different objectives")
        return self


HYPERVOLUME = MetricDescriptor(
    name="hypervolume",
    title="Hypervolume",
    low=0,
    high=1,
    direction="higher",
    formula="area of all (a, b) with a <= a_i and b <= b_i for some choice i; a gap g between groups enters as 1 - g",
    explanation="How much of both objectives is within reach at once, over all choices that were looked at; 1 is all.",
    does_not_show="Which choice to make, and what a choice would do on other samples: the best are picked on these.",
    source="Zitzler and Thiele, IEEE Trans. Evol. Comput. 3 (1999) 257",
)
DISTANCE_TO_OPTIMUM = MetricDescriptor(
    name="distance_to_optimum",
    title="Distance to optimum",
    low=0,
    direction="lower",
    formula="sqrt(sum_j (best_j - value_j)^2), best_j the best value of objective j among the choices compared",
    explanation="How far a choice is from one that would be best in every objective at once.",
    does_not_show=(
        "Whether such a choice exists. It changes with the choices that are compared, and in resamples it is larger "
        "than in the sample itself, so that its interval leans upward."
    ),
    source="Zong, Yang and Hospedales, ICLR (2023) (DTO)",
)
FRONT_SHARE = MetricDescriptor(
    name="pareto_front_share",
    title="On the Pareto front",
    low=0,
    high=1,
    direction="none",
    formula="share of cluster bootstrap samples in which no choice is as good in both objectives and better in one",
    explanation="How often a choice would be one that no other beats, had other patients been sampled.",
    does_not_show="How much better it is, or whether a difference matters.",
    source="Pareto front: Zitzler and Thiele, IEEE Trans. Evol. Comput. 3 (1999) 257",
)
DECIDED_BY_CHANCE = MetricDescriptor(
    name="decided_by_chance",
    title="Decisions that another draw would change",
    low=0,
    high=0.5,
    direction="lower",
    formula="mean over samples of 2 q (1 - q), q the probability with which group thresholds flag the sample",
    explanation=(
        "Thresholds by group that make rates exactly equal decide some samples by lot; this is the share whose "
        "decision would differ if the lot were drawn again."
    ),
    does_not_show=(
        "Whether thresholds by group are lawful or wanted. They may be neither: to treat equal scores differently by "
        "group is a question for people, and these numbers recommend nothing."
    ),
    source="Hardt, Price and Srebro, NeurIPS (2016); fairlearn ThresholdOptimizer",
)

METRICS: tuple[MetricDescriptor, ...] = (
    OPERATING_THRESHOLD,
    HYPERVOLUME,
    DISTANCE_TO_OPTIMUM,
    FRONT_SHARE,
    DECIDED_BY_CHANCE,
)
