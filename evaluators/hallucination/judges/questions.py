"""Multiple-choice questions about sentences, answered elsewhere, from a file: does a further answer answer the same?

Nothing is asked here. Whatever wrote and answered the questions (the models of MQAG, say) leaves a line a question, and
the options that it took from the answer and from the further answers are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from evaluators.hallucination.judges.options import QuestionsJudge
from evaluators.hallucination.judges.scores import MATCH, MISMATCH
from evaluators.hallucination.judges.units import Answered, sentences
from governance.datasets.reading import existing_file
from governance.errors import InputError, Location
from governance.harness.protocols import OK, REJECTED
from governance.spec.model import Text, Written

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_ROUNDED = 0.01
"""How far probabilities may be from a sum of 1: people round them."""


def _probabilities(values: tuple[float, ...]) -> tuple[float, ...]:
    if abs(sum(values) - 1) > _ROUNDED:
        raise ValueError(f"the probabilities of the options sum to {sum(values):g}, expected 1")
    return values


class SampleAnswer(Written):
    """What was answered from one further answer: (options,) probabilities, and how far the question can be answered."""

    probabilities: tuple[Share, ...]
    answerability: Share

    _sum = field_validator("probabilities")(_probabilities)


class AnsweredQuestion(Written):
    """One question about the sentence numbered `sentence`, answered from the answer and from every further answer."""

    sample_id: Text
    sentence: int = Field(ge=0)
    question: Text
    options: Annotated[tuple[Text, ...], Field(min_length=2)]
    probabilities: tuple[Share, ...]
    samples: Annotated[tuple[SampleAnswer, ...], Field(min_length=1)]

    _sum = field_validator("probabilities")(_probabilities)

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        for given in (self.probabilities, *(one.probabilities for one in self.samples)):
            if len(given) != len(self.options):
                raise ValueError(f"{len(given)} probabilities for {len(self.options)} options")
        return self


def read_questions(judge: QuestionsJudge, base: Path, known: frozenset[str]) -> dict[str, list[AnsweredQuestion]]:
    """Read the questions about each item, in the order of the file.

    Parameters
    ----------
    known
        Identifiers of the dataset.

    Raises
    ------
    InputError
        If a line is no such question, or is about an item that the dataset does not have; the error names the line.
    """
    path = existing_file(base, judge.file, "the file of questions")
    found: dict[str, list[AnsweredQuestion]] = {}
    # Bytes are cut at line ends only; text would be cut at characters that JSON strings may hold, too.
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        where = Location(str(path), number)
        try:
            one = AnsweredQuestion.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise InputError(
                f"is no answered question: {place + ': ' if place else ''}{first['msg']}", location=where
            ) from error
        if one.sample_id not in known:
            raise InputError(f"the dataset has no item '{one.sample_id}'", location=where)
        found.setdefault(one.sample_id, []).append(one)
    return found


def compared(
    judge: QuestionsJudge, answered: Sequence[Answered], questions: Mapping[str, Sequence[AnsweredQuestion]]
) -> Iterator[dict[str, Any]]:
    """Give a row for each question and further answer: whether the likeliest options match, and the answerability.

    Raises
    ------
    InputError
        If a question is about a sentence that the answer does not have, or was answered from another number of further
        answers than there are: it is about other answers than these.
    """
    for item in answered:
        asked = questions.get(item.sample_id, ())
        row = {"sample_id": item.sample_id, "status": OK, "reason": "", "sentence": -1, "sample": -1, "other": -1}
        missing = _missing(item, asked)
        if missing:
            blank = {"status": REJECTED, "reason": missing, "question": -1, "label": "", "score": float("nan")}
            yield row | blank
            continue
        count = len(sentences(item.answer or ""))
        for place, one in enumerate(asked):
            if one.sentence >= count or len(one.samples) != len(item.samples):
                raise InputError(
                    f"the judge '{judge.name}': question {place + 1} about '{item.sample_id}' is about sentence "
                    f"{one.sentence} and {len(one.samples)} further answers; there are sentences 0 to {count - 1} and "
                    f"{len(item.samples)} further answers",
                    location=Location(judge.file),
                    hint="the questions must be about the answers that are evaluated",
                )
            ours = _likeliest(one.probabilities)
            for number, sample in enumerate(one.samples):
                label = MATCH if _likeliest(sample.probabilities) == ours else MISMATCH
                about = {"sentence": one.sentence, "sample": number, "question": place}
                yield row | about | {"label": label, "score": sample.answerability}


def _missing(item: Answered, asked: Sequence[AnsweredQuestion]) -> str:
    if not asked:
        return "the file has no question about it"
    if not (item.answer or "").strip():
        return "there is no answer to judge"
    return "" if item.samples else "there is no further answer to compare with"


def _likeliest(probabilities: Sequence[float]) -> int:
    """Return the first of the likeliest options, as the published code does."""
    return max(range(len(probabilities)), key=probabilities.__getitem__)
