"""The fits of an arm as arrays, and the metrics of one fit with the influence of every patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluators import metrics
from evaluators.binary import Predictions
from evaluators.data_efficiency.metrics import BALANCED_ACCURACY_OF_CLASSES, MACRO_AUROC
from evaluators.data_efficiency.points import Amount
from evaluators.estimates import Bools, over_all_clusters
from evaluators.fairness.tasks.observed import Observed
from evaluators.grouping import Minimums
from evaluators.operating_point import OperatingPointOptions, operating_point
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError
from governance.evidence.model import MetricDescriptor, OperatingPoint
from governance.statistics.clusters import Floats, Integers, cluster_sums
from governance.statistics.ranking import clustered_auroc

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class View:
    """What one fit said of the samples of one dataset.

    Attributes
    ----------
    questions
        Each class against the others; of two classes only the positive one.
    decided
        (n,) class number that the fit decides for, -1 where it gave no output or two classes have no threshold.
    """

    questions: tuple[Predictions, ...]
    truth: Integers
    decided: Integers
    point: OperatingPoint | None

    @property
    def usable(self) -> Bools:
        """(n,) samples that were scored."""
        return self.questions[0].usable


@dataclass(frozen=True)
class Fits:
    """The fits of one arm on one amount of labels, in the order of the seeds."""

    amount: Amount
    views: tuple[View, ...]
    n_train: tuple[int, ...]
    choices: tuple[str, ...]
    reasons: tuple[str | None, ...]

    @property
    def usable(self) -> Bools:
        """(n,) test samples that every fit scored."""
        mask: Bools = np.logical_and.reduce([view.usable for view in self.views])
        return mask

    def lacking(self, seeds: Sequence[int]) -> str | None:
        """Why there is no mean over all seeds, if so."""
        return next(
            (f"seed {seed}: {reason}" for seed, reason in zip(seeds, self.reasons, strict=True) if reason), None
        )

    def alone(self, position: int) -> Fits:
        """Return one of the fits."""
        part = slice(position, position + 1)
        return Fits(self.amount, self.views[part], self.n_train[part], self.choices[part], self.reasons[part])


def read(
    table: pd.DataFrame,
    amounts: Sequence[Amount],
    seeds: Sequence[int],
    dataset: DatasetInfo,
    *,
    name: str,
    choosing: DatasetInfo | None,
    options: OperatingPointOptions | None,
) -> Mapping[Amount, Fits]:
    """Split an arm's table into its fits on one dataset.

    Parameters
    ----------
    name
        The arm, for messages.
    choosing
        The dataset that thresholds are chosen on, scored by the same fits.

    Raises
    ------
    CannotRunError
        If fits are missing.
    """
    by_fit: dict[Any, pd.DataFrame] = dict(iter(table.groupby(["test", "fraction", "shots", "seed"], sort=False)))
    found = {}
    for amount in amounts:
        parts, points = [], []
        for seed in seeds:
            rows = by_fit.get((dataset.name, amount.percent / 100, amount.shots, seed))
            if rows is None:
                raise CannotRunError(
                    f"the fits of '{name}' on {amount.words} are not complete", hint="collect the observations again"
                )
            chosen = None
            if options is not None:
                chosen = _point(options, by_fit, amount, seed, choosing)
            parts.append(rows)
            points.append(chosen)
        views = tuple(_view(rows, dataset, point) for rows, point in zip(parts, points, strict=True))
        found[amount] = Fits(
            amount,
            views,
            tuple(int(rows["n_train"].iloc[0]) for rows in parts),
            tuple(str(rows["choice"].iloc[0]) for rows in parts),
            tuple(
                None if view.usable.any() else str(rows["reason"].iloc[0])
                for view, rows in zip(views, parts, strict=True)
            ),
        )
    return found


def _point(
    options: OperatingPointOptions,
    by_fit: Mapping[Any, pd.DataFrame],
    amount: Amount,
    seed: int,
    choosing: DatasetInfo | None,
) -> OperatingPoint | None:
    if choosing is None:
        return operating_point(options, None)
    data = Predictions.of(by_fit[choosing.name, amount.percent / 100, amount.shots, seed], choosing)
    return operating_point(options, data) if data.usable.any() else None


def _view(rows: pd.DataFrame, dataset: DatasetInfo, point: OperatingPoint | None) -> View:
    if len(dataset.classes) == 2:
        data = Predictions.of(rows, dataset)
        decided = np.full(dataset.n, -1)
        if point is not None:
            decided[data.usable] = data.flagged(point)[data.usable]
        return View((data,), data.positive.astype(np.int64), decided, point)
    observed = Observed.of(rows, dataset)
    scores, truth = observed.scores(dataset.classes, "classes"), observed.target().astype(np.int64)
    decided = np.full(dataset.n, -1)
    decided[observed.usable] = scores[observed.usable].argmax(axis=1)
    questions = tuple(observed.question(scores[:, k], truth == k) for k in range(len(dataset.classes)))
    return View(questions, truth, decided, None)


@dataclass(frozen=True)
class Single:
    """A metric of one fit among some samples: its value and the influence of each of the dataset's patients."""

    value: float
    influence: Floats


