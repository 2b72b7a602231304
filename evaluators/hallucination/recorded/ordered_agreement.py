"""Agreement of judges with people on labels in order of gravity: far apart is worse than next to each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from evaluators.estimates import Bools
from evaluators.hallucination.recorded import ordered_metrics as own
from evaluators.hallucination.recorded.hierarchy import Judged
from evaluators.hallucination.recorded.labels import NAMES
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.quantity import Quantity, Replicates, of_sums
from governance.evidence.model import MetricDescriptor, Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats
from governance.statistics.rater_agreement import (
    Weighting,
    cohen_kappa,
    coincidences,
    gating_alpha,
    gating_kappa,
    krippendorff_alpha,
)

_LABELS = len(NAMES)
_WEIGHTED: tuple[tuple[MetricDescriptor, Weighting], ...] = (
    (own.KAPPA_LINEAR, "linear"),
    (own.KAPPA_QUADRATIC, "quadratic"),
)


def weighted_kappas(records: Records, people: Judged, judged: Judged, replicates: Replicates) -> Iterator[Quantity]:
    """Give Cohen's kappa with linear and quadratic weights, of the answers whose labels could both be read."""
    asked = people.answers & judged.answers
    both = asked & (people.label >= 0) & (judged.label >= 0)
    cells = np.zeros((records.n, _LABELS * _LABELS))
    cells[np.flatnonzero(both), people.label[both] * _LABELS + judged.label[both]] = 1.0
    left_out: dict[str, Scalar] = {"unparsed_left_out": int(np.sum(asked & ~both))}

    for metric, weighting in _WEIGHTED:

        def formula(sums: Floats, weighting: Weighting = weighting) -> Floats:
            return cohen_kappa(_tables(sums), weighting)

        def gating(inside: Bools, level: float, weighting: Weighting = weighting) -> Bounds:
            return gating_kappa(_tables(cells[inside]), records.codes[inside], level, weighting)

        yield of_sums(
            records,
            metric,
            cells,
            formula,
            among=both,
            what="patients with an answer whose labels by both could be read",
            replicates=replicates,
            source=metric.source,
            undefined="people and the judge give one and the same label throughout",
            gating=gating,
            parameters=partial(_said, left_out),
            judge=records.called[judged.judge],
        )


def ordinal_alpha(records: Records, judges: Sequence[Judged], replicates: Replicates) -> Iterator[Quantity]:
    """Give Krippendorff's alpha of all judges for ordered labels."""
    read = [[int(one.label[place]) for one in judges if one.label[place] >= 0] for place in range(records.n)]
    met = coincidences(read, _LABELS)
    left_out: dict[str, Scalar] = {
        "unparsed_left_out": sum(int(np.sum(one.answers & (one.label < 0))) for one in judges)
    }
    yield of_sums(
        records,
        own.ALPHA_ORDINAL,
        met,
        lambda sums: krippendorff_alpha(_tables(sums), ordinal=True),
        among=records.where([len(one) >= 2 for one in read]),
        what="patients with an answer of which several labels could be read",
        replicates=replicates,
        source=own.ALPHA_ORDINAL.source,
        undefined="all labels are the same",
        gating=lambda inside, level: gating_alpha(_tables(met[inside]), records.codes[inside], level, ordinal=True),
        parameters=partial(_said, left_out),
        compared=False,
    )


def _said(about: dict[str, Scalar], inside: Bools) -> dict[str, Scalar]:  # noqa: ARG001
    return about


def _tables(flat: Floats) -> Floats:
    return flat.reshape(*flat.shape[:-1], _LABELS, _LABELS)
