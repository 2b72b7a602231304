"""Consistency among nearest neighbours, and pairs that differ in one attribute alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from evaluators import estimates
from evaluators.binary import Predictions
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.descriptors import FairnessOptions
from evaluators.fairness.individual import options as described
from evaluators.fairness.individual.neighbours import Consistency, Neighbourhoods
from evaluators.fairness.individual.options import IndividualOptions
from evaluators.fairness.scene import Scene
from evaluators.features import ALL_ALIKE, Features, asked_features, features_need
from evaluators.grouping import Grouping, distinct_slices, members
from evaluators.records import Recorder
from governance.errors import InputError, near_name
from governance.evidence.model import CLEAN, Condition, Measurement, Method, MetricDescriptor, Scalar
from governance.harness.protocols import EvaluationContext, Need
from governance.plugins import ConditionDescriptor
from governance.statistics.clusters import Integers, cluster_codes
from governance.statistics.means import mean_interval


def needs(context: EvaluationContext, options: FairnessOptions) -> Iterable[Need]:
    """Ask for the features of the scored dataset, and for predictions of the variants."""
    own = _own(options)
    if own.neighbours is not None:
        yield asked_features(context, options.on, own.features, part="individual")
    for name in own.counterfactual_pairs:
        descriptor = context.conditions.get(name)
        where = f"evaluate.fairness.individual.counterfactual_pairs.{name}"
        if not isinstance(descriptor, ConditionDescriptor):
            raise InputError(f"{where}: unknown condition '{name}'", hint=near_name(name, context.conditions))
        if descriptor.kind != "variant":
            raise InputError(
                f"{where}: the condition '{name}' changes inputs on the device; a pair needs another version of the "
                "sample in the dataset",
                hint="register a ConditionDescriptor with kind='variant' that the dataset decodes",
            )
        yield _pair_need(options.on, name)


def measure(scene: Scene) -> Iterator[Measurement]:
    """Measure consistency for everyone and every group, then the pairs."""
    own = _own(scene.options)
    if own.neighbours is not None:
        yield from _consistency(scene, own, own.neighbours)
    for name, attribute in own.counterfactual_pairs.items():
        yield from _pairs(scene, name, attribute)


def _consistency(scene: Scene, own: IndividualOptions, k: int) -> Iterator[Measurement]:
    data = scene.data
    features = Features.of(scene.observations.table(features_need(scene.dataset.name, own.features)), scene.dataset)
    there = np.flatnonzero(features.usable & data.usable)
    codes = cluster_codes(data.codes[there])
    flagged = (data.score[there] >= scene.point.threshold).astype(np.float64)
    outputs = ((described.CONSISTENCY, flagged), (described.SCORE_CONSISTENCY, data.score[there]))
    cells = distinct_slices(scene.groupings, scene.dataset)
    try:
        if features.alike(there):
            raise ValueError(ALL_ALIKE)
        queries = _queries(codes, own.at_most, scene.context.settings.seed)
        around = Neighbourhoods.of(features.values[there], codes, queries, k)
    except ValueError as error:
        for metric, _ in outputs:
            for cell in cells:
                yield _recorder(scene, metric).not_measured(metric, str(error), slice=cell, n=int(there.size))
        return
    parameters: dict[str, Scalar] = {
        "neighbours": k,
        "compared": int(queries.size),
        "searched": int(there.size),
        "left_out": int(scene.dataset.n - there.size),
    }
    for metric, output in outputs:
        found = around.consistency(output)
        for cell in cells:
            inside = np.zeros(scene.dataset.n, dtype=bool)
            inside[there[queries]] = members(cell, scene.dataset)[there[queries]]
            reason = scene.minimums.missing(data.patients(inside), [])
            estimate = reason or _consistent(scene, found, inside[there[queries]], there, parameters)
            yield _recorded(_recorder(scene, metric), metric, estimate, inside, slice=cell)


def _consistent(
    scene: Scene, found: Consistency, inside: Bools, there: Integers, parameters: dict[str, Scalar]
) -> Estimate:
    mean, influence = found.mean(inside)
    return Estimate(
        value=mean.value,
        n=mean.n,
        n_clusters=mean.n_clusters,
        events=None,
        bounds=estimates.remembered(lambda level: mean_interval(mean, level, low=0.0, high=1.0)),
        method=Method(
            name="mean over samples; jackknife over patients, as samples and as neighbours (conservative)",
            parameters=parameters,
            source="Zemel et al., ICML (2013), section 4; Efron and Stein, Ann. Stat. 9 (1981) 586",
        ),
        influence=estimates.over_all_clusters(influence, scene.data.codes[there], scene.data.n_clusters),
    )


def _queries(codes: Integers, at_most: int, seed: int) -> Integers:
    """Return the rows that are compared: all, or those of patients drawn by the seed until there are `at_most`."""
    if codes.size <= at_most:
        return np.arange(codes.size)
    order = np.random.default_rng(seed).permutation(int(codes.max()) + 1)
    sizes = np.bincount(codes)[order]
    drawn = order[: max(1, int(np.sum(np.cumsum(sizes) <= at_most)))]
    return np.flatnonzero(np.isin(codes, drawn))


def _pairs(scene: Scene, name: str, attribute: str) -> Iterator[Measurement]:
    """Flipped decisions and changed scores, for everyone and by the sample's own group of the attribute."""
    clean, condition = scene.data, Condition(name=name)
    changed = Predictions.of(
        scene.observations.table(_pair_need(scene.dataset.name, name)), scene.dataset, partial=True
    )
    both = clean.usable & changed.usable
    difference = np.where(both, np.nan_to_num(changed.score) - np.nan_to_num(clean.score), 0.0)
    threshold = scene.point.threshold
    flips = both & ((np.nan_to_num(changed.score) >= threshold) != (np.nan_to_num(clean.score) >= threshold))
    known = attribute in scene.dataset.attributes
    for cell in distinct_slices((Grouping((attribute,)),) if known else (), scene.dataset):
        inside = members(cell, scene.dataset) & changed.present
        pairs = inside & both
        parameters: dict[str, Scalar] = {"changed": attribute, "left_out": int((inside & ~both).sum())}
        reason = scene.minimums.missing(clean.patients(pairs), [])
        flipped: Estimate | str = reason or estimates.proportion(
            flips,
            pairs,
            clean.codes,
            name="share of pairs with cluster-adjusted interval",
            parameters=parameters,
            n_clusters=clean.n_clusters,
        )
        moved = _mean(scene, difference, pairs, parameters, low=-1.0, name=_PAIRED)
        either_way = _mean(scene, np.abs(difference), pairs, parameters, low=0.0, name=_PAIRED)
        for metric, estimate in (
            (described.FLIP_RATE, flipped),
            (described.SCORE_CHANGE, moved),
            (described.ABSOLUTE_CHANGE, either_way),
        ):
            recorder = _recorder(scene, metric).under(condition)
            yield _recorded(recorder, metric, estimate, pairs, slice=cell, reference_condition=CLEAN)


_PAIRED = "mean of paired differences with cluster-robust variance"


def _mean(
    scene: Scene, values: np.ndarray, inside: Bools, parameters: dict[str, Scalar], *, low: float, name: str
) -> Estimate | str:
    data = scene.data
    return scene.minimums.missing(data.patients(inside), []) or estimates.mean(
        values, inside, data.codes, low=low, high=1.0, parameters=parameters, name=name, n_clusters=data.n_clusters
    )


def _recorded(
    recorder: Recorder, metric: MetricDescriptor, estimate: Estimate | str, inside: Bools, **about: object
) -> Measurement:
    if isinstance(estimate, str):
        return recorder.not_measured(metric, estimate, n=int(inside.sum()), **about)
    return recorder.measured(metric, estimate, **about)  # type: ignore[arg-type]


def _recorder(scene: Scene, metric: MetricDescriptor) -> Recorder:
    return scene.at_point if metric in (described.CONSISTENCY, described.FLIP_RATE) else scene.recorder


def _pair_need(dataset: str, name: str) -> Need:
    return Need.of("predict", dataset, condition=Condition(name=name))


def _own(options: FairnessOptions) -> IndividualOptions:
    if options.individual is None:
        raise TypeError("individual fairness was not asked for")
    return options.individual
