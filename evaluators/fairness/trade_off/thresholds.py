"""One threshold for everyone: what each would give, and the one that is best for the group that does worst."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluators import metrics
from evaluators.binary import Predictions
from evaluators.fairness.comparison.paired import Arm
from evaluators.fairness.trade_off import pareto
from evaluators.fairness.trade_off.arms import report
from evaluators.fairness.trade_off.objectives import Sweep
from evaluators.fairness.trade_off.options import DISTANCE_TO_OPTIMUM, HYPERVOLUME
from evaluators.fairness.trade_off.stage import Groups, Stage
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement, OperatingPoint
from governance.statistics.clusters import Floats, Integers

SWEPT = "swept"
"""The rule of thresholds that are only looked at."""
THRESHOLDS = "thresholds"
MINIMAX = "minimax threshold"
IN_USE = "operating point"


def curve(stage: Stage) -> Iterator[Measurement]:
    """Give both objectives at every threshold, the hypervolume, and how far the operating point is from the best."""
    scene = stage.scene
    reason = stage.reason()
    if reason is None and any(objective.ranks for objective in stage.objectives):
        reason = "the AUROC is the same at every threshold; name two objectives that depend on it"
    if reason is not None:
        yield scene.recorder.not_measured(HYPERVOLUME, reason, over=stage.grouping.over, variant=THRESHOLDS)
        yield scene.at_point.not_measured(DISTANCE_TO_OPTIMUM, reason, over=stage.grouping.over, variant=THRESHOLDS)
        return
    thresholds = grid(scene.data, stage.options.thresholds)
    sweep = stage.sweep(reached(scene.data, thresholds), thresholds.size)
    in_use = stage.sweep(reached(scene.data, np.array([scene.point.threshold])), 1)
    on_front = pareto.front(_points(stage, sweep, stage.once())[0])
    for threshold, best in zip(thresholds, on_front, strict=True):
        point = OperatingPoint(threshold=float(threshold), rule=SWEPT)
        for objective in stage.objectives:
            yield stage.objective(
                scene.recorder.at(point),
                objective,
                Arm.at(scene.data, float(threshold)),
                {"on_front": bool(best)},
                curve={"threshold": float(threshold)},
            )

    def numbers(weights: Floats) -> Floats:
        """(k, 2): hypervolume, and distance of the operating point."""
        points, own = _points(stage, sweep, weights), _points(stage, in_use, weights)
        among = np.concatenate([points, own], axis=1)
        return np.stack([pareto.hypervolume(points), pareto.distance_to_best(own, among)[:, 0]], axis=1)

    value = numbers(stage.once())[0]
    replicates = stage.replicates(sweep.matrix.shape[1], numbers)
    about = {"thresholds": int(thresholds.size), "on_front": int(on_front.sum())}
    yield scene.recorder.measured(
        HYPERVOLUME,
        stage.bootstrapped(float(value[0]), replicates[:, 0], "area under the front", HYPERVOLUME.source, **about),
        over=stage.grouping.over,
        variant=THRESHOLDS,
    )
    yield scene.at_point.measured(
        DISTANCE_TO_OPTIMUM,
        stage.bootstrapped(
            float(value[1]),
            replicates[:, 1],
            "distance from the best of each objective over all thresholds",
            DISTANCE_TO_OPTIMUM.source,
            **about,
        ),
        over=stage.grouping.over,
        variant=THRESHOLDS,
    )


def minimax(stage: Stage, chosen_on: tuple[DatasetInfo, Predictions] | None) -> Iterator[Measurement]:
    """Choose the threshold with the best balanced accuracy of the worst group elsewhere, and judge it here.

    Source: Martinez, Bertran and Sapiro, ICML (2020) (minimax Pareto fairness), here over thresholds only.
    """
    scene = stage.scene
    reason = None if chosen_on else "a choice needs a dataset that is not scored: trade_off.choose_on"
    if chosen_on is not None:
        groups = Groups.of(stage.grouping, chosen_on[0], chosen_on[1], scene.minimums)
        lacking = [", ".join(cell.values()) for cell in groups.left_out]
        if groups.compared < 2:
            reason = f"too few patients of both outcomes to choose on in {chosen_on[0].name}: {'; '.join(lacking)}"
        else:
            point = minimax_threshold(chosen_on[0], chosen_on[1], groups, stage.grouping.over)
            yield from report(
                scene,
                Arm.at(scene.data, point.threshold),
                {IN_USE: Arm.at(scene.data, scene.point.threshold)},
                grouping=stage.grouping,
                variant=MINIMAX,
                point=point,
                parameters={"threshold": point.threshold, "groups_not_chosen_for": "; ".join(lacking)},
            )
            return
    yield scene.recorder.not_measured(metrics.BALANCED_ACCURACY, str(reason), variant=MINIMAX)


def minimax_threshold(dataset: DatasetInfo, data: Predictions, groups: Groups, over: str) -> OperatingPoint:
    """Return the score at which the lowest balanced accuracy of a group is highest; the lowest of equally good ones."""
    thresholds = np.append(np.unique(data.score[data.usable]), np.nextafter(np.nanmax(data.score), np.inf))
    sweep = Sweep.of(
        reached(data, thresholds),
        data.positive,
        data.codes,
        groups.masks,
        choices=thresholds.size,
        clusters=data.n_clusters,
    )
    worst = sweep.by_slice(metrics.BALANCED_ACCURACY, np.ones((1, data.n_clusters)))[0, 1:].min(axis=0)
    best = int(np.flatnonzero(worst >= worst.max() - 1e-12)[0])
    return OperatingPoint(
        threshold=float(thresholds[best]),
        rule=f"minimax balanced_accuracy over {over}",
        chosen_on=dataset.name,
        n=int(data.usable.sum()),
    )


def grid(data: Predictions, count: int) -> Floats:
    """Return rising thresholds at quantiles of the usable scores, the lowest score and one above all among them."""
    score = data.score[data.usable]
    inner = np.quantile(score, np.linspace(0, 1, count - 1), method="inverted_cdf")
    return np.unique(np.append(inner, np.nextafter(score.max(), np.inf)))


def reached(data: Predictions, thresholds: Floats) -> Integers:
    """(n,) how many of rising thresholds each score reaches; 0 without a usable output."""
    score = np.where(data.usable, data.score, -np.inf)
    return np.searchsorted(thresholds, score, side="right").astype(np.int64)


def _points(stage: Stage, sweep: Sweep, weights: Floats) -> Floats:
    """(k, p, 2) objectives, higher is better."""
    first, second = (
        objective.good(objective.aggregate(sweep.by_slice(objective.metric, weights))) for objective in stage.objectives
    )
    return np.stack([first, second], axis=-1)
