"""The hallucination evaluator: closed questions about what is there and what is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluators import against, estimates, metrics
from evaluators.binary import auroc_estimate
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Grouping, Minimums, Slice, distinct_slices, members, parse_groupings
from evaluators.hallucination import confidence_metrics as own_confidence
from evaluators.hallucination import descriptors as own
from evaluators.hallucination.answers import Answers
from evaluators.hallucination.asked_otherwise import AskedOtherwise, conditions_of
from evaluators.hallucination.counterfactual.asked import counterfactual_needs, counterfactuals
from evaluators.hallucination.injection.asked import injection_needs, injections
from evaluators.hallucination.sampling import consistency
from evaluators.records import Recorder
from evaluators.requirements import named_dataset
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError
from governance.evidence.model import CLEAN, Condition, Measurement
from governance.harness.protocols import EvaluationContext, Need, Observations, Observed

NAME = own.DESCRIPTOR.name
PROBABILITY = "probability of the choice"
"""The variant of measures of confidence: that of the choice that was answered, among the two."""


@dataclass(frozen=True)
class HallucinationEvaluator:
    """Measures a generating model by its answers to closed questions."""

    def needs(self, context: EvaluationContext) -> Iterable[Need]:
        """Ask for one greedy answer to every question, and for several sampled ones to some."""
        options = _options(context)
        _groupings(context, options)
        yield _greedy(options)
        for condition in conditions_of(context, options):
            yield _greedy(options, condition)
        for _, need in (*counterfactual_needs(context, options), *injection_needs(context, options)):
            yield need
        if options.samples:
            yield _sampled(options)

    def measure(self, observations: Observations, context: EvaluationContext) -> Iterable[Measurement]:
        """Measure every slice, then how consistent the sampled answers are."""
        options = _options(context)
        dataset = _dataset(context, options)
        answers = Answers.of(observations.table(_greedy(options)), dataset, options)
        recorder = Recorder(NAME, dataset, context.settings.level)
        minimums = Minimums(context.settings.minimum_patients, context.settings.minimum_events)
        cells = distinct_slices(_groupings(context, options), dataset)
        for cell in cells:
            yield from _shares(recorder, answers, members(cell, dataset), cell, minimums)
        for condition in conditions_of(context, options):
            descriptor = context.conditions[condition.name]
            changed = Answers.of(
                observations.table(_greedy(options, condition)),
                dataset,
                options,
                partial=descriptor.kind == "variant",
                opposite=descriptor.opposite,
            )
            under = recorder.under(condition)
            paired = AskedOtherwise(under, changed, answers, minimums)
            for cell in cells:
                inside = members(cell, dataset) & changed.asked
                yield from _shares(under, changed, inside, cell, minimums)
                yield from paired.measure(inside, cell)
        yield from counterfactuals(context, options, observations, clean=answers, dataset=dataset, cells=cells)
        yield from injections(context, options, observations, clean=answers, dataset=dataset, cells=cells)
        if options.samples:
            yield from consistency(recorder, observations.table(_sampled(options)), dataset, options)

    def compare(self, here: Observed, there: Observed, name: str) -> Iterable[Measurement]:
        """Compare two runs on the same samples; as `evaluators.against.compare`."""
        return against.compare(self, here, there, name)


EVALUATOR = HallucinationEvaluator()


def _shares(
    recorder: Recorder, answers: Answers, inside: Bools, cell: Slice, minimums: Minimums
) -> Iterator[Measurement]:
    there, absent = inside & answers.present, inside & ~answers.present
    right = np.where(answers.present, answers.asserts, answers.denies)
    unread = ~(answers.asserts | answers.denies)
    for metric, successes, among, what in (
        (own.HALLUCINATION_RATE, answers.asserts, absent, "patients asked about something absent"),
        (own.MISS_RATE, answers.denies, there, "patients asked about something present"),
        (own.ACCURACY, right, inside, "patients"),
        (own.YES_RATE, answers.asserts, inside, "patients"),
        (own.UNPARSED_RATE, unread, inside, "patients"),
    ):
        patients = answers.leaning.patients
        reason = minimums.missing(patients(inside), [(what, patients(among))])
        if reason:
            yield recorder.not_measured(metric, reason, slice=cell, n=int(among.sum()))
            continue
        estimate = estimates.proportion(
            successes,
            among,
            answers.leaning.codes,
            name="share with cluster-adjusted interval",
            parameters={"unparsed_in_denominator": int(np.sum(unread & among))},
            n_clusters=answers.leaning.n_clusters,
        )
        yield recorder.measured(metric, estimate, slice=cell)
    yield from _confidence(recorder, answers, inside, cell, minimums)
    leaning: Estimate | str = "the model gives no log-probabilities of the choices"
    if answers.leaning.usable.any():
        leaning = auroc_estimate(answers.leaning, inside, minimums)
    if isinstance(leaning, str):
        yield recorder.not_measured(metrics.AUROC, leaning, slice=cell, n=int(inside.sum()))
    else:
        yield recorder.measured(metrics.AUROC, leaning, slice=cell)


def _confidence(
    recorder: Recorder, answers: Answers, inside: Bools, cell: Slice, minimums: Minimums
) -> Iterator[Measurement]:
    """Measure how well the probability of the choice that was answered fits; nothing where there is none."""
    sure = answers.confidence()
    if not sure.usable.any():
        return
    among = inside & sure.usable
    patients = answers.leaning.patients
    reason = minimums.missing(patients(inside), [("patients with a read answer and its probability", patients(among))])
    for metric, make in (
        (own_confidence.CONFIDENCE_ERROR, sure.error),
        (own_confidence.CONFIDENCE_BRIER, sure.brier),
        (own_confidence.OVERCONFIDENCE, sure.excess),
    ):
        about: dict[str, Any] = {"slice": cell, "variant": PROBABILITY}
        if reason:
            yield recorder.not_measured(metric, reason, n=int(among.sum()), **about)
        else:
            yield recorder.measured(metric, make(among), **about)
    if not cell:
        for number, mask, mean in sure.bins():
            place = {"bin": number, "confidence": round(mean, 6)}
            if mask.any() and np.any(mask & inside):
                found = sure.share_right(mask & inside)
                yield recorder.measured(own_confidence.RELIABILITY, found, curve=place, variant=PROBABILITY)


def _options(context: EvaluationContext) -> own.HallucinationOptions:
    if not isinstance(context.options, own.HallucinationOptions):
        raise TypeError(f"the hallucination evaluator takes HallucinationOptions, not {type(context.options).__name__}")
    return context.options


def _dataset(context: EvaluationContext, options: own.HallucinationOptions) -> DatasetInfo:
    if context.subject.task != "generate":
        raise InputError(
            f"evaluate.{NAME}: it measures generating models; the subject's task is '{context.subject.task}'",
            hint="remove the evaluator from `evaluate`, or set subject.task: generate",
        )
    dataset = named_dataset(context, options.on, evaluator=NAME)
    if "target" not in dataset.frame.columns:
        raise InputError(
            f"datasets.{dataset.name} has no target",
            hint=f"name the column that is 1 where the right answer is '{options.choices[0]}', else 0",
        )
    target = dataset.frame["target"].to_numpy(dtype=np.float64)
    if not np.isin(target, (0.0, 1.0)).all():
        raise InputError(
            f"datasets.{dataset.name}: the target of a closed question is 1 where the right answer is "
            f"'{options.choices[0]}', else 0"
        )
    return dataset


def _groupings(context: EvaluationContext, options: own.HallucinationOptions) -> tuple[Grouping, ...]:
    return parse_groupings(options.groups, context.requests, _dataset(context, options), evaluator=NAME)


def _greedy(options: own.HallucinationOptions, condition: Condition = CLEAN) -> Need:
    return Need.of(
        "generate",
        options.on,
        condition=condition,
        choices=options.choices,
        max_new_tokens=options.max_new_tokens,
    )


def _sampled(options: own.HallucinationOptions) -> Need:
    return Need.of(
        "generate",
        options.on,
        samples=options.samples,
        items=options.sampled_items,
        temperature=options.temperature,
        max_new_tokens=options.max_new_tokens,
    )
