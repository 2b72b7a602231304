"""The fairness evaluator: values of every group, worst groups, differences between groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from evaluators import against
from evaluators.at_prevalence import RATES, estimates
from evaluators.binary import Predictions, threshold_estimate
from evaluators.fairness import parts
from evaluators.fairness.calibration import reliability
from evaluators.fairness.comparison import runs
from evaluators.fairness.descriptors import DESCRIPTOR, FairnessOptions
from evaluators.fairness.groups import GroupMeasures
from evaluators.fairness.groups_measured import MeasuredGroups
from evaluators.fairness.intersections import intersections
from evaluators.fairness.scene import Scene
from evaluators.fairness.tasks.task import task_of
from evaluators.grouping import Grouping, Minimums, distinct_slices, members, parse_groupings
from evaluators.operating_point import operating_point
from evaluators.records import Recorder
from evaluators.requirements import binary_dataset, independent_choice, refuse_repeated
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement
from governance.harness.protocols import EvaluationContext, Need, Observations, Observed


@dataclass(frozen=True)
class FairnessEvaluator:
    """Measures a model per group, from its predictions alone; tasks other than binary have modules of their own."""

    def needs(self, context: EvaluationContext) -> Iterable[Need]:
        """Ask for the predictions of the scored dataset, and of the one that the threshold is chosen on."""
        options = _options(context)
        if context.subject.task != "binary":
            yield from task_of(context).needs(context, options)
            return
        groupings = _groupings(context, options)
        intersections(options.intersections, groupings, binary_dataset(context, options.on, evaluator=DESCRIPTOR.name))
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
        scene = _scene(observations, context, options)
        threshold = scene.point.threshold
        measures = GroupMeasures(
            scene.data,
            scene.point,
            scene.minimums,
            context.settings,
            bins=options.bins,
            max_false_positive_rate=options.max_false_positive_rate,
            threshold_probability=threshold if options.net_benefit_at is None else options.net_benefit_at,
        )
        made = intersections(options.intersections, scene.groupings, scene.dataset)
        yield from MeasuredGroups(scene, measures, made).measure()
        yield from _at_prevalences(scene)
        yield from reliability(scene.recorder, scene.data, options.bins)
        for part in parts.chosen(options):
            yield from part.measure(scene)

    def compare(self, here: Observed, there: Observed, name: str) -> Iterable[Measurement]:
        """Compare two runs on the same samples, binary decisions by methods of their own (`comparison.runs`)."""
        generic = against.compare(self, here, there, name)
        if here.context.subject.task != "binary" or there.context.subject.task != "binary":
            yield from generic
            return
        own, other = (_scene(one.observations, one.context, _options(one.context)) for one in (here, there))
        special = list(runs.compare(own, other, name))
        given = {m.id for m in special}
        yield from special
        yield from (m for m in generic if m.id not in given)


EVALUATOR = FairnessEvaluator()


def _at_prevalences(scene: Scene) -> Iterator[Measurement]:
    """Give predictive values and flags per 100 at the prevalences of the options, for everyone and every group."""
    prevalences = scene.options.prevalences
    for cell in distinct_slices(scene.groupings, scene.dataset) if prevalences else ():
        inside = members(cell, scene.dataset)
        rates = [threshold_estimate(rate, scene.data, inside, scene.point, scene.minimums) for rate in RATES]
        for metric, prevalence, found in estimates(rates, prevalences):
            about: dict[str, Any] = {"slice": cell, "curve": {"prevalence": prevalence}}
            if isinstance(found, str):
                yield scene.at_point.not_measured(metric, found, n=int(inside.sum()), **about)
            else:
                yield scene.at_point.measured(metric, found, **about)


def _scene(observations: Observations, context: EvaluationContext, options: FairnessOptions) -> Scene:
    dataset = binary_dataset(context, options.on, evaluator=DESCRIPTOR.name)
    data = Predictions.of(observations.table(Need.of("predict", options.on)), dataset)
    chosen_from = _chosen_from(observations, context, options, (dataset, data))
    return Scene(
        context=context,
        options=options,
        observations=observations,
        dataset=dataset,
        data=data,
        point=operating_point(options.operating_point, chosen_from),
        chosen_from=chosen_from,
        recorder=Recorder(DESCRIPTOR.name, dataset, context.settings.level),
        minimums=Minimums(context.settings.minimum_patients, context.settings.minimum_events),
        groupings=_groupings(context, options),
    )


def _options(context: EvaluationContext) -> FairnessOptions:
    if not isinstance(context.options, FairnessOptions):
        raise TypeError(f"the fairness evaluator takes FairnessOptions, not {type(context.options).__name__}")
    return context.options


def _groupings(context: EvaluationContext, options: FairnessOptions) -> tuple[Grouping, ...]:
    dataset = binary_dataset(context, options.on, evaluator=DESCRIPTOR.name)
    return parse_groupings(options.groups, context.requests, dataset, evaluator=DESCRIPTOR.name)


def _chosen_from(
    observations: Observations,
    context: EvaluationContext,
    options: FairnessOptions,
    judged: tuple[DatasetInfo, Predictions],
) -> Predictions | None:
    name = options.operating_point.choose_on
    if name is None:
        return None
    dataset = binary_dataset(context, name, evaluator=DESCRIPTOR.name)
    found = Predictions.of(observations.table(Need.of("predict", name)), dataset)
    refuse_repeated((dataset, found), judged, where=f"evaluate.{DESCRIPTOR.name}.operating_point.choose_on")
    return found
