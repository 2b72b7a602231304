"""Curves: a metric by the share of labels, overall and for each group, arms and ends of a curve compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from evaluators import metrics
from evaluators.comparisons import compare_groups
from evaluators.data_efficiency.averages import SOURCE, Average
from evaluators.data_efficiency.metrics import GAP_CHANGE
from evaluators.data_efficiency.points import Amount
from evaluators.data_efficiency.views import Fits, Measure, View
from evaluators.estimates import Bools, Estimate, withheld
from evaluators.families import two_one_sided_level
from evaluators.grouping import Grouping, Minimums, Slice, distinct_slices, members, pairs, recorded
from evaluators.records import Recorder
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement, Method, Scalar
from governance.statistics.clusters import count_clusters
from governance.statistics.repeated import repeated_auroc, repeated_difference, repeated_interval

ONE_FIT = "one fit; the interval is on the mean over seeds"
Key = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Cell:
    """A metric of an arm among the samples of a slice, at one amount of labels."""

    average: Average
    among: Bools
    fits: Fits
    no_interval: str | None


@dataclass
class Board:
    """All fits of a test dataset, and what was made of them: each cell is made once."""

    recorder: Recorder
    dataset: DatasetInfo
    groupings: tuple[Grouping, ...]
    minimums: Minimums
    seeds: tuple[int, ...]
    fits: Mapping[str, Mapping[Amount, Fits]]
    _cells: dict[tuple[str, str, Amount, Key], Cell | str] = field(default_factory=dict, repr=False)

    @property
    def slices(self) -> tuple[Slice, ...]:
        """Everyone, and every group."""
        return distinct_slices(self.groupings, self.dataset)

    def cell(self, measure: Measure, arm: str, amount: Amount, where: Slice) -> Cell | str:
        """Return a metric, or the reason why there is none."""
        key = (measure.metric.name, arm, amount, frozenset(where.items()))
        if key not in self._cells:
            fits = self.fits[arm][amount]
            self._cells[key] = fits.lacking(self.seeds) or self._made(measure, fits, members(where, self.dataset))
        return self._cells[key]

    def curve(self, measure: Measure, arm: str) -> Iterator[Measurement]:
        """Each fit for everyone; the mean over seeds for every slice; groups compared."""
        for amount, fits in self.fits[arm].items():
            about: dict[str, Any] = {"variant": arm, **amount.about}
            yield from self._each_fit(measure, fits, about)
            found: dict[Key, Estimate | str] = {}
            recorder = self._recorder(measure, fits.views)
            for where in self.slices:
                cell = self.cell(measure, arm, amount, where)
                estimate = cell if isinstance(cell, str) else self._mean(measure, cell)
                found[frozenset(where.items())] = estimate
                yield self._record(recorder, measure, estimate, where, slice=where, estimand="mean", **about)
            for grouping in self.groupings:
                yield from compare_groups(recorder, measure.metric, grouping, self.dataset, found, **about)

    def arm_differences(self, measure: Measure, arm: str, reference: str) -> Iterator[Measurement]:
        """An arm minus another on the same amount, paired by seed and test sample, for every slice."""
        for amount in self.fits[arm]:
            if amount not in self.fits[reference]:
                continue
            recorder = self._recorder(measure, self.fits[arm][amount].views)
            for where in self.slices:
                yield self._record(
                    recorder,
                    measure,
                    self._arm_difference(measure, arm, reference, amount, where),
                    where,
                    slice=where,
                    estimand="difference",
                    variant=arm,
                    reference_variant=reference,
                    **amount.about,
                )

    def gap_changes(self, measure: Measure, arm: str) -> Iterator[Measurement]:
        """How the gap between two groups changes from the fewest to the most labels, for every pair of groups."""
        amounts = tuple(self.fits[arm])
        if len(amounts) < 2:
            return
        for grouping in self.groupings:
            if grouping.unknown(self.dataset) is not None:
                continue
            cells = tuple(cell for cell in grouping.slices(self.dataset) if recorded(cell))
            for where, reference in pairs(cells):
                about: dict[str, Any] = {"variant": arm, "slice": where, "reference": reference, "over": grouping.over}
                estimate = self._gap_change(measure, arm, amounts, where, reference)
                if isinstance(estimate, str):
                    yield self.recorder.not_measured(GAP_CHANGE, estimate, estimand="difference", **about)
                else:
                    level = two_one_sided_level(self.recorder.level)
                    yield self.recorder.measured(GAP_CHANGE, estimate, level=level, estimand="difference", **about)

    def _gap_change(
        self, measure: Measure, arm: str, amounts: Sequence[Amount], where: Slice, reference: Slice
    ) -> Estimate | str:
        # A gap needs both groups, and its change both ends: first what is missing, in words.
        cells: list[Cell] = []
        for amount in (amounts[0], amounts[-1]):
            for one in (where, reference):
                cell = self.cell(measure, arm, amount, one)
                if isinstance(cell, str):
                    return f"{', '.join(one.values())} with {amount.words}: {cell}"
                cells.append(cell)
        first, last = cells[0].average.minus(cells[1].average), cells[2].average.minus(cells[3].average)
        change = last.minus(first)
        estimate = Estimate(
            value=change.value,
            n=int(sum(cell.among.sum() for cell in cells[2:])),
            n_clusters=count_clusters(cells[2].fits.views[0].questions[0].codes[cells[2].among | cells[3].among]),
            events=None,
            bounds=change.interval(difference=True, limit=2.0),
            method=Method(
                name="difference of gaps, paired by seed and patient",
                parameters={
                    "metric": measure.metric.name,
                    "fewest": amounts[0].words,
                    "most": amounts[-1].words,
                    "gap_fewest": round(first.value, 6),
                    "gap_most": round(last.value, 6),
                },
                source=SOURCE,
            ),
            influence=change.influence,
        )
        reason = next((cell.no_interval for cell in cells if cell.no_interval), None)
        return withheld(estimate, reason) if reason else estimate

    def _made(self, measure: Measure, fits: Fits, inside: Bools) -> Cell | str:
        among = inside & fits.usable
        reason = measure.missing(fits.views[0], among, self.minimums, self.dataset.classes)
        if reason is None and measure.metric in (metrics.SENSITIVITY, metrics.SPECIFICITY):
            lacking = any(view.point is None for view in fits.views)
            reason = "a fit gave no scores to choose its threshold on" if lacking else None
        if reason is not None:
            return reason
        average = Average.of([measure.of(view, among) for view in fits.views])
        return Cell(average, among, fits, measure.withheld(fits.views[0], among, self.minimums, self.dataset.classes))

    def _each_fit(self, measure: Measure, fits: Fits, about: Mapping[str, Any]) -> Iterator[Measurement]:
        everyone = np.ones(self.dataset.n, dtype=bool)
        for position, seed in enumerate(self.seeds):
            alone = fits.alone(position)
            cell = alone.reasons[0] or self._made(measure, alone, everyone)
            recorder = self._recorder(measure, alone.views)
            if isinstance(cell, str):
                yield recorder.not_measured(measure.metric, cell, seed=seed, n=self.dataset.n, **about)
                continue
            estimate = withheld(self._estimate(measure, cell, cell.average, difference=False), ONE_FIT)
            yield recorder.measured(measure.metric, estimate, seed=seed, **about)

    def _mean(self, measure: Measure, cell: Cell) -> Estimate:
        estimate = self._estimate(measure, cell, cell.average, difference=False)
        if measure.metric == metrics.AUROC:
            data = cell.fits.views[0].questions[0]
            found = repeated_auroc(
                [view.questions[0].score[cell.among] for view in cell.fits.views],
                data.positive[cell.among],
                data.codes[cell.among],
            )
            estimate = replace(estimate, bounds=lambda level: repeated_interval(found, level))
        return withheld(estimate, cell.no_interval) if cell.no_interval else estimate

    def _arm_difference(
        self, measure: Measure, arm: str, reference: str, amount: Amount, where: Slice
    ) -> Estimate | str:
        one, two = (self.cell(measure, name, amount, where) for name in (arm, reference))
        if isinstance(one, str) or isinstance(two, str):
            return next(f"{name}: {cell}" for name, cell in ((arm, one), (reference, two)) if isinstance(cell, str))
        if not np.array_equal(one.among, two.among):
            # What one arm could not score is left out of both.
            inside = one.among & two.among
            made = [self._made(measure, cell.fits, inside) for cell in (one, two)]
            if isinstance(made[0], str) or isinstance(made[1], str):
                return next(cell for cell in made if isinstance(cell, str))
            one, two = made[0], made[1]
        change = one.average.minus(two.average)
        estimate = self._estimate(measure, one, change, difference=True)
        if measure.metric == metrics.AUROC:
            data = one.fits.views[0].questions[0]
            scores = [[view.questions[0].score[one.among] for view in cell.fits.views] for cell in (one, two)]
            found = repeated_difference(scores[0], scores[1], data.positive[one.among], data.codes[one.among])
            estimate = replace(estimate, bounds=lambda level: repeated_interval(found, level, difference=True))
        return withheld(estimate, one.no_interval) if one.no_interval else estimate

    def _estimate(self, measure: Measure, cell: Cell, average: Average, *, difference: bool) -> Estimate:
        data, fits = cell.fits.views[0].questions[0], cell.fits
        truth = cell.fits.views[0].truth
        own = measure.classes[0]
        parameters: dict[str, Scalar] = {
            "training_samples": ", ".join(map(str, fits.n_train)),
            "chosen": "; ".join(dict.fromkeys(fits.choices)),
            "rejected_left_out": int(np.sum(~fits.usable)),
            "seeds": len(fits.views),
        }
        points = [view.point for view in fits.views if view.point is not None]
        if points and not measure.ranks:
            parameters["thresholds"] = ", ".join(f"{point.threshold:.6g}" for point in points)
        single = len(fits.views) == 1
        return Estimate(
            value=average.value,
            n=int(cell.among.sum()),
            n_clusters=count_clusters(data.codes[cell.among]),
            events=int(np.sum(truth[cell.among] == own)) if len(self.dataset.classes) == 2 else None,
            bounds=average.interval(difference=difference),
            method=Method(
                name="midranks" if single and measure.ranks else "share" if single else "mean over seeds",
                parameters=parameters,
                source=SOURCE,
            ),
            influence=average.influence,
        )

    def _recorder(self, measure: Measure, views: Sequence[View]) -> Recorder:
        """Thresholds of several fits differ: the measurement carries their mean, the method each of them."""
        points = [view.point for view in views if view.point is not None]
        if measure.ranks or not points:
            return self.recorder
        mean = float(np.mean([point.threshold for point in points]))
        return self.recorder.at(points[0].model_copy(update={"threshold": mean}))

    def _record(
        self, recorder: Recorder, measure: Measure, estimate: Estimate | str, where: Slice, **about: Any
    ) -> Measurement:
        if isinstance(estimate, str):
            n = int(members(where, self.dataset).sum())
            return recorder.not_measured(measure.metric, estimate, n=n, **about)
        return recorder.measured(measure.metric, estimate, **about)
