"""What follows: predictive values at a prevalence, prevalence without labels, and what the mix of groups explains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluators import at_prevalence, metrics
from evaluators.at_prevalence import RATES
from evaluators.estimates import Estimate
from evaluators.grouping import Grouping, members, recorded
from evaluators.robustness.shift import metrics as described
from evaluators.robustness.shift.sites import Sites
from governance.evidence.model import Measurement
from governance.statistics.clusters import cluster_sums
from governance.statistics.shift import Combined, estimated_prevalence


def at_prevalences(sites: Sites, prevalences: tuple[float, ...]) -> Iterator[Measurement]:
    """Give predictive values and flags per 100 of the other population at each prevalence, for everyone and groups."""
    for cell in sites.slices() if prevalences else ():
        found = [sites.estimate(rate, sites.there, cell) for rate in RATES]
        n = int(members(cell, sites.there.dataset).sum())
        for metric, prevalence, estimate in at_prevalence.estimates(found, prevalences):
            yield sites.record(metric, estimate, n, slice=cell, curve={"prevalence": prevalence})


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
