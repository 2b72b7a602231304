"""What is measured of confidence. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

_SELECTIVE = "Geifman and El-Yaniv, NeurIPS (2017)"
_ANSWERS_MATTER = "What happens to the samples that are not answered: a person must then decide on them."

RISK_COVERAGE_AREA = MetricDescriptor(
    name="risk_coverage_area",
    title="Area under the risk-coverage curve",
    low=0,
    high=1,
    direction="lower",
    formula="mean over k = 1 .. n of (errors among the k most confident samples / k)",
    explanation=(
        "The share of errors, averaged over all ways to answer only the most confident samples. Confidence that says "
        "nothing gives the error rate; the lower, the better errors can be avoided by not answering."
    ),
    does_not_show=(
        "Whether it is low because errors are rare or because the model knows of them; see the excess area. Groups "
        "with other error rates differ by that alone."
    ),
    source=f"{_SELECTIVE}; Geifman, Uziel and El-Yaniv, ICLR (2019), section 2",
)
EXCESS_RISK_COVERAGE_AREA = MetricDescriptor(
    name="excess_risk_coverage_area",
    title="Excess area under the risk-coverage curve",
    low=0,
    high=1,
    direction="lower",
    formula="area under the risk-coverage curve - that of as many errors which are all least confident",
    explanation="How much of the area better confidence could remove without a better model; 0 is perfect confidence.",
    does_not_show="How many errors there are.",
    source="Geifman, Uziel and El-Yaniv, ICLR (2019), section 2",
)
ERROR_DETECTION_AUROC = MetricDescriptor(
    name="error_detection_auroc",
    title="Errors told from right answers by confidence",
    low=0,
    high=1,
    direction="higher",
    formula="P(confidence in a right answer > confidence in an error) + P(equal) / 2",
    explanation="How often the model is more confident when it is right than when it is wrong; 0.5 is chance.",
    does_not_show="How many errors there are, and how confident the model is in them.",
    source="Hendrycks and Gimpel, ICLR (2017)",
)
SELECTIVE_RISK = MetricDescriptor(
    name="selective_risk",
    title="Errors among answered samples",
    low=0,
    high=1,
    direction="lower",
    formula="errors / samples, among those at or above the confidence that answers the named share of all samples",
    explanation="How often the model is wrong if only the samples of which it is most confident are answered.",
    does_not_show=f"{_ANSWERS_MATTER} One confidence serves everyone, so it answers other shares of other groups.",
    source=_SELECTIVE,
)
ANSWERED_SHARE = MetricDescriptor(
    name="answered_share",
    title="Share that is answered",
    low=0,
    high=1,
    direction="none",
    formula="samples of the group at or above the confidence that answers the named share of all samples / samples",
    explanation="How many samples of a group are answered if the same confidence is asked of everyone.",
    does_not_show="Whether the answers are right.",
    source="Jones et al., ICLR (2021)",
)
COVERAGE_AT_RISK = MetricDescriptor(
    name="coverage_at_risk",
    title="Share that can be answered at a risk",
    low=0,
    high=1,
    direction="higher",
    formula="largest share of the most confident samples in which at most the named share is wrong",
    explanation="How many samples can be answered without more errors among the answers than named; 0 where none can.",
    does_not_show=f"{_ANSWERS_MATTER} On other samples the same confidence gives another share of errors.",
    source=_SELECTIVE,
)
_OTHER_INPUTS = (
    "Inputs that are foreign in another way. What is detected here may pass elsewhere; and an input that is told apart "
    "need not be one that the model is wrong about."
)
OUT_OF_DISTRIBUTION_AUROC = MetricDescriptor(
    name="out_of_distribution_auroc",
    title="Foreign inputs told apart by confidence",
    low=0,
    high=1,
    direction="higher",
    formula="P(confidence in a sample of the scored dataset > confidence in a foreign one) + P(equal) / 2",
    explanation="How often the model is less confident in a foreign input than in one of the kind it is made for.",
    does_not_show=_OTHER_INPUTS,
    source="Hendrycks and Gimpel, ICLR (2017)",
)
OUT_OF_DISTRIBUTION_PRECISION = MetricDescriptor(
    name="out_of_distribution_average_precision",
    title="Average precision for foreign inputs",
    low=0,
    high=1,
    direction="higher",
    formula="mean over foreign samples of the share of foreign ones among all that are as little confident or less",
    explanation="How purely foreign the least confident inputs are; the share of foreign inputs is chance.",
    does_not_show=f"{_OTHER_INPUTS} It depends on how many foreign inputs there are among all (given in the method).",
    source="Hendrycks and Gimpel, ICLR (2017); Boyd, Eng and Page, ECML PKDD (2013) 451",
)
ACCEPTED_FOREIGN = MetricDescriptor(
    name="out_of_distribution_accepted",
    title="Foreign inputs that pass at 95 %",
    low=0,
    high=1,
    direction="lower",
    formula="foreign samples at or above the confidence that 95 % of the scored dataset reach / foreign samples",
    explanation=(
        "How many foreign inputs are answered if the confidence asked for lets 95 % of ordinary inputs pass (the false "
        "positive rate at 95 % true positive rate)."
    ),
    does_not_show=_OTHER_INPUTS,
    source="Liang, Li and Srikant, ICLR (2018), section 4",
)

METRICS: tuple[MetricDescriptor, ...] = (
    RISK_COVERAGE_AREA,
    EXCESS_RISK_COVERAGE_AREA,
    ERROR_DETECTION_AUROC,
    SELECTIVE_RISK,
    ANSWERED_SHARE,
    COVERAGE_AT_RISK,
    OUT_OF_DISTRIBUTION_AUROC,
    OUT_OF_DISTRIBUTION_PRECISION,
    ACCEPTED_FOREIGN,
)
