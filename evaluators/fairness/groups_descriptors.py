"""What is measured of every group beside the metrics that other evaluators share. Imports nothing heavy."""

from __future__ import annotations

from evaluators import metrics
from governance.evidence.model import MetricDescriptor

AVERAGE_PRECISION = MetricDescriptor(
    name="average_precision",
    title="Area under the precision-recall curve",
    low=0,
    high=1,
    direction="higher",
    formula="sum over thresholds of (recall gained at the threshold) x (precision at it): average precision",
    explanation="How many of the samples ranked highest have the condition, averaged over all with the condition.",
    does_not_show="Ranking apart from prevalence: a useless model scores the prevalence, which differs between groups.",
    source="Davis and Goadrich, ICML (2006) 233; Boyd et al., ECML PKDD (2013) 451 (the step-wise estimate)",
)
PARTIAL_AUROC = MetricDescriptor(
    name="partial_auroc",
    title="Partial area under the ROC curve",
    low=0,
    high=1,
    direction="higher",
    formula=(
        "(1 + (A - f^2 / 2) / (f - f^2 / 2)) / 2 with A the area up to the false positive rate f: McClish's scale, on "
        "which 0.5 is chance and 1 perfect"
    ),
    explanation="How well the model ranks where false alarms are few, the part of the curve that would be used.",
    does_not_show="How the model does at the threshold in use, and anything beyond the false positive rate given.",
    source="McClish, Med. Decis. Making 9 (1989) 190",
)
NET_BENEFIT = MetricDescriptor(
    name="net_benefit",
    title="Net benefit",
    high=1,
    direction="higher",
    formula="(true positives - false positives x t / (1 - t)) / n, at the operating point, t the threshold probability",
    explanation="True positives a sample, less false alarms at the price that the threshold probability puts on them.",
    does_not_show="Fairness by itself: it cannot exceed the prevalence, so groups of other prevalence differ.",
    source="Vickers and Elkin, Med. Decis. Making 26 (2006) 565",
)
CALIBRATION_ERROR_EQUAL_MASS = MetricDescriptor(
    name="expected_calibration_error_equal_mass",
    title="Expected calibration error, bins of equal size",
    low=0,
    high=1,
    direction="lower",
    formula="sum over bins of (samples in bin / samples) |mean outcome - mean score|, bins with equally many samples",
    explanation="Average distance between predicted and observed frequency, each bin resting on as many samples.",
    does_not_show=metrics.EXPECTED_CALIBRATION_ERROR.does_not_show,
    source="Nixon et al., CVPR Workshops (2019); Naeini, Cooper and Hauskrecht, AAAI (2015)",
)
CALIBRATION_ERROR_CORRECTED = MetricDescriptor(
    name="expected_calibration_error_corrected",
    title="Expected calibration error, less the share of noise",
    low=0,
    high=1,
    direction="lower",
    formula="expected calibration error in bins of equal width, less what the noise of every bin adds to it on average",
    explanation="Average distance between predicted and observed frequency, without most of what small numbers add.",
    does_not_show="Some noise is left: where groups differ much in size, small ones still look a little worse.",
    source="Kumar, Liang and Ma, NeurIPS (2019), section 5",
)

GROUP_METRICS: tuple[MetricDescriptor, ...] = (
    metrics.PREVALENCE,
    metrics.REJECTED_RATE,
    metrics.SENSITIVITY,
    metrics.SPECIFICITY,
    metrics.POSITIVE_PREDICTIVE_VALUE,
    metrics.NEGATIVE_PREDICTIVE_VALUE,
    metrics.FALSE_POSITIVE_RATE,
    metrics.FALSE_NEGATIVE_RATE,
    metrics.ACCURACY,
    metrics.BALANCED_ACCURACY,
    metrics.F1_SCORE,
    metrics.SELECTION_RATE,
    NET_BENEFIT,
    metrics.AUROC,
    AVERAGE_PRECISION,
    PARTIAL_AUROC,
    metrics.BRIER_SCORE,
    metrics.CALIBRATION_IN_THE_LARGE,
    metrics.CALIBRATION_SLOPE,
    metrics.EXPECTED_CALIBRATION_ERROR,
    CALIBRATION_ERROR_EQUAL_MASS,
    CALIBRATION_ERROR_CORRECTED,
)
"""Every metric of a group, in the order in which it is measured."""
