"""The data-efficiency evaluator: AUROC by share of labels, by way of training, overall and for each group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evaluators import metrics
from evaluators.binary import Predictions
from evaluators.comparisons import compare_groups
from evaluators.data_efficiency.descriptors import DESCRIPTOR, Arm, DataEfficiencyOptions
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Grouping, Minimums, distinct_slices, members, parse_groupings
from evaluators.records import Recorder
from evaluators.requirements import binary_dataset
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.evidence.model import Measurement, Method
from governance.harness.protocols import EvaluationContext, Need, Observations
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import count_clusters
from governance.statistics.repeated import RepeatedAUROC, repeated_auroc, repeated_difference, repeated_interval

NAME = DESCRIPTOR.name
ONE_FIT = "one fit; the interval is on the mean over seeds"
SOURCE = "Obuchowski, Biometrics 53 (1997) 567; Gallas et al., Acad. Radiol. 13 (2006) 353"


@dataclass(frozen=True)
class DataEfficiencyEvaluator:
    """Measures what models reach that were fitted on parts of the training data."""

    def needs(self, context: EvaluationContext) -> Iterable[Need]:
        """Ask for the fits of every arm, and for the features that probes are fitted on."""
        options = _options(context)
        _groupings(context, options)
        for name, arm in options.arms.items():
            fit = _fit(options, name, arm)
            yield from fit.builds_on
            yield fit

    def measure(self, observations: Observations, context: EvaluationContext) -> Iterable[Measurement]:
        """Measure each fit, the means over seeds, groups, and differences between arms."""
        options = _options(context)
        test = binary_dataset(context, options.test_on, evaluator=NAME, key="test_on")
        part = _Part(
            recorder=Recorder(NAME, test, context.settings.level),
            dataset=test,
            groupings=_groupings(context, options),
            minimums=Minimums(context.settings.minimum_patients, context.settings.minimum_events),
            options=options,
        )
        fits = {
            name: part.read(observations.table(_fit(options, name, arm)), name) for name, arm in options.arms.items()
        }
        for name in options.arms:
            for percent in options.fractions:
                yield from part.curve_point(fits[name][percent], name, percent)
        names = tuple(options.arms)
        for later, arm_name in enumerate(names):
            for reference in names[:later]:
                for percent in options.fractions:
                    yield from part.arm_differences(fits, arm_name, reference, percent)


EVALUATOR = DataEfficiencyEvaluator()


@dataclass(frozen=True)
class _Fits:
    """The fits of one arm on one share of the training data, in the order of the seeds."""

    predictions: tuple[Predictions, ...]
    n_train: tuple[int, ...]
    reasons: tuple[str | None, ...]

    @property
    def usable(self) -> Bools:
        """(n,) test samples that every fit scored."""
        mask: Bools = np.logical_and.reduce([data.usable for data in self.predictions])
        return mask

    def lacking(self, seeds: tuple[int, ...]) -> str | None:
        """Why there is no mean over all seeds, if so."""
        return next(
            (f"seed {seed}: {reason}" for seed, reason in zip(seeds, self.reasons, strict=True) if reason), None
        )


@dataclass(frozen=True)
class _Part:
    """What the measurements of all arms share."""

    recorder: Recorder
    dataset: DatasetInfo
    groupings: tuple[Grouping, ...]
    minimums: Minimums
    options: DataEfficiencyOptions

    def read(self, table: Any, name: str) -> dict[float, _Fits]:
        """Split an arm's table into its fits."""
        by_fit = dict(iter(table.groupby(["fraction", "seed"], sort=False)))
        found = {}
        for percent in self.options.fractions:
            parts = [by_fit.get((percent / 100, seed)) for seed in self.options.seeds]
            if any(rows is None for rows in parts):
                raise CannotRunError(
                    f"the fits of '{name}' on {percent:g} % are not complete", hint="collect the observations again"
                )
            rows_of = [rows for rows in parts if rows is not None]
            data = tuple(Predictions.of(rows, self.dataset) for rows in rows_of)
            found[percent] = _Fits(
                predictions=data,
                n_train=tuple(int(rows["n_train"].iloc[0]) for rows in rows_of),
                reasons=tuple(
                    None if each.usable.any() else str(rows["reason"].iloc[0])
                    for each, rows in zip(data, rows_of, strict=True)
                ),
            )
        return found

    def curve_point(self, fits: _Fits, name: str, percent: float) -> Iterator[Measurement]:
        """Each fit for everyone; the mean over seeds for every slice; groups compared."""
        about: dict[str, Any] = {"variant": name, "fraction": percent / 100}
        for seed, data, n_train, reason in zip(
            self.options.seeds, fits.predictions, fits.n_train, fits.reasons, strict=True
        ):
            everyone = np.ones(self.dataset.n, dtype=bool)
            single = _Fits((data,), (n_train,), (reason,))
            estimate = reason or self._mean(single, everyone, (seed,))
            if isinstance(estimate, str):
                yield self.recorder.not_measured(metrics.AUROC, estimate, seed=seed, n=self.dataset.n, **about)
            else:
                alone = replace(estimate, bounds=_no_interval)
                yield self.recorder.measured(metrics.AUROC, alone, seed=seed, **about)
        found: dict[frozenset[tuple[str, str]], Estimate | str] = {}
        for cell in distinct_slices(self.groupings, self.dataset):
            inside = members(cell, self.dataset)
            estimate = fits.lacking(self.options.seeds) or self._mean(fits, inside, self.options.seeds)
            found[frozenset(cell.items())] = estimate
            yield self._record(estimate, inside, slice=cell, estimand="mean", **about)
        for grouping in self.groupings:
            yield from compare_groups(self.recorder, metrics.AUROC, grouping, self.dataset, found, **about)

    def arm_differences(
        self, fits: dict[str, dict[float, _Fits]], name: str, reference: str, percent: float
    ) -> Iterator[Measurement]:
        """An arm minus another on the same share, paired by seed and test sample, for every slice."""
        first, second = fits[name][percent], fits[reference][percent]
        for cell in distinct_slices(self.groupings, self.dataset):
            inside = members(cell, self.dataset)
            estimate = (
                first.lacking(self.options.seeds)
                or second.lacking(self.options.seeds)
                or self._difference(first, second, inside)
            )
            yield self._record(
                estimate,
                inside,
                slice=cell,
                estimand="difference",
                variant=name,
                reference_variant=reference,
                fraction=percent / 100,
            )

    def _mean(self, fits: _Fits, inside: Bools, seeds: tuple[int, ...]) -> Estimate | str:
        among = inside & fits.usable
        data = fits.predictions[0]
        reason = self._too_few(data, among)
        if reason:
            return reason
        found = repeated_auroc(
            [each.score[among] for each in fits.predictions], data.positive[among], data.codes[among]
        )
        return self._estimate(
            found,
            data,
            among,
            left_out=int(np.sum(inside & ~among)),
            n_train=fits.n_train,
            seeds=seeds,
            difference=False,
        )

    def _difference(self, first: _Fits, second: _Fits, inside: Bools) -> Estimate | str:
        among = inside & first.usable & second.usable
        data = first.predictions[0]
        reason = self._too_few(data, among)
        if reason:
            return reason
        found = repeated_difference(
            [each.score[among] for each in first.predictions],
            [each.score[among] for each in second.predictions],
            data.positive[among],
            data.codes[among],
        )
        return self._estimate(
            found,
            data,
            among,
            left_out=int(np.sum(inside & ~among)),
            n_train=first.n_train,
            seeds=self.options.seeds,
            difference=True,
        )

    def _too_few(self, data: Predictions, among: Bools) -> str | None:
        return self.minimums.missing(
            data.patients(among),
            [
                ("patients with the condition", data.patients(among & data.positive)),
                ("patients without the condition", data.patients(among & ~data.positive)),
            ],
        )

    @staticmethod
    def _estimate(
        found: RepeatedAUROC,
        data: Predictions,
        among: Bools,
        *,
        left_out: int,
        n_train: tuple[int, ...],
        seeds: tuple[int, ...],
        difference: bool,
    ) -> Estimate:
        influence = np.zeros(data.n_clusters)
        influence[np.unique(data.codes[among])] = found.influence
        return Estimate(
            value=found.value,
            n=int(among.sum()),
            n_clusters=count_clusters(data.codes[among]),
            events=int(data.positive[among].sum()),
            bounds=lambda level: repeated_interval(found, level, difference=difference),
            method=Method(
                name="mean over seeds of midranks" if len(seeds) > 1 else "midranks",
                parameters={
                    "seeds": ", ".join(map(str, seeds)),
                    "training_samples": ", ".join(map(str, n_train)),
                    "rejected_left_out": left_out,
                },
                source=SOURCE,
            ),
            influence=influence,
        )

    def _record(self, estimate: Estimate | str, inside: Bools, **about: Any) -> Measurement:
        if isinstance(estimate, str):
            return self.recorder.not_measured(metrics.AUROC, estimate, n=int(inside.sum()), **about)
        return self.recorder.measured(metrics.AUROC, estimate, **about)


