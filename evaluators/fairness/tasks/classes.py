"""Questions that several classes and several labels have in common: each class by itself, and means over classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import Predictions, auroc_estimate, threshold_estimate
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.tasks.averages import average
from evaluators.fairness.tasks.board import WORST_AND_DIFFERENCE, Board, Question
from evaluators.grouping import Minimums
from governance.evidence.model import MetricDescriptor, OperatingPoint
from governance.statistics import confusion

SHARES = (
    metrics.SENSITIVITY,
    metrics.SPECIFICITY,
    metrics.POSITIVE_PREDICTIVE_VALUE,
    metrics.NEGATIVE_PREDICTIVE_VALUE,
    metrics.SELECTION_RATE,
)
COMPARED = (metrics.SENSITIVITY, metrics.SPECIFICITY, metrics.AUROC)
"""Metrics of a class of which the worst group and the differences are given."""


@dataclass(frozen=True)
class ClassQuestion:
    """A class (or label) as a binary question.

    Attributes
    ----------
    decided
        What the model says, as scores of 0 and 1 where the decision is the highest score, else the scores themselves.
    ranked
        The scores, for ranking metrics.
    point
        The threshold on `decided`.
    shown
        The operating point that measurements carry; None where nobody can choose one.
    """

    name: str
    decided: Predictions
    ranked: Predictions
    point: OperatingPoint
    shown: OperatingPoint | None
    _latest: dict[str, tuple[Bools, Estimate | str]] = field(default_factory=dict, repr=False)

    @property
    def flagged(self) -> Bools:
        """(n,) whether the model says that the sample is of the class."""
        return self.decided.flagged(self.point)

    def estimate(self, metric: MetricDescriptor, inside: Bools, minimums: Minimums) -> Estimate | str:
        """Estimate a metric of the class in a slice, or say why not; the latest slice is remembered.

        The class by itself and the mean over classes ask for the same numbers of the same mask.
        """
        mask, found = self._latest.get(metric.name, (None, ""))
        if mask is not inside:
            found = self._estimate(metric, inside, minimums)
            self._latest[metric.name] = (inside, found)
        return found

    def _estimate(self, metric: MetricDescriptor, inside: Bools, minimums: Minimums) -> Estimate | str:
        if metric is metrics.AUROC:
            return auroc_estimate(self.ranked, inside, minimums)
        if metric is metrics.PREVALENCE:
            return self._prevalence(inside, minimums)
        if metric is metrics.F1_SCORE:
            return self._f1(inside, minimums)
        return threshold_estimate(metric, self.decided, inside, self.point, minimums)

    def _prevalence(self, inside: Bools, minimums: Minimums) -> Estimate | str:
        data = self.decided
        return minimums.missing(data.patients(inside), []) or estimates.proportion(
            data.positive,
            inside,
            data.codes,
            name="share with cluster-adjusted interval",
            parameters={},
            n_clusters=data.n_clusters,
        )

    def _f1(self, inside: Bools, minimums: Minimums) -> Estimate | str:
        data = self.decided
        scored = inside & data.usable
        flagged, positive, codes = self.flagged[scored], data.positive[scored], data.codes[scored]
        needed = [("patients of the class", data.patients(scored & data.positive))]
        reason = minimums.missing(data.patients(scored), needed)
        return reason or estimates.ratio(
            confusion.f1_score(flagged, positive, codes),
            codes,
            events=int(positive.sum()),
            parameters={"rejected_left_out": int(np.sum(inside & ~data.usable))},
            n_clusters=data.n_clusters,
            source=metrics.F1_SCORE.source,
        )


def each(board: Board, classes: Sequence[ClassQuestion]) -> list[Question]:
    """Ask the metrics of each class."""
    asked = (metrics.PREVALENCE, *SHARES, metrics.F1_SCORE, metrics.AUROC)
    return [
        Question(
            metric,
            lambda inside, metric=metric, one=one: one.estimate(metric, inside, board.minimums),  # type: ignore[misc]
            about={"target_class": one.name},
            compared=WORST_AND_DIFFERENCE if metric in COMPARED else (),
            point=one.shown if metric not in (metrics.PREVALENCE, metrics.AUROC) else None,
        )
        for one in classes
        for metric in asked
    ]


def macro(
    board: Board,
    metric: MetricDescriptor,
    of: MetricDescriptor,
    classes: Sequence[ClassQuestion],
    *,
    again: Callable[[Bools], Mapping[str, float]] | None = None,
) -> Question:
    """Ask for the mean of a metric over all classes; one class without a value leaves the mean without one, too.

    Leaving such a class out would compare means of different classes between groups.
    """

    def estimate(inside: Bools) -> Estimate | str:
        found = [(one.name, one.estimate(of, inside, board.minimums)) for one in classes]
        parts = [part for _, part in found if isinstance(part, Estimate)]
        lacking = [(name, part) for name, part in found if isinstance(part, str)]
        if lacking:
            return f"{lacking[0][0]}: {lacking[0][1]}"
        scored = inside & board.observed.usable
        return average(
            parts,
            n=int(scored.sum()),
            n_clusters=board.observed.patients(scored),
            parameters=board.observed.left_out(inside),
        )

    return Question(metric, estimate, compared=WORST_AND_DIFFERENCE, again=again)
