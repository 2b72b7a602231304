"""What is measured under conditions beside the metrics that other evaluators share. Imports nothing heavy."""

from __future__ import annotations

from evaluators import metrics
from evaluators.fairness.gaps_descriptors import AUROC_GAP, CALIBRATION_GAP, EQUAL_OPPORTUNITY_DIFFERENCE
from evaluators.fairness.tasks.class_metrics import CONFIDENCE_CALIBRATION_ERROR
from evaluators.fairness.tasks.mask_metrics import DICE
from governance.evidence.model import MetricDescriptor

_HENDRYCKS = "Hendrycks and Dietterich, ICLR (2019)"
_MEDMNIST_C = "Di Salvo, Doerrich and Ledig, arXiv 2406.17536 (2024)"
_GAP_NOISE = "That groups differ: the largest gap between equal groups is above 0 by chance. Look at the interval."
_OTHER_DATA = (
    "Robustness by itself: AlexNet's errors are those on the published data set. On any other data the number is "
    "relative to a model that never saw them, and says only which conditions weigh how much. AlexNet's errors count "
    "as exact."
)

CLASSIFICATION_ERROR = MetricDescriptor(
    name="classification_error",
    title="Error",
    low=0,
    high=1,
    direction="lower",
    formula="samples that are classified wrong / samples with a usable output; 1 - accuracy",
    explanation="The share of samples that the model classifies wrong.",
    does_not_show="Which errors are made: where the condition is rare, a model that never flags makes few.",
    source="Sokolova and Lapalme, Inf. Process. Manag. 45 (2009) 427",
)
BALANCED_ERROR = MetricDescriptor(
    name="balanced_error",
    title="Balanced error",
    low=0,
    high=1,
    direction="lower",
    formula="mean over classes of (samples of the class that are classified wrong / samples of the class)",
    explanation="The share classified wrong, rare classes counting as much as common ones; 0.5 is chance for two.",
    does_not_show="Which class is missed: one class that is always missed can hide behind the others.",
    source=f"Brodersen et al., ICPR (2010) 3121; {_MEDMNIST_C}",
)
ERROR_GAP = MetricDescriptor(
    name="classification_error_gap",
    title="Gap in error",
    low=0,
    high=1,
    direction="lower",
    formula="largest - smallest error of a group",
    explanation="How much more often the model is wrong about one group than about another, at most.",
    does_not_show=_GAP_NOISE,
    source="Schrouff et al., NeurIPS (2022), arXiv 2202.01034 (groups under shift)",
)
BALANCED_ERROR_GAP = MetricDescriptor(
    name="balanced_error_gap",
    title="Gap in balanced error",
    low=0,
    high=1,
    direction="lower",
    formula="largest - smallest balanced error of a group",
    explanation="How much larger the balanced error is in one group than in another, at most.",
    does_not_show=_GAP_NOISE,
    source="Schrouff et al., NeurIPS (2022), arXiv 2202.01034 (groups under shift)",
)

