"""The robustness evaluator: every condition and severity beside the clean input, overall and for each group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import Predictions, auroc_estimate, threshold_estimate
from evaluators.comparisons import compare_groups
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Grouping, Minimums, Slice, distinct_slices, members, parse_groupings
from evaluators.operating_point import operating_point
from evaluators.records import Recorder
from evaluators.requirements import binary_dataset, independent_choice
from evaluators.robustness import condition_sets, parts
from evaluators.robustness.descriptors import DESCRIPTOR, RobustnessOptions
from evaluators.robustness.paired import flips, paired_change
from evaluators.robustness.scene import Scene
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError, near_name
from governance.evidence.model import CLEAN, Condition, Measurement, MetricDescriptor, OperatingPoint
from governance.harness.protocols import EvaluationContext, Need, Observations
from governance.plugins import ConditionDescriptor

VALUES = (metrics.AUROC, metrics.SENSITIVITY, metrics.SPECIFICITY)


@dataclass(frozen=True)
class RobustnessEvaluator:
    """Measures a binary classifier under conditions, paired with the clean input, from its predictions alone."""

    def needs(self, context: EvaluationContext) -> Iterable[Need]:
        """Ask for predictions on the clean input and under every condition and severity."""
        options = _options(context)
        _groupings(context, options)
        yield Need.of("predict", options.on)
        for _, condition in _conditions(context, options):
            yield Need.of("predict", options.on, condition=condition)
        if options.operating_point.choose_on:
            independent_choice(context, options.operating_point, options.on, evaluator=DESCRIPTOR.name)
            yield Need.of("predict", options.operating_point.choose_on)
        for part in parts.chosen(options):
            yield from part.needs(context, options)

    def measure(self, observations: Observations, context: EvaluationContext) -> Iterable[Measurement]:
        """Measure the clean input, then every condition."""
        options = _options(context)
        dataset = binary_dataset(context, options.on, evaluator=DESCRIPTOR.name)
        clean = Predictions.of(observations.table(Need.of("predict", options.on)), dataset)
        part = _Part(
            dataset=dataset,
            groupings=_groupings(context, options),
            compared=tuple(
                request.condition or ""
                for request in context.requests
                if request.evaluator == DESCRIPTOR.name and request.over
            ),
            point=operating_point(options.operating_point, _chosen_from(observations, context, options)),
            minimums=Minimums(context.settings.minimum_patients, context.settings.minimum_events),
            level=context.settings.level,
        )
        yield from part.values(clean, CLEAN)
        for descriptor, condition in _conditions(context, options):
            table = observations.table(Need.of("predict", options.on, condition=condition))
            changed = Predictions.of(table, dataset, partial=descriptor.kind == "variant")
            reference = clean
            if not changed.present.all():
                # A variant that only some samples have is compared with the clean input of exactly those samples.
                reference = clean.restricted(changed.present)
                yield from part.values(reference, CLEAN, variant=f"samples with {condition.name}")
            yield from part.values(changed, condition)
            yield from part.changes(changed, reference, condition)
        scene = Scene(
            context=context,
            options=options,
            observations=observations,
            dataset=dataset,
            clean=clean,
            point=part.point,
            recorder=Recorder(DESCRIPTOR.name, dataset, context.settings.level),
            minimums=part.minimums,
            groupings=part.groupings,
        )
        for extra in parts.chosen(options):
            yield from extra.measure(scene)


EVALUATOR = RobustnessEvaluator()


@dataclass(frozen=True)
class _Part:
    """What the measurements of all conditions share."""

    dataset: DatasetInfo
    groupings: tuple[Grouping, ...]
    compared: tuple[str, ...]
    point: OperatingPoint
    minimums: Minimums
    level: float

    def recorder(self, metric: MetricDescriptor, condition: Condition) -> Recorder:
        plain = metric in (metrics.AUROC, metrics.REJECTED_RATE)
        return Recorder(DESCRIPTOR.name, self.dataset, self.level, condition, None if plain else self.point)

    def slices(self, data: Predictions) -> Iterator[tuple[Slice, Bools]]:
        for cell in distinct_slices(self.groupings, self.dataset):
            yield cell, members(cell, self.dataset) & data.present

    def values(self, data: Predictions, condition: Condition, variant: str | None = None) -> Iterator[Measurement]:
        """AUROC, sensitivity, specificity, rejected inputs of every slice; group comparisons that a rule asks for."""
        found: dict[str, dict[frozenset[tuple[str, str]], Estimate | str]] = {metric.name: {} for metric in VALUES}
        for cell, inside in self.slices(data):
            for metric in VALUES:
                estimate = self._value(metric, data, inside)
                found[metric.name][frozenset(cell.items())] = estimate
                yield self._record(metric, estimate, condition, inside, slice=cell, variant=variant)
            rejected = self.minimums.missing(data.patients(inside), []) or estimates.proportion(
                ~data.usable,
                inside,
                data.codes,
                name="share with cluster-adjusted interval",
                parameters={},
                n_clusters=data.n_clusters,
            )
            yield self._record(metrics.REJECTED_RATE, rejected, condition, inside, slice=cell, variant=variant)
        if variant is None and any(name in ("", condition.name) for name in self.compared):
            for grouping in self.groupings:
                for metric in VALUES:
                    recorder = self.recorder(metric, condition)
                    yield from compare_groups(recorder, metric, grouping, self.dataset, found[metric.name])

    def changes(self, changed: Predictions, clean: Predictions, condition: Condition) -> Iterator[Measurement]:
        """Differences to the clean input on the same samples, and changed decisions, of every slice."""
        for cell, inside in self.slices(changed):
            for metric in VALUES:
                estimate = paired_change(metric, changed, clean, inside, point=self.point, minimums=self.minimums)
                yield self._record(
                    metric,
                    estimate,
                    condition,
                    inside,
                    slice=cell,
                    estimand="difference",
                    reference_condition=CLEAN,
                )
            flipped = flips(changed, clean, inside, self.point, self.minimums)
            yield self._record(metrics.FLIP_RATE, flipped, condition, inside, slice=cell)

    def _value(self, metric: MetricDescriptor, data: Predictions, inside: Bools) -> Estimate | str:
        if metric is metrics.AUROC:
            return auroc_estimate(data, inside, self.minimums)
        return threshold_estimate(metric, data, inside, self.point, self.minimums)

    def _record(
        self, metric: MetricDescriptor, estimate: Estimate | str, condition: Condition, inside: Bools, **about: Any
    ) -> Measurement:
        recorder = self.recorder(metric, condition)
        if isinstance(estimate, str):
            return recorder.not_measured(metric, estimate, n=int(np.sum(inside)), **about)
        return recorder.measured(metric, estimate, **about)


def _options(context: EvaluationContext) -> RobustnessOptions:
    if not isinstance(context.options, RobustnessOptions):
        raise TypeError(f"the robustness evaluator takes RobustnessOptions, not {type(context.options).__name__}")
    return context.options


def _groupings(context: EvaluationContext, options: RobustnessOptions) -> tuple[Grouping, ...]:
    dataset = binary_dataset(context, options.on, evaluator=DESCRIPTOR.name)
    return parse_groupings(options.groups, context.requests, dataset, evaluator=DESCRIPTOR.name)


def _conditions(
    context: EvaluationContext, options: RobustnessOptions
) -> tuple[tuple[ConditionDescriptor, Condition], ...]:
    """Conditions of the options, then those that a policy's rules ask for and the dataset can have, by severity."""
    dataset = binary_dataset(context, options.on, evaluator=DESCRIPTOR.name)
    found: list[tuple[ConditionDescriptor, Condition]] = []
    asked = [
        request.condition
        for request in context.requests
        if request.evaluator == DESCRIPTOR.name
        and request.dataset in (None, dataset.name)
        and request.condition is not None
        and request.condition in context.conditions
        and _makes_sense(context.conditions[request.condition], dataset)
    ]
    named = (*options.conditions, *asked)
    for name in named:
        _condition(context, dataset, name)  # a set is refused as a whole, by its own name
    for name in condition_sets.expand(named, context.conditions):
        descriptor = _condition(context, dataset, name)
        scale = descriptor.severities
        wanted = tuple(level for level in scale if options.severities is None or level in options.severities)
        if scale and not wanted:
            raise InputError(
                f"evaluate.robustness.severities: '{name}' has none of {list(options.severities or ())}",
                hint=f"its severities are {list(scale)}",
            )
        found += [(descriptor, Condition(name=name, severity=level)) for level in wanted or (None,)]
    return tuple(found)


def _condition(context: EvaluationContext, dataset: DatasetInfo, name: str) -> ConditionDescriptor:
    descriptor = context.conditions.get(name)
    if not isinstance(descriptor, ConditionDescriptor):
        raise InputError(
            f"evaluate.robustness.conditions: unknown condition '{name}'", hint=near_name(name, context.conditions)
        )
    if not _makes_sense(descriptor, dataset):
        raise InputError(
            f"evaluate.robustness.conditions: '{name}' makes no sense for dataset '{dataset.name}' of modality "
            f"'{dataset.modality}'",
            hint=f"it is for: {', '.join(descriptor.modalities)}; a dataset says `modality: <one of them>`",
        )
    return descriptor


def _makes_sense(descriptor: ConditionDescriptor, dataset: DatasetInfo) -> bool:
    return not descriptor.modalities or dataset.modality in descriptor.modalities


def _chosen_from(
    observations: Observations, context: EvaluationContext, options: RobustnessOptions
) -> Predictions | None:
    name = options.operating_point.choose_on
    if name is None:
        return None
    dataset = binary_dataset(context, name, evaluator=DESCRIPTOR.name)
    return Predictions.of(observations.table(Need.of("predict", name)), dataset)
