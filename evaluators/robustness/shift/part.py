"""The part of the robustness evaluator that compares populations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evaluators import metrics
from evaluators.binary import Predictions
from evaluators.features import Features, features_need
from evaluators.records import Recorder
from evaluators.requirements import binary_dataset, shared_patients
from evaluators.robustness.descriptors import DESCRIPTOR, RobustnessOptions
from evaluators.robustness.scene import Scene
from evaluators.robustness.shift.consequences import at_prevalences, explained_by_mix, prevalence_without_labels
from evaluators.robustness.shift.moved import moved
from evaluators.robustness.shift.options import ShiftOptions
from evaluators.robustness.shift.performance import performance
from evaluators.robustness.shift.sites import Site, Sites
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError, near_name
from governance.evidence.model import Measurement
from governance.harness.protocols import EvaluationContext, Need

WHERE = f"evaluate.{DESCRIPTOR.name}.shift"


def needs(context: EvaluationContext, options: RobustnessOptions) -> Iterable[Need]:
    """Ask for predictions of the other populations, and for features of all where they are asked for."""
    own = _own(options)
    here = binary_dataset(context, options.on, evaluator=DESCRIPTOR.name)
    for name in own.to:
        there = binary_dataset(context, name, evaluator=DESCRIPTOR.name, key="shift.to")
        _refuse_same(here, there)
        _attributes(own, here, there)
        yield Need.of("predict", name)
        if own.features:
            yield features_need(name, own.features)
    if own.features:
        yield features_need(options.on, own.features)


def measure(scene: Scene) -> Iterator[Measurement]:
    """Compare each other population with the scored one."""
    own, context = _own(scene.options), scene.context
    yield _prevalence_here(scene)
    for name in own.to:
        dataset = binary_dataset(context, name, evaluator=DESCRIPTOR.name, key="shift.to")
        data = Predictions.of(scene.observations.table(Need.of("predict", name)), dataset)
        sites = Sites(
            here=Site(scene.dataset, scene.clean),
            there=Site(dataset, data),
            recorder=Recorder(DESCRIPTOR.name, dataset, context.settings.level),
            point=scene.point,
            minimums=scene.minimums,
            groupings=scene.groupings,
        )
        attributes = _attributes(own, scene.dataset, dataset)
        yield from performance(sites)
        yield from moved(sites, own, attributes, seed=context.settings.seed, features=_features(scene, own, dataset))
        yield from prevalence_without_labels(sites)
        yield from explained_by_mix(sites, attributes)
        yield from at_prevalences(sites, own.prevalences)


def _prevalence_here(scene: Scene) -> Measurement:
    """Measure how common the condition is in the scored population, which others are compared with."""
    here = Site(scene.dataset, scene.clean)
    sites = Sites(here, here, scene.recorder, scene.point, scene.minimums, scene.groupings)
    return sites.record(metrics.PREVALENCE, sites.estimate(metrics.PREVALENCE, here, {}), scene.dataset.n)


def _features(scene: Scene, own: ShiftOptions, dataset: DatasetInfo) -> tuple[Features, Features] | None:
    if not own.features:
        return None
    here, there = (
        Features.of(scene.observations.table(features_need(each.name, own.features)), each)
        for each in (scene.dataset, dataset)
    )
    return here, there


def _refuse_same(here: DatasetInfo, there: DatasetInfo) -> None:
    shared = shared_patients(here, there)
    if here.digest == there.digest or shared:
        raise InputError(
            f"{WHERE}.to: '{there.name}' and '{here.name}' share "
            + ("their content" if here.digest == there.digest else f"{shared} patients"),
            hint="compare the same patients under a condition, or as groups of one dataset",
        )


def _attributes(own: ShiftOptions, here: DatasetInfo, there: DatasetInfo) -> tuple[str, ...]:
    """Return the attributes that both datasets have.

    Raises
    ------
    InputError
        If the options name one that a dataset lacks.
    """
    for name in own.attributes or ():
        for dataset in (here, there):
            if name not in dataset.attributes:
                raise InputError(
                    f"{WHERE}.attributes: dataset '{dataset.name}' has no attribute '{name}'",
                    hint=near_name(name, dataset.attributes),
                )
    if own.attributes is not None:
        return own.attributes
    return tuple(name for name in here.attributes if name in there.attributes)


def _own(options: RobustnessOptions) -> ShiftOptions:
    if options.shift is None:
        raise TypeError("shift was not asked for")
    return options.shift
