"""Any evaluator's numbers of two models on the same samples, in pairs.

Both runs are measured again from what they observed, which gives not only each number but also how much every patient
moves it; from the two follows the interval of their difference. So whatever is measured of everyone or of a group is
compared, without a method of its own for each metric.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from evaluators import families, metrics
from evaluators.comparisons import span_of
from evaluators.estimates import Estimate
from evaluators.records import Kept, Recorder, keeping_estimates
from governance.datasets.protocol import DatasetInfo
from governance.evidence.canonical import digest_json
from governance.evidence.model import Measurement, Method, MetricDescriptor, Scalar
from governance.harness.protocols import EvaluationContext, Evaluator, Observed
from governance.plugins import find

SOURCE = "Newcombe, Stat. Med. 17 (1998) 2635; Zou and Donner, Stat. Med. 27 (2008) 1693; docs/validity.md"

_ASKED_ALIKE = frozenset({"dataset", "operating_rule", "metric_version"})
"""Parts of a measurement's identity by which the same number of two runs may differ."""

_OF_THE_DATA = frozenset({metrics.PREVALENCE.name})
"""Metrics that no model has a part in."""


def compare(evaluator: Evaluator, here: Observed, there: Observed, name: str) -> Iterator[Measurement]:
    """Give ``here - there`` of every number of everyone or a group that both runs measured on the same data.

    Parameters
    ----------
    name
        The `reference_variant` of the differences.

    Source: `evaluators.families.paired_difference`.
    """
    same = same_samples(here.context, there.context)
    ours, theirs = _estimated(evaluator, here), _estimated(evaluator, there)
    described = _described(m for m, _ in ours.values())
    others = {_question(m, same.get(m.dataset)): (m, estimate) for m, estimate in theirs.values()}
    for measurement, estimate in ours.values():
        if not _is_compared(measurement) or measurement.dataset not in same.values():
            continue
        dataset = here.context.datasets[measurement.dataset]
        recorder = Recorder(measurement.evaluator, dataset, here.context.settings.level, measurement.condition)
        recorder = recorder.at(measurement.operating_point)
        metric = described[measurement.metric]
        about = _about(measurement, name)
        other = others.get(_question(measurement, measurement.dataset))
        if other is None:
            yield recorder.not_measured(metric, "the baseline's run did not measure it", **about)
        elif other[0].metric_version != measurement.metric_version:
            versions = f"{measurement.metric_version} here, {other[0].metric_version} there"
            yield recorder.not_measured(
                metric, f"the two runs measured it in different ways (version {versions})", **about
            )
        else:
            yield _difference(recorder, metric, (estimate, other[1]), about)


def same_samples(here: EvaluationContext, there: EvaluationContext) -> dict[str, str]:
    """Return, for each dataset of the other run whose content is that of one here, the name it has here."""
    return {
        other.name: name
        for other in there.datasets.values()
        for name, own in here.datasets.items()
        if _alike(own, other)
    }


def _alike(own: DatasetInfo, other: DatasetInfo) -> bool:
    ids, others = (info.frame["sample_id"].to_numpy(dtype=str) for info in (own, other))
    return own.digest == other.digest and np.array_equal(ids, others)


def _estimated(evaluator: Evaluator, observed: Observed) -> Kept:
    with keeping_estimates() as kept:
        for _ in evaluator.measure(observed.observations, observed.context):
            pass
    return kept


def _is_compared(m: Measurement) -> bool:
    """Whether it is a number of everyone or a group: no point of a curve, no single seed, no comparison itself."""
    if m.metric in _OF_THE_DATA:
        return False
    plain = m.estimand == "value" or (m.estimand == "mean" and m.fraction is not None)
    return plain and not m.curve and m.seed is None and m.over is None and m.reference is None


def _question(m: Measurement, dataset: str | None) -> str:
    asked = {key: value for key, value in m.identity().items() if key not in _ASKED_ALIKE}
    return digest_json({**asked, "dataset": dataset})


def _described(measurements: Iterable[Measurement]) -> dict[str, MetricDescriptor]:
    names = dict.fromkeys(m.evaluator for m in measurements)
    return {metric.name: metric for name in names for metric in find("evaluators", name).metrics}


def _about(m: Measurement, name: str) -> dict[str, Any]:
    return {
        "estimand": "difference",
        "slice": m.slice,
        "target_class": m.target_class,
        "fraction": m.fraction,
        "judge": m.judge,
        "variant": m.variant,
        "reference_variant": name,
    }


def _difference(
    recorder: Recorder, metric: MetricDescriptor, pair: tuple[Estimate, Estimate], about: Mapping[str, Any]
) -> Measurement:
    first, second = pair
    try:
        contrast = families.paired_difference(first, second, limit=span_of(metric))
    except ValueError as reason:
        return recorder.not_measured(metric, str(reason), **about)
    parameters: dict[str, Scalar] = {"value": first.value, "value_of_baseline": second.value, "n_of_baseline": second.n}
    estimate = Estimate(
        value=contrast.value,
        n=first.n,
        n_clusters=first.n_clusters,
        events=None,
        bounds=contrast.bounds,
        gating=contrast.gating,
        method=Method(name="difference of two models on the same samples", parameters=parameters, source=SOURCE),
        influence=contrast.influence,
    )
    return recorder.measured(metric, estimate, **about)
