"""How much of a file the measures can rest on: counts, with the entries that lack something by name.

These are counts of the file and not estimates, so they have no interval and no least number of patients.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluators.estimates import Bools, Estimate
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.observed import Records
from evaluators.records import Recorder
from governance.datasets.generations.record import HUMAN, GenerationRecord
from governance.datasets.generations.text import shown, shown_list
from governance.evidence.model import Measurement, Method, MetricDescriptor, Scalar
from governance.statistics.bounds import Bounds

NAMED = 200
"""Entries that are named at most."""
_REASONS = 20


def completeness(recorder: Recorder, records: Records) -> Iterator[Measurement]:
    """Count entries that can be read, and that hold an answer, a reference answer, and labels of each judge."""
    broken = [shown(reason, 200) for reason in records.reasons if reason]
    told: dict[str, Scalar] = {}
    if broken:
        told["broken"] = "; ".join(broken[:_REASONS]) + (
            f"; and {len(broken) - _REASONS} more" if len(broken) > _REASONS else ""
        )
    yield _count(recorder, own.READABLE_SHARE, records, records.readable, told)
    yield _count(recorder, own.GENERATION_SHARE, records, records.answered, {})
    referenced = records.where([one is not None and one.reference is not None for one in records.records])
    yield _count(recorder, own.REFERENCE_SHARE, records, referenced, {})
    for judge in records.judges or (HUMAN,):
        labelled = records.where([one is not None and is_labelled(one, judge) for one in records.records])
        yield _count(recorder, own.LABEL_SHARE, records, labelled, {}, judge=judge)


def is_labelled(record: GenerationRecord, judge: str) -> bool:
    """Whether a judge said anything of a record, readable or not."""
    judged = record.judged_by(judge)
    if judged is not None and (judged.label is not None or judged.sentence_labels):
        return True
    return judge == HUMAN and bool(record.sentence_labels)


def _count(
    recorder: Recorder,
    metric: MetricDescriptor,
    records: Records,
    having: Bools,
    told: dict[str, Scalar],
    *,
    judge: str | None = None,
) -> Measurement:
    lacking = [name for name, has in zip(records.ids, having, strict=True) if not has]
    parameters: dict[str, Scalar] = {"without": len(lacking), **told}
    if lacking:
        parameters["entries_without"] = shown_list(lacking, NAMED)
    count = int(having.sum())

    def counted(level: float) -> Bounds:  # noqa: ARG001
        raise ValueError("counted in the whole file, not estimated")

    estimate = Estimate(
        value=count / records.n,
        n=records.n,
        n_clusters=int(np.unique(records.codes).size),
        events=count,
        bounds=counted,
        method=Method(name="counted", parameters=parameters),
    )
    return recorder.measured(metric, estimate, judge=None if judge is None else records.called[judge])
