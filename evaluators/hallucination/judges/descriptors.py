"""The collector of judges' labels, without importing anything heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluators.hallucination.judges.options import JUDGE, ClassifierJudge, EncoderJudge, LanguageModelJudge, judge_of
from governance.plugins import CollectorDescriptor
from governance.spec.model import Text, Written


class JudgeOptions(Written):
    """The judge as canonical JSON, so that the request for it names its digest."""

    judge: Text


def _opens(options: Mapping[str, Any]) -> str:
    judge = judge_of(dict(options))
    if isinstance(judge, LanguageModelJudge):
        return str(judge.model["kind"])
    return "transformers" if isinstance(judge, (ClassifierJudge, EncoderJudge)) else "recorded"


COLLECTOR = CollectorDescriptor(
    name=JUDGE,
    title="What a judge says of answers",
    implementation="evaluators.hallucination.judges.collector:JudgeCollector",
    options=JudgeOptions,
    opens=_opens,
    columns={
        "sample_id": "string",
        "status": "ok; unparsed where the judge's answer is no label; rejected where there was nothing to judge",
        "reason": "string, empty where ok",
        "judge": "string, its name",
        "judge_version": "string",
        "prompt_digest": "string, SHA-256 of what it was asked, without the item; empty for people",
        "sentence": "int64, the sentence of the answer, from 0; -1 where the whole answer is judged",
        "sample": "int64, the further answer beside it, from 0; -1 without one",
        "other": "int64, the second of two further answers, from 0; -1 without one",
        "question": "int64, the question about the item, from 0; -1 without one; only where questions were answered",
        "label": "string, empty where not ok, and of an encoder; match or mismatch of answers to a question",
        "score": (
            "float64, probability of the label by the judge, F1 of an encoder, or answerability of a question; missing "
            "where it gives none"
        ),
        "p_*": "float64, probability of each label of a classifier; precision and recall of an encoder",
        "said": "string, the words of a language model",
        "rater": "string, who gave a label, where the file says",
    },
)
