"""Uncertainty, where the options ask for it: selective answers, and inputs of another kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evaluators.requirements import named_dataset
from evaluators.robustness.descriptors import RobustnessOptions
from evaluators.robustness.scene import Scene
from evaluators.robustness.uncertainty import foreign
from evaluators.robustness.uncertainty.confidence import Confidences, needs_of, training_need
from evaluators.robustness.uncertainty.foreign import Foreign
from evaluators.robustness.uncertainty.options import UncertaintyOptions
from evaluators.robustness.uncertainty.selective import Selective
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError, near_name
from governance.evidence.model import Condition, Measurement
from governance.harness.protocols import EvaluationContext, Need
from governance.plugins import ConditionDescriptor

_WHERE = "evaluate.robustness.uncertainty"


def needs(context: EvaluationContext, options: RobustnessOptions) -> Iterable[Need]:
    """Ask for what confidence is made of, for the scored dataset, the training samples and foreign samples."""
    own = _own(options)
    yield from needs_of(options.on, own)
    if own.train_on is not None:
        _training(context, options)
        training = training_need(own)
        if training is not None:
            yield training
    for one in _foreign(context, options):
        yield from needs_of(one.dataset.name, own, one.condition)


def measure(scene: Scene) -> Iterator[Measurement]:
    """Give each confidence in turn: what selective answers gain, then what it tells apart."""
    own = _own(scene.options)
    training = None if own.train_on is None else _training(scene.context, scene.options)
    confidences = Confidences(scene.observations, own, scene.dataset.classes, scene.decided_at, training)
    for score in own.scores:
        selective = Selective(scene, score, confidences.of(score, scene.dataset))
        yield from selective.measure(own.coverages, own.risks)
        for one in _foreign(scene.context, scene.options):
            yield from foreign.measure(scene, confidences, score, one)


def _own(options: RobustnessOptions) -> UncertaintyOptions:
    if options.uncertainty is None:
        raise TypeError("uncertainty was not asked for")
    return options.uncertainty


def _training(context: EvaluationContext, options: RobustnessOptions) -> DatasetInfo:
    """Return the dataset that distances are measured from, which must not be the scored one under any name."""
    key = "uncertainty.train_on"
    training = named_dataset(context, str(_own(options).train_on), evaluator="robustness", key=key)
    if training.digest == context.datasets[options.on].digest:
        raise InputError(
            f"{_WHERE}.train_on: '{training.name}' has the same content as '{options.on}', which is scored",
            hint="name the samples that the model was trained on",
        )
    return training


def _foreign(context: EvaluationContext, options: RobustnessOptions) -> Iterator[Foreign]:
    """Return the datasets, and the scored dataset under each severity of the conditions, that the options name.

    Raises
    ------
    InputError
        If a name is neither, is the scored dataset, or a condition does not apply to every sample.
    """
    scored = context.datasets[options.on]
    for name in _own(options).out_of_distribution:
        where = f"{_WHERE}.out_of_distribution"
        if name in context.datasets:
            if context.datasets[name].digest == scored.digest:
                raise InputError(
                    f"{where}: '{name}' is the scored dataset", hint="name samples of another kind, or a condition"
                )
            yield Foreign(context.datasets[name])
            continue
        descriptor = context.conditions.get(name)
        if not isinstance(descriptor, ConditionDescriptor):
            known = [*context.datasets, *context.conditions]
            raise InputError(f"{where}: '{name}' is neither a dataset nor a condition", hint=near_name(name, known))
        if descriptor.kind == "variant":
            raise InputError(
                f"{where}: '{name}' is another version that only some samples have",
                hint="name a condition that is applied to every sample, or a dataset",
            )
        if not descriptor.severities:
            yield Foreign(scored, Condition(name=name))
        for severity in descriptor.severities:
            if options.severities is None or severity in options.severities:
                yield Foreign(scored, Condition(name=name, severity=severity))
