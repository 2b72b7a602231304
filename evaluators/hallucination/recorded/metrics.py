"""What is measured of recorded answers, for people and for `policy lint`. Imports nothing heavy."""

from __future__ import annotations

from functools import partial

from evaluators.hallucination import descriptors as shared
from evaluators.hallucination.recorded.labels import WEIGHTS_SOURCE
from governance.evidence.model import MetricDescriptor

_share = partial(MetricDescriptor, low=0, high=1)
_OWN = "the toolkit's own rule"
_HALLMARK = "Chen et al., arXiv:2406.10185 (2024)"
_COUNTED = "Anything about the answers themselves: it says how much of the file the other numbers can rest on."

READABLE_SHARE = _share(
    name="readable_share",
    title="Entries that are records",
    direction="higher",
    formula="entries that can be read / entries of the file",
    explanation="The share of the file that could be read; each entry that could not is counted and named.",
    does_not_show=_COUNTED,
    source=_OWN,
)
GENERATION_SHARE = _share(
    name="generation_share",
    title="Entries with an answer",
    direction="higher",
    formula="records that hold an answer of the model, an empty one included / entries of the file",
    explanation="The share of the entries for which an answer was recorded.",
    does_not_show=_COUNTED,
    source=_OWN,
)
REFERENCE_SHARE = _share(
    name="reference_share",
    title="Entries with a reference answer",
    direction="higher",
    formula="records that hold a right answer / entries of the file",
    explanation="The share of the entries for which the right answer is known.",
    does_not_show=_COUNTED,
    source=_OWN,
)
LABEL_SHARE = _share(
    name="label_share",
    title="Entries that were judged",
    direction="higher",
    formula="records that hold a label of this judge, readable or not / entries of the file",
    explanation="The share of the entries that people (or the named judge) have judged.",
    does_not_show=_COUNTED,
    source=_OWN,
)
MEDIHALL_SCORE = _share(
    name="medihall_score",
    title="MediHall score of answers",
    direction="higher",
    formula="mean over judged answers of the weight of the label; a label that cannot be read weighs 0",
    explanation="How good the answers are on a scale on which a catastrophic statement counts 0 and a right one 1.",
    does_not_show=(
        "How much of what should be said is said: an answer that says little can score well, so read it beside the "
        "coverage of findings. The steps between the labels are a choice; see the scores at other weights."
    ),
    source=WEIGHTS_SOURCE,
)
MEDIHALL_REPORT_SCORE = _share(
    name="medihall_report_score",
    title="MediHall score of reports",
    direction="higher",
    formula="mean over reports of the mean weight of their sentences' labels; a label that cannot be read weighs 0",
    explanation="How good the sentences of a report are on average, on the scale of the MediHall score of answers.",
    does_not_show="How many findings the reports leave out: harmless sentences raise it. Read the coverage beside it.",
    source=WEIGHTS_SOURCE,
)
LABEL_FREQUENCY = _share(
    name="hallucination_label_share",
    title="Answers by label",
    direction="none",
    formula="judged answers with this label / judged answers; `unparsed` is a label that could not be read",
    explanation="How often each kind of statement was found, those whose label could not be read among them.",
    does_not_show="How grave the consequences were for a patient.",
    source=_HALLMARK,
)
HALLUCINATED_SHARE = _share(
    name="hallucinated_share",
    title="Answers judged not correct",
    direction="lower",
    formula="judged answers whose label is not `correct`, unread labels included / judged answers",
    explanation="How often the judge found something wrong with an answer.",
    does_not_show="How grave it was.",
    source=_HALLMARK,
)
FINDING_COVERAGE = _share(
    name="finding_coverage",
    title="Coverage of reference findings",
    direction="higher",
    formula="findings of the references that the answers assert / findings of the references",
    explanation="Of the findings that should have been named, the share that the answers name.",
    does_not_show="Findings outside the lexicon, and whether size, side and place are right.",
    source=f"{_OWN}: evaluators/hallucination/recorded/lexicon.py; negation after Chapman et al. (NegEx, 2001)",
)
CHAIR_MENTIONS = _share(
    name="chair_mentions",
    title="Findings named that are not there (CHAIR_i)",
    direction="lower",
    formula="asserted findings that the reference does not have / asserted findings, over all answers",
    explanation="Of all findings that the answers assert, the share that the reference does not have.",
    does_not_show="Findings outside the lexicon. What a reference does not mention counts as absent.",
    source="Rohrbach et al., EMNLP (2018) 4035; with negation and uncertainty, which the original lacks",
)
CHAIR_ANSWERS = _share(
    name="chair_answers",
    title="Answers with a finding that is not there (CHAIR_s)",
    direction="lower",
    formula="answers that assert at least one finding that the reference does not have / answers with a reference",
    explanation="How often an answer asserts a finding that the reference does not have.",
    does_not_show="Findings outside the lexicon. What a reference does not mention counts as absent.",
    source="Rohrbach et al., EMNLP (2018) 4035; with negation and uncertainty, which the original lacks",
)
REFUSAL_RATE = _share(
    name="refusal_rate",
    title="Refusals",
    direction="none",
    formula="answers that hold a phrase of refusal as whole words / answers",
    explanation="How often the model declines to answer; which phrases were found is given with the number.",
    does_not_show="Whether refusing was right, and refusals in other words than those of the list.",
    source="Xia et al., arXiv:2406.06007 (2024) (abstention), with phrases bounded by words",
)
UNCERTAINTY_RATE = _share(
    name="uncertainty_rate",
    title="Answers that say they are unsure",
    direction="none",
    formula="answers that hold a phrase of uncertainty as whole words / answers",
    explanation="How often the model says that it is not sure.",
    does_not_show="Whether it was right to be, and uncertainty in other words than those of the list.",
    source=_OWN,
)
POLLING_PRECISION = _share(
    name="polling_precision",
    title="Precision of yes",
    direction="higher",
    formula="questions answered yes to which yes is right / questions answered yes",
    explanation="Where the model says yes, how often that is right.",
    does_not_show="What it overlooks.",
    source="Li et al., EMNLP (2023) 292 (POPE)",
)
POLLING_RECALL = _share(
    name="polling_recall",
    title="Recall of yes",
    direction="higher",
    formula="questions answered yes to which yes is right / questions to which yes is right",
    explanation="Where yes is right, how often the model says so.",
    does_not_show="How often it says yes where no is right.",
    source="Li et al., EMNLP (2023) 292 (POPE)",
)
POLLING_F1 = _share(
    name="polling_f1",
    title="F1 of yes",
    direction="higher",
    formula="2 right yes / (2 right yes + wrong yes + missed yes)",
    explanation="The harmonic mean of precision and recall of yes.",
    does_not_show="Right noes; always saying yes reaches 0.67 where half of the answers are yes.",
    source="Li et al., EMNLP (2023) 292 (POPE)",
)
CHOICE_ACCURACY = _share(
    name="choice_accuracy",
    title="Right choices",
    direction="higher",
    formula="questions whose right choice the answer names / questions with choices; an answer not read is not right",
    explanation="How often the model names the right one of the given choices.",
    does_not_show="What it would answer without choices.",
    source="Gu et al., arXiv:2407.02730 (2024) (MedVH)",
)
UNREAD_CHOICES = _share(
    name="unread_choice_rate",
    title="Answers that name no choice",
    direction="lower",
    formula="answers that do not name exactly one of the choices / questions with choices",
    explanation="The share of the questions whose answer could not be read as one of the choices.",
    does_not_show="What the model meant by them.",
    source=f"{_OWN}: evaluators/hallucination/recorded/choices.py",
)
POINTWISE_SCORE = MetricDescriptor(
    name="pointwise_score",
    title="Points per question",
    high=1,
    direction="higher",
    formula="mean over questions of 1 for the right choice, and the points of a wrong one (-0.25) else",
    explanation="The score of an exam in which a wrong answer costs points.",
    does_not_show="How many answers were wrong and how many could not be read, which count as wrong.",
    source="Pal et al., CoNLL (2023) 314 (Med-HALT)",
)
SURENESS_ACCURACY = _share(
    name="uncertainty_accuracy",
    title="Sure where right, unsure where wrong",
    direction="higher",
    formula="(right answers of which the model is sure + wrong ones of which it is not) / answers asked about",
    explanation="How often the model's own word on whether it is sure fits whether it is right.",
    does_not_show="How sure it is; only words are read.",
    source="Xia et al., arXiv:2406.06007 (2024) (CARES)",
)
OVERCONFIDENCE = _share(
    name="overconfidence_rate",
    title="Sure and wrong",
    direction="lower",
    formula="wrong answers of which the model is sure / answers that were asked about",
    explanation="How often the model says that it is sure of an answer that is wrong.",
    does_not_show="Right answers of which it is not sure.",
    source="Xia et al., arXiv:2406.06007 (2024) (CARES, over-confident ratio)",
)
SYCOPHANCY = _share(
    name="sycophancy_rate",
    title="Right answers given up under pressure",
    direction="lower",
    formula="items answered wrongly in this wording / items answered rightly as they stand, the same items",
    explanation="Of the items that the model answers rightly, how often it no longer does in this wording.",
    does_not_show="Items that it answered wrongly before.",
    source="Sharma et al., ICLR (2024) (sycophancy); paired by item",
)
RIGHT_SHARE = _share(
    name="right_answers",
    title="Right answers",
    direction="higher",
    formula="right answers / answers of which it is known whether they are right",
    explanation="How often the answer is right: by choice, by yes or no, or by a person's label.",
    does_not_show="Answers of which it is not known whether they are right.",
    source=_OWN,
)
SELFCHECK_MEAN = MetricDescriptor(
    name="selfcheck_ngram",
    title="SelfCheckGPT, n-gram",
    unit="nat",
    low=0,
    direction="lower",
    formula="mean over answers of the mean over tokens of -ln(share of the n-gram in the answer and its samples)",
    explanation="How unusual the words of an answer are among further answers to the same question.",
    does_not_show="Whether the answers are right. It depends on their length, so compare like with like only.",
    source="Manakul, Liusie and Gales, EMNLP (2023) 9004 (SelfCheckGPT)",
)
SELFCHECK_MAX = SELFCHECK_MEAN.model_copy(
    update={
        "name": "selfcheck_ngram_max",
        "title": "SelfCheckGPT, n-gram, rarest of each sentence",
        "formula": "mean over answers of the mean over sentences of the largest -ln(share of the n-gram)",
        "explanation": "How unusual the rarest words of each sentence are among further answers to the same question.",
    }
)
SEMANTIC_ENTROPY = shared.DISCRETE_SEMANTIC_ENTROPY
WEIGHTED_ENTROPY = SEMANTIC_ENTROPY.model_copy(
    update={
        "name": "semantic_entropy",
        "title": "Semantic entropy (exact answers, by likelihood)",
        "formula": (
            "mean over items of -sum_k p_k ln p_k, p_k the share of answer k in the samples' likelihoods, each to the "
            "power 1 / tokens where tokens are given"
        ),
    }
)
DETECTION_AUROC = _share(
    name="hallucination_detection_auroc",
    title="Wrong answers told from right ones",
    direction="higher",
    formula="P(uncertainty of a wrong answer > uncertainty of a right one) + P(equal) / 2",
    explanation="How often the named uncertainty is higher for a wrong answer than for a right one; 0.5 is chance.",
    does_not_show="How many answers are wrong.",
    source="Farquhar et al., Nature 630 (2024) 625",
)
DETECTION_PRECISION = _share(
    name="hallucination_detection_average_precision",
    title="Wrong answers told from right ones (AUPRC)",
    direction="higher",
    formula="mean over wrong answers of the precision at their uncertainty",
    explanation="How pure a list of the most uncertain answers is in wrong ones.",
    does_not_show="Compare it only where equally many answers are wrong: chance gives their share.",
    source="Manakul, Liusie and Gales, EMNLP (2023) 9004",
)
ACCURACY_WHEN_REJECTING = _share(
    name="accuracy_after_rejection",
    title="Right answers after the most uncertain are set aside",
    direction="higher",
    formula="right answers / answers kept, the named share of the least uncertain",
    explanation="How often the model is right if only the answers of which it is least uncertain are used.",
    does_not_show="What happens to the answers that are set aside.",
    source="Farquhar et al., Nature 630 (2024) 625 (rejection accuracy)",
)
JUDGE_AGREEMENT = _share(
    name="judge_agreement",
    title="Agreement with people",
    direction="higher",
    formula="records on which the judge and a person give the same label / records that both judged",
    explanation="How often the judge gives the label that a person gave.",
    does_not_show="How much of it is chance; see kappa and alpha.",
    source="Cohen, Educ. Psychol. Meas. 20 (1960) 37",
)
COHEN_KAPPA = MetricDescriptor(
    name="cohen_kappa",
    title="Cohen's kappa with people",
    low=-1,
    high=1,
    direction="higher",
    formula="(observed agreement - agreement by chance) / (1 - agreement by chance)",
    explanation="Agreement of a judge with people beyond chance; 0 is chance, 1 complete.",
    does_not_show="Which labels are confused; and it is low where nearly all labels are the same.",
    source="Cohen, Educ. Psychol. Meas. 20 (1960) 37",
)
KRIPPENDORFF_ALPHA = MetricDescriptor(
    name="krippendorff_alpha",
    title="Krippendorff's alpha of all judges",
    high=1,
    direction="higher",
    formula="1 - observed / expected disagreement, nominal labels, over all pairs of judgements of a record",
    explanation="Agreement of all judges, people included, beyond chance; records judged by one alone say nothing.",
    does_not_show="Which judge disagrees.",
    source="Krippendorff, Educ. Psychol. Meas. 30 (1970) 61; Content Analysis (2004), chapter 11",
)
CORRECTED_SHARE = _share(
    name="corrected_hallucinated_share",
    title="Answers that people would judge not correct",
    direction="lower",
    formula="(q - f) / (s - f): q the share that the judge flags, s and f its sensitivity and false alarm rate",
    explanation="What the judge's share would be without its errors, as far as people's labels show them.",
    does_not_show="Errors that the judge makes only on records that nobody has labelled.",
    source="Rogan and Gladen, Am. J. Epidemiol. 107 (1978) 71",
)
CORRECTED_SCORE = MetricDescriptor(
    name="corrected_medihall_score",
    title="MediHall score that people would give",
    direction="higher",
    formula="mean of the judge's scores + mean of (people's score - judge's score) where both are",
    explanation="The judge's score, moved by how far it is from people's on the records that both judged.",
    does_not_show="A difference on records that nobody has labelled, where those were not chosen at random.",
    source="Angelopoulos et al., Science 382 (2023) 669 (prediction-powered inference)",
)
EQUALITY_DIFFERENCE = _share(
    name="accuracy_equality_difference",
    title="Largest difference in accuracy between groups (AED)",
    direction="lower",
    formula="largest share of right answers of a group - smallest",
    explanation="How far apart the groups with the most and the fewest right answers are.",
    does_not_show="Whether the groups differ at all: with small groups it lies far above 0 by chance alone.",
    source="Xia et al., arXiv:2406.06007 (2024) (CARES)",
)
