"""What follows: predictive values at a prevalence, prevalence without labels, and what the mix of groups explains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from evaluators import families, metrics
from evaluators.estimates import Estimate, Interval, remembered
from evaluators.grouping import Grouping, members, recorded
from evaluators.robustness.shift import metrics as described
from evaluators.robustness.shift.sites import Sites
from governance.evidence.model import Measurement, Method, MetricDescriptor
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import cluster_sums, correlation
from governance.statistics.differences import mover_difference
from governance.statistics.shift import Combined, at_prevalence, estimated_prevalence


def at_prevalences(sites: Sites, prevalences: tuple[float, ...]) -> Iterator[Measurement]:
    """Give predictive values and flags per 100 of the other population at each prevalence, for everyone and groups."""
    rates = (
        metrics.SENSITIVITY,
        metrics.SPECIFICITY,
        metrics.FALSE_POSITIVE_RATE,
        metrics.FALSE_NEGATIVE_RATE,
    )
    for cell in sites.slices() if prevalences else ():
        found = [sites.estimate(rate, sites.there, cell) for rate in rates]
        n = int(members(cell, sites.there.dataset).sum())
        reason = next((each for each in found if isinstance(each, str)), None)
        known = [each for each in found if isinstance(each, Estimate)]
        for prevalence in prevalences:
            for metric in (described.PPV_AT, described.NPV_AT, described.FLAGS_PER_100):
                estimate = reason or _at(metric, known, prevalence)
                yield sites.record(metric, estimate, n, slice=cell, curve={"prevalence": prevalence})


def _at(metric: MetricDescriptor, known: list[Estimate], prevalence: float) -> Estimate | str:
    sensitivity, specificity, alarms, misses = known
    if metric is described.FLAGS_PER_100:
        return _flags(sensitivity, alarms, prevalence)
    if metric is described.PPV_AT:
        return _predictive_value(alarms, sensitivity, prevalence, metric)
    return _predictive_value(misses, specificity, 1 - prevalence, metric)


def _predictive_value(errors: Estimate, hits: Estimate, share: float, metric: MetricDescriptor) -> Estimate | str:
    if hits.value <= 0:
        return "the model is never right in this class, so nothing follows from its errors"
    odds = families.ratio(errors, hits)

    def of(bounds: Bounds) -> Bounds:
        return Bounds(at_prevalence(share, bounds.high), at_prevalence(share, bounds.low), f"{bounds.method}, by Bayes")

    return _made(
        errors,
        hits,
        value=at_prevalence(share, odds.value),
        bounds=lambda level: of(odds.bounds(level)),
        gating=lambda level: of(odds.gating(level)),
        source=metric.source,
    )


def _flags(sensitivity: Estimate, alarms: Estimate, prevalence: float) -> Estimate:
    weights = (100 * prevalence, 100 * (1 - prevalence))
    shared = 0.0
    if sensitivity.influence is not None and alarms.influence is not None:
        shared = correlation(sensitivity.influence, alarms.influence)

    def of(first: Bounds, second: Bounds) -> Bounds:
        # A sum is the difference to the negative.
        one = Bounds(weights[0] * first.low, weights[0] * first.high, first.method)
        two = Bounds(-weights[1] * second.high, -weights[1] * second.low, second.method)
        values = weights[0] * sensitivity.value, -weights[1] * alarms.value
        return mover_difference(values[0], one, values[1], two, correlation=-shared).clipped(0.0, 100.0)

    return _made(
        sensitivity,
        alarms,
        value=weights[0] * sensitivity.value + weights[1] * alarms.value,
        bounds=lambda level: of(sensitivity.bounds(level), alarms.bounds(level)),
        gating=lambda level: of(
            (sensitivity.gating or sensitivity.bounds)(level), (alarms.gating or alarms.bounds)(level)
        ),
        source="Zou and Donner, Stat. Med. 27 (2008) 1693",
    )


def _made(
    first: Estimate, second: Estimate, *, value: float, bounds: Interval, gating: Interval, source: str | None
) -> Estimate:
    return replace(
        first,
        value=value,
        n=first.n + second.n,
        n_clusters=first.n_clusters + second.n_clusters,
        events=None,
        bounds=remembered(bounds),
        gating=remembered(gating),
        influence=None,
        method=Method(name="from the rates of both classes", parameters={}, source=source),
    )


def prevalence_without_labels(sites: Sites) -> Iterator[Measurement]:
    """Estimate the prevalence of the other population from its flags, and compare it with the observed one."""
    metric, n = described.ESTIMATED_PREVALENCE, sites.there.dataset.n
    contrast = {
        "estimand": "difference",
        "variant": "estimated without labels",
        "reference_variant": "observed",
    }
    found = [
        sites.estimate(metrics.SELECTION_RATE, sites.there, {}),
        sites.estimate(metrics.SENSITIVITY, sites.here, {}),
        sites.estimate(metrics.FALSE_POSITIVE_RATE, sites.here, {}),
        sites.estimate(metrics.PREVALENCE, sites.there, {}),
    ]
    reason = next((each for each in found if isinstance(each, str)), None)
    known = [
        (each.value, each.influence) for each in found if isinstance(each, Estimate) and each.influence is not None
    ]
    if reason is None:
        flagged, sensitivity, alarms, observed = known
        patients = tuple(site.data.patients(site.data.usable) for site in (sites.there, sites.here))
        try:
            estimated = estimated_prevalence(flagged, sensitivity, alarms, patients=(patients[0], patients[1]))
        except ValueError as error:
            reason = str(error)
    if reason is not None:
        yield sites.record(metric, reason, n)
        yield sites.record(metric, reason, n, **contrast)
        return
    words = {"method": "flags corrected for the errors made in the scored population", "source": metric.source}
    yield sites.record(metric, sites.combined(estimated, low=0.0, high=1.0, **words), n)
    off = Combined(
        estimated.value - observed[0],
        (estimated.influences[0] - observed[1], estimated.influences[1]),
        estimated.patients,
    )
    yield sites.record(metric, sites.combined(off, low=-1.0, high=1.0, **words), n, **contrast)


def explained_by_mix(sites: Sites, attributes: tuple[str, ...]) -> Iterator[Measurement]:
    """Reweight groups of the scored population to the other's mix, and say what that leaves unexplained.

    For each attribute, and for all together where there are several.
    """
    for each in attributes:
        yield from _explained(sites, Grouping((each,)))
    if len(attributes) > 1:
        yield from _explained(sites, Grouping(attributes))


def _explained(sites: Sites, grouping: Grouping) -> Iterator[Measurement]:
    here, there = sites.here.dataset.name, sites.there.dataset.name
    expected = {"variant": f"on {here}, {grouping.over} mixed as on {there}"}
    rest = {"estimand": "difference", "variant": f"on {there}", "reference_variant": expected["variant"]}
    words = {
        "method": "groups weighted to the mix of the other population",
        "source": "Fleiss, Statistical Methods for Rates and Proportions (1981), chapter 14",
    }
    for metric, positive in ((metrics.SENSITIVITY, True), (metrics.SPECIFICITY, False)):
        n = int(np.sum(sites.there.data.positive == positive))
        found = _mixed(sites, grouping, positive=positive)
        observed = sites.estimate(metric, sites.there, {})
        if isinstance(found, str):
            yield sites.record(metric, found, n, **expected)
            yield sites.record(metric, found, n, **rest)
            continue
        yield sites.record(metric, sites.combined(found, low=0.0, high=1.0, **words), n, **expected)
        if isinstance(observed, str) or observed.influence is None:
            yield sites.record(metric, str(observed), n, **rest)
            continue
        left = Combined(
            observed.value - found.value,
            (-found.influences[0], observed.influence - found.influences[1]),
            found.patients,
        )
        yield sites.record(metric, sites.combined(left, low=-1.0, high=1.0, **words), n, **rest)


def _mixed(sites: Sites, grouping: Grouping, *, positive: bool) -> Combined | str:
    """Mean of the scored population's groups in the other's proportions, of the class that the metric is about."""
    there = sites.there
    of_class = there.data.usable & (there.data.positive == positive)
    cells = [cell for cell in grouping.slices(there.dataset) if recorded(cell)]
    inside = {number: members(cell, there.dataset) & of_class for number, cell in enumerate(cells)}
    total = sum(int(mask.sum()) for mask in inside.values())
    if not total:
        return "the other population has no such sample with recorded groups"
    flagged = sites.here.data.flagged(sites.point)
    right = flagged if positive else ~flagged
    scored = sites.here.data.usable & (sites.here.data.positive == positive)
    values, weights, here = np.zeros(len(cells)), np.zeros(len(cells)), np.zeros(sites.here.data.n_clusters)
    for number, cell in enumerate(cells):
        weights[number] = inside[number].sum() / total
        if weights[number] == 0:
            continue
        mine = members(cell, sites.here.dataset) & scored
        patients = sites.here.data.patients(mine)
        if patients < sites.minimums.events:
            name = ", ".join(cell.values())
            return (
                f"too few patients of the scored population stand for {name}: {patients}, at least"
                f" {sites.minimums.events} are needed"
            )
        outcome = right[mine].astype(np.float64)
        values[number] = outcome.mean()
        codes = sites.here.data.codes[mine]
        here += weights[number] * cluster_sums((outcome - values[number]) / outcome.size, codes, here.size)
    value = float(weights @ values)
    moved = np.zeros(there.dataset.n)
    for number, mask in inside.items():
        moved[mask] = (values[number] - value) / total
    of_mix = cluster_sums(moved, there.data.codes, there.data.n_clusters)
    return Combined(value, (here, of_mix), (sites.here.data.patients(scored), there.data.patients(of_class)))
