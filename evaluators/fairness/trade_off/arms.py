"""Another way of deciding about the scored samples: its values by group, and what it changes on the same samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evaluators import metrics
from evaluators.estimates import Estimate
from evaluators.fairness.comparison.paired import Arm, paired_difference, value_of
from evaluators.fairness.comparison.part import gap_changes
from evaluators.fairness.comparison.tested import tested_change
from evaluators.fairness.scene import Scene
from evaluators.grouping import Grouping, distinct_slices, members
from governance.evidence.model import Measurement, OperatingPoint, Scalar

DECISIONS = (
    metrics.SENSITIVITY,
    metrics.SPECIFICITY,
    metrics.ACCURACY,
    metrics.BALANCED_ACCURACY,
    metrics.SELECTION_RATE,
)
"""Metrics of decisions."""


def report(
    scene: Scene,
    arm: Arm,
    references: Mapping[str, Arm],
    *,
    grouping: Grouping,
    variant: str,
    point: OperatingPoint | None,
    parameters: dict[str, Scalar],
) -> Iterator[Measurement]:
    """Give the metrics of an arm for everyone and every group, and its paired differences to each reference.

    Parameters
    ----------
    references
        Ways of deciding to compare with, by the variant that they carry.
    point
        The one threshold of the arm; None where it has several.
    """
    recorder = scene.recorder.at(point)
    slices = [(cell, members(cell, scene.dataset)) for cell in distinct_slices([grouping], scene.dataset)]
    for cell, inside in slices:
        for metric in DECISIONS:
            estimate = value_of(metric, arm, scene.data, inside, minimums=scene.minimums, parameters=parameters)
            if isinstance(estimate, str):
                yield recorder.not_measured(metric, estimate, slice=cell, variant=variant, n=int(inside.sum()))
            else:
                yield recorder.measured(metric, estimate, slice=cell, variant=variant)
    for name, reference in references.items():
        changes: dict[tuple[str, frozenset[tuple[str, str]]], Estimate | str] = {}
        about: dict[str, Any] = {"estimand": "difference", "variant": variant, "reference_variant": name}
        for cell, inside in slices:
            for metric in DECISIONS:
                change = paired_difference(
                    metric, arm, reference, scene.data, inside, minimums=scene.minimums, parameters=parameters
                )
                changes[metric.name, frozenset(cell.items())] = change
                if isinstance(change, str):
                    yield recorder.not_measured(metric, change, slice=cell, n=int(inside.sum()), **about)
                else:
                    test = tested_change(metric, (arm, reference), change, data=scene.data, inside=inside)
                    yield recorder.measured(metric, change, slice=cell, **about, **test)
        yield from gap_changes(
            scene, changes, groupings=[grouping], point=point, variant=variant, reference_variant=name
        )
