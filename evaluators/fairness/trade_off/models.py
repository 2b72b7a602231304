"""Several models or checkpoints: which no other beats in both objectives, and which one minimax would choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evaluators import metrics
from evaluators.binary import Predictions
from evaluators.fairness.comparison.paired import Arm
from evaluators.fairness.trade_off import pareto
from evaluators.fairness.trade_off.objectives import Objective, weighted_auroc
from evaluators.fairness.trade_off.options import DISTANCE_TO_OPTIMUM, FRONT_SHARE, HYPERVOLUME
from evaluators.fairness.trade_off.stage import Groups, Stage
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement, OperatingPoint, Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats

SUBJECT = "subject"
"""The variant of the model under evaluation among its candidates."""
MODELS = "models"
MINIMAX = "minimax choice"
GROUPS_BY_AUROC = Objective("worst_auroc", metrics.AUROC, "worst")


@dataclass(frozen=True)
class Model:
    """A model's predictions of the scored dataset and of the one to choose on, and its threshold."""

    scored: Predictions
    chosen_from: Predictions | None
    point: OperatingPoint

    @property
    def arm(self) -> Arm:
        """Its decisions about the scored samples."""
        return Arm.at(self.scored, self.point.threshold)


def candidate_variant(name: str) -> str:
    """Return the variant that a candidate's numbers carry."""
    return f"candidate {name}"


def measure(stage: Stage, models: Mapping[str, Model], chosen_on: DatasetInfo | None) -> Iterator[Measurement]:
    """Give both objectives of every model, the front, distances, hypervolume, and the minimax choice.

    Parameters
    ----------
    models
        By variant, the subject among them. Only samples that all of them decide about are compared.
    """
    scene = stage.scene
    reason = stage.reason()
    shared = np.logical_and.reduce([model.scored.usable for model in models.values()])
    lost = int(np.sum(scene.data.usable & ~shared))
    parameters: dict[str, Scalar] = {"models": len(models), "left_out_by_another_model": lost}
    common = {name: replace(model, scored=model.scored.restricted(shared)) for name, model in models.items()}
    stage = replace(stage, scene=replace(scene, data=scene.data.restricted(shared)))
    reason = reason or stage.reason()
    if reason is not None:
        yield scene.recorder.not_measured(HYPERVOLUME, reason, over=stage.grouping.over, variant=MODELS)
        return
    for name, model in common.items():
        for objective in stage.objectives:
            recorder = scene.recorder.at(None if objective.ranks else model.point)
            yield stage.objective(recorder, objective, model.arm, parameters, variant=name)
    yield from _front(stage, common, parameters)
    yield from _minimax(stage, common, chosen_on, parameters)


def _front(stage: Stage, models: Mapping[str, Model], parameters: dict[str, Scalar]) -> Iterator[Measurement]:
    scene, over = stage.scene, stage.grouping.over

    def points(weights: Floats) -> Floats:
        """(k, models, 2) objectives of all models, then (k, models, groups) AUROC by group, side by side."""
        columns = [_objective(stage, objective, models, weights) for objective in stage.objectives]
        by_group = _auroc_by_slice(stage, models, weights)[:, 1:].transpose(0, 2, 1)
        return np.concatenate([np.stack(columns, axis=-1), by_group], axis=-1)

    value = points(stage.once())
    replicates = stage.replicates(len(models) * scene.data.score.size, points)
    areas = pareto.hypervolume(replicates[..., :2])
    estimate = stage.bootstrapped(
        float(pareto.hypervolume(value[..., :2])[0]), areas, "area under the front", HYPERVOLUME.source, **parameters
    )
    yield scene.recorder.measured(HYPERVOLUME, estimate, over=over, variant=MODELS)
    on_front, among = pareto.front(value[..., :2])[0], pareto.front(replicates[..., :2])
    known = np.isfinite(replicates[..., :2]).all(axis=(1, 2))
    distances = pareto.distance_to_best(replicates[..., 2:], replicates[..., 2:])
    own = pareto.distance_to_best(value[..., 2:], value[..., 2:])[0]
    for number, name in enumerate(models):
        share = stage.bootstrapped(
            float(among[known, number].mean()) if known.any() else float(on_front[number]),
            areas,
            "share of cluster bootstrap samples",
            FRONT_SHARE.source,
            **parameters,
            on_front=bool(on_front[number]),
        )
        yield scene.recorder.measured(FRONT_SHARE, replace(share, bounds=_no_interval), over=over, variant=name)
        distance = stage.bootstrapped(
            float(own[number]),
            distances[:, number],
            "distance from the best AUROC of each group over all models",
            DISTANCE_TO_OPTIMUM.source,
            **parameters,
        )
        yield scene.recorder.measured(DISTANCE_TO_OPTIMUM, distance, over=over, variant=name)


