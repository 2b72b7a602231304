"""What is measured of answers with the help of a judge that compares texts. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

_JUDGES_ERRORS = "The errors of the judge itself; see its agreement with people. And whether the answers are right."

SELFCHECK_NLI = MetricDescriptor(
    name="selfcheck_nli",
    title="SelfCheckGPT, natural-language inference",
    low=0,
    high=1,
    direction="lower",
    formula="mean over sentences of the mean over further answers of p(contradiction) / (p(entail) + p(contradiction))",
    explanation="How far further answers to the same question contradict the answer, by an inference model.",
    does_not_show=_JUDGES_ERRORS,
    source="Manakul, Liusie and Gales, EMNLP (2023) 9004, section 5.5",
)
SELFCHECK_BERTSCORE = MetricDescriptor(
    name="selfcheck_bertscore",
    title="SelfCheckGPT, BERTScore",
    low=0,
    high=2,
    direction="lower",
    formula="mean over sentences of 1 - mean over further answers of the best BERTScore F1 with one of their sentences",
    explanation="How unlike further answers to the same question the sentences of an answer are, by an encoder.",
    does_not_show="Contradictions in similar words ('no effusion' and 'effusion'). And whether the answers are right.",
    source="Manakul, Liusie and Gales, EMNLP (2023) 9004, section 5.1",
)
SELFCHECK_QA = MetricDescriptor(
    name="selfcheck_qa",
    title="SelfCheckGPT, questions answered elsewhere",
    low=0,
    high=1,
    direction="lower",
    formula=(
        "mean over sentences of the mean over questions of g2^different / (g1^same + g2^different), sums of "
        "answerability; g1 = beta2 / (1 - beta1), g2 = beta1 / (1 - beta2)"
    ),
    explanation="How often questions about the answer have another answer by further answers, as a given file says.",
    does_not_show=(
        "How good the questions are, and the errors of what answered them; sentences without a question are left out. "
        "And whether the answers are right."
    ),
    source="Manakul, Liusie and Gales, EMNLP (2023) 9004 (MQAG, weighted by answerability as in their published code)",
)
SELFCHECK_PROMPT = MetricDescriptor(
    name="selfcheck_prompt",
    title="SelfCheckGPT, asked of a language model",
    low=0,
    high=1,
    direction="lower",
    formula="mean over sentences of the mean over further answers: supported 0, not supported 1, unreadable 0.5",
    explanation="How many sentences of the answer further answers do not support, as a language model says.",
    does_not_show=_JUDGES_ERRORS,
    source="Manakul, Liusie and Gales, EMNLP (2023) 9004, section 5.6",
)
ENTROPY_OF_MEANINGS = MetricDescriptor(
    name="semantic_entropy_by_meaning",
    title="Semantic entropy (meanings by inference)",
    unit="nat",
    low=0,
    direction="lower",
    formula="mean over items of -sum_k p_k ln p_k, p_k the share of further answers with meaning k",
    explanation="How scattered the meanings of further answers to the same question are, by an inference model.",
    does_not_show=_JUDGES_ERRORS,
    source="Farquhar et al., Nature 630 (2024) 625, discrete variant, non-strict equivalence",
)
WEIGHTED_ENTROPY_OF_MEANINGS = MetricDescriptor(
    name="semantic_entropy_by_meaning_weighted",
    title="Semantic entropy (meanings by inference, weighted by likelihood)",
    unit="nat",
    low=0,
    direction="lower",
    formula="mean over items of -sum_k p_k ln p_k, p_k the normalised likelihood of the further answers of meaning k",
    explanation="As the semantic entropy, each further answer counted by its likelihood.",
    does_not_show=_JUDGES_ERRORS,
    source="Farquhar et al., Nature 630 (2024) 625, methods",
)
MEANINGS = MetricDescriptor(
    name="distinct_meanings",
    title="Distinct meanings of further answers",
    low=1,
    direction="lower",
    formula="mean over items of the number of clusters of further answers with the same meaning",
    explanation="How many different things the model says when asked the same question several times.",
    does_not_show=_JUDGES_ERRORS,
    source="Farquhar et al., Nature 630 (2024) 625",
)
ALL = (
    SELFCHECK_BERTSCORE,
    SELFCHECK_NLI,
    SELFCHECK_QA,
    SELFCHECK_PROMPT,
    ENTROPY_OF_MEANINGS,
    WEIGHTED_ENTROPY_OF_MEANINGS,
    MEANINGS,
)
