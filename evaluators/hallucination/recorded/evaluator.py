"""The evaluator of recorded answers: all families of measures for everyone and every group, and gaps between groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluators import against
from evaluators.estimates import Estimate
from evaluators.grouping import Grouping, Minimums, distinct_slices, members, parse_groupings, recorded
from evaluators.hallucination.counterfactual.recorded import recorded_counterfactuals, unnamed
from evaluators.hallucination.judges.options import AnyJudge, HumanJudge, judge_need
from evaluators.hallucination.judges.scores import with_judgements
from evaluators.hallucination.overlap.family import overlap
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.by_group import Place, by_group
from evaluators.hallucination.recorded.calibration import calibration
from evaluators.hallucination.recorded.choice_scores import choice_scores
from evaluators.hallucination.recorded.closed import closed
from evaluators.hallucination.recorded.completeness import completeness
from evaluators.hallucination.recorded.consistency import consistency
from evaluators.hallucination.recorded.coverage import coverage
from evaluators.hallucination.recorded.descriptors import COLLECTOR_NAME, DESCRIPTOR
from evaluators.hallucination.recorded.hierarchy import hierarchy
from evaluators.hallucination.recorded.judge_identity import with_identities
from evaluators.hallucination.recorded.judged import judged_uncertainties, labels_answers
from evaluators.hallucination.recorded.judges import judges
from evaluators.hallucination.recorded.live import answer_needs, asks_the_model, with_answers
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.options import FAMILIES, Family, GenerationsEvaluationOptions
from evaluators.hallucination.recorded.own_lexicon import own_lexicon
from evaluators.hallucination.recorded.pressure import pressure
from evaluators.hallucination.recorded.quantity import Quantity, Replicates, share
from evaluators.hallucination.recorded.refusals import refusals
from evaluators.hallucination.recorded.sureness import sureness
from evaluators.hallucination.recorded.uncertainty import Uncertainty
from evaluators.records import Recorder
from evaluators.requirements import named_dataset
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError
from governance.evidence.model import Measurement, Method
from governance.harness.protocols import EvaluationContext, Need, Observations, Observed
from governance.statistics.bounds import Bounds

if TYPE_CHECKING:
    import pandas as pd

NAME = DESCRIPTOR.name


@dataclass(frozen=True)
class GenerationsEvaluator:
    """Measures recorded answers; runs no model."""

    def needs(self, context: EvaluationContext) -> Iterable[Need]:
        """Ask for the records of every dataset."""
        options = _options(context)
        if options.lexicon is not None:
            own_lexicon(options.lexicon, context.base)
        for dataset in _datasets(context, options):
            _groupings(context, options, dataset)
            yield _need(dataset.name)
            if asks_the_model(context, options, NAME):
                yield from answer_needs(dataset.name, options)
            for judge in options.judges:
                yield _judged_need(judge, dataset.name, context, options)

    def measure(self, observations: Observations, context: EvaluationContext) -> Iterable[Measurement]:
        """Measure every dataset alone."""
        options = _options(context)
        for dataset in _datasets(context, options):
            table = observations.table(_need(dataset.name))
            if asks_the_model(context, options, NAME):
                first, *further = (observations.table(need) for need in answer_needs(dataset.name, options))
                table = with_answers(table, first, further[0] if further else None)
            said = {
                one.name: observations.table(_judged_need(one, dataset.name, context, options))
                for one in options.judges
            }
            labelling = [said[one.name] for one in options.judges if labels_answers(one)]
            records = Records.of(with_judgements(table, labelling), dataset)
            compared = judged_uncertainties(records, options.judges, said)
            yield from _measured(records, context, options, compared, said)

    def compare(self, here: Observed, there: Observed, name: str) -> Iterable[Measurement]:
        """Compare two runs on the same samples; as `evaluators.against.compare`."""
        return against.compare(self, here, there, name)


EVALUATOR = GenerationsEvaluator()


def _measured(
    records: Records,
    context: EvaluationContext,
    options: GenerationsEvaluationOptions,
    compared: Sequence[Uncertainty],
    said: Mapping[str, pd.DataFrame],
) -> Iterator[Measurement]:
    place = Place(
        records,
        Recorder(NAME, records.dataset, context.settings.level),
        Minimums(context.settings.minimum_patients, context.settings.minimum_events),
        _groupings(context, options, records.dataset),
        context.settings.seed,
    )
    replicates = Replicates(records.n_clusters, context.settings.replicates, context.settings.seed)
    lexicon = own_lexicon(options.lexicon, context.base) if options.lexicon else None
    yield from completeness(place.recorder, records)
    requested = {request.metric for request in context.requests if request.evaluator == NAME}
    families: dict[Family, Callable[[], Iterator[Quantity]]] = {
        "labels": lambda: with_identities(hierarchy(records, options.weights), records, options.judges),
        "findings": lambda: coverage(records, lexicon),
        "refusals": lambda: refusals(records),
        "closed": lambda: closed(records),
        "choices": lambda: choice_scores(records, options.wrong_choice),
        "sureness": lambda: sureness(records),
        "pressure": lambda: pressure(records),
        "consistency": lambda: consistency(records, options.ngram, compared),
        "judges": lambda: with_identities(judges(records, options.weights, replicates), records, options.judges),
        "calibration": lambda: calibration(records, context.settings.seed, context.settings.replicates),
        "counterfactuals": lambda: unnamed(records),
        "overlap": lambda: overlap(records, replicates, options.judges, said),
    }
    for family in FAMILIES:
        if options.measures and family not in options.measures:
            continue
        for quantity in families[family]():
            # A family that the records hold nothing for is said where somebody asked for it; labels always are.
            asked = family == "labels" or bool(options.measures) or quantity.metric.name in requested
            if quantity.absent is None or asked or quantity.about:
                yield from by_group(quantity, place)
    if not options.measures or "counterfactuals" in options.measures:
        cells = distinct_slices(place.groupings, records.dataset)
        yield from recorded_counterfactuals(records, place.recorder, place.minimums, cells)
    yield from _equality(place, records)


def _equality(place: Place, records: Records) -> Iterator[Measurement]:
    """Give the share of right answers by group, and the largest difference between the groups of a grouping (AED)."""
    recorder = place.recorder
    right, known = records.correctness
    if not known.any():
        return
    quantity = share(records, own.RIGHT_SHARE, right, known, "patients with an answer known to be right or wrong")
    for grouping in place.groupings:
        missing = grouping.unknown(records.dataset)
        cells = [] if missing else [cell for cell in grouping.slices(records.dataset) if recorded(cell)]
        found = [place.estimate(quantity, members(cell, records.dataset)) for cell in cells]
        usable = [one for one in found if isinstance(one, Estimate)]
        reason = next((one for one in found if isinstance(one, str)), None)
        if missing is not None:
            reason = f"the dataset has no attribute '{missing}'"
        elif reason is None and len(usable) < 2:
            reason = "there is only one group to compare"
        if reason is not None:
            yield recorder.not_measured(own.EQUALITY_DIFFERENCE, reason, over=grouping.over)
        else:
            yield recorder.measured(own.EQUALITY_DIFFERENCE, _largest_gap(usable), over=grouping.over)
    yield from by_group(quantity, place)


def _largest_gap(groups: Sequence[Estimate]) -> Estimate:
    values = [one.value for one in groups]
    return Estimate(
        value=max(values) - min(values),
        n=sum(one.n for one in groups),
        n_clusters=sum(one.n_clusters for one in groups),
        events=None,
        bounds=_lies_above_zero,
        method=Method(
            name="largest less smallest", parameters={"groups": len(groups)}, source=own.EQUALITY_DIFFERENCE.source
        ),
    )


def _lies_above_zero(level: float) -> Bounds:  # noqa: ARG001
    raise ValueError("the largest gap lies above 0 by chance alone; see the differences of right_answers by pair")


def _options(context: EvaluationContext) -> GenerationsEvaluationOptions:
    if not isinstance(context.options, GenerationsEvaluationOptions):
        raise TypeError(f"the evaluator takes GenerationsEvaluationOptions, not {type(context.options).__name__}")
    return context.options


def _datasets(context: EvaluationContext, options: GenerationsEvaluationOptions) -> list[DatasetInfo]:
    if context.subject.task != "generate":
        raise InputError(
            f"evaluate.{NAME}: it measures generating models; the subject's task is '{context.subject.task}'",
            hint="remove the evaluator from `evaluate`, or set subject.task: generate",
        )
    first = named_dataset(context, options.on, evaluator=NAME)
    return [first, *(named_dataset(context, name, evaluator=NAME, key="also_on") for name in options.also_on)]


def _groupings(
    context: EvaluationContext, options: GenerationsEvaluationOptions, dataset: DatasetInfo
) -> tuple[Grouping, ...]:
    written = options.groups
    if dataset.name != options.on:
        written = tuple(text for text in written if Grouping.parse(text).unknown(dataset) is None)
    return parse_groupings(written, context.requests, dataset, evaluator=NAME)


def _need(dataset: str) -> Need:
    return Need.of(COLLECTOR_NAME, dataset)


def _judged_need(
    judge: AnyJudge, dataset: str, context: EvaluationContext, options: GenerationsEvaluationOptions
) -> Need:
    if isinstance(judge, HumanJudge):
        return judge_need(judge, dataset)
    live = asks_the_model(context, options, NAME)
    return judge_need(judge, dataset, tuple(answer_needs(dataset, options)) if live else (_need(dataset),))
