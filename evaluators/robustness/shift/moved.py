"""Which part of the population moved: the mix of groups, the outcome within groups, the inputs within both.

The names follow P(A), P(Y | A) and P(X | Y, A): attributes, outcome, inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from evaluators.estimates import Bools, Estimate, remembered
from evaluators.features import Features
from evaluators.robustness.shift import metrics as described
from evaluators.robustness.shift.options import ShiftOptions
from evaluators.robustness.shift.sites import Sites
from evaluators.telling_groups import cross_validated
from governance.datasets.protocol import NOT_RECORDED
from governance.evidence.model import Measurement, Method
from governance.statistics.agreement import agreement
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, Integers
from governance.statistics.shift import adjusted_difference, stratified_permutation, stratified_ranking

CHI_SQUARED = "chi-squared test of homogeneity, one sample a patient"


@dataclass(frozen=True)
class Pooled:
    """Both populations one after the other, all arrays (n,)."""

    there: Bools
    positive: Bools
    score: Floats
    usable: Bools
    codes: Integers
    groups: dict[str, np.ndarray[tuple[int], np.dtype[np.str_]]]

    @classmethod
    def of(cls, sites: Sites, attributes: tuple[str, ...]) -> Pooled:
        """Join the populations; patients of one are never those of the other."""
        both = (sites.here, sites.there)
        lengths = [site.dataset.n for site in both]
        shifted = [sites.here.data.codes, sites.there.data.codes + sites.here.data.n_clusters]
        return cls(
            there=np.repeat([False, True], lengths),
            positive=np.concatenate([site.data.positive for site in both]),
            score=np.concatenate([site.data.score for site in both]),
            usable=np.concatenate([site.data.usable for site in both]),
            codes=np.concatenate(shifted),
            groups={
                name: np.concatenate([site.dataset.frame[name].to_numpy(dtype=str) for site in both])
                for name in attributes
            },
        )

    @property
    def known(self) -> Bools:
        """Samples of which all attributes are recorded."""
        found = np.ones(self.there.size, dtype=bool)
        for values in self.groups.values():
            found &= values != NOT_RECORDED
        return found

    @property
    def cell(self) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
        """The joint group of each sample."""
        if not self.groups:
            return np.full(self.there.size, "everyone")
        return np.array([", ".join(values) for values in zip(*self.groups.values(), strict=True)])


def moved(
    sites: Sites,
    own: ShiftOptions,
    attributes: tuple[str, ...],
    *,
    seed: int,
    features: tuple[Features, Features] | None,
) -> Iterator[Measurement]:
    """Measure and test what moved.

    Parameters
    ----------
    features
        Of the scored and of the other population; None where only the model's score is looked at.
    """
    pooled = Pooled.of(sites, attributes)
    for name in attributes:
        yield _attribute(sites, pooled, name, seed)
    yield _outcome(sites, pooled, own, seed)
    among = pooled.known & pooled.usable
    yield _inputs(sites, pooled, among, np.where(among, pooled.score, 0.0), variant="model score")
    if features is not None:
        usable = np.concatenate([each.usable for each in features]) & pooled.known
        values = np.concatenate([each.values for each in features])
        score = np.zeros(usable.size)
        told = cross_validated(values[usable], pooled.there[usable], pooled.codes[usable], folds=own.folds, seed=seed)
        score[usable] = told.scores[:, 1]
        yield _inputs(sites, pooled, usable, score, variant="features")


def _attribute(sites: Sites, pooled: Pooled, name: str, seed: int) -> Measurement:
    metric, curve = described.ATTRIBUTE_SHIFT, {"attribute": name}
    among = pooled.groups[name] != NOT_RECORDED
    group, there, codes = pooled.groups[name][among], pooled.there[among], pooled.codes[among]
    reason = _too_few(sites, there, codes)
    if reason is None and np.unique(group).size < 2:
        reason = f"both populations hold the same single group of {name}"
    if reason:
        return sites.recorder.not_measured(metric, reason, curve=curve, n=int(among.sum()))
    found = partial(agreement, group, there, codes, "Cramér's V", seed=seed)
    whole = found(level=sites.recorder.level)

    def bounds(level: float) -> Bounds:
        return found(level=level).bounds

    estimate = Estimate(
        value=whole.value,
        n=whole.n,
        n_clusters=whole.n_clusters,
        events=None,
        bounds=remembered(bounds),
        method=Method(
            name="Cramér's V of population and attribute",
            parameters={"not_recorded_left_out": int((~among).sum())},
            source=metric.source,
        ),
    )
    return sites.recorder.measured(
        metric, estimate, curve=curve, p_value=_chi_squared(group, there, codes), test=CHI_SQUARED
    )


def _chi_squared(group: np.ndarray, there: Bools, codes: Integers) -> float:
    """p-value on the first sample of every patient."""
    from scipy.stats import chi2_contingency

    first = np.unique(codes, return_index=True)[1]
    names, columns = np.unique(group[first], return_inverse=True)
    table = np.zeros((2, names.size))
    np.add.at(table, (there[first].astype(int), columns), 1.0)
    return float(chi2_contingency(table, correction=False).pvalue) if names.size > 1 else 1.0


def _outcome(sites: Sites, pooled: Pooled, own: ShiftOptions, seed: int) -> Measurement:
    metric, among = described.OUTCOME_SHIFT, pooled.known
    there, codes, cell = pooled.there[among], pooled.codes[among], pooled.cell[among]
    outcome = pooled.positive[among].astype(np.float64)
    reason = _too_few(sites, there, codes)
    if reason:
        return sites.recorder.not_measured(metric, reason, n=int(among.sum()))
    try:
        found = adjusted_difference(outcome, there, cell, codes)
        test = stratified_permutation(outcome, there, cell, codes, permutations=own.permutations, seed=seed)
    except ValueError as error:
        return sites.recorder.not_measured(metric, str(error), n=int(among.sum()))
    estimate = sites.combined(
        found,
        method="Mantel-Haenszel weighted difference of prevalence within groups",
        source=metric.source,
        low=-1.0,
        high=1.0,
        groups=test.strata,
        not_recorded_left_out=int((~among).sum()),
    )
    return sites.recorder.measured(metric, estimate, p_value=test.p_value, test=test.method)


def _inputs(sites: Sites, pooled: Pooled, among: Bools, score: Floats, *, variant: str) -> Measurement:
    metric = described.INPUT_SHIFT
    there, codes = pooled.there[among], pooled.codes[among]
    reason = _too_few(sites, there, codes)
    if reason:
        return sites.recorder.not_measured(metric, reason, variant=variant, n=int(among.sum()))
    outcome = np.where(pooled.positive[among], "with", "without")
    strata = np.char.add(np.char.add(pooled.cell[among].astype(str), ": "), outcome)
    try:
        found, used = stratified_ranking(score[among], there, strata, codes)
        p_value = found.p_value(0.5)
    except ValueError as error:
        return sites.recorder.not_measured(metric, str(error), variant=variant, n=int(among.sum()))
    estimate = sites.combined(
        found,
        method=f"AUROC of the population by {variant}, weighted mean over strata",
        source=metric.source,
        low=0.0,
        high=1.0,
        strata=used,
        left_out=int((~among).sum()),
    )
    test = "Student's t test of 0.5 on the stratified AUROC, clustered"
    return sites.recorder.measured(metric, estimate, variant=variant, p_value=p_value, test=test)


def _too_few(sites: Sites, there: Bools, codes: Integers) -> str | None:
    for side, site in ((~there, sites.here), (there, sites.there)):
        reason = sites.minimums.missing(int(np.unique(codes[side]).size), [])
        if reason:
            return f"in {site.dataset.name}: {reason}"
    return None
