"""Words for metrics and verdicts that every document uses alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from governance.documents.blocks import Word

WORDS: Mapping[str, Word] = {
    "pass": "pass",
    "fail": "fail",
    "inconclusive": "inconclusive",
    "not_measured": "not measured",
    "waived": "waived",
}
"""Verdicts as they are printed."""

ORDER: tuple[Word, ...] = ("fail", "inconclusive", "not measured", "waived", "pass")
"""Verdicts in the order in which a reader must see them."""

MEANING: Mapping[Word, str] = {
    "pass": "the whole interval of the measurement clears the provider's bar.",
    "fail": "the whole interval misses the bar.",
    "inconclusive": "the interval lies on both sides of the bar: more data would be needed to tell.",
    "not measured": "there is no usable number, for example because too few people were in a group.",
    "waived": "somebody named accepted a verdict other than pass, with a reason and an end date.",
}


@dataclass(frozen=True)
class Natural:
    """A metric said as a natural frequency.

    `sentence` and `heading` hold ``{n}`` where the count out of 100 goes and ``{positive}``/``{negative}`` for what the
    cases are.
    """

    heading: str
    sentence: str
    technical: str


NATURAL: Mapping[str, Natural] = {
    "sensitivity": Natural(
        "Of 100 cases {positive}, the model flags {n}",
        "Of 100 cases {positive}, the model flags {n}. It misses the others.",
        "Sensitivity",
    ),
    "specificity": Natural(
        "Of 100 cases {negative}, the model leaves {n} alone",
        "Of 100 cases {negative}, the model rightly leaves {n} alone. It raises a false alarm for the others.",
        "Specificity",
    ),
    "positive_predictive_value": Natural(
        "Of 100 cases that the model flags, {n} are {positive}",
        "Of 100 cases that the model flags, {n} are rightly flagged, if the condition is as frequent as in the test "
        "data.",
        "Positive predictive value",
    ),
    "negative_predictive_value": Natural(
        "Of 100 cases that the model does not flag, {n} are {negative}",
        "Of 100 cases that the model does not flag, {n} are rightly left alone, if the condition is as frequent as in "
        "the test data.",
        "Negative predictive value",
    ),
    "hallucination_rate": Natural(
        "Of 100 questions about something absent, the model says yes to {n}",
        "Of 100 questions about something that is not there, the model still says yes to {n}.",
        "Hallucination rate",
    ),
    "miss_rate": Natural(
        "Of 100 questions about something present, the model says no to {n}",
        "Of 100 questions about something that is there, the model says no to {n}.",
        "Miss rate",
    ),
    "accuracy": Natural(
        "Of 100 questions, the model answers {n} as the reference does",
        "Of 100 questions, the model answers {n} as the reference does.",
        "Accuracy",
    ),
    "classification_accuracy": Natural(
        "Of 100 cases, the model names the right class for {n}",
        "Of 100 cases, the model names the right class for {n}.",
        "Accuracy",
    ),
    "exact_match": Natural(
        "Of 100 cases, the model gives {n} all their labels and no other",
        "Of 100 cases, the model gives {n} all their labels and no other.",
        "All labels right",
    ),
}

OF_A_CLASS: Mapping[str, str] = {
    "sensitivity": "Of 100 cases {positive}, the model says so for {n}",
    "specificity": "Of 100 cases {negative}, the model rightly does not say it for {n}",
    "positive_predictive_value": "Of 100 cases that the model says are {positive}, {n} are",
    "negative_predictive_value": "Of 100 cases that the model does not say are {positive}, {n} are not",
}
"""Headings of single classes or labels, for which nothing is flagged or left alone."""

COMPANIONS: Mapping[str, tuple[str, str]] = {
    "sensitivity": ("specificity", "; of 100 others, it leaves {n} alone"),
    "hallucination_rate": ("miss_rate", "; of 100 about something present, it says no to {n}"),
}
"""What a headline must say with a metric: a model that always gives one answer is perfect by one of the two."""

HEADLINE_METRICS = (
    "sensitivity",
    "hallucination_rate",
    "auroc",
    "accuracy",
    "classification_accuracy",
    "exact_match",
    "mean_absolute_error",
    "dice",
)
"""The first of these that was measured gives the headline."""

ONLY_OF_SEVERAL_CLASSES = ("classification_accuracy",)
"""Said as a natural frequency only where there are several classes: with two, prevalence alone can make it high."""

GROUP_METRICS: Mapping[str, tuple[str, ...]] = {
    "public": ("sensitivity", "hallucination_rate"),
    "clinician": ("sensitivity", "specificity", "hallucination_rate", "miss_rate"),
    "deployer": ("sensitivity", "specificity", "auroc", "hallucination_rate", "miss_rate"),
    "auditor": ("sensitivity", "specificity", "auroc", "hallucination_rate", "miss_rate"),
}
"""Which group tables a reader sees; engineers and auditors find every metric of every group in tables beside."""

_OF_TASKS: Mapping[str, tuple[str, ...]] = {
    "multiclass": ("classification_accuracy", "macro_sensitivity", "macro_auroc", "confidence_calibration_error"),
    "multilabel": ("exact_match", "macro_sensitivity", "macro_specificity", "macro_auroc"),
    "regression": ("mean_absolute_error", "mean_error", "root_mean_squared_error", "r_squared"),
    "segmentation": ("dice", "missed_structure_rate", "hausdorff_95", "iou"),
}
"""What is drawn by group of a task other than binary: the first for everybody, the next for clinicians, then all."""

IN_THE_UNIT_OF_THE_TARGET = (
    "mean_absolute_error",
    "root_mean_squared_error",
    "mean_error",
    "lower_limit_of_agreement",
    "upper_limit_of_agreement",
)


def group_metrics(task: str) -> Mapping[str, tuple[str, ...]]:
    """Return which metrics are drawn by group, by reader."""
    own = _OF_TASKS.get(task)
    if own is None:
        return {**GROUP_METRICS, "engineer": GROUP_METRICS["auditor"]}
    technical = dict.fromkeys(("deployer", "engineer", "auditor"), own)
    return {"public": own[:1], "clinician": own[:2], **technical}


NOT_DRAWN_BY_GROUP = ("prevalence", "selection_rate", "rejected_rate", "unparsed_rate", "yes_rate")
"""Metrics that describe the data or the output rather than how well the model works; tables hold them."""

KEY_METRICS = (
    "auroc",
    "sensitivity",
    "specificity",
    "positive_predictive_value",
    "negative_predictive_value",
    "brier_score",
    "calibration_slope",
    "calibration_in_the_large",
    "expected_calibration_error",
    "classification_accuracy",
    "exact_match",
    "macro_sensitivity",
    "macro_specificity",
    "macro_auroc",
    "mean_absolute_error",
    "root_mean_squared_error",
    "mean_error",
    "r_squared",
    "dice",
    "iou",
    "hausdorff_95",
    "hallucination_rate",
    "miss_rate",
    "accuracy",
    "unparsed_rate",
    "rejected_rate",
)

FINDING = "finding"
"""Optional fact that names what the model looks for, for sentences such as "of 100 cases with ..."."""
