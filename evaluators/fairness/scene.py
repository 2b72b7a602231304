"""What every part of the fairness evaluator measures from."""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.binary import Predictions
from evaluators.fairness.descriptors import FairnessOptions
from evaluators.grouping import Grouping, Minimums
from evaluators.records import Recorder
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import OperatingPoint
from governance.harness.protocols import EvaluationContext, Observations


@dataclass(frozen=True)
class Scene:
    """The scored dataset with the predictions of it, the operating point, and how numbers are recorded.

    Attributes
    ----------
    groupings
        Those of the options, then those that the policy's rules ask for.
    chosen_from
        Predictions of the dataset that the operating point was chosen on; None where it is fixed.
    """

    context: EvaluationContext
    options: FairnessOptions
    observations: Observations
    dataset: DatasetInfo
    data: Predictions
    point: OperatingPoint
    chosen_from: Predictions | None
    recorder: Recorder
    minimums: Minimums
    groupings: tuple[Grouping, ...]

    @property
    def at_point(self) -> Recorder:
        """The recorder of numbers that depend on the operating point."""
        return self.recorder.at(self.point)
