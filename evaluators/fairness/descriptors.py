"""What the fairness evaluator measures and which options it takes. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from evaluators import metrics
from evaluators.at_prevalence_metrics import METRICS as AT_PREVALENCE
from evaluators.fairness.comparison.options import METRICS as COMPARISON
from evaluators.fairness.comparison.options import ComparisonOptions
from evaluators.fairness.gaps_descriptors import GAP_METRICS
from evaluators.fairness.groups_descriptors import GROUP_METRICS
from evaluators.fairness.hypotheses.options import METRICS as HYPOTHESES
from evaluators.fairness.hypotheses.options import HypothesisOptions
from evaluators.fairness.individual.options import METRICS as INDIVIDUAL
from evaluators.fairness.individual.options import IndividualOptions
from evaluators.fairness.proxies.options import METRICS as PROXIES
from evaluators.fairness.proxies.options import ProxyOptions
from evaluators.fairness.shortcuts.options import METRICS as SHORTCUTS
from evaluators.fairness.shortcuts.options import ShortcutOptions
from evaluators.fairness.tasks.options import METRICS as TASKS
from evaluators.fairness.tasks.options import TaskOptions
from evaluators.fairness.trade_off.options import METRICS as TRADE_OFF
from evaluators.fairness.trade_off.options import TradeOffOptions
from evaluators.operating_point import FIXED_HALF, OperatingPointOptions
from governance.errors import near_name
from governance.plugins import EvaluatorDescriptor
from governance.spec.model import Name, Text, Written

COMPARED = ("sensitivity", "specificity", "auroc")


class IntersectionOptions(Written):
    """``intersections: {of: [sex, race, age], depth: 2}``: every combination of up to `depth` of the attributes."""

    of: tuple[Name, ...] = Field(min_length=2)
    depth: int = Field(default=2, ge=2)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if len(set(self.of)) < len(self.of):
            raise ValueError("`of` names an attribute twice")
        if self.depth > len(self.of):
            raise ValueError(f"`depth` is {self.depth}, but `of` names {len(self.of)} attributes")
        return self


class FairnessOptions(Written):
    """Options under ``evaluate: {fairness: ...}``.

    Attributes
    ----------
    on
        The dataset that is scored.
    groups
        Attributes, or several joined by " x " for their combinations.
    operating_point
        A fixed threshold, or how to choose one on another dataset.
    intersections
        Groupings to make of several attributes. Their groups have fewer metrics, and pairs are compared only where the
        policy asks for it.
    compare
        Metrics of which the worst group and the difference of every pair are given, beside those the policy asks for.
    ratios
        Metrics of which the ratio of every pair is given.
    bins
        Bins of the reliability curve and the expected calibration errors.
    max_false_positive_rate
        Where the partial AUROC ends.
    net_benefit_at
        Threshold probability of the net benefit; without it, the threshold of the operating point.
    prevalences
        How common the condition is where the model will be used: predictive values and flags per 100 at each.
    trade_off, comparison, individual, proxies, shortcuts, hypotheses
        Parts that are measured only where they are asked for.
    tasks
        What tasks other than binary classification need beside.
    """

    on: Name
    groups: tuple[Text, ...] = ()
    operating_point: OperatingPointOptions = FIXED_HALF
    intersections: IntersectionOptions | None = None
    compare: tuple[Name, ...] = COMPARED
    ratios: tuple[Name, ...] = ()
    bins: int = Field(default=10, ge=2, le=100)
    max_false_positive_rate: float = Field(default=0.1, gt=0, le=1)
    net_benefit_at: float | None = Field(default=None, gt=0, lt=1)
    prevalences: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    trade_off: TradeOffOptions | None = None
    comparison: ComparisonOptions | None = None
    individual: IndividualOptions | None = None
    proxies: ProxyOptions | None = None
    shortcuts: ShortcutOptions | None = None
    hypotheses: HypothesisOptions | None = None
    tasks: TaskOptions | None = None

    @model_validator(mode="after")
    def _judged_elsewhere(self) -> Self:
        self.operating_point.refuse_scored(self.on)
        return self

    @field_validator("compare", "ratios")
    @classmethod
    def _comparable(cls, written: tuple[str, ...]) -> tuple[str, ...]:
        known = [metric.name for metric in GROUP_METRICS]
        for name in written:
            if name not in known:
                near = near_name(name, known)
                raise ValueError(f"groups cannot be compared by '{name}'; {near}")
        return written


DESCRIPTOR = EvaluatorDescriptor(
    name="fairness",
    title="Fairness between groups",
    implementation="evaluators.fairness.evaluator:EVALUATOR",
    options=FairnessOptions,
    metrics=(
        *GROUP_METRICS,
        *GAP_METRICS,
        metrics.OBSERVED_FREQUENCY,
        *TRADE_OFF,
        *AT_PREVALENCE,
        *COMPARISON,
        *INDIVIDUAL,
        *PROXIES,
        *SHORTCUTS,
        *HYPOTHESES,
        *TASKS,
    ),
)
