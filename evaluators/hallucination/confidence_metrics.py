"""What is measured of a model's confidence in its answers. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

_WHERE = "Which confidence is meant is the variant of the measurement."

CONFIDENCE_ERROR = MetricDescriptor(
    name="answer_calibration_error",
    title="Calibration error of confidence",
    low=0,
    high=1,
    direction="lower",
    formula="sum over bins of confidence of n_b / n * |share of right answers - mean confidence|",
    explanation=f"How far confidence in answers is from the share of right ones. {_WHERE}",
    does_not_show="Whether confidence tells right answers from wrong ones: always saying the mean has no error.",
    source="Naeini et al., AAAI (2015); Tian et al., EMNLP (2023) 5433 (verbalised confidence)",
)
CONFIDENCE_BRIER = MetricDescriptor(
    name="confidence_brier_score",
    title="Brier score of confidence",
    low=0,
    high=1,
    direction="lower",
    formula="mean over answers of (confidence - 1 where right, 0 where wrong) squared",
    explanation=f"Squared distance of confidence from what turned out; 0 is best. {_WHERE}",
    does_not_show="Whether the distance comes from wrong answers or from wrong confidence.",
    source="Brier, Mon. Weather Rev. 78 (1950) 1",
)
OVERCONFIDENCE = MetricDescriptor(
    name="confidence_less_accuracy",
    title="Confidence less accuracy",
    low=-1,
    high=1,
    direction="none",
    formula="mean confidence - share of right answers, on the same answers",
    explanation=f"By how much confidence exceeds the share of right answers; below 0 the model is too timid. {_WHERE}",
    does_not_show="Errors in both directions that cancel out; see the calibration error.",
    source="Xiong et al., ICLR (2024) (confidence elicitation)",
)
RELIABILITY = MetricDescriptor(
    name="right_at_confidence",
    title="Right answers at a confidence",
    low=0,
    high=1,
    direction="none",
    formula="right answers / answers, among those with a confidence in the bin",
    explanation=f"How often answers given with about this confidence are right. {_WHERE}",
    does_not_show="Anything between the bins.",
    source="Guo et al., ICML (2017)",
)
ALL = (CONFIDENCE_ERROR, CONFIDENCE_BRIER, OVERCONFIDENCE, RELIABILITY)
