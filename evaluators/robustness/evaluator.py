"""The robustness evaluator: every condition and severity beside the clean input, overall and for each group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evaluators import against
from evaluators.binary import Predictions
from evaluators.grouping import Grouping, Minimums, parse_groupings
from evaluators.operating_point import FIXED_HALF, operating_point
from evaluators.records import Recorder
from evaluators.requirements import binary_dataset, independent_choice, named_dataset
from evaluators.robustness import asked, parts
from evaluators.robustness.descriptors import COMPARED, DESCRIPTOR, RobustnessOptions
from evaluators.robustness.scene import Scene
from evaluators.robustness.scores import views
from evaluators.robustness.scores.by_condition import ByCondition
from evaluators.robustness.scores.measures import measures_of
from evaluators.robustness.scores.relative import relatives
from evaluators.robustness.scores.severities import Seen
from evaluators.robustness.scores.summaries import Summaries
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError
from governance.evidence.model import CLEAN, Measurement, OperatingPoint
from governance.harness.protocols import EvaluationContext, Need, Observations, Observed

TASKS = ("binary", "multiclass", "segmentation")


@dataclass(frozen=True)
class RobustnessEvaluator:
    """Measures a model under conditions, paired with the clean input, from its predictions alone."""

    def needs(self, context: EvaluationContext) -> Iterable[Need]:
        """Ask for predictions on the clean input and under every condition and severity."""
        options = _options(context)
        dataset = _dataset(context, options)
        _groupings(context, options, dataset)
        yield Need.of("predict", options.on)
        for _, condition in asked.conditions(context, options, dataset):
            yield Need.of("predict", options.on, condition=condition)
        if options.operating_point.choose_on:
            independent_choice(context, options.operating_point, options.on, evaluator=DESCRIPTOR.name)
            yield Need.of("predict", options.operating_point.choose_on)
        for part in parts.chosen(options):
            yield from part.needs(context, options)

    def measure(self, observations: Observations, context: EvaluationContext) -> Iterable[Measurement]:
        """Measure the clean input, then every condition, then all severities and conditions together."""
        options = _options(context)
        dataset = _dataset(context, options)
        point = None
        if context.subject.task == "binary":
            point = operating_point(options.operating_point, _chosen_from(observations, context, options))
        numbers = _numbers(context, options, dataset, point)
        read = _reader(context, dataset, point)
        clean = read(observations.table(Need.of("predict", options.on)), False)
        yield from numbers.values(clean, CLEAN)
        summed: dict[str, tuple[Seen, ...]] = {}
        for descriptor, condition in asked.conditions(context, options, dataset):
            table = observations.table(Need.of("predict", options.on, condition=condition))
            changed = views.beside(read(table, descriptor.kind == "variant"), clean)
            reference = clean
            if changed.decisions.present.all():
                if condition.name in asked.named(context, options):
                    summed[condition.name] = (*summed.get(condition.name, ()), Seen(condition, changed))
            else:
                # A variant that only some samples have is compared with the clean input of exactly those samples.
                reference = clean.restricted(changed.decisions.present)
                yield from numbers.values(reference, CLEAN, variant=f"samples with {condition.name}")
            yield from numbers.values(changed, condition)
            yield from numbers.changes(changed, reference, condition)
        yield from Summaries(numbers, clean, summed, relatives(options.reference, summed)).measure()
        scene = Scene(
            context=context,
            options=options,
            observations=observations,
            dataset=dataset,
            view=clean,
            decided_at=point,
            recorder=Recorder(DESCRIPTOR.name, dataset, context.settings.level),
            minimums=numbers.minimums,
            groupings=numbers.groupings,
        )
        for part in parts.chosen(options):
            yield from part.measure(scene)

    def compare(self, here: Observed, there: Observed, name: str) -> Iterable[Measurement]:
        """Compare two runs on the same samples; as `evaluators.against.compare`."""
        return against.compare(self, here, there, name)


EVALUATOR = RobustnessEvaluator()


def _options(context: EvaluationContext) -> RobustnessOptions:
    if not isinstance(context.options, RobustnessOptions):
        raise TypeError(f"the robustness evaluator takes RobustnessOptions, not {type(context.options).__name__}")
    return context.options


def _dataset(context: EvaluationContext, options: RobustnessOptions) -> DatasetInfo:
    """Return the dataset that is scored, and refuse what the task cannot have.

    Raises
    ------
    InputError
        If the task is not one of `TASKS`, or the options are not for it.
    """
    task = context.subject.task
    if task not in TASKS:
        raise InputError(
            f"evaluate.robustness: the evaluator measures classifiers and masks; the subject's task is '{task}'",
            hint=f"remove the evaluator from `evaluate`, or set subject.task: {' or '.join(TASKS)}",
        )
    if task != "binary":
        for name in parts.NAMES:
            fits = task == "multiclass" and name in parts.OF_SEVERAL_CLASSES
            if not fits and getattr(options, name) is not None:
                raise InputError(
                    f"evaluate.robustness.{name}: it is not for the subject's task, '{task}'",
                    hint="remove the key, or set subject.task: binary",
                )
        if options.operating_point != FIXED_HALF:
            raise InputError(
                "evaluate.robustness.operating_point: several classes are decided for the highest score, and recorded "
                "masks have no threshold",
                hint="remove the key",
            )
    if task == "segmentation" and context.subject.kind != "recorded":
        raise InputError(
            "evaluate.robustness: masks are compared under conditions only where their overlap was recorded",
            hint="record `dice` with columns `condition` and `severity`: subject.kind: recorded",
        )
    return named_dataset(context, options.on, evaluator=DESCRIPTOR.name)


def _reader(context: EvaluationContext, dataset: DatasetInfo, point: OperatingPoint | None) -> views.Read:
    if point is not None:
        return views.binary(dataset, point)
    return views.masks(dataset) if context.subject.task == "segmentation" else views.several_classes(dataset)


def _groupings(context: EvaluationContext, options: RobustnessOptions, dataset: DatasetInfo) -> tuple[Grouping, ...]:
    return parse_groupings(options.groups, context.requests, dataset, evaluator=DESCRIPTOR.name)


def _numbers(
    context: EvaluationContext, options: RobustnessOptions, dataset: DatasetInfo, point: OperatingPoint | None
) -> ByCondition:
    settings, task = context.settings, context.subject.task
    minimums = Minimums(settings.minimum_patients, settings.minimum_events)
    return ByCondition(
        evaluator=DESCRIPTOR.name,
        dataset=dataset,
        measures=measures_of(task, point=point, minimums=minimums, settings=settings, bins=options.bins),
        groupings=_groupings(context, options, dataset),
        minimums=minimums,
        point=point,
        level=settings.level,
        seed=settings.seed,
        compare=COMPARED[task] if options.compare is None else options.compare,
        requests=tuple(
            request
            for request in context.requests
            if request.evaluator == DESCRIPTOR.name and request.dataset in (None, dataset.name)
        ),
    )


def _chosen_from(
    observations: Observations, context: EvaluationContext, options: RobustnessOptions
) -> Predictions | None:
    name = options.operating_point.choose_on
    if name is None:
        return None
    dataset = binary_dataset(context, name, evaluator=DESCRIPTOR.name)
    return Predictions.of(observations.table(Need.of("predict", name)), dataset)
