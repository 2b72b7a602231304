"""The candidate against a baseline on the same samples: per group, and by how much gaps between groups change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evaluators import metrics
from evaluators.binary import Predictions
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.comparison.options import BASELINE, COMPARED, GAP_CHANGES, ComparisonOptions
from evaluators.fairness.comparison.paired import Arm, change_of_gap, paired_difference, value_of
from evaluators.fairness.comparison.tested import tested_change
from evaluators.grouping import Grouping, Slice, distinct_slices, members, pairs, recorded
from evaluators.operating_point import OperatingPointOptions, operating_point
from evaluators.records import Recorder
from evaluators.requirements import binary_dataset, independent_choice
from governance.evidence.model import Measurement, MetricDescriptor, OperatingPoint, Scalar
from governance.harness.protocols import EvaluationContext, Need

if TYPE_CHECKING:
    from evaluators.fairness.descriptors import FairnessOptions
    from evaluators.fairness.scene import Scene

EVALUATOR = "fairness"


def needs(context: EvaluationContext, options: FairnessOptions) -> Iterable[Need]:
    """Ask for the baseline's predictions of the scored dataset, and of the one that its threshold is chosen on."""
    comparison = _comparison(options)
    yield comparison.baseline.need(options.on)
    point = _point_options(options)
    if point.choose_on is not None:
        independent_choice(context, point, options.on, evaluator=EVALUATOR)
        yield comparison.baseline.need(point.choose_on)


def measure(scene: Scene) -> Iterator[Measurement]:
    """Give the baseline's own numbers, the paired differences of every slice, and the changes of gaps."""
    comparison = _comparison(scene.options)
    table = scene.observations.table(comparison.baseline.need(scene.options.on))
    baseline = Predictions.of(table, scene.dataset)
    point = _point(scene)
    first, second = Arm.at(scene.data, scene.point.threshold), Arm.at(baseline, point.threshold)
    about: dict[str, Scalar] = {
        "baseline": comparison.baseline.name,
        "baseline_digest": comparison.baseline.digest[:12],
        "baseline_threshold": point.threshold,
        "baseline_rule": point.rule,
    }
    for cell in distinct_slices(scene.groupings, scene.dataset):
        yield from _own(scene, second, point=point, cell=cell, inside=members(cell, scene.dataset), about=about)
    yield from changes_of(scene, (first, second), about, BASELINE)


def changes_of(scene: Scene, arms: tuple[Arm, Arm], about: dict[str, Scalar], name: str) -> Iterator[Measurement]:
    """Give the paired differences of two ways of deciding in every slice, and the changes of gaps.

    Parameters
    ----------
    about
        Said of the second one in the method of each difference.
    name
        The `reference_variant` of the differences.
    """
    changes: dict[tuple[str, frozenset[tuple[str, str]]], Estimate | str] = {}
    for cell in distinct_slices(scene.groupings, scene.dataset):
        inside = members(cell, scene.dataset)
        for metric in COMPARED:
            estimate = paired_difference(metric, *arms, scene.data, inside, minimums=scene.minimums, parameters=about)
            changes[metric.name, frozenset(cell.items())] = estimate
            yield _change(scene, metric, arms, estimate, cell=cell, inside=inside, name=name)
    yield from gap_changes(
        scene, changes, groupings=scene.groupings, point=scene.point, variant=None, reference_variant=name
    )


