"""Masks: overlap and distance of each sample, group by group; empty masks are counted beside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from evaluators import estimates
from evaluators.comparisons import Comparison
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.tasks import mask_metrics as own
from evaluators.fairness.tasks import spread
from evaluators.fairness.tasks.board import WORST_AND_DIFFERENCE, Board, Question
from evaluators.fairness.tasks.setting import EVALUATOR, board_of, groupings_of, refuse, task_options
from evaluators.grouping import recorded
from governance.errors import InputError
from governance.evidence.model import Measurement, MetricDescriptor
from governance.harness.protocols import EvaluationContext, Need, Observations
from governance.statistics.clusters import Floats

if TYPE_CHECKING:
    from evaluators.fairness.descriptors import FairnessOptions


def needs(context: EvaluationContext, options: FairnessOptions) -> Iterable[Need]:
    """Ask for the overlap of every sample: recorded elsewhere, or measured where the model draws its masks."""
    refuse(context, options, uses=("spacing",), operating_point=None)
    if options.operating_point.choose_on is not None:
        raise InputError(
            f"evaluate.{EVALUATOR}.operating_point.choose_on: a pixel belongs to the mask from a fixed threshold on",
            hint="write operating_point: {threshold: 0.5}",
        )
    groupings_of(context, options)
    yield _need(context, options)


def measure(observations: Observations, context: EvaluationContext, options: FairnessOptions) -> Iterator[Measurement]:
    """Measure everyone and every group, worst groups and differences, then how far groups are apart as one number."""
    board = board_of(_need(context, options), observations, context, options)
    observed = board.observed
    dice = observed.numbers("dice")
    _in_range(board, "dice", dice)
    questions = [
        Question(own.DICE, lambda inside: _mean(board, dice, inside, high=1.0), compared=WORST_AND_DIFFERENCE),
        board.rejected(),
        *_optional(board),
        *_empty(board),
    ]
    yield from board.ask(questions)
    for grouping in board.groupings:
        answers = {} if grouping.unknown(observed.dataset) else board.answers[0]
        cells = [] if not answers else [cell for cell in grouping.slices(observed.dataset) if recorded(cell)]
        found = [answers[frozenset(cell.items())] for cell in cells]
        yield from _apart(board, grouping.over, board.answers[0][frozenset()], found)


def _need(context: EvaluationContext, options: FairnessOptions) -> Need:
    if context.subject.kind == "recorded":
        return Need.of("predict", options.on)
    threshold, spacing = options.operating_point.threshold, task_options(options).spacing
    if spacing is None:
        return Need.of("segment", options.on, threshold=threshold)
    return Need.of("segment", options.on, threshold=threshold, spacing=spacing)


def _optional(board: Board) -> list[Question]:
    """Ask for the measures that were observed for some sample at all."""
    asked: list[Question] = []
    for metric, high in ((own.IOU, 1.0), (own.HAUSDORFF_95, np.inf)):
        values = board.observed.numbers(metric.name)
        if np.isfinite(values).any():
            _in_range(board, metric.name, values, high)
            asked.append(_question(board, metric, values, high))
    return asked


def _question(board: Board, metric: MetricDescriptor, values: Floats, high: float) -> Question:
    compared: tuple[Comparison, ...] = WORST_AND_DIFFERENCE
    return Question(metric, lambda inside: _mean(board, values, inside, high=high), compared=compared)


def _empty(board: Board) -> list[Question]:
    """Ask how many masks are empty, where that was observed."""
    nothing, drawn_nothing = (board.observed.numbers(name) for name in ("reference_empty", "prediction_empty"))
    known = np.isfinite(nothing) & np.isfinite(drawn_nothing)
    if not known.any():
        return []
    return [
        Question(own.EMPTY_REFERENCE_RATE, lambda inside: board.share(nothing == 1, known, inside, what="known masks")),
        Question(
            own.MISSED_STRUCTURE_RATE,
            lambda inside: board.share(
                drawn_nothing == 1, known & (nothing == 0), inside, what="patients with something to outline"
            ),
            compared=WORST_AND_DIFFERENCE,
        ),
        Question(
            own.INVENTED_STRUCTURE_RATE,
            lambda inside: board.share(
                drawn_nothing == 0, known & (nothing == 1), inside, what="patients with nothing to outline"
            ),
        ),
    ]


def _mean(board: Board, values: Floats, inside: Bools, *, high: float) -> Estimate | str:
    defined = inside & np.isfinite(values)
    reason = board.few(inside & board.observed.usable, ("patients with a defined value", np.isfinite(values)))
    return reason or estimates.mean(
        np.where(defined, values, 0.0),
        defined,
        board.observed.codes,
        low=0.0,
        high=high,
        parameters={
            **board.observed.left_out(inside),
            "undefined_left_out": int(np.sum(inside & board.observed.usable & ~defined)),
        },
        n_clusters=board.observed.n_clusters,
    )


def _in_range(board: Board, name: str, values: Floats, high: float = 1.0) -> None:
    wrong = ~np.isnan(values) & ~((values >= 0) & (values <= high) & np.isfinite(values))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InputError(
            f"dataset '{board.observed.dataset.name}': {name} of sample '{board.observed.table.index[first]}' is"
            f" {values[first]}",
            hint="expected a share from 0 to 1" if high == 1.0 else "expected a distance of at least 0",
        )


def _apart(board: Board, over: str, overall: Estimate | str, found: list[Estimate | str]) -> Iterator[Measurement]:
    """Give equity-scaled Dice and skewness of a grouping, of all its groups or not at all."""
    groups = [one for one in found if isinstance(one, Estimate)]
    reason = None
    if isinstance(overall, str):
        reason = overall
    elif len(groups) < max(2, len(found)):
        lacking = len(found) - len(groups)
        reason = f"{lacking} of {len(found)} groups have no value" if lacking else "there is only one group to compare"
    for metric, make in ((own.EQUITY_SCALED_DICE, spread.equity_scaled), (own.DICE_SKEWNESS, spread.skewness)):
        answer = reason if reason or isinstance(overall, str) else make(overall, groups, level_seed=board.settings.seed)
        if isinstance(answer, Estimate):
            yield board.recorder.measured(metric, answer, over=over)
        else:
            yield board.recorder.not_measured(metric, answer or "not computed", over=over)