def _no_interval(level: float) -> Bounds:  # noqa: ARG001
    raise ValueError(ONE_FIT)


def _fit(options: DataEfficiencyOptions, name: str, arm: Arm) -> Need:
    common: dict[str, Any] = {
        "test": options.test_on,
        "variant": name,
        "fractions": options.fractions,
        "seeds": options.seeds,
    }
    if arm.trainer is not None:
        return Need.of("fit", options.train_on, trainer=arm.trainer, **common)
    embeddings = [Need.of("embed", dataset, extractor=arm.features) for dataset in (options.train_on, options.test_on)]
    return Need.of("fit", options.train_on, builds_on=embeddings, head="probe", **common)


def _options(context: EvaluationContext) -> DataEfficiencyOptions:
    if not isinstance(context.options, DataEfficiencyOptions):
        raise TypeError(f"the evaluator takes DataEfficiencyOptions, not {type(context.options).__name__}")
    return context.options


def _groupings(context: EvaluationContext, options: DataEfficiencyOptions) -> tuple[Grouping, ...]:
    train = binary_dataset(context, options.train_on, evaluator=NAME, key="train_on")
    test = binary_dataset(context, options.test_on, evaluator=NAME, key="test_on")
    shared = _shared_patients(train, test)
    if train.digest == test.digest or shared:
        raise InputError(
            f"evaluate.{NAME}: '{train.name}' and '{test.name}' share "
            + ("their content" if train.digest == test.digest else f"{shared} patients"),
            hint="split by patient: who trains must not judge",
        )
    return parse_groupings(options.groups, context.requests, test, evaluator=NAME)


def _shared_patients(train: DatasetInfo, test: DatasetInfo) -> int:
    """Patients in both datasets, where both name patients; row numbers of unclustered data may be equal by chance."""
    if not (train.clustered and test.clustered):
        return 0
    return len(set(train.frame["cluster"]) & set(test.frame["cluster"]))
