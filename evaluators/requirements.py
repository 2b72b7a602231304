"""What evaluators require of the datasets that their options name, said where the author can mend it."""

from __future__ import annotations

from evaluators.operating_point import OperatingPointOptions
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError, near_name
from governance.harness.protocols import EvaluationContext


def named_dataset(context: EvaluationContext, name: str, *, evaluator: str, key: str = "on") -> DatasetInfo:
    """Return the dataset of a name.

    Raises
    ------
    InputError
        If the spec has no dataset of that name.
    """
    if name not in context.datasets:
        raise InputError(
            f"evaluate.{evaluator}.{key}: unknown dataset '{name}'", hint=near_name(name, context.datasets)
        )
    return context.datasets[name]


def binary_dataset(context: EvaluationContext, name: str, *, evaluator: str, key: str = "on") -> DatasetInfo:
    """Return a dataset for a binary classifier.

    Raises
    ------
    InputError
        If the subject's task is another one, or the spec has no dataset of that name.
    """
    if context.subject.task != "binary":
        raise InputError(
            f"evaluate.{evaluator}: the evaluator measures binary classifiers; the subject's task is "
            f"'{context.subject.task}'",
            hint="remove the evaluator from `evaluate`, or set subject.task: binary",
        )
    return named_dataset(context, name, evaluator=evaluator, key=key)


def independent_choice(
    context: EvaluationContext, options: OperatingPointOptions, scored: str, *, evaluator: str
) -> None:
    """Refuse a threshold chosen on the samples that it is judged on, under whatever name.

    Raises
    ------
    InputError
        If the dataset to choose on is unknown, or has the content of the scored one.
    """
    if options.choose_on is None:
        return
    key = "operating_point.choose_on"
    chosen = binary_dataset(context, options.choose_on, evaluator=evaluator, key=key)
    judged = binary_dataset(context, scored, evaluator=evaluator)
    if chosen.digest == judged.digest:
        raise InputError(
            f"evaluate.{evaluator}.{key}: '{chosen.name}' has the same content as '{judged.name}', which is scored",
            hint="choose the operating point on samples that are not scored",
        )
