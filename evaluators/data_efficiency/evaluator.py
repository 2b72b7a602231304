"""The data-efficiency evaluator: curves by share of labels, the share that reaches a reference, and gaps along them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from evaluators import against
from evaluators.data_efficiency.curves import Board
from evaluators.data_efficiency.descriptors import DESCRIPTOR, Arm, DataEfficiencyOptions
from evaluators.data_efficiency.points import amounts
from evaluators.data_efficiency.savings import Savings
from evaluators.data_efficiency.views import measures, read
from evaluators.grouping import Grouping, Minimums, parse_groupings
from evaluators.operating_point import OperatingPointOptions
from evaluators.records import Recorder
from evaluators.requirements import binary_dataset, named_dataset, shared_patients
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError
from governance.evidence.model import Measurement
from governance.harness.protocols import EvaluationContext, Need, Observations, Observed

NAME = DESCRIPTOR.name


@dataclass(frozen=True)
class DataEfficiencyEvaluator:
    """Measures what models reach that were fitted on parts of the training data."""

    def needs(self, context: EvaluationContext) -> Iterable[Need]:
        """Ask for the fits of every arm, and for the features that heads are fitted on."""
        options = _options(context)
        _check(context, options)
        for name, arm in options.arms.items():
            fit = _fit(options, name, arm)
            yield from fit.builds_on
            yield fit

    def measure(self, observations: Observations, context: EvaluationContext) -> Iterable[Measurement]:
        """Measure each fit, the means over seeds, groups, arms, shares that reach the reference, changes of gaps."""
        options = _options(context)
        tables = {name: observations.table(_fit(options, name, arm)) for name, arm in options.arms.items()}
        point = options.operating_point
        choosing = context.datasets[point.choose_on] if point and point.choose_on else None
        for test in options.tests:
            dataset = context.datasets[test]
            board = Board(
                recorder=Recorder(NAME, dataset, context.settings.level),
                dataset=dataset,
                groupings=_groupings(context, options, dataset),
                minimums=Minimums(context.settings.minimum_patients, context.settings.minimum_events),
                seeds=options.seeds,
                fits={
                    name: read(
                        tables[name],
                        amounts({"shots": arm.shots, "fractions": options.fractions}),
                        options.seeds,
                        dataset,
                        name=name,
                        choosing=choosing,
                        options=point,
                    )
                    for name, arm in options.arms.items()
                },
            )
            yield from _measured(board, context, options)

    def compare(self, here: Observed, there: Observed, name: str) -> Iterable[Measurement]:
        """Compare two runs on the same samples; as `evaluators.against.compare`."""
        return against.compare(self, here, there, name)


EVALUATOR = DataEfficiencyEvaluator()


def _measured(board: Board, context: EvaluationContext, options: DataEfficiencyOptions) -> Iterator[Measurement]:
    asked = measures(board.dataset, decisions=options.operating_point is not None)
    names = tuple(options.arms)
    for name in names:
        for measure in asked:
            yield from board.curve(measure, name)
        yield from board.gap_changes(asked[0], name)
    for later, name in enumerate(names):
        for reference in names[:later]:
            for measure in asked:
                yield from board.arm_differences(measure, name, reference)
    if options.reference is not None:
        settings = context.settings
        savings = Savings(board, asked[0], options.reference, settings.replicates, settings.seed)
        for name in names:
            yield from savings.of(name)


def _fit(options: DataEfficiencyOptions, name: str, arm: Arm) -> Need:
    """Ask for the fits of an arm. Datasets are options of their own, so that their content enters the cache's key."""
    train = arm.train_on or options.train_on
    common: dict[str, Any] = {
        "variant": name,
        "seeds": options.seeds,
        **({"shots": arm.shots} if arm.shots else {"fractions": options.fractions}),
        **{f"test_{number}": test for number, test in enumerate(options.scored)},
    }
    if arm.on_top_of is not None:
        common["on_top_of"] = arm.on_top_of
    if arm.trainer is not None:
        return Need.of("fit", train, trainer=arm.trainer, **common)
    if arm.fine_tune is not None:
        recipe = arm.fine_tune.model_dump(mode="json", exclude={"lora"})
        if arm.fine_tune.lora is not None:
            lora = arm.fine_tune.lora
            recipe |= {"lora_rank": lora.rank, "lora_alpha": lora.alpha, "lora_layers": list(lora.layers)}
        return Need.of("fine-tune", train, **recipe, **common)
    extractor: dict[str, Any] = {} if arm.features == "subject" else {"extractor": arm.features}
    sources = (*((arm.on_top_of,) if arm.on_top_of else ()), train, *options.scored)
    embeddings = [Need.of("embed", dataset, **extractor) for dataset in sources]
    return Need.of("fit", train, builds_on=embeddings, **_head(arm), **common)


