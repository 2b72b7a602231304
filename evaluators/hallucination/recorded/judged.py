"""What judges that compare texts say of the uncertainty of answers: contradiction, support, and equal meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evaluators.hallucination.judges.options import (
    AnyJudge,
    EncoderJudge,
    HumanJudge,
    LanguageModelJudge,
    QuestionsJudge,
)
from evaluators.hallucination.judges.scores import (
    contradiction,
    dissimilarity,
    lacks_columns,
    meanings,
    question_answering,
    semantic_entropy,
    support,
)
from evaluators.hallucination.recorded import judged_metrics as own
from evaluators.hallucination.recorded.consistency import likelihoods
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.uncertainty import Uncertainty
from governance.evidence.model import MetricDescriptor, Scalar
from governance.statistics.clusters import Floats

if TYPE_CHECKING:
    import pandas as pd


def labels_answers(judge: AnyJudge) -> bool:
    """Say whether a judge labels answers or sentences, instead of comparing texts with one another."""
    if isinstance(judge, EncoderJudge):
        return False
    return isinstance(judge, HumanJudge) or judge.compare in ("answer", "sentence")


def identity_of(judge: AnyJudge) -> dict[str, Scalar]:
    """Return what tells one judge from another, for the method of what rests on it."""
    found: dict[str, Scalar] = {"judge_kind": judge.kind, "judge_version": judge.version, "judge_digest": judge.digest}
    return found | ({"judge_prompt_digest": judge.prompt_digest} if judge.prompt_digest else {})


def judged_uncertainties(
    records: Records, judges: Sequence[AnyJudge], tables: Mapping[str, pd.DataFrame]
) -> tuple[Uncertainty, ...]:
    """Return the uncertainties that judges give, by their tables.

    Parameters
    ----------
    tables
        Rows of each judge, by its name; those that label answers are left out.
    """
    found: list[Uncertainty] = []
    for judge in judges:
        if isinstance(judge, HumanJudge) or labels_answers(judge):
            continue
        table = tables[judge.name]
        if isinstance(judge, EncoderJudge):
            if judge.compare == "sentence-sample":
                found.append(_uncertainty(own.SELFCHECK_BERTSCORE, records, judge, dissimilarity(table)))
        elif isinstance(judge, QuestionsJudge):
            asked = question_answering(table, judge.beta1, judge.beta2)
            betas: dict[str, Scalar] = {
                "beta1": judge.beta1,
                "beta2": judge.beta2,
                "questions": "given, answered elsewhere",
            }
            found.append(_uncertainty(own.SELFCHECK_QA, records, judge, asked, parameters=betas))
        elif judge.compare == "sample-pair":
            found += _of_meanings(records, judge, table)
        elif isinstance(judge, LanguageModelJudge):
            values, unread = support(table, judge.labels)
            counts = {"unreadable_counted_half": unread}
            found.append(_uncertainty(own.SELFCHECK_PROMPT, records, judge, values, parameters=counts))
        else:
            missing = lacks_columns(table)
            values = {} if missing else contradiction(table)
            found.append(_uncertainty(own.SELFCHECK_NLI, records, judge, values, missing=missing))
    return tuple(found)


def _of_meanings(records: Records, judge: AnyJudge, table: pd.DataFrame) -> Iterator[Uncertainty]:
    missing = lacks_columns(table)
    clusters = {} if missing else meanings(table)
    by_id = dict(zip(records.ids, records.records, strict=True))
    plain = {name: semantic_entropy(codes) for name, codes in clusters.items()}
    count = {name: float(codes.max() + 1) for name, codes in clusters.items()}
    weighted = {}
    for name, codes in clusters.items():
        record = by_id.get(name)
        weights = likelihoods(record) if record is not None else None
        if weights is not None and weights.size == codes.size:
            weighted[name] = semantic_entropy(codes, weights)
    yield _uncertainty(own.ENTROPY_OF_MEANINGS, records, judge, plain, missing=missing)
    yield _uncertainty(own.WEIGHTED_ENTROPY_OF_MEANINGS, records, judge, weighted, missing=missing)
    yield _uncertainty(own.MEANINGS, records, judge, count, missing=missing)


def _uncertainty(
    metric: MetricDescriptor,
    records: Records,
    judge: AnyJudge,
    values: Mapping[str, float],
    *,
    parameters: Mapping[str, Scalar] | None = None,
    missing: str | None = None,
) -> Uncertainty:
    aligned: Floats = np.array([values.get(name, np.nan) for name in records.ids])
    called = records.called.get(judge.name, judge.name)
    return Uncertainty(
        name=f"{metric.name} by {called}",
        values=aligned,
        metric=metric,
        missing=missing or "further answers that this judge could compare",
        high=np.inf if metric.high is None else metric.high,
        judge=called,
        parameters={**identity_of(judge), **(parameters or {})},
    )
