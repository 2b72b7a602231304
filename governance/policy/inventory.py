"""What a run promised to measure, read from `spec.lock.json`: evidence is held against this, never against itself.

A verdict that looked only at the measurements that are there could be improved by leaving some away.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.evidence.comparison import Comparison
from governance.evidence.model import CLEAN, Condition
from governance.evidence.wording import slice_words
from governance.policy.model import Exemption, Policy
from governance.policy.selecting import Selector

BASELINE = "baseline"
"""The `reference_variant` of differences to another model inside the same run."""
NOT_RECORDED = "not recorded"
"""The group of samples whose attribute value is missing; it is judged only where a policy declares it."""


class NotPlannedError(Exception):
    """A rule asks for something that the run was not asked to measure; the message is the verdict's reason."""


@dataclass(frozen=True)
class DeclaredGroups:
    """The groups a rule runs over, each as a slice, with those that are left out and why, these in words."""

    slices: tuple[dict[str, str], ...]
    exempt: tuple[tuple[str, Exemption], ...]
    undeclared: tuple[str, ...]


@dataclass(frozen=True)
class Inventory:
    """The plan of a run. `lock` is the content of `spec.lock.json`."""

    lock: Mapping[str, Any]
    comparison: Comparison | None = None
    """The paired differences to the run that was named as the baseline, if one was."""

    def baseline(self, evaluator: str, dataset: str) -> str:
        """Return the `reference_variant` of differences to the baseline: another run, or a model inside this one."""
        if self.comparison is None:
            return BASELINE
        reason = self.comparison.other_data.get(dataset) or self.comparison.not_compared.get(evaluator)
        if reason is not None:
            raise NotPlannedError(f"not comparable: {reason}")
        return self.comparison.baseline.variant

    def evaluator(self, name: str) -> Mapping[str, Any]:
        """Return the options of an evaluator that was run."""
        if name not in self.lock.get("evaluators", {}):
            raise NotPlannedError(f"the evaluator {name} was not run")
        options: Mapping[str, Any] = self.lock.get("spec", {}).get("evaluate", {}).get(name) or {}
        return options

    def dataset(self, selector: Selector) -> str:
        """Return the dataset a selector is about: the one it names, or the one its evaluator was run on."""
        datasets: Mapping[str, Any] = self.lock.get("datasets", {})
        options = self.evaluator(selector.evaluator)
        name = selector.dataset or options.get("on") or options.get("test_on")
        if name is None:
            testing = [key for key, dataset in datasets.items() if dataset.get("role") == "testing"]
            if len(testing) != 1:
                raise NotPlannedError("the rule names no dataset, and the run has no single testing dataset")
            name = testing[0]
        if name not in datasets:
            raise NotPlannedError(f"the dataset {name} was not part of the run")
        return str(name)

    def dataset_digest(self, name: str) -> str:
        """Return the content digest of a dataset as it was locked."""
        return str(self.lock["datasets"][name]["digest"])

    def conditions(self, selector: Selector) -> tuple[Condition, ...]:
        """Return the conditions a selector is about: clean, the one it names, or that one in every planned severity."""
        name = selector.condition
        if name is None or name == CLEAN.name:
            return (CLEAN,)
        planned = self.lock.get("conditions", {})
        if name not in planned:
            raise NotPlannedError(f"the condition {name} was not run")
        if selector.condition_severity == "all":
            return (Condition(name=name),)
        if selector.condition_severity is not None:
            return (Condition(name=name, severity=selector.condition_severity),)
        severities = list(planned[name].get("severities") or [])
        chosen = self.evaluator(selector.evaluator).get("severities")
        if chosen is not None:
            severities = [severity for severity in severities if severity in chosen] or severities
        if not severities:
            return (Condition(name=name),)
        return tuple(Condition(name=name, severity=severity) for severity in sorted(severities))

    def groups(self, over: str, dataset: str, policy: Policy) -> DeclaredGroups:
        """Return the groups of a grouping (attributes joined by " x ") that `policy` declares for `dataset`.

        A declared group stays in the list whether or not the dataset has it; what the dataset lacks was not measured.
        """
        attributes = [attribute.strip() for attribute in over.split(" x ")]
        slices: list[dict[str, str]] = []
        exempt: list[tuple[str, Exemption]] = []
        undeclared: list[str] = []
        listed = []
        for attribute in attributes:
            known = self._known_groups(attribute, dataset)
            if attribute in policy.groups:
                declared = policy.groups[attribute]
                extra = [group for group in known if group not in declared and group != NOT_RECORDED]
                undeclared += [self.words(dataset, {attribute: group}) for group in extra]
            elif not known:
                raise NotPlannedError(f"{dataset} has no attribute {attribute}")
            else:
                declared = tuple(group for group in known if group != NOT_RECORDED)
            listed.append(declared)
        for combination in itertools.product(*listed):
            groups = dict(zip(attributes, combination, strict=True))
            exemption = _exemption(policy, over, attributes, combination)
            if exemption is None:
                slices.append(groups)
            else:
                exempt.append((self.words(dataset, groups), exemption))
        return DeclaredGroups(tuple(slices), tuple(exempt), tuple(undeclared))

    def has(self, dataset: str, groups: Mapping[str, str]) -> bool:
        """Say whether a dataset knows each of the groups."""
        return all(group in self._known_groups(attribute, dataset) for attribute, group in groups.items())

    def words(self, dataset: str, groups: Mapping[str, str]) -> str:
        """Return groups as documents call them."""
        return slice_words(self.lock, dataset, groups)

    def _known_groups(self, attribute: str, dataset: str) -> tuple[str, ...]:
        attributes = self.lock["datasets"][dataset].get("attributes", {})
        if attribute not in attributes:
            return ()
        content = attributes[attribute]
        return tuple(content.get("order") or content.get("groups", {}))


def _exemption(policy: Policy, over: str, attributes: list[str], groups: tuple[str, ...]) -> Exemption | None:
    """Return why a combination of groups is left out: for itself, or for one of its groups."""
    own = policy.exempt.get(over, {}).get(" x ".join(groups))
    single = (policy.exempt.get(a, {}).get(g) for a, g in zip(attributes, groups, strict=True))
    return own or next((found for found in single if found is not None), None)
