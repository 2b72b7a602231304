"""The hallucination evaluator: closed questions about what is there and what is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import Predictions, auroc_estimate
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Grouping, Minimums, Slice, distinct_slices, members, parse_groupings
from evaluators.hallucination import descriptors as own
from evaluators.hallucination.parsing import read_choice
from evaluators.hallucination.sampling import consistency
from evaluators.records import Recorder
from evaluators.requirements import named_dataset
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.evidence.model import Measurement
from governance.harness.protocols import OK, EvaluationContext, Need, Observations
from governance.statistics.clusters import cluster_codes

if TYPE_CHECKING:
    import pandas as pd

NAME = own.DESCRIPTOR.name


@dataclass(frozen=True)
class HallucinationEvaluator:
    """Measures a generating model by its answers to closed questions."""

    def needs(self, context: EvaluationContext) -> Iterable[Need]:
        """Ask for one greedy answer to every question, and for several sampled ones to some."""
        options = _options(context)
        _groupings(context, options)
        yield _greedy(options)
        if options.samples:
            yield _sampled(options)

    def measure(self, observations: Observations, context: EvaluationContext) -> Iterable[Measurement]:
        """Measure every slice, then how consistent the sampled answers are."""
        options = _options(context)
        dataset = _dataset(context, options)
        answers = _Answers.of(observations.table(_greedy(options)), dataset, options)
        recorder = Recorder(NAME, dataset, context.settings.level)
        minimums = Minimums(context.settings.minimum_patients, context.settings.minimum_events)
        for cell in distinct_slices(_groupings(context, options), dataset):
            yield from _shares(recorder, answers, members(cell, dataset), cell, minimums)
        if options.samples:
            yield from consistency(recorder, observations.table(_sampled(options)), dataset, options)


EVALUATOR = HallucinationEvaluator()


@dataclass(frozen=True)
class _Answers:
    """The read answers in the dataset's order, all arrays (n,)."""

    asserts: Bools
    denies: Bools
    present: Bools
    leaning: Predictions

    @classmethod
    def of(cls, table: pd.DataFrame, dataset: DatasetInfo, options: own.HallucinationOptions) -> _Answers:
        rows = table.set_index("sample_id")
        if rows.index.has_duplicates or set(rows.index) != set(dataset.frame["sample_id"]):
            raise CannotRunError(
                f"the answers to dataset '{dataset.name}' do not fit it: {len(rows)} rows for {dataset.n} questions",
                hint="collect the observations again",
            )
        rows = rows.reindex(dataset.frame["sample_id"])
        answered = (rows["status"] == OK).to_numpy(dtype=bool)
        read = [
            read_choice(str(text), options.choices) if usable else None
            for text, usable in zip(rows["text"], answered, strict=True)
        ]
        target = dataset.frame["target"].to_numpy(dtype=np.float64)
        codes = cluster_codes(dataset.frame["cluster"].to_numpy(dtype=str))
        leaning = _log_odds(rows, options)
        return cls(
            asserts=np.array([choice == options.choices[0] for choice in read], dtype=bool),
            denies=np.array([choice == options.choices[1] for choice in read], dtype=bool),
            present=target == 1.0,
            leaning=Predictions(
                score=leaning,
                usable=np.isfinite(leaning),
                positive=target == 1.0,
                codes=codes,
                n_clusters=int(codes.max()) + 1,
                present=np.ones(dataset.n, dtype=bool),
            ),
        )


def _shares(
    recorder: Recorder, answers: _Answers, inside: Bools, cell: Slice, minimums: Minimums
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
    leaning: Estimate | str = "the model gives no log-probabilities of the choices"
    if answers.leaning.usable.any():
        leaning = auroc_estimate(answers.leaning, inside, minimums)
    if isinstance(leaning, str):
        yield recorder.not_measured(metrics.AUROC, leaning, slice=cell, n=int(inside.sum()))
    else:
        yield recorder.measured(metrics.AUROC, leaning, slice=cell)


def _log_odds(rows: pd.DataFrame, options: own.HallucinationOptions) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return (n,) log p(first choice) - log p(second choice); NaN where either is missing."""
    columns = [f"choice_{choice}" for choice in options.choices]
    if not set(columns) <= set(rows.columns):
        return np.full(len(rows), np.nan)
    first, second = (rows[column].to_numpy(dtype=np.float64, na_value=np.nan) for column in columns)
    with np.errstate(invalid="ignore"):
        return np.asarray(first - second, dtype=np.float64)


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


def _greedy(options: own.HallucinationOptions) -> Need:
    return Need.of("generate", options.on, choices=options.choices, max_new_tokens=options.max_new_tokens)


def _sampled(options: own.HallucinationOptions) -> Need:
    return Need.of(
        "generate",
        options.on,
        samples=options.samples,
        items=options.sampled_items,
        temperature=options.temperature,
        max_new_tokens=options.max_new_tokens,
    )
