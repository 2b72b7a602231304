"""What is gained by answering only where the model is confident, overall and for each group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluators import estimates
from evaluators.comparisons import Key, compare_groups
from evaluators.estimates import Bools, Estimate, remembered
from evaluators.grouping import Slice, distinct_slices, members
from evaluators.records import Recorder
from evaluators.robustness.scene import Scene
from evaluators.robustness.uncertainty import metrics as own
from evaluators.robustness.uncertainty.confidence import Confidence
from governance.evidence.model import Measurement, Method, MetricDescriptor, Scalar
from governance.statistics import selective_prediction as statistics
from governance.statistics.clusters import cluster_codes
from governance.statistics.selective_prediction import RankedErrors, RiskArea

CURVE = tuple(step / 20 for step in range(1, 21))
"""Coverages of the points of the risk-coverage curve."""
_RIGHT, _WRONG = "patients with a right answer", "patients with an error"


@dataclass(frozen=True)
class Selective:
    """Errors of the clean input, ranked by one confidence."""

    scene: Scene
    score: str
    confidence: Confidence

    def measure(self, coverages: tuple[float, ...], risks: tuple[float, ...]) -> Iterator[Measurement]:
        """Give areas, detection of errors, risks at the coverages, coverages at the risks, and the curve."""
        found: dict[tuple[str, str], dict[Key, Estimate | str]] = {}
        for cell in distinct_slices(self.scene.groupings, self.scene.dataset):
            inside = members(cell, self.scene.dataset)
            for metric, variant, answer in self._answers(inside, coverages, risks, everyone=not cell):
                found.setdefault((metric.name, variant), {})[frozenset(cell.items())] = answer
                yield self.record(metric, answer, inside, slice=cell, variant=variant)
        for metric in (own.RISK_COVERAGE_AREA, own.SELECTIVE_RISK):
            for (name, variant), by_slice in found.items():
                for grouping in self.scene.groupings if name == metric.name else ():
                    yield from compare_groups(
                        self._recorder,
                        metric,
                        grouping,
                        self.scene.dataset,
                        by_slice,
                        seed=self.scene.context.settings.seed,
                        variant=variant,
                    )
        yield from self._curve()

    @property
    def _recorder(self) -> Recorder:
        return self.scene.recorder.at(self.scene.decided_at)

    @property
    def _usable(self) -> Bools:
        both: Bools = self.scene.view.decisions.usable & self.confidence.usable
        return both

    def record(self, metric: MetricDescriptor, answer: Estimate | str, inside: Bools, **about: Any) -> Measurement:
        """Record a number of a slice, or the reason why there is none."""
        if isinstance(answer, str):
            return self._recorder.not_measured(metric, answer, n=int(inside.sum()), **about)
        return self._recorder.measured(metric, answer, **about)

    def _answers(
        self, inside: Bools, coverages: tuple[float, ...], risks: tuple[float, ...], *, everyone: bool
    ) -> Iterator[tuple[MetricDescriptor, str, Estimate | str]]:
        yield own.RISK_COVERAGE_AREA, self.score, self._area(inside, excess=False)
        yield own.EXCESS_RISK_COVERAGE_AREA, self.score, self._area(inside, excess=True)
        yield own.ERROR_DETECTION_AUROC, self.score, self._detection(inside)
        for coverage in coverages:
            variant = f"{self.score}, {percent(coverage)} answered"
            yield own.SELECTIVE_RISK, variant, self.risk_at(coverage, inside)
            answered = self._answered(coverage, inside)
            if everyone and isinstance(answered, Estimate):
                answered = estimates.withheld(answered, "the confidence was chosen so that this share is answered")
            yield own.ANSWERED_SHARE, variant, answered
        for risk in risks:
            yield own.COVERAGE_AT_RISK, f"{self.score}, {percent(risk)} wrong", self._coverage_at(risk, inside)

    def _few(self, inside: Bools) -> str | None:
        if self.confidence.reason:
            return self.confidence.reason
        decisions = self.scene.view.decisions
        return self.scene.minimums.missing(decisions.patients(inside & self._usable), [])

    def _left_out(self, inside: Bools) -> dict[str, Scalar]:
        return {"confidence": self.score, "left_out": int(np.sum(inside & ~self._usable))}

    def _ranked(self, inside: Bools) -> RankedErrors:
        decisions, among = self.scene.view.decisions, inside & self._usable
        return RankedErrors.of(self.confidence.values[among], decisions.wrong[among], decisions.codes[among])

    def _area(self, inside: Bools, *, excess: bool) -> Estimate | str:
        reason = self._few(inside)
        if reason:
            return reason
        ranked = self._ranked(inside)
        function = statistics.excess_risk_coverage_area if excess else statistics.risk_coverage_area
        area: RiskArea = function(ranked)
        decisions = self.scene.view.decisions
        metric = own.EXCESS_RISK_COVERAGE_AREA if excess else own.RISK_COVERAGE_AREA
        return Estimate(
            value=area.value,
            n=area.n,
            n_clusters=area.n_clusters,
            events=area.errors,
            bounds=remembered(lambda level: statistics.area_interval(area, level)),
            method=Method(
                name="mean over all coverages of the risk, ties in expectation; influence per patient",
                parameters={**self._left_out(inside), "error_rate": ranked.risk},
                source=metric.source,
            ),
            influence=estimates.over_all_clusters(
                area.influence, decisions.codes[inside & self._usable], decisions.n_clusters
            ),
            gating=remembered(lambda level: statistics.gating_area(area, level)),
        )

    def _detection(self, inside: Bools) -> Estimate | str:
        decisions, among = self.scene.view.decisions, inside & self._usable
        wrong = decisions.wrong
        counts = [(_WRONG, decisions.patients(among & wrong)), (_RIGHT, decisions.patients(among & ~wrong))]
        reason = self._few(inside) or self.scene.minimums.missing(decisions.patients(among), counts)
        if reason:
            return reason
        found = estimates.ranking(
            -self.confidence.values,
            wrong,
            among,
            decisions.codes,
            parameters=self._left_out(inside),
            n_clusters=decisions.n_clusters,
        )
        for what, patients in counts:
            if patients < self.scene.minimums.patients:
                needed = self.scene.minimums.patients
                return estimates.withheld(found, f"only {patients} {what}; an interval of a ranking needs {needed}")
        return found

    def risk_at(self, coverage: float, inside: Bools) -> Estimate | str:
        """Return the share of errors among the samples of a slice that are answered at everyone's confidence."""
        reason = self._few(inside)
        if reason:
            return reason
        decisions, usable = self.scene.view.decisions, self._usable
        everyone = self._ranked(usable)
        part = statistics.answered_at(everyone, coverage, inside[usable])
        among = np.zeros(inside.size, dtype=bool)
        among[usable] = part.answered
        among &= inside
        patients = decisions.patients(among)
        reason = self.scene.minimums.missing(patients, []) if patients else "none of the group is answered"
        if reason:
            return reason
        wrong, codes = decisions.wrong[among].astype(np.float64), decisions.codes[among]
        return Estimate(
            value=float(wrong.mean()),
            n=wrong.size,
            n_clusters=patients,
            events=int(wrong.sum()),
            bounds=remembered(lambda level: statistics.selective_risk_interval(wrong, codes, part.widening, level)),
            method=Method(
                name="share with cluster-adjusted interval, widened for the threshold",
                parameters={
                    **self._left_out(inside),
                    "coverage": round(part.coverage, 6),
                    "lowest_confidence": part.threshold,
                    "widening": round(part.widening, 6),
                },
                source=own.SELECTIVE_RISK.source,
            ),
            influence=estimates.over_all_clusters(part.influence, decisions.codes[usable], decisions.n_clusters),
            gating=remembered(
                lambda level: statistics.selective_risk_interval(wrong, codes, part.widening, level, gating=True)
            ),
        )

    def _answered(self, coverage: float, inside: Bools) -> Estimate | str:
        reason = self._few(inside)
        if reason:
            return reason
        decisions, usable = self.scene.view.decisions, self._usable
        answered = np.zeros(inside.size, dtype=bool)
        answered[usable] = statistics.answered_at(self._ranked(usable), coverage).answered
        return estimates.proportion(
            answered,
            inside & usable,
            decisions.codes,
            name="share with cluster-adjusted interval; everyone's threshold counts as known",
            parameters=self._left_out(inside),
            n_clusters=decisions.n_clusters,
        )

    def _coverage_at(self, risk: float, inside: Bools) -> Estimate | str:
        reason = self._few(inside)
        if reason:
            return reason
        ranked = self._ranked(inside)
        return Estimate(
            value=statistics.coverage_at_risk(ranked, risk),
            n=ranked.n,
            n_clusters=int(np.unique(ranked.codes).size),
            events=None,
            bounds=remembered(lambda level: statistics.coverage_at_risk_interval(ranked, risk, level)),
            method=Method(
                name="largest coverage of the sample; the interval inverts those of the risk",
                parameters={**self._left_out(inside), "risk": risk},
                source=own.COVERAGE_AT_RISK.source,
            ),
        )

    def _curve(self) -> Iterator[Measurement]:
        """Give the points of the risk-coverage curve, for everyone and every group by its own ranking."""
        for cell in distinct_slices(self.scene.groupings, self.scene.dataset):
            inside = members(cell, self.scene.dataset)
            if self._few(inside):
                continue  # the area of this slice says why
            ranked = self._ranked(inside)
            for coverage in CURVE:
                yield from self._point(ranked, coverage, cell)

    def _point(self, ranked: RankedErrors, coverage: float, cell: Slice) -> Iterator[Measurement]:
        part = statistics.answered_at(ranked, coverage)
        wrong, codes = ranked.error[part.answered], cluster_codes(ranked.codes[part.answered])
        if int(codes.max()) + 1 < self.scene.minimums.patients:
            return
        estimate = Estimate(
            value=float(wrong.mean()),
            n=wrong.size,
            n_clusters=int(codes.max()) + 1,
            events=int(wrong.sum()),
            bounds=lambda level: statistics.selective_risk_interval(wrong, codes, part.widening, level),
            method=Method(
                name="share with cluster-adjusted interval, widened for the threshold",
                parameters={"confidence": self.score, "coverage": round(part.coverage, 6)},
                source=own.SELECTIVE_RISK.source,
            ),
        )
        curve = {"coverage": coverage}
        yield self._recorder.measured(own.SELECTIVE_RISK, estimate, slice=cell, variant=self.score, curve=curve)


def percent(share: float) -> str:
    """Return a share in words: ``80 %``."""
    return f"{100 * share:g} %"
