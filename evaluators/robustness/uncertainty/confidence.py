"""Confidence by the scores that the options name, from what was observed of a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from evaluators.estimates import Bools
from evaluators.fairness.tasks.observed import Observed
from evaluators.features import Features
from evaluators.robustness.uncertainty import mahalanobis
from evaluators.robustness.uncertainty.options import (
    ENERGY,
    MAX_PROBABILITY,
    OF_FEATURES,
    RELATIVE_MAHALANOBIS,
    UncertaintyOptions,
)
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError
from governance.evidence.model import CLEAN, Condition, OperatingPoint
from governance.harness.protocols import Need, Observations
from governance.statistics.clusters import Floats


def needs_of(dataset: str, own: UncertaintyOptions, condition: Condition = CLEAN) -> Iterable[Need]:
    """Ask for what the scores of a dataset are made of."""
    yield from {MAX_PROBABILITY: predictions_need(dataset, condition), **_needs(dataset, own, condition)}.values()


def training_need(own: UncertaintyOptions) -> Need | None:
    """Ask for the features that distances are measured from, where a score needs them."""
    return None if own.train_on is None else _features_need(own.train_on, own, CLEAN)


def predictions_need(dataset: str, condition: Condition) -> Need:
    """Ask for predictions."""
    return Need.of("predict", dataset, condition=condition)


def _needs(dataset: str, own: UncertaintyOptions, condition: Condition) -> Mapping[str, Need]:
    found: dict[str, Need] = {}
    for score in own.scores:
        if score == ENERGY:
            found[score] = Need.of("logits", dataset, condition=condition)
        elif score in OF_FEATURES:
            found[score] = _features_need(dataset, own, condition)
    return found


def _features_need(dataset: str, own: UncertaintyOptions, condition: Condition) -> Need:
    if own.features is None:
        return Need.of("embed", dataset, condition=condition)
    return Need.of("embed", dataset, condition=condition, extractor=own.features)


@dataclass(frozen=True)
class Confidence:
    """Confidence in each sample of a dataset.

    Attributes
    ----------
    values
        (n,) higher is more confident; NaN where there is none.
    reason
        Why there is none at all; empty where there is.
    """

    values: Floats
    reason: str = ""

    @property
    def usable(self) -> Bools:
        """(n,) where there is one."""
        known: Bools = ~np.isnan(self.values)
        return known


@dataclass(frozen=True)
class Confidences:
    """Makes confidences of datasets.

    Attributes
    ----------
    classes
        Those that the model gives scores of.
    point
        The operating point of a binary task; None for several classes.
    training
        The dataset that distances of features are measured from.
    """

    observations: Observations
    own: UncertaintyOptions
    classes: tuple[str, ...]
    point: OperatingPoint | None
    training: DatasetInfo | None
    _made: dict[tuple[str, str, Condition], Confidence] = field(default_factory=dict, repr=False)

    def of(self, score: str, dataset: DatasetInfo, condition: Condition = CLEAN) -> Confidence:
        """Return the confidence by a score in each sample of a dataset under a condition, made once."""
        key = (score, dataset.name, condition)
        if key not in self._made:
            self._made[key] = self._of(score, dataset, condition)
        return self._made[key]

    def _of(self, score: str, dataset: DatasetInfo, condition: Condition) -> Confidence:
        if score == MAX_PROBABILITY:
            table = self.observations.table(predictions_need(dataset.name, condition))
            observed = Observed.of(table, dataset)
            if self.point is None:
                return Confidence(observed.scores(self.classes, "classes").max(axis=1))
            return Confidence(beside_threshold(observed.numbers("score"), self.point.threshold))
        table = self.observations.table(_needs(dataset.name, self.own, condition)[score])
        if score == ENERGY:
            observed = Observed.of(table, dataset)
            if not observed.usable.any():
                reason = next((str(why) for why in observed.table["reason"] if why), "there are no logits")
                return Confidence(np.full(dataset.n, np.nan), reason)
            return energies(list(observed.table["logits"]), observed.usable, self.own.temperature)
        features = Features.of(table, dataset)
        values = np.full(dataset.n, np.nan)
        values[features.usable] = self._gaussians.confidence(
            features.values[features.usable], relative=score == RELATIVE_MAHALANOBIS
        )
        return Confidence(values)

    @cached_property
    def _gaussians(self) -> mahalanobis.Gaussians:
        need = training_need(self.own)
        if need is None or self.training is None:
            raise TypeError("distances of features need a dataset to fit on")
        features = Features.of(self.observations.table(need), self.training)
        if "target" not in self.training.frame.columns:
            raise InputError(
                f"evaluate.robustness.uncertainty.train_on: dataset '{self.training.name}' has no target",
                hint="distances are measured from each class: name its column, target: <column>",
            )
        target = self.training.frame["target"].to_numpy(dtype=np.int64)
        try:
            return mahalanobis.fit(features.values[features.usable], target[features.usable])
        except ValueError as error:
            raise InputError(f"evaluate.robustness.uncertainty.train_on: {error}") from error


def beside_threshold(score: Floats, threshold: float) -> Floats:
    """Return the probability of the decided class, moved so that the threshold is one half.

    ``q = s (1 - t) / (s (1 - t) + (1 - s) t)`` and its confidence ``max(q, 1 - q)``: with t = 1/2 it is the larger of
    the two probabilities; with another threshold the least confident sample is still the one that is nearest to it.

    Parameters
    ----------
    score
        (n,) probability of the positive class, NaN allowed.
    threshold
        The decision is positive from there on.
    """
    t = float(np.clip(threshold, _EDGE, 1 - _EDGE))
    moved = score * (1 - t) / (score * (1 - t) + (1 - score) * t)
    return np.maximum(moved, 1 - moved)


_EDGE = 1e-6
"""A threshold of 0 or 1 decides all alike; the order is then that of the score."""


def energies(logits: list[Floats], usable: Bools, temperature: float) -> Confidence:
    """Return ``T logsumexp(logits / T)``, the negative energy: high where a class fits.

    A network with a single logit says nothing of how well its other class fits, so there is no energy.

    Source: Liu et al., NeurIPS (2020), equation 4.
    """
    from scipy.special import logsumexp

    rows = np.stack([np.asarray(logits[row], dtype=np.float64) for row in np.flatnonzero(usable)])
    found = np.full(usable.size, np.nan)
    if rows.shape[1] < 2:
        return Confidence(found, "the network has a single logit; the energy needs one for each class")
    found[usable] = temperature * logsumexp(rows / temperature, axis=1)
    return Confidence(found)
