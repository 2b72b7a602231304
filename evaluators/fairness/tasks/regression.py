"""Predicted numbers: errors, bias, explained share, calibration and limits of agreement, group by group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from evaluators import estimates
from evaluators.comparisons import Comparison
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.tasks import deviations
from evaluators.fairness.tasks import number_metrics as own
from evaluators.fairness.tasks.board import WORST_AND_DIFFERENCE, Board, Question
from evaluators.fairness.tasks.setting import board_of, groupings_of, refuse
from governance.errors import InputError
from governance.evidence.model import Measurement, MetricDescriptor, Scalar
from governance.harness.protocols import EvaluationContext, Need, Observations
from governance.statistics.clusters import Floats, Integers

if TYPE_CHECKING:
    from evaluators.fairness.descriptors import FairnessOptions

ONLY_DIFFERENCE: tuple[Comparison, ...] = ("difference",)
"""A bias has no worst group by being lower or higher: the furthest from 0 on either side is."""


@dataclass(frozen=True)
class Pairs:
    """Predictions and targets of the samples of a slice that have an output; all (m,)."""

    predictions: Floats
    target: Floats
    codes: Integers
    n_clusters: int
    parameters: dict[str, Scalar]

    @property
    def errors(self) -> Floats:
        """Prediction minus target."""
        return self.predictions - self.target


def needs(context: EvaluationContext, options: FairnessOptions) -> Iterable[Need]:
    """Ask for the predictions of the scored dataset."""
    refuse(context, options, operating_point="a regression gives numbers and decides nothing")
    groupings_of(context, options)
    yield Need.of("predict", options.on)


def measure(observations: Observations, context: EvaluationContext, options: FairnessOptions) -> Iterator[Measurement]:
    """Measure errors of everyone and of every group, the worst groups and the differences."""
    board = board_of(Need.of("predict", options.on), observations, context, options)
    predictions, target = _values(board), board.observed.target()

    def asked(
        metric: MetricDescriptor, compute: Callable[[Pairs], Estimate | str], compared: tuple[Comparison, ...]
    ) -> Question:
        def estimate(inside: Bools) -> Estimate | str:
            scored = inside & board.observed.usable
            return board.few(scored) or compute(_pairs(board, predictions, target, inside))

        def again(inside: Bools) -> Mapping[str, float]:
            return _again(metric, _pairs(board, predictions, target, inside))

        return Question(metric, estimate, compared=compared, again=again)

    yield from board.ask(
        [
            board.rejected(),
            asked(own.MEAN_ABSOLUTE_ERROR, _mean_absolute_error, WORST_AND_DIFFERENCE),
            asked(own.ROOT_MEAN_SQUARED_ERROR, _root_mean_squared_error, WORST_AND_DIFFERENCE),
            asked(own.R_SQUARED, _r_squared, WORST_AND_DIFFERENCE),
            asked(own.MEAN_ERROR, _mean_error, ONLY_DIFFERENCE),
            asked(own.LINEAR_CALIBRATION_SLOPE, _slope, ONLY_DIFFERENCE),
            asked(own.LOWER_LIMIT_OF_AGREEMENT, lambda pairs: _limit(pairs, -1), ONLY_DIFFERENCE),
            asked(own.UPPER_LIMIT_OF_AGREEMENT, lambda pairs: _limit(pairs, 1), ONLY_DIFFERENCE),
        ]
    )


def _values(board: Board) -> Floats:
    observed = board.observed
    if observed.usable.any() and "value" not in observed.table.columns:
        raise InputError(
            f"dataset '{observed.dataset.name}': the model gives no column `value`",
            hint="a regression gives one number a sample",
        )
    return observed.numbers("value")


def _pairs(board: Board, predictions: Floats, target: Floats, inside: Bools) -> Pairs:
    scored = inside & board.observed.usable
    return Pairs(
        predictions[scored],
        target[scored],
        board.observed.codes[scored],
        board.observed.n_clusters,
        board.observed.left_out(inside),
    )


def _mean(pairs: Pairs, values: Floats, *, low: float) -> Estimate:
    return estimates.mean(
        values,
        np.ones(values.size, dtype=bool),
        pairs.codes,
        low=low,
        high=np.inf,
        parameters=pairs.parameters,
        n_clusters=pairs.n_clusters,
    )


def _mean_absolute_error(pairs: Pairs) -> Estimate:
    return _mean(pairs, np.abs(pairs.errors), low=0.0)


def _mean_error(pairs: Pairs) -> Estimate:
    return _mean(pairs, pairs.errors, low=-np.inf)


def _root_mean_squared_error(pairs: Pairs) -> Estimate:
    return deviations.root_mean_squared_error(pairs.errors, pairs.codes, pairs.n_clusters, pairs.parameters)


def _r_squared(pairs: Pairs) -> Estimate | str:
    return deviations.r_squared(pairs.predictions, pairs.target, pairs.codes, pairs.n_clusters, pairs.parameters)


def _slope(pairs: Pairs) -> Estimate | str:
    return deviations.calibration_slope(
        pairs.predictions, pairs.target, pairs.codes, pairs.n_clusters, pairs.parameters
    )


def _limit(pairs: Pairs, sign: int) -> Estimate | str:
    return deviations.limit_of_agreement(pairs.errors, pairs.codes, pairs.n_clusters, pairs.parameters, sign=sign)


def _again(metric: MetricDescriptor, pairs: Pairs) -> Mapping[str, float]:
    if not find_spec("sklearn"):
        return {}
    from sklearn import metrics as sklearn

    functions = {
        "mean_absolute_error": sklearn.mean_absolute_error,
        "root_mean_squared_error": sklearn.root_mean_squared_error,
        "r_squared": sklearn.r2_score,
    }
    if metric.name not in functions:
        return {}
    return {"scikit-learn": float(functions[metric.name](pairs.target, pairs.predictions))}
