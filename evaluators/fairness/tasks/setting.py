"""What all tasks begin with: the dataset, the groupings, and options that make no sense for the task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evaluators.fairness import parts
from evaluators.fairness.tasks.board import Board
from evaluators.fairness.tasks.observed import Observed
from evaluators.fairness.tasks.options import TaskOptions
from evaluators.grouping import Grouping, Minimums, parse_groupings
from evaluators.operating_point import OperatingPointOptions
from evaluators.records import Recorder
from evaluators.requirements import named_dataset
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError
from governance.harness.protocols import EvaluationContext, Need, Observations

if TYPE_CHECKING:
    from evaluators.fairness.descriptors import FairnessOptions

EVALUATOR = "fairness"


def scored_dataset(context: EvaluationContext, options: FairnessOptions) -> DatasetInfo:
    """Return the dataset that is scored."""
    return named_dataset(context, options.on, evaluator=EVALUATOR)


def groupings_of(context: EvaluationContext, options: FairnessOptions) -> tuple[Grouping, ...]:
    """Return the groupings of the options and of the policy's rules."""
    dataset = scored_dataset(context, options)
    return parse_groupings(options.groups, context.requests, dataset, evaluator=EVALUATOR)


def task_options(options: FairnessOptions) -> TaskOptions:
    """Return what the options say of the task, or the defaults."""
    return options.tasks or TaskOptions()


def refuse(
    context: EvaluationContext, options: FairnessOptions, *, uses: tuple[str, ...] = (), operating_point: str | None
) -> None:
    """Refuse options that the task has no use for, so that nobody believes they did something.

    Parameters
    ----------
    uses
        Keys of `tasks` that the task understands.
    operating_point
        Why the task has no operating point that one could choose; None where it has.

    Raises
    ------
    InputError
        Naming the option.
    """
    task = context.subject.task
    given = task_options(options)
    for name in TaskOptions.model_fields:
        if name not in uses and getattr(given, name) != TaskOptions.model_fields[name].get_default(
            call_default_factory=True
        ):
            raise InputError(
                f"evaluate.{EVALUATOR}.tasks.{name}: a {task} task has no use for it", hint="remove the key"
            )
    for name in parts.NAMES:
        if getattr(options, name) is not None:
            raise InputError(
                f"evaluate.{EVALUATOR}.{name}: it is measured for binary classifiers; the subject's task is '{task}'",
                hint="remove the key, or set subject.task: binary",
            )
    if operating_point is not None and options.operating_point != OperatingPointOptions(threshold=0.5):
        raise InputError(f"evaluate.{EVALUATOR}.operating_point: {operating_point}", hint="remove the key")


def board_of(need: Need, observations: Observations, context: EvaluationContext, options: FairnessOptions) -> Board:
    """Return the board that a task's questions are asked on."""
    dataset = scored_dataset(context, options)
    return Board(
        observed=Observed.of(observations.table(need), dataset),
        recorder=Recorder(EVALUATOR, dataset, context.settings.level),
        minimums=Minimums(context.settings.minimum_patients, context.settings.minimum_events),
        groupings=groupings_of(context, options),
        settings=context.settings,
    )
