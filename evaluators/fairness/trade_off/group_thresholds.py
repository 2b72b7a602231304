"""What thresholds by group would buy and cost: chosen elsewhere by fairlearn, described on the scored samples.

It recommends nothing. To treat equal scores differently by group may be unlawful or unwanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from evaluators import estimates
from evaluators.binary import Predictions
from evaluators.estimates import Bools
from evaluators.fairness.comparison.paired import Arm
from evaluators.fairness.scene import Scene
from evaluators.fairness.trade_off.arms import report
from evaluators.fairness.trade_off.options import DECIDED_BY_CHANCE, GroupThresholds
from evaluators.fairness.trade_off.thresholds import IN_USE
from evaluators.grouping import Grouping, Slice, distinct_slices, members, recorded
from evaluators.operating_point import OperatingPointOptions, operating_point
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement, OperatingPoint, Scalar
from governance.statistics.clusters import Floats, Integers

VARIANT = "group thresholds"
ONE_THRESHOLD = "one threshold, same objective"
GRID_SIZE = 1000
"""Points of the grid on which fairlearn looks for the best common rate; its own default."""

_NO_GROUP = -1


@dataclass(frozen=True)
class Rule:
    """How samples of one group are decided: at one of two thresholds by lot, or by lot alone.

    ``P(flagged) = alone * constant + (1 - alone) * (share * [score > first] + (1 - share) * [score > second])``
    """

    first: float
    second: float
    share: float
    alone: float
    constant: float

    def probability(self, score: Floats) -> Floats:
        """(n,) scores to the probabilities of being flagged."""
        between = self.share * (score > self.first) + (1 - self.share) * (score > self.second)
        return self.alone * self.constant + (1 - self.alone) * between

    def __str__(self) -> str:
        parts = [
            f"{above(threshold)} with probability {share:.4g}"
            for threshold, share in ((self.first, self.share), (self.second, 1 - self.share))
            if share > 0
        ]
        if self.alone > 0:
            parts.append(f"in {self.alone:.4g} of cases instead by lot alone, flagged with {self.constant:.4g}")
        return "; ".join(parts)


def above(threshold: float) -> str:
    """Say which scores a threshold flags."""
    if np.isinf(threshold):
        return "all flagged" if threshold < 0 else "none flagged"
    return f"flagged above {threshold:.6g}"


def fit(written: GroupThresholds, score: Floats, positive: Bools, groups: Integers) -> dict[int, Rule]:
    """Find the rule of every group with fairlearn's ThresholdOptimizer.

    Parameters
    ----------
    score, positive, groups
        (n,) usable scores, their outcomes and the numbers of their groups, each of which has both outcomes.

    Source: Hardt, Price and Srebro, NeurIPS (2016).
    """
    from fairlearn.postprocessing import ThresholdOptimizer
    from sklearn.base import BaseEstimator

    class Scores(BaseEstimator):  # type: ignore[misc]
        """The scores themselves as an estimator that is fitted."""

        def fit(self, features: Any, target: Any) -> Scores:  # noqa: ARG002
            return self

        def predict(self, features: Any) -> Any:
            return np.asarray(features)[:, 0]

        def __sklearn_is_fitted__(self) -> bool:
            return True

    optimizer = ThresholdOptimizer(
        estimator=Scores(),
        constraints=written.constraint,
        objective=f"{written.objective}_score",
        grid_size=GRID_SIZE,
        prefit=True,
        predict_method="predict",
    )
    optimizer.fit(score[:, None], positive.astype(int), sensitive_features=groups)
    found: Mapping[Any, Any] = optimizer.interpolated_thresholder_.interpolation_dict
    return {int(group): _rule(entry) for group, entry in found.items()}


def measure(
    scene: Scene, written: GroupThresholds, dataset: DatasetInfo, chosen_from: Predictions
) -> Iterator[Measurement]:
    """Give the group thresholds' values, differences to one threshold, and what they leave to chance.

    Where chance decides, numbers are expected over it, so that none of them hangs on a draw.
    """
    grouping = Grouping.parse(written.over)
    reason = None if find_spec("fairlearn") else "the Python package fairlearn is not installed"
    cells, skipped = _groups_to_fit(grouping, dataset, chosen_from)
    if reason is None and len(cells) < 2:
        reason = f"fewer than two groups of {grouping.over} have both outcomes in {dataset.name}"
    if reason is not None:
        yield scene.recorder.not_measured(DECIDED_BY_CHANCE, reason, variant=VARIANT, over=grouping.over)
        return
    groups = _numbers(cells, dataset)
    used = chosen_from.usable & (groups != _NO_GROUP)
    rules = fit(written, chosen_from.score[used], chosen_from.positive[used], groups[used])
    one = _one_threshold(written, chosen_from)
    decided, own = _decisions(rules, _numbers(cells, scene.dataset), scene.data, one.threshold)
    arm = Arm(decided, scene.data.usable)
    parameters: dict[str, Scalar] = {
        "constraint": written.constraint,
        "objective": written.objective,
        "over": grouping.over,
        "chosen_on": dataset.name,
        "patients_chosen_on": chosen_from.patients(used),
        "groups_without_threshold": "; ".join(", ".join(cell.values()) for cell in skipped),
        "one_threshold": one.threshold,
        "grid_size": GRID_SIZE,
        "chance": "expected, not drawn",
    }
    yield from _chance(
        scene,
        grouping,
        arm,
        own=own,
        rules={cell_key(cell): rules[n] for n, cell in enumerate(cells)},
        parameters=parameters,
    )
    yield from report(
        scene,
        arm,
        {
            IN_USE: Arm.at(scene.data, scene.point.threshold),
            ONE_THRESHOLD: Arm.at(scene.data, one.threshold),
        },
        grouping=grouping,
        variant=VARIANT,
        point=None,
        parameters=parameters,
    )


def cell_key(cell: Slice) -> frozenset[tuple[str, str]]:
    """Return a slice as a key."""
    return frozenset(cell.items())


def _rule(entry: Any) -> Rule:
    return Rule(
        first=float(entry.operation0.threshold),
        second=float(entry.operation1.threshold),
        share=float(entry.p0),
        alone=float(entry.get("p_ignore", 0.0)),
        constant=float(entry.get("prediction_constant", 0.0)),
    )


def _groups_to_fit(
    grouping: Grouping, dataset: DatasetInfo, chosen_from: Predictions
) -> tuple[list[Slice], list[Slice]]:
    """Groups with both outcomes among the samples chosen on, and those without."""
    cells: list[Slice] = []
    skipped: list[Slice] = []
    for cell in grouping.slices(dataset):
        positive = chosen_from.positive[members(cell, dataset) & chosen_from.usable]
        fits = recorded(cell) and bool(positive.any()) and not bool(positive.all())
        (cells if fits else skipped).append(cell)
    return cells, skipped


def _numbers(cells: list[Slice], dataset: DatasetInfo) -> Integers:
    """(n,) number of each sample's group; -1 where it has no rule of its own."""
    numbers = np.full(dataset.n, _NO_GROUP, dtype=np.int64)
    for number, cell in enumerate(cells):
        numbers[members(cell, dataset)] = number
    return numbers


