"""Several classes of which one is right: decided for the highest score, group by group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from evaluators import estimates, metrics
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.tasks import class_metrics as own
from evaluators.fairness.tasks.board import WORST_AND_DIFFERENCE, Board, Question
from evaluators.fairness.tasks.classes import ClassQuestion, each, macro
from evaluators.fairness.tasks.setting import board_of, groupings_of, refuse, scored_dataset, task_options
from governance.errors import InputError
from governance.evidence.model import Measurement, Method, OperatingPoint
from governance.harness.protocols import EvaluationContext, Need, Observations
from governance.statistics import calibration as statistics
from governance.statistics.clusters import Floats, Integers, count_clusters

if TYPE_CHECKING:
    from evaluators.fairness.descriptors import FairnessOptions

HIGHEST = OperatingPoint(threshold=0.5, rule="highest score")
"""The decision as a threshold on 0 and 1; never shown, because nobody can choose it."""
BINNING: statistics.Binning = "equal width"


@dataclass(frozen=True)
class Decided:
    """Scores with the class that they decide for (the first of equal ones) and the class that is right.

    `scores` is (n, classes), NaN where there is no output; `choice` and `truth` are (n,) class numbers, -1 without an
    output.
    """

    scores: Floats
    choice: Integers
    truth: Integers

    @property
    def confidence(self) -> Floats:
        """(n,) highest score; NaN where there is no output."""
        highest: Floats = self.scores.max(axis=1)
        return highest

    @property
    def right(self) -> Bools:
        """(n,) whether the decision is right."""
        found: Bools = self.choice == self.truth
        return found


def needs(context: EvaluationContext, options: FairnessOptions) -> Iterable[Need]:
    """Ask for the predictions of the scored dataset."""
    refuse(context, options, uses=("top",), operating_point="several classes are decided for the highest score")
    names = scored_dataset(context, options).classes
    for k in task_options(options).top:
        if k >= len(names):
            raise InputError(
                f"evaluate.fairness.tasks.top: {k} of {len(names)} classes is always right",
                hint=f"choose from 2 to {len(names) - 1}",
            )
    groupings_of(context, options)
    yield Need.of("predict", options.on)


def measure(observations: Observations, context: EvaluationContext, options: FairnessOptions) -> Iterator[Measurement]:
    """Measure the decision as a whole, its probabilities, each class, and the cells of the confusion matrix."""
    board = board_of(Need.of("predict", options.on), observations, context, options)
    names = board.observed.dataset.classes
    decided = _decided(board, names)
    classes = [
        ClassQuestion(
            name,
            board.observed.question((decided.choice == index).astype(np.float64), decided.truth == index),
            board.observed.question(decided.scores[:, index], decided.truth == index),
            HIGHEST,
            None,
        )
        for index, name in enumerate(names)
    ]
    whole = [
        board.rejected(),
        Question(
            metrics.ACCURACY,
            lambda inside: board.share(decided.right, board.observed.usable, inside, what="patients with an output"),
            compared=WORST_AND_DIFFERENCE,
            again=lambda inside: _again(board, decided, inside, "accuracy"),
        ),
        *(_top(board, decided, k) for k in task_options(options).top),
    ]
    for metric, of, name in (
        (own.MACRO_SENSITIVITY, metrics.SENSITIVITY, "balanced_accuracy"),
        (own.MACRO_F1_SCORE, metrics.F1_SCORE, "f1"),
        (own.MACRO_AUROC, metrics.AUROC, "auroc"),
    ):
        whole.append(
            macro(board, metric, of, classes, again=lambda inside, name=name: _again(board, decided, inside, name))  # type: ignore[misc]
        )
    whole += [
        Question(own.MULTICLASS_BRIER_SCORE, lambda inside: _brier(board, decided, inside)),
        Question(own.CONFIDENCE_CALIBRATION_ERROR, lambda inside: _confidence(board, decided, inside, options.bins)),
    ]
    yield from board.ask([*whole, *each(board, classes)])
    yield from _confusion(board, decided, names)
    yield from _reliability(board, decided, options.bins)


def _decided(board: Board, names: tuple[str, ...]) -> Decided:
    observed = board.observed
    scores = observed.scores(names, "classes")
    truth = observed.target().astype(np.int64)
    if truth.max() >= len(names):
        raise InputError(f"datasets.{observed.dataset.name}: there is no class number {truth.max()}")
    choice = np.full(observed.dataset.n, -1)
    choice[observed.usable] = scores[observed.usable].argmax(axis=1)
    return Decided(scores, choice, truth)


def _top(board: Board, decided: Decided, k: int) -> Question:
    order = np.argsort(-np.nan_to_num(decided.scores, nan=-1.0), axis=1, kind="stable")[:, :k]
    among_first = (order == decided.truth[:, None]).any(axis=1) & board.observed.usable
    return Question(
        own.TOP_K_ACCURACY,
        lambda inside: board.share(among_first, board.observed.usable, inside, what="patients with an output"),
        about={"variant": f"top {k}"},
        compared=WORST_AND_DIFFERENCE,
    )


def _brier(board: Board, decided: Decided, inside: Bools) -> Estimate | str:
    scored = inside & board.observed.usable
    truth = np.eye(decided.scores.shape[1])[decided.truth]
    return board.few(scored) or estimates.mean(
        np.square(decided.scores - truth).sum(axis=1),
        scored,
        board.observed.codes,
        low=0.0,
        high=2.0,
        parameters=board.observed.left_out(inside),
        n_clusters=board.observed.n_clusters,
    )


def _confidence(board: Board, decided: Decided, inside: Bools, bins: int) -> Estimate | str:
    scored = inside & board.observed.usable
    reason = board.few(scored)
    if reason:
        return reason
    confidence, right, codes = decided.confidence[scored], decided.right[scored], board.observed.codes[scored]
    settings = board.settings
    return Estimate(
        value=statistics.expected_calibration_error(confidence, right, bins, BINNING),
        n=confidence.size,
        n_clusters=count_clusters(codes),
        events=int(right.sum()),
        bounds=lambda level: statistics.calibration_error_interval(
            confidence,
            right,
            codes,
            bins,
            BINNING,
            level=level,
            seed=settings.seed,
            replicates=settings.replicates,
        ),
        method=Method(
            name="binned, against its own value under perfect calibration",
            parameters={
                **board.observed.left_out(inside),
                "bins": bins,
                "binning": BINNING,
                "error_if_calibrated": statistics.error_if_calibrated(confidence, bins, BINNING, seed=settings.seed),
                "replicates": settings.replicates,
                "seed": settings.seed,
            },
            source=own.CONFIDENCE_CALIBRATION_ERROR.source,
        ),
    )


def _confusion(board: Board, decided: Decided, names: tuple[str, ...]) -> Iterator[Measurement]:
    """Give the cells of the confusion matrix for everyone, as shares of the row.

    Rows with too few patients are left out; the sensitivity of their class, which rests on the same row, says so.
    """
    everyone = np.ones(board.observed.dataset.n, dtype=bool)
    for row, name in enumerate(names):
        among = board.observed.usable & (decided.truth == row)
        for column, other in enumerate(names):
            answer = board.share(decided.choice == column, among, everyone, what="patients of the class")
            if isinstance(answer, Estimate):
                yield board.recorder.measured(own.CONFUSION_RATE, answer, target_class=name, curve={"predicted": other})


def _reliability(board: Board, decided: Decided, bins: int) -> Iterator[Measurement]:
    """Give the accuracy of every bin that holds a highest score, for everyone."""
    usable = board.observed.usable
    numbers = np.full(usable.size, -1)
    numbers[usable] = statistics.bin_numbers(decided.confidence[usable], bins, BINNING)
    for number in np.unique(numbers[usable]):
        among = numbers == number
        estimate = estimates.proportion(
            decided.right,
            among,
            board.observed.codes,
            name="share with cluster-adjusted interval",
            parameters={"bins": bins, "binning": BINNING},
            n_clusters=board.observed.n_clusters,
        )
        curve = {"bin": int(number), "predicted": float(decided.confidence[among].mean())}
        yield board.recorder.measured(own.OBSERVED_ACCURACY, estimate, curve=curve)


def _again(board: Board, decided: Decided, inside: Bools, name: str) -> Mapping[str, float]:
    if not find_spec("sklearn"):
        return {}
    from sklearn import metrics as sklearn

    scored = inside & board.observed.usable
    truth, choice, labels = decided.truth[scored], decided.choice[scored], range(decided.scores.shape[1])
    if name == "auroc":
        # One class against the rest needs no scores that add up to one, which scikit-learn's own multiclass form asks.
        each_class = [sklearn.roc_auc_score(truth == index, decided.scores[scored, index]) for index in labels]
        value = float(np.mean(each_class))
    elif name == "f1":
        value = float(sklearn.f1_score(truth, choice, labels=list(labels), average="macro", zero_division=np.nan))
    elif name == "balanced_accuracy":
        value = float(sklearn.balanced_accuracy_score(truth, choice))
    else:
        value = float(sklearn.accuracy_score(truth, choice))
    return {"scikit-learn": value}
