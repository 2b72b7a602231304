"""What the fairness evaluator measures and which options it takes. Imports nothing heavy."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from evaluators import metrics
from evaluators.fairness.comparison.options import METRICS as COMPARISON
from evaluators.fairness.comparison.options import ComparisonOptions
from evaluators.fairness.groups_descriptors import GROUP_METRICS
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
from governance.plugins import EvaluatorDescriptor
from governance.spec.model import Name, Text, Written


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
    bins
        Bins of equal width of the reliability curve and the expected calibration error.
    trade_off, comparison, individual, proxies, shortcuts
        Parts that are measured only where they are asked for.
    tasks
        What tasks other than binary classification need beside.
    """

    on: Name
    groups: tuple[Text, ...] = ()
    operating_point: OperatingPointOptions = FIXED_HALF
    bins: int = Field(default=10, ge=2, le=100)
    trade_off: TradeOffOptions | None = None
    comparison: ComparisonOptions | None = None
    individual: IndividualOptions | None = None
    proxies: ProxyOptions | None = None
    shortcuts: ShortcutOptions | None = None
    tasks: TaskOptions | None = None

    @model_validator(mode="after")
    def _judged_elsewhere(self) -> Self:
        self.operating_point.refuse_scored(self.on)
        return self


DESCRIPTOR = EvaluatorDescriptor(
    name="fairness",
    title="Fairness between groups",
    implementation="evaluators.fairness.evaluator:EVALUATOR",
    options=FairnessOptions,
    metrics=(
        *GROUP_METRICS,
        metrics.OBSERVED_FREQUENCY,
        *TRADE_OFF,
        *COMPARISON,
        *INDIVIDUAL,
        *PROXIES,
        *SHORTCUTS,
        *TASKS,
    ),
)
