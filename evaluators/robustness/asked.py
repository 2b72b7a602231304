"""Which conditions are measured: those of the options, then those that the policy's rules ask for."""

from __future__ import annotations

from evaluators.robustness import condition_sets
from evaluators.robustness.descriptors import DESCRIPTOR, RobustnessOptions
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError, near_name
from governance.evidence.model import Condition
from governance.harness.protocols import EvaluationContext
from governance.plugins import ConditionDescriptor


def conditions(
    context: EvaluationContext, options: RobustnessOptions, dataset: DatasetInfo
) -> tuple[tuple[ConditionDescriptor, Condition], ...]:
    """Return conditions of the options, then those that rules ask for and the dataset can have, by severity.

    Raises
    ------
    InputError
        If the options name a condition that is unknown, makes no sense for the dataset, or has none of the severities.
    """
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
    written = (*options.conditions, *asked)
    for name in written:
        _condition(context, dataset, name)  # a set is refused as a whole, by its own name
    for name in condition_sets.expand(written, context.conditions):
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


def named(context: EvaluationContext, options: RobustnessOptions) -> frozenset[str]:
    """Return the names of the conditions of the options, without those that only rules ask for."""
    return frozenset(condition_sets.expand(options.conditions, context.conditions))


def _condition(context: EvaluationContext, dataset: DatasetInfo, name: str) -> ConditionDescriptor:
    descriptor = context.conditions.get(name)
    if not isinstance(descriptor, ConditionDescriptor):
        raise InputError(
            f"evaluate.robustness.conditions: unknown condition '{name}'", hint=near_name(name, context.conditions)
        )
    if descriptor.opposite:
        raise InputError(
            f"evaluate.robustness.conditions: under '{name}' the right answer is the opposite one, and this evaluator"
            " compares with the answer as it stands",
            hint="name it under evaluate.hallucination.conditions, for models that generate; or leave it out",
        )
    if not _makes_sense(descriptor, dataset):
        raise InputError(
            f"evaluate.robustness.conditions: '{name}' makes no sense for dataset '{dataset.name}' of modality "
            f"'{dataset.modality}'",
            hint=f"it is for: {', '.join(descriptor.modalities)}; a dataset says `modality: <one of them>`",
        )
    return descriptor


def _makes_sense(descriptor: ConditionDescriptor, dataset: DatasetInfo) -> bool:
    return not descriptor.opposite and (not descriptor.modalities or dataset.modality in descriptor.modalities)
