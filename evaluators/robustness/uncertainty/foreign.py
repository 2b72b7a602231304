"""Whether confidence tells samples of another kind from those of the scored dataset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluators.estimates import Bools, Estimate, remembered
from evaluators.grouping import Slice, distinct_slices, members
from evaluators.robustness.scene import Scene
from evaluators.robustness.uncertainty import metrics as own
from evaluators.robustness.uncertainty.confidence import Confidence, Confidences
from evaluators.robustness.uncertainty.options import MAX_PROBABILITY
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import CLEAN, Condition, Measurement, Method, MetricDescriptor, Scalar
from governance.statistics import precision_recall
from governance.statistics.clusters import Floats, Integers, cluster_codes
from governance.statistics.detection import passing_at
from governance.statistics.ranking import auroc_interval, clustered_auroc, gating_auroc

PASSING = 0.95
"""Share of the scored dataset that the confidence asked for lets pass."""
_OWN, _FOREIGN = "patients of the scored dataset", "patients with a foreign input"
_DELONG = "DeLong et al., Biometrics 44 (1988) 837; Obuchowski, Biometrics 53 (1997) 567"
_METRICS = (own.OUT_OF_DISTRIBUTION_AUROC, own.OUT_OF_DISTRIBUTION_PRECISION, own.ACCEPTED_FOREIGN)


@dataclass(frozen=True)
class Foreign:
    """Samples that are out of distribution: another dataset, or the scored one under a condition."""

    dataset: DatasetInfo
    condition: Condition = CLEAN

    @property
    def name(self) -> str:
        """What variants call them."""
        return self.dataset.name if self.condition.is_clean else str(self.condition).replace(",", "")


@dataclass(frozen=True)
class _Both:
    """Confidence in one's own samples and in foreign ones, of one slice. All (n,), `codes` over both."""

    values: Floats
    foreign: Bools
    codes: Integers
    parameters: dict[str, Scalar]

    def patients(self, among: Bools) -> int:
        return int(np.unique(self.codes[among]).size)


def measure(scene: Scene, confidences: Confidences, score: str, foreign: Foreign) -> Iterator[Measurement]:
    """Give AUROC, average precision and what passes at 95 %, for everyone and every group that both have."""
    ours = confidences.of(score, scene.dataset)
    theirs = confidences.of(score, foreign.dataset, foreign.condition)
    recorder = scene.recorder.at(scene.decided_at if score == MAX_PROBABILITY else None)
    for cell in distinct_slices(scene.groupings, scene.dataset):
        about: dict[str, Any] = {"slice": cell, "variant": f"{score}, against {foreign.name}"}
        for metric, answer in _answers(scene, cell, (ours, theirs), foreign, score):
            if isinstance(answer, str):
                yield recorder.not_measured(metric, answer, n=int(members(cell, scene.dataset).sum()), **about)
            else:
                yield recorder.measured(metric, answer, **about)


def _answers(
    scene: Scene, cell: Slice, confidence: tuple[Confidence, Confidence], foreign: Foreign, score: str
) -> Iterator[tuple[MetricDescriptor, Estimate | str]]:
    both = _both(scene, cell, confidence, foreign, score)
    if isinstance(both, str):
        yield from ((metric, both) for metric in _METRICS)
        return
    yield own.OUT_OF_DISTRIBUTION_AUROC, _auroc(both)
    yield own.OUT_OF_DISTRIBUTION_PRECISION, _precision(both)
    yield own.ACCEPTED_FOREIGN, _accepted(both)


def _both(
    scene: Scene, cell: Slice, confidence: tuple[Confidence, Confidence], foreign: Foreign, score: str
) -> _Both | str:
    """Put the samples of a slice of both kinds together, or say why that cannot be.

    Equal cluster names count as the same patient; where they are not, their covariance is estimated to be about none.
    """
    for one in confidence:
        if one.reason:
            return one.reason
    lacking = next((name for name in cell if name not in foreign.dataset.attributes), None)
    if lacking is not None:
        return f"the dataset '{foreign.dataset.name}' has no attribute '{lacking}'"
    masks = [
        members(cell, dataset) & one.usable
        for dataset, one in zip((scene.dataset, foreign.dataset), confidence, strict=True)
    ]
    clusters = [
        dataset.frame["cluster"].to_numpy(dtype=str)[mask]
        for dataset, mask in zip((scene.dataset, foreign.dataset), masks, strict=True)
    ]
    counts = [len(set(names)) for names in clusters]
    for what, count in zip((_OWN, _FOREIGN), counts, strict=True):
        if count < scene.minimums.patients:
            return f"too few {what}: {count}, at least {scene.minimums.patients} are needed"
    sizes = [int(mask.sum()) for mask in masks]
    return _Both(
        values=np.concatenate([one.values[mask] for one, mask in zip(confidence, masks, strict=True)]),
        foreign=np.repeat([False, True], sizes),
        codes=cluster_codes(np.concatenate(clusters)),
        parameters={
            "confidence": score,
            "n_own": sizes[0],
            "n_foreign": sizes[1],
            "share_foreign": round(sizes[1] / sum(sizes), 6),
            "left_out": sum(
                int((members(cell, d) & ~one.usable).sum())
                for d, one in zip((scene.dataset, foreign.dataset), confidence, strict=True)
            ),
        },
    )


def _auroc(both: _Both) -> Estimate:
    found = clustered_auroc(-both.values, both.foreign, both.codes)
    return _estimate(
        both,
        found.value,
        Method(name="midranks with clustered variance", parameters=both.parameters, source=_DELONG),
        bounds=lambda level: auroc_interval(found, level),
        gating=lambda level: gating_auroc(found, level),
    )


def _precision(both: _Both) -> Estimate:
    found = precision_recall.average_precision(-both.values, both.foreign, both.codes)
    return _estimate(
        both,
        found.value,
        Method(
            name="mean precision at each foreign sample; influence per patient",
            parameters=both.parameters,
            source=own.OUT_OF_DISTRIBUTION_PRECISION.source,
        ),
        bounds=lambda level: precision_recall.average_precision_interval(found, level),
        gating=lambda level: precision_recall.gating_average_precision(found, level),
    )


def _accepted(both: _Both) -> Estimate:
    found = passing_at(both.values, both.foreign, both.codes, PASSING)
    return Estimate(
        value=found.value,
        n=int(both.foreign.sum()),
        n_clusters=both.patients(both.foreign),
        events=int(found.passed.sum()),
        bounds=remembered(found.interval),
        method=Method(
            name="share of foreign samples that pass; interval with the threshold's uncertainty",
            parameters={**both.parameters, "passing": PASSING, "lowest_confidence": found.threshold},
            source=own.ACCEPTED_FOREIGN.source,
        ),
        gating=remembered(lambda level: found.interval(level, gating=True)),
    )


def _estimate(both: _Both, value: float, method: Method, *, bounds: Any, gating: Any) -> Estimate:
    return Estimate(
        value=value,
        n=both.values.size,
        n_clusters=both.patients(np.ones(both.values.size, dtype=bool)),
        events=int(both.foreign.sum()),
        bounds=remembered(bounds),
        method=method,
        gating=remembered(gating),
    )