MEAN_ERROR = MetricDescriptor(
    name="mean_error_under_conditions",
    title="Mean error under conditions",
    low=0,
    high=1,
    direction="lower",
    formula=(
        "mean over severities of the error; of everything, mean over the conditions named in the options of that mean"
    ),
    explanation="How often the model is wrong under altered inputs, every condition and severity counting the same.",
    does_not_show=(
        "How often the model would be wrong in practice: conditions and severities were chosen, not met with. And how "
        "much of it is there on clean input too: see the degradation area."
    ),
    source=f"{_HENDRYCKS} (without its normalisation)",
)
MEAN_BALANCED_ERROR = MetricDescriptor(
    name="mean_balanced_error_under_conditions",
    title="Mean balanced error under conditions",
    low=0,
    high=1,
    direction="lower",
    formula="as the mean error, of the balanced error",
    explanation="The mean error under altered inputs, rare classes counting as much as common ones.",
    does_not_show=MEAN_ERROR.does_not_show,
    source=f"{_MEDMNIST_C} (without its normalisation)",
)
DEGRADATION_AREA = MetricDescriptor(
    name="degradation_area",
    title="Degradation area",
    low=-1,
    high=1,
    direction="lower",
    formula=(
        "area between the curve of the error over severities, from clean at 0, and the error on clean input, over the "
        "largest severity: sum over k of w_k (error at s_k - error on clean input), w_k = (s_{k+1} - s_{k-1}) / 2 s_m "
        "(trapezia); of everything, the mean over conditions"
    ),
    explanation="How much more often the model is wrong than on clean input, averaged along the scale of severities.",
    does_not_show=(
        "Errors that clean input has, too; and whether a step of the scale is as large in one condition as in another."
    ),
    source="this project; it is the mean error of Hendrycks and Dietterich less the clean one, by trapezia",
)
MEAN_FLIP_RATE = MetricDescriptor(
    name="mean_flip_rate",
    title="Mean share of changed decisions",
    low=0,
    high=1,
    direction="lower",
    formula="mean over severities of the share of changed decisions; of everything, mean over conditions of that mean",
    explanation="How often an altered input gets another decision than the clean one.",
    does_not_show="Whether decisions get better or worse.",
    source=f"{_HENDRYCKS} (flip probability, here against the clean input)",
)
PREDICTION_CONSISTENCY = MetricDescriptor(
    name="prediction_consistency",
    title="Prediction consistency",
    low=0,
    high=1,
    direction="higher",
    formula=(
        "samples whose decision is that on clean input under every severity (of everything: and every condition) "
        "/ samples with a usable output in all of them"
    ),
    explanation="The share of samples whose decision nothing that was done to the input has changed.",
    does_not_show="Whether the decisions are right: a model that gives everyone the same is perfectly consistent.",
    source="this project; consistency as in Hendrycks and Dietterich, ICLR (2019), section 3",
)
CORRUPTION_ERROR = MetricDescriptor(
    name="mean_corruption_error",
    title="Mean corruption error (mCE)",
    low=0,
    direction="lower",
    formula=(
        "CE_c = sum over severities of the error / the same of AlexNet; mCE = mean over the 15 conditions of ImageNet-C"
    ),
    explanation="The error under corruption beside AlexNet's under the same; below 1 is fewer errors.",
    does_not_show=_OTHER_DATA,
    source=_HENDRYCKS,
)
RELATIVE_CORRUPTION_ERROR = MetricDescriptor(
    name="relative_mean_corruption_error",
    title="Relative mean corruption error",
    direction="lower",
    formula=(
        "sum over severities of (error - error on clean input) / the same of AlexNet; mean over the 15 conditions of "
        "ImageNet-C"
    ),
    explanation="How much corruption adds to the error, beside what it adds to AlexNet's; below 1 is less.",
    does_not_show=_OTHER_DATA,
    source=_HENDRYCKS,
)
BALANCED_CORRUPTION_ERROR = MetricDescriptor(
    name="balanced_corruption_error",
    title="Balanced corruption error (BE of MedMNIST-C)",
    low=0,
    direction="lower",
    formula=(
        "BE_c = mean over severities of the balanced error / the same of AlexNet; BE = mean over the conditions of the "
        "set of MedMNIST-C"
    ),
    explanation="The balanced error under corruption beside AlexNet's on the same set; below 1 is fewer errors.",
    does_not_show=_OTHER_DATA,
    source=_MEDMNIST_C,
)
RELATIVE_BALANCED_CORRUPTION_ERROR = MetricDescriptor(
    name="relative_balanced_corruption_error",
    title="Relative balanced corruption error (rBE of MedMNIST-C)",
    direction="lower",
    formula=(
        "mean over severities of (balanced error - that on clean input) / the same of AlexNet; mean over conditions "
        "of the set of MedMNIST-C"
    ),
    explanation="How much corruption adds to the balanced error, beside what it adds to AlexNet's; below 1 is less.",
    does_not_show=(
        f"{_OTHER_DATA} Where a condition hardly harms AlexNet the quotient has next to nothing to divide by: it is "
        "withheld there, and a mean without those conditions is given beside."
    ),
    source=_MEDMNIST_C,
)