def gap_changes(
    scene: Scene,
    changes: Mapping[tuple[str, frozenset[tuple[str, str]]], Estimate | str],
    *,
    groupings: Sequence[Grouping],
    point: OperatingPoint | None,
    variant: str | None,
    reference_variant: str,
) -> Iterator[Measurement]:
    """Give the change of the gap of every pair of recorded groups, from the paired differences of each.

    Parameters
    ----------
    changes
        Paired differences, or why there is none, by metric and slice; other slices are passed over.
    point
        The operating point that the measurements carry.
    """
    names = dict.fromkeys(name for name, _ in changes)
    for grouping in groupings:
        if grouping.unknown(scene.dataset) is not None:
            continue
        cells = [cell for cell in grouping.slices(scene.dataset) if recorded(cell)]
        for name in names:
            here = scene.recorder.at(None if name == metrics.AUROC.name else point)
            for cell, reference in pairs(cells):
                found = [changes.get((name, frozenset(one.items()))) for one in (cell, reference)]
                if found[0] is None or found[1] is None:
                    continue
                about: dict[str, Any] = {
                    "estimand": "difference",
                    "over": grouping.over,
                    "slice": cell,
                    "reference": reference,
                    "variant": variant,
                    "reference_variant": reference_variant,
                }
                yield _gap(here, GAP_CHANGES[name], (cell, reference), (found[0], found[1]), about)


def _gap(
    recorder: Recorder,
    metric: MetricDescriptor,
    cells: tuple[Slice, Slice],
    found: tuple[Estimate | str, Estimate | str],
    about: dict[str, Any],
) -> Measurement:
    first, second = found
    if isinstance(first, Estimate) and isinstance(second, Estimate):
        return recorder.measured(metric, change_of_gap(first, second), **about)
    lacking = [
        f"{', '.join(cell.values())}: {why}" for cell, why in zip(cells, found, strict=True) if isinstance(why, str)
    ]
    return recorder.not_measured(metric, "; ".join(lacking), **about)


def _own(
    scene: Scene, arm: Arm, *, point: OperatingPoint, cell: Slice, inside: Bools, about: dict[str, Scalar]
) -> Iterator[Measurement]:
    """The baseline's own numbers, what it could not process among them."""
    for metric in COMPARED:
        here = scene.recorder if metric is metrics.AUROC else scene.recorder.at(point)
        estimate = value_of(metric, arm, scene.data, inside, minimums=scene.minimums, parameters=about)
        if isinstance(estimate, str):
            yield here.not_measured(metric, estimate, slice=cell, variant=BASELINE, n=int(inside.sum()))
        else:
            yield here.measured(metric, estimate, slice=cell, variant=BASELINE)
    rejected = Arm((~arm.usable).astype(float), inside)
    estimate = value_of(metrics.SELECTION_RATE, rejected, scene.data, inside, minimums=scene.minimums, parameters=about)
    if isinstance(estimate, str):
        yield scene.recorder.not_measured(
            metrics.REJECTED_RATE, estimate, slice=cell, variant=BASELINE, n=int(inside.sum())
        )
    else:
        yield scene.recorder.measured(metrics.REJECTED_RATE, estimate, slice=cell, variant=BASELINE)


def _change(
    scene: Scene,
    metric: MetricDescriptor,
    arms: tuple[Arm, Arm],
    estimate: Estimate | str,
    *,
    cell: Slice,
    inside: Bools,
    name: str,
) -> Measurement:
    here = scene.recorder if metric is metrics.AUROC else scene.at_point
    about: dict[str, Any] = {"estimand": "difference", "slice": cell, "reference_variant": name}
    if isinstance(estimate, str):
        return here.not_measured(metric, estimate, n=int(inside.sum()), **about)
    test = tested_change(metric, arms, estimate, data=scene.data, inside=inside)
    return here.measured(metric, estimate, **about, **test)


def _point(scene: Scene) -> OperatingPoint:
    """The baseline's threshold, on its own scores."""
    options = _point_options(scene.options)
    if options.choose_on is None:
        return operating_point(options, None)
    dataset = binary_dataset(scene.context, options.choose_on, evaluator=EVALUATOR)
    table = scene.observations.table(_comparison(scene.options).baseline.need(options.choose_on))
    return operating_point(options, Predictions.of(table, dataset))


def _point_options(options: FairnessOptions) -> OperatingPointOptions:
    return _comparison(options).operating_point or options.operating_point


def _comparison(options: FairnessOptions) -> ComparisonOptions:
    if options.comparison is None:
        raise TypeError("the comparison is measured only where the options ask for it")
    return options.comparison
