"""Accuracy under attack, where the options ask for it: the worst case over attacks and smaller sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluators import estimates
from evaluators.comparisons import Key, compare_groups
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Slice, distinct_slices, members
from evaluators.robustness.adversarial.metrics import ATTACK_SUCCESS_RATE, ROBUST_ACCURACY
from evaluators.robustness.adversarial.needs import attack_need, refuse_senseless
from evaluators.robustness.adversarial.observed import Outcome, outcome
from evaluators.robustness.adversarial.options import AdversarialOptions, Attack
from evaluators.robustness.descriptors import RobustnessOptions
from evaluators.robustness.scene import Scene
from evaluators.robustness.scores.decisions import SHARE, paired_shares
from governance.evidence.model import Measurement, MetricDescriptor, Scalar
from governance.harness.protocols import EvaluationContext, Need

CLEAN = "no attack"
"""The variant of the accuracy of the same samples without an attack."""


def needs(context: EvaluationContext, options: RobustnessOptions) -> Iterable[Need]:
    """Ask for the subject's outputs under each attack of each size."""
    own = _own(options)
    refuse_senseless(context, context.datasets[options.on], own)
    for attack in own.attacks:
        for eps in own.rising:
            yield attack_need(context, options, own, attack, eps)


def measure(scene: Scene) -> Iterator[Measurement]:
    """Give the accuracy without an attack, under each attack and under all, by size; then compare groups."""
    yield from _Attacked.of(scene).measure()


