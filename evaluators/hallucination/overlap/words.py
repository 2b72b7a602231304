"""ROUGE, METEOR and BLEU of answers and references by the known packages, one row of numbers a record."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from typing import Any

import numpy as np

from governance.evidence.model import Scalar
from governance.statistics.clusters import Floats

LONGEST = 2000
"""Words of a text that are read: the packages' matching takes time with the product of both lengths."""
LONGEST_CHARACTERS = 100_000
"""Characters of a text that are read: BLEU makes a word of every mark of punctuation."""
ORDERS = 4
"""BLEU counts runs of up to four words."""
BLEU_COLUMNS = 2 * ORDERS + 2
"""Matches and runs by length, then words of answers and of references."""
_WORD = re.compile(r"\S+")
_ROUGE_WORD = re.compile("[A-Za-z0-9\u212a]+|\u0130")
"""At least as many as ROUGE counts: "a,a" are two words to it, and so are two capital I with a dot, made small."""


class NotInstalledError(Exception):
    """A package is missing; the message says which, and how to get it."""


@dataclass(frozen=True)
class Overlap:
    """What pairs of texts have in common.

    Attributes
    ----------
    rouge
        (n, 3) F1 of ROUGE-1, ROUGE-2 and ROUGE-L.
    meteor
        (n,) METEOR without synonyms.
    bleu
        (n, `BLEU_COLUMNS`) counts of which BLEU is a function of the sums.
    cut
        How many texts were longer than `LONGEST` words or `LONGEST_CHARACTERS` characters, and were cut.
    """

    rouge: Floats
    meteor: Floats
    bleu: Floats
    cut: int


def overlap(answers: Sequence[str], references: Sequence[str]) -> Overlap:
    """Compare answers with their references.

    Raises
    ------
    NotInstalledError
        If one of the packages is missing.
    """
    rouge, rouge_l, meteor, bleu = _packages()
    texts = [(_cut(answer), _cut(reference)) for answer, reference in zip(answers, references, strict=True)]
    rows = []
    for (answer, _), (reference, _) in texts:
        by_count = rouge.score(reference, answer)
        rows.append([by_count["rouge1"].fmeasure, by_count["rouge2"].fmeasure, rouge_l(answer, reference)])
    counted = [bleu.corpus_score([answer], [[reference]]) for (answer, _), (reference, _) in texts]
    return Overlap(
        rouge=np.array(rows, dtype=np.float64).reshape(-1, 3),
        meteor=np.array([meteor(a.split(), r.split()) for (a, _), (r, _) in texts]),
        bleu=np.array([_columns(row) for row in counted], dtype=np.float64).reshape(-1, BLEU_COLUMNS),
        cut=sum(was_cut for pair in texts for _, was_cut in pair),
    )


def bleu_of(sums: Floats) -> Floats:
    """Return BLEU, 0 to 1, of (..., `BLEU_COLUMNS`) sums; NaN where there is no word.

    A run length without a match counts as half a match, a quarter for the next such length, and so on.

    Source: Chen and Cherry, WMT (2014) 362, smoothing 3, which sacrebleu calls ``exp``; Papineni et al., ACL (2002)
    311.
    """
    matches, runs = sums[..., :ORDERS], sums[..., ORDERS : 2 * ORDERS]
    ours, theirs = sums[..., -2], sums[..., -1]
    empty = (matches == 0) & (runs > 0)
    smoothed = np.where(empty, 0.5 ** np.cumsum(empty, axis=-1), matches)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(runs > 0, smoothed / runs, 0.0)
        penalty = np.where(ours < theirs, np.exp(1 - theirs / ours), 1.0)
        value = penalty * np.exp(np.log(precision).mean(axis=-1))
    found: Floats = np.where(matches[..., 0] > 0, value, 0.0)
    return np.where((ours > 0) & (theirs > 0), found, np.nan)


def longest_common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words two texts share in the same order, in time of one length times that of the other / 64.

    ROUGE-L of the package takes most of its time here, cell by cell; the number is the same.

    Source: Crochemore et al., Inf. Process. Lett. 80 (2001) 279; Hyyrö, AWOCA (2004): one bit a word.
    """
    places: dict[str, int] = {}
    for number, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << number
    every = (1 << len(one)) - 1
    unmatched = every
    for word in other:
        here = unmatched & places.get(word, 0)
        unmatched = (unmatched + here | unmatched - here) & every
    return len(one) - unmatched.bit_count()


def parameters() -> dict[str, Scalar]:
    """Return versions and settings, for the method of what is measured."""
    return {
        "rouge-score": version("rouge-score"),
        "sacrebleu": version("sacrebleu"),
        "nltk": version("nltk"),
        "rouge_tokenizer": "default: runs of a-z and 0-9 in small letters",
        "rouge_stemmer": False,
        "rouge_l_subsequence": "own, bit-parallel; equal to that of the package",
        "meteor_tokenizer": "cut at white space, small letters",
        "meteor_stages": "exact, Porter stem",
        "bleu_tokenizer": "13a",
        "bleu_smoothing": "exp",
        "longest_words": LONGEST,
        "longest_characters": LONGEST_CHARACTERS,
    }


def _columns(score: Any) -> list[float]:
    """Return what a score was made of, in the order that `bleu_of` takes."""
    return [*map(float, score.counts), *map(float, score.totals), float(score.sys_len), float(score.ref_len)]


def _cut(text: str) -> tuple[str, bool]:
    """Return what is read of a text, and whether that is not all of it."""
    start = text[:LONGEST_CHARACTERS]
    further = [next(islice(words.finditer(start), LONGEST, None), None) for words in (_WORD, _ROUGE_WORD)]
    end = min((match.start() for match in further if match is not None), default=len(start))
    return (start[:end].rstrip(), True) if end < len(text) else (text, False)


class _NoSynonyms:
    """Takes the place of WordNet: no word has synonyms."""

    @staticmethod
    def synsets(*_: Any, **__: Any) -> list[Any]:
        return []


def _packages() -> tuple[Any, Any, Any, Any]:
    try:
        from nltk.translate.meteor_score import single_meteor_score
        from rouge_score.rouge_scorer import RougeScorer
        from rouge_score.scoring import fmeasure
        from rouge_score.tokenizers import DefaultTokenizer
        from sacrebleu.metrics import BLEU
    except ImportError as error:
        raise NotInstalledError(
            f"the package {error.name} is not installed: pip install 'medical-ai-governance[text-overlap]'"
        ) from error

    def meteor(answer: list[str], reference: list[str]) -> float:
        found = float(single_meteor_score(reference, answer, wordnet=_NoSynonyms())) if answer and reference else 0.0
        return found if math.isfinite(found) else 0.0

    tokenizer = DefaultTokenizer(use_stemmer=False)

    def rouge_l(answer: str, reference: str) -> float:
        ours, theirs = tokenizer.tokenize(answer), tokenizer.tokenize(reference)
        if not ours or not theirs:
            return 0.0
        common = longest_common_subsequence(ours, theirs)
        return float(fmeasure(common / len(ours), common / len(theirs)))

    return RougeScorer(["rouge1", "rouge2"], tokenizer=tokenizer), rouge_l, meteor, BLEU()
