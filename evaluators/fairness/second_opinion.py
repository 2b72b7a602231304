"""Point estimates computed again by other libraries; a disagreement stops the run.

Every group is read once: fairlearn gives the rates, scikit-learn the counts that other metrics at the operating point
follow from, and the metrics of the scores. Gaps are made again from these. (A `MetricFrame` would take a second for
100,000 samples; its functions take milliseconds.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from statistics import pstdev

import numpy as np

from evaluators.binary import Predictions
from evaluators.estimates import Bools, Estimate
from governance.evidence.model import OperatingPoint

TOLERANCE = 1e-9
"""Largest difference that rounding explains; a mistake is larger."""

Opinion = dict[str, tuple[float, str]]
"""Value and library by the name of the metric."""


class DisagreementError(RuntimeError):
    """Two implementations of a metric gave different values: a defect in one of them, never a property of the model."""


def check(
    found: Mapping[str, Estimate | str],
    data: Predictions,
    inside: Bools,
    point: OperatingPoint,
    *,
    max_false_positive_rate: float,
    threshold_probability: float,
) -> Opinion:
    """Compare the estimates of a group, by the names of their metrics, with those of the libraries that are installed.

    Returns
    -------
    Opinion
        What the libraries gave for these estimates.

    Raises
    ------
    DisagreementError
        If a value differs by more than `TOLERANCE`, with both values.
    """
    estimates = {name: estimate for name, estimate in found.items() if isinstance(estimate, Estimate)}
    scored = inside & data.usable
    if not estimates or not scored.any():
        return {}
    again = opinions(
        set(estimates),
        data.positive[scored],
        data.score[scored],
        point,
        max_false_positive_rate=max_false_positive_rate,
        threshold_probability=threshold_probability,
    )
    for name, (value, library) in again.items():
        if name in estimates:
            _compare(name, estimates[name].value, value, library, estimates[name].n)
    return {name: opinion for name, opinion in again.items() if name in estimates}


def check_gaps(found: Mapping[str, float], groups: Sequence[Opinion], everyone: Opinion, over: str) -> None:
    """Compare gaps, by the names of their metrics, with those that follow from other libraries' values of the groups.

    Raises
    ------
    DisagreementError
        As `check`.
    """
    for name, value in _gaps(groups, everyone).items():
        if name in found:
            _compare(f"{name} over {over}", found[name], value, "scikit-learn and fairlearn", len(groups))


def opinions(
    wanted: set[str],
    positive: Bools,
    score: np.ndarray,
    point: OperatingPoint,
    *,
    max_false_positive_rate: float,
    threshold_probability: float,
) -> Opinion:
    """Return what the libraries give for (n,) outcomes and scores, for the metrics that they know."""
    again: Opinion = {}
    flagged = score >= point.threshold
    if find_spec("sklearn"):
        from sklearn import metrics
        from sklearn.calibration import calibration_curve

        counts = metrics.confusion_matrix(positive, flagged, labels=[False, True])
        tn, fp, fn, tp = (float(count) for count in counts.ravel())
        again |= _of_counts(tn, fp, fn, tp, threshold_probability=threshold_probability)
        observed, predicted = calibration_curve(positive, score, n_bins=1, pos_label=True)
        again["calibration_in_the_large"] = float(observed[0] - predicted[0]), "scikit-learn"
        again["brier_score"] = float(metrics.brier_score_loss(positive, score, pos_label=True)), "scikit-learn"
        if positive.any() and not positive.all():
            end = max_false_positive_rate
            if "auroc" in wanted:
                again["auroc"] = float(metrics.roc_auc_score(positive, score)), "scikit-learn"
            if "average_precision" in wanted:
                again["average_precision"] = float(metrics.average_precision_score(positive, score)), "scikit-learn"
            if "partial_auroc" in wanted:
                partial = metrics.roc_auc_score(positive, score, max_fpr=end if end < 1 else None)
                again["partial_auroc"] = float(partial), "scikit-learn"
    if find_spec("fairlearn"):
        from fairlearn import metrics as rates

        truth, flags = positive.astype(np.int8), flagged.astype(np.int8)
        again["selection_rate"] = float(rates.selection_rate(truth, flags)), "fairlearn"
        if positive.any():
            again["sensitivity"] = float(rates.true_positive_rate(truth, flags, pos_label=1)), "fairlearn"
        if not positive.all():
            again["false_positive_rate"] = float(rates.false_positive_rate(truth, flags, pos_label=1)), "fairlearn"
    return again


def _of_counts(tn: float, fp: float, fn: float, tp: float, *, threshold_probability: float) -> Opinion:
    """Metrics at the operating point from scikit-learn's counts; those with an empty denominator are left out."""
    n = tn + fp + fn + tp
    parts = {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "positive_predictive_value": (tp, tp + fp),
        "negative_predictive_value": (tn, tn + fn),
        "false_positive_rate": (fp, fp + tn),
        "false_negative_rate": (fn, fn + tp),
        "classification_accuracy": (tp + tn, n),
        "selection_rate": (tp + fp, n),
        "f1_score": (2 * tp, 2 * tp + fp + fn),
        "balanced_accuracy": (tp * (tn + fp) + tn * (tp + fn), 2 * (tp + fn) * (tn + fp)),
    }
    if 0 < threshold_probability < 1:
        parts["net_benefit"] = (tp - fp * threshold_probability / (1 - threshold_probability), n)
    return {name: (part / whole, "scikit-learn") for name, (part, whole) in parts.items() if whole > 0}


