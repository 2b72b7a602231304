"""What the model decides about each sample, of two classes or more, and how often that is wrong or changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from evaluators import estimates
from evaluators.binary import WITH_CONDITION, WITHOUT_CONDITION, Predictions
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.tasks.averages import average
from evaluators.grouping import Minimums
from governance.evidence.model import OperatingPoint, Scalar
from governance.statistics.clusters import Floats, Integers
from governance.statistics.differences import gating_paired_difference

SHARE = "share with cluster-adjusted interval"
PAIRED = "mean of paired differences with cluster-robust variance"


@dataclass(frozen=True)
class Decisions:
    """The decided class of each sample of a dataset under one condition.

    Attributes
    ----------
    choice, truth
        (n,) class numbers; `choice` has no meaning where `usable` is False.
    usable
        (n,) whether the model gave an output.
    present
        (n,) samples that the condition exists for at all.
    codes
        (n,) cluster numbers below `n_clusters`.
    patients_of
        What patients of each class are called.
    """

    choice: Integers
    truth: Integers
    usable: Bools
    present: Bools
    codes: Integers
    n_clusters: int
    patients_of: tuple[str, ...]

    @classmethod
    def binary(cls, data: Predictions, point: OperatingPoint) -> Decisions:
        """Decide for the positive class from the threshold on."""
        choice, truth = (part.astype(np.int64) for part in (data.flagged(point), data.positive))
        words = (WITHOUT_CONDITION, WITH_CONDITION)
        return cls(choice, truth, data.usable, data.present, data.codes, data.n_clusters, words)

    @property
    def wrong(self) -> Bools:
        """(n,) whether the decision is wrong; False where there is none."""
        found: Bools = self.usable & (self.choice != self.truth)
        return found

    def restricted(self, among: Bools) -> Decisions:
        """Return the same with the samples outside a mask no longer present."""
        return replace(self, present=self.present & among, usable=self.usable & among)

    def patients(self, among: Bools) -> int:
        """Return the number of clusters in a mask."""
        return int(np.count_nonzero(np.bincount(self.codes[among], minlength=self.n_clusters)))

    def left_out(self, inside: Bools) -> dict[str, Scalar]:
        """Count the samples of a slice without a usable output, which are not in the number."""
        return {"rejected_left_out": int(np.sum(inside & self.present & ~self.usable))}

    def too_few(self, scored: Bools, minimums: Minimums, *, classes: bool = False) -> str | None:
        """Return why a number about a mask is not given, or None; with `classes`, one that needs patients of each."""
        needed = [
            (words, self.patients(scored & (self.truth == number))) for number, words in enumerate(self.patients_of)
        ]
        return minimums.missing(self.patients(scored), needed if classes else [])


def error(data: Decisions, inside: Bools, minimums: Minimums) -> Estimate | str:
    """Estimate the share of samples that are classified wrong, or say why not."""
    scored = inside & data.usable
    return data.too_few(scored, minimums) or _share(data, data.wrong, scored, data.left_out(inside))


def balanced_error(data: Decisions, inside: Bools, minimums: Minimums) -> Estimate | str:
    """Estimate the mean over classes of the share classified wrong, or say why not; a class with few leaves it out."""
    scored = inside & data.usable
    reason = data.too_few(scored, minimums, classes=True)
    if reason:
        return reason
    parameters = data.left_out(inside)
    return _mean_of_classes(
        [_share(data, data.wrong, scored & (data.truth == number), {}) for number in range(len(data.patients_of))],
        data,
        scored,
        parameters,
    )


def change_of_error(changed: Decisions, clean: Decisions, inside: Bools, minimums: Minimums) -> Estimate | str:
    """Estimate the error under a condition less that on clean input, on the same samples, or say why not."""
    both = inside & changed.usable & clean.usable
    return clean.too_few(both, minimums) or _paired(changed, clean, both, not_compared(changed, clean, inside))


def change_of_balanced_error(changed: Decisions, clean: Decisions, inside: Bools, minimums: Minimums) -> Estimate | str:
    """Estimate the balanced error under a condition less that on clean input, on the same samples, or say why not."""
    both = inside & changed.usable & clean.usable
    reason = clean.too_few(both, minimums, classes=True)
    if reason:
        return reason
    parts = [_paired(changed, clean, both & (clean.truth == number), {}) for number in range(len(clean.patients_of))]
    return _mean_of_classes(parts, clean, both, not_compared(changed, clean, inside))


def flips(changed: Decisions, clean: Decisions, inside: Bools, minimums: Minimums) -> Estimate | str:
    """Estimate the share of samples whose decision changes, or say why not."""
    both = inside & changed.usable & clean.usable
    return clean.too_few(both, minimums) or _share(
        clean, changed.choice != clean.choice, both, not_compared(changed, clean, inside)
    )


def consistency(changed: Sequence[Decisions], clean: Decisions, inside: Bools, minimums: Minimums) -> Estimate | str:
    """Estimate the share of samples whose decision is that on clean input in all of `changed`, or say why not."""
    everywhere, same = clean.usable.copy(), np.ones(clean.choice.size, dtype=bool)
    for one in changed:
        everywhere &= one.usable
        same &= one.choice == clean.choice
    scored = inside & everywhere
    left: dict[str, Scalar] = {"left_out": int(np.sum(inside & clean.present & ~everywhere)), "inputs": len(changed)}
    return clean.too_few(scored, minimums) or _share(clean, same, scored, left)


def not_compared(changed: Decisions | Predictions, clean: Decisions | Predictions, inside: Bools) -> dict[str, Scalar]:
    """Count the samples of a slice that lack a usable output with or without the condition."""
    both = changed.usable & clean.usable
    return {"left_out": int(np.sum(inside & (changed.present | clean.present) & ~both))}


def _share(data: Decisions, successes: Bools, among: Bools, parameters: dict[str, Scalar]) -> Estimate:
    return estimates.proportion(
        successes, among, data.codes, name=SHARE, parameters=parameters, n_clusters=data.n_clusters
    )


def paired_shares(
    now: Floats, before: Floats, among: Bools, data: Decisions | Predictions, parameters: dict[str, Scalar]
) -> Estimate:
    """Estimate the mean of ``now - before``, (n,) values from 0 to 1 (or their negatives) of the same samples."""
    return estimates.mean(
        now - before,
        among,
        data.codes,
        low=-1.0,
        high=1.0,
        parameters=parameters,
        name=PAIRED,
        n_clusters=data.n_clusters,
        gating=partial(gating_paired_difference, now[among], before[among], data.codes[among]),
    )


def _paired(changed: Decisions, clean: Decisions, among: Bools, parameters: dict[str, Scalar]) -> Estimate:
    return paired_shares(changed.wrong.astype(np.float64), clean.wrong.astype(np.float64), among, clean, parameters)


def _mean_of_classes(
    parts: Sequence[Estimate], data: Decisions, scored: Bools, parameters: dict[str, Scalar]
) -> Estimate:
    return average(parts, n=int(scored.sum()), n_clusters=data.patients(scored), parameters=parameters)
