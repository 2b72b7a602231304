"""The gaps of a grouping, measured from the values of its groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from evaluators import metrics
from evaluators.comparisons import Compared, Estimates, span_of
from evaluators.estimates import Estimate, remembered
from evaluators.fairness import gaps
from evaluators.fairness import gaps_descriptors as own
from evaluators.families import Family
from evaluators.grouping import Grouping
from evaluators.records import Recorder
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement, Method, MetricDescriptor, Scalar

ODDS = (metrics.SENSITIVITY, metrics.FALSE_POSITIVE_RATE)

BASES: Mapping[str, tuple[MetricDescriptor, ...]] = {
    own.DEMOGRAPHIC_PARITY_DIFFERENCE.name: (metrics.SELECTION_RATE,),
    own.DEMOGRAPHIC_PARITY_RATIO.name: (metrics.SELECTION_RATE,),
    own.EQUAL_OPPORTUNITY_DIFFERENCE.name: (metrics.SENSITIVITY,),
    own.EQUALIZED_ODDS_DIFFERENCE_MAX.name: ODDS,
    own.EQUALIZED_ODDS_DIFFERENCE_MEAN.name: ODDS,
    own.PREDICTIVE_PARITY_DIFFERENCE.name: (metrics.POSITIVE_PREDICTIVE_VALUE,),
    own.CALIBRATION_GAP.name: (metrics.CALIBRATION_IN_THE_LARGE,),
    own.AUROC_GAP.name: (metrics.AUROC,),
    own.FAIRMEDFM_EO.name: (metrics.SENSITIVITY,),
    own.FAIRMEDFM_EOD.name: ODDS,
    own.EQUITY_SCALED_AUROC_STD.name: (metrics.AUROC,),
    own.EQUITY_SCALED_AUROC_DEVIATION.name: (metrics.AUROC,),
    own.EQUITY_SCALED_ACCURACY_STD.name: (metrics.ACCURACY,),
    own.EQUITY_SCALED_ACCURACY_DEVIATION.name: (metrics.ACCURACY,),
    own.AUROC_DISPARITY_STD.name: (metrics.AUROC,),
    own.AUROC_DISPARITY_RANGE.name: (metrics.AUROC,),
    own.ACCURACY_DISPARITY_STD.name: (metrics.ACCURACY,),
    own.ACCURACY_DISPARITY_RANGE.name: (metrics.ACCURACY,),
}
"""The metrics of groups that each gap is made of."""

ON_SCORES = (metrics.AUROC, metrics.CALIBRATION_IN_THE_LARGE)
"""Those of `BASES` that do not depend on the operating point."""

_SOURCE = "Hothorn, Bretz and Westfall, Biom. J. 50 (2008) 346; Zou and Donner, Stat. Med. 27 (2008) 1693"


@dataclass(frozen=True)
class GroupingGaps:
    """All gaps of one grouping.

    Attributes
    ----------
    found
        The estimates of every slice by the name of the metric, `{}` being everyone.
    """

    recorder: Recorder
    at_point: Recorder
    grouping: Grouping
    dataset: DatasetInfo
    found: Mapping[str, Estimates]
    seed: int

    def measure(self) -> Iterator[Measurement]:
        """Give every gap, or the reason why there is none."""
        for metric in own.GAP_METRICS:
            bases = BASES[metric.name]
            recorder = self.recorder if bases[0] in ON_SCORES else self.at_point
            made = self._gap(metric, bases)
            if isinstance(made, str):
                yield recorder.not_measured(metric, made, over=self.grouping.over)
            else:
                yield recorder.measured(metric, self._estimate(made, bases), over=self.grouping.over)

    @cached_property
    def _compared(self) -> dict[str, Compared]:
        names = {base.name: base for bases in BASES.values() for base in bases}
        return {
            name: Compared.of(self.recorder, base, self.grouping, self.dataset, self.found[name], seed=self.seed)
            for name, base in names.items()
        }

    @cached_property
    def _spreads(self) -> dict[str, gaps.Spread]:
        """Spreads of the metrics of which at least two groups have a value."""
        made = {}
        for name, compared in self._compared.items():
            usable = compared.usable()
            if len(usable) >= 2:
                whole = self.found[name].get(frozenset())
                made[name] = gaps.Spread(
                    groups=tuple(estimate for _, estimate in usable),
                    unknown=len(compared.cells) - len(usable),
                    span=span_of(compared.metric),
                    seed=self.seed,
                    whole=whole if isinstance(whole, Estimate) else None,
                )
        return made

    @cached_property
    def _odds(self) -> Family:
        first, second = (self._spreads[base.name] for base in ODDS)
        return Family((*first.family.influences, *second.family.influences), self.seed)

    def _gap(self, metric: MetricDescriptor, bases: tuple[MetricDescriptor, ...]) -> gaps.Gap | str:
        for base in bases:
            if self._compared[base.name].reason is not None:
                return str(self._compared[base.name].reason)
            if base.name not in self._spreads:
                return f"fewer than two groups have enough patients for a value of: {base.title.lower()}"
        try:
            return self._make(metric, self._spreads[bases[0].name], self._spreads[bases[-1].name])
        except ValueError as error:
            return str(error)

    def _make(self, metric: MetricDescriptor, first: gaps.Spread, last: gaps.Spread) -> gaps.Gap:
        name = metric.name
        if name == own.DEMOGRAPHIC_PARITY_RATIO.name:
            return gaps.smallest_ratio(first)
        if name == own.EQUALIZED_ODDS_DIFFERENCE_MAX.name:
            return gaps.largest_difference(first, last, family=self._odds)
        if name == own.EQUALIZED_ODDS_DIFFERENCE_MEAN.name:
            return gaps.mean_difference(first, last, family=self._odds)
        if name == own.FAIRMEDFM_EOD.name:
            return gaps.mean_difference(first, last, family=self._odds, score=True)
        relative: Mapping[str, Callable[[gaps.Spread], gaps.Gap]] = {
            own.EQUITY_SCALED_AUROC_STD.name: gaps.scaled_by_std,
            own.EQUITY_SCALED_ACCURACY_STD.name: gaps.scaled_by_std,
            own.EQUITY_SCALED_AUROC_DEVIATION.name: gaps.scaled_by_deviation,
            own.EQUITY_SCALED_ACCURACY_DEVIATION.name: gaps.scaled_by_deviation,
            own.AUROC_DISPARITY_STD.name: gaps.relative_std,
            own.ACCURACY_DISPARITY_STD.name: gaps.relative_std,
            own.AUROC_DISPARITY_RANGE.name: gaps.relative_range,
            own.ACCURACY_DISPARITY_RANGE.name: gaps.relative_range,
        }
        if name in relative:
            return relative[name](first)
        return gaps.largest_difference(first, family=first.family)

    def _estimate(self, gap: gaps.Gap, bases: tuple[MetricDescriptor, ...]) -> Estimate:
        compared = self._compared[bases[0].name]
        usable = compared.usable()
        parameters: dict[str, Scalar] = {
            "groups": len(compared.cells),
            "groups_without_value": len(compared.cells) - min(len(self._compared[b.name].usable()) for b in bases),
        }
        if len(bases) == 1:
            ranked = sorted(usable, key=lambda item: item[1].value)
            parameters["lowest"], parameters["highest"] = (", ".join(ranked[end][0].values()) for end in (0, -1))
        influence = usable[0][1].influence
        clusters = sum(estimate.n_clusters for _, estimate in usable)
        return Estimate(
            value=gap.value,
            n=sum(estimate.n for base in bases for _, estimate in self._compared[base.name].usable()),
            n_clusters=clusters if influence is None else min(clusters, influence.size),
            events=None,
            bounds=remembered(gap.bounds),
            method=Method(name="over all groups that have a value", parameters=parameters, source=_SOURCE),
            gating=remembered(gap.gating),
        )
