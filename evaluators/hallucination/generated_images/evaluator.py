"""Rates of violations of quality control, for everyone and for what was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluators import against
from evaluators.estimates import Bools
from evaluators.grouping import Grouping, Minimums, parse_groupings
from evaluators.hallucination.generated_images import descriptors as own
from evaluators.hallucination.recorded.by_group import Place, by_group
from evaluators.hallucination.recorded.descriptors import COLLECTOR_NAME
from evaluators.hallucination.recorded.quantity import Quantity, Replicates, absent, of_sums, share
from evaluators.records import Recorder
from evaluators.requirements import named_dataset
from governance.datasets.generated_images.record import GeneratedImageRecord
from governance.datasets.generations.text import shown, shown_list
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.evidence.model import Measurement, Scalar
from governance.harness.protocols import OK, EvaluationContext, Need, Observations, Observed
from governance.statistics.clusters import Integers, cluster_codes
from governance.statistics.rater_agreement import coincidences, gating_alpha, krippendorff_alpha

if TYPE_CHECKING:
    import pandas as pd

NAME = own.DESCRIPTOR.name
_NAMED = 50


@dataclass(frozen=True)
class Images:
    """Records of images in their dataset's order, None where an entry could not be read; `codes` number requests."""

    dataset: DatasetInfo
    records: tuple[GeneratedImageRecord | None, ...]
    reasons: tuple[str, ...]
    codes: Integers
    n_clusters: int

    @classmethod
    def of(cls, table: pd.DataFrame, dataset: DatasetInfo) -> Images:
        """Align an observation table with its dataset."""
        rows = table.set_index("sample_id")
        wanted = dataset.frame["sample_id"].tolist()
        if rows.index.has_duplicates or set(rows.index) != set(wanted):
            raise CannotRunError(f"the records of dataset '{dataset.name}' do not fit it", hint="collect them again")
        rows = rows.loc[wanted]
        records = tuple(
            GeneratedImageRecord.model_validate(json.loads(text)) if status == OK else None
            for status, text in zip(rows["status"], rows["record"], strict=True)
        )
        codes = cluster_codes(dataset.frame["cluster"].to_numpy(dtype=str))
        return cls(dataset, records, tuple(map(str, rows["reason"])), codes, int(codes.max()) + 1)

    @property
    def n(self) -> int:
        """Number of entries."""
        return len(self.records)

    @property
    def checks(self) -> tuple[str, ...]:
        """Every check that a record names, sorted."""
        return tuple(sorted({v.check for record in self.records if record is not None for v in record.verdicts}))

    def verdicts(self, check: str) -> list[list[int]]:
        """Return for each image what was said of a check: 1 violated, 0 not."""
        return [
            [int(v.violated) for v in record.verdicts if v.check == check and v.violated is not None] if record else []
            for record in self.records
        ]


@dataclass(frozen=True)
class GeneratedImagesEvaluator:
    """Measures verdicts of quality control; opens neither model nor image."""

    def needs(self, context: EvaluationContext) -> Iterable[Need]:
        """Ask for the records."""
        options = _options(context)
        dataset = _dataset(context, options)
        parse_groupings(options.groups, context.requests, dataset, evaluator=NAME)
        yield Need.of(COLLECTOR_NAME, dataset.name)

    def measure(self, observations: Observations, context: EvaluationContext) -> Iterable[Measurement]:
        """Measure every check, and all together."""
        options = _options(context)
        dataset = _dataset(context, options)
        images = Images.of(observations.table(Need.of(COLLECTOR_NAME, dataset.name)), dataset)
        settings = context.settings
        groupings: tuple[Grouping, ...] = parse_groupings(options.groups, context.requests, dataset, evaluator=NAME)
        place = Place(
            images,
            Recorder(NAME, dataset, settings.level),
            Minimums(settings.minimum_patients, settings.minimum_events),
            groupings,
            settings.seed,
        )
        replicates = Replicates(images.n_clusters, settings.replicates, settings.seed)
        for quantity in quantities(images, options.checks or images.checks, replicates):
            yield from by_group(quantity, place)

    def compare(self, here: Observed, there: Observed, name: str) -> Iterable[Measurement]:
        """Compare two runs on the same samples; as `evaluators.against.compare`."""
        return against.compare(self, here, there, name)


