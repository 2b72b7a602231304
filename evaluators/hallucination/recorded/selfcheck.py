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
from itertools import chain
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
    counts: Counter[object] = Counter(chain.from_iterable(own))
    if n == 1 and tokenise is sentences_of:
        # Where a sentence ends makes no difference to single words.
        counts.update(_TOKEN.findall("\n".join(samples).lower()))
    else:
        counts.update(gram for text in samples for tokens in tokenise(text) for gram in _ngrams(tokens, n))
    # The sum of surprises is n ln(total) - sum of ln(count); the largest belongs to the rarest n-gram.
    total = log(counts.total())
    found = [[counts[gram] for gram in sentence] for sentence in own]
    n_tokens = sum(map(len, found))
    mean = total - sum(map(log, chain.from_iterable(found))) / n_tokens
    return mean, total - sum(map(log, map(min, found))) / len(found)


def _ngrams(tokens: Sequence[str], n: int) -> Sequence[object]:
    if n == 1:
        return tokens
    padded = [START] * (n - 1) + list(tokens)
    return list(zip(*(padded[start : start + len(tokens)] for start in range(n)), strict=True))
