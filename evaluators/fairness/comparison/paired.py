"""Two ways of deciding about the same samples: paired differences, and by how much gaps between groups change."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evaluators import estimates, families, metrics
from evaluators.binary import Predictions, ranked_by_enough
from evaluators.estimates import Bools, Estimate, Interval
from evaluators.grouping import Minimums
from governance.evidence.model import Method, MetricDescriptor, Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, Integers, count_clusters
from governance.statistics.multiplicity import bonferroni_level
from governance.statistics.proportions import gating_proportion
from governance.statistics.ranking import clustered_auroc, paired_auroc_difference, paired_auroc_interval

PAIRED = "mean of paired differences with cluster-robust variance"


@dataclass(frozen=True)
class Arm:
    """One way of deciding about the samples of a dataset.

    Attributes
    ----------
    decided
        (n,) probability that the sample is flagged: 0 or 1 at one threshold, between them where chance decides.
    usable
        (n,) whether there is a decision.
    score
        (n,) what ranks the samples; None where there is nothing to rank by.
    """

    decided: Floats
    usable: Bools
    score: Floats | None = None

    @classmethod
    def at(cls, data: Predictions, threshold: float) -> Arm:
        """Flag what scores at or above a threshold."""
        flagged = data.usable & (np.nan_to_num(data.score, nan=-1.0) >= threshold)
        return cls(flagged.astype(np.float64), data.usable, data.score)


def paired_difference(
    metric: MetricDescriptor,
    first: Arm,
    second: Arm,
    data: Predictions,
    inside: Bools,
    *,
    minimums: Minimums,
    parameters: dict[str, Scalar] | None = None,
) -> Estimate | str:
    """Estimate a metric by `first` minus the metric by `second` on the samples that both decide about, or say why not.

    Parameters
    ----------
    data
        Gives outcomes and patients.
    parameters
        Added to the method's.
    """
    both = inside & first.usable & second.usable
    reason = minimums.missing(data.patients(both), _needed(metric, both, data))
    if reason:
        return reason
    about: dict[str, Scalar] = {**(parameters or {}), **_left_out(first, second, inside)}
    if metric is metrics.AUROC:
        ranked = _ranking(first, second, data, both, about)
        return ranked if isinstance(ranked, str) else ranked_by_enough(ranked, data, both, minimums)
    if metric is metrics.BALANCED_ACCURACY:
        halves = [
            _mean(outcome(half, first, data), outcome(half, second, data), denominator(half, both, data), data, about)
            for half in (metrics.SENSITIVITY, metrics.SPECIFICITY)
        ]
        return _half_sum(halves[0], halves[1], data.patients(both))
    among = denominator(metric, both, data)
    return _mean(outcome(metric, first, data), outcome(metric, second, data), among, data, about)


def value_of(
    metric: MetricDescriptor,
    arm: Arm,
    data: Predictions,
    inside: Bools,
    *,
    minimums: Minimums,
    parameters: dict[str, Scalar] | None = None,
) -> Estimate | str:
    """Estimate a metric of the decisions of one arm, or say why not; where chance decides, as expected over it."""
    scored = inside & arm.usable
    reason = minimums.missing(data.patients(scored), _needed(metric, scored, data))
    if reason:
        return reason
    about: dict[str, Scalar] = {**(parameters or {}), "left_out": int(np.sum(inside & ~arm.usable))}
    if metric is metrics.AUROC:
        if arm.score is None:
            return "decisions alone rank nothing"
        ranked = estimates.ranking(
            arm.score, data.positive, scored, data.codes, parameters=about, n_clusters=data.n_clusters
        )
        return ranked_by_enough(ranked, data, scored, minimums)
    if metric is metrics.BALANCED_ACCURACY:
        halves = [_share(half, arm, data, scored, about) for half in (metrics.SENSITIVITY, metrics.SPECIFICITY)]
        return _half_sum(halves[0], halves[1], data.patients(scored))
    return _share(metric, arm, data, scored, about)


def outcome(metric: MetricDescriptor, arm: Arm, data: Predictions) -> Floats:
    """Return (n,) what each sample contributes to a metric: the probability that it is counted in the numerator."""
    if metric in (metrics.SENSITIVITY, metrics.SELECTION_RATE):
        return arm.decided
    if metric is metrics.SPECIFICITY:
        return 1 - arm.decided
    if metric is metrics.ACCURACY:
        right: Floats = np.where(data.positive, arm.decided, 1 - arm.decided)
        return right
    raise ValueError(f"{metric.name} is not a share of samples")


def change_of_gap(first: Estimate, second: Estimate) -> Estimate:
    """Estimate ``first - second``, where both are paired differences, of one group and of its reference group."""
    contrast = families.difference(first, second, limit=2.0)
    return Estimate(
        value=contrast.value,
        n=first.n + second.n,
        n_clusters=first.n_clusters + second.n_clusters,
        events=None,
        bounds=contrast.bounds,
        gating=contrast.gating,
        method=Method(
            name="difference between two groups of paired differences",
            parameters={**first.method.parameters, "n": first.n, "n_reference": second.n},
            source="Zou and Donner, Stat. Med. 27 (2008) 1693",
        ),
        influence=contrast.influence,
    )


def denominator(metric: MetricDescriptor, scored: Bools, data: Predictions) -> Bools:
    """Return (n,) bool: the denominator of a metric."""
    if metric is metrics.SENSITIVITY:
        return scored & data.positive
    return scored & ~data.positive if metric is metrics.SPECIFICITY else scored


def _needed(metric: MetricDescriptor, scored: Bools, data: Predictions) -> list[tuple[str, int]]:
    """Return what a metric rests on, with the number of patients."""
    found = [("patients with the condition", data.patients(scored & data.positive))]
    left = [("patients without the condition", data.patients(scored & ~data.positive))]
    if metric in (metrics.BALANCED_ACCURACY, metrics.AUROC):
        return found + left
    return {"sensitivity": found, "specificity": left}.get(metric.name, [])


def _mean(first: Floats, second: Floats, among: Bools, data: Predictions, parameters: dict[str, Scalar]) -> Estimate:
    """Mean of ``first - second``; where both are 0 or 1, verdicts rest on `gating_paired`."""
    found = estimates.mean(
        first - second,
        among,
        data.codes,
        low=-1.0,
        high=1.0,
        parameters=parameters,
        name=PAIRED,
        n_clusters=data.n_clusters,
    )
    one, two, codes = first[among], second[among], data.codes[among]
    if not bool(np.isin(np.append(one, two), (0.0, 1.0)).all()):
        return found
    return replace(found, gating=lambda level: gating_paired(one > two, two > one, codes, level))


def gating_paired(gained: Bools, lost: Bools, clusters: Integers, level: float) -> Bounds:
    """Interval of the share gained less the share lost, from an exact interval of each at half the error.

    By Bonferroni it misses on either side no more often than ``(1 - level) / 2``; it is wider than needed.

    Parameters
    ----------
    gained, lost
        (n,) which samples only the first, and only the second way of deciding counts.
    clusters
        (n,) patients.

    Source: Clopper and Pearson, Biometrika 26 (1934) 404; clusters: Korn and Graubard, Surv. Methodol. 24 (1998) 193.

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    each = bonferroni_level(level, 2)
    up, down = (gating_proportion(part, clusters, each) for part in (gained, lost))
    return Bounds(up.low - down.high, up.high - down.low, f"{up.method} of what is gained and of what is lost")


