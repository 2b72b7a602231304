"""Metrics of several classes and several labels beyond those of a binary question. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

SOKOLOVA = "Sokolova and Lapalme, Inf. Process. Manag. 45 (2009) 427"

TOP_K_ACCURACY = MetricDescriptor(
    name="top_k_accuracy",
    title="Top-k accuracy",
    low=0,
    high=1,
    direction="higher",
    formula="samples whose class is among the k highest scores / samples; of equal scores the earlier class is first",
    explanation="The share of samples whose class the model names among its first k.",
    does_not_show="Whether the first answer is right; it is 1 by itself once k reaches the number of classes.",
    source="Russakovsky et al., Int. J. Comput. Vis. 115 (2015) 211",
)
MACRO_SENSITIVITY = MetricDescriptor(
    name="macro_sensitivity",
    title="Mean sensitivity of the classes",
    low=0,
    high=1,
    direction="higher",
    formula="mean of the sensitivities of all classes (labels), each with the same weight",
    explanation=(
        "How often the model finds what is there, rare classes (labels) counting as much as common ones; of several "
        "classes it is the balanced accuracy."
    ),
    does_not_show="Which class is missed: one class at 0 can hide behind the others. Look at each class.",
    source="Mosley, Iowa State University (2013); Grandini et al., arXiv 2008.05756 (2020)",
)
MACRO_SPECIFICITY = MetricDescriptor(
    name="macro_specificity",
    title="Mean specificity of the classes",
    low=0,
    high=1,
    direction="higher",
    formula="mean of the specificities of all labels, each with the same weight",
    explanation="Of the samples without a label, the share that the model leaves without it, averaged over labels.",
    does_not_show="Which label is given too often. Look at each label.",
    source=SOKOLOVA,
)
MACRO_F1_SCORE = MetricDescriptor(
    name="macro_f1_score",
    title="Macro F1 score",
    low=0,
    high=1,
    direction="higher",
    formula="mean of the F1 scores of all classes (labels), each with the same weight",
    explanation="The mean over classes of the harmonic mean of sensitivity and positive predictive value.",
    does_not_show="Which class is weak; and it rises with prevalence, so groups of other prevalence differ.",
    source=SOKOLOVA,
)
MACRO_AUROC = MetricDescriptor(
    name="macro_auroc",
    title="Macro area under the ROC curve",
    low=0,
    high=1,
    direction="higher",
    formula="mean over classes (labels) of the AUROC of that class against all others",
    explanation="How often a sample of a class gets a higher score for it than another sample; averaged over classes.",
    does_not_show="Whether the highest score is right, and which class is confused with which.",
    source="Hand and Till, Mach. Learn. 45 (2001) 171 (one against the rest: Provost and Domingos, 2000)",
)
MULTICLASS_BRIER_SCORE = MetricDescriptor(
    name="multiclass_brier_score",
    title="Brier score of several classes",
    low=0,
    high=2,
    direction="lower",
    formula="mean over samples of sum over classes of (score - [is the class])^2",
    explanation="Mean squared distance between predicted probabilities and the class; 0 is perfect, 2 is the worst.",
    does_not_show="Whether it is good: compare with that of a model which always gives the classes' frequencies.",
    source="Brier, Mon. Weather Rev. 78 (1950) 1",
)
CONFIDENCE_CALIBRATION_ERROR = MetricDescriptor(
    name="confidence_calibration_error",
    title="Calibration error of the confidence",
    low=0,
    high=1,
    direction="lower",
    formula=(
        "sum over bins of (samples in bin / samples) |accuracy - mean highest score|, bins of equal width on [0, 1]"
    ),
    explanation="Average distance between how sure the model is of its answer and how often that answer is right.",
    does_not_show=(
        "Whether the scores of the other classes are right; and it grows as groups get smaller even for a calibrated "
        "model. Compare with the figure for perfect calibration in its method."
    ),
    source="Guo et al., ICML (2017); bias: Bröcker and Smith, Weather Forecast. 22 (2007) 651",
)
OBSERVED_ACCURACY = MetricDescriptor(
    name="observed_accuracy",
    title="Accuracy at a confidence",
    low=0,
    high=1,
    direction="none",
    formula="samples that are classified right / samples whose highest score lies in the bin",
    explanation="How often the model is right among samples of which it is about equally sure.",
    does_not_show="Differences between the classes that it is sure of.",
    source="Guo et al., ICML (2017)",
)
CONFUSION_RATE = MetricDescriptor(
    name="confusion_rate",
    title="Confusion rate",
    low=0,
    high=1,
    direction="none",
    formula="samples of the class that the model calls `predicted` / samples of the class",
    explanation="One cell of the confusion matrix, as a share of its row: what samples of a class are taken for.",
    does_not_show="How often a predicted class is right; that depends on how common the classes are.",
    source=SOKOLOVA,
)
EXACT_MATCH = MetricDescriptor(
    name="exact_match",
    title="All labels right",
    low=0,
    high=1,
    direction="higher",
    formula="samples of which every label is right / samples, at the labels' operating points",
    explanation="The share of samples for which no label is missed and none is added.",
    does_not_show="How near the others are: one wrong label counts as much as all of them.",
    source="Read et al., Mach. Learn. 85 (2011) 333",
)
CLASS_METRICS = (
    TOP_K_ACCURACY,
    MACRO_SENSITIVITY,
    MACRO_SPECIFICITY,
    MACRO_F1_SCORE,
    MACRO_AUROC,
    MULTICLASS_BRIER_SCORE,
    CONFIDENCE_CALIBRATION_ERROR,
    OBSERVED_ACCURACY,
    CONFUSION_RATE,
    EXACT_MATCH,
)
