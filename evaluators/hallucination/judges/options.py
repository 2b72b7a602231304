"""What people may write of a judge, and the request for its labels. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from evaluators.hallucination.judges.templates import PLACES, exact_label, named, prompt_digest
from governance.evidence.canonical import canonical_json
from governance.harness.protocols import Need
from governance.plugins import find
from governance.spec.model import FileName, Name, SubjectSpec, Text, Written

JUDGE = "judge"
"""The name of the collector."""
Compare = Literal["answer", "sentence", "sentence-sample", "sample-pair"]
"""What is judged: each answer, each of its sentences, each sentence beside each further answer to the same question, or
each further answer beside each other one, in both orders."""
Digest = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64}|unknown)$")]


class _Asked(Written):
    """What all judges have in common.

    Attributes
    ----------
    version
        Of the judge as its maker counts; labels of another version are other labels.
    digest
        SHA-256 of all that determines its labels beside what it is asked, pinned so that a judge cannot change unseen;
        with ``unknown`` the run stops and says which it is.
    """

    name: Name
    version: Text
    digest: Digest


class ClassifierJudge(_Asked):
    """A sequence classifier of transformers in a folder (safetensors), natural-language inference among them.

    Its input is `first`, or the pair of `first` and `second`; for inference these are premise and hypothesis. Its
    labels are those of its configuration (``id2label``), renamed by `labels` where that is given, by their index.
    """

    kind: Literal["classifier"] = "classifier"
    folder: FileName
    compare: Compare = "answer"
    first: Text
    second: Text | None = None
    labels: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        _check_places([self.first, *([self.second] if self.second is not None else [])], self.compare)
        return self

    @property
    def templates(self) -> tuple[str, ...]:
        """What it reads."""
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def prompt_digest(self) -> str:
        """SHA-256 of what it is asked."""
        return prompt_digest([self.first, self.second], self.labels)

    def subject(self) -> SubjectSpec:
        """Return the classifier as a subject, for its identity."""
        return SubjectSpec(
            name=self.name, version="1", kind="transformers", task="multiclass", options={"folder": self.folder}
        )


class LanguageModelJudge(_Asked):
    """A language model of any kind of subject that generates, asked by a prompt for one of `labels`.

    ``model: {kind: generate, folder: judge, chat: true}``. Its answer must be a label and nothing else; another answer
    is kept as not readable. With `image` the item's image is shown to it.
    """

    kind: Literal["language-model"] = "language-model"
    model: dict[str, Any]
    compare: Compare = "answer"
    prompt: Text
    labels: Annotated[tuple[Text, ...], Field(min_length=2)]
    max_new_tokens: int = Field(default=16, ge=1, le=4096)
    image: bool = False

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        _check_places([self.prompt], self.compare)
        if any(exact_label(label, self.labels) != label for label in self.labels):
            raise ValueError("labels must differ by more than case, and must not end with a full stop")
        kind = self.model.get("kind")
        descriptor = find("subjects", str(kind)) if isinstance(kind, str) else None
        if descriptor is None or "generate" not in descriptor.capabilities:
            raise ValueError("`model` needs the `kind` of a subject that generates, and its options")
        try:
            descriptor.options.model_validate({key: value for key, value in self.model.items() if key != "kind"})
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f"model.{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        return self

    @property
    def templates(self) -> tuple[str, ...]:
        """What it reads."""
        return (self.prompt,)

    @property
    def prompt_digest(self) -> str:
        """SHA-256 of what it is asked."""
        return prompt_digest([self.prompt], self.labels)

    def subject(self) -> SubjectSpec:
        """Return the model as a subject that can be opened."""
        options = {key: value for key, value in self.model.items() if key != "kind"}
        return SubjectSpec(
            name=self.name, version=self.version, kind=str(self.model["kind"]), task="generate", options=options
        )


class EncoderJudge(_Asked):
    """An encoder of transformers in a folder (safetensors) whose word embeddings are compared (BERTScore).

    With ``answer`` each answer is compared with its reference; with ``sentence-sample`` each sentence of an answer with
    the sentence of each further answer that it fits best (SelfCheckGPT). `layer` is the one whose outputs are
    compared, from 1; the makers of BERTScore publish which is best for which model.
    """

    kind: Literal["encoder"] = "encoder"
    folder: FileName
    layer: int = Field(ge=1)
    compare: Literal["answer", "sentence-sample"] = "answer"

    @property
    def templates(self) -> tuple[str, ...]:
        """What it reads."""
        return ("{answer}", "{reference}") if self.compare == "answer" else ("{sentence}", "{sample}")

    @property
    def prompt_digest(self) -> str:
        """SHA-256 of what it compares, and at which layer."""
        return prompt_digest([*self.templates, f"layer {self.layer}"], ())

    def subject(self) -> SubjectSpec:
        """Return the encoder as a subject, for its identity."""
        return SubjectSpec(
            name=self.name, version="1", kind="transformers", task="multiclass", options={"folder": self.folder}
        )


class HumanJudge(_Asked):
    """Labels that people gave, in a CSV or Parquet file with one row a label.

    Columns: ``sample_id``, ``label``, and where there are any ``sentence`` (its number, from 0) and ``rater``.
    """

    kind: Literal["human"] = "human"
    file: FileName

    @property
    def prompt_digest(self) -> str:
        """People were asked elsewhere."""
        return ""


class QuestionsJudge(_Asked):
    """Multiple-choice questions about sentences in JSON Lines, answered elsewhere from every text (SelfCheckGPT, QA).

    `beta1` is how probable it is that answers differ where a sentence is not true, and `beta2` that they are the same
    where it is true: 0.8 in the published examples.
    """

    kind: Literal["questions"] = "questions"
    file: FileName
    compare: Literal["sentence-sample"] = "sentence-sample"
    beta1: float = Field(default=0.8, gt=0, lt=1)
    beta2: float = Field(default=0.8, gt=0, lt=1)

    @model_validator(mode="after")
    def _telling(self) -> Self:
        if self.beta1 + self.beta2 <= 1:
            raise ValueError("beta1 + beta2 must exceed 1: else a different answer would speak for a sentence")
        return self

    @property
    def prompt_digest(self) -> str:
        """The questions were asked elsewhere."""
        return ""


AnyJudge = ClassifierJudge | LanguageModelJudge | EncoderJudge | HumanJudge | QuestionsJudge
Judge = Annotated[AnyJudge, Field(discriminator="kind")]
_JUDGE: TypeAdapter[AnyJudge] = TypeAdapter(Judge)


def judge_need(judge: AnyJudge, dataset: str, builds_on: Sequence[Need] = ()) -> Need:
    """Return the request for a judge's labels.

    Parameters
    ----------
    builds_on
        The needs whose tables hold what is judged: records (``recorded-generations``), or answers (``generate``) and
        after them further, sampled answers. People need none.
    """
    written = canonical_json(judge.model_dump(mode="json")).decode()
    return Need.of(JUDGE, dataset, judge=written, builds_on=builds_on)


def judge_of(options: dict[str, Any]) -> AnyJudge:
    """Return the judge that a need names."""
    return _JUDGE.validate_json(str(options["judge"]))


def _check_places(templates: Sequence[str], compare: Compare) -> None:
    known = PLACES[compare]
    unknown = sorted(named(templates) - set(known))
    if unknown:
        raise ValueError(
            f"no {{{unknown[0]}}} when '{compare}' is judged; known: {', '.join(f'{{{name}}}' for name in known)}"
        )
    own = set(known) - {"question", "reference"}
    if not named(templates) & own:
        raise ValueError(f"a judge must see what it judges: name one of {', '.join(sorted(own))} in braces")
