"""One number asked of recorded answers, before it is asked of a group: what it is about and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from evaluators import estimates
from evaluators.estimates import Bools, Estimate
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Method, MetricDescriptor, Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, Integers
from governance.statistics.resampling import cluster_weights, percentile_interval


class Clustered(Protocol):
    """What is measured: n entries in clusters."""

    @property
    def dataset(self) -> DatasetInfo:
        """The dataset, in whose order the entries are."""
        ...

    @property
    def codes(self) -> Integers:
        """(n,) cluster numbers below `n_clusters`."""
        ...

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        ...


Formula = Callable[[Floats], Floats]
"""From sums (..., k) to numbers (...), NaN where there is none."""
_KEPT = 1 << 26
"""Bytes of resampling weights that are kept; more are drawn again each time."""
_STEP = 1e-5


@dataclass(frozen=True)
class Quantity:
    """A number, or the reason why the records hold none.

    Attributes
    ----------
    among
        (n,) records that it is about.
    make
        From (n,) the records of a group that it is about to an estimate; ValueError gives the reason why there is none.
    what
        What it rests on, in words for a reader.
    about
        Further identity: variant, judge, target class, place on a curve, ...
    compared
        Whether groups are compared by it.
    """

    metric: MetricDescriptor
    among: Bools
    make: Callable[[Bools], Estimate]
    what: str
    about: Mapping[str, Any] = field(default_factory=dict)
    compared: bool = True
    absent: str | None = None


def absent(metric: MetricDescriptor, reason: str, n: int, **about: Any) -> Quantity:
    """Return what cannot be measured, with the reason."""

    def none(inside: Bools) -> Estimate:  # noqa: ARG001
        raise ValueError(reason)

    return Quantity(metric, np.zeros(n, dtype=bool), none, "", about, compared=False, absent=reason)


def share(
    records: Clustered,
    metric: MetricDescriptor,
    successes: Bools,
    among: Bools,
    what: str,
    *,
    parameters: Callable[[Bools], dict[str, Scalar]] | None = None,
    compared: bool = True,
    **about: Any,
) -> Quantity:
    """Return a share of records; `parameters` says more of the records that it is made of."""

    def make(inside: Bools) -> Estimate:
        return estimates.proportion(
            successes,
            inside,
            records.codes,
            name="share with cluster-adjusted interval",
            parameters=parameters(inside) if parameters else {},
            n_clusters=records.n_clusters,
        )

    return Quantity(metric, among, make, what, about, compared)


def counted_share(
    records: Clustered,
    metric: MetricDescriptor,
    counts: tuple[Integers, Integers],
    among: Bools,
    what: str,
    *,
    parameters: Callable[[Bools], dict[str, Scalar]] | None = None,
    **about: Any,
) -> Quantity:
    """Return a share of things of which a record may hold several, such as findings: each counts as one.

    Parameters
    ----------
    counts
        (n,) things that are so, and (n,) all of them. Their intervals are by cluster, as those of records are.
    """
    so, every = counts

    def make(inside: Bools) -> Estimate:
        place = np.repeat(np.flatnonzero(inside), every[inside])
        order = np.arange(place.size) - np.repeat(np.cumsum(every[inside]) - every[inside], every[inside])
        return estimates.proportion(
            order < so[place],
            np.ones(place.size, dtype=bool),
            records.codes[place],
            name="share with cluster-adjusted interval",
            parameters={**(parameters(inside) if parameters else {}), "records": int(inside.sum())},
            n_clusters=records.n_clusters,
        )

    return Quantity(metric, among, make, what, about)


def average(
    records: Clustered,
    metric: MetricDescriptor,
    values: Floats,
    among: Bools,
    what: str,
    *,
    parameters: Callable[[Bools], dict[str, Scalar]] | None = None,
    low: float = 0.0,
    high: float = 1.0,
    compared: bool = True,
    **about: Any,
) -> Quantity:
    """Return a mean of (n,) values over records."""

    def make(inside: Bools) -> Estimate:
        return estimates.mean(
            values,
            inside,
            records.codes,
            low=low,
            high=high,
            parameters=parameters(inside) if parameters else {},
            n_clusters=records.n_clusters,
        )

    return Quantity(metric, among, make, what, about, compared)


class Replicates:
    """Bootstrap weights of the clusters, the same for every number of a dataset, drawn once where memory allows."""

    def __init__(self, n_clusters: int, replicates: int, seed: int) -> None:
        self._n_clusters, self._replicates, self._seed = n_clusters, replicates, seed
        self._kept: list[np.ndarray] | None = None

    @property
    def count(self) -> int:
        """Number of replicates."""
        return self._replicates

    def sums(self, by_cluster: Floats) -> Floats:
        """Return (replicates, k) resampled sums of (C, k) sums by cluster."""
        used = np.flatnonzero(by_cluster.any(axis=1))
        return np.concatenate([weights[:, used].astype(np.float64) @ by_cluster[used] for weights in self._weights()])

    def _weights(self) -> Iterable[np.ndarray]:
        if self._kept is not None:
            return self._kept
        drawn = (
            weights.astype(np.uint16) for weights in cluster_weights(self._n_clusters, self._replicates, self._seed)
        )
        if self._replicates * self._n_clusters * np.dtype(np.uint16).itemsize > _KEPT:
            return drawn
        self._kept = list(drawn)
        return self._kept


def of_sums(
    records: Clustered,
    metric: MetricDescriptor,
    columns: Floats,
    formula: Formula,
    *,
    among: Bools,
    what: str,
    replicates: Replicates,
    source: str,
    undefined: str,
    gating: Callable[[Bools, float], Bounds],
    parameters: Callable[[Bools], dict[str, Scalar]] | None = None,
    compared: bool = True,
    **about: Any,
) -> Quantity:
    """Return a number that is a smooth function of sums over records, with an interval from resampled clusters.

    Parameters
    ----------
    columns
        (n, k) values whose sums over records enter.
    undefined
        The reason where the function gives no number.
    gating
        From (n,) the records and a level to the interval that verdicts rest on, for that from resampled clusters is too
        narrow for few clusters and for values near the end of their range. Where it raises ValueError, verdicts rest on
        the whole range.
    """

    def make(inside: Bools) -> Estimate:
        by_cluster: Floats = np.stack(
            [
                np.bincount(records.codes[inside], weights=columns[inside, k], minlength=records.n_clusters)
                for k in range(columns.shape[1])
            ],
            axis=1,
        ).astype(np.float64)
        total = by_cluster.sum(axis=0)
        value = float(formula(total))
        if not np.isfinite(value):
            raise ValueError(undefined)

        def bounds(level: float) -> Bounds:
            values = formula(replicates.sums(by_cluster))
            finite = values[np.isfinite(values)]
            if finite.size < 2 or np.ptp(finite) <= _NO_WIDTH:
                raise ValueError("it is the same whichever patients are drawn, so its interval is not known")
            ends = percentile_interval(values, level)
            return Bounds(min(ends.low, value), max(ends.high, value), ends.method)

        return Estimate(
            value=value,
            n=int(inside.sum()),
            n_clusters=int(np.count_nonzero(np.bincount(records.codes[inside]))),
            events=None,
            bounds=estimates.remembered(bounds),
            method=Method(
                name="function of sums, cluster bootstrap",
                parameters={**(parameters(inside) if parameters else {}), "replicates": replicates.count},
                source=source,
            ),
            influence=influence_of(by_cluster, total, formula),
            gating=estimates.remembered(lambda level: _or_whole_range(gating, metric, inside, level)),
        )

    return Quantity(metric, among, make, what, about, compared)


_NO_WIDTH = 1e-12
_LOWEST, _HIGHEST = -1.0, 2.0
"""Range of numbers whose metric names none: agreement, and a score of 0 to 1 that a correction moves by up to 1."""


def _or_whole_range(
    gating: Callable[[Bools, float], Bounds], metric: MetricDescriptor, inside: Bools, level: float
) -> Bounds:
    """Return the interval for verdicts, or the whole range: without one, verdicts would rest on the interval shown."""
    try:
        return gating(inside, level)
    except ValueError as error:
        low, high = _LOWEST if metric.low is None else metric.low, _HIGHEST if metric.high is None else metric.high
        return Bounds(low, high, f"the whole range: {error}")


def influence_of(by_cluster: Floats, total: Floats, formula: Formula) -> Floats:
    """Return (C,) derivatives of the number with respect to the weight of each cluster."""
    step = _STEP * np.maximum(1.0, np.abs(total))
    moves = np.diag(step)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (formula(total + moves) - formula(total - moves)) / (2 * step)
    found: Floats = by_cluster @ np.where(np.isfinite(slope), slope, 0.0)
    return found


def ratio(top: Floats, bottom: Floats) -> Floats:
    """Divide, NaN where there is nothing to divide by."""
    found: Floats = np.divide(top, bottom, out=np.full(np.shape(bottom), np.nan), where=np.asarray(bottom) != 0)
    return found
