"""Which module measures which task: the way from the fairness evaluator to tasks other than binary classification."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from governance.errors import InputError
from governance.evidence.model import Measurement
from governance.harness.protocols import EvaluationContext, Need, Observations

if TYPE_CHECKING:
    from evaluators.fairness.descriptors import FairnessOptions

TASKS = ("multiclass", "multilabel", "regression", "segmentation")
"""Tasks with a module of their name in this package."""


class Task(Protocol):
    """A module ``evaluators.fairness.tasks.<task>``."""

    def needs(self, context: EvaluationContext, options: FairnessOptions) -> Iterable[Need]:
        """Say what must be observed; refuse options that make no sense for the task."""
        ...

    def measure(
        self, observations: Observations, context: EvaluationContext, options: FairnessOptions
    ) -> Iterator[Measurement]:
        """Measure from the observations alone: everyone, every group, worst groups and differences."""
        ...


def task_of(context: EvaluationContext) -> Task:
    """Return the module of the subject's task.

    Raises
    ------
    InputError
        If groups of such a task cannot be compared here.
    """
    task = context.subject.task
    if task not in TASKS:
        raise InputError(
            f"evaluate.fairness: it compares groups of labels, numbers and masks; the subject's task is '{task}'",
            hint="remove the evaluator from `evaluate`, or set subject.task: binary, " + ", ".join(TASKS),
        )
    return cast(Task, import_module(f"evaluators.fairness.tasks.{task}"))
