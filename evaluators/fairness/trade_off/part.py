"""What may be traded: over thresholds, over models, and against thresholds by group.

Values are descriptions of the scored samples; every choice is made on another dataset than the one it is judged on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from evaluators.binary import Predictions
from evaluators.fairness.comparison.options import OtherModel
from evaluators.fairness.trade_off import group_thresholds, models, thresholds
from evaluators.fairness.trade_off.objectives import Objective
from evaluators.fairness.trade_off.options import HYPERVOLUME, TradeOffOptions
from evaluators.fairness.trade_off.stage import Stage
from evaluators.grouping import Grouping, distinct_slices, members
from evaluators.operating_point import operating_point
from evaluators.operating_point_resampling import sensitivity_analysis
from evaluators.records import Recorder
from evaluators.requirements import binary_dataset, refuse_judged, refuse_repeated
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement
from governance.harness.protocols import EvaluationContext, Need

if TYPE_CHECKING:
    from evaluators.fairness.descriptors import FairnessOptions
    from evaluators.fairness.scene import Scene

EVALUATOR = "fairness"


def needs(context: EvaluationContext, options: FairnessOptions) -> Iterable[Need]:
    """Ask for the predictions of the subject and its candidates on the scored dataset and on those to choose on.

    Raises
    ------
    InputError
        If something would be chosen on the samples that are scored.
    """
    written = _written(options)
    datasets = [name for name in (_chosen_on(options), options.operating_point.choose_on) if name is not None]
    if written.group_thresholds is not None:
        datasets.append(written.group_thresholds.choose_on)
    for name in dict.fromkeys(datasets):
        _independent(context, name, options.on)
        yield Need.of("predict", name)
    for model in written.candidates.values():
        for name in dict.fromkeys([options.on, *_candidate_datasets(options)]):
            yield model.need(name)


def measure(scene: Scene) -> Iterator[Measurement]:
    """Give the sensitivity analysis of the operating point, then the trade-offs that the options ask for."""
    written = _written(scene.options)
    yield from _operating_point(scene)
    over = written.over or next(iter(scene.options.groups), None)
    if over is None:
        yield scene.recorder.not_measured(HYPERVOLUME, "no groups are named: trade_off.over", variant="thresholds")
    else:
        first, second = (Objective.of(name) for name in written.between)
        stage = Stage(scene, written, Grouping.parse(over), (first, second))
        chosen_on = _dataset(scene, _chosen_on(scene.options))
        yield from thresholds.curve(stage)
        yield from thresholds.minimax(stage, chosen_on)
        if written.candidates:
            yield from models.measure(stage, _models(scene, written), chosen_on[0] if chosen_on else None)
    if written.group_thresholds is not None:
        found = _dataset(scene, written.group_thresholds.choose_on)
        if found is not None:
            yield from group_thresholds.measure(scene, written.group_thresholds, *found)


def _operating_point(scene: Scene) -> Iterator[Measurement]:
    """How far a chosen threshold, and the metrics at it, move with the patients that it was chosen on."""
    name = scene.options.operating_point.choose_on
    if name is None or scene.chosen_from is None:
        return
    dataset = binary_dataset(scene.context, name, evaluator=EVALUATOR)
    cells = [(cell, members(cell, scene.dataset)) for cell in distinct_slices(scene.groupings, scene.dataset)]
    yield from sensitivity_analysis(
        scene.options.operating_point,
        scene.chosen_from,
        scene.data,
        cells,
        chosen=Recorder(EVALUATOR, dataset, scene.recorder.level),
        scored=scene.recorder,
        point=scene.point,
        minimums=scene.minimums,
        settings=scene.context.settings,
    )


def _models(scene: Scene, written: TradeOffOptions) -> dict[str, models.Model]:
    """The subject and its candidates, each at the threshold that the same rule gives with its own scores."""
    name = _chosen_on(scene.options)
    subject = _dataset(scene, name)
    found = {models.SUBJECT: models.Model(scene.data, subject[1] if subject else None, scene.point)}
    for candidate, model in written.candidates.items():
        point_on = scene.options.operating_point.choose_on
        point = operating_point(
            scene.options.operating_point, _other(scene, model, point_on) if point_on is not None else None
        )
        elsewhere = _other(scene, model, name) if name is not None else None
        found[models.candidate_variant(candidate)] = models.Model(
            _other(scene, model, scene.options.on), elsewhere, point
        )
    return found


def _other(scene: Scene, model: OtherModel, name: str) -> Predictions:
    dataset = binary_dataset(scene.context, name, evaluator=EVALUATOR)
    return Predictions.of(scene.observations.table(model.need(name)), dataset)


def _dataset(scene: Scene, name: str | None) -> tuple[DatasetInfo, Predictions] | None:
    """A dataset to choose on with the subject's predictions."""
    if name is None:
        return None
    dataset = binary_dataset(scene.context, name, evaluator=EVALUATOR)
    found = Predictions.of(scene.observations.table(Need.of("predict", name)), dataset)
    refuse_repeated((dataset, found), (scene.dataset, scene.data), where=f"evaluate.{EVALUATOR}.trade_off")
    return dataset, found


def _candidate_datasets(options: FairnessOptions) -> list[str]:
    return [name for name in (_chosen_on(options), options.operating_point.choose_on) if name is not None]


def _chosen_on(options: FairnessOptions) -> str | None:
    return _written(options).choose_on or options.operating_point.choose_on


def _independent(context: EvaluationContext, name: str, scored: str) -> None:
    """Refuse to choose on the samples that are scored, under whatever name."""
    chosen = binary_dataset(context, name, evaluator=EVALUATOR, key="trade_off.choose_on")
    refuse_judged(chosen, binary_dataset(context, scored, evaluator=EVALUATOR), where=f"evaluate.{EVALUATOR}.trade_off")


def _written(options: FairnessOptions) -> TradeOffOptions:
    if options.trade_off is None:
        raise TypeError("the trade-off is measured only where the options ask for it")
    return options.trade_off
