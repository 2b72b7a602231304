"""The labels of Med-HallMark: six kinds of statements, from catastrophic to correct. Only exact labels are read.

Published scorers look for the first word that occurs anywhere; an answer they cannot read counts as the worst one
without saying so.
"""

from __future__ import annotations

from collections.abc import Mapping

CATASTROPHIC, CRITICAL, ATTRIBUTE, PROMPT_INDUCED, MINOR, CORRECT = range(6)
NAMES = ("catastrophic", "critical", "attribute", "prompt-induced", "minor", "correct")
WEIGHTS_SOURCE = (
    "Chen et al., arXiv:2406.10185 (2024); 0, 0.2, 0.4, 0.8 and 1 as in the authors' scorer, 0.6 for prompt-induced is "
    "inferred from the even spacing and was not found in print"
)

_SPELLINGS: Mapping[str, int] = {
    **{str(number): number for number in range(6)},
    **{name: number for number, name in enumerate(NAMES)},
    **{f"{name} hallucination": number for number, name in enumerate(NAMES[:-1])},
    **{f"{name} hallucinations": number for number, name in enumerate(NAMES[:-1])},
    "confusion prompt-induced hallucination": PROMPT_INDUCED,
    "confusion prompt-induced hallucinations": PROMPT_INDUCED,
    "correct statement": CORRECT,
    "correct statements": CORRECT,
}


def read_label(written: str | int | None) -> int | None:
    """Return the number of a label, 0 (catastrophic) to 5 (correct), or None.

    A number from 0 to 5 or the whole name is read, with or without "hallucination(s)" or "statement(s)", in any case,
    with a final full stop. Nothing is searched for inside longer text.
    """
    if written is None or isinstance(written, bool):
        return None
    text = str(written).strip().rstrip(".").casefold()
    return _SPELLINGS.get(" ".join(text.split()))
