"""What the metrics of data efficiency are, for people and for `policy lint`."""

from __future__ import annotations

from evaluators.fairness.tasks.class_metrics import MACRO_AUROC
from evaluators.fairness.tasks.class_metrics import MACRO_SENSITIVITY as BALANCED_ACCURACY_OF_CLASSES
from governance.evidence.model import MetricDescriptor

__all__ = [
    "BALANCED_ACCURACY_OF_CLASSES",
    "GAP_CHANGE",
    "LABEL_FRACTION_TO_MATCH",
    "LABEL_SAVINGS",
    "MACRO_AUROC",
]

LABEL_FRACTION_TO_MATCH = MetricDescriptor(
    name="label_fraction_to_match",
    title="Share of the labels that reaches the reference",
    low=0,
    high=1,
    direction="lower",
    formula=(
        "first crossing f* of the mean curve over seeds with the reference, linear in the logarithm of the share "
        "between two measured shares"
    ),
    explanation="The smallest share of the training patients with which the way of training reaches the reference.",
    does_not_show=(
        "Whether another training set of that size would do, and what lies between two measured shares; that the "
        "curve stays above the reference beyond the crossing."
    ),
    source="Azizi et al., Nat. Biomed. Eng. 7 (2023) 756 (data to match the baseline)",
)
LABEL_SAVINGS = MetricDescriptor(
    name="label_savings",
    title="Labels saved",
    high=1,
    direction="higher",
    formula="1 - f* / f, f the share of labels that the reference was trained on, or the largest one measured",
    explanation="The share of the labelled patients that could be left out and the reference still be reached.",
    does_not_show="What else the labels are needed for: checking groups, choosing thresholds, testing.",
    source="Azizi et al., Nat. Biomed. Eng. 7 (2023) 756",
)
GAP_CHANGE = MetricDescriptor(
    name="gap_change",
    title="Change of the gap from the fewest to the most labels",
    low=-2,
    high=2,
    direction="none",
    formula="(group - reference group) with most labels - (group - reference group) with fewest labels",
    explanation=(
        "How much the difference between two groups changes when all labels are used; of the opposite sign to the gap "
        "with few labels, it closes that gap."
    ),
    does_not_show="How large the gap still is, and whether more labels than there are would close it.",
    source="difference in differences: Lechner, Found. Trends Econom. 4 (2011) 165",
)
