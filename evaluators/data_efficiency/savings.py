"""f*: the smallest share of labels that reaches a reference, and the labels that this saves, for every slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evaluators.data_efficiency.curves import Board, Cell
from evaluators.data_efficiency.descriptors import Target
from evaluators.data_efficiency.matching import Resampling, first_crossing, fraction_interval
from evaluators.data_efficiency.metrics import LABEL_FRACTION_TO_MATCH, LABEL_SAVINGS
from evaluators.data_efficiency.views import Measure
from evaluators.estimates import Estimate
from evaluators.grouping import Slice
from governance.evidence.model import Measurement, Method, Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, count_clusters

AT_THE_SMALLEST = "reached at the smallest share: an upper bound"
CROSSED = "first crossing"


@dataclass(frozen=True)
class Curve:
    """A curve in a slice: cells by share, ascending."""

    shares: Floats
    cells: tuple[Cell, ...]

    @property
    def means(self) -> Floats:
        """(f,) means over seeds."""
        return np.array([cell.average.value for cell in self.cells])

    def replicates(self, resampling: Resampling) -> Floats:
        """(b, f) resampled means."""
        return np.column_stack([resampling.means(cell.average.by_seed, cell.average.influences) for cell in self.cells])


@dataclass(frozen=True)
class Goal:
    """What a curve is to reach: the number, its replicates where it is estimated, and words."""

    value: float
    replicates: Floats | float
    words: str
    share: float


@dataclass
class Savings:
    """The shares of labels that reach a reference on one test dataset."""

    board: Board
    measure: Measure
    target: Target
    replicates: int
    seed: int
    _drawn: dict[int, Resampling] = field(default_factory=dict, repr=False)

    def of(self, arm: str) -> Iterator[Measurement]:
        """Give f* and the savings of an arm for everyone and every group."""
        if self.target.arm == arm and self.target.margin == 0:
            return
        for where in self.board.slices:
            about: dict[str, Any] = {"variant": arm, "slice": where, "estimand": "value"}
            found = self._crossing(arm, where)
            for metric, estimate in zip((LABEL_FRACTION_TO_MATCH, LABEL_SAVINGS), found, strict=True):
                if isinstance(estimate, str):
                    yield self.board.recorder.not_measured(metric, estimate, **about)
                else:
                    yield self.board.recorder.measured(metric, estimate, **about)

    def _crossing(self, arm: str, where: Slice) -> tuple[Estimate | str, Estimate | str]:
        curve, goal = self._curve(arm, where), self._goal(where)
        if isinstance(curve, str) or isinstance(goal, str):
            reason = curve if isinstance(curve, str) else str(goal)
            return reason, reason
        name = self.measure.metric.name
        value = float(first_crossing(curve.shares, curve.means, goal.value)[0])
        drawn = first_crossing(curve.shares, curve.replicates(self._resampling(curve)), goal.replicates)
        never = int(np.sum(~np.isfinite(drawn)))
        if not np.isfinite(value):
            best = int(np.argmax(curve.means))
            reason = (
                f"not reached: {name} is at most {curve.means[best]:.3f} (with {100 * curve.shares[best]:.3g} %), the "
                f"reference is {goal.value:.3f} ({goal.words}); {drawn.size - never} of {drawn.size} resamples reach it"
            )
            return reason, reason
        smallest = float(curve.shares[0])
        parameters: dict[str, Scalar] = {
            "metric": name,
            "reference": goal.words,
            "reference_value": round(goal.value, 6),
            "state": AT_THE_SMALLEST if value <= smallest else CROSSED,
            "replicates": int(drawn.size),
            "replicates_not_reached": never,
            "replicates_at_smallest": int(np.sum(drawn <= smallest)),
        }
        withheld = self._withheld(curve)

        def bounds(level: float) -> Bounds:
            if withheld:
                raise ValueError(withheld)
            return fraction_interval(drawn, smallest, level)

        def saved(level: float) -> Bounds:
            ends = bounds(level)
            return Bounds(1 - ends.high / goal.share, 1 - ends.low / goal.share, ends.method)

        return (
            self._estimate(value, curve, parameters, bounds),
            self._estimate(1 - value / goal.share, curve, {**parameters, "reference_share": goal.share}, saved),
        )

    def _estimate(self, value: float, curve: Curve, parameters: Mapping[str, Scalar], bounds: Any) -> Estimate:
        cell = curve.cells[-1]
        codes = cell.fits.views[0].questions[0].codes[cell.among]
        return Estimate(
            value=value,
            n=int(cell.among.sum()),
            n_clusters=count_clusters(codes),
            events=None,
            bounds=bounds,
            method=Method(
                name="log-linear interpolation of the first crossing",
                parameters=dict(parameters),
                source=LABEL_FRACTION_TO_MATCH.source,
            ),
        )

    def _withheld(self, curve: Curve) -> str | None:
        if len(self.board.seeds) < 2:
            return "one seed does not show how much fits differ; give at least two"
        return next((cell.no_interval for cell in curve.cells if cell.no_interval), None)

    def _curve(self, arm: str, where: Slice) -> Curve | str:
        shares: list[float] = []
        cells: list[Cell] = []
        reason = "the arm has no fit"
        for amount in self.board.fits[arm]:
            if amount.shots:
                return "the arm is fitted on some patients of each class, not on shares of the training patients"
            cell = self.board.cell(self.measure, arm, amount, where)
            if isinstance(cell, str):
                if not cells:
                    # Too few patients to fit on at the smallest shares: the curve starts where it can.
                    reason = f"{amount.words}: {cell}"
                    continue
                return f"{amount.words}: {cell}"
            shares.append(amount.percent / 100)
            cells.append(cell)
        return Curve(np.array(shares), tuple(cells)) if cells else reason

    def _goal(self, where: Slice) -> Goal | str:
        if self.target.value is not None:
            value = self.target.value - self.target.margin
            words = f"the fixed number {self.target.value:g}" + self._below()
            return Goal(value, value, words, max(a.percent for arm in self.board.fits.values() for a in arm) / 100)
        arm = str(self.target.arm)
        amount = max(self.board.fits[arm])
        place = where if self.target.of == "group" else {}
        cell = self.board.cell(self.measure, arm, amount, place)
        if isinstance(cell, str):
            return f"the reference, {arm} with {amount.words}: {cell}"
        curve = Curve(np.array([amount.percent / 100]), (cell,))
        drawn = curve.replicates(self._resampling(curve))[:, 0] - self.target.margin
        among = "" if place or not where else ", everyone"
        words = f"{arm} with {amount.words} of the labels{among}" + self._below()
        return Goal(cell.average.value - self.target.margin, drawn, words, amount.percent / 100)

    def _below(self) -> str:
        return f", less {self.target.margin:g}" if self.target.margin else ""

    def _resampling(self, curve: Curve) -> Resampling:
        clusters = curve.cells[0].average.influences.shape[1]
        if clusters not in self._drawn:
            self._drawn[clusters] = Resampling.of(clusters, len(self.board.seeds), self.replicates, self.seed)
        return self._drawn[clusters]