def _gaps(groups: Sequence[Opinion], everyone: Opinion) -> dict[str, float]:
    """Return the gaps that follow from the values of the groups that have one."""

    def values(name: str) -> np.ndarray | None:
        found = [group[name][0] for group in groups if name in group]
        return np.array(found) if len(found) >= 2 else None

    again: dict[str, float] = {}
    tpr, fpr, rate = values("sensitivity"), values("false_positive_rate"), values("selection_rate")
    if rate is not None:
        again["demographic_parity_difference"] = float(rate.max() - rate.min())
        if rate.max() > 0:
            again["demographic_parity_ratio"] = float(rate.min() / rate.max())
    if tpr is not None:
        again["equal_opportunity_difference"] = again["fairmedfm_eo"] = float(tpr.max() - tpr.min())
    if tpr is not None and fpr is not None:
        both = float(tpr.max() - tpr.min()), float(fpr.max() - fpr.min())
        again["equalized_odds_difference_max"] = max(both)
        again["equalized_odds_difference_mean"] = sum(both) / 2
        again["fairmedfm_eod"] = 1 - sum(both) / 2
    for name, gap in (
        ("positive_predictive_value", "predictive_parity_difference"),
        ("calibration_in_the_large", "calibration_gap"),
        ("auroc", "auroc_gap"),
    ):
        found = values(name)
        if found is not None:
            again[gap] = float(found.max() - found.min())
    for name, short in (("auroc", "auroc"), ("classification_accuracy", "accuracy")):
        found = values(name)
        if found is not None and name in everyone:
            whole = everyone[name][0]
            std = pstdev(found.tolist())
            again[f"equity_scaled_{short}_std"] = whole / (1 + std)
            again[f"equity_scaled_{short}_deviation"] = whole / (1 + sum(abs(one - whole) for one in found))
            if whole > 0:
                again[f"{short}_disparity_std"] = std / whole
                again[f"{short}_disparity_range"] = float(found.max() - found.min()) / whole
    return again


def _compare(name: str, ours: float, theirs: float, library: str, n: int) -> None:
    if not abs(theirs - ours) <= TOLERANCE:
        raise DisagreementError(f"{name}: {ours!r} here, {theirs!r} by {library}, on {n} samples")
