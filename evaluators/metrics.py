"""What the metrics of several evaluators are, for people and for `policy lint`.

A metric that several evaluators measure is the same object in each.
"""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

PREVALENCE = MetricDescriptor(
    name="prevalence",
    title="Prevalence",
    low=0,
    high=1,
    direction="none",
    formula="positives / samples",
    explanation="How common the condition is among these samples, by the reference standard.",
    does_not_show="How common it is among the patients the model will meet, unless these samples stand for them.",
    source="Altman and Bland, BMJ 309 (1994) 102",
)
SENSITIVITY = MetricDescriptor(
    name="sensitivity",
    title="Sensitivity",
    low=0,
    high=1,
    direction="higher",
    formula="true positives / (true positives + false negatives), at the operating point",
    explanation="Of the samples with the condition, the share that the model flags.",
    does_not_show="How many flags are false alarms; that depends on specificity and on how common the condition is.",
    source="Altman and Bland, BMJ 308 (1994) 1552",
)
SPECIFICITY = MetricDescriptor(
    name="specificity",
    title="Specificity",
    low=0,
    high=1,
    direction="higher",
    formula="true negatives / (true negatives + false positives), at the operating point",
    explanation="Of the samples without the condition, the share that the model leaves unflagged.",
    does_not_show="How many affected samples are missed.",
    source="Altman and Bland, BMJ 308 (1994) 1552",
)
POSITIVE_PREDICTIVE_VALUE = MetricDescriptor(
    name="positive_predictive_value",
    title="Positive predictive value",
    low=0,
    high=1,
    direction="higher",
    formula="true positives / (true positives + false positives), at the operating point",
    explanation="Of the samples that the model flags, the share that has the condition.",
    does_not_show="What it would be where the condition is rarer or more common than in these samples.",
    source="Altman and Bland, BMJ 309 (1994) 102",
)
NEGATIVE_PREDICTIVE_VALUE = MetricDescriptor(
    name="negative_predictive_value",
    title="Negative predictive value",
    low=0,
    high=1,
    direction="higher",
    formula="true negatives / (true negatives + false negatives), at the operating point",
    explanation="Of the samples that the model leaves unflagged, the share that is free of the condition.",
    does_not_show="What it would be where the condition is rarer or more common than in these samples.",
    source="Altman and Bland, BMJ 309 (1994) 102",
)
FALSE_POSITIVE_RATE = MetricDescriptor(
    name="false_positive_rate",
    title="False positive rate",
    low=0,
    high=1,
    direction="lower",
    formula="false positives / (false positives + true negatives), at the operating point; 1 - specificity",
    explanation="Of the samples without the condition, the share that the model flags.",
    does_not_show="How many of the flagged samples are false alarms; that depends on how common the condition is.",
    source="Altman and Bland, BMJ 308 (1994) 1552",
)
FALSE_NEGATIVE_RATE = MetricDescriptor(
    name="false_negative_rate",
    title="False negative rate",
    low=0,
    high=1,
    direction="lower",
    formula="false negatives / (false negatives + true positives), at the operating point; 1 - sensitivity",
    explanation="Of the samples with the condition, the share that the model misses.",
    does_not_show="How many of the unflagged samples are missed cases; that depends on how common the condition is.",
    source="Altman and Bland, BMJ 308 (1994) 1552",
)
ACCURACY = MetricDescriptor(
    name="classification_accuracy",
    title="Accuracy",
    low=0,
    high=1,
    direction="higher",
    formula="samples that are classified right / samples with a usable output",
    explanation="The share of samples that the model classifies right.",
    does_not_show="Which errors are made: where the condition is rare, a model that never flags is accurate.",
    source="Sokolova and Lapalme, Inf. Process. Manag. 45 (2009) 427",
)
BALANCED_ACCURACY = MetricDescriptor(
    name="balanced_accuracy",
    title="Balanced accuracy",
    low=0,
    high=1,
    direction="higher",
    formula="(sensitivity + specificity) / 2, at the operating point",
    explanation="The mean of the shares classified right with and without the condition; 0.5 is chance.",
    does_not_show="Which of the two errors is made, and how many false alarms there are where the condition is rare.",
    source="Brodersen et al., ICPR (2010) 3121",
)
F1_SCORE = MetricDescriptor(
    name="f1_score",
    title="F1 score",
    low=0,
    high=1,
    direction="higher",
    formula="2 true positives / (2 true positives + false positives + false negatives), at the operating point",
    explanation="The harmonic mean of sensitivity and positive predictive value.",
    does_not_show="Samples rightly left unflagged; and it rises with prevalence, so groups of other prevalence differ.",
    source="van Rijsbergen, Information Retrieval (1979), chapter 7",
)
AUROC = MetricDescriptor(
    name="auroc",
    title="Area under the ROC curve",
    low=0,
    high=1,
    direction="higher",
    formula="P(score of a positive > score of a negative) + P(equal) / 2",
    explanation="How often the model ranks a sample with the condition above one without it; 0.5 is chance.",
    does_not_show="Whether the scores can be read as probabilities, and how the model does at the threshold in use.",
    source="Hanley and McNeil, Radiology 143 (1982) 29",
)
BRIER_SCORE = MetricDescriptor(
    name="brier_score",
    title="Brier score",
    low=0,
    high=1,
    direction="lower",
    formula="mean (score - outcome)^2",
    explanation="Mean squared distance between predicted probability and outcome; 0 is perfect.",
    does_not_show="Whether it is good: a useless model scores prevalence * (1 - prevalence), so compare with that.",
    source="Brier, Mon. Weather Rev. 78 (1950) 1",
)
CALIBRATION_IN_THE_LARGE = MetricDescriptor(
    name="calibration_in_the_large",
    title="Calibration in the large",
    low=-1,
    high=1,
    direction="none",
    formula="mean outcome - mean score",
    explanation="How much more often the condition occurs than the model predicts on average; 0 is right.",
    does_not_show="Errors that cancel: too high for some patients and too low for others.",
    source="Van Calster et al., BMC Med. 17 (2019) 230",
)
CALIBRATION_SLOPE = MetricDescriptor(
    name="calibration_slope",
    title="Calibration slope",
    direction="none",
    formula="b in logit P(outcome) = a + b logit(score)",
    explanation="Whether predictions are spread rightly; 1 is right, below 1 they are too extreme, above 1 too timid.",
    does_not_show="Whether predictions are too high or too low overall; see calibration in the large.",
    source="Cox, Biometrika 45 (1958) 562",
)
EXPECTED_CALIBRATION_ERROR = MetricDescriptor(
    name="expected_calibration_error",
    title="Expected calibration error",
    low=0,
    high=1,
    direction="lower",
    formula="sum over bins of (samples in bin / samples) |mean outcome - mean score|, bins of equal width on [0, 1]",
    explanation="Average distance between predicted and observed frequency.",
    does_not_show=(
        "Differences between groups of different size: even a perfectly calibrated model has an error that grows as "
        "groups get smaller. Compare with the figure for perfect calibration in its method."
    ),
    source="Guo et al., ICML (2017); bias: Bröcker and Smith, Weather Forecast. 22 (2007) 651",
)
OBSERVED_FREQUENCY = MetricDescriptor(
    name="observed_frequency",
    title="Observed frequency",
    low=0,
    high=1,
    direction="none",
    formula="positives / samples among scores in the bin",
    explanation="How often the condition occurs among samples with about the same predicted probability.",
    does_not_show="Differences between patients whose predictions fall into the same bin.",
    source="Van Calster et al., BMC Med. 17 (2019) 230",
)
SELECTION_RATE = MetricDescriptor(
    name="selection_rate",
    title="Selection rate",
    low=0,
    high=1,
    direction="none",
    formula="flagged samples / samples, at the operating point",
    explanation="The share of samples that the model flags.",
    does_not_show="Whether the right samples are flagged; equal rates are not equal care where prevalence differs.",
    source="Barocas, Hardt and Narayanan, Fairness and Machine Learning (2023), chapter 3",
)
REJECTED_RATE = MetricDescriptor(
    name="rejected_rate",
    title="Rejected inputs",
    low=0,
    high=1,
    direction="lower",
    formula="samples without a usable output / samples",
    explanation="The share of samples for which the model gave no usable output.",
    does_not_show="How well the model would have done on them; other metrics leave these samples out and say how many.",
    source="TRIPOD+AI (BMJ 385 (2024) e078378), item 27a",
)
FLIP_RATE = MetricDescriptor(
    name="flip_rate",
    title="Changed decisions",
    low=0,
    high=1,
    direction="lower",
    formula="samples whose decision at the operating point differs from the one on the clean input / samples",
    explanation="The share of samples for which the model changes its decision when the input is altered.",
    does_not_show="Whether decisions get better or worse.",
    source="Hendrycks and Dietterich, ICLR (2019) (flip probability, here against the clean input)",
)