def _head(arm: Arm) -> dict[str, Any]:
    head: dict[str, Any] = {"head": arm.fitted_head}
    if head["head"] == "knn":
        head["distance"] = arm.distance or "cosine"
        if arm.k not in (None, "chosen"):
            head["k"] = arm.k
    if head["head"] == "probe" and arm.regularisation not in (None, "chosen"):
        head["c"] = arm.regularisation
    return head


def _options(context: EvaluationContext) -> DataEfficiencyOptions:
    if not isinstance(context.options, DataEfficiencyOptions):
        raise TypeError(f"the evaluator takes DataEfficiencyOptions, not {type(context.options).__name__}")
    return context.options


def _check(context: EvaluationContext, options: DataEfficiencyOptions) -> None:
    """Refuse datasets that do not fit together, where the author can mend it."""
    tests = [_classified(context, name, "test_on") for name in options.tests]
    judges = list(tests)
    if options.operating_point is not None:
        _check_point(context, options.operating_point, tests)
        if options.operating_point.choose_on is not None:
            judges.append(_classified(context, options.operating_point.choose_on, "operating_point.choose_on"))
    trainers = {"train_on": options.train_on}
    for name, arm in options.arms.items():
        trainers |= {
            f"arms.{name}.{key}": dataset
            for key, dataset in (("train_on", arm.train_on), ("on_top_of", arm.on_top_of))
            if dataset is not None
        }
    for key, name in trainers.items():
        train = _classified(context, name, key)
        for judge in judges:
            _independent(train, judge)
            if train.classes != judge.classes:
                raise InputError(
                    f"evaluate.{NAME}.{key}: '{train.name}' has other classes than '{judge.name}'",
                    hint="train on samples that are labelled as those that judge",
                )
    for test in tests:
        _groupings(context, options, test)


def _check_point(context: EvaluationContext, point: OperatingPointOptions, tests: list[DatasetInfo]) -> None:
    if context.subject.task != "binary":
        raise InputError(
            f"evaluate.{NAME}.operating_point: several classes are decided for the highest score",
            hint="remove operating_point",
        )
    for test in tests:
        if point.choose_on is not None and context.datasets.get(point.choose_on):
            _independent(context.datasets[point.choose_on], test, doing="choose thresholds")


def _classified(context: EvaluationContext, name: str, key: str) -> DatasetInfo:
    if context.subject.task == "multiclass":
        return named_dataset(context, name, evaluator=NAME, key=key)
    return binary_dataset(context, name, evaluator=NAME, key=key)


def _groupings(context: EvaluationContext, options: DataEfficiencyOptions, test: DatasetInfo) -> tuple[Grouping, ...]:
    return parse_groupings(options.groups, context.requests, test, evaluator=NAME)


def _independent(train: DatasetInfo, judge: DatasetInfo, *, doing: str = "trains") -> None:
    shared = shared_patients(train, judge)
    if train.digest == judge.digest or shared:
        raise InputError(
            f"evaluate.{NAME}: '{train.name}' and '{judge.name}' share "
            + ("their content" if train.digest == judge.digest else f"{shared} patients"),
            hint="split by patient: who trains must not judge"
            if doing == "trains"
            else "split by patient: who chooses the threshold must not judge",
        )
