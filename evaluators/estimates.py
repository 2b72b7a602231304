"""Estimates from clustered samples, with intervals at any level that is asked for later.

One estimate serves the value of a group, the worst group and the differences between groups, each of which needs
another level; so what is kept is how to make an interval, not one interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from governance.evidence.model import Method, Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, Integers, cluster_sums
from governance.statistics.confusion import RatioEstimate, gating_ratio, ratio_interval
from governance.statistics.means import clustered_mean, gating_mean, mean_interval
from governance.statistics.proportions import clustered_wilson, effective_size, gating_proportion
from governance.statistics.ranking import auroc_interval, clustered_auroc, gating_auroc

Bools = npt.NDArray[np.bool_]
Interval = Callable[[float], Bounds]


@dataclass(frozen=True)
class Estimate:
    """One number with its sample sizes.

    Attributes
    ----------
    bounds
        Makes the interval at a confidence level, or raises ValueError with the reason why there is none.
    gating
        Makes the interval that verdicts rest on (see `Measurement.gating`); None where `bounds` serves for that too.
    influence
        (C,) influence of each cluster of the dataset on the number, for its correlation with another; None where no
        comparison is made.
    """

    value: float
    n: int
    n_clusters: int
    events: int | None
    bounds: Interval
    method: Method
    influence: Floats | None = field(default=None, repr=False)
    gating: Interval | None = None


def remembered(bounds: Interval) -> Interval:
    """Return the same interval maker, which makes each level once: a group is compared with every other."""
    return cache(bounds)


def withheld(estimate: Estimate, reason: str) -> Estimate:
    """Return an estimate without intervals; asked for one, it says why there is none."""

    def none(level: float) -> Bounds:  # noqa: ARG001
        raise ValueError(reason)

    return replace(estimate, bounds=none, gating=None)


def proportion(
    successes: Bools, among: Bools, codes: Integers, *, name: str, parameters: dict[str, Scalar], n_clusters: int
) -> Estimate:
    """Share of `successes` among the samples of a mask, with a cluster-adjusted Wilson interval.

    Verdicts rest on `gating_proportion`.

    Parameters
    ----------
    successes, among
        (n,) bool over the whole dataset.
    codes
        (n,) cluster numbers over the whole dataset, below `n_clusters`.
    """
    outcome, inside = successes[among].astype(np.float64), codes[among]
    value = float(outcome.mean())
    size = effective_size(outcome, inside)
    return Estimate(
        value=value,
        n=outcome.size,
        n_clusters=size.n_clusters,
        events=int(outcome.sum()),
        bounds=remembered(lambda level: clustered_wilson(outcome, inside, level)),
        method=Method(
            name=name,
            parameters={**parameters, "effective_n": round(size.n, 3), "design_effect": round(size.design_effect, 6)},
            source="Korn and Graubard, Surv. Methodol. 24 (1998) 193; Wilson, J. Am. Stat. Assoc. 22 (1927) 209",
        ),
        influence=cluster_sums((outcome - value) / outcome.size, inside, n_clusters),
        gating=remembered(lambda level: gating_proportion(outcome, inside, level)),
    )


def ranking(
    scores: Floats, positive: Bools, among: Bools, codes: Integers, *, parameters: dict[str, Scalar], n_clusters: int
) -> Estimate:
    """AUROC among the samples of a mask, with Obuchowski's interval on the logit scale. Shapes as in `proportion`."""
    inside = codes[among]
    estimate = clustered_auroc(scores[among], positive[among], inside)
    return Estimate(
        value=estimate.value,
        n=int(among.sum()),
        n_clusters=estimate.influence.size,
        events=int(positive[among].sum()),
        bounds=remembered(lambda level: auroc_interval(estimate, level)),
        method=Method(
            name="midranks with clustered variance",
            parameters={
                **parameters,
                "positive_patients": estimate.positive_clusters,
                "negative_patients": estimate.negative_clusters,
            },
            source="DeLong et al., Biometrics 44 (1988) 837; Obuchowski, Biometrics 53 (1997) 567",
        ),
        influence=over_all_clusters(estimate.influence, inside, n_clusters),
        gating=remembered(lambda level: gating_auroc(estimate, level)),
    )


def ratio(
    found: RatioEstimate, inside: Integers, *, events: int, parameters: dict[str, Scalar], n_clusters: int, source: str
) -> Estimate:
    """Wrap a number made of several shares of a confusion matrix.

    Parameters
    ----------
    inside
        (m,) cluster numbers, below `n_clusters`, of the samples that it was made of.
    """
    return Estimate(
        value=found.value,
        n=found.n,
        n_clusters=found.n_clusters,
        events=events,
        bounds=remembered(lambda level: ratio_interval(found, level)),
        method=Method(name="from shares with cluster-adjusted intervals", parameters=parameters, source=source),
        influence=over_all_clusters(found.influence, inside, n_clusters),
        gating=remembered(lambda level: gating_ratio(found, level)),
    )


def mean(
    values: Floats,
    among: Bools,
    codes: Integers,
    *,
    low: float,
    high: float,
    parameters: dict[str, Scalar],
    name: str = "mean with cluster-robust variance",
    events: int | None = None,
    n_clusters: int | None = None,
    gating: Callable[[float], Bounds] | None = None,
) -> Estimate:
    """Mean among the samples of a mask, with a cluster-robust t interval inside [low, high]. Shapes: `proportion`.

    Without `n_clusters` it has no influence and so cannot be compared. Verdicts rest on `gating`, by default on
    `governance.statistics.means.gating_mean` where the range is finite.
    """
    picked, inside = values[among], codes[among]
    estimate = clustered_mean(picked, inside)
    influence = None
    if n_clusters is not None:
        influence = cluster_sums((picked - estimate.value) / picked.size, inside, n_clusters)
    if gating is None and np.isfinite(low) and np.isfinite(high):
        gating = partial(gating_mean, picked, inside, low=low, high=high)
    return Estimate(
        value=estimate.value,
        n=estimate.n,
        n_clusters=estimate.n_clusters,
        events=events,
        bounds=remembered(lambda level: mean_interval(estimate, level, low=low, high=high)),
        method=Method(name=name, parameters=parameters, source="Liang and Zeger, Biometrika 73 (1986) 13"),
        influence=influence,
        gating=remembered(gating) if gating else None,
    )


def over_all_clusters(influence: Floats, inside: Integers, n_clusters: int) -> Floats:
    """Place the influence of the clusters that occur in `inside`, in their order, among all `n_clusters`."""
    whole = np.zeros(n_clusters)
    whole[np.flatnonzero(np.bincount(inside, minlength=n_clusters))] = influence
    return whole
