"""Every metric of one group of patients, as estimates that can be recorded, compared and combined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import (
    THRESHOLD_METRICS,
    Predictions,
    auroc_estimate,
    both_classes,
    left_out,
    ranked_by_enough,
    threshold_estimate,
)
from evaluators.estimates import Bools, Estimate, remembered
from evaluators.fairness import calibration
from evaluators.fairness import groups_descriptors as own
from evaluators.grouping import Minimums
from governance.evidence.model import Method, MetricDescriptor, OperatingPoint, Scalar
from governance.spec.model import Settings
from governance.statistics import confusion, precision_recall
from governance.statistics.clusters import Integers

ON_SCORES = (
    metrics.PREVALENCE,
    metrics.REJECTED_RATE,
    metrics.AUROC,
    own.AVERAGE_PRECISION,
    own.PARTIAL_AUROC,
    metrics.BRIER_SCORE,
    metrics.CALIBRATION_IN_THE_LARGE,
    metrics.CALIBRATION_SLOPE,
    metrics.EXPECTED_CALIBRATION_ERROR,
    own.CALIBRATION_ERROR_EQUAL_MASS,
    own.CALIBRATION_ERROR_CORRECTED,
)
"""Metrics that do not depend on the operating point."""

SHARE = "share with cluster-adjusted interval"

REJECTED_AS_MISSED = "rejected counted as missed"
"""Variant of the sensitivity: of all who have the condition, with or without a usable output."""


@dataclass(frozen=True)
class GroupMeasures:
    """How the metrics of every group are computed.

    Attributes
    ----------
    bins
        Of the expected calibration errors.
    max_false_positive_rate
        Where the partial AUROC ends.
    threshold_probability
        Of the net benefit.
    """

    data: Predictions
    point: OperatingPoint
    minimums: Minimums
    settings: Settings
    bins: int
    max_false_positive_rate: float
    threshold_probability: float

    def estimate(self, metric: MetricDescriptor, inside: Bools) -> Estimate | str:
        """Estimate a metric of `GROUP_METRICS` in a mask, or say why not."""
        if metric in THRESHOLD_METRICS:
            return threshold_estimate(metric, self.data, inside, self.point, self.minimums)
        found: Mapping[str, Callable[[Bools], Estimate | str]] = {
            metrics.PREVALENCE.name: lambda among: self._share(self.data.positive, among),
            metrics.REJECTED_RATE.name: lambda among: self._share(~self.data.usable, among),
            metrics.BALANCED_ACCURACY.name: self._balanced_accuracy,
            metrics.F1_SCORE.name: self._f1_score,
            own.NET_BENEFIT.name: self._net_benefit,
            metrics.AUROC.name: lambda among: auroc_estimate(self.data, among, self.minimums),
            own.AVERAGE_PRECISION.name: self._average_precision,
            own.PARTIAL_AUROC.name: self._partial_auroc,
        }
        if metric.name in found:
            return found[metric.name](inside)
        return calibration.estimate(
            metric, self.data, inside, bins=self.bins, minimums=self.minimums, settings=self.settings
        )

    def rejected_as_missed(self, inside: Bools) -> Estimate | str:
        """Sensitivity among all who have the condition, those without a usable output counted as missed."""
        among = inside & self.data.present & self.data.positive
        patients = self.data.patients(among)
        reason = self.minimums.missing(
            self.data.patients(inside & self.data.present), [("patients with the condition", patients)]
        )
        if reason:
            return reason
        rejected = int(np.sum(among & ~self.data.usable))
        return self._proportion(self.data.flagged(self.point), among, {"rejected_counted_as_missed": rejected})

    def _share(self, successes: Bools, inside: Bools) -> Estimate | str:
        """Share among all samples of the group, with or without a usable output."""
        among = inside & self.data.present
        return self.minimums.missing(self.data.patients(among), []) or self._proportion(successes, among, {})

    def _proportion(self, successes: Bools, among: Bools, parameters: dict[str, Scalar]) -> Estimate:
        return estimates.proportion(
            successes, among, self.data.codes, name=SHARE, parameters=parameters, n_clusters=self.data.n_clusters
        )

    def _balanced_accuracy(self, inside: Bools) -> Estimate | str:
        scored = inside & self.data.usable
        reason = both_classes(self.data, scored, self.minimums)
        if reason:
            return reason
        found = confusion.balanced_accuracy(*self._counted(scored))
        right = self.data.flagged(self.point) == self.data.positive
        return self._of_shares(found, inside, int(np.sum(scored & right)), source="Brodersen et al., ICPR (2010) 3121")

    def _f1_score(self, inside: Bools) -> Estimate | str:
        scored = inside & self.data.usable
        either = scored & (self.data.positive | self.data.flagged(self.point))
        reason = self.minimums.missing(
            self.data.patients(scored),
            [("patients with the condition or flagged by the model", self.data.patients(either))],
        )
        if reason:
            return reason
        return self._of_shares(
            confusion.f1_score(*self._counted(scored)),
            inside,
            int(np.sum(scored & self.data.positive)),
            source="van Rijsbergen, Information Retrieval (1979), chapter 7",
        )

    def _net_benefit(self, inside: Bools) -> Estimate | str:
        scored = inside & self.data.usable
        reason = self.minimums.missing(self.data.patients(scored), [])
        if reason:
            return reason
        if not 0 < self.threshold_probability < 1:
            return f"a net benefit needs a threshold probability between 0 and 1, not {self.threshold_probability:g}"
        found = confusion.net_benefit(*self._counted(scored), self.threshold_probability)
        estimate = self._of_shares(
            found,
            inside,
            int(np.sum(scored & self.data.positive)),
            source="Vickers and Elkin, Med. Decis. Making 26 (2006) 565",
        )
        parameters = {**estimate.method.parameters, "threshold_probability": self.threshold_probability}
        return replace(estimate, method=estimate.method.model_copy(update={"parameters": parameters}))

    def _counted(self, scored: Bools) -> tuple[Bools, Bools, Integers]:
        return self.data.flagged(self.point)[scored], self.data.positive[scored], self.data.codes[scored]

    def _of_shares(self, found: confusion.RatioEstimate, inside: Bools, events: int, *, source: str) -> Estimate:
        return estimates.ratio(
            found,
            self.data.codes[inside & self.data.usable],
            events=events,
            parameters=left_out(self.data, inside),
            n_clusters=self.data.n_clusters,
            source=source,
        )

    def _average_precision(self, inside: Bools) -> Estimate | str:
        scored = inside & self.data.usable
        reason = both_classes(self.data, scored, self.minimums)
        if reason:
            return reason
        found = precision_recall.average_precision(
            self.data.score[scored], self.data.positive[scored], self.data.codes[scored]
        )
        return self._of_ranking(
            found,
            inside,
            bounds=lambda level: precision_recall.average_precision_interval(found, level),
            gating=lambda level: precision_recall.gating_average_precision(found, level),
            parameters={"prevalence": found.prevalence},
            source="Boyd, Eng and Page, ECML PKDD (2013) 451",
        )

    def _partial_auroc(self, inside: Bools) -> Estimate | str:
        scored = inside & self.data.usable
        reason = both_classes(self.data, scored, self.minimums)
        if reason:
            return reason
        found = precision_recall.partial_auroc(
            self.data.score[scored], self.data.positive[scored], self.data.codes[scored], self.max_false_positive_rate
        )
        return self._of_ranking(
            found,
            inside,
            bounds=lambda level: precision_recall.partial_auroc_interval(found, level),
            gating=lambda level: precision_recall.gating_partial_auroc(found, level),
            parameters={"max_false_positive_rate": self.max_false_positive_rate, "scale": "McClish"},
            source="McClish, Med. Decis. Making 9 (1989) 190; Dodd and Pepe, Biometrics 59 (2003) 614",
        )

    def _of_ranking(
        self,
        found: precision_recall.RankingEstimate,
        inside: Bools,
        *,
        bounds: estimates.Interval,
        gating: estimates.Interval,
        parameters: dict[str, Scalar],
        source: str,
    ) -> Estimate:
        scored = inside & self.data.usable
        estimate = Estimate(
            value=found.value,
            n=found.n,
            n_clusters=found.n_clusters,
            events=int(np.sum(scored & self.data.positive)),
            bounds=remembered(bounds),
            method=Method(
                name="over all thresholds, with the influence of every patient",
                parameters={**left_out(self.data, inside), **parameters},
                source=source,
            ),
            influence=estimates.over_all_clusters(found.influence, self.data.codes[scored], self.data.n_clusters),
            gating=remembered(gating),
        )
        return ranked_by_enough(estimate, self.data, inside & self.data.usable, self.minimums)
