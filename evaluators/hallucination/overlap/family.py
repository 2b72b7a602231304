"""Shared words of answers and references as measurements of everyone, task types and groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from evaluators.estimates import Bools
from evaluators.hallucination.judges.options import AnyJudge, EncoderJudge
from evaluators.hallucination.overlap import metrics as own
from evaluators.hallucination.overlap import words
from evaluators.hallucination.overlap.words import NotInstalledError, bleu_of, parameters
from evaluators.hallucination.recorded.judged import identity_of
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.quantity import Quantity, Replicates, absent, average, influence_of, of_sums
from governance.evidence.model import Scalar
from governance.harness.protocols import OK
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, cluster_codes, cluster_sums
from governance.statistics.linearised import gating_linearised

if TYPE_CHECKING:
    import pandas as pd

WHAT = "patients with an answer and a reference"


def overlap(
    records: Records,
    replicates: Replicates,
    judges: Sequence[AnyJudge] = (),
    said: Mapping[str, pd.DataFrame] | None = None,
) -> Iterator[Quantity]:
    """Give the measures of shared words, and the BERTScore of every encoder among the judges."""
    yield from _shared_words(records, replicates)
    for judge in judges:
        if isinstance(judge, EncoderJudge) and judge.compare == "answer":
            yield from _bertscore(records, judge, (said or {})[judge.name])


def _bleu_bounds(records: Records, sums: Floats, inside: Bools, level: float) -> Bounds:
    codes = cluster_codes(records.codes[inside])
    by_patient = np.stack([cluster_sums(column, codes) for column in sums[inside].T], axis=1)
    total = by_patient.sum(axis=0)
    return gating_linearised(float(bleu_of(total)), influence_of(by_patient, total, bleu_of), by_patient[:, -2], level)


def _bertscore(records: Records, judge: EncoderJudge, table: pd.DataFrame) -> Iterator[Quantity]:
    usable = table[table["status"] == OK]
    by_id = dict(zip(usable["sample_id"].astype(str), usable["score"].astype(float), strict=True))
    values = np.array([by_id.get(name, np.nan) for name in records.ids])
    among = np.isfinite(values)
    called = records.called.get(judge.name, judge.name)
    if not among.any():
        yield absent(own.BERTSCORE, "no answer and reference that this encoder can read", records.n, judge=called)
        return

    def about(inside: Bools) -> dict[str, Scalar]:
        left = records.n - int(among.sum())
        return {**identity_of(judge), "layer": judge.layer, "answers": int(inside.sum()), "left_out": left}

    for name, part in records.parts:
        if name is None or (among & part).any():
            yield average(
                records, own.BERTSCORE, np.where(among, values, 0.0), among & part, WHAT, parameters=about, low=-1.0,
                judge=called, variant=name,
            )  # fmt: skip


def _shared_words(records: Records, replicates: Replicates) -> Iterator[Quantity]:
    """Give ROUGE, METEOR without synonyms, and BLEU, where a record holds an answer and a reference text.

    A reference that is the letter of a choice is no text to share words with.
    """
    both = records.where(
        [
            r is not None and r.generation is not None and bool((r.reference or "").strip()) and not r.options
            for r in records.records
        ]
    )
    if not both.any():
        for metric in (*own.BY_WORDS, own.BLEU):
            yield absent(metric, "no record has an answer and a reference text", records.n)
        return
    places = np.flatnonzero(both)
    pairs = [records.records[place] for place in places]
    try:
        found = words.overlap([r.generation or "" for r in pairs if r], [r.reference or "" for r in pairs if r])
    except NotInstalledError as error:
        for metric in (*own.BY_WORDS, own.BLEU):
            yield absent(metric, str(error), records.n)
        return
    about: dict[str, Scalar] = {**parameters(), "texts_cut": found.cut}

    def said(inside: Bools) -> dict[str, Scalar]:
        return {**about, "without_answer_or_reference_left_out": records.n - len(places), "answers": int(inside.sum())}

    by_metric = dict(zip(own.BY_WORDS, (*found.rouge.T, found.meteor), strict=True))
    sums = np.zeros((records.n, found.bleu.shape[1]))
    sums[places] = found.bleu
    for name, part in records.parts:
        among = both & part
        if name is not None and not among.any():
            continue
        for metric, values in by_metric.items():
            filled = np.zeros(records.n)
            filled[places] = values
            yield average(records, metric, filled, among, WHAT, parameters=said, variant=name)
        yield of_sums(
            records,
            own.BLEU,
            sums,
            bleu_of,
            among=among,
            what=WHAT,
            replicates=replicates,
            source=own.BLEU.source,
            undefined="neither answers nor references hold a word",
            gating=partial(_bleu_bounds, records, sums),
            parameters=said,
            variant=name,
        )