@dataclass(frozen=True)
class Measure:
    """A metric: how it comes from one fit, and what it needs.

    Attributes
    ----------
    classes
        Classes that must occur, by number.
    ranks
        Whether it is a ranking of the samples, whose intervals need more patients.
    """

    metric: MetricDescriptor
    of: Callable[[View, Bools], Single]
    classes: tuple[int, ...]
    ranks: bool

    def missing(self, view: View, among: Bools, minimums: Minimums, names: tuple[str, ...]) -> str | None:
        """Return why it is not given among some samples, or None."""
        data = view.questions[0]
        return minimums.missing(
            data.patients(among),
            [(self._words(k, names), data.patients(among & (view.truth == k))) for k in self.classes],
        )

    def withheld(self, view: View, among: Bools, minimums: Minimums, names: tuple[str, ...]) -> str | None:
        """Return why no interval is given, or None; see `evaluators.binary.ranked_by_enough`."""
        for k in self.classes if self.ranks else ():
            patients = view.questions[0].patients(among & (view.truth == k))
            if patients < minimums.patients:
                words = self._words(k, names)
                return f"only {patients} {words}; an interval of a ranking needs {minimums.patients}"
        return None

    @staticmethod
    def _words(k: int, names: tuple[str, ...]) -> str:
        if len(names) == 2:
            return "patients with the condition" if k == 1 else "patients without the condition"
        return f"patients of the class '{names[k]}'"


def measures(dataset: DatasetInfo, *, decisions: bool) -> tuple[Measure, ...]:
    """Return the metrics of a dataset's task, the one that curves are compared by first.

    Parameters
    ----------
    decisions
        Whether two classes are decided at a threshold.
    """
    count = len(dataset.classes)
    every = tuple(range(count))
    if count > 2:
        return (
            Measure(MACRO_AUROC, _area, every, ranks=True),
            Measure(BALANCED_ACCURACY_OF_CLASSES, lambda view, among: _recalls(view, among, every), every, ranks=False),
        )
    found = [Measure(metrics.AUROC, _area, (1, 0), ranks=True)]
    if decisions:
        found += [
            Measure(metrics.SENSITIVITY, lambda view, among: _recalls(view, among, (1,)), (1,), ranks=False),
            Measure(metrics.SPECIFICITY, lambda view, among: _recalls(view, among, (0,)), (0,), ranks=False),
        ]
    return tuple(found)


def _area(view: View, among: Bools) -> Single:
    parts = []
    for data in view.questions:
        inside = data.codes[among]
        found = clustered_auroc(data.score[among], data.positive[among], inside)
        parts.append((found.value, over_all_clusters(found.influence, inside, data.n_clusters)))
    return Single(float(np.mean([value for value, _ in parts])), np.mean([part for _, part in parts], axis=0))


def _recalls(view: View, among: Bools, classes: Sequence[int]) -> Single:
    data, values, parts = view.questions[0], [], []
    for k in classes:
        own = among & (view.truth == k)
        right = (view.decided[own] == k).astype(np.float64)
        value = float(right.mean())
        values.append(value)
        parts.append(cluster_sums((right - value) / right.size, data.codes[own], data.n_clusters))
    return Single(float(np.mean(values)), np.mean(parts, axis=0))
