"""What the hallucination evaluator measures and which options it takes. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from evaluators import metrics
from evaluators.hallucination import confidence_metrics
from evaluators.hallucination.counterfactual import metrics as counterfactual
from evaluators.hallucination.counterfactual.options import CounterfactualOptions
from evaluators.hallucination.injection import metrics as injection
from evaluators.hallucination.injection.options import InjectionOptions
from governance.evidence.model import MetricDescriptor
from governance.plugins import EvaluatorDescriptor
from governance.spec.model import Name, Text, Written


class HallucinationOptions(Written):
    """Options under ``evaluate: {hallucination: ...}``.

    Attributes
    ----------
    on
        A dataset of questions whose target is 1 where the right answer is the first of `choices`, else 0.
    groups
        As for fairness.
    samples, sampled_items, temperature
        How many answers to draw for how many items, for self-consistency; no sampling with 0 samples.
    max_new_tokens
        Longest answer.
    choices
        The two answers: what is asked about is there, is not there.
    conditions, severities
        Ways of asking otherwise, installed ones or those that the spec registers, and which severities of their scales;
        each is compared with the question as it stands.
    counterfactuals
        Words that describe the patient, put into every question, on which its answer must not depend.
    injections
        Instructions planted inside the report that every question is about.
    """

    on: Name
    groups: tuple[Text, ...] = ()
    samples: int = Field(default=5, ge=0, le=100)
    sampled_items: int = Field(default=20, ge=1)
    temperature: float = Field(default=1.0, gt=0, le=5)
    max_new_tokens: int = Field(default=4, ge=1, le=4096)
    choices: tuple[Text, Text] = ("yes", "no")
    conditions: tuple[Name, ...] = ()
    severities: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    counterfactuals: CounterfactualOptions | None = None
    injections: InjectionOptions | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if self.choices[0].casefold() == self.choices[1].casefold():
            raise ValueError("the two choices must differ")
        if self.samples == 1:
            raise ValueError("self-consistency needs at least two samples; `samples: 0` leaves it out")
        if len(set(self.conditions)) != len(self.conditions) or "clean" in self.conditions:
            raise ValueError("name each condition once; `clean` is always measured")
        return self


HALLUCINATION_RATE = MetricDescriptor(
    name="hallucination_rate",
    title="Hallucination rate",
    low=0,
    high=1,
    direction="lower",
    formula="answers that assert it / questions about what is not there",
    explanation="Asked about a finding that is not there, how often the model says that it is.",
    does_not_show="Answers that could not be read; they stay in the denominator and are given as the unparsed rate.",
    source="Li et al., EMNLP (2023) (POPE: polling for what is absent)",
)
MISS_RATE = MetricDescriptor(
    name="miss_rate",
    title="Miss rate",
    low=0,
    high=1,
    direction="lower",
    formula="answers that deny it / questions about what is there",
    explanation="Asked about a finding that is there, how often the model says that it is not.",
    does_not_show="Answers that could not be read; they stay in the denominator and are given as the unparsed rate.",
    source="Li et al., EMNLP (2023)",
)
ACCURACY = MetricDescriptor(
    name="accuracy",
    title="Accuracy",
    low=0,
    high=1,
    direction="higher",
    formula="right answers / questions; an answer that could not be read is not right",
    explanation="The share of questions that the model answers rightly.",
    does_not_show="Which way it errs; always answering with the more common answer can look good.",
    source="Li et al., EMNLP (2023)",
)
YES_RATE = MetricDescriptor(
    name="yes_rate",
    title="Affirmative answers",
    low=0,
    high=1,
    direction="none",
    formula="answers that assert / questions",
    explanation="How often the model says that what is asked about is there, whether or not it is.",
    does_not_show="Whether the answers are right; far from the true share it shows a habit of agreeing or denying.",
    source="Li et al., EMNLP (2023)",
)
UNPARSED_RATE = MetricDescriptor(
    name="unparsed_rate",
    title="Answers that could not be read",
    low=0,
    high=1,
    direction="lower",
    formula="answers that begin with neither choice, and inputs without an answer / questions",
    explanation="The share of questions whose answer does not begin with one of the two choices.",
    does_not_show="What the model meant by them.",
    source="the toolkit's own rule: evaluators/hallucination/parsing.py",
)
SELF_CONSISTENCY = MetricDescriptor(
    name="self_consistency",
    title="Self-consistency",
    low=0,
    high=1,
    direction="higher",
    formula="mean over items of (samples with the most common answer / samples)",
    explanation="Asked the same question several times, how often the model gives its most common answer.",
    does_not_show="Whether that answer is right: a model can be wrong every time.",
    source="Wang et al., ICLR (2023); answers count as equal if they are read as the same choice or are the same text",
)
DISCRETE_SEMANTIC_ENTROPY = MetricDescriptor(
    name="discrete_semantic_entropy",
    title="Discrete semantic entropy (exact answers)",
    unit="nat",
    low=0,
    direction="lower",
    formula="mean over items of -sum_k p_k ln p_k, p_k the share of samples with answer k",
    explanation="How scattered the answers to the same question are; 0 where they are all equal.",
    does_not_show=(
        "Equal meaning in other words: answers count as equal only if they are read as the same choice or are the same "
        "text, not by a language model's judgement."
    ),
    source="Farquhar et al., Nature 630 (2024) 625, discrete variant",
)
ANSWER_CONSISTENCY = MetricDescriptor(
    name="answer_consistency",
    title="Same answer when asked otherwise",
    low=0,
    high=1,
    direction="higher",
    formula="questions whose two answers can be read and mean the same / questions; a negated one takes the other word",
    explanation="Asked the same in another way, how often the model gives an answer of the same meaning.",
    does_not_show="Whether the answers are right. An answer that could not be read, before or after, is not the same.",
    source="Ribeiro et al., ACL (2020) 4902 (invariance and directional tests)",
)

DESCRIPTOR = EvaluatorDescriptor(
    name="hallucination",
    title="Hallucination in answers to closed questions",
    implementation="evaluators.hallucination.evaluator:EVALUATOR",
    options=HallucinationOptions,
    metrics=(
        HALLUCINATION_RATE,
        MISS_RATE,
        ACCURACY,
        YES_RATE,
        UNPARSED_RATE,
        metrics.AUROC,
        *confidence_metrics.ALL,
        SELF_CONSISTENCY,
        DISCRETE_SEMANTIC_ENTROPY,
        ANSWER_CONSISTENCY,
        *counterfactual.METRICS,
        *injection.METRICS,
    ),
)
