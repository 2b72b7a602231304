"""What a condition changed, on the same samples with and without it."""

from __future__ import annotations

from functools import partial

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import Predictions, ranked_by_enough
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Minimums
from governance.evidence.model import Method, MetricDescriptor, OperatingPoint, Scalar
from governance.statistics.clusters import count_clusters
from governance.statistics.differences import gating_paired_difference
from governance.statistics.ranking import gating_paired_auroc, paired_auroc_difference, paired_auroc_interval


def paired_change(
    metric: MetricDescriptor,
    changed: Predictions,
    clean: Predictions,
    inside: Bools,
    *,
    point: OperatingPoint,
    minimums: Minimums,
) -> Estimate | str:
    """Estimate AUROC, sensitivity or specificity under a condition minus the same clean, or say why not.

    Only samples with a usable output in both are compared; the others are counted in the method's parameters.
    """
    both = inside & changed.usable & clean.usable
    parameters: dict[str, Scalar] = {"left_out": int(np.sum(inside & (changed.present | clean.present) & ~both))}
    positive, negative = both & clean.positive, both & ~clean.positive
    needed = {
        "sensitivity": [("patients with the condition", clean.patients(positive))],
        "specificity": [("patients without the condition", clean.patients(negative))],
        "auroc": [
            ("patients with the condition", clean.patients(positive)),
            ("patients without the condition", clean.patients(negative)),
        ],
    }[metric.name]
    reason = minimums.missing(clean.patients(both), needed)
    if reason:
        return reason
    if metric is metrics.AUROC:
        return ranked_by_enough(_ranking_change(changed, clean, both, parameters), clean, both, minimums)
    among = positive if metric is metrics.SENSITIVITY else negative
    right = 1.0 if metric is metrics.SENSITIVITY else -1.0
    now, before = (_flagged(data, point)[among].astype(np.float64) for data in (changed, clean))
    flagged_more = right * (_flagged(changed, point).astype(np.float64) - _flagged(clean, point))
    return estimates.mean(
        flagged_more,
        among,
        clean.codes,
        low=-1.0,
        high=1.0,
        parameters=parameters,
        name="mean of paired differences with cluster-robust variance",
        gating=partial(gating_paired_difference, right * now, right * before, clean.codes[among]),
    )


def flips(
    changed: Predictions, clean: Predictions, inside: Bools, point: OperatingPoint, minimums: Minimums
) -> Estimate | str:
    """Estimate the share of samples whose decision changes, or say why not."""
    both = inside & changed.usable & clean.usable
    reason = minimums.missing(clean.patients(both), [])
    if reason:
        return reason
    return estimates.proportion(
        _flagged(changed, point) != _flagged(clean, point),
        both,
        clean.codes,
        name="share with cluster-adjusted interval",
        parameters={"left_out": int(np.sum(inside & (changed.present | clean.present) & ~both))},
        n_clusters=clean.n_clusters,
    )


def _ranking_change(changed: Predictions, clean: Predictions, both: Bools, parameters: dict[str, Scalar]) -> Estimate:
    codes, positive = clean.codes[both], clean.positive[both]
    change = paired_auroc_difference(changed.score[both], clean.score[both], positive, codes)
    return Estimate(
        value=change.value,
        n=int(both.sum()),
        n_clusters=count_clusters(codes),
        events=int(positive.sum()),
        bounds=lambda level: paired_auroc_interval(change, level),
        gating=lambda level: gating_paired_auroc(change, level),
        method=Method(
            name="paired difference of midranks with clustered variance",
            parameters=parameters,
            source="DeLong et al., Biometrics 44 (1988) 837; Obuchowski, Biometrics 53 (1997) 567",
        ),
    )


def _flagged(data: Predictions, point: OperatingPoint) -> Bools:
    flagged: Bools = data.usable & (np.nan_to_num(data.score, nan=-1.0) >= point.threshold)
    return flagged
