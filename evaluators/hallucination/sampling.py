"""How much sampled answers to the same question differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evaluators import estimates
from evaluators.hallucination import descriptors as own
from evaluators.hallucination.parsing import equivalence_key
from evaluators.records import Recorder
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement, MetricDescriptor
from governance.harness.protocols import OK
from governance.statistics.clusters import cluster_codes

if TYPE_CHECKING:
    import pandas as pd


def answer_shares(keys: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the share of each distinct answer among (samples,) equivalence keys."""
    counts = np.unique(np.asarray(keys), return_counts=True)[1]
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def entropy(shares: npt.NDArray[np.float64]) -> float:
    """Entropy in nats of (answers,) shares: ``-sum p ln p``; four answers [0, 1, 2, 1] give 1.0397."""
    return float(max(0.0, -np.sum(shares * np.log(shares))))


def consistency(
    recorder: Recorder, table: pd.DataFrame, dataset: DatasetInfo, options: own.HallucinationOptions
) -> Iterator[Measurement]:
    """Measure self-consistency and discrete semantic entropy, means over the sampled items.

    The number of items is the choice of the options, not a property of a group, so no least number of patients applies;
    the interval says what it is worth.
    """
    answered = table[table["status"] == OK]
    clusters = dict(zip(dataset.frame["sample_id"], dataset.frame["cluster"], strict=True))
    agreement: list[float] = []
    scatter: list[float] = []
    owners: list[str] = []
    for item, rows in answered.groupby("sample_id", sort=True):
        if len(rows) >= 2:
            shares = answer_shares([equivalence_key(str(text), options.choices) for text in rows["text"]])
            agreement.append(float(shares.max()))
            scatter.append(entropy(shares))
            owners.append(str(clusters[item]))
    yield _mean(recorder, own.SELF_CONSISTENCY, agreement, owners, options, high=1.0)
    yield _mean(
        recorder, own.DISCRETE_SEMANTIC_ENTROPY, scatter, owners, options, high=float(np.log(max(options.samples, 2)))
    )


def _mean(
    recorder: Recorder,
    metric: MetricDescriptor,
    values: list[float],
    owners: list[str],
    options: own.HallucinationOptions,
    *,
    high: float,
) -> Measurement:
    if not values:
        return recorder.not_measured(metric, "no item has two sampled answers", n=0)
    estimate = estimates.mean(
        np.array(values),
        np.ones(len(values), dtype=bool),
        cluster_codes(owners),
        low=0.0,
        high=high,
        parameters={
            "samples": options.samples,
            "temperature": options.temperature,
            "equivalence": "same choice, or the same text",
        },
    )
    return recorder.measured(metric, estimate)
