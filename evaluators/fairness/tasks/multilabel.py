"""Several labels a sample, each a binary question of its own with an operating point of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from evaluators import metrics
from evaluators.estimates import Bools
from evaluators.fairness.tasks import class_metrics as own
from evaluators.fairness.tasks.board import WORST_AND_DIFFERENCE, Board, Question
from evaluators.fairness.tasks.classes import ClassQuestion, each, macro
from evaluators.fairness.tasks.observed import Observed
from evaluators.fairness.tasks.setting import (
    EVALUATOR,
    board_of,
    groupings_of,
    refuse,
    scored_dataset,
    task_options,
)
from evaluators.operating_point import OperatingPointOptions, operating_point
from evaluators.requirements import named_dataset, refuse_judged
from governance.datasets.targets import label_column
from governance.errors import InputError, near_name
from governance.evidence.model import Measurement
from governance.harness.protocols import EvaluationContext, Need, Observations

if TYPE_CHECKING:
    from evaluators.fairness.descriptors import FairnessOptions


def needs(context: EvaluationContext, options: FairnessOptions) -> Iterable[Need]:
    """Ask for the predictions of the scored dataset, and of those that operating points are chosen on."""
    refuse(context, options, uses=("operating_points",), operating_point=None)
    judged = scored_dataset(context, options)
    for label in task_options(options).operating_points:
        if label not in judged.classes:
            raise InputError(
                f"evaluate.{EVALUATOR}.tasks.operating_points: dataset '{judged.name}' has no label '{label}'",
                hint=near_name(label, judged.classes),
            )
    groupings_of(context, options)
    yield Need.of("predict", options.on)
    for point in dict.fromkeys(_points(options, judged.classes).values()):
        if point.choose_on is not None:
            _independent(context, point, options.on)
            yield Need.of("predict", point.choose_on)


def measure(observations: Observations, context: EvaluationContext, options: FairnessOptions) -> Iterator[Measurement]:
    """Measure each label, means over labels, and how often all labels are right."""
    board = board_of(Need.of("predict", options.on), observations, context, options)
    names = board.observed.dataset.classes
    scores = _scores(board.observed, names)
    labels = []
    for index, (name, chosen) in enumerate(_points(options, names).items()):
        question = board.observed.question(scores[:, index], board.observed.target(label_column(name)) == 1)
        chosen_from = None
        if chosen.choose_on is not None:
            dataset = named_dataset(context, chosen.choose_on, evaluator=EVALUATOR)
            other = Observed.of(observations.table(Need.of("predict", chosen.choose_on)), dataset)
            position = _labels(other, names).index(name)
            chosen_from = other.question(
                _scores(other, dataset.classes)[:, position], other.target(label_column(name)) == 1
            )
        point = operating_point(chosen, chosen_from)
        labels.append(ClassQuestion(name, question, question, point, point))
    whole = [board.rejected(), _exact(board, labels)]
    for metric, of, what in (
        (own.MACRO_SENSITIVITY, metrics.SENSITIVITY, "sensitivity"),
        (own.MACRO_SPECIFICITY, metrics.SPECIFICITY, "specificity"),
        (own.MACRO_F1_SCORE, metrics.F1_SCORE, "f1"),
        (own.MACRO_AUROC, metrics.AUROC, "auroc"),
    ):
        whole.append(
            macro(board, metric, of, labels, again=lambda inside, what=what: _again(board, labels, inside, what))  # type: ignore[misc]
        )
    yield from board.ask([*whole, *each(board, labels)])


def _points(options: FairnessOptions, names: tuple[str, ...]) -> dict[str, OperatingPointOptions]:
    """Return the operating point of every label: its own, or that of the evaluation."""
    return {name: task_options(options).operating_points.get(name, options.operating_point) for name in names}


def _independent(context: EvaluationContext, point: OperatingPointOptions, scored: str) -> None:
    """Refuse a threshold chosen on the samples that it is judged on, under whatever name."""
    key = "operating_point.choose_on"
    chosen = named_dataset(context, point.choose_on or "", evaluator=EVALUATOR, key=key)
    refuse_judged(chosen, named_dataset(context, scored, evaluator=EVALUATOR), where=f"evaluate.{EVALUATOR}.{key}")


def _labels(observed: Observed, names: tuple[str, ...]) -> tuple[str, ...]:
    found = observed.dataset.classes
    if found != names:
        raise InputError(
            f"datasets.{observed.dataset.name} has the labels {', '.join(found)}, the scored dataset"
            f" {', '.join(names)}",
            hint="write the same `targets` in the same order, so that scores mean the same",
        )
    return found


def _scores(observed: Observed, names: tuple[str, ...]) -> np.ndarray:
    if not names:
        raise InputError(
            f"datasets.{observed.dataset.name} has no `targets`", hint="name a column of 0 and 1 for each label"
        )
    return observed.scores(names, "labels")


def _exact(board: Board, labels: list[ClassQuestion]) -> Question:
    right = np.all([one.flagged == one.decided.positive for one in labels], axis=0)
    return Question(
        own.EXACT_MATCH,
        lambda inside: board.share(right, board.observed.usable, inside, what="patients with an output"),
        compared=WORST_AND_DIFFERENCE,
        again=lambda inside: _again(board, labels, inside, "exact"),
    )


def _again(board: Board, labels: list[ClassQuestion], inside: Bools, what: str) -> Mapping[str, float]:
    if not find_spec("sklearn"):
        return {}
    from sklearn import metrics as sklearn

    scored = inside & board.observed.usable
    truth = np.column_stack([one.decided.positive[scored] for one in labels]).astype(int)
    flagged = np.column_stack([one.flagged[scored] for one in labels]).astype(int)
    scores = np.column_stack([one.ranked.score[scored] for one in labels])
    if what == "exact":
        value = float(sklearn.accuracy_score(truth, flagged))
    elif what == "auroc":
        value = float(np.mean([sklearn.roc_auc_score(truth[:, i], scores[:, i]) for i in range(truth.shape[1])]))
    else:
        # What is not of a label is to specificity what is of it to sensitivity.
        sides = (1 - truth, 1 - flagged) if what == "specificity" else (truth, flagged)
        function = sklearn.f1_score if what == "f1" else sklearn.recall_score
        # A table of one column would be read as a binary question of both its sides.
        average = "macro" if truth.shape[1] > 1 else "binary"
        value = float(function(*sides, average=average, zero_division=np.nan))
    return {"scikit-learn": value}
