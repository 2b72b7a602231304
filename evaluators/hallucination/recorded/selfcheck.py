"""SelfCheckGPT with n-grams: how unusual the words of an answer are among further answers to the same question.

A model of n-grams is counted over the answer and its samples, sentence by sentence, without smoothing. An answer scores
the mean of ``-ln p`` over its tokens, and the mean over its sentences of the largest. As the answer itself is counted,
no n-gram of it is unknown.

Source: Manakul, Liusie and Gales, EMNLP (2023) 9004, section 5.4, and their package `selfcheckgpt`, which takes tokens
and sentences from spaCy; on the same tokens the numbers agree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from math import log

Sentences = Sequence[Sequence[str]]
Tokeniser = Callable[[str], Sentences]
START = "<s>"

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_TOKEN = re.compile(r"\w+|[^\w\s]")


def sentences_of(text: str) -> list[list[str]]:
    """Return the sentences of a text as lists of lower-case tokens: runs of letters and digits, and single marks."""
    found = (_TOKEN.findall(part) for part in _SENTENCE.split(text.lower()))
    return [tokens for tokens in found if tokens]


def selfcheck_ngram(
    answer: str, samples: Sequence[str], n: int = 1, *, tokenise: Tokeniser = sentences_of
) -> tuple[float, float] | None:
    """Return the mean over tokens of ``-ln p`` and the mean over sentences of the largest, or None for an empty answer.

    Parameters
    ----------
    tokenise
        From a text to its sentences, each a list of tokens.
    """
    own = [_ngrams(tokens, n) for tokens in tokenise(answer)]
    if not own:
        return None
    counts: Counter[object] = Counter()
    for sentence in own:
        counts.update(sentence)
    for text in samples:
        for tokens in tokenise(text):
            counts.update(_ngrams(tokens, n))
    total = log(counts.total())
    surprises = [[total - log(counts[gram]) for gram in sentence] for sentence in own]
    n_tokens = sum(len(sentence) for sentence in surprises)
    mean = sum(sum(sentence) for sentence in surprises) / n_tokens
    return mean, sum(max(sentence) for sentence in surprises) / len(surprises)


def _ngrams(tokens: Sequence[str], n: int) -> Sequence[object]:
    if n == 1:
        return tokens
    padded = [START] * (n - 1) + list(tokens)
    return list(zip(*(padded[start : start + len(tokens)] for start in range(n)), strict=True))
