"""How the model does in the other population, and how that differs from the scored one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evaluators import estimates, families, metrics
from evaluators.estimates import Estimate
from evaluators.families import Contrast
from evaluators.grouping import Slice, members, pairs, recorded
from evaluators.robustness.shift.metrics import COMPARED, GAP_SHIFTS
from evaluators.robustness.shift.sites import Sites
from governance.evidence.model import Measurement, Method, MetricDescriptor
from governance.statistics.bounds import Bounds
from governance.statistics.differences import mover_difference

SOURCE = "Newcombe, Stat. Med. 17 (1998) 873; Zou and Donner, Stat. Med. 27 (2008) 1693"


def performance(sites: Sites) -> Iterator[Measurement]:
    """Measure each slice of the other population, its change, and the change of every gap between groups."""
    for cell in sites.slices():
        n = int(members(cell, sites.there.dataset).sum())
        for metric in (metrics.PREVALENCE, *COMPARED):
            there, here = (sites.estimate(metric, site, cell) for site in (sites.there, sites.here))
            yield sites.record(metric, there, n, slice=cell)
            yield sites.record(metric, _change(there, here), n, slice=cell, **sites.contrast)
    for grouping in sites.groupings:
        cells = [cell for cell in sites.common(grouping) if recorded(cell)]
        for cell, reference in pairs(cells):
            for metric in COMPARED:
                yield _gap(sites, metric, cell, reference)


def _change(there: Estimate | str, here: Estimate | str) -> Estimate | str:
    if isinstance(there, str):
        return there
    if isinstance(here, str):
        return f"in the scored population: {here}"
    contrast = families.difference(_alone(there), _alone(here), limit=1.0)
    return _estimate(contrast, there, here.n, here.n_clusters)


def _gap(sites: Sites, metric: MetricDescriptor, cell: Slice, reference: Slice) -> Measurement:
    about = {"slice": cell, "reference": reference, **sites.contrast}
    found = [[sites.estimate(metric, site, each) for each in (cell, reference)] for site in (sites.there, sites.here)]
    n = int(members(cell, sites.there.dataset).sum())
    names = (sites.there.dataset.name, sites.here.dataset.name)
    known: list[list[Estimate]] = []
    for name, pair in zip(names, found, strict=True):
        reason = next((each for each in pair if isinstance(each, str)), None)
        if reason:
            return sites.record(GAP_SHIFTS[metric.name], f"in {name}: {reason}", n, **about)
        known.append([each for each in pair if isinstance(each, Estimate)])
    there, here = (families.difference(first, second, limit=1.0) for first, second in known)

    def between(level: float, *, gating: bool) -> Bounds:
        ends = [(each.gating if gating else each.bounds)(level) for each in (there, here)]
        return mover_difference(there.value, ends[0], here.value, ends[1]).clipped(-2.0, 2.0)

    contrast = Contrast(
        there.value - here.value,
        estimates.remembered(lambda level: between(level, gating=False)),
        estimates.remembered(lambda level: between(level, gating=True)),
        None,
    )
    (first, second), others = known
    whole = replace(first, n=first.n + second.n, n_clusters=first.n_clusters + second.n_clusters)
    estimate = _estimate(contrast, whole, sum(e.n for e in others), sum(e.n_clusters for e in others))
    return sites.record(GAP_SHIFTS[metric.name], estimate, n, **about)


def _alone(estimate: Estimate) -> Estimate:
    """Other patients share no influence."""
    return replace(estimate, influence=None)


def _estimate(contrast: Contrast, there: Estimate, n_here: int, clusters_here: int) -> Estimate:
    return replace(
        there,
        value=contrast.value,
        bounds=contrast.bounds,
        gating=contrast.gating,
        influence=None,
        events=None,
        method=Method(
            name="difference between populations without a patient in common",
            parameters={"scored_n": n_here, "scored_patients": clusters_here},
            source=SOURCE,
        ),
    )
