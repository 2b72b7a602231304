"""From a rule to the questions it asks of the evidence, one for each group, pair of groups and severity.

The questions follow from the rule, the policy's declared groups and the run's plan alone, so that a question whose
answer was taken away stays open. `Answers` finds the measurement for a question.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from governance.evidence.columnar import ColumnarEvidence
from governance.evidence.comparison import Comparison
from governance.evidence.model import CLEAN, Condition, Evidence, Measurement
from governance.policy.columnar_answers import ColumnarAnswers
from governance.policy.inventory import DeclaredGroups, Inventory, NotPlannedError
from governance.policy.model import Policy
from governance.policy.rules import Rule
from governance.policy.selecting import Selector


@dataclass(frozen=True)
class Question:
    """One number that a rule needs. `label` tells it from the rule's other questions, empty where it has one."""

    label: str
    evaluator: str
    metric: str
    estimand: str
    dataset: str
    slice: dict[str, str]
    condition: Condition = CLEAN
    reference: dict[str, str] | None = None
    reference_condition: Condition | None = None
    variant: str | None = None
    fraction: float | None = None
    target_class: str | None = None
    judge: str | None = None
    over: str | None = None
    across: str | None = None
    reference_variant: str | None = None

    def but(self, **changes: Any) -> Question:
        """Return the same question with other content, as `dataclasses.replace` does in several times the time."""
        other = object.__new__(Question)
        other.__dict__.update(self.__dict__, **changes)
        return other

    @property
    def key(self) -> tuple[Any, ...]:
        """What a measurement must share to be the answer."""
        return (
            self.evaluator,
            self.metric,
            self.estimand,
            self.dataset,
            frozenset(self.slice.items()),
            frozenset(self.reference.items()) if self.reference is not None else None,
            _plain(self.condition),
            _plain(self.reference_condition),
            self.reference_variant,
            self.variant,
            _rounded(self.fraction),
            self.target_class,
            self.judge,
            self.across,
        )


@dataclass(frozen=True)
class Questions:
    """All questions of a rule, and the groups it leaves out."""

    dataset: str
    asked: tuple[Question, ...]
    groups: DeclaredGroups | None = None


def questions(rule: Rule, policy: Policy, inventory: Inventory) -> Questions:
    """Return what a rule with a bar asks; as `asked_by`."""
    return asked_by(rule.measure, policy, inventory, rule.bar.paired_with)


def asked_by(
    selector: Selector, policy: Policy, inventory: Inventory, paired_with: Literal["clean", "baseline"] | None = None
) -> Questions:
    """Return what a selector asks of the evidence.

    Parameters
    ----------
    paired_with
        What the same samples are compared with, if anything.

    Raises
    ------
    NotPlannedError
        If the run was not asked to measure it: the rule is then not measured.
    """
    dataset = inventory.dataset(selector)
    conditions = inventory.conditions(selector)
    base = Question(
        label="",
        evaluator=selector.evaluator,
        metric=selector.metric,
        estimand=selector.estimand,
        dataset=dataset,
        slice=dict(selector.slice),
        variant=selector.variant,
        fraction=selector.fraction,
        target_class=selector.target_class,
        judge=selector.judge,
        across=selector.across,
    )
    groups = inventory.groups(selector.over, dataset, policy) if selector.over else None
    asked = [base]
    if groups is not None and selector.worst:
        asked = list(_per_group(base, groups, inventory))
    elif groups is not None and selector.mean_over:
        asked = [_mean(base, groups, inventory)]
    elif groups is not None:
        asked = list(_per_pair(base, groups, selector, inventory))
    if paired_with == "clean":
        asked = [question.but(estimand="difference", reference_condition=CLEAN) for question in asked]
    elif paired_with == "baseline":
        name = inventory.baseline(selector.evaluator, dataset)
        asked = [question.but(estimand="difference", reference_variant=name) for question in asked]
    asked = [
        question.but(condition=condition, label=_label(question.label, condition, len(conditions)))
        for question in asked
        for condition in conditions
    ]
    return Questions(dataset, tuple(asked), groups)


def _per_group(base: Question, groups: DeclaredGroups, inventory: Inventory) -> Iterable[Question]:
    if not groups.slices:
        raise NotPlannedError("every declared group is exempt")
    for group in groups.slices:
        yield base.but(label=inventory.words(base.dataset, group), slice={**base.slice, **group})


