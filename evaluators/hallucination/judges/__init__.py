"""Judges of answers: classifiers, natural-language inference, language models with a prompt, and people.

No weights of a judge come with the toolkit. A judge that has none on a machine gives no label, and no number is shown
that rests on it.
"""

from evaluators.hallucination.judges.descriptors import COLLECTOR
from evaluators.hallucination.judges.options import (
    ClassifierJudge,
    EncoderJudge,
    HumanJudge,
    Judge,
    LanguageModelJudge,
    QuestionsJudge,
    judge_need,
)

__all__ = [
    "COLLECTOR",
    "ClassifierJudge",
    "EncoderJudge",
    "HumanJudge",
    "Judge",
    "LanguageModelJudge",
    "QuestionsJudge",
    "judge_need",
]
