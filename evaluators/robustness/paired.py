"""What a condition changed of the scores, on the same samples with and without it."""

from __future__ import annotations

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import WITH_CONDITION, WITHOUT_CONDITION, Predictions, ranked_by_enough
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Minimums
from evaluators.robustness.scores.decisions import PAIRED, not_compared, paired_shares
from governance.evidence.model import Method, MetricDescriptor, OperatingPoint, Scalar
from governance.statistics.clusters import count_clusters
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
    parameters = not_compared(changed, clean, inside)
    positive, negative = both & clean.positive, both & ~clean.positive
    with_condition, without = (
        (WITH_CONDITION, clean.patients(positive)),
        (WITHOUT_CONDITION, clean.patients(negative)),
    )
    needed = {"sensitivity": [with_condition], "specificity": [without], "auroc": [with_condition, without]}
    reason = minimums.missing(clean.patients(both), needed[metric.name])
    if reason:
        return reason
    if metric is metrics.AUROC:
        return ranked_by_enough(_ranking_change(changed, clean, both, parameters), clean, both, minimums)
    among = positive if metric is metrics.SENSITIVITY else negative
    right = 1.0 if metric is metrics.SENSITIVITY else -1.0
    now, before = (right * data.flagged(point).astype(np.float64) for data in (changed, clean))
    return paired_shares(now, before, among, clean, parameters)


def change_in_the_large(changed: Predictions, clean: Predictions, inside: Bools, minimums: Minimums) -> Estimate | str:
    """Estimate calibration in the large under a condition minus the same clean: how far mean scores have fallen."""
    both = inside & changed.usable & clean.usable
    return minimums.missing(clean.patients(both), []) or estimates.mean(
        clean.score - changed.score,
        both,
        clean.codes,
        low=-1.0,
        high=1.0,
        parameters=not_compared(changed, clean, inside),
        name=PAIRED,
        n_clusters=clean.n_clusters,
    )


def _ranking_change(changed: Predictions, clean: Predictions, both: Bools, parameters: dict[str, Scalar]) -> Estimate:
    codes, positive = clean.codes[both], clean.positive[both]
    change = paired_auroc_difference(changed.score[both], clean.score[both], positive, codes)
    influence = None
    if change.influence is not None:
        influence = estimates.over_all_clusters(change.influence, codes, clean.n_clusters)
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
        influence=influence,
    )
