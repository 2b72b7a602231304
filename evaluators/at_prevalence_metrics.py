"""What users see where the condition is as common as somebody says. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

PPV_AT = MetricDescriptor(
    name="positive_predictive_value_at",
    title="Positive predictive value at a prevalence",
    low=0,
    high=1,
    direction="higher",
    formula="p sensitivity / (p sensitivity + (1 - p) false positive rate)",
    explanation="Of the samples flagged, the share that would have the condition if it were as common as said.",
    does_not_show="That sensitivity and specificity stay as they are where the condition is that common.",
    source="Altman and Bland, BMJ 309 (1994) 102",
)
NPV_AT = MetricDescriptor(
    name="negative_predictive_value_at",
    title="Negative predictive value at a prevalence",
    low=0,
    high=1,
    direction="higher",
    formula="(1 - p) specificity / ((1 - p) specificity + p false negative rate)",
    explanation="Of the samples left unflagged, the share that would be free of the condition if it were that common.",
    does_not_show="That sensitivity and specificity stay as they are where the condition is that common.",
    source="Altman and Bland, BMJ 309 (1994) 102",
)
FLAGS_PER_100 = MetricDescriptor(
    name="alerts_per_100",
    title="Flagged of 100 at a prevalence",
    unit="per 100",
    low=0,
    high=100,
    direction="none",
    formula="100 (p sensitivity + (1 - p) false positive rate)",
    explanation="How many of 100 people the model would flag if the condition were as common as said.",
    does_not_show="How many of the flags are right: see the positive predictive value.",
    source="the definition of the two rates",
)

METRICS = (PPV_AT, NPV_AT, FLAGS_PER_100)
