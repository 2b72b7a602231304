"""What every part of the robustness evaluator measures from."""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.binary import Predictions
from evaluators.grouping import Grouping, Minimums
from evaluators.records import Recorder
from evaluators.robustness.descriptors import RobustnessOptions
from evaluators.robustness.scores.measures import View
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import OperatingPoint
from governance.harness.protocols import EvaluationContext, Observations


@dataclass(frozen=True)
class Scene:
    """The scored dataset with the predictions of the clean input, the operating point, and how numbers are recorded.

    Attributes
    ----------
    view
        The clean input.
    decided_at
        The operating point of a binary task; None where several classes are decided for the highest score.
    groupings
        Those of the options, then those that the policy's rules ask for.
    """

    context: EvaluationContext
    options: RobustnessOptions
    observations: Observations
    dataset: DatasetInfo
    view: View
    decided_at: OperatingPoint | None
    recorder: Recorder
    minimums: Minimums
    groupings: tuple[Grouping, ...]

    @property
    def clean(self) -> Predictions:
        """The scores of the clean input of a binary task."""
        return self.view.binary

    @property
    def point(self) -> OperatingPoint:
        """The operating point of a binary task."""
        if self.decided_at is None:
            raise TypeError("several classes have no operating point")
        return self.decided_at

    @property
    def at_point(self) -> Recorder:
        """The recorder of numbers that depend on the operating point."""
        return self.recorder.at(self.decided_at)
