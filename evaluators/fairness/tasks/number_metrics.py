"""Metrics of predicted numbers, in the unit of the target. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

BLAND_ALTMAN = "Bland and Altman, Stat. Methods Med. Res. 8 (1999) 135"

MEAN_ABSOLUTE_ERROR = MetricDescriptor(
    name="mean_absolute_error",
    title="Mean absolute error",
    low=0,
    direction="lower",
    formula="mean |prediction - target|",
    explanation="How far predictions lie from the truth on average, in the unit of the target.",
    does_not_show="Single large errors, and whether predictions are too high or too low.",
    source="Willmott and Matsuura, Clim. Res. 30 (2005) 79",
)
ROOT_MEAN_SQUARED_ERROR = MetricDescriptor(
    name="root_mean_squared_error",
    title="Root mean squared error",
    low=0,
    direction="lower",
    formula="sqrt(mean (prediction - target)^2)",
    explanation="How far predictions lie from the truth, large errors counting more, in the unit of the target.",
    does_not_show="Whether a few samples or all of them make it: one far outlier can rule it.",
    source="Willmott and Matsuura, Clim. Res. 30 (2005) 79",
)
MEAN_ERROR = MetricDescriptor(
    name="mean_error",
    title="Mean error (bias)",
    direction="none",
    formula="mean (prediction - target)",
    explanation="Whether predictions are too high (above 0) or too low (below 0) on average; 0 is right.",
    does_not_show="Errors that cancel: too high for some patients and too low for others.",
    source=BLAND_ALTMAN,
)
R_SQUARED = MetricDescriptor(
    name="r_squared",
    title="Explained share of the variation (R²)",
    high=1,
    direction="higher",
    formula="1 - sum (prediction - target)^2 / sum (target - mean target)^2",
    explanation="How much nearer predictions are than always giving the mean of this group; 1 is perfect, 0 no better.",
    does_not_show=(
        "The size of errors: with equal errors it is smaller in a group whose targets differ less, so groups are "
        "compared by their errors first."
    ),
    source="Kvålseth, Am. Stat. 39 (1985) 279",
)
LINEAR_CALIBRATION_SLOPE = MetricDescriptor(
    name="linear_calibration_slope",
    title="Calibration slope of the values",
    direction="none",
    formula="b in target = a + b prediction, least squares",
    explanation="Whether predictions are spread rightly; 1 is right, below 1 they are too extreme, above 1 too timid.",
    does_not_show="Whether predictions are too high or too low overall; see the mean error.",
    source="Steyerberg, Clinical Prediction Models (2nd ed., 2019), chapter 15",
)
LOWER_LIMIT_OF_AGREEMENT = MetricDescriptor(
    name="lower_limit_of_agreement",
    title="Lower limit of agreement",
    direction="none",
    formula="mean error - 1.96 standard deviations of the errors (n - 1)",
    explanation="About 1 in 40 predictions lies further below the truth than this, if errors are bell-shaped.",
    does_not_show="Errors that grow with the value, or that are skewed.",
    source=BLAND_ALTMAN,
)
UPPER_LIMIT_OF_AGREEMENT = MetricDescriptor(
    name="upper_limit_of_agreement",
    title="Upper limit of agreement",
    direction="none",
    formula="mean error + 1.96 standard deviations of the errors (n - 1)",
    explanation="About 1 in 40 predictions lies further above the truth than this, if errors are bell-shaped.",
    does_not_show="Errors that grow with the value, or that are skewed.",
    source=BLAND_ALTMAN,
)
NUMBER_METRICS = (
    MEAN_ABSOLUTE_ERROR,
    ROOT_MEAN_SQUARED_ERROR,
    MEAN_ERROR,
    R_SQUARED,
    LINEAR_CALIBRATION_SLOPE,
    LOWER_LIMIT_OF_AGREEMENT,
    UPPER_LIMIT_OF_AGREEMENT,
)
