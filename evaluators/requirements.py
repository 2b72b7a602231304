"""What evaluators require of the datasets that their options name, said where the author can mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evaluators.operating_point import OperatingPointOptions
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError, near_name
from governance.harness.protocols import EvaluationContext

if TYPE_CHECKING:
    from evaluators.binary import Predictions


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
        If the dataset to choose on is unknown, or `refuse_judged` refuses it.
    """
    if options.choose_on is None:
        return
    key = "operating_point.choose_on"
    chosen = binary_dataset(context, options.choose_on, evaluator=evaluator, key=key)
    refuse_judged(chosen, binary_dataset(context, scored, evaluator=evaluator), where=f"evaluate.{evaluator}.{key}")


def refuse_judged(chosen: DatasetInfo, judged: DatasetInfo, *, where: str) -> None:
    """Refuse to choose on the content, or on patients, of the dataset that the choice is judged on.

    Raises
    ------
    InputError
        If the content is the same, or both datasets name patients and share some.
    """
    if chosen.digest == judged.digest:
        raise InputError(
            f"{where}: '{chosen.name}' has the same content as '{judged.name}', which is scored",
            hint="choose on samples that are not scored",
        )
    shared = shared_patients(chosen, judged)
    if shared:
        raise InputError(
            f"{where}: '{chosen.name}' shares {shared} patients with '{judged.name}', which is scored",
            hint="split by patient: choose on patients who are not scored",
        )


def shared_patients(first: DatasetInfo, second: DatasetInfo) -> int:
    """Patients in both datasets, where both name patients; row numbers of unclustered data may be equal by chance."""
    if not (first.clustered and second.clustered):
        return 0
    return len(set(first.frame["cluster"]) & set(second.frame["cluster"]))


def refuse_repeated(
    chosen: tuple[DatasetInfo, Predictions], judged: tuple[DatasetInfo, Predictions], *, where: str
) -> None:
    """Refuse to choose on samples that are scored, also where no patients are named: parts of a table, rows reordered.

    Equal identifiers alone say little (each dataset may count from 0), and so do equal outcomes. Samples that have the
    same identifier, outcome and score are the same ones, where the scores are not a few round numbers.

    Raises
    ------
    InputError
        If most samples whose identifier is in both datasets have the same outcome and score in both, and at least
        `_DISTINCT` different scores are among them.
    """
    import numpy as np

    (first, one), (second, two) = chosen, judged
    _, here, there = np.intersect1d(
        first.frame["sample_id"].to_numpy(str), second.frame["sample_id"].to_numpy(str), return_indices=True
    )
    both = one.usable[here] & two.usable[there]
    here, there = here[both], there[both]
    same = (one.score[here] == two.score[there]) & (one.positive[here] == two.positive[there])
    if 2 * int(same.sum()) > here.size and np.unique(one.score[here[same]]).size >= _DISTINCT:
        raise InputError(
            f"{where}: {int(same.sum())} samples of '{first.name}' are in '{second.name}' too, which is scored",
            hint="choose on samples that are not scored",
        )


_DISTINCT = 10
"""Different scores from which on equal ones in two datasets are no coincidence."""
