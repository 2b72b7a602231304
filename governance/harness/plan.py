"""From what the evaluators need to one plan: checked, merged, each need after those it builds on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError, near_name
from governance.harness.protocols import Need
from governance.plugins import CollectorDescriptor, ConditionDescriptor, SubjectDescriptor, find, installed
from governance.spec.model import Spec, SubjectSpec
from governance.spec.references import load_reference

OF_THE_SUBJECT = frozenset({"predict", "logits", "embed", "segment", "generate"})
"""Collectors that are served by the subject's method of the same name."""


@dataclass(frozen=True)
class Plan:
    """All needs of a run. `by_evaluator` and `needs` are in a fixed order; `needs` after what they build on."""

    needs: tuple[Need, ...]
    by_evaluator: Mapping[str, tuple[Need, ...]]
    collectors: Mapping[str, CollectorDescriptor]


def make_plan(
    needs: Mapping[str, Iterable[Need]],
    *,
    subject: SubjectSpec,
    datasets: Mapping[str, DatasetInfo],
    conditions: Mapping[str, ConditionDescriptor],
) -> Plan:
    """Merge the needs of all evaluators and check that each can be met.

    Raises
    ------
    InputError
        If a need names an unknown dataset, collector or condition, a condition that makes no sense for the dataset's
        modality, or something the subject cannot do.
    """
    by_evaluator = {name: tuple(needs[name]) for name in sorted(needs)}
    order: dict[str, Need] = {}
    collectors: dict[str, CollectorDescriptor] = {}
    for name, own in by_evaluator.items():
        for need in own:
            _visit(need, order, ())
        for need in order.values():
            collectors[need.collector] = _check(need, name, subject, datasets, conditions)
    return Plan(tuple(order.values()), by_evaluator, collectors)


def condition_registry(spec: Spec, base: Path) -> dict[str, ConditionDescriptor]:
    """Return installed conditions and those that the spec registers, by name.

    Raises
    ------
    InputError
        If the spec registers a name that is taken, or something that is not a condition.
    """
    known: dict[str, Any] = dict(installed("conditions"))
    for name, reference in spec.conditions.items():
        if name in known:
            raise InputError(f"conditions.{name}: the toolkit has a condition of this name", hint="choose another name")
        found = load_reference(reference, base)
        if not isinstance(found, ConditionDescriptor):
            raise InputError(
                f"conditions.{name}: '{reference}' is a {type(found).__name__}, not a ConditionDescriptor",
                hint="make one with governance.plugins.ConditionDescriptor(name=…, title=…, implementation=…)",
            )
        known[name] = replace(found, name=name)
    return known


def _visit(need: Need, order: dict[str, Need], above: tuple[str, ...]) -> None:
    """Put a need after the ones it builds on. Needs hold each other by value, so that a cycle cannot be written."""
    if need.id in order:
        return
    for earlier in need.builds_on:
        _visit(earlier, order, (*above, need.id))
    order[need.id] = need


def _check(
    need: Need,
    evaluator: str,
    subject: SubjectSpec,
    datasets: Mapping[str, DatasetInfo],
    conditions: Mapping[str, ConditionDescriptor],
) -> CollectorDescriptor:
    where = f"evaluate.{evaluator}"
    if need.dataset not in datasets:
        raise InputError(f"{where}: unknown dataset '{need.dataset}'", hint=near_name(need.dataset, datasets))
    collector: CollectorDescriptor = find("collectors", need.collector)
    options = dict(need.options)
    _check_options(collector, options, where)
    kind: SubjectDescriptor = find("subjects", subject.kind)
    own = need.collector in OF_THE_SUBJECT and not options.get("extractor")
    if own and need.collector not in kind.capabilities:
        raise InputError(
            f"{where} needs '{need.collector}' of the subject, but the kind '{subject.kind}' can only "
            + ", ".join(sorted(kind.capabilities)),
            hint="leave the evaluation out, or choose a kind of subject that can do it",
        )
    if not need.condition.is_clean:
        _check_condition(need, where, datasets[need.dataset], conditions)
    return collector


def _check_options(collector: CollectorDescriptor, options: dict[str, Any], where: str) -> None:
    if not collector.options.model_fields:
        return
    try:
        collector.options.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{where}: the collector '{collector.name}' refuses {place}: {first['msg']}") from error


def _check_condition(need: Need, where: str, info: DatasetInfo, conditions: Mapping[str, ConditionDescriptor]) -> None:
    name, severity = need.condition.name, need.condition.severity
    if name not in conditions:
        raise InputError(f"{where}: unknown condition '{name}'", hint=near_name(name, conditions))
    descriptor = conditions[name]
    if descriptor.modalities and info.modality not in descriptor.modalities:
        has = f"the modality '{info.modality}'" if info.modality else "no declared modality"
        raise InputError(
            f"{where}: the condition '{name}' makes no sense for the dataset '{info.name}', which has {has}",
            hint=f"it is for: {', '.join(descriptor.modalities)}; set `modality` of the dataset if it is one of these",
        )
    fits = severity in descriptor.severities if descriptor.severities else severity is None
    if not fits:
        scale = ", ".join(map(str, descriptor.severities)) or "none"
        raise InputError(f"{where}: the condition '{name}' has no severity {severity}", hint=f"its severities: {scale}")


def levels(needs: Sequence[Need]) -> list[list[Need]]:
    """Group needs so that each group builds on earlier groups only."""
    depth: dict[str, int] = {}
    grouped: dict[int, list[Need]] = {}
    for need in needs:
        depth[need.id] = 1 + max((depth[earlier.id] for earlier in need.builds_on), default=-1)
        grouped.setdefault(depth[need.id], []).append(need)
    return [grouped[level] for level in sorted(grouped)]