def _decisions(
    rules: Mapping[int, Rule], groups: Integers, data: Predictions, threshold: float
) -> tuple[Floats, Bools]:
    """(n,) probabilities of being flagged, and which samples have a rule of their own; others keep one threshold."""
    score = np.where(data.usable, data.score, -np.inf)
    decided = (score >= threshold).astype(np.float64)
    own = np.zeros(score.size, dtype=bool)
    for number, rule in rules.items():
        mask = (groups == number) & data.usable
        decided[mask] = rule.probability(score[mask])
        own |= mask
    return decided, own


def _one_threshold(written: GroupThresholds, chosen_from: Predictions) -> OperatingPoint:
    """The one threshold for everyone that is best by the same objective on the same samples."""
    name = written.choose_on
    if written.objective == "balanced_accuracy":
        return operating_point(OperatingPointOptions(choose_on=name, by="youden"), chosen_from)
    return operating_point(OperatingPointOptions(choose_on=name, by="cost", false_negative_cost=1.0), chosen_from)


def _chance(
    scene: Scene,
    grouping: Grouping,
    arm: Arm,
    *,
    own: Bools,
    rules: Mapping[frozenset[tuple[str, str]], Rule],
    parameters: dict[str, Scalar],
) -> Iterator[Measurement]:
    """How many decisions another draw would change, for everyone and every group, with the group's rule in words."""
    changed = 2 * arm.decided * (1 - arm.decided)
    for cell in distinct_slices([grouping], scene.dataset):
        inside = members(cell, scene.dataset)
        scored = inside & arm.usable
        reason = scene.minimums.missing(scene.data.patients(scored), [])
        about: dict[str, Any] = {"slice": cell, "variant": VARIANT, "over": grouping.over}
        if reason:
            yield scene.recorder.not_measured(DECIDED_BY_CHANCE, reason, n=int(inside.sum()), **about)
            continue
        rule = rules.get(cell_key(cell))
        estimate = estimates.mean(
            changed,
            scored,
            scene.data.codes,
            low=0.0,
            high=0.5,
            parameters={
                **parameters,
                **({"rule": str(rule)} if rule else {}),
                "samples_with_a_draw": int(np.sum(scored & (changed > 0))),
                "samples_at_one_threshold": int(np.sum(scored & ~own)),
            },
            n_clusters=scene.data.n_clusters,
        )
        yield scene.recorder.measured(DECIDED_BY_CHANCE, estimate, **about)