def _share(metric: MetricDescriptor, arm: Arm, data: Predictions, scored: Bools, about: dict[str, Scalar]) -> Estimate:
    values, among = outcome(metric, arm, data), denominator(metric, scored, data)
    if bool(np.isin(values[among], (0.0, 1.0)).all()):
        return estimates.proportion(
            values > 0,
            among,
            data.codes,
            name="share with cluster-adjusted interval",
            parameters=about,
            n_clusters=data.n_clusters,
        )
    return estimates.mean(
        values,
        among,
        data.codes,
        low=0.0,
        high=1.0,
        parameters=about,
        name="mean of the probabilities of the decisions, with cluster-robust variance",
        n_clusters=data.n_clusters,
    )


def _half_sum(first: Estimate, second: Estimate, patients: int) -> Estimate:
    """Half of the sum of an estimate among those with, and one among those without the condition."""
    contrast = families.difference(_scaled(first, 0.5), _scaled(second, -0.5), limit=1.0)
    return Estimate(
        value=contrast.value,
        n=first.n + second.n,
        n_clusters=patients,
        events=None,
        bounds=contrast.bounds,
        gating=contrast.gating,
        method=Method(
            name=f"half of sensitivity and specificity together: {first.method.name}",
            parameters=first.method.parameters,
            source="Zou and Donner, Stat. Med. 27 (2008) 1693",
        ),
        influence=contrast.influence,
    )


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    def times(interval: Interval) -> Interval:
        def bounds(level: float) -> Bounds:
            ends = interval(level)
            low, high = sorted((factor * ends.low, factor * ends.high))
            return Bounds(low, high, ends.method)

        return bounds

    influence = None if estimate.influence is None else factor * estimate.influence
    return replace(
        estimate,
        value=factor * estimate.value,
        bounds=times(estimate.bounds),
        gating=times(estimate.gating) if estimate.gating else None,
        influence=influence,
    )


def _ranking(first: Arm, second: Arm, data: Predictions, both: Bools, parameters: dict[str, Scalar]) -> Estimate | str:
    if first.score is None or second.score is None:
        return "one of the two ways of deciding ranks nothing"
    codes, positive = data.codes[both], data.positive[both]
    change = paired_auroc_difference(first.score[both], second.score[both], positive, codes)
    influence = np.zeros(data.n_clusters)
    influence[np.unique(codes)] = (
        clustered_auroc(first.score[both], positive, codes).influence
        - clustered_auroc(second.score[both], positive, codes).influence
    )
    return Estimate(
        value=change.value,
        n=int(both.sum()),
        n_clusters=count_clusters(codes),
        events=int(positive.sum()),
        bounds=lambda level: paired_auroc_interval(change, level),
        method=Method(
            name="paired difference of midranks with clustered variance",
            parameters=parameters,
            source="DeLong et al., Biometrics 44 (1988) 837; Obuchowski, Biometrics 53 (1997) 567",
        ),
        influence=influence,
    )


def _left_out(first: Arm, second: Arm, inside: Bools) -> dict[str, Scalar]:
    """Count the samples that are not compared, by which of the two gave no usable output."""
    return {
        "left_out": int(np.sum(inside & ~(first.usable & second.usable))),
        "left_out_by_reference": int(np.sum(inside & ~second.usable)),
    }