def _per_pair(base: Question, groups: DeclaredGroups, selector: Selector, inventory: Inventory) -> Iterable[Question]:
    what = "difference" if selector.difference else "ratio"
    if len(groups.slices) < 2:
        raise NotPlannedError(f"a difference over {selector.difference} needs at least two declared groups")
    for first, second in itertools.combinations(groups.slices, 2):
        yield base.but(
            label=f"{inventory.words(base.dataset, first)} against {inventory.words(base.dataset, second)}",
            estimand=what,
            slice={**base.slice, **first},
            reference={**base.slice, **second},
            over=selector.compared,
        )


def _mean(base: Question, groups: DeclaredGroups, inventory: Inventory) -> Question:
    """Ask for the mean over groups; it is one over all that the dataset has, so that none may be left out of it."""
    if groups.exempt or groups.undeclared:
        left = [label for label, _ in groups.exempt] + list(groups.undeclared)
        raise NotPlannedError(f"a mean over groups is one over all of them; the policy leaves out {', '.join(left)}")
    over = _grouping(groups)
    missing = [
        inventory.words(base.dataset, group) for group in groups.slices if not inventory.has(base.dataset, group)
    ]
    if missing:
        raise NotPlannedError(f"the dataset has no {', '.join(missing)}")
    return base.but(estimand="mean", across=over, over=over)


def _grouping(groups: DeclaredGroups) -> str:
    return " x ".join(groups.slices[0])


def _label(label: str, condition: Condition, conditions: int) -> str:
    if conditions == 1:
        return label
    severity = f"severity {condition.severity}"
    return f"{label}, {severity}" if label else severity


class ByKey(Protocol):
    """What finds measurements by the key of a question."""

    def get(self, key: tuple[Any, ...], /) -> Sequence[Measurement] | None:
        """Return the measurements of a key, if any."""
        ...


@dataclass(frozen=True)
class Answers:
    """Measurements by what they answer. Points of curves and single seeds answer no rule."""

    by_key: ByKey = field(default_factory=dict[tuple[Any, ...], Sequence[Measurement]])
    beside: ByKey = field(default_factory=dict[tuple[Any, ...], Sequence[Measurement]])
    """Further measurements: differences to a baseline, which are in no evidence."""

    @classmethod
    def of(cls, measurements: Iterable[Measurement]) -> Answers:
        """Index measurements in one pass."""
        found: defaultdict[tuple[Any, ...], list[Measurement]] = defaultdict(list)
        for m in measurements:
            if not m.curve and m.seed is None:
                found[_key(m)].append(m)
        return cls(dict(found))

    @classmethod
    def in_evidence(cls, evidence: Evidence | ColumnarEvidence, comparison: Comparison | None = None) -> Answers:
        """Index the measurements of a run, through columns where it was opened so; the answers are the same."""
        beside = cls.of(comparison.measurements).by_key if comparison else {}
        if isinstance(evidence, ColumnarEvidence):
            return cls(ColumnarAnswers(evidence, _key), beside)
        return cls(cls.of(evidence.measurements).by_key, beside)

    def all(self, question: Question) -> list[Measurement]:
        """Return every measurement that answers a question; a difference is also looked up the other way round."""
        found = [*(self.by_key.get(question.key) or ()), *(self.beside.get(question.key) or ())]
        if question.reference is not None:
            turned = question.but(slice=question.reference, reference=question.slice)
            found += self.by_key.get(turned.key) or ()
        return found


def _key(m: Measurement) -> tuple[Any, ...]:
    """Return what a question must share to be answered by a measurement; see `Question.key`."""
    return (
        m.evaluator,
        m.metric,
        m.estimand,
        m.dataset,
        frozenset(m.slice.items()),
        frozenset(m.reference.items()) if m.reference is not None else None,
        _plain(m.condition),
        _plain(m.reference_condition),
        m.reference_variant,
        m.variant,
        _rounded(m.fraction),
        m.target_class,
        m.judge,
        m.over if m.estimand in ("value", "mean") and not m.slice else None,
    )


def _plain(condition: Condition | None) -> tuple[str, int | None] | None:
    """Return a condition as what hashes quickly; evidence may hold a hundred thousand."""
    return None if condition is None else (condition.name, condition.severity)


def _rounded(fraction: float | None) -> float | None:
    """Make 0.3 percent by division and 0.003 as written the same fraction."""
    return None if fraction is None else round(fraction, 12)