EVALUATOR = GeneratedImagesEvaluator()


def quantities(images: Images, checks: Sequence[str], replicates: Replicates) -> Iterator[Quantity]:
    """Give every rate; what nobody judged is never a pass."""
    if not checks:
        yield absent(own.VIOLATION_RATE, "no record holds a verdict", images.n)
        return
    judged: dict[str, Bools] = {}
    violated: dict[str, Bools] = {}
    everything = np.ones(images.n, dtype=bool)
    for check in checks:
        said = images.verdicts(check)
        judged[check] = np.array([bool(one) for one in said], dtype=bool)
        violated[check] = np.array([bool(one) and 2 * sum(one) >= len(one) for one in said], dtype=bool)
        about: dict[str, Any] = {"variant": shown(check)}
        lacking, given = _lacking(images, judged[check]), judged[check]
        yield share(
            images, own.VERDICT_SHARE, given, everything, "requests", parameters=lacking, compared=False, **about
        )
        if not judged[check].any():
            yield absent(own.VIOLATION_RATE, f"nobody judged the check '{shown(check)}'", images.n, **about)
            continue
        ties = np.array([bool(one) and 2 * sum(one) == len(one) for one in said], dtype=bool)

        def counts(inside: Bools, ties: Bools = ties) -> dict[str, Scalar]:
            return {"ties_counted_as_violations": int(np.sum(ties & inside))}

        what = "requests with an image that was checked"
        yield share(images, own.VIOLATION_RATE, violated[check], judged[check], what, parameters=counts, **about)
        yield from _agreement(images, said, replicates, about)
    any_violated = np.logical_or.reduce(list(violated.values()))
    decided = any_violated | np.logical_and.reduce(list(judged.values()))
    what = "requests with an image that violates a check, or was judged on all"
    yield share(images, own.ANY_VIOLATION, any_violated, decided, what, parameters=_lacking(images, decided))


def _agreement(
    images: Images, said: list[list[int]], replicates: Replicates, about: Mapping[str, Any]
) -> Iterator[Quantity]:
    several = np.array([len(one) >= 2 for one in said], dtype=bool)
    if several.any():
        met = coincidences(said, 2)
        yield of_sums(
            images,
            own.RATERS_AGREE,
            met,
            lambda sums: krippendorff_alpha(sums.reshape(*sums.shape[:-1], 2, 2)),
            among=several,
            what="requests with an image that several judged",
            replicates=replicates,
            source=own.RATERS_AGREE.source,
            undefined="all verdicts are the same",
            gating=lambda inside, level: gating_alpha(met[inside].reshape(-1, 2, 2), images.codes[inside], level),
            compared=False,
            **about,
        )


def _lacking(images: Images, having: Bools) -> Callable[[Bools], dict[str, Scalar]]:
    names = [str(name) for name in images.dataset.frame["sample_id"]]

    def said(inside: Bools) -> dict[str, Scalar]:
        without = [name for name, has, here in zip(names, having, inside, strict=True) if here and not has]
        broken = [shown(reason, 200) for reason in images.reasons if reason]
        found: dict[str, Scalar] = {"images": int(inside.sum()), "left_out": int(np.sum(~having))}
        if without:
            found["without"] = shown_list(without, _NAMED)
        return found | ({"entries_that_could_not_be_read": "; ".join(broken[:_NAMED])} if broken else {})

    return said


def _options(context: EvaluationContext) -> own.GeneratedImagesEvaluationOptions:
    if not isinstance(context.options, own.GeneratedImagesEvaluationOptions):
        raise TypeError(f"the evaluator takes its own options, not {type(context.options).__name__}")
    return context.options


def _dataset(context: EvaluationContext, options: own.GeneratedImagesEvaluationOptions) -> DatasetInfo:
    if context.subject.task != "generate":
        raise InputError(
            f"evaluate.{NAME}: it measures generating models; the subject's task is '{context.subject.task}'",
            hint="remove the evaluator from `evaluate`, or set subject.task: generate",
        )
    return named_dataset(context, options.on, evaluator=NAME)
