"""One record of what a generating model answered: the form that every measure of recorded answers reads.

The form is a contract with a version (`governance schema generations`); readers keep every published version. What
annotators, judges and other models said of an answer is kept as data beside it, so that scores are functions of records
alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

GENERATIONS_VERSION: Literal[1] = 1
HUMAN = "human"
"""The judge of labels that people gave."""
BASELINE = "baseline"
"""The variant of a question as it stands, beside variants that add pressure to it or mislead."""

Id = Annotated[str, StringConstraints(min_length=1)]
Label = str | int
"""A judgement's label as its author wrote it; measures read exact labels only."""


class Closed(BaseModel):
    """Base of all parts of a record: immutable, closed, finite numbers only."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Sample(Closed):
    """A further answer to the same question, drawn at random.

    `log_probability` is the natural logarithm of the probability of the whole answer; `tokens` its length, by which
    likelihoods are normalised.
    """

    text: str
    log_probability: float | None = Field(default=None, le=0)
    tokens: int | None = Field(default=None, ge=1)


class Judgement(Closed):
    """What one judge said of the answer, or of each of its sentences.

    `prompt_digest` is the SHA-256 of what the judge was asked, without the item itself.
    """

    judge: Id
    version: str | None = None
    prompt_digest: str | None = None
    label: Label | None = None
    sentence_labels: tuple[Label | None, ...] = ()


class GenerationRecord(Closed):
    """A question, what a model answered, and what is known of the right answer.

    Attributes
    ----------
    item_id, variant
        Together unique in a file. Records of the same `pair_id` (by default the item) are versions of one question:
        `variant` says which (``baseline`` or None: as it stands; others add a weakening prefix, a wrong premise, ...).
    image_id, patient_id
        What several records may share, so that they are no independent observations.
    attributes
        What defines groups: sex, age, site, ...
    task_type
        The part of a benchmark, such as ``conventional`` or ``nota``; measures are given for each.
    split
        How what a polling question asks about was drawn: ``random``, ``popular``, ``adversarial``.
    options
        Choices of a question by their letter or number.
    reference
        The right answer: text, or the letter of the right choice. None where it is not known.
    generation
        The answer; None where the model was not asked or the file holds none, "" where it answered nothing.
    log_probability
        Of the answer, natural logarithm.
    samples
        Further answers to the same question.
    sentence_labels
        Labels that people gave to the sentences of a report, in order.
    judgements
        What judges said, `HUMAN` among them.
    findings
        Findings that are there (true) or absent (false) on the image, by the reference standard.
    confidence
        Stated or implied confidence in the answer, 0 to 1.
    extra
        Every field of the file that has no place above, as it was.
    """

    version: Literal[1] = GENERATIONS_VERSION
    item_id: Id
    variant: Id | None = None
    pair_id: Id | None = None
    image_id: Id | None = None
    patient_id: Id | None = None
    attributes: dict[str, str | bool | int | float | None] = Field(default_factory=dict)
    task_type: Id | None = None
    split: Id | None = None
    question: str = ""
    options: dict[str, str] = Field(default_factory=dict)
    reference: str | None = None
    generation: str | None = None
    log_probability: float | None = Field(default=None, le=0)
    samples: tuple[Sample, ...] = ()
    sentence_labels: tuple[Label | None, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    findings: dict[str, bool] = Field(default_factory=dict)
    confidence: float | None = Field(default=None, ge=0, le=1)
    extra: dict[str, Any] = Field(default_factory=dict)

    @property
    def pair(self) -> str:
        """What the versions of one question share."""
        return self.pair_id or self.item_id

    @property
    def is_baseline(self) -> bool:
        """Whether the question was asked as it stands."""
        return self.variant in (None, BASELINE)

    def judged_by(self, judge: str) -> Judgement | None:
        """Return the last judgement of a judge."""
        return next((one for one in reversed(self.judgements) if one.judge == judge), None)


def known_fields() -> frozenset[str]:
    """Return the names of a record's fields; others of a file go to `extra`."""
    return frozenset(GenerationRecord.model_fields)
