"""The fairness evaluator: values of every group, worst groups, differences between groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import THRESHOLD_METRICS, Predictions, auroc_estimate, threshold_estimate
from evaluators.comparisons import compare_groups
from evaluators.estimates import Bools, Estimate
from evaluators.fairness import parts, second_opinion
from evaluators.fairness.calibration import calibration, reliability
from evaluators.fairness.descriptors import DESCRIPTOR, FairnessOptions
from evaluators.fairness.scene import Scene
from evaluators.fairness.tasks.task import task_of
from evaluators.grouping import Grouping, Minimums, Slice, distinct_slices, members, parse_groupings
from evaluators.operating_point import operating_point
from evaluators.records import Recorder
from evaluators.requirements import binary_dataset, independent_choice
from governance.evidence.model import Measurement, MetricDescriptor, OperatingPoint
from governance.harness.protocols import EvaluationContext, Need, Observations

COMPARED = (metrics.SENSITIVITY, metrics.SPECIFICITY, metrics.AUROC)
"""Metrics of which the worst group and the differences are given."""

CHECKED = (*COMPARED, metrics.SELECTION_RATE)
"""Metrics that other libraries compute again."""


@dataclass(frozen=True)
class FairnessEvaluator:
    """Measures a model per group, from its predictions alone; tasks other than binary have modules of their own."""

    def needs(self, context: EvaluationContext) -> Iterable[Need]:
        """Ask for the predictions of the scored dataset, and of the one that the threshold is chosen on."""
        options = _options(context)
        if context.subject.task != "binary":
            yield from task_of(context).needs(context, options)
            return
        _groupings(context, options)
        yield Need.of("predict", options.on)
        if options.operating_point.choose_on:
            independent_choice(context, options.operating_point, options.on, evaluator=DESCRIPTOR.name)
            yield Need.of("predict", options.operating_point.choose_on)
        for part in parts.chosen(options):
            yield from part.needs(context, options)

    def measure(self, observations: Observations, context: EvaluationContext) -> Iterable[Measurement]:
        """Measure everyone first, then every group, then worst groups and differences."""
        options = _options(context)
        if context.subject.task != "binary":
            yield from task_of(context).measure(observations, context, options)
            return
        dataset = binary_dataset(context, options.on, evaluator=DESCRIPTOR.name)
        data = Predictions.of(observations.table(Need.of("predict", options.on)), dataset)
        chosen_from = _chosen_from(observations, context, options)
        point = operating_point(options.operating_point, chosen_from)
        recorder = Recorder(DESCRIPTOR.name, dataset, context.settings.level)
        minimums = Minimums(context.settings.minimum_patients, context.settings.minimum_events)
        groupings = _groupings(context, options)
        found: dict[str, dict[frozenset[tuple[str, str]], Estimate | str]] = {metric.name: {} for metric in COMPARED}

        for cell in distinct_slices(groupings, dataset):
            inside = members(cell, dataset)
            yield from _shares(recorder, data, inside, cell, minimums)
            for metric in (*THRESHOLD_METRICS, metrics.AUROC):
                estimate = _discrimination(metric, data, inside, point, minimums)
                if metric.name in found:
                    found[metric.name][frozenset(cell.items())] = estimate
                here = recorder if metric is metrics.AUROC else recorder.at(point)
                if isinstance(estimate, str):
                    yield here.not_measured(metric, estimate, slice=cell, n=int(inside.sum()))
                else:
                    yield here.measured(metric, estimate, slice=cell)
            yield from calibration(
                recorder, data, inside, cell, bins=options.bins, minimums=minimums, settings=context.settings
            )
        yield from reliability(recorder, data, options.bins)
        for grouping in groupings:
            for metric in COMPARED:
                here = recorder if metric is metrics.AUROC else recorder.at(point)
                yield from compare_groups(here, metric, grouping, dataset, found[metric.name])
        scene = Scene(context, options, observations, dataset, data, point, chosen_from, recorder, minimums, groupings)
        for part in parts.chosen(options):
            yield from part.measure(scene)


EVALUATOR = FairnessEvaluator()


def _options(context: EvaluationContext) -> FairnessOptions:
    if not isinstance(context.options, FairnessOptions):
        raise TypeError(f"the fairness evaluator takes FairnessOptions, not {type(context.options).__name__}")
    return context.options


def _groupings(context: EvaluationContext, options: FairnessOptions) -> tuple[Grouping, ...]:
    dataset = binary_dataset(context, options.on, evaluator=DESCRIPTOR.name)
    return parse_groupings(options.groups, context.requests, dataset, evaluator=DESCRIPTOR.name)


def _chosen_from(
    observations: Observations, context: EvaluationContext, options: FairnessOptions
) -> Predictions | None:
    name = options.operating_point.choose_on
    if name is None:
        return None
    dataset = binary_dataset(context, name, evaluator=DESCRIPTOR.name)
    return Predictions.of(observations.table(Need.of("predict", name)), dataset)


def _shares(
    recorder: Recorder, data: Predictions, inside: Bools, cell: Slice, minimums: Minimums
) -> Iterator[Measurement]:
    """Prevalence and rejected inputs, among all samples of the slice."""
    reason = minimums.missing(data.patients(inside), [])
    for metric, successes in ((metrics.PREVALENCE, data.positive), (metrics.REJECTED_RATE, ~data.usable)):
        if reason:
            yield recorder.not_measured(metric, reason, slice=cell, n=int(inside.sum()))
        else:
            estimate = estimates.proportion(
                successes,
                inside,
                data.codes,
                name="share with cluster-adjusted interval",
                parameters={},
                n_clusters=data.n_clusters,
            )
            yield recorder.measured(metric, estimate, slice=cell)


def _discrimination(
    metric: MetricDescriptor, data: Predictions, inside: Bools, point: OperatingPoint, minimums: Minimums
) -> Estimate | str:
    if metric is metrics.AUROC:
        estimate = auroc_estimate(data, inside, minimums)
    else:
        estimate = threshold_estimate(metric, data, inside, point, minimums)
    if isinstance(estimate, Estimate) and metric in CHECKED:
        second_opinion.check(metric, estimate, data, np.asarray(inside), point)
    return estimate