SUMMARIES: tuple[MetricDescriptor, ...] = (
    MEAN_ERROR,
    MEAN_BALANCED_ERROR,
    DEGRADATION_AREA,
    MEAN_FLIP_RATE,
    PREDICTION_CONSISTENCY,
)
"""Over severities and conditions, in the order in which they are measured."""
MEAN_DICE = MetricDescriptor(
    name="mean_dice_under_conditions",
    title="Mean Dice coefficient under conditions",
    low=0,
    high=1,
    direction="higher",
    formula="mean over severities of the Dice coefficient; of everything, mean over the conditions of that mean",
    explanation="How well masks lie on the reference under altered inputs, every condition counting the same.",
    does_not_show=(
        "How well they would in practice: conditions and severities were chosen, not met with. And how much of it is "
        "lost: see the degradation area."
    ),
    source="this project; Dice, Ecology 26 (1945) 297",
)
DICE_DEGRADATION_AREA = MetricDescriptor(
    name="dice_degradation_area",
    title="Degradation area of the Dice coefficient",
    low=-1,
    high=1,
    direction="lower",
    formula="as the degradation area, of Dice on clean input - Dice at each severity, on samples that have both",
    explanation="How much of the overlap is lost against clean input, averaged along the scale of severities.",
    does_not_show="Where masks differ; and samples without a value under a condition, which are left out and counted.",
    source="this project",
)
OVERLAP_SUMMARIES: tuple[MetricDescriptor, ...] = (MEAN_DICE, DICE_DEGRADATION_AREA)
"""As `SUMMARIES`, of segmentations."""
RELATIVE: tuple[MetricDescriptor, ...] = (
    CORRUPTION_ERROR,
    RELATIVE_CORRUPTION_ERROR,
    BALANCED_CORRUPTION_ERROR,
    RELATIVE_BALANCED_CORRUPTION_ERROR,
)
"""Beside AlexNet's."""

METRICS: tuple[MetricDescriptor, ...] = (
    metrics.AUROC,
    metrics.SENSITIVITY,
    metrics.SPECIFICITY,
    CLASSIFICATION_ERROR,
    BALANCED_ERROR,
    metrics.EXPECTED_CALIBRATION_ERROR,
    CONFIDENCE_CALIBRATION_ERROR,
    metrics.CALIBRATION_IN_THE_LARGE,
    DICE,
    metrics.FLIP_RATE,
    metrics.REJECTED_RATE,
    ERROR_GAP,
    BALANCED_ERROR_GAP,
    EQUAL_OPPORTUNITY_DIFFERENCE,
    AUROC_GAP,
    CALIBRATION_GAP,
    *SUMMARIES,
    *OVERLAP_SUMMARIES,
    *RELATIVE,
)

COMPARABLE: tuple[MetricDescriptor, ...] = (
    metrics.AUROC,
    metrics.SENSITIVITY,
    metrics.SPECIFICITY,
    CLASSIFICATION_ERROR,
    BALANCED_ERROR,
    metrics.CALIBRATION_IN_THE_LARGE,
    DICE,
)
"""Metrics by which groups can be compared under a condition, and by how much it changes them."""

MEDMNIST_SETS = (
    "blood",
    "breast",
    "chest",
    "derma",
    "oct",
    "organa",
    "organc",
    "organs",
    "path",
    "pneumonia",
    "retina",
    "tissue",
)
REFERENCES: tuple[str, ...] = ("imagenet-c", *(f"medmnist-c {name}" for name in MEDMNIST_SETS))
"""Published sets on which AlexNet's errors are known, as the option `reference` names them."""
