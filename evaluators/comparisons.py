"""Worst groups and differences between groups, each with the levels that a decision on them needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from evaluators.estimates import Estimate
from evaluators.grouping import Grouping, Slice, pairs, recorded
from evaluators.records import Recorder, interval_of
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement, Method, MetricDescriptor
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import correlation
from governance.statistics.differences import mover_difference
from governance.statistics.multiplicity import bonferroni_level

Estimates = Mapping[frozenset[tuple[str, str]], Estimate | str]
"""An estimate, or the reason why there is none, by the items of the slice."""


def compare_groups(
    recorder: Recorder,
    metric: MetricDescriptor,
    grouping: Grouping,
    dataset: DatasetInfo,
    by_slice: Estimates,
    **about: Any,
) -> Iterator[Measurement]:
    """Give the worst group of a grouping and the difference of every pair of its groups.

    Samples whose attribute is missing have values of their own, but are neither the worst group nor compared: who they
    are is not known.
    """
    missing = grouping.unknown(dataset)
    cells: tuple[Slice, ...] = ()
    if missing is None:
        cells = tuple(cell for cell in grouping.slices(dataset) if recorded(cell))
    if missing is not None or len(cells) < 2:
        reason = f"the dataset has no attribute '{missing}'" if missing else "there is only one group to compare"
        yield recorder.not_measured(metric, reason, estimand="worst", over=grouping.over, **about)
        yield recorder.not_measured(metric, reason, estimand="difference", over=grouping.over, **about)
        return
    yield _worst(recorder, metric, grouping, cells, by_slice, about=about)
    for cell, reference in pairs(cells):
        yield _difference(
            recorder, metric, grouping, by_slice, pair=(cell, reference), count=len(pairs(cells)), about=about
        )


def difference(first: Estimate, second: Estimate, level: float) -> Bounds:
    """Interval of ``first - second`` at a level, with the correlation that shared patients bring."""
    shared = 0.0
    if first.influence is not None and second.influence is not None:
        shared = correlation(first.influence, second.influence)
    return mover_difference(
        first.value, first.bounds(level), second.value, second.bounds(level), correlation=shared
    ).clipped(-1.0, 1.0)


def two_one_sided_level(level: float) -> float:
    """Level of the interval that two one-sided tests look at: 0.90 where the house level is 0.95.

    Source: Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657.
    """
    return 1 - 2 * (1 - level)


def _worst(
    recorder: Recorder,
    metric: MetricDescriptor,
    grouping: Grouping,
    cells: tuple[Slice, ...],
    by_slice: Estimates,
    *,
    about: dict[str, Any],
) -> Measurement:
    found = [(cell, by_slice[frozenset(cell.items())]) for cell in cells]
    usable = [(cell, estimate) for cell, estimate in found if isinstance(estimate, Estimate)]
    if not usable:
        return recorder.not_measured(
            metric, "no group has enough patients for a value", estimand="worst", over=grouping.over, **about
        )
    sign = -1 if metric.direction == "lower" else 1
    cell, estimate = min(usable, key=lambda item: sign * item[1].value)
    simultaneous, _ = interval_of(
        estimate.bounds,
        bonferroni_level(recorder.level, len(cells)),
        family=f"{metric.name} over {grouping.over}: {len(cells)} groups, Bonferroni",
        joint_level=recorder.level,
    )
    method = Method(
        name=f"worst group by the estimate; {estimate.method.name}",
        parameters={
            **estimate.method.parameters,
            "groups": len(cells),
            "groups_without_value": len(cells) - len(usable),
        },
        source=estimate.method.source,
    )
    return recorder.measured(
        metric,
        Estimate(estimate.value, estimate.n, estimate.n_clusters, estimate.events, estimate.bounds, method),
        simultaneous=simultaneous,
        estimand="worst",
        over=grouping.over,
        slice=cell,
        **about,
    )


def _difference(
    recorder: Recorder,
    metric: MetricDescriptor,
    grouping: Grouping,
    by_slice: Estimates,
    *,
    pair: tuple[Slice, Slice],
    count: int,
    about: dict[str, Any],
) -> Measurement:
    cell, reference = pair
    about = {**about, "estimand": "difference", "over": grouping.over, "slice": cell, "reference": reference}
    first, second = by_slice[frozenset(cell.items())], by_slice[frozenset(reference.items())]
    if isinstance(first, str) or isinstance(second, str):
        lacking = [
            f"{', '.join(group.values())}: {estimate}"
            for group, estimate in ((cell, first), (reference, second))
            if isinstance(estimate, str)
        ]
        return recorder.not_measured(metric, "; ".join(lacking), **about)
    bounds = partial(difference, first, second)
    simultaneous, _ = interval_of(
        bounds,
        bonferroni_level(recorder.level, count),
        family=f"{metric.name} over {grouping.over}: {count} pairs, Bonferroni",
        joint_level=recorder.level,
    )
    estimate = Estimate(
        value=first.value - second.value,
        n=first.n + second.n,
        n_clusters=first.n_clusters + second.n_clusters,
        events=None,
        bounds=bounds,
        method=Method(
            name="difference of two groups, each with its own interval",
            parameters={"n": first.n, "n_reference": second.n},
            source="Newcombe, Stat. Med. 17 (1998) 873; Zou and Donner, Stat. Med. 27 (2008) 1693",
        ),
    )
    return recorder.measured(
        metric, estimate, level=two_one_sided_level(recorder.level), simultaneous=simultaneous, **about
    )
