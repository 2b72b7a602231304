"""What people may write under ``evaluate: {generations: ...}``. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from evaluators.hallucination.judges.options import Digest, Judge
from governance.datasets.generations.record import HUMAN
from governance.spec.model import DatasetName, FileName, Name, Text, Written

Family = Literal[
    "labels",
    "findings",
    "refusals",
    "closed",
    "choices",
    "sureness",
    "pressure",
    "consistency",
    "judges",
    "overlap",
    "calibration",
    "counterfactuals",
]
FAMILIES: tuple[Family, ...] = get_args(Family)


class OwnLexicon(Written):
    """A file of findings and the words that they go by.

    Attributes
    ----------
    digest
        SHA-256 of the file, pinned so that it cannot change unseen; with ``unknown`` the run stops and says it.
    extends
        Whether its findings and cues come to those that ship, or replace them all.
    """

    file: FileName
    digest: Digest
    extends: bool = True


class GenerationsEvaluationOptions(Written):
    """Options under ``evaluate: {generations: ...}``.

    Attributes
    ----------
    on, also_on
        Datasets of the kind ``generations``; each is measured alone.
    groups
        As for fairness; further datasets are compared by those of the attributes that they have.
    measures
        Families of measures that must be there, so that what cannot be measured is said: ``labels`` (Med-HallMark),
        ``findings`` (coverage, CHAIR), ``refusals``, ``closed`` (yes or no, POPE), ``choices`` (option letters),
        ``sureness`` (CARES), ``pressure`` (another wording that misleads), ``consistency`` (further answers),
        ``judges``, ``overlap`` (ROUGE, METEOR, BLEU),
        ``calibration`` (of confidence), ``counterfactuals`` (another patient). Without it: all for which the
        records hold anything.
    weights
        Of the six labels from catastrophic to correct.
    wrong_choice
        Points for a wrong choice; 1 for a right one.
    answers
        Whose answers are scored where the subject can answer itself: ``model`` asks it the questions of the records,
        ``recorded`` scores what the file holds.
    choices
        Two answers whose log-probabilities the model shall give besides; as in `hallucination`, so that what both ask
        is asked once.
    max_new_tokens, samples, sampled_items, temperature
        How the model answers: longest answer, and how many further answers are drawn for how many items.
    judges
        Whom to ask about the answers: classifiers, language models, people's labels in a file (docs/judge-answers.md).
    lexicon
        Findings and their words beside, or in the place of, those that ship.
    ngram
        Length of the word sequences whose frequency tells how well answers to the same question support each other.
    """

    on: Name
    also_on: tuple[DatasetName, ...] = ()
    groups: tuple[Text, ...] = ()
    measures: tuple[Family, ...] = ()
    weights: tuple[Annotated[float, Field(ge=0, le=1)], ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    wrong_choice: float = Field(default=-0.25, ge=-10, le=0)
    ngram: int = Field(default=1, ge=1, le=5)
    judges: tuple[Judge, ...] = ()
    answers: Literal["model", "recorded"] | None = None
    choices: tuple[Text, Text] | None = None
    max_new_tokens: int = Field(default=128, ge=1, le=4096)
    samples: int = Field(default=0, ge=0, le=100)
    sampled_items: int = Field(default=20, ge=1)
    temperature: float = Field(default=1.0, gt=0, le=5)
    lexicon: OwnLexicon | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if len(self.weights) != 6 or list(self.weights) != sorted(self.weights) or self.weights[0] == self.weights[-1]:
            raise ValueError("weights are six numbers from catastrophic to correct, none below the one before it")
        if len({self.on, *self.also_on}) != 1 + len(self.also_on):
            raise ValueError("name each dataset once")
        if len(set(self.measures)) != len(self.measures):
            raise ValueError("name each family of measures once")
        if self.answers != "model":
            fields = type(self).model_fields
            asking = ("choices", "max_new_tokens", "samples", "sampled_items", "temperature")
            idle = [name for name in asking if getattr(self, name) != fields[name].default]
            if idle:
                raise ValueError(f"`{idle[0]}` is about how the model answers; it needs `answers: model`")
        if self.samples == 1:
            raise ValueError("consistency needs at least two samples; `samples: 0` leaves it out")
        names = [judge.name for judge in self.judges]
        if len(set(names)) != len(names):
            raise ValueError("each judge needs a name of its own")
        if any(judge.name == HUMAN and judge.kind != "human" for judge in self.judges):
            raise ValueError(f"'{HUMAN}' stands for people, against whom judges are checked; name the judge otherwise")
        return self
