"""Counterfactual versions of closed questions: what must be asked, and the answers as versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from evaluators.estimates import Bools
from evaluators.grouping import Minimums, Slice, members
from evaluators.hallucination.answers import Answers
from evaluators.hallucination.counterfactual.measures import UNREAD, Counterfactuals, Version
from evaluators.hallucination.counterfactual.options import CounterfactualOptions
from evaluators.hallucination.counterfactual.templates import templates_of, versions_of
from evaluators.hallucination.counterfactual.variants import BARE
from evaluators.hallucination.descriptors import HallucinationOptions
from evaluators.hallucination.rewriting.needs import rewritten_need
from evaluators.records import Recorder
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement
from governance.harness.protocols import EvaluationContext, Need, Observations


def counterfactual_needs(context: EvaluationContext, options: HallucinationOptions) -> Iterator[tuple[str, Need]]:
    """Give the name of every version with the request for the answers to it."""
    asked: CounterfactualOptions | None = options.counterfactuals
    if asked is not None:
        for version in versions_of(asked, templates_of(asked, context.base)):
            yield version.name, rewritten_need(options, version.rewriting)


def counterfactuals(
    context: EvaluationContext,
    options: HallucinationOptions,
    observations: Observations,
    *,
    clean: Answers,
    dataset: DatasetInfo,
    cells: Sequence[Slice],
) -> Iterator[Measurement]:
    """Measure the versions against each other and against the questions as they stand."""
    if options.counterfactuals is None:
        return
    versions = {BARE: version_of(clean, clean.present)}
    for name, need in counterfactual_needs(context, options):
        answers = Answers.of(observations.table(need), dataset, options, partial=True)
        versions[name] = version_of(answers, clean.present)
    yield from Counterfactuals(
        recorder=Recorder("hallucination", dataset, context.settings.level),
        minimums=Minimums(context.settings.minimum_patients, context.settings.minimum_events),
        versions=versions,
        absent=~clean.present,
        codes=clean.leaning.codes,
        n_clusters=clean.leaning.n_clusters,
        cells=[(cell, members(cell, dataset)) for cell in cells],
    ).measure()


def version_of(answers: Answers, present: Bools) -> Version:
    """Return read answers as a version; the probability of a choice is that among the two."""
    with np.errstate(over="ignore"):
        asserting = 1 / (1 + np.exp(-answers.leaning.score))
    return Version(
        asked=answers.asked,
        reading=np.select([answers.asserts, answers.denies], [1, 0], UNREAD).astype(np.int64),
        right=np.where(present, answers.asserts, answers.denies),
        known=np.ones_like(answers.asked),
        asserts_absent=answers.asserts & ~present,
        probability=np.where(present, asserting, 1 - asserting),
    )