def _minimax(
    stage: Stage, models: Mapping[str, Model], chosen_on: DatasetInfo | None, parameters: dict[str, Scalar]
) -> Iterator[Measurement]:
    """Choose the model whose worst group is ranked best elsewhere, and judge it here.

    Source: Martinez, Bertran and Sapiro, ICML (2020) (minimax Pareto fairness), here over given models.
    """
    scene = stage.scene
    about: dict[str, Any] = {"variant": MINIMAX, "over": stage.grouping.over}
    found = {name: _worst_elsewhere(stage, model, chosen_on) for name, model in models.items()}
    if chosen_on is None or any(value is None for value in found.values()):
        reason = "a choice needs a dataset that is not scored, with two groups with patients enough of both outcomes"
        yield scene.recorder.not_measured(metrics.AUROC, reason, **about)
        return
    chosen = max(found, key=lambda name: found[name] or 0.0)
    elsewhere: dict[str, Scalar] = {
        **parameters,
        "chosen": chosen,
        "chosen_on": chosen_on.name,
        **{f"worst_group_there: {name}": value for name, value in found.items() if value is not None},
    }
    yield stage.objective(scene.recorder, GROUPS_BY_AUROC, models[chosen].arm, elsewhere, variant=MINIMAX)


def _worst_elsewhere(stage: Stage, model: Model, chosen_on: DatasetInfo | None) -> float | None:
    """The AUROC of a model's worst group on the dataset to choose on."""
    data = model.chosen_from
    if chosen_on is None or data is None:
        return None
    groups = Groups.of(stage.grouping, chosen_on, data, stage.scene.minimums)
    if groups.compared < 2:
        return None
    found = [
        weighted_auroc(data.score[mask], data.positive[mask], np.ones((1, int(mask.sum()))))[0]
        for mask in groups.masks[1:]
    ]
    return float(min(found))


def _objective(stage: Stage, objective: Objective, models: Mapping[str, Model], weights: Floats) -> Floats:
    """(k, models) an objective, higher is better."""
    if objective.ranks:
        by_slice = _auroc_by_slice(stage, models, weights)
    else:
        sweeps = [stage.sweep(model.arm.decided.astype(np.int64), 1) for model in models.values()]
        by_slice = np.concatenate([sweep.by_slice(objective.metric, weights) for sweep in sweeps], axis=-1)
    return objective.good(objective.aggregate(by_slice))


def _auroc_by_slice(stage: Stage, models: Mapping[str, Model], weights: Floats) -> Floats:
    """(k, slices, models) AUROC."""
    data = stage.scene.data
    found = [
        [
            weighted_auroc(model.scored.score[mask], data.positive[mask], weights[:, data.codes[mask]])
            for model in models.values()
        ]
        for mask in stage.groups.masks
    ]
    return np.array(found).transpose(2, 0, 1)


def _no_interval(level: float) -> Bounds:  # noqa: ARG001
    raise ValueError("it says itself how often other patients would have led to the same")
