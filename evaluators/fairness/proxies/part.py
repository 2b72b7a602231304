"""Groups found in features, how the model does in each, how stable they are and what known attributes they follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import auroc_estimate, threshold_estimate
from evaluators.comparisons import Compared
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.descriptors import FairnessOptions
from evaluators.fairness.proxies import options as described
from evaluators.fairness.proxies.clustering import PART_OF_PATIENTS, UNASSIGNED, Clustering, Stability, stability
from evaluators.fairness.proxies.options import FOUND_GROUPS, SMALLEST_GROUP, ProxyOptions
from evaluators.fairness.scene import Scene
from evaluators.features import ALL_ALIKE, Features, asked_features, features_need
from evaluators.grouping import Grouping, members
from evaluators.records import Recorder
from evaluators.requirements import named_dataset
from governance.datasets.protocol import NOT_RECORDED, AttributeInfo, DatasetInfo
from governance.errors import InputError, near_name
from governance.evidence.model import Interval, Measurement, Method, MetricDescriptor, Scalar
from governance.harness.protocols import EvaluationContext, Need
from governance.statistics.agreement import Measure, adjusted_mutual_information, agreement, counts, cramers_v
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import cluster_codes, count_clusters

PROXY_GROUP = "proxy group"
"""The attribute that the groups found in the features are of."""
UNASSIGNED_NAME = "unassigned"
"""The group of samples that a density-based method puts into no group."""

_VALUES: tuple[tuple[MetricDescriptor, MetricDescriptor], ...] = (
    (described.SENSITIVITY, metrics.SENSITIVITY),
    (described.SPECIFICITY, metrics.SPECIFICITY),
    (described.AUROC, metrics.AUROC),
)
_VALIDITY: tuple[tuple[MetricDescriptor, Measure], ...] = (
    (described.CRAMERS_V, "Cramér's V"),
    (described.AMI, "adjusted mutual information"),
)
_EVALUATOR = "fairness"


def needs(context: EvaluationContext, options: FairnessOptions) -> Iterable[Need]:
    """Ask for the features of the scored dataset, and of the one that the groups are found in."""
    own = _own(options)
    scored = named_dataset(context, options.on, evaluator=_EVALUATOR)
    for attribute in own.validate_against:
        if attribute not in scored.attributes:
            raise InputError(
                f"evaluate.fairness.proxies.validate_against: dataset '{scored.name}' has no attribute '{attribute}'",
                hint=near_name(attribute, scored.attributes),
            )
    if PROXY_GROUP in scored.attributes:
        raise InputError(
            f"datasets.{scored.name}: an attribute must not be called '{PROXY_GROUP}' besides proxy groups",
            hint="give the attribute another name",
        )
    yield asked_features(context, options.on, own.features, part="proxies")
    if own.fit_on is not None:
        named_dataset(context, own.fit_on, evaluator=_EVALUATOR, key="proxies.fit_on")
        yield asked_features(context, own.fit_on, own.features, part="proxies")


def measure(scene: Scene) -> Iterator[Measurement]:
    """Find the groups, then measure shares and performance, stability, and validity against known attributes."""
    own = _own(scene.options)
    features = Features.of(scene.observations.table(features_need(scene.dataset.name, own.features)), scene.dataset)
    source, fitted = scene.dataset, features
    if own.fit_on is not None and own.fit_on != scene.dataset.name:
        source = scene.context.datasets[own.fit_on]
        fitted = Features.of(scene.observations.table(features_need(source.name, own.features)), source)
    clustering = Clustering(
        method=own.method,
        groups=own.groups or FOUND_GROUPS,
        smallest_group=own.smallest_group or SMALLEST_GROUP,
        components=min(own.components, features.values.shape[1]),
    )
    reason = _too_few(scene, clustering, source, fitted)
    if reason is not None:
        yield from _nothing(scene, own, reason)
        return
    placed = None if source is scene.dataset else features.values[features.usable]
    labels = np.full(scene.dataset.n, NOT_RECORDED, dtype=object)
    found = clustering.labels(fitted.values[fitted.usable], placed, seed=scene.context.settings.seed)
    labels[features.usable] = [UNASSIGNED_NAME if label == UNASSIGNED else str(label) for label in found]
    part = _Part(scene, _with_groups(scene.dataset, labels), clustering, source)
    yield from part.performance()
    codes = cluster_codes(source.frame["cluster"].to_numpy(dtype=str)[fitted.usable])
    agreement = stability(
        clustering,
        fitted.values[fitted.usable],
        codes,
        placed,
        seeds=own.seeds,
        seed=scene.context.settings.seed,
    )
    yield part.stability(agreement, features.usable)
    for attribute in own.validate_against:
        yield from part.validity(attribute)


@dataclass(frozen=True)
class _Part:
    """The scored dataset with its proxy groups as an attribute."""

    scene: Scene
    dataset: DatasetInfo
    clustering: Clustering
    source: DatasetInfo

    @property
    def parameters(self) -> dict[str, Scalar]:
        """How the groups were found."""
        return {"groups_by": self.clustering.describe(), "groups_found_in": self.source.name}

    def performance(self) -> Iterator[Measurement]:
        """Share, prevalence and performance of every group, and the worst group of each metric."""
        scene, grouping = self.scene, Grouping((PROXY_GROUP,))
        cells = [(cell, members(cell, self.dataset)) for cell in grouping.slices(self.dataset)]
        everyone = np.ones(self.dataset.n, dtype=bool)
        for cell, inside in cells:
            yield self._share(described.SHARE, inside, everyone, inside, cell)
            yield self._share(described.PREVALENCE, scene.data.positive, inside, inside, cell)
        for metric, plain in _VALUES:
            found = {frozenset(cell.items()): self._value(plain, inside) for cell, inside in cells}
            recorder, seed = _recorder(scene, metric), scene.context.settings.seed
            compared = Compared.of(recorder, metric, grouping, self.dataset, found, seed=seed)
            jointly = compared.simultaneous
            for cell, inside in cells:
                key = frozenset(cell.items())
                yield self._record(metric, found[key], inside, cell, simultaneous=jointly.get(key))
            yield compared.worst()

    def stability(self, found: Stability, placed: Bools) -> Measurement:
        """Agreement of several fits."""
        data, pairs = self.scene.data, found.pairs
        estimate = Estimate(
            value=found.value,
            n=int(placed.sum()),
            n_clusters=data.patients(placed),
            events=None,
            bounds=found.interval,
            method=Method(
                name="mean adjusted Rand index of pairs of fits",
                parameters={
                    **self.parameters,
                    "fits": len(found.agreement),
                    "pairs": int(pairs.size),
                    "part_of_patients": PART_OF_PATIENTS,
                    "lowest": round(float(pairs.min()), 6),
                    "highest": round(float(pairs.max()), 6),
                },
                source="Ben-Hur et al., Pac. Symp. Biocomput. (2002) 6; Arvesen, Ann. Math. Stat. 40 (1969) 2076",
            ),
        )
        return self.scene.recorder.measured(described.STABILITY, estimate, curve={"fits": len(found.agreement)})

    def validity(self, attribute: str) -> Iterator[Measurement]:
        """Association of the groups with a known attribute, where that is recorded."""
        recorder, about = self.scene.recorder, {"attribute": attribute}
        group, known = (self.dataset.frame[name].to_numpy(dtype=str) for name in (PROXY_GROUP, attribute))
        there = (group != NOT_RECORDED) & (known != NOT_RECORDED)
        reason = self.scene.minimums.missing(self.scene.data.patients(there), [])
        if reason is None and min(np.unique(group[there]).size, np.unique(known[there]).size) < 2:
            reason = "an association needs at least two groups on either side"
        if reason is not None:
            for metric, _ in _VALIDITY:
                yield recorder.not_measured(metric, reason, n=int(there.sum()), curve=about)
            return
        for metric, measure in _VALIDITY:
            yield recorder.measured(metric, self._agreement(group[there], known[there], there, measure), curve=about)

    def _agreement(self, group: np.ndarray, known: np.ndarray, there: Bools, measure: Measure) -> Estimate:
        settings, codes = self.scene.context.settings, self.scene.data.codes[there]
        value = {"Cramér's V": cramers_v, "adjusted mutual information": adjusted_mutual_information}[measure]

        def bounds(level: float) -> Bounds:
            return agreement(
                group, known, codes, measure, level=level, seed=settings.seed, replicates=settings.replicates
            ).bounds

        return Estimate(
            value=value(counts(group, known)),
            n=int(there.sum()),
            n_clusters=count_clusters(codes),
            events=None,
            bounds=estimates.remembered(bounds),
            method=Method(
                name=f"{measure} of the table of counts, patients resampled",
                parameters={
                    **self.parameters,
                    "not_recorded_left_out": int((~there).sum()),
                    "replicates": settings.replicates,
                },
                source="Efron and Tibshirani (1993), sections 10.2 and 13.3",
            ),
        )

    def _share(
        self, metric: MetricDescriptor, successes: Bools, among: Bools, inside: Bools, cell: dict[str, str]
    ) -> Measurement:
        data = self.scene.data
        estimate = self.scene.minimums.missing(data.patients(inside), []) or self._described(
            estimates.proportion(
                successes,
                among,
                data.codes,
                name="share with cluster-adjusted interval",
                parameters={},
                n_clusters=data.n_clusters,
            )
        )
        return self._record(metric, estimate, inside, cell)

    def _value(self, metric: MetricDescriptor, inside: Bools) -> Estimate | str:
        scene = self.scene
        if metric is metrics.AUROC:
            estimate = auroc_estimate(scene.data, inside, scene.minimums)
        else:
            estimate = threshold_estimate(metric, scene.data, inside, scene.point, scene.minimums)
        return estimate if isinstance(estimate, str) else self._described(estimate)

    def _record(
        self,
        metric: MetricDescriptor,
        estimate: Estimate | str,
        inside: Bools,
        cell: dict[str, str],
        simultaneous: Interval | None = None,
    ) -> Measurement:
        recorder = _recorder(self.scene, metric)
        if isinstance(estimate, str):
            return recorder.not_measured(metric, estimate, slice=cell, n=int(inside.sum()))
        return recorder.measured(metric, estimate, slice=cell, simultaneous=simultaneous)

    def _described(self, estimate: Estimate) -> Estimate:
        method = estimate.method
        parameters = {**method.parameters, **self.parameters}
        return replace(estimate, method=method.model_copy(update={"parameters": parameters}))


def _own(options: FairnessOptions) -> ProxyOptions:
    if options.proxies is None:
        raise TypeError("proxy groups were not asked for")
    return options.proxies


def _recorder(scene: Scene, metric: MetricDescriptor) -> Recorder:
    return scene.at_point if metric in (described.SENSITIVITY, described.SPECIFICITY) else scene.recorder


def _with_groups(dataset: DatasetInfo, labels: np.ndarray) -> DatasetInfo:
    """Return the dataset with the proxy group of every sample as an attribute."""
    present = set(labels)
    numbered = sorted((label for label in present if label.isdigit()), key=int)
    order = (*numbered, *(name for name in (UNASSIGNED_NAME, NOT_RECORDED) if name in present))
    attribute = AttributeInfo(PROXY_GROUP, "Proxy group", order)
    frame = dataset.frame.assign(**{PROXY_GROUP: labels.astype(str)})
    return replace(dataset, frame=frame, attributes={**dataset.attributes, PROXY_GROUP: attribute})


def _too_few(scene: Scene, clustering: Clustering, source: DatasetInfo, fitted: Features) -> str | None:
    patients = source.frame["cluster"].to_numpy(dtype=str)[fitted.usable]
    least = clustering.groups if clustering.method == "kmeans" else clustering.smallest_group
    least = max(least + 1, scene.minimums.patients)
    found = count_clusters(patients)
    if found < least:
        return f"too few patients with features in '{source.name}': {found}, at least {least} are needed"
    return ALL_ALIKE if fitted.alike(fitted.usable) else None


def _nothing(scene: Scene, own: ProxyOptions, reason: str) -> Iterator[Measurement]:
    for metric, _ in _VALUES:
        yield _recorder(scene, metric).not_measured(metric, reason, estimand="worst", over=PROXY_GROUP)
    yield scene.recorder.not_measured(described.STABILITY, reason, curve={"fits": own.seeds})
    for attribute in own.validate_against:
        for metric, _ in _VALIDITY:
            yield scene.recorder.not_measured(metric, reason, curve={"attribute": attribute})