@dataclass(frozen=True)
class _Attacked:
    """What is left right.

    Attributes
    ----------
    survived
        (n,) right without an attack and under it and all smaller ones, by (attack, or None for all of them; eps).
    right
        (n,) right without an attack.
    usable
        (n,) drawn, and with an output without an attack: the denominator of every number, so that a stronger attack
        cannot look weaker by leaving samples out. No output under attack counts as wrong.
    """

    scene: Scene
    own: AdversarialOptions
    survived: Mapping[tuple[Attack | None, float], Bools]
    right: Bools
    usable: Bools
    drawn: Bools
    parameters: Mapping[tuple[Attack | None, float], dict[str, Scalar]]

    @classmethod
    def of(cls, scene: Scene) -> _Attacked:
        """Read the tables of all attacks."""
        own, decisions = _own(scene.options), scene.view.decisions
        found: dict[tuple[Attack, float], Outcome] = {}
        for attack in own.attacks:
            for eps in own.rising:
                need = attack_need(scene.context, scene.options, own, attack, eps)
                found[attack, eps] = outcome(scene.observations.table(need), scene.dataset, decisions, scene.decided_at)
        usable, drawn = decisions.usable.copy(), np.ones(scene.dataset.n, dtype=bool)
        for one in found.values():
            usable &= one.usable
            drawn &= one.present
        right: Bools = usable & ~decisions.wrong
        survived: dict[tuple[Attack | None, float], Bools] = {}
        for attack in own.attacks:
            still = right
            for eps in own.rising:
                still = still & found[attack, eps].right
                survived[attack, eps] = still
        for eps in own.rising:
            survived[None, eps] = np.logical_and.reduce([survived[attack, eps] for attack in own.attacks])
        return cls(scene, own, survived, right, usable, drawn, {key: _about(own, *key, found) for key in survived})

    def measure(self) -> Iterator[Measurement]:
        """Give every slice, then the worst groups and gaps under all attacks together."""
        by_slice: dict[str, dict[Key, Estimate | str]] = {}
        for cell in distinct_slices(self.scene.groupings, self.scene.dataset):
            inside = members(cell, self.scene.dataset) & self.drawn
            yield self._record(ROBUST_ACCURACY, self._accuracy(self.right, inside, {}), inside, cell, variant=CLEAN)
            for key, left in self.survived.items():
                answer = self._accuracy(left, inside, self.parameters[key])
                variant = self.variant(*key)
                if key[0] is None:
                    by_slice.setdefault(variant, {})[frozenset(cell.items())] = answer
                yield self._record(ROBUST_ACCURACY, answer, inside, cell, variant=variant)
                yield self._record(ATTACK_SUCCESS_RATE, self._success(key, inside), inside, cell, variant=variant)
                if key[0] is None:
                    drop = self._drop(key, inside)
                    about = {"variant": variant, "reference_variant": CLEAN, "estimand": "difference"}
                    yield self._record(ROBUST_ACCURACY, drop, inside, cell, **about)
                    yield from self._by_class(key, inside, cell)
        for variant, answers in by_slice.items():
            for grouping in self.scene.groupings:
                yield from compare_groups(
                    self.scene.at_point,
                    ROBUST_ACCURACY,
                    grouping,
                    self.scene.dataset,
                    answers,
                    seed=self.scene.context.settings.seed,
                    variant=variant,
                )

    def variant(self, attack: Attack | None, eps: float) -> str:
        """Return what numbers under an attack (None: all of them) carry."""
        size = f"{self.own.norm} {eps:.12g}"
        return size if attack is None else f"{attack}, {size}"

    def _by_class(self, key: tuple[Attack | None, float], inside: Bools, cell: Slice) -> Iterator[Measurement]:
        truth = self.scene.view.decisions.truth
        for number, name in enumerate(self.scene.dataset.classes):
            among = inside & (truth == number)
            answer = self._accuracy(self.survived[key], among, self.parameters[key])
            yield self._record(ROBUST_ACCURACY, answer, among, cell, variant=self.variant(*key), target_class=name)

    def _accuracy(self, left: Bools, inside: Bools, parameters: dict[str, Scalar]) -> Estimate | str:
        return self._share(left, inside & self.usable, {**parameters, **self._left_out(inside)})

    def _success(self, key: tuple[Attack | None, float], inside: Bools) -> Estimate | str:
        parameters = {**self.parameters[key], **self._left_out(inside)}
        return self._share(self.right & ~self.survived[key], inside & self.right, parameters)

    def _share(self, successes: Bools, among: Bools, parameters: dict[str, Scalar]) -> Estimate | str:
        decisions = self.scene.view.decisions
        return self.scene.minimums.missing(decisions.patients(among), []) or estimates.proportion(
            successes, among, decisions.codes, name=SHARE, parameters=parameters, n_clusters=decisions.n_clusters
        )

    def _drop(self, key: tuple[Attack | None, float], inside: Bools) -> Estimate | str:
        """Accuracy under all attacks less that without, on the same samples."""
        decisions, among = self.scene.view.decisions, inside & self.usable
        reason = self.scene.minimums.missing(decisions.patients(among), [])
        if reason:
            return reason
        now, before = (part.astype(np.float64) for part in (self.survived[key], self.right))
        return paired_shares(now, before, among, decisions, {**self.parameters[key], **self._left_out(inside)})

    def _left_out(self, inside: Bools) -> dict[str, Scalar]:
        return {"rejected_left_out": int(np.sum(inside & ~self.usable))}

    def _record(
        self, metric: MetricDescriptor, answer: Estimate | str, inside: Bools, cell: Slice, **about: Any
    ) -> Measurement:
        if isinstance(answer, str):
            return self.scene.at_point.not_measured(metric, answer, n=int(inside.sum()), slice=cell, **about)
        return self.scene.at_point.measured(metric, answer, slice=cell, **about)


def _about(
    own: AdversarialOptions, attack: Attack | None, eps: float, found: Mapping[tuple[Attack, float], Outcome]
) -> dict[str, Scalar]:
    """Return how the model was attacked, for the method's parameters."""
    names = own.attacks if attack is None else (attack,)
    return {
        "attacks": ", ".join(names),
        "norm": own.norm,
        "eps": eps,
        "smaller_eps": ", ".join(f"{one:g}" for one in own.rising if one < eps),
        "steps": own.steps,
        "queries": own.queries,
        "restarts": own.restarts,
        "largest_change": max(found[name, eps].largest_change for name in names),
        "left_without_output": max(found[name, eps].silenced for name in names),
    }


def _own(options: RobustnessOptions) -> AdversarialOptions:
    if options.adversarial is None:
        raise TypeError("attacks were not asked for")
    return options.adversarial
