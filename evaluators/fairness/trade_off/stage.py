"""What every trade-off is measured from: the groups, the two objectives, and the patients drawn again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from evaluators import families
from evaluators.binary import Predictions
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.comparison.paired import Arm, value_of
from evaluators.fairness.scene import Scene
from evaluators.fairness.trade_off.objectives import Objective, Sweep, drawn
from evaluators.fairness.trade_off.options import TradeOffOptions
from evaluators.grouping import Grouping, Minimums, Slice, members, recorded
from evaluators.records import Recorder
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement, Method, Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, count_clusters
from governance.statistics.resampling import percentile_interval

FIXED_CHOICES = "patients drawn again, the choices held fixed"


@dataclass(frozen=True)
class Groups:
    """Everyone and the groups of a grouping that have enough patients of both outcomes, in one dataset.

    Attributes
    ----------
    left_out
        Declared groups that have too few, and so are in neither a worst group nor a gap.
    """

    cells: tuple[Slice, ...]
    masks: tuple[Bools, ...]
    left_out: tuple[Slice, ...]

    @classmethod
    def of(cls, grouping: Grouping, dataset: DatasetInfo, data: Predictions, minimums: Minimums) -> Groups:
        """Find the groups with patients enough for sensitivity and specificity."""
        cells = [cell for cell in grouping.slices(dataset) if recorded(cell)]
        found = [(cell, members(cell, dataset) & data.usable) for cell in cells]
        enough = [not _lacking(data, mask, minimums) for _, mask in found]
        return cls(
            cells=({}, *(cell for (cell, _), ok in zip(found, enough, strict=True) if ok)),
            masks=(data.usable, *(mask for (_, mask), ok in zip(found, enough, strict=True) if ok)),
            left_out=tuple(cell for (cell, _), ok in zip(found, enough, strict=True) if not ok),
        )

    @property
    def compared(self) -> int:
        """How many groups there are to compare."""
        return len(self.cells) - 1


@dataclass(frozen=True)
class Stage:
    """A scene with the groups and objectives of its trade-off."""

    scene: Scene
    options: TradeOffOptions
    grouping: Grouping
    objectives: tuple[Objective, Objective]

    @cached_property
    def groups(self) -> Groups:
        """The groups of the scored dataset."""
        return Groups.of(self.grouping, self.scene.dataset, self.scene.data, self.scene.minimums)

    @property
    def about(self) -> dict[str, Scalar]:
        """What the method's parameters of every number say."""
        return {
            "objectives": ", ".join(objective.name for objective in self.objectives),
            "over": self.grouping.over,
            "groups": self.groups.compared,
            "groups_without_value": len(self.groups.left_out),
        }

    def reason(self) -> str | None:
        """Why nothing can be traded, or None."""
        data = self.scene.data
        lacking = _lacking(data, data.usable, self.scene.minimums)
        if lacking:
            return lacking
        grouped = any(objective.kind != "value" for objective in self.objectives)
        if grouped and self.groups.compared < 2:
            return f"fewer than two groups of {self.grouping.over} have enough patients of both outcomes"
        return None

    def sweep(self, reached: Any, choices: int) -> Sweep:
        """Count the scored samples by how many of rising thresholds they reach."""
        data = self.scene.data
        return Sweep.of(
            reached, data.positive, data.codes, self.groups.masks, choices=choices, clusters=data.n_clusters
        )

    def replicates(self, numbers: int, function: Callable[[Floats], Floats]) -> Floats:
        """Return (r, ...) values of a function of (k, C) weights for patients drawn again.

        Parameters
        ----------
        numbers
            How many numbers a replicate keeps in memory.
        """
        settings, clusters = self.scene.context.settings, self.scene.data.n_clusters
        weights: Iterator[Floats] = drawn(clusters, numbers, replicates=settings.replicates, seed=settings.seed)
        return np.concatenate([function(chunk) for chunk in weights])

    def once(self) -> Floats:
        """(1, C) weights of the patients as they are."""
        return np.ones((1, self.scene.data.n_clusters))

    def bootstrapped(self, value: float, replicates: Floats, name: str, source: str, **parameters: Scalar) -> Estimate:
        """Make an estimate of a number for everyone from its bootstrap replicates."""
        data, settings = self.scene.data, self.scene.context.settings

        def bounds(level: float) -> Bounds:
            ends = percentile_interval(replicates, level)
            return Bounds(ends.low, ends.high, f"{ends.method}; {FIXED_CHOICES}")

        return Estimate(
            value=value,
            n=int(data.usable.sum()),
            n_clusters=count_clusters(data.codes[data.usable]),
            events=int(np.sum(data.usable & data.positive)),
            bounds=bounds,
            method=Method(
                name=name,
                parameters={**self.about, **parameters, "replicates": settings.replicates, "seed": settings.seed},
                source=source,
            ),
        )

    def objective(
        self, recorder: Recorder, objective: Objective, arm: Arm, parameters: dict[str, Scalar], **about: Any
    ) -> Measurement:
        """Record the objective of one choice: the metric for everyone, of the worst group, or its largest gap.

        The worst group of a choice that is only looked at is a value of that group; ``worst`` is kept for the model as
        it is used.
        """
        data, minimums = self.scene.data, self.scene.minimums
        parameters = {**self.about, **parameters}
        if objective.kind == "value":
            return recorded_estimate(
                recorder,
                objective,
                value_of(objective.metric, arm, data, data.usable, minimums=minimums, parameters=parameters),
                **about,
            )
        about = {**about, "over": self.grouping.over}
        found = [
            (cell, value_of(objective.metric, arm, data, mask, minimums=minimums, parameters=parameters))
            for cell, mask in list(zip(self.groups.cells, self.groups.masks, strict=True))[1:]
        ]
        known = [(cell, estimate) for cell, estimate in found if isinstance(estimate, Estimate)]
        if len(known) < 2:
            return recorder.not_measured(objective.metric, "fewer than two groups have a value", **about)
        lowest = min(known, key=lambda item: item[1].value)
        if objective.kind == "worst":
            method = lowest[1].method
            worst = replace(
                lowest[1], method=method.model_copy(update={"name": f"worst group by the estimate; {method.name}"})
            )
            return recorder.measured(objective.metric, worst, slice=lowest[0], **about)
        highest = max(known, key=lambda item: item[1].value)
        contrast = families.difference(highest[1], lowest[1], limit=1.0)
        largest = Estimate(
            value=contrast.value,
            n=highest[1].n + lowest[1].n,
            n_clusters=highest[1].n_clusters + lowest[1].n_clusters,
            events=None,
            bounds=contrast.bounds if len(known) == 2 else _no_interval,
            method=Method(
                name="highest less lowest group",
                parameters={
                    **parameters,
                    "highest": ", ".join(highest[0].values()),
                    "lowest": ", ".join(lowest[0].values()),
                },
                source="Newcombe, Stat. Med. 17 (1998) 873",
            ),
        )
        return recorder.measured(objective.metric, largest, estimand="difference", **about)


def recorded_estimate(recorder: Recorder, objective: Objective, estimate: Estimate | str, **about: Any) -> Measurement:
    """Record an estimate, or the reason why there is none."""
    if isinstance(estimate, str):
        return recorder.not_measured(objective.metric, estimate, **about)
    return recorder.measured(objective.metric, estimate, **about)


def _lacking(data: Predictions, mask: Bools, minimums: Minimums) -> str | None:
    return minimums.missing(
        data.patients(mask),
        [
            ("patients with the condition", data.patients(mask & data.positive)),
            ("patients without the condition", data.patients(mask & ~data.positive)),
        ],
    )


def _no_interval(level: float) -> Bounds:  # noqa: ARG001
    raise ValueError("the highest and the lowest of several groups were picked by the values; see the pairs of groups")
