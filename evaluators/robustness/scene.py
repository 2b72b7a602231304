"""What every part of the robustness evaluator measures from."""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.binary import Predictions
from evaluators.grouping import Grouping, Minimums
from evaluators.records import Recorder
from evaluators.robustness.descriptors import RobustnessOptions
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import OperatingPoint
from governance.harness.protocols import EvaluationContext, Observations


@dataclass(frozen=True)
class Scene:
    """The scored dataset with the predictions of the clean input, the operating point, and how numbers are recorded.

    Attributes
    ----------
    groupings
        Those of the options, then those that the policy's rules ask for.
    """

    context: EvaluationContext
    options: RobustnessOptions
    observations: Observations
    dataset: DatasetInfo
    clean: Predictions
    point: OperatingPoint
    recorder: Recorder
    minimums: Minimums
    groupings: tuple[Grouping, ...]

    @property
    def at_point(self) -> Recorder:
        """The recorder of numbers that depend on the operating point."""
        return self.recorder.at(self.point)
