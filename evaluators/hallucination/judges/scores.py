"""What follows from a judge's rows: SelfCheck scores, clusters of equal meaning, labels for records. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from governance.datasets.generations.record import Judgement
from governance.evidence.canonical import canonical_json
from governance.harness.protocols import OK, REJECTED
from governance.statistics.clusters import Floats, Integers

if TYPE_CHECKING:
    import pandas as pd

MATCH, MISMATCH = "match", "mismatch"
"""Whether a question is answered from a further answer as it is from the answer."""
ENTAILMENT, NEUTRAL, CONTRADICTION = "p_entailment", "p_neutral", "p_contradiction"


def contradiction(table: pd.DataFrame) -> dict[str, float]:
    """Return for each item how far its further answers contradict its answer, 0 to 1: SelfCheckGPT with inference.

    For each sentence the mean over the samples of ``p(contradiction) / (p(entailment) + p(contradiction))``, then the
    mean over the sentences. Items without a usable row are left out.

    Parameters
    ----------
    table
        Rows of a judge that compares ``sentence-sample``, with columns of the two probabilities.

    Source: Manakul, Liusie and Gales, EMNLP (2023) 9004, section 5.5.
    """
    usable = table[table["status"] == OK]
    if usable.empty:
        return {}
    against = usable[CONTRADICTION] / (usable[ENTAILMENT] + usable[CONTRADICTION])
    by_sentence = against.groupby([usable["sample_id"], usable["sentence"]], sort=True).mean()
    by_item = by_sentence.groupby(level=0, sort=True).mean()
    return {str(name): float(value) for name, value in by_item.items()}


def lacks_columns(table: pd.DataFrame) -> str | None:
    """Say which probabilities of natural-language inference a table lacks, as what no record has; None for none."""
    missing = [name for name in (ENTAILMENT, NEUTRAL, CONTRADICTION) if name not in table.columns]
    if not missing or not (table["status"] == OK).any():
        return None
    return f"a probability of '{missing[0].removeprefix('p_')}' by this judge; rename its labels with `labels`"


def support(table: pd.DataFrame, labels: Sequence[str]) -> tuple[dict[str, float], int]:
    """Return for each item how little its further answers support its sentences, 0 to 1, and how many are unreadable.

    For each sentence the mean over the samples of 0 where it is supported, 1 where it is not and 0.5 where the answer
    could not be read, then the mean over the sentences.

    Parameters
    ----------
    labels
        The first says that a sentence is supported, any other that it is not.

    Source: Manakul, Liusie and Gales, EMNLP (2023) 9004, section 5.6.
    """
    said = table[table["status"] != REJECTED]
    if said.empty:
        return {}, 0
    unread = said["status"] != OK
    against = np.where(unread, 0.5, np.where(said["label"] == labels[0], 0.0, 1.0))
    by_sentence = (
        said.assign(against=against).groupby([said["sample_id"], said["sentence"]], sort=True)["against"].mean()
    )
    by_item = by_sentence.groupby(level=0, sort=True).mean()
    return {str(name): float(value) for name, value in by_item.items()}, int(unread.sum())


def dissimilarity(table: pd.DataFrame) -> dict[str, float]:
    """Return for each item 1 less the similarity of its sentences with further answers: SelfCheckGPT with BERTScore.

    For each sentence the mean over the samples of the best F1 with one of their sentences, then the mean over the
    sentences of 1 less it.

    Source: Manakul, Liusie and Gales, EMNLP (2023) 9004, section 5.1.
    """
    usable = table[table["status"] == OK]
    by_sentence = (1 - usable["score"]).groupby([usable["sample_id"], usable["sentence"]], sort=True).mean()
    by_item = by_sentence.groupby(level=0, sort=True).mean()
    return {str(name): float(value) for name, value in by_item.items()}


def inconsistency(matches: Floats, mismatches: Floats, beta1: float, beta2: float) -> Floats:
    """Probability that a sentence is not true, given how often a question about it is answered the same, 0 to 1.

    ``g2^mismatches / (g1^matches + g2^mismatches)`` with ``g1 = beta2 / (1 - beta1)`` and ``g2 = beta1 / (1 - beta2)``;
    two matches and one mismatch at 0.8 and 0.8 give 0.2.

    Parameters
    ----------
    matches, mismatches
        (n,) sums of answerabilities of further answers from which the answer is the same, and another.

    Source: Manakul, Liusie and Gales, EMNLP (2023) 9004, weighted by answerability as in their published code.
    """
    # As a logistic function, because powers of many samples would overflow.
    against = mismatches * np.log(beta1 / (1 - beta2)) - matches * np.log(beta2 / (1 - beta1))
    found: Floats = np.exp(-np.logaddexp(0.0, -against))
    return found


def question_answering(table: pd.DataFrame, beta1: float, beta2: float) -> dict[str, float]:
    """Return for each item how far questions about its sentences are answered otherwise: SelfCheckGPT with questions.

    For each sentence the mean of `inconsistency` over its questions, then the mean over the sentences with a question.
    """
    usable = table[table["status"] == OK]
    if usable.empty:
        return {}
    same = usable["label"] == MATCH
    sums = (
        usable.assign(same=usable["score"].where(same, 0.0), different=usable["score"].where(~same, 0.0))
        .groupby(["sample_id", "sentence", "question"], sort=True)[["same", "different"]]
        .sum()
    )
    scores = inconsistency(sums["same"].to_numpy(float), sums["different"].to_numpy(float), beta1, beta2)
    by_item = sums.assign(score=scores)["score"].groupby(level=[0, 1]).mean().groupby(level=0).mean()
    return {str(name): float(value) for name, value in by_item.items()}


def meanings(table: pd.DataFrame) -> dict[str, Integers]:
    """Return for each item which of its further answers mean the same: (samples,) numbers of clusters, from 0.

    Every answer joins the first cluster whose first member it is equivalent to: neither direction is judged as a
    contradiction, and not both as neutral. Items of which a pair is missing are left out.

    Parameters
    ----------
    table
        Rows of a judge that compares ``sample-pair``, with columns of the three probabilities.

    Source: Farquhar et al., Nature 630 (2024) 625, methods, and the non-strict rule of their published code.
    """
    found: dict[str, Integers] = {}
    usable = table[table["status"] == OK]
    for name, rows in usable.groupby("sample_id", sort=True):
        said = np.argmax(rows[[CONTRADICTION, NEUTRAL, ENTAILMENT]].to_numpy(dtype=np.float64), axis=1)
        pairs = {
            (int(first), int(second)): int(label)
            for first, second, label in zip(rows["sample"], rows["other"], said, strict=True)
        }
        n = 1 + max(max(pair) for pair in pairs)
        if len(pairs) == n * (n - 1):
            found[str(name)] = _clusters(pairs, n)
    return found


def _clusters(pairs: Mapping[tuple[int, int], int], n: int) -> Integers:
    codes = np.full(n, -1, dtype=np.int64)
    first: list[int] = []
    for place in range(n):
        for number, member in enumerate(first):
            both = {pairs[member, place], pairs[place, member]}
            if 0 not in both and both != {1}:
                codes[place] = number
                break
        else:
            codes[place] = len(first)
            first.append(place)
    return codes


def semantic_entropy(codes: Integers, weights: Floats | None = None) -> float:
    """Entropy in nats of (samples,) clusters: ``-sum_k p_k ln p_k``; clusters [0, 1, 2, 1] give 1.0397.

    Parameters
    ----------
    weights
        (samples,) likelihoods, scaled to sum to 1; without them every sample counts the same.
    """
    by_cluster = np.bincount(codes, weights=weights)
    shares = by_cluster[by_cluster > 0] / by_cluster.sum()
    return float(max(0.0, -np.sum(shares * np.log(shares))))


def judgements_of(table: pd.DataFrame) -> dict[str, tuple[Judgement, ...]]:
    """Return a judge's labels as parts of records: one judgement an item, and a rater.

    Rows about sentences become `sentence_labels` in their order, with None where a label could not be read; pairs of
    samples say nothing of the answer and are left out.
    """
    found: dict[str, tuple[Judgement, ...]] = {}
    answers = table[(table["sample"] < 0) & (table["status"] != "rejected")]
    raters = answers["rater"].fillna("") if "rater" in answers.columns else answers["judge"].map(lambda _: "")
    for (name, _rater), rows in answers.groupby([answers["sample_id"], raters], sort=True):
        labels = [
            str(label) if status == OK else None for label, status in zip(rows["label"], rows["status"], strict=True)
        ]
        whole = [label for label, place in zip(labels, rows["sentence"], strict=True) if place < 0]
        parts = dict(zip(rows["sentence"].astype(int), labels, strict=True))
        length = 1 + max(parts)
        judgement = Judgement(
            judge=str(rows["judge"].iloc[0]),
            version=str(rows["judge_version"].iloc[0]),
            prompt_digest=str(rows["prompt_digest"].iloc[0]) or None,
            label=whole[0] if whole else None,
            sentence_labels=tuple(parts.get(place) for place in range(length)),
        )
        found[str(name)] = (*found.get(str(name), ()), judgement)
    return found


def with_judgements(records: pd.DataFrame, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return a table of records to which what judges said is added, after the judgements that are there already.

    Parameters
    ----------
    records
        Rows with ``sample_id`` and ``record``, as the collector of recorded answers writes them.
    tables
        Rows of judges.
    """
    said = [judgements_of(table) for table in tables]
    written = []
    for name, text in zip(records["sample_id"].astype(str), records["record"], strict=True):
        added = [one.model_dump(mode="json") for found in said for one in found.get(name, ())]
        if not text or not added:
            written.append(text)
            continue
        record = json.loads(text)
        both = [*(record.get("judgements") or ()), *added]
        written.append(canonical_json({**record, "judgements": both}).decode())
    return records.assign(record=written)
